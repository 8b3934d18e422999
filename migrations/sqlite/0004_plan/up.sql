-- The plan as data: periods, legal documents, the seven groups and their tasks, indicators with what they mean and what they must reach,
-- and plans of units. `source` is JSON: line and words of the plan. Values of targets are hundredths.

CREATE TABLE periods (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    code TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    title_vi TEXT NOT NULL,
    title_en TEXT NOT NULL,
    starts_on TEXT NOT NULL,
    ends_on TEXT NOT NULL,
    as_of TEXT NOT NULL,
    year INTEGER NOT NULL,
    due_school TEXT,
    due_district TEXT,
    due_department TEXT,
    locked_at TEXT,
    version INTEGER NOT NULL CHECK (version >= 1),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    CHECK (starts_on <= ends_on)
) STRICT;
CREATE INDEX periods_by_year ON periods (year, kind);
CREATE INDEX periods_by_day ON periods (as_of, id);

CREATE TABLE documents (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    code TEXT NOT NULL UNIQUE,
    type_vi TEXT NOT NULL,
    number TEXT,
    issued_on TEXT,
    issued_text TEXT,
    issuer TEXT NOT NULL,
    title_vi TEXT NOT NULL,
    title_key TEXT NOT NULL,
    source TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;

CREATE TABLE task_groups (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    code TEXT NOT NULL UNIQUE,
    number INTEGER NOT NULL,
    title_vi TEXT NOT NULL,
    title_en TEXT NOT NULL,
    source TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;

CREATE TABLE tasks (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    code TEXT NOT NULL UNIQUE,
    group_id BLOB NOT NULL REFERENCES task_groups (id),
    title_vi TEXT NOT NULL,
    title_en TEXT NOT NULL,
    title_key TEXT NOT NULL,
    sort_key BLOB NOT NULL,
    nature TEXT NOT NULL CHECK (nature IN ('one_off', 'recurring', 'continuous')),
    cadence TEXT CHECK (cadence IN ('month', 'quarter', 'half', 'year')),
    due_on TEXT,
    lead_proposed TEXT,
    origin TEXT NOT NULL CHECK (origin IN ('catalogue', 'local')),
    unit_id BLOB REFERENCES units (id),
    source TEXT,
    version INTEGER NOT NULL CHECK (version >= 1),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
CREATE INDEX tasks_by_group ON tasks (group_id, code);
CREATE INDEX tasks_by_unit ON tasks (unit_id);

CREATE TABLE indicators (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    code TEXT NOT NULL UNIQUE,
    title_vi TEXT NOT NULL,
    title_en TEXT NOT NULL,
    title_key TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('ratio', 'count', 'level', 'status')),
    measure TEXT NOT NULL CHECK (measure IN ('percent', 'number', 'level', 'status')),
    direction TEXT NOT NULL CHECK (direction IN ('up', 'down', 'hold')),
    sensitive INTEGER NOT NULL,
    section TEXT NOT NULL,
    source TEXT NOT NULL,
    more_sources TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;

-- What an indicator counts, from a day on. A side is JSON: its titles and its collectors.
CREATE TABLE indicator_definitions (
    indicator_id BLOB NOT NULL REFERENCES indicators (id),
    number INTEGER NOT NULL CHECK (number >= 1),
    valid_from TEXT NOT NULL,
    valid_to TEXT NOT NULL,
    period_kind TEXT NOT NULL,
    numerator TEXT,
    denominator TEXT,
    tally TEXT,
    may_exceed INTEGER NOT NULL,
    parameters TEXT NOT NULL,
    levels TEXT NOT NULL,
    PRIMARY KEY (indicator_id, number),
    CHECK (valid_from < valid_to)
) STRICT;

CREATE TABLE targets (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    indicator_id BLOB NOT NULL REFERENCES indicators (id),
    unit_id BLOB NOT NULL REFERENCES units (id),
    year INTEGER NOT NULL CHECK (year BETWEEN 2000 AND 2100),
    operator TEXT NOT NULL,
    value INTEGER,
    implied INTEGER NOT NULL,
    reason TEXT,
    source TEXT,
    version INTEGER NOT NULL CHECK (version >= 1),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    UNIQUE (unit_id, indicator_id, year)
) STRICT;
CREATE INDEX targets_by_indicator ON targets (indicator_id);

CREATE TABLE task_indicators (
    task_id BLOB NOT NULL REFERENCES tasks (id),
    indicator_id BLOB NOT NULL REFERENCES indicators (id),
    PRIMARY KEY (task_id, indicator_id)
) STRICT;
CREATE INDEX task_indicators_by_indicator ON task_indicators (indicator_id);

CREATE TABLE plans (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    unit_id BLOB NOT NULL REFERENCES units (id),
    kind TEXT NOT NULL CHECK (kind IN ('horizon', 'annual')),
    from_year INTEGER NOT NULL,
    to_year INTEGER NOT NULL,
    title TEXT NOT NULL,
    title_key TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('draft', 'submitted', 'returned', 'approved', 'amended')),
    revision INTEGER NOT NULL,
    number TEXT,
    symbol TEXT,
    issued_on TEXT,
    issued_text TEXT,
    place TEXT,
    signatory TEXT,
    recipients TEXT NOT NULL,
    sections TEXT NOT NULL,
    -- What it sets once it is approved: JSON, as it was written.
    targets TEXT NOT NULL,
    submitted_by BLOB REFERENCES users (id),
    submitted_at TEXT,
    approved_by BLOB REFERENCES users (id),
    approved_at TEXT,
    returned TEXT,
    previous_id BLOB REFERENCES plans (id),
    version INTEGER NOT NULL CHECK (version >= 1),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    CHECK (from_year <= to_year)
) STRICT;
CREATE INDEX plans_by_unit ON plans (unit_id, kind, from_year);
CREATE INDEX plans_by_update ON plans (updated_at, id);
-- One in force, and beside it one that is being written.
CREATE UNIQUE INDEX plans_in_force ON plans (unit_id, kind, from_year) WHERE status = 'approved';
CREATE UNIQUE INDEX plans_being_written ON plans (unit_id, kind, from_year) WHERE status IN ('draft', 'submitted', 'returned');

CREATE TABLE plan_items (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    plan_id BLOB NOT NULL REFERENCES plans (id),
    place INTEGER NOT NULL,
    task_id BLOB REFERENCES tasks (id),
    title TEXT NOT NULL,
    lead_id BLOB NOT NULL REFERENCES units (id),
    cooperating TEXT NOT NULL,
    due_on TEXT,
    expected_result TEXT,
    money INTEGER CHECK (money >= 0),
    UNIQUE (plan_id, place)
) STRICT;

-- Append-only: what was submitted, each time.
CREATE TABLE plan_revisions (
    plan_id BLOB NOT NULL REFERENCES plans (id),
    number INTEGER NOT NULL,
    submitted_by BLOB REFERENCES users (id),
    submitted_at TEXT NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (plan_id, number)
) STRICT;
