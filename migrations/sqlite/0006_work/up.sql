-- Work: tasks given to units, what these say of them, and the totals that the same write keeps.

CREATE TABLE assignments (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    task_id BLOB NOT NULL REFERENCES tasks (id),
    group_id BLOB NOT NULL REFERENCES task_groups (id),
    plan_id BLOB REFERENCES plans (id),
    unit_id BLOB NOT NULL REFERENCES units (id),
    assigned_by BLOB NOT NULL REFERENCES units (id),
    period_id BLOB REFERENCES periods (id),
    title TEXT NOT NULL,
    title_key TEXT NOT NULL,
    deliverable TEXT,
    -- 9999-12-31: none.
    due_on TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('assigned', 'in_progress', 'reported_done', 'returned', 'confirmed', 'paused', 'cancelled')),
    percent INTEGER NOT NULL CHECK (percent BETWEEN 0 AND 100),
    reported_by BLOB REFERENCES users (id),
    reported_done_at TEXT,
    -- The business day of the report of completion that was confirmed.
    done_on TEXT,
    confirmed_at TEXT,
    reason TEXT,
    version INTEGER NOT NULL CHECK (version >= 1),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    UNIQUE (task_id, unit_id, period_id)
) STRICT;
CREATE INDEX assignments_by_unit ON assignments (unit_id, status, due_on);
CREATE INDEX assignments_by_assigner ON assignments (assigned_by, status);
CREATE INDEX assignments_by_plan ON assignments (plan_id);
CREATE INDEX assignments_by_due ON assignments (due_on, id);
CREATE INDEX assignments_by_update ON assignments (updated_at, id);

CREATE TABLE assignment_units (
    assignment_id BLOB NOT NULL REFERENCES assignments (id),
    unit_id BLOB NOT NULL REFERENCES units (id),
    PRIMARY KEY (assignment_id, unit_id)
) STRICT;
CREATE INDEX assignment_units_by_unit ON assignment_units (unit_id);

-- Append-only: what a unit says of its assignment.
CREATE TABLE assignment_updates (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    assignment_id BLOB NOT NULL REFERENCES assignments (id),
    percent INTEGER NOT NULL CHECK (percent BETWEEN 0 AND 100),
    body TEXT NOT NULL,
    figures TEXT NOT NULL,
    difficulties TEXT,
    proposals TEXT,
    written_by BLOB REFERENCES users (id),
    created_at TEXT NOT NULL
) STRICT;
CREATE INDEX assignment_updates_by_assignment ON assignment_updates (assignment_id, id);

CREATE TABLE assignment_extensions (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    assignment_id BLOB NOT NULL REFERENCES assignments (id),
    due_on TEXT NOT NULL,
    reason TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('asked', 'granted', 'refused')),
    asked_by BLOB REFERENCES users (id),
    decided_by BLOB REFERENCES users (id),
    decided_at TEXT,
    decision_reason TEXT,
    version INTEGER NOT NULL CHECK (version >= 1),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX assignment_extensions_open ON assignment_extensions (assignment_id) WHERE status = 'asked';
CREATE INDEX assignment_extensions_by_assignment ON assignment_extensions (assignment_id, id);

-- Progress of a node (a unit with all below it, or a plan) by group and due date, as steps in time: a unit's work counts at another
-- node from the day of its move on.
CREATE TABLE progress_sums (
    node_id BLOB NOT NULL,
    group_id BLOB NOT NULL,
    due_on TEXT NOT NULL,
    on_date TEXT NOT NULL,
    open INTEGER NOT NULL,
    returned INTEGER NOT NULL,
    percent INTEGER NOT NULL,
    done_in_time INTEGER NOT NULL,
    done_late INTEGER NOT NULL,
    PRIMARY KEY (node_id, group_id, due_on, on_date)
) STRICT;

-- Files on assignments: what they are, and under which key they are stored. The name is data and never a path.
CREATE TABLE evidence (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    assignment_id BLOB NOT NULL REFERENCES assignments (id),
    unit_id BLOB NOT NULL REFERENCES units (id),
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size INTEGER NOT NULL CHECK (size > 0),
    sha256 BLOB NOT NULL,
    key TEXT NOT NULL UNIQUE,
    uploaded_by BLOB REFERENCES users (id),
    created_at TEXT NOT NULL
) STRICT;
CREATE INDEX evidence_by_assignment ON evidence (assignment_id, id);

-- Bytes that the files of a unit take: the row that uploads of one unit wait for each other on.
CREATE TABLE file_usage (
    unit_id BLOB PRIMARY KEY NOT NULL REFERENCES units (id),
    bytes INTEGER NOT NULL CHECK (bytes >= 0)
) STRICT;

CREATE INDEX journal_by_at ON journal (at, id);
