DROP POLICY accepted_before_it_left ON reports;
