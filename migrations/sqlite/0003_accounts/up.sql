-- People, their sessions and the links that let them in. Of secrets only digests are kept.

CREATE TABLE users (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    username TEXT NOT NULL UNIQUE,
    full_name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    sort_key BLOB NOT NULL,
    email TEXT,
    position TEXT,
    unit_id BLOB NOT NULL REFERENCES units (id),
    duties TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('invited', 'active', 'disabled', 'locked')),
    password_hash TEXT,
    must_change_password INTEGER NOT NULL,
    last_seen_at TEXT,
    version INTEGER NOT NULL CHECK (version >= 1),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
CREATE INDEX users_by_unit ON users (unit_id);
CREATE INDEX users_by_name ON users (sort_key, id);

CREATE TABLE sessions (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    user_id BLOB NOT NULL REFERENCES users (id),
    client TEXT NOT NULL CHECK (client IN ('web', 'mobile')),
    device TEXT,
    ip TEXT,
    created_at TEXT NOT NULL,
    last_seen_at TEXT NOT NULL,
    idle_until TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    ended_at TEXT
) STRICT;
CREATE INDEX sessions_by_user ON sessions (user_id, id);

-- A family is a session: each refresh token has one successor, and a used one that comes back ends the family.
CREATE TABLE refresh_tokens (
    digest BLOB PRIMARY KEY NOT NULL,
    session_id BLOB NOT NULL REFERENCES sessions (id),
    generation INTEGER NOT NULL,
    used_at TEXT,
    UNIQUE (session_id, generation)
) STRICT;

CREATE TABLE invitations (
    digest BLOB PRIMARY KEY NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id),
    expires_at TEXT NOT NULL,
    used_at TEXT
) STRICT;
CREATE INDEX invitations_by_user ON invitations (user_id);

-- Keys that sign access tokens, one row each; the private half leaves the database only into memory.
CREATE TABLE signing_keys (
    kid TEXT PRIMARY KEY NOT NULL,
    private_key BLOB NOT NULL,
    created_at TEXT NOT NULL,
    retired_at TEXT
) STRICT;
