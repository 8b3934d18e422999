DROP POLICY within_scope ON users;
DROP POLICY within_scope ON indicator_values;
DROP POLICY within_scope ON indicator_value_revisions;
DROP POLICY within_scope ON baselines;
DROP POLICY within_scope ON reports;
DROP POLICY within_scope ON round_exceptions;
DROP POLICY within_scope ON assignments;
DROP POLICY within_scope ON evidence;
