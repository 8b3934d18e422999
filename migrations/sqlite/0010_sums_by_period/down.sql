CREATE TABLE value_sums_new (
    node_id BLOB NOT NULL,
    period_id BLOB NOT NULL,
    indicator_id BLOB NOT NULL,
    slot INTEGER NOT NULL,
    numerator INTEGER NOT NULL CHECK (numerator <= 9007199254740991),
    denominator INTEGER NOT NULL CHECK (denominator <= 9007199254740991),
    numerator_rows INTEGER NOT NULL,
    denominator_rows INTEGER NOT NULL,
    complete_rows INTEGER NOT NULL,
    PRIMARY KEY (node_id, period_id, indicator_id, slot)
) STRICT, WITHOUT ROWID;
INSERT INTO value_sums_new SELECT * FROM value_sums;
DROP TABLE value_sums;
ALTER TABLE value_sums_new RENAME TO value_sums;
