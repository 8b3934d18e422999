DROP POLICY accepted_before_it_left ON reports;
CREATE POLICY accepted_before_it_left ON reports FOR SELECT USING (
    slot = 1 AND status IN ('accepted', 'issued') AND EXISTS (
        SELECT FROM unit_closure c
        WHERE c.descendant = reports.unit_id
            AND c.ancestor = (SELECT nullif(nullif(current_setting('tiendo.root', true), ''), '*')::uuid)
            AND c.valid_from <= (SELECT nullif(current_setting('tiendo.day', true), '')::date)
            AND (c.valid_to > (reports.accepted_at + INTERVAL '7 hours')::date
                OR (c.valid_to = (reports.accepted_at + INTERVAL '7 hours')::date
                    AND EXISTS (SELECT FROM users u WHERE u.id = reports.accepted_by AND u.unit_id = c.ancestor)))));
ALTER TABLE reports DROP COLUMN accepted_for;
