-- Reports: what is asked (forms), when and of whom (rounds), what units answer, and how far a round is.

CREATE TABLE report_forms (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    code TEXT NOT NULL UNIQUE,
    title_key TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;

-- Each change is a version: a round goes on asking what it asked.
CREATE TABLE report_form_versions (
    form_id BLOB NOT NULL REFERENCES report_forms (id),
    number INTEGER NOT NULL CHECK (number >= 1),
    title_vi TEXT NOT NULL,
    title_en TEXT NOT NULL,
    sections TEXT NOT NULL,
    indicators TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (form_id, number)
) STRICT;

CREATE TABLE reporting_rounds (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    code TEXT NOT NULL UNIQUE,
    title_vi TEXT NOT NULL,
    title_en TEXT NOT NULL,
    title_key TEXT NOT NULL,
    period_id BLOB NOT NULL REFERENCES periods (id),
    form_id BLOB NOT NULL REFERENCES report_forms (id),
    form_version INTEGER NOT NULL,
    -- Who owes: units below this one whose kind, type and levels are among the words; none of them: all.
    within_id BLOB NOT NULL REFERENCES units (id),
    kinds TEXT NOT NULL,
    types TEXT NOT NULL,
    levels TEXT NOT NULL,
    due_school TEXT,
    due_district TEXT,
    due_department TEXT,
    locks_school TEXT,
    locks_district TEXT,
    locks_department TEXT,
    -- The day on which it opens by itself.
    opens_on TEXT,
    status TEXT NOT NULL CHECK (status IN ('draft', 'open', 'closed')),
    opened_at TEXT,
    closed_at TEXT,
    version INTEGER NOT NULL CHECK (version >= 1),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    FOREIGN KEY (form_id, form_version) REFERENCES report_form_versions (form_id, number)
) STRICT;
CREATE INDEX reporting_rounds_by_status ON reporting_rounds (status, opens_on);
CREATE INDEX reporting_rounds_by_update ON reporting_rounds (updated_at, id);

CREATE TABLE round_reminders (
    round_id BLOB NOT NULL REFERENCES reporting_rounds (id),
    on_date TEXT NOT NULL,
    told_at TEXT,
    PRIMARY KEY (round_id, on_date)
) STRICT;

CREATE TABLE round_exceptions (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    round_id BLOB NOT NULL REFERENCES reporting_rounds (id),
    unit_id BLOB NOT NULL REFERENCES units (id),
    until_on TEXT NOT NULL,
    reason TEXT NOT NULL,
    granted_by BLOB REFERENCES users (id),
    created_at TEXT NOT NULL
) STRICT;
CREATE INDEX round_exceptions_by_unit ON round_exceptions (round_id, unit_id);

CREATE TABLE reports (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    round_id BLOB NOT NULL REFERENCES reporting_rounds (id),
    unit_id BLOB NOT NULL REFERENCES units (id),
    -- 1: the unit's report in the round; 2: the one that is to replace it; null: replaced or recalled.
    slot INTEGER CHECK (slot IN (1, 2)),
    previous_id BLOB REFERENCES reports (id),
    status TEXT NOT NULL CHECK (status IN ('draft', 'submitted', 'returned', 'accepted', 'issued', 'recalled', 'superseded')),
    revision INTEGER NOT NULL CHECK (revision >= 0),
    -- Whether it first came after its due date; null until it came.
    late INTEGER,
    sections TEXT NOT NULL,
    -- What was put together of the children's sections, to tell it from what was edited.
    merged TEXT NOT NULL,
    consolidation TEXT,
    returned TEXT,
    submitted_by BLOB REFERENCES users (id),
    submitted_at TEXT,
    accepted_by BLOB REFERENCES users (id),
    accepted_at TEXT,
    document TEXT,
    records TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    UNIQUE (round_id, unit_id, slot)
) STRICT;
CREATE INDEX reports_by_unit ON reports (unit_id, status);
CREATE INDEX reports_by_status ON reports (status, unit_id);
CREATE INDEX reports_by_previous ON reports (previous_id);
CREATE INDEX reports_by_update ON reports (updated_at, id);

-- Append-only: what was submitted.
CREATE TABLE report_revisions (
    report_id BLOB NOT NULL REFERENCES reports (id),
    number INTEGER NOT NULL CHECK (number >= 1),
    submitted_by BLOB REFERENCES users (id),
    submitted_at TEXT NOT NULL,
    late INTEGER NOT NULL,
    content TEXT NOT NULL,
    -- The sections of the content once more: what the report above begins with.
    sections TEXT NOT NULL,
    PRIMARY KEY (report_id, number)
) STRICT;

-- What a revision adds up to with all below it, of units and of territories; revision 0 holds the children's of a draft.
CREATE TABLE report_amounts (
    report_id BLOB NOT NULL REFERENCES reports (id),
    revision INTEGER NOT NULL,
    indicator_id BLOB NOT NULL REFERENCES indicators (id),
    period_id BLOB NOT NULL REFERENCES periods (id),
    of_places INTEGER NOT NULL,
    numerator INTEGER NOT NULL,
    denominator INTEGER NOT NULL,
    numerator_rows INTEGER NOT NULL,
    denominator_rows INTEGER NOT NULL,
    complete_rows INTEGER NOT NULL,
    PRIMARY KEY (report_id, revision, indicator_id, period_id, of_places)
) STRICT, WITHOUT ROWID;

CREATE TABLE report_levels (
    report_id BLOB NOT NULL REFERENCES reports (id),
    revision INTEGER NOT NULL,
    indicator_id BLOB NOT NULL REFERENCES indicators (id),
    period_id BLOB NOT NULL REFERENCES periods (id),
    locality_id BLOB NOT NULL REFERENCES localities (id),
    level INTEGER NOT NULL,
    PRIMARY KEY (report_id, revision, indicator_id, period_id, locality_id)
) STRICT, WITHOUT ROWID;

-- Which revisions of which reports a revision was put together of.
CREATE TABLE report_sources (
    report_id BLOB NOT NULL REFERENCES reports (id),
    revision INTEGER NOT NULL,
    source_id BLOB NOT NULL REFERENCES reports (id),
    source_revision INTEGER NOT NULL,
    PRIMARY KEY (report_id, revision, source_id)
) STRICT, WITHOUT ROWID;

-- Issued documents: the same bytes for ever.
CREATE TABLE report_documents (
    report_id BLOB NOT NULL REFERENCES reports (id),
    format TEXT NOT NULL CHECK (format IN ('docx', 'pdf')),
    sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
    bytes BLOB NOT NULL,
    PRIMARY KEY (report_id, format)
) STRICT;

-- The last number that an issuer gave in a year (Decree 30/2020 article 15): a row to wait for, so no number is missing or given twice.
CREATE TABLE issue_numbers (
    issuer_id BLOB NOT NULL REFERENCES units (id),
    year INTEGER NOT NULL,
    last INTEGER NOT NULL CHECK (last >= 1),
    PRIMARY KEY (issuer_id, year)
) STRICT;

-- How far a round is at a unit and all below it, by the role of who owes: kept by the writes themselves.
CREATE TABLE round_sums (
    round_id BLOB NOT NULL,
    node_id BLOB NOT NULL,
    role TEXT NOT NULL,
    expected INTEGER NOT NULL,
    received INTEGER NOT NULL,
    late INTEGER NOT NULL,
    submitted INTEGER NOT NULL,
    returned INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    PRIMARY KEY (round_id, node_id, role)
) STRICT, WITHOUT ROWID;
