ALTER TABLE assignments DROP COLUMN cancelled_by;
