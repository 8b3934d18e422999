-- What units recorded, every state of it, and the totals that the same write keeps.

CREATE TABLE indicator_values (
    id UUID PRIMARY KEY NOT NULL,
    indicator_id UUID NOT NULL REFERENCES indicators (id),
    period_id UUID NOT NULL REFERENCES periods (id),
    -- The locality if the value is of one, else the unit: one value of each for an indicator and a period.
    subject_id UUID NOT NULL,
    unit_id UUID NOT NULL REFERENCES units (id),
    locality_id UUID REFERENCES localities (id),
    definition INTEGER NOT NULL,
    -- How it goes into the totals: a count; a ratio whose sides have one collector, or two; or not at all.
    counts_as TEXT NOT NULL CHECK (counts_as IN ('count', 'one', 'two', 'none')),
    numerator BIGINT CHECK (numerator BETWEEN 0 AND 9007199254740991),
    denominator BIGINT CHECK (denominator BETWEEN 0 AND 9007199254740991),
    tally BIGINT CHECK (tally BETWEEN 0 AND 9007199254740991),
    level INTEGER,
    state TEXT CHECK (state IN ('maintained', 'not_maintained', 'planned', 'under_way', 'done')),
    state_on DATE,
    source TEXT,
    note TEXT,
    version BIGINT NOT NULL CHECK (version >= 1),
    recorded_by UUID REFERENCES users (id),
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    UNIQUE (period_id, indicator_id, subject_id)
);
CREATE INDEX indicator_values_by_unit ON indicator_values (unit_id, period_id, indicator_id);
CREATE INDEX indicator_values_by_update ON indicator_values (updated_at, id);
CREATE INDEX indicator_values_by_period ON indicator_values (period_id, indicator_id, updated_at, id);

-- Append-only: each state that a value was in; the last one of a withdrawn value says so.
CREATE TABLE indicator_value_revisions (
    value_id UUID NOT NULL,
    version BIGINT NOT NULL,
    unit_id UUID NOT NULL REFERENCES units (id),
    withdrawn BOOLEAN NOT NULL,
    definition INTEGER NOT NULL,
    numerator BIGINT,
    denominator BIGINT,
    tally BIGINT,
    level INTEGER,
    state TEXT,
    state_on DATE,
    source TEXT,
    note TEXT,
    recorded_by UUID REFERENCES users (id),
    recorded_at TIMESTAMP NOT NULL,
    PRIMARY KEY (value_id, version)
);

-- Totals of a node (a unit or a locality) over all below it. Slot 0 is the total; a count stands as a numerator.
CREATE TABLE value_sums (
    node_id UUID NOT NULL,
    period_id UUID NOT NULL,
    indicator_id UUID NOT NULL,
    slot INTEGER NOT NULL,
    numerator BIGINT NOT NULL CHECK (numerator <= 9007199254740991),
    denominator BIGINT NOT NULL CHECK (denominator <= 9007199254740991),
    numerator_rows BIGINT NOT NULL,
    denominator_rows BIGINT NOT NULL,
    complete_rows BIGINT NOT NULL,
    PRIMARY KEY (node_id, period_id, indicator_id, slot)
);

-- How many units (or communes) of a kind that teach these levels stand below a node, as steps in time: the number on a day is
-- the sum of the steps until then.
CREATE TABLE collector_counts (
    node_id UUID NOT NULL,
    kind TEXT NOT NULL,
    levels TEXT NOT NULL,
    on_date DATE NOT NULL,
    step BIGINT NOT NULL,
    PRIMARY KEY (node_id, kind, levels, on_date)
);
