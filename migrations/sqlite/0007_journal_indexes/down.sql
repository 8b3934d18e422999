DROP INDEX journal_by_resource;
CREATE INDEX journal_by_resource ON journal (resource_type, resource_id, seq);
CREATE INDEX journal_by_transaction ON journal (txid, seq);
