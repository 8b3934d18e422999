-- What happened, appended by every write and never changed; seals give each entry its place and chain it to the one before.

CREATE TABLE journal (
    seq INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    txid INTEGER NOT NULL DEFAULT 0,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    at TEXT NOT NULL,
    action TEXT NOT NULL,
    event TEXT,
    outcome TEXT NOT NULL CHECK (outcome IN ('done', 'refused')),
    resource_type TEXT NOT NULL,
    resource_id BLOB,
    resource_code TEXT,
    unit_id BLOB,
    deleted INTEGER NOT NULL,
    actor_type TEXT NOT NULL CHECK (actor_type IN ('user', 'client', 'system')),
    actor_id BLOB,
    actor_name TEXT NOT NULL,
    actor_role TEXT,
    actor_unit_id BLOB,
    request_id TEXT,
    ip TEXT,
    before TEXT,
    after TEXT
) STRICT;
CREATE INDEX journal_by_transaction ON journal (txid, seq);
CREATE INDEX journal_by_unit ON journal (unit_id, seq);
CREATE INDEX journal_by_resource ON journal (resource_type, resource_id, seq);

CREATE TABLE seals (
    position INTEGER PRIMARY KEY NOT NULL,
    seq INTEGER NOT NULL UNIQUE REFERENCES journal (seq),
    previous BLOB NOT NULL,
    hash BLOB NOT NULL,
    -- No entry of a transaction below this number was still to come when the seal was made.
    floor INTEGER NOT NULL
) STRICT;

-- One instance at a time does a job; whoever holds the name may, until the time.
CREATE TABLE leases (
    name TEXT PRIMARY KEY NOT NULL,
    holder BLOB NOT NULL,
    until TEXT NOT NULL
) STRICT;
