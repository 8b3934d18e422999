-- Signing in: how often a name or an address was wrong, and the passwords that an account had.

-- One row for all instances: who guesses is counted before the guess is looked at.
CREATE TABLE sign_in_failures (
    key TEXT PRIMARY KEY NOT NULL,
    failures INTEGER NOT NULL CHECK (failures >= 0),
    last_at TEXT NOT NULL,
    blocked_until TEXT
) STRICT;
CREATE INDEX sign_in_failures_by_time ON sign_in_failures (last_at);

CREATE TABLE password_history (
    user_id BLOB NOT NULL REFERENCES users (id),
    set_at TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (user_id, set_at)
) STRICT;
