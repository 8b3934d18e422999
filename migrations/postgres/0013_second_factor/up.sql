-- The second factor of an account (RFC 6238), and mail that waits to be sent.

-- The secret is sealed; `last_step` is the last time step whose code was taken: none is taken twice.
CREATE TABLE totp (
    user_id UUID PRIMARY KEY NOT NULL REFERENCES users (id),
    secret BYTEA NOT NULL,
    confirmed_at TIMESTAMP,
    last_step BIGINT NOT NULL
);

CREATE TABLE recovery_codes (
    digest BYTEA PRIMARY KEY NOT NULL,
    user_id UUID NOT NULL REFERENCES users (id),
    used_at TIMESTAMP
);
CREATE INDEX recovery_codes_by_user ON recovery_codes (user_id);

-- The letter is sealed: it holds a link. A row goes once it is sent, or when its link has ended.
CREATE TABLE letters (
    id UUID PRIMARY KEY NOT NULL,
    sealed BYTEA NOT NULL,
    tries INTEGER NOT NULL CHECK (tries >= 0),
    due_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX letters_by_due ON letters (due_at);
CREATE INDEX users_by_email ON users (email);
