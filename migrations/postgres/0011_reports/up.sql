-- Reports: what is asked (forms), when and of whom (rounds), what units answer, and how far a round is.

CREATE TABLE report_forms (
    id UUID PRIMARY KEY NOT NULL,
    code TEXT NOT NULL UNIQUE,
    title_key TEXT NOT NULL,
    version BIGINT NOT NULL CHECK (version >= 1),
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);

-- Each change is a version: a round goes on asking what it asked.
CREATE TABLE report_form_versions (
    form_id UUID NOT NULL REFERENCES report_forms (id),
    number BIGINT NOT NULL CHECK (number >= 1),
    title_vi TEXT NOT NULL,
    title_en TEXT NOT NULL,
    sections TEXT NOT NULL,
    indicators TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (form_id, number)
);

CREATE TABLE reporting_rounds (
    id UUID PRIMARY KEY NOT NULL,
    code TEXT NOT NULL UNIQUE,
    title_vi TEXT NOT NULL,
    title_en TEXT NOT NULL,
    title_key TEXT NOT NULL,
    period_id UUID NOT NULL REFERENCES periods (id),
    form_id UUID NOT NULL REFERENCES report_forms (id),
    form_version BIGINT NOT NULL,
    -- Who owes: units below this one whose kind, type and levels are among the words; none of them: all.
    within_id UUID NOT NULL REFERENCES units (id),
    kinds TEXT NOT NULL,
    types TEXT NOT NULL,
    levels TEXT NOT NULL,
    due_school DATE,
    due_district DATE,
    due_department DATE,
    locks_school DATE,
    locks_district DATE,
    locks_department DATE,
    -- The day on which it opens by itself.
    opens_on DATE,
    status TEXT NOT NULL CHECK (status IN ('draft', 'open', 'closed')),
    opened_at TIMESTAMP,
    closed_at TIMESTAMP,
    version BIGINT NOT NULL CHECK (version >= 1),
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    FOREIGN KEY (form_id, form_version) REFERENCES report_form_versions (form_id, number)
);
CREATE INDEX reporting_rounds_by_status ON reporting_rounds (status, opens_on);
CREATE INDEX reporting_rounds_by_update ON reporting_rounds (updated_at, id);

CREATE TABLE round_reminders (
    round_id UUID NOT NULL REFERENCES reporting_rounds (id),
    on_date DATE NOT NULL,
    told_at TIMESTAMP,
    PRIMARY KEY (round_id, on_date)
);

CREATE TABLE round_exceptions (
    id UUID PRIMARY KEY NOT NULL,
    round_id UUID NOT NULL REFERENCES reporting_rounds (id),
    unit_id UUID NOT NULL REFERENCES units (id),
    until_on DATE NOT NULL,
    reason TEXT NOT NULL,
    granted_by UUID REFERENCES users (id),
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX round_exceptions_by_unit ON round_exceptions (round_id, unit_id);

CREATE TABLE reports (
    id UUID PRIMARY KEY NOT NULL,
    round_id UUID NOT NULL REFERENCES reporting_rounds (id),
    unit_id UUID NOT NULL REFERENCES units (id),
    -- 1: the unit's report in the round; 2: the one that is to replace it; null: replaced or recalled.
    slot INTEGER CHECK (slot IN (1, 2)),
    previous_id UUID REFERENCES reports (id),
    status TEXT NOT NULL CHECK (status IN ('draft', 'submitted', 'returned', 'accepted', 'issued', 'recalled', 'superseded')),
    revision INTEGER NOT NULL CHECK (revision >= 0),
    -- Whether it first came after its due date; null until it came.
    late BOOLEAN,
    sections TEXT NOT NULL,
    -- What was put together of the children's sections, to tell it from what was edited.
    merged TEXT NOT NULL,
    consolidation TEXT,
    returned TEXT,
    submitted_by UUID REFERENCES users (id),
    submitted_at TIMESTAMP,
    accepted_by UUID REFERENCES users (id),
    accepted_at TIMESTAMP,
    document TEXT,
    records TEXT NOT NULL,
    version BIGINT NOT NULL CHECK (version >= 1),
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    UNIQUE (round_id, unit_id, slot)
);
CREATE INDEX reports_by_unit ON reports (unit_id, status);
CREATE INDEX reports_by_status ON reports (status, unit_id);
CREATE INDEX reports_by_previous ON reports (previous_id);
CREATE INDEX reports_by_update ON reports (updated_at, id);

-- Append-only: what was submitted.
CREATE TABLE report_revisions (
    report_id UUID NOT NULL REFERENCES reports (id),
    number INTEGER NOT NULL CHECK (number >= 1),
    submitted_by UUID REFERENCES users (id),
    submitted_at TIMESTAMP NOT NULL,
    late BOOLEAN NOT NULL,
    content TEXT NOT NULL,
    -- The sections of the content once more: what the report above begins with.
    sections TEXT NOT NULL,
    PRIMARY KEY (report_id, number)
);

-- What a revision adds up to with all below it, of units and of territories; revision 0 holds the children's of a draft.
CREATE TABLE report_amounts (
    report_id UUID NOT NULL REFERENCES reports (id),
    revision INTEGER NOT NULL,
    indicator_id UUID NOT NULL REFERENCES indicators (id),
    period_id UUID NOT NULL REFERENCES periods (id),
    of_places BOOLEAN NOT NULL,
    numerator BIGINT NOT NULL,
    denominator BIGINT NOT NULL,
    numerator_rows BIGINT NOT NULL,
    denominator_rows BIGINT NOT NULL,
    complete_rows BIGINT NOT NULL,
    PRIMARY KEY (report_id, revision, indicator_id, period_id, of_places)
);

CREATE TABLE report_levels (
    report_id UUID NOT NULL REFERENCES reports (id),
    revision INTEGER NOT NULL,
    indicator_id UUID NOT NULL REFERENCES indicators (id),
    period_id UUID NOT NULL REFERENCES periods (id),
    locality_id UUID NOT NULL REFERENCES localities (id),
    level INTEGER NOT NULL,
    PRIMARY KEY (report_id, revision, indicator_id, period_id, locality_id)
);

-- Which revisions of which reports a revision was put together of.
CREATE TABLE report_sources (
    report_id UUID NOT NULL REFERENCES reports (id),
    revision INTEGER NOT NULL,
    source_id UUID NOT NULL REFERENCES reports (id),
    source_revision INTEGER NOT NULL,
    PRIMARY KEY (report_id, revision, source_id)
);

-- Issued documents: the same bytes for ever.
CREATE TABLE report_documents (
    report_id UUID NOT NULL REFERENCES reports (id),
    format TEXT NOT NULL CHECK (format IN ('docx', 'pdf')),
    sha256 BYTEA NOT NULL CHECK (length(sha256) = 32),
    bytes BYTEA NOT NULL,
    PRIMARY KEY (report_id, format)
);

-- The last number that an issuer gave in a year (Decree 30/2020 article 15): a row to wait for, so no number is missing or given twice.
CREATE TABLE issue_numbers (
    issuer_id UUID NOT NULL REFERENCES units (id),
    year INTEGER NOT NULL,
    last INTEGER NOT NULL CHECK (last >= 1),
    PRIMARY KEY (issuer_id, year)
);

-- How far a round is at a unit and all below it, by the role of who owes: kept by the writes themselves.
CREATE TABLE round_sums (
    round_id UUID NOT NULL,
    node_id UUID NOT NULL,
    role TEXT NOT NULL,
    expected BIGINT NOT NULL,
    received BIGINT NOT NULL,
    late BIGINT NOT NULL,
    submitted BIGINT NOT NULL,
    returned BIGINT NOT NULL,
    accepted BIGINT NOT NULL,
    PRIMARY KEY (round_id, node_id, role)
);
