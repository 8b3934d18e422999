-- Answers that were given under an `Idempotency-Key`, written in the transaction of the change itself. While that runs, the row is a
-- claim without an answer, and nobody else sees it.

CREATE TABLE idempotency (
    caller BLOB NOT NULL CHECK (length(caller) = 16),
    operation TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    status INTEGER,
    headers TEXT,
    body BLOB,
    expires_at TEXT NOT NULL,
    PRIMARY KEY (caller, operation, key)
) STRICT;
CREATE INDEX idempotency_by_end ON idempotency (expires_at);

-- Journal and seals are only added to, whoever asks.

CREATE TRIGGER journal_keeps BEFORE UPDATE ON journal BEGIN SELECT RAISE(ABORT, 'the journal is only added to'); END;
CREATE TRIGGER journal_loses_nothing BEFORE DELETE ON journal BEGIN SELECT RAISE(ABORT, 'the journal is only added to'); END;
CREATE TRIGGER seals_keep BEFORE UPDATE ON seals BEGIN SELECT RAISE(ABORT, 'seals are only added to'); END;
CREATE TRIGGER seals_lose_nothing BEFORE DELETE ON seals BEGIN SELECT RAISE(ABORT, 'seals are only added to'); END;
