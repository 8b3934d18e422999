ALTER TABLE reports DROP COLUMN counted_in;
