DROP POLICY in_its_place ON indicator_value_revisions;
DROP POLICY in_its_place ON indicator_values;
