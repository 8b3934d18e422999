-- The second factor of an account (RFC 6238), and mail that waits to be sent.

-- The secret is sealed; `last_step` is the last time step whose code was taken: none is taken twice.
CREATE TABLE totp (
    user_id BLOB PRIMARY KEY NOT NULL REFERENCES users (id),
    secret BLOB NOT NULL,
    confirmed_at TEXT,
    last_step INTEGER NOT NULL
) STRICT;

CREATE TABLE recovery_codes (
    digest BLOB PRIMARY KEY NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id),
    used_at TEXT
) STRICT;
CREATE INDEX recovery_codes_by_user ON recovery_codes (user_id);

-- The letter is sealed: it holds a link. A row goes once it is sent, or when its link has ended.
CREATE TABLE letters (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    sealed BLOB NOT NULL,
    tries INTEGER NOT NULL CHECK (tries >= 0),
    due_at TEXT NOT NULL,
    expires_at TEXT NOT NULL
) STRICT;
CREATE INDEX letters_by_due ON letters (due_at);
CREATE INDEX users_by_email ON users (email);
