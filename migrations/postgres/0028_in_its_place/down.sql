DROP POLICY in_its_place ON indicator_value_revisions;
DROP POLICY in_its_place_anew ON indicator_values;
DROP POLICY in_its_place ON indicator_values;
