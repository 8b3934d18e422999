-- Programs of others: machine accounts (client credentials) and front ends (authorization code). Of secrets only digests are kept.

CREATE TABLE clients (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    type TEXT NOT NULL CHECK (type IN ('service', 'web', 'mobile')),
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    sort_key BLOB NOT NULL,
    unit_id BLOB NOT NULL REFERENCES units (id),
    scopes TEXT NOT NULL,
    networks TEXT NOT NULL,
    redirect_uris TEXT NOT NULL,
    disabled INTEGER NOT NULL,
    expires_at TEXT,
    last_used_at TEXT,
    version INTEGER NOT NULL CHECK (version >= 1),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
CREATE INDEX clients_by_unit ON clients (unit_id);
CREATE INDEX clients_by_name ON clients (sort_key, id);

-- Two at the most of one client: the new one and the one before.
CREATE TABLE client_secrets (
    digest BLOB PRIMARY KEY NOT NULL,
    client_id BLOB NOT NULL REFERENCES clients (id),
    created_at TEXT NOT NULL,
    last_used_at TEXT
) STRICT;
CREATE INDEX client_secrets_by_client ON client_secrets (client_id, created_at);

-- Access tokens of machine accounts that were taken back before they ended. A row goes when its token has ended.
CREATE TABLE revoked_tokens (
    jti BLOB PRIMARY KEY NOT NULL CHECK (length(jti) = 16),
    expires_at TEXT NOT NULL
) STRICT;
CREATE INDEX revoked_tokens_by_end ON revoked_tokens (expires_at);

-- A front end acts in sessions of its own, with scopes, of the people who sign in with it. Sessions of our own have neither.
-- Without a foreign key: SQLite drops no column that has one.
ALTER TABLE sessions ADD COLUMN app_id BLOB;
ALTER TABLE sessions ADD COLUMN scopes TEXT;
-- The front end that a person acted with.
ALTER TABLE journal ADD COLUMN actor_client_id BLOB;

-- What a browser keeps that signed in on our own pages.
CREATE TABLE account_cookies (
    digest BLOB PRIMARY KEY NOT NULL,
    session_id BLOB NOT NULL REFERENCES sessions (id)
) STRICT;
CREATE INDEX account_cookies_by_session ON account_cookies (session_id);

-- What a person allowed a front end.
CREATE TABLE consents (
    user_id BLOB NOT NULL REFERENCES users (id),
    client_id BLOB NOT NULL REFERENCES clients (id),
    scopes TEXT NOT NULL,
    granted_at TEXT NOT NULL,
    PRIMARY KEY (user_id, client_id)
) STRICT;
CREATE INDEX consents_by_client ON consents (client_id);

-- Codes that are good for one use within a minute; one that comes back ends the session that came of it.
CREATE TABLE authorization_codes (
    digest BLOB PRIMARY KEY NOT NULL,
    client_id BLOB NOT NULL REFERENCES clients (id),
    user_id BLOB NOT NULL REFERENCES users (id),
    redirect_uri TEXT NOT NULL,
    challenge TEXT NOT NULL,
    scopes TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    used_at TEXT,
    session_id BLOB REFERENCES sessions (id)
) STRICT;
CREATE INDEX authorization_codes_by_end ON authorization_codes (expires_at);
CREATE INDEX authorization_codes_by_user ON authorization_codes (user_id);
CREATE INDEX authorization_codes_by_session ON authorization_codes (session_id);
