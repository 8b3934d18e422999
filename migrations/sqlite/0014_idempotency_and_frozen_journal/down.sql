DROP TRIGGER seals_lose_nothing;
DROP TRIGGER seals_keep;
DROP TRIGGER journal_loses_nothing;
DROP TRIGGER journal_keeps;
DROP TABLE idempotency;
