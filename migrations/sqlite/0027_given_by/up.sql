-- Who gave a link: it lets in as long as that person may still let the account in.
ALTER TABLE invitations ADD COLUMN given_by BLOB REFERENCES users (id);
