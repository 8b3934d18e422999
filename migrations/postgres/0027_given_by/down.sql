ALTER TABLE invitations DROP COLUMN given_by;
