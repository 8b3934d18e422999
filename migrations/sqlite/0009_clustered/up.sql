-- Tables that are read and written by their key alone stand in its order: one tree to write instead of a table and its index.

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

CREATE TABLE indicator_value_revisions_new (
    value_id BLOB NOT NULL,
    version INTEGER NOT NULL,
    unit_id BLOB NOT NULL REFERENCES units (id),
    withdrawn INTEGER NOT NULL,
    definition INTEGER NOT NULL,
    numerator INTEGER,
    denominator INTEGER,
    tally INTEGER,
    level INTEGER,
    state TEXT,
    state_on TEXT,
    source TEXT,
    note TEXT,
    recorded_by BLOB REFERENCES users (id),
    recorded_at TEXT NOT NULL,
    parts TEXT,
    PRIMARY KEY (value_id, version)
) STRICT, WITHOUT ROWID;
INSERT INTO indicator_value_revisions_new SELECT * FROM indicator_value_revisions;
DROP TABLE indicator_value_revisions;
ALTER TABLE indicator_value_revisions_new RENAME TO indicator_value_revisions;

CREATE TABLE collector_counts_new (
    node_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    levels TEXT NOT NULL,
    on_date TEXT NOT NULL,
    step INTEGER NOT NULL,
    PRIMARY KEY (node_id, kind, levels, on_date)
) STRICT, WITHOUT ROWID;
INSERT INTO collector_counts_new SELECT * FROM collector_counts;
DROP TABLE collector_counts;
ALTER TABLE collector_counts_new RENAME TO collector_counts;

CREATE TABLE progress_sums_new (
    node_id BLOB NOT NULL,
    group_id BLOB NOT NULL,
    due_on TEXT NOT NULL,
    on_date TEXT NOT NULL,
    open INTEGER NOT NULL,
    returned INTEGER NOT NULL,
    percent INTEGER NOT NULL,
    done_in_time INTEGER NOT NULL,
    done_late INTEGER NOT NULL,
    PRIMARY KEY (node_id, group_id, due_on, on_date)
) STRICT, WITHOUT ROWID;
INSERT INTO progress_sums_new SELECT * FROM progress_sums;
DROP TABLE progress_sums;
ALTER TABLE progress_sums_new RENAME TO progress_sums;

CREATE TABLE indicator_value_parts_new (
    value_id BLOB NOT NULL REFERENCES indicator_values (id),
    slot INTEGER NOT NULL CHECK (slot > 0),
    numerator INTEGER CHECK (numerator BETWEEN 0 AND 9007199254740991),
    denominator INTEGER CHECK (denominator BETWEEN 0 AND 9007199254740991),
    tally INTEGER CHECK (tally BETWEEN 0 AND 9007199254740991),
    PRIMARY KEY (value_id, slot)
) STRICT, WITHOUT ROWID;
INSERT INTO indicator_value_parts_new SELECT * FROM indicator_value_parts;
DROP TABLE indicator_value_parts;
ALTER TABLE indicator_value_parts_new RENAME TO indicator_value_parts;
