-- Indicators in full: what a definition breaks down by, how it compares with those of others and what is odd about a figure; figures by
-- category; every state of a target; what units started from.

-- JSON: dimensions; references to other schemes; bounds beyond which a figure is odd.
ALTER TABLE indicator_definitions ADD COLUMN disaggregations TEXT NOT NULL DEFAULT '[]';
ALTER TABLE indicator_definitions ADD COLUMN external_refs TEXT NOT NULL DEFAULT '[]';
ALTER TABLE indicator_definitions ADD COLUMN checks TEXT NOT NULL DEFAULT '{}';

-- The parts of a value by category; each is a slot of the totals.
CREATE TABLE indicator_value_parts (
    value_id BLOB NOT NULL REFERENCES indicator_values (id),
    slot INTEGER NOT NULL CHECK (slot > 0),
    numerator INTEGER CHECK (numerator BETWEEN 0 AND 9007199254740991),
    denominator INTEGER CHECK (denominator BETWEEN 0 AND 9007199254740991),
    tally INTEGER CHECK (tally BETWEEN 0 AND 9007199254740991),
    PRIMARY KEY (value_id, slot)
) STRICT;

-- JSON, as it was recorded.
ALTER TABLE indicator_value_revisions ADD COLUMN parts TEXT;

-- What withdrawn values were of, so that the past can be read as it was known.
CREATE TABLE withdrawn_values (
    value_id BLOB PRIMARY KEY NOT NULL,
    indicator_id BLOB NOT NULL REFERENCES indicators (id),
    period_id BLOB NOT NULL REFERENCES periods (id),
    subject_id BLOB NOT NULL,
    locality_id BLOB REFERENCES localities (id),
    counts_as TEXT NOT NULL CHECK (counts_as IN ('count', 'one', 'two', 'none'))
) STRICT;
CREATE INDEX withdrawn_values_by_period ON withdrawn_values (period_id, indicator_id);

-- Append-only: each state that a target was in; the last one of an ended target says so.
CREATE TABLE target_revisions (
    target_id BLOB NOT NULL,
    version INTEGER NOT NULL,
    indicator_id BLOB NOT NULL REFERENCES indicators (id),
    unit_id BLOB NOT NULL REFERENCES units (id),
    year INTEGER NOT NULL,
    ended INTEGER NOT NULL,
    operator TEXT NOT NULL,
    value INTEGER,
    reason TEXT,
    set_by BLOB REFERENCES users (id),
    set_at TEXT NOT NULL,
    PRIMARY KEY (target_id, version)
) STRICT;
CREATE INDEX target_revisions_by_target ON target_revisions (unit_id, indicator_id, year);
INSERT INTO target_revisions SELECT id, version, indicator_id, unit_id, year, 0, operator, value, reason, NULL, updated_at FROM targets;

-- Where a unit started from, where its own result of the base year is not that.
CREATE TABLE baselines (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    indicator_id BLOB NOT NULL REFERENCES indicators (id),
    unit_id BLOB NOT NULL REFERENCES units (id),
    year INTEGER NOT NULL,
    numerator INTEGER CHECK (numerator BETWEEN 0 AND 9007199254740991),
    denominator INTEGER CHECK (denominator BETWEEN 1 AND 9007199254740991),
    value INTEGER,
    source TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    UNIQUE (unit_id, indicator_id)
) STRICT;
