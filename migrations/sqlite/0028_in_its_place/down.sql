-- SQLite has no roles and no policies: there the scope of every query is the one wall.
SELECT 1;
