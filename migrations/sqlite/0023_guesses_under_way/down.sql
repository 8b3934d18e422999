ALTER TABLE sign_in_failures DROP COLUMN under_way;
