-- Of SQLite alone: PostgreSQL has no table that stands in the order of its key.

SELECT 1;
