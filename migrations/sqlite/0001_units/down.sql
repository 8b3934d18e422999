DROP TABLE unit_closure;
DROP TABLE unit_spells;
DROP TABLE units;
DROP TABLE localities;
