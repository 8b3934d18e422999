DROP TABLE leases;
DROP TABLE seals;
DROP TABLE journal;
