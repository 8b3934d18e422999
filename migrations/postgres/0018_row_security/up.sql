-- The second wall: what rows of these tables a transaction sees, by the subtree that it names. In force only where `tiendo migrate
-- --row-security` switches it on. A transaction that names nothing sees nothing; the program's own work names everything (`*`).
-- The settings are read once for each statement, in subqueries of their own: a function called for each row costs hundreds of times more.

DO $$
DECLARE
    -- $1 is the column that holds the unit.
    below CONSTANT TEXT := 'EXISTS (SELECT FROM unit_closure c WHERE c.descendant = %s AND c.ancestor = (SELECT nullif(nullif('
        'current_setting(''tiendo.root'', true), ''''), ''*'')::uuid) AND c.valid_from <= (SELECT nullif('
        'current_setting(''tiendo.day'', true), '''')::date) AND c.valid_to > (SELECT nullif('
        'current_setting(''tiendo.day'', true), '''')::date))';
    whole CONSTANT TEXT := '(SELECT current_setting(''tiendo.root'', true) = ''*'')';
    name TEXT;
BEGIN
    FOREACH name IN ARRAY ARRAY['users', 'indicator_values', 'indicator_value_revisions', 'baselines', 'reports', 'round_exceptions'] LOOP
        EXECUTE format('CREATE POLICY within_scope ON %I USING (%s OR %s)', name, whole, format(below, name || '.unit_id'));
    END LOOP;
    -- Who gave it sees it too, and each unit that shares it.
    EXECUTE format(
        'CREATE POLICY within_scope ON assignments USING (%s OR %s OR %s OR EXISTS (SELECT FROM assignment_units s '
        'WHERE s.assignment_id = assignments.id AND %s))',
        whole, format(below, 'assignments.unit_id'), format(below, 'assignments.assigned_by'), format(below, 's.unit_id'));
    EXECUTE 'CREATE POLICY within_scope ON evidence USING (EXISTS (SELECT FROM assignments a WHERE a.id = evidence.assignment_id))';
END
$$;
