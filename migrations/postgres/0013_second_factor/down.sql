DROP INDEX users_by_email;
DROP TABLE letters;
DROP TABLE recovery_codes;
DROP TABLE totp;
