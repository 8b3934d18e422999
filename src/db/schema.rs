//! One schema for both databases (a test compares it with each).
#![expect(missing_docs, reason = "the migrations say what each table is")]

use diesel::{allow_columns_to_appear_in_same_group_by_clause, allow_tables_to_appear_in_same_query, joinable, table};

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    localities (id) {
        id -> Uid, code -> Text, name -> Text, name_key -> Text, sort_key -> Binary, rank -> Text, parent_id -> Nullable<Uid>,
        external_codes -> Text, valid_from -> Date, valid_to -> Date, version -> BigInt, created_at -> Timestamp, updated_at -> Timestamp,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    units (id) {
        id -> Uid, code -> Text, kind -> Text, #[sql_name = "type"] type_ -> Text, external_codes -> Text,
        valid_from -> Date, valid_to -> Date, version -> BigInt, created_at -> Timestamp, updated_at -> Timestamp,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    unit_spells (unit_id, valid_from) {
        unit_id -> Uid, valid_from -> Date, valid_to -> Date, name -> Text, name_key -> Text, sort_key -> Binary,
        short_name -> Nullable<Text>, parent_id -> Nullable<Uid>, locality_id -> Nullable<Uid>, levels -> Text,
        ownership -> Nullable<Text>, document_id -> Nullable<Uid>, tell_on -> Nullable<Date>,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    unit_closure (descendant, ancestor, valid_from) {
        descendant -> Uid, ancestor -> Uid, valid_from -> Date, valid_to -> Date, depth -> Integer,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    journal (seq) {
        seq -> BigInt, txid -> BigInt, id -> Uid, at -> Timestamp, action -> Text, event -> Nullable<Text>, outcome -> Text,
        resource_type -> Text, resource_id -> Nullable<Uid>, resource_code -> Nullable<Text>, unit_id -> Nullable<Uid>, deleted -> Bool,
        actor_type -> Text, actor_id -> Nullable<Uid>, actor_name -> Text, actor_role -> Nullable<Text>, actor_unit_id -> Nullable<Uid>,
        request_id -> Nullable<Text>, ip -> Nullable<Text>, before -> Nullable<Text>, after -> Nullable<Text>, actor_client_id -> Nullable<Uid>,
    }
}

table! {
    use diesel::sql_types::*;
    seals (position) {
        position -> BigInt, seq -> BigInt, previous -> Binary, hash -> Binary, floor -> BigInt,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    leases (name) { name -> Text, holder -> Uid, until -> Timestamp, }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    idempotency (caller, operation, key) {
        caller -> Uid, operation -> Text, key -> Text, fingerprint -> Binary, status -> Nullable<Integer>, headers -> Nullable<Text>,
        body -> Nullable<Binary>, expires_at -> Timestamp,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    users (id) {
        id -> Uid, username -> Text, full_name -> Text, name_key -> Text, sort_key -> Binary, email -> Nullable<Text>,
        position -> Nullable<Text>, unit_id -> Uid, duties -> Text, status -> Text, password_hash -> Nullable<Text>,
        must_change_password -> Bool, last_seen_at -> Nullable<Timestamp>, version -> BigInt, created_at -> Timestamp, updated_at -> Timestamp,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    clients (id) {
        id -> Uid, #[sql_name = "type"] type_ -> Text, name -> Text, name_key -> Text, sort_key -> Binary, unit_id -> Uid, scopes -> Text,
        networks -> Text, redirect_uris -> Text, disabled -> Bool, expires_at -> Nullable<Timestamp>, last_used_at -> Nullable<Timestamp>,
        tokens_from -> Nullable<Timestamp>, version -> BigInt, created_at -> Timestamp, updated_at -> Timestamp,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    client_secrets (digest) { digest -> Binary, client_id -> Uid, created_at -> Timestamp, last_used_at -> Nullable<Timestamp>, }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    revoked_tokens (jti) { jti -> Uid, expires_at -> Timestamp, }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    account_cookies (digest) { digest -> Binary, session_id -> Uid, }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    consents (user_id, client_id) { user_id -> Uid, client_id -> Uid, scopes -> Text, granted_at -> Timestamp, }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    authorization_codes (digest) {
        digest -> Binary, client_id -> Uid, user_id -> Uid, redirect_uri -> Text, challenge -> Text, scopes -> Text, expires_at -> Timestamp,
        used_at -> Nullable<Timestamp>, session_id -> Nullable<Uid>,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    totp (user_id) { user_id -> Uid, secret -> Binary, confirmed_at -> Nullable<Timestamp>, last_step -> BigInt, }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    recovery_codes (digest) { digest -> Binary, user_id -> Uid, used_at -> Nullable<Timestamp>, }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    letters (id) { id -> Uid, sealed -> Binary, tries -> Integer, due_at -> Timestamp, expires_at -> Timestamp, }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    sessions (id) {
        id -> Uid, user_id -> Uid, client -> Text, device -> Nullable<Text>, ip -> Nullable<Text>, created_at -> Timestamp,
        last_seen_at -> Timestamp, idle_until -> Timestamp, expires_at -> Timestamp, ended_at -> Nullable<Timestamp>, app_id -> Nullable<Uid>,
        scopes -> Nullable<Text>,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    refresh_tokens (digest) { digest -> Binary, session_id -> Uid, generation -> Integer, used_at -> Nullable<Timestamp>, }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    invitations (digest) {
        digest -> Binary, user_id -> Uid, expires_at -> Timestamp, used_at -> Nullable<Timestamp>, given_by -> Nullable<Uid>,
    }
}

table! {
    use diesel::sql_types::*;
    signing_keys (kid) {
        kid -> Text, private_key -> Binary, created_at -> Timestamp, signs_from -> Timestamp, retired_at -> Nullable<Timestamp>,
        sealed_with -> Nullable<Text>,
    }
}

table! {
    use diesel::sql_types::*;
    server_secrets (name) { name -> Text, secret -> Binary, sealed_with -> Nullable<Text>, }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    periods (id) {
        id -> Uid, code -> Text, kind -> Text, title_vi -> Text, title_en -> Text, starts_on -> Date, ends_on -> Date, as_of -> Date,
        year -> Integer, due_school -> Nullable<Date>, due_district -> Nullable<Date>, due_department -> Nullable<Date>,
        locked_at -> Nullable<Timestamp>, version -> BigInt, created_at -> Timestamp, updated_at -> Timestamp,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    documents (id) {
        id -> Uid, code -> Text, type_vi -> Text, number -> Nullable<Text>, issued_on -> Nullable<Date>, issued_text -> Nullable<Text>,
        issuer -> Text, title_vi -> Text, title_key -> Text, source -> Text, version -> BigInt, created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    task_groups (id) {
        id -> Uid, code -> Text, number -> Integer, title_vi -> Text, title_en -> Text, source -> Text, version -> BigInt,
        created_at -> Timestamp, updated_at -> Timestamp,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    tasks (id) {
        id -> Uid, code -> Text, group_id -> Uid, title_vi -> Text, title_en -> Text, title_key -> Text, sort_key -> Binary,
        nature -> Text, cadence -> Nullable<Text>, due_on -> Nullable<Date>, lead_proposed -> Nullable<Text>, origin -> Text,
        unit_id -> Nullable<Uid>, source -> Nullable<Text>, version -> BigInt, created_at -> Timestamp, updated_at -> Timestamp,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    indicators (id) {
        id -> Uid, code -> Text, title_vi -> Text, title_en -> Text, title_key -> Text, kind -> Text, measure -> Text,
        direction -> Text, sensitive -> Bool, section -> Text, source -> Text, more_sources -> Text, version -> BigInt,
        created_at -> Timestamp, updated_at -> Timestamp,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    indicator_definitions (indicator_id, number) {
        indicator_id -> Uid, number -> Integer, valid_from -> Date, valid_to -> Date, period_kind -> Text, numerator -> Nullable<Text>,
        denominator -> Nullable<Text>, tally -> Nullable<Text>, may_exceed -> Bool, parameters -> Text, levels -> Text,
        disaggregations -> Text, external_refs -> Text, checks -> Text,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    targets (id) {
        id -> Uid, indicator_id -> Uid, unit_id -> Uid, year -> Integer, operator -> Text, value -> Nullable<BigInt>, implied -> Bool,
        reason -> Nullable<Text>, source -> Nullable<Text>, version -> BigInt, created_at -> Timestamp, updated_at -> Timestamp,
    }
}

table! {
    use crate::ids::Uid;
    task_indicators (task_id, indicator_id) { task_id -> Uid, indicator_id -> Uid, }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    plans (id) {
        id -> Uid, unit_id -> Uid, kind -> Text, from_year -> Integer, to_year -> Integer, title -> Text, title_key -> Text,
        status -> Text, revision -> Integer, number -> Nullable<Text>, symbol -> Nullable<Text>, issued_on -> Nullable<Date>,
        issued_text -> Nullable<Text>, place -> Nullable<Text>, signatory -> Nullable<Text>, recipients -> Text, sections -> Text,
        targets -> Text, submitted_by -> Nullable<Uid>, submitted_at -> Nullable<Timestamp>, approved_by -> Nullable<Uid>,
        approved_at -> Nullable<Timestamp>, returned -> Nullable<Text>, previous_id -> Nullable<Uid>, version -> BigInt, created_at -> Timestamp, updated_at -> Timestamp,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    plan_items (id) {
        id -> Uid, plan_id -> Uid, place -> Integer, task_id -> Nullable<Uid>, title -> Text, lead_id -> Uid, cooperating -> Text,
        due_on -> Nullable<Date>, expected_result -> Nullable<Text>, money -> Nullable<BigInt>,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    indicator_values (id) {
        id -> Uid, indicator_id -> Uid, period_id -> Uid, subject_id -> Uid, unit_id -> Uid, locality_id -> Nullable<Uid>,
        definition -> Integer, counts_as -> Text, numerator -> Nullable<BigInt>, denominator -> Nullable<BigInt>,
        tally -> Nullable<BigInt>, level -> Nullable<Integer>, state -> Nullable<Text>, state_on -> Nullable<Date>, source -> Nullable<Text>,
        note -> Nullable<Text>, version -> BigInt, recorded_by -> Nullable<Uid>, created_at -> Timestamp, updated_at -> Timestamp,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    indicator_value_revisions (value_id, version) {
        value_id -> Uid, version -> BigInt, unit_id -> Uid, withdrawn -> Bool, definition -> Integer, numerator -> Nullable<BigInt>,
        denominator -> Nullable<BigInt>, tally -> Nullable<BigInt>, level -> Nullable<Integer>, state -> Nullable<Text>,
        state_on -> Nullable<Date>, source -> Nullable<Text>, note -> Nullable<Text>, recorded_by -> Nullable<Uid>,
        recorded_at -> Timestamp, parts -> Nullable<Text>,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    indicator_value_parts (value_id, slot) {
        value_id -> Uid, slot -> Integer, numerator -> Nullable<BigInt>, denominator -> Nullable<BigInt>, tally -> Nullable<BigInt>,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    withdrawn_values (value_id) {
        value_id -> Uid, indicator_id -> Uid, period_id -> Uid, subject_id -> Uid, locality_id -> Nullable<Uid>, counts_as -> Text,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    target_revisions (target_id, version) {
        target_id -> Uid, version -> BigInt, indicator_id -> Uid, unit_id -> Uid, year -> Integer, ended -> Bool, operator -> Text,
        value -> Nullable<BigInt>, reason -> Nullable<Text>, set_by -> Nullable<Uid>, set_at -> Timestamp,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    baselines (id) {
        id -> Uid, indicator_id -> Uid, unit_id -> Uid, year -> Integer, numerator -> Nullable<BigInt>, denominator -> Nullable<BigInt>,
        value -> Nullable<BigInt>, source -> Text, version -> BigInt, created_at -> Timestamp, updated_at -> Timestamp,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    value_sums (period_id, node_id, indicator_id, slot) {
        node_id -> Uid, period_id -> Uid, indicator_id -> Uid, slot -> Integer, numerator -> BigInt, denominator -> BigInt,
        numerator_rows -> BigInt, denominator_rows -> BigInt, complete_rows -> BigInt,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    collector_counts (node_id, kind, levels, on_date) {
        node_id -> Uid, kind -> Text, levels -> Text, on_date -> Date, step -> BigInt,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    plan_revisions (plan_id, number) {
        plan_id -> Uid, number -> Integer, submitted_by -> Nullable<Uid>, submitted_at -> Timestamp, content -> Text,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    assignments (id) {
        id -> Uid, task_id -> Uid, group_id -> Uid, plan_id -> Nullable<Uid>, unit_id -> Uid, assigned_by -> Uid,
        period_id -> Nullable<Uid>, title -> Text, title_key -> Text, deliverable -> Nullable<Text>, due_on -> Date, status -> Text,
        percent -> Integer, reported_by -> Nullable<Uid>, reported_done_at -> Nullable<Timestamp>, done_on -> Nullable<Date>,
        confirmed_at -> Nullable<Timestamp>, reason -> Nullable<Text>, version -> BigInt, created_at -> Timestamp,
        updated_at -> Timestamp, cancelled_by -> Nullable<Uid>,
    }
}

table! {
    use crate::ids::Uid;
    assignment_units (assignment_id, unit_id) { assignment_id -> Uid, unit_id -> Uid, }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    assignment_updates (id) {
        id -> Uid, assignment_id -> Uid, percent -> Integer, body -> Text, figures -> Text, difficulties -> Nullable<Text>,
        proposals -> Nullable<Text>, written_by -> Nullable<Uid>, created_at -> Timestamp,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    assignment_extensions (id) {
        id -> Uid, assignment_id -> Uid, due_on -> Date, reason -> Text, status -> Text, asked_by -> Nullable<Uid>,
        decided_by -> Nullable<Uid>, decided_at -> Nullable<Timestamp>, decision_reason -> Nullable<Text>, version -> BigInt,
        created_at -> Timestamp, updated_at -> Timestamp,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    progress_sums (node_id, group_id, due_on, on_date) {
        node_id -> Uid, group_id -> Uid, due_on -> Date, on_date -> Date, open -> BigInt, returned -> BigInt, percent -> BigInt,
        done_in_time -> BigInt, done_late -> BigInt,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    evidence (id) {
        id -> Uid, assignment_id -> Uid, unit_id -> Uid, name -> Text, media_type -> Text, size -> BigInt, sha256 -> Binary,
        key -> Text, uploaded_by -> Nullable<Uid>, created_at -> Timestamp,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    file_usage (unit_id) { unit_id -> Uid, bytes -> BigInt, }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    report_forms (id) {
        id -> Uid, code -> Text, title_key -> Text, version -> BigInt, created_at -> Timestamp, updated_at -> Timestamp,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    report_form_versions (form_id, number) {
        form_id -> Uid, number -> BigInt, title_vi -> Text, title_en -> Text, sections -> Text, indicators -> Text,
        created_at -> Timestamp,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    reporting_rounds (id) {
        id -> Uid, code -> Text, title_vi -> Text, title_en -> Text, title_key -> Text, period_id -> Uid, form_id -> Uid,
        form_version -> BigInt, within_id -> Uid, kinds -> Text, types -> Text, levels -> Text, due_school -> Nullable<Date>,
        due_district -> Nullable<Date>, due_department -> Nullable<Date>, locks_school -> Nullable<Date>,
        locks_district -> Nullable<Date>, locks_department -> Nullable<Date>, opens_on -> Nullable<Date>, status -> Text,
        opened_at -> Nullable<Timestamp>, closed_at -> Nullable<Timestamp>, version -> BigInt, created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    round_reminders (round_id, on_date) { round_id -> Uid, on_date -> Date, told_at -> Nullable<Timestamp>, }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    round_exceptions (id) {
        id -> Uid, round_id -> Uid, unit_id -> Uid, until_on -> Date, reason -> Text, granted_by -> Nullable<Uid>,
        created_at -> Timestamp,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    reports (id) {
        id -> Uid, round_id -> Uid, unit_id -> Uid, slot -> Nullable<Integer>, previous_id -> Nullable<Uid>, status -> Text,
        revision -> Integer, late -> Nullable<Bool>, sections -> Text, merged -> Text, consolidation -> Nullable<Text>,
        returned -> Nullable<Text>, submitted_by -> Nullable<Uid>, submitted_at -> Nullable<Timestamp>,
        accepted_by -> Nullable<Uid>, accepted_at -> Nullable<Timestamp>, document -> Nullable<Text>, records -> Text,
        counted_in -> Nullable<Uid>, accepted_for -> Nullable<Uid>, version -> BigInt, created_at -> Timestamp, updated_at -> Timestamp,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    report_revisions (report_id, number) {
        report_id -> Uid, number -> Integer, submitted_by -> Nullable<Uid>, submitted_at -> Timestamp, late -> Bool, content -> Text,
        sections -> Text,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    report_amounts (report_id, revision, indicator_id, period_id, of_places) {
        report_id -> Uid, revision -> Integer, indicator_id -> Uid, period_id -> Uid, of_places -> Bool, numerator -> BigInt,
        denominator -> BigInt, numerator_rows -> BigInt, denominator_rows -> BigInt, complete_rows -> BigInt,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    report_levels (report_id, revision, indicator_id, period_id, locality_id) {
        report_id -> Uid, revision -> Integer, indicator_id -> Uid, period_id -> Uid, locality_id -> Uid, level -> Integer,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    report_sources (report_id, revision, source_id) {
        report_id -> Uid, revision -> Integer, source_id -> Uid, source_revision -> Integer,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    report_documents (report_id, format) { report_id -> Uid, format -> Text, sha256 -> Binary, bytes -> Binary, }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    issue_numbers (issuer_id, year) { issuer_id -> Uid, year -> Integer, last -> Integer, }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    round_sums (round_id, node_id, role) {
        round_id -> Uid, node_id -> Uid, role -> Text, expected -> BigInt, received -> BigInt, late -> BigInt, submitted -> BigInt,
        returned -> BigInt, accepted -> BigInt,
    }
}

table! {
    use diesel::sql_types::*;
    sign_in_failures (key) {
        key -> Text, failures -> Integer, last_at -> Timestamp, blocked_until -> Nullable<Timestamp>, under_way -> Integer,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    password_history (user_id, set_at) { user_id -> Uid, set_at -> Timestamp, hash -> Text, }
}

allow_tables_to_appear_in_same_query!(
    localities,
    units,
    unit_spells,
    unit_closure,
    journal,
    seals,
    users,
    totp,
    recovery_codes,
    clients,
    client_secrets,
    revoked_tokens,
    account_cookies,
    consents,
    authorization_codes,
    sessions,
    refresh_tokens,
    invitations,
    periods,
    documents,
    task_groups,
    tasks,
    indicators,
    indicator_definitions,
    targets,
    task_indicators,
    plans,
    plan_items,
    indicator_values,
    indicator_value_revisions,
    indicator_value_parts,
    withdrawn_values,
    target_revisions,
    baselines,
    value_sums,
    collector_counts,
    plan_revisions,
    assignments,
    assignment_units,
    assignment_updates,
    assignment_extensions,
    progress_sums,
    evidence,
    file_usage,
    report_forms,
    report_form_versions,
    reporting_rounds,
    round_reminders,
    round_exceptions,
    reports,
    report_revisions,
    report_amounts,
    report_levels,
    report_sources,
    report_documents,
    issue_numbers,
    round_sums,
    sign_in_failures,
    password_history
);

joinable!(unit_spells -> units (unit_id));
joinable!(users -> units (unit_id));
joinable!(sessions -> users (user_id));
joinable!(seals -> journal (seq));
joinable!(invitations -> users (user_id));
joinable!(totp -> users (user_id));
joinable!(clients -> units (unit_id));
joinable!(client_secrets -> clients (client_id));
joinable!(account_cookies -> sessions (session_id));
joinable!(refresh_tokens -> sessions (session_id));
joinable!(consents -> clients (client_id));
joinable!(tasks -> task_groups (group_id));
joinable!(task_indicators -> tasks (task_id));
joinable!(task_indicators -> indicators (indicator_id));
joinable!(indicator_definitions -> indicators (indicator_id));
joinable!(targets -> indicators (indicator_id));
joinable!(targets -> units (unit_id));
joinable!(plans -> units (unit_id));
joinable!(plan_items -> plans (plan_id));
joinable!(indicator_values -> indicators (indicator_id));
joinable!(indicator_values -> periods (period_id));
joinable!(indicator_values -> units (unit_id));
joinable!(indicator_values -> localities (locality_id));
joinable!(indicator_values -> users (recorded_by));
joinable!(indicator_value_revisions -> users (recorded_by));
joinable!(indicator_value_parts -> indicator_values (value_id));
joinable!(target_revisions -> users (set_by));
joinable!(baselines -> units (unit_id));
joinable!(plan_revisions -> users (submitted_by));
joinable!(assignments -> tasks (task_id));
joinable!(assignments -> periods (period_id));
joinable!(assignment_units -> assignments (assignment_id));
joinable!(assignment_updates -> users (written_by));
joinable!(assignment_extensions -> assignments (assignment_id));
joinable!(evidence -> users (uploaded_by));
joinable!(report_form_versions -> report_forms (form_id));
joinable!(reporting_rounds -> periods (period_id));
joinable!(reporting_rounds -> report_forms (form_id));
joinable!(round_exceptions -> users (granted_by));
joinable!(reports -> reporting_rounds (round_id));
joinable!(reports -> units (unit_id));
joinable!(report_revisions -> users (submitted_by));

allow_columns_to_appear_in_same_group_by_clause!(unit_closure::ancestor, units::kind, units::type_, unit_spells::levels);
