//! One schema for both databases (a test compares it with each).
#![expect(missing_docs, reason = "the migrations say what each table is")]

use diesel::{allow_tables_to_appear_in_same_query, joinable, table};

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
        ownership -> Nullable<Text>, document_id -> Nullable<Uid>,
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
        request_id -> Nullable<Text>, ip -> Nullable<Text>, before -> Nullable<Text>, after -> Nullable<Text>,
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
    users (id) {
        id -> Uid, username -> Text, full_name -> Text, name_key -> Text, sort_key -> Binary, email -> Nullable<Text>,
        position -> Nullable<Text>, unit_id -> Uid, duties -> Text, status -> Text, password_hash -> Nullable<Text>,
        must_change_password -> Bool, last_seen_at -> Nullable<Timestamp>, version -> BigInt, created_at -> Timestamp, updated_at -> Timestamp,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::ids::Uid;
    sessions (id) {
        id -> Uid, user_id -> Uid, client -> Text, device -> Nullable<Text>, ip -> Nullable<Text>, created_at -> Timestamp,
        last_seen_at -> Timestamp, idle_until -> Timestamp, expires_at -> Timestamp, ended_at -> Nullable<Timestamp>,
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
    invitations (digest) { digest -> Binary, user_id -> Uid, expires_at -> Timestamp, used_at -> Nullable<Timestamp>, }
}

table! {
    use diesel::sql_types::*;
    signing_keys (kid) { kid -> Text, private_key -> Binary, created_at -> Timestamp, retired_at -> Nullable<Timestamp>, }
}

allow_tables_to_appear_in_same_query!(
    localities,
    units,
    unit_spells,
    unit_closure,
    journal,
    seals,
    users,
    sessions,
    refresh_tokens,
    invitations
);

joinable!(unit_spells -> units (unit_id));
joinable!(users -> units (unit_id));
joinable!(sessions -> users (user_id));
joinable!(seals -> journal (seq));
joinable!(invitations -> users (user_id));
