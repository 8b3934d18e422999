DELETE FROM value_sums WHERE slot > 0;
DROP TABLE baselines;
DROP TABLE target_revisions;
DROP TABLE withdrawn_values;
ALTER TABLE indicator_value_revisions DROP COLUMN parts;
DROP TABLE indicator_value_parts;
ALTER TABLE indicator_definitions DROP COLUMN checks;
ALTER TABLE indicator_definitions DROP COLUMN external_refs;
ALTER TABLE indicator_definitions DROP COLUMN disaggregations;
