ALTER TABLE clients DROP COLUMN tokens_from;
