-- Answers that were given under an `Idempotency-Key`, written in the transaction of the change itself. While that runs, the row is a
-- claim without an answer, and nobody else sees it.

CREATE TABLE idempotency (
    caller UUID NOT NULL,
    operation TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint BYTEA NOT NULL,
    status INTEGER,
    headers TEXT,
    body BYTEA,
    expires_at TIMESTAMP NOT NULL,
    PRIMARY KEY (caller, operation, key)
);
CREATE INDEX idempotency_by_end ON idempotency (expires_at);

-- Journal and seals are only added to, whoever asks.

CREATE FUNCTION only_added_to() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is only added to', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER journal_keeps BEFORE UPDATE OR DELETE OR TRUNCATE ON journal FOR EACH STATEMENT EXECUTE FUNCTION only_added_to();
CREATE TRIGGER seals_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON seals FOR EACH STATEMENT EXECUTE FUNCTION only_added_to();
