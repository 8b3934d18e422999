DROP TABLE server_secrets;
ALTER TABLE signing_keys DROP COLUMN sealed_with;
ALTER TABLE signing_keys DROP COLUMN signs_from;
