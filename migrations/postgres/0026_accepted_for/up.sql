-- For which unit a report was accepted: whoever accepted it may work elsewhere since.
ALTER TABLE reports ADD COLUMN accepted_for UUID REFERENCES units (id);
UPDATE reports SET accepted_for = (
    SELECT CASE WHEN u.kind = 'division' THEN COALESCE(s.parent_id, u.id) ELSE u.id END
    FROM users p JOIN units u ON u.id = p.unit_id JOIN unit_spells s ON s.unit_id = u.id AND s.valid_to = '9999-12-31'
    WHERE p.id = reports.accepted_by);
DROP POLICY accepted_before_it_left ON reports;
CREATE POLICY accepted_before_it_left ON reports FOR SELECT USING (
    slot = 1 AND status IN ('accepted', 'issued') AND EXISTS (
        SELECT FROM unit_closure c
        WHERE c.descendant = reports.unit_id
            AND c.ancestor = (SELECT nullif(nullif(current_setting('tiendo.root', true), ''), '*')::uuid)
            AND c.valid_from <= (SELECT nullif(current_setting('tiendo.day', true), '')::date)
            AND (c.valid_to > (reports.accepted_at + INTERVAL '7 hours')::date
                OR (c.valid_to = (reports.accepted_at + INTERVAL '7 hours')::date AND reports.accepted_for = c.ancestor))));
