-- A change that takes effect on a later day is told on that day, and then no more.
ALTER TABLE unit_spells ADD COLUMN tell_on TEXT;
UPDATE unit_spells SET tell_on = valid_from WHERE valid_from > date();
CREATE INDEX unit_spells_to_tell ON unit_spells (tell_on) WHERE tell_on IS NOT NULL;
