-- What happened, appended by every write and never changed; seals give each entry its place and chain it to the one before.

CREATE TABLE journal (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    txid BIGINT NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
    id UUID NOT NULL UNIQUE,
    at TIMESTAMP NOT NULL,
    action TEXT NOT NULL,
    event TEXT,
    outcome TEXT NOT NULL CHECK (outcome IN ('done', 'refused')),
    resource_type TEXT NOT NULL,
    resource_id UUID,
    resource_code TEXT,
    unit_id UUID,
    deleted BOOLEAN NOT NULL,
    actor_type TEXT NOT NULL CHECK (actor_type IN ('user', 'client', 'system')),
    actor_id UUID,
    actor_name TEXT NOT NULL,
    actor_role TEXT,
    actor_unit_id UUID,
    request_id TEXT,
    ip TEXT,
    before TEXT,
    after TEXT
);
CREATE INDEX journal_by_transaction ON journal (txid, seq);
CREATE INDEX journal_by_unit ON journal (unit_id, seq);
CREATE INDEX journal_by_resource ON journal (resource_type, resource_id, seq);

CREATE TABLE seals (
    position BIGINT PRIMARY KEY NOT NULL,
    seq BIGINT NOT NULL UNIQUE REFERENCES journal (seq),
    previous BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    -- No entry of a transaction below this number was still to come when the seal was made.
    floor BIGINT NOT NULL
);

-- One instance at a time does a job; whoever holds the name may, until the time.
CREATE TABLE leases (
    name TEXT PRIMARY KEY NOT NULL,
    holder UUID NOT NULL,
    until TIMESTAMP NOT NULL
);
