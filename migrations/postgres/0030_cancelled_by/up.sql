-- For whom work was cancelled: as long as that one stands above who leads it, nobody begins it again.
ALTER TABLE assignments ADD COLUMN cancelled_by UUID REFERENCES units (id);
