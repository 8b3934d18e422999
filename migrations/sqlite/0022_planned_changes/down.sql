DROP INDEX unit_spells_to_tell;
ALTER TABLE unit_spells DROP COLUMN tell_on;
