-- Every write pays for each index of the journal. Entries are numbered in the order of commit here, so nothing is read by transaction;
-- what happened to a resource is asked by its id alone.

DROP INDEX journal_by_transaction;
DROP INDEX journal_by_resource;
CREATE INDEX journal_by_resource ON journal (resource_id);
