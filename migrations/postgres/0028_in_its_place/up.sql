-- Who has a place has its figures, also those that an office recorded which stands elsewhere since: they are taken over when they are recorded
-- anew. Behind the second wall whoever is in charge of the place sees its rows and changes them; what it writes is its own.
CREATE POLICY in_its_place ON indicator_values FOR SELECT USING (locality_id IS NOT NULL AND EXISTS (
        SELECT FROM unit_spells s JOIN units u ON u.id = s.unit_id
        WHERE s.unit_id = (SELECT nullif(nullif(current_setting('tiendo.root', true), ''), '*')::uuid)
            AND u.kind IN ('district_office', 'commune_office')
            AND s.valid_from <= (SELECT nullif(current_setting('tiendo.day', true), '')::date)
            AND s.valid_to > (SELECT nullif(current_setting('tiendo.day', true), '')::date)
            AND s.locality_id IN (
                SELECT unnest(ARRAY[l.id, l.parent_id, m.parent_id]) FROM localities l LEFT JOIN localities m ON m.id = l.parent_id
                WHERE l.id = indicator_values.locality_id)));
CREATE POLICY in_its_place_anew ON indicator_values FOR UPDATE USING (locality_id IS NOT NULL AND EXISTS (
        SELECT FROM unit_spells s JOIN units u ON u.id = s.unit_id
        WHERE s.unit_id = (SELECT nullif(nullif(current_setting('tiendo.root', true), ''), '*')::uuid)
            AND u.kind IN ('district_office', 'commune_office')
            AND s.valid_from <= (SELECT nullif(current_setting('tiendo.day', true), '')::date)
            AND s.valid_to > (SELECT nullif(current_setting('tiendo.day', true), '')::date)
            AND s.locality_id IN (
                SELECT unnest(ARRAY[l.id, l.parent_id, m.parent_id]) FROM localities l LEFT JOIN localities m ON m.id = l.parent_id
                WHERE l.id = indicator_values.locality_id)))
    WITH CHECK (false);
-- What such a value was before is kept under whoever kept it then; of one that was withdrawn the last version is asked.
CREATE POLICY in_its_place ON indicator_value_revisions USING (
    EXISTS (SELECT FROM indicator_values v WHERE v.id = indicator_value_revisions.value_id AND v.locality_id IS NOT NULL)
    OR EXISTS (SELECT FROM withdrawn_values w WHERE w.value_id = indicator_value_revisions.value_id AND w.locality_id IS NOT NULL
        AND EXISTS (
        SELECT FROM unit_spells s JOIN units u ON u.id = s.unit_id
        WHERE s.unit_id = (SELECT nullif(nullif(current_setting('tiendo.root', true), ''), '*')::uuid)
            AND u.kind IN ('district_office', 'commune_office')
            AND s.valid_from <= (SELECT nullif(current_setting('tiendo.day', true), '')::date)
            AND s.valid_to > (SELECT nullif(current_setting('tiendo.day', true), '')::date)
            AND s.locality_id IN (
                SELECT unnest(ARRAY[l.id, l.parent_id, m.parent_id]) FROM localities l LEFT JOIN localities m ON m.id = l.parent_id
                WHERE l.id = w.locality_id))));
