-- Accounts of one address are one person: asked of whoever may decide.
CREATE INDEX users_by_folded_email ON users (lower(email));
