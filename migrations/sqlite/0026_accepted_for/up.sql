-- For which unit a report was accepted: whoever accepted it may work elsewhere since.
ALTER TABLE reports ADD COLUMN accepted_for BLOB REFERENCES units (id);
UPDATE reports SET accepted_for = (
    SELECT CASE WHEN u.kind = 'division' THEN COALESCE(s.parent_id, u.id) ELSE u.id END
    FROM users p JOIN units u ON u.id = p.unit_id JOIN unit_spells s ON s.unit_id = u.id AND s.valid_to = '9999-12-31'
    WHERE p.id = reports.accepted_by);
