DROP TRIGGER seals_keep ON seals;
DROP TRIGGER journal_keeps ON journal;
DROP FUNCTION only_added_to;
DROP TABLE idempotency;
