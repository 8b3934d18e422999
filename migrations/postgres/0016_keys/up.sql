-- Keys have a life in dates: published when made, signing from a day on, retired from another. `sealed_with` names the key of the key
-- file that the private half is encrypted with; null is not encrypted.

ALTER TABLE signing_keys ADD COLUMN signs_from TIMESTAMP;
UPDATE signing_keys SET signs_from = created_at;
ALTER TABLE signing_keys ALTER COLUMN signs_from SET NOT NULL;
ALTER TABLE signing_keys ADD COLUMN sealed_with TEXT;

-- What all instances share and no rotation changes.
CREATE TABLE server_secrets (
    name TEXT PRIMARY KEY,
    secret BYTEA NOT NULL,
    sealed_with TEXT
);
