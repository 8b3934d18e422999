-- What units recorded, every state of it, and the totals that the same write keeps.

CREATE TABLE indicator_values (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    indicator_id BLOB NOT NULL REFERENCES indicators (id),
    period_id BLOB NOT NULL REFERENCES periods (id),
    -- The locality if the value is of one, else the unit: one value of each for an indicator and a period.
    subject_id BLOB NOT NULL,
    unit_id BLOB NOT NULL REFERENCES units (id),
    locality_id BLOB REFERENCES localities (id),
    definition INTEGER NOT NULL,
    -- How it goes into the totals: a count; a ratio whose sides have one collector, or two; or not at all.
    counts_as TEXT NOT NULL CHECK (counts_as IN ('count', 'one', 'two', 'none')),
    numerator INTEGER CHECK (numerator BETWEEN 0 AND 9007199254740991),
    denominator INTEGER CHECK (denominator BETWEEN 0 AND 9007199254740991),
    tally INTEGER CHECK (tally BETWEEN 0 AND 9007199254740991),
    level INTEGER,
    state TEXT CHECK (state IN ('maintained', 'not_maintained', 'planned', 'under_way', 'done')),
    state_on TEXT,
    source TEXT,
    note TEXT,
    version INTEGER NOT NULL CHECK (version >= 1),
    recorded_by BLOB REFERENCES users (id),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    UNIQUE (period_id, indicator_id, subject_id)
) STRICT;
CREATE INDEX indicator_values_by_unit ON indicator_values (unit_id, period_id, indicator_id);
CREATE INDEX indicator_values_by_update ON indicator_values (updated_at, id);
CREATE INDEX indicator_values_by_period ON indicator_values (period_id, indicator_id, updated_at, id);

-- Append-only: each state that a value was in; the last one of a withdrawn value says so.
CREATE TABLE indicator_value_revisions (
    value_id BLOB NOT NULL,
    version INTEGER NOT NULL,
    unit_id BLOB NOT NULL REFERENCES units (id),
    withdrawn INTEGER NOT NULL,
    definition INTEGER NOT NULL,
    numerator INTEGER,
    denominator INTEGER,
    tally INTEGER,
    level INTEGER,
    state TEXT,
    state_on TEXT,
    source TEXT,
    note TEXT,
    recorded_by BLOB REFERENCES users (id),
    recorded_at TEXT NOT NULL,
    PRIMARY KEY (value_id, version)
) STRICT;

-- Totals of a node (a unit or a locality) over all below it. Slot 0 is the total; a count stands as a numerator.
CREATE TABLE value_sums (
    node_id BLOB NOT NULL,
    period_id BLOB NOT NULL,
    indicator_id BLOB NOT NULL,
    slot INTEGER NOT NULL,
    numerator INTEGER NOT NULL CHECK (numerator <= 9007199254740991),
    denominator INTEGER NOT NULL CHECK (denominator <= 9007199254740991),
    numerator_rows INTEGER NOT NULL,
    denominator_rows INTEGER NOT NULL,
    complete_rows INTEGER NOT NULL,
    PRIMARY KEY (node_id, period_id, indicator_id, slot)
) STRICT;

-- How many units (or communes) of a kind that teach these levels stand below a node, as steps in time: the number on a day is
-- the sum of the steps until then.
CREATE TABLE collector_counts (
    node_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    levels TEXT NOT NULL,
    on_date TEXT NOT NULL,
    step INTEGER NOT NULL,
    PRIMARY KEY (node_id, kind, levels, on_date)
) STRICT;
