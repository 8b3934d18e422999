-- Territory and the line of management. Everything that may change with a date stands in a spell; spells and closure rows
-- are half-open [valid_from, valid_to), 9999-12-31 meaning "until further notice".

CREATE TABLE localities (
    id UUID PRIMARY KEY NOT NULL,
    code TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    sort_key BYTEA NOT NULL,
    rank TEXT NOT NULL CHECK (rank IN ('province', 'district', 'commune')),
    parent_id UUID REFERENCES localities (id),
    external_codes TEXT NOT NULL,
    valid_from DATE NOT NULL,
    valid_to DATE NOT NULL,
    version BIGINT NOT NULL CHECK (version >= 1),
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    CHECK (valid_from < valid_to)
);
CREATE INDEX localities_by_parent ON localities (parent_id);
CREATE INDEX localities_by_name ON localities (sort_key, id);

CREATE TABLE units (
    id UUID PRIMARY KEY NOT NULL,
    code TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    type TEXT NOT NULL,
    external_codes TEXT NOT NULL,
    valid_from DATE NOT NULL,
    valid_to DATE NOT NULL,
    version BIGINT NOT NULL CHECK (version >= 1),
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    CHECK (valid_from < valid_to)
);
CREATE INDEX units_by_update ON units (updated_at, id);

-- What a unit was from a day on. The first spell begins when the unit was recorded or when it came into being, whichever is earlier.
CREATE TABLE unit_spells (
    unit_id UUID NOT NULL REFERENCES units (id),
    valid_from DATE NOT NULL,
    valid_to DATE NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    sort_key BYTEA NOT NULL,
    short_name TEXT,
    parent_id UUID REFERENCES units (id),
    locality_id UUID REFERENCES localities (id),
    levels TEXT NOT NULL,
    ownership TEXT CHECK (ownership IN ('public', 'community', 'private')),
    document_id UUID,
    PRIMARY KEY (unit_id, valid_from),
    CHECK (valid_from < valid_to)
);
CREATE INDEX unit_spells_by_parent ON unit_spells (parent_id, valid_from, valid_to);
CREATE INDEX unit_spells_by_name ON unit_spells (sort_key, unit_id);
CREATE INDEX unit_spells_by_locality ON unit_spells (locality_id);

-- Who stood under whom, how far, and when; a unit stands under itself at depth 0.
CREATE TABLE unit_closure (
    descendant UUID NOT NULL REFERENCES units (id),
    ancestor UUID NOT NULL REFERENCES units (id),
    valid_from DATE NOT NULL,
    valid_to DATE NOT NULL,
    depth INTEGER NOT NULL CHECK (depth >= 0),
    PRIMARY KEY (descendant, ancestor, valid_from),
    CHECK (valid_from < valid_to)
);
CREATE INDEX unit_closure_by_ancestor ON unit_closure (ancestor, descendant, valid_from, valid_to, depth);
