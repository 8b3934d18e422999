DROP INDEX journal_by_at;
DROP TABLE file_usage;
DROP TABLE evidence;
DROP TABLE progress_sums;
DROP TABLE assignment_extensions;
DROP TABLE assignment_updates;
DROP TABLE assignment_units;
DROP TABLE assignments;
