-- Keys have a life in dates: published when made, signing from a day on, retired from another. `sealed_with` names the key of the key
-- file that the private half is encrypted with; null is not encrypted.

CREATE TABLE signing_keys_dated (
    kid TEXT PRIMARY KEY NOT NULL,
    private_key BLOB NOT NULL,
    created_at TEXT NOT NULL,
    signs_from TEXT NOT NULL,
    retired_at TEXT,
    sealed_with TEXT
) STRICT;
INSERT INTO signing_keys_dated SELECT kid, private_key, created_at, created_at, retired_at, NULL FROM signing_keys;
DROP TABLE signing_keys;
ALTER TABLE signing_keys_dated RENAME TO signing_keys;

-- What all instances share and no rotation changes.
CREATE TABLE server_secrets (
    name TEXT PRIMARY KEY NOT NULL,
    secret BLOB NOT NULL,
    sealed_with TEXT
) STRICT;
