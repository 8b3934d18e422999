-- Totals are written a period at a time and read by unit and period: what one call writes stands together.

ALTER TABLE value_sums DROP CONSTRAINT value_sums_pkey, ADD PRIMARY KEY (period_id, node_id, indicator_id, slot);
