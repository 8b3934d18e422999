-- Every write pays for each index of the journal. What happened to a resource is asked by its id alone.

DROP INDEX journal_by_resource;
CREATE INDEX journal_by_resource ON journal (resource_id);
