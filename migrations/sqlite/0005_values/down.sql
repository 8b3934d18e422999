DROP TABLE collector_counts;
DROP TABLE value_sums;
DROP TABLE indicator_value_revisions;
DROP TABLE indicator_values;
