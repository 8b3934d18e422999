-- For which unit a link was given: it lets in as long as the account is that one's to let in.
ALTER TABLE invitations ADD COLUMN given_for UUID REFERENCES units (id);
