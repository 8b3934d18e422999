-- Access tokens of a machine account that were issued before this are good no more: it was disabled since, or lost a secret.
ALTER TABLE clients ADD COLUMN tokens_from TIMESTAMPTZ;
