-- Programs of others: machine accounts (client credentials) and front ends (authorization code). Of secrets only digests are kept.

CREATE TABLE clients (
    id UUID PRIMARY KEY NOT NULL,
    type TEXT NOT NULL CHECK (type IN ('service', 'web', 'mobile')),
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    sort_key BYTEA NOT NULL,
    unit_id UUID NOT NULL REFERENCES units (id),
    scopes TEXT NOT NULL,
    networks TEXT NOT NULL,
    redirect_uris TEXT NOT NULL,
    disabled BOOLEAN NOT NULL,
    expires_at TIMESTAMP,
    last_used_at TIMESTAMP,
    version BIGINT NOT NULL CHECK (version >= 1),
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);
CREATE INDEX clients_by_unit ON clients (unit_id);
CREATE INDEX clients_by_name ON clients (sort_key, id);

-- Two at the most of one client: the new one and the one before.
CREATE TABLE client_secrets (
    digest BYTEA PRIMARY KEY NOT NULL,
    client_id UUID NOT NULL REFERENCES clients (id),
    created_at TIMESTAMP NOT NULL,
    last_used_at TIMESTAMP
);
CREATE INDEX client_secrets_by_client ON client_secrets (client_id, created_at);

-- Access tokens of machine accounts that were taken back before they ended. A row goes when its token has ended.
CREATE TABLE revoked_tokens (
    jti UUID PRIMARY KEY NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX revoked_tokens_by_end ON revoked_tokens (expires_at);

-- A front end acts in sessions of its own, with scopes, of the people who sign in with it. Sessions of our own have neither.
ALTER TABLE sessions ADD COLUMN app_id UUID REFERENCES clients (id);
ALTER TABLE sessions ADD COLUMN scopes TEXT;
-- The front end that a person acted with.
ALTER TABLE journal ADD COLUMN actor_client_id UUID;

-- What a browser keeps that signed in on our own pages.
CREATE TABLE account_cookies (
    digest BYTEA PRIMARY KEY NOT NULL,
    session_id UUID NOT NULL REFERENCES sessions (id)
);
CREATE INDEX account_cookies_by_session ON account_cookies (session_id);

-- What a person allowed a front end.
CREATE TABLE consents (
    user_id UUID NOT NULL REFERENCES users (id),
    client_id UUID NOT NULL REFERENCES clients (id),
    scopes TEXT NOT NULL,
    granted_at TIMESTAMP NOT NULL,
    PRIMARY KEY (user_id, client_id)
);
CREATE INDEX consents_by_client ON consents (client_id);

-- Codes that are good for one use within a minute; one that comes back ends the session that came of it.
CREATE TABLE authorization_codes (
    digest BYTEA PRIMARY KEY NOT NULL,
    client_id UUID NOT NULL REFERENCES clients (id),
    user_id UUID NOT NULL REFERENCES users (id),
    redirect_uri TEXT NOT NULL,
    challenge TEXT NOT NULL,
    scopes TEXT NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    used_at TIMESTAMP,
    session_id UUID REFERENCES sessions (id)
);
CREATE INDEX authorization_codes_by_end ON authorization_codes (expires_at);
CREATE INDEX authorization_codes_by_user ON authorization_codes (user_id);
CREATE INDEX authorization_codes_by_session ON authorization_codes (session_id);

-- For the second wall (0018), which also stands before these: in force where it is switched on.
CREATE POLICY within_scope ON clients USING (
    (SELECT current_setting('tiendo.root', true) = '*')
    OR EXISTS (
        SELECT FROM unit_closure c
        WHERE c.descendant = clients.unit_id
          AND c.ancestor = (SELECT nullif(nullif(current_setting('tiendo.root', true), ''), '*')::uuid)
          AND c.valid_from <= (SELECT nullif(current_setting('tiendo.day', true), '')::date)
          AND c.valid_to > (SELECT nullif(current_setting('tiendo.day', true), '')::date)
    )
);
