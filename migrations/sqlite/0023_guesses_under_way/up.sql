-- Passwords that are being looked at: an address may not try more than it might get wrong, however many at once.
ALTER TABLE sign_in_failures ADD COLUMN under_way INTEGER NOT NULL DEFAULT 0;
