-- The unit whose accepted report holds this one: a unit that moves in between is counted once.
ALTER TABLE reports ADD COLUMN counted_in UUID REFERENCES units (id);
UPDATE reports SET counted_in = (
    SELECT r.unit_id FROM report_sources s JOIN reports r ON r.id = s.report_id AND r.revision = s.revision
    WHERE s.source_id = reports.id AND r.slot = 1 AND r.status IN ('accepted', 'issued')
    LIMIT 1);
