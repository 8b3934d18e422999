-- Work: tasks given to units, what these say of them, and the totals that the same write keeps.

CREATE TABLE assignments (
    id UUID PRIMARY KEY NOT NULL,
    task_id UUID NOT NULL REFERENCES tasks (id),
    group_id UUID NOT NULL REFERENCES task_groups (id),
    plan_id UUID REFERENCES plans (id),
    unit_id UUID NOT NULL REFERENCES units (id),
    assigned_by UUID NOT NULL REFERENCES units (id),
    period_id UUID REFERENCES periods (id),
    title TEXT NOT NULL,
    title_key TEXT NOT NULL,
    deliverable TEXT,
    -- 9999-12-31: none.
    due_on DATE NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('assigned', 'in_progress', 'reported_done', 'returned', 'confirmed', 'paused', 'cancelled')),
    percent INTEGER NOT NULL CHECK (percent BETWEEN 0 AND 100),
    reported_by UUID REFERENCES users (id),
    reported_done_at TIMESTAMP,
    -- The business day of the report of completion that was confirmed.
    done_on DATE,
    confirmed_at TIMESTAMP,
    reason TEXT,
    version BIGINT NOT NULL CHECK (version >= 1),
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    UNIQUE (task_id, unit_id, period_id)
);
CREATE INDEX assignments_by_unit ON assignments (unit_id, status, due_on);
CREATE INDEX assignments_by_assigner ON assignments (assigned_by, status);
CREATE INDEX assignments_by_plan ON assignments (plan_id);
CREATE INDEX assignments_by_due ON assignments (due_on, id);
CREATE INDEX assignments_by_update ON assignments (updated_at, id);

CREATE TABLE assignment_units (
    assignment_id UUID NOT NULL REFERENCES assignments (id),
    unit_id UUID NOT NULL REFERENCES units (id),
    PRIMARY KEY (assignment_id, unit_id)
);
CREATE INDEX assignment_units_by_unit ON assignment_units (unit_id);

-- Append-only: what a unit says of its assignment.
CREATE TABLE assignment_updates (
    id UUID PRIMARY KEY NOT NULL,
    assignment_id UUID NOT NULL REFERENCES assignments (id),
    percent INTEGER NOT NULL CHECK (percent BETWEEN 0 AND 100),
    body TEXT NOT NULL,
    figures TEXT NOT NULL,
    difficulties TEXT,
    proposals TEXT,
    written_by UUID REFERENCES users (id),
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX assignment_updates_by_assignment ON assignment_updates (assignment_id, id);

CREATE TABLE assignment_extensions (
    id UUID PRIMARY KEY NOT NULL,
    assignment_id UUID NOT NULL REFERENCES assignments (id),
    due_on DATE NOT NULL,
    reason TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('asked', 'granted', 'refused')),
    asked_by UUID REFERENCES users (id),
    decided_by UUID REFERENCES users (id),
    decided_at TIMESTAMP,
    decision_reason TEXT,
    version BIGINT NOT NULL CHECK (version >= 1),
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX assignment_extensions_open ON assignment_extensions (assignment_id) WHERE status = 'asked';
CREATE INDEX assignment_extensions_by_assignment ON assignment_extensions (assignment_id, id);

-- Progress of a node (a unit with all below it, or a plan) by group and due date, as steps in time: a unit's work counts at another
-- node from the day of its move on.
CREATE TABLE progress_sums (
    node_id UUID NOT NULL,
    group_id UUID NOT NULL,
    due_on DATE NOT NULL,
    on_date DATE NOT NULL,
    open BIGINT NOT NULL,
    returned BIGINT NOT NULL,
    percent BIGINT NOT NULL,
    done_in_time BIGINT NOT NULL,
    done_late BIGINT NOT NULL,
    PRIMARY KEY (node_id, group_id, due_on, on_date)
);

-- Files on assignments: what they are, and under which key they are stored. The name is data and never a path.
CREATE TABLE evidence (
    id UUID PRIMARY KEY NOT NULL,
    assignment_id UUID NOT NULL REFERENCES assignments (id),
    unit_id UUID NOT NULL REFERENCES units (id),
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size BIGINT NOT NULL CHECK (size > 0),
    sha256 BYTEA NOT NULL,
    key TEXT NOT NULL UNIQUE,
    uploaded_by UUID REFERENCES users (id),
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX evidence_by_assignment ON evidence (assignment_id, id);

-- Bytes that the files of a unit take: the row that uploads of one unit wait for each other on.
CREATE TABLE file_usage (
    unit_id UUID PRIMARY KEY NOT NULL REFERENCES units (id),
    bytes BIGINT NOT NULL CHECK (bytes >= 0)
);

CREATE INDEX journal_by_at ON journal (at, id);

-- Codes sort by their bytes, whatever the language of the database.
ALTER TABLE units ALTER COLUMN code TYPE TEXT COLLATE "C";
ALTER TABLE localities ALTER COLUMN code TYPE TEXT COLLATE "C";
ALTER TABLE users ALTER COLUMN username TYPE TEXT COLLATE "C";
