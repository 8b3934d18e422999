ALTER TABLE reports DROP COLUMN accepted_for;
