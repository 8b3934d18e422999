ALTER TABLE value_sums DROP CONSTRAINT value_sums_pkey, ADD PRIMARY KEY (node_id, period_id, indicator_id, slot);
