-- People, their sessions and the links that let them in. Of secrets only digests are kept.

CREATE TABLE users (
    id UUID PRIMARY KEY NOT NULL,
    username TEXT NOT NULL UNIQUE,
    full_name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    sort_key BYTEA NOT NULL,
    email TEXT,
    position TEXT,
    unit_id UUID NOT NULL REFERENCES units (id),
    duties TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('invited', 'active', 'disabled', 'locked')),
    password_hash TEXT,
    must_change_password BOOLEAN NOT NULL,
    last_seen_at TIMESTAMP,
    version BIGINT NOT NULL CHECK (version >= 1),
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);
CREATE INDEX users_by_unit ON users (unit_id);
CREATE INDEX users_by_name ON users (sort_key, id);

CREATE TABLE sessions (
    id UUID PRIMARY KEY NOT NULL,
    user_id UUID NOT NULL REFERENCES users (id),
    client TEXT NOT NULL CHECK (client IN ('web', 'mobile')),
    device TEXT,
    ip TEXT,
    created_at TIMESTAMP NOT NULL,
    last_seen_at TIMESTAMP NOT NULL,
    idle_until TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP
);
CREATE INDEX sessions_by_user ON sessions (user_id, id);

-- A family is a session: each refresh token has one successor, and a used one that comes back ends the family.
CREATE TABLE refresh_tokens (
    digest BYTEA PRIMARY KEY NOT NULL,
    session_id UUID NOT NULL REFERENCES sessions (id),
    generation INTEGER NOT NULL,
    used_at TIMESTAMP,
    UNIQUE (session_id, generation)
);

CREATE TABLE invitations (
    digest BYTEA PRIMARY KEY NOT NULL,
    user_id UUID NOT NULL REFERENCES users (id),
    expires_at TIMESTAMP NOT NULL,
    used_at TIMESTAMP
);
CREATE INDEX invitations_by_user ON invitations (user_id);

-- Keys that sign access tokens, one row each; the private half leaves the database only into memory.
CREATE TABLE signing_keys (
    kid TEXT PRIMARY KEY NOT NULL,
    private_key BYTEA NOT NULL,
    created_at TIMESTAMP NOT NULL,
    retired_at TIMESTAMP
);
