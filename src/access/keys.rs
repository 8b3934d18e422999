//! The keys in the database. Their life is a matter of dates, so that all instances agree and no job turns a key over: a new one is
//! published when it is made, signs after a lead that every cache outlives, and verifies until no token of it can be alive.

use diesel::prelude::*;

use super::kek::{self, KeyFile, Sealed};
use super::token::{self, JWKS_SECONDS, Keys, LEEWAY, LIFETIME, StoredKey, StoredKeys};
use crate::clock::Instant;
use crate::db::schema::{server_secrets, signing_keys};
use crate::db::{Conn, Db, Tx, each};
use crate::error::{Error, Result};
use crate::ids::AnyId;
use crate::journal::{self, Entry};

/// The one secret that all instances share.
const SECRET: &str = "server";
/// After a new key signs: the oldest token of the one before it, by clocks that differ, as seen by who read the keys just before.
pub const OVERLAP: i64 = LIFETIME + 2 * LEEWAY + JWKS_SECONDS;

type Row = (String, Vec<u8>, Instant, Option<Instant>, Option<String>);

/// All keys and the secret, as they are now.
///
/// # Errors
/// 500 where the key file does not open them; database errors.
pub fn read(db: &mut Db<'_>, file: Option<&KeyFile>) -> Result<StoredKeys> {
    let rows: Vec<Row> = signing_keys::table
        .order_by((signing_keys::signs_from, signing_keys::kid))
        .select((
            signing_keys::kid,
            signing_keys::private_key,
            signing_keys::signs_from,
            signing_keys::retired_at,
            signing_keys::sealed_with,
        ))
        .load(db.conn)?;
    let open = |(kid, bytes, signs_from, retired_at, with): Row| {
        let private_key = kek::open(file, &kid, &Sealed { bytes, with })?;
        Ok(StoredKey { kid, private_key, signs_from, retired_at })
    };
    let keys = rows.into_iter().map(open).collect::<Result<Vec<StoredKey>>>()?;
    let query = server_secrets::table.filter(server_secrets::name.eq(SECRET)).select((server_secrets::secret, server_secrets::sealed_with));
    let secret: Option<(Vec<u8>, Option<String>)> = query.first(db.conn).optional()?;
    let secret = match (secret, keys.last()) {
        (Some((bytes, with)), _) => kek::open(file, SECRET, &Sealed { bytes, with })?,
        // Before the secret had a row of its own it came from the newest key: sessions, cursors and what is sealed go on.
        (None, Some(newest)) => token::derive(&newest.private_key, b"tiendo server secret"),
        (None, None) => token::random()?.to_vec(),
    };
    Ok(StoredKeys { keys, secret })
}

/// Every key that ever signed, for what was signed long ago.
///
/// # Errors
/// As [`read`]; 500 if there is none.
pub fn every(db: &mut Db<'_>, file: Option<&KeyFile>) -> Result<Keys> {
    Keys::load(&read(db, file)?, token::ISSUER)
}

/// The same for an instance that starts: makes what is missing, and seals with the key file what is not.
///
/// # Errors
/// As [`read`].
pub fn prepare(tx: &mut Tx<'_>, file: Option<&KeyFile>) -> Result<StoredKeys> {
    hold_secret(tx, file)?;
    let stored = read(tx, file)?;
    if stored.keys.is_empty() {
        let now = tx.now();
        insert(tx, file, &token::generate(now)?)?;
    }
    reseal(tx, file)?;
    read(tx, file)
}

/// How a new key takes the place of those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It signs after so many seconds; those before it verify as long as a token of theirs may live.
    After(i64),
    /// Somebody may have one of those before it: it signs now, and they verify nothing more.
    AtOnce,
}

/// Makes a key that is published at once. Answers it.
///
/// # Errors
/// As [`read`].
pub fn rotate(tx: &mut Tx<'_>, file: Option<&KeyFile>, turn: Turn) -> Result<StoredKey> {
    prepare(tx, file)?;
    let now = tx.now();
    let (signs_from, retired_at, action) = match turn {
        Turn::After(lead) => (now.plus(lead), now.plus(lead + OVERLAP), "key.rotate"),
        Turn::AtOnce => (now, now, "key.revoke"),
    };
    let key = token::generate(signs_from)?;
    // One that an earlier turn retires later is retired now if this one is because of a theft.
    let later = signing_keys::retired_at.gt(retired_at).assume_not_null();
    let before = signing_keys::table.filter(signing_keys::retired_at.is_null().or(later));
    diesel::update(before).set(signing_keys::retired_at.eq(retired_at)).execute(tx.conn)?;
    insert(tx, file, &key)?;
    let id: AnyId = key.kid.parse().map_err(|_| Error::internal("a key's name is an id"))?;
    journal::append(tx, Entry::new(action, None, "key", id))?;
    Ok(key)
}

/// Gives the secret its row if it has none, and keeps others who start or rotate waiting.
fn hold_secret(tx: &mut Tx<'_>, file: Option<&KeyFile>) -> Result<()> {
    if server_secrets::table.find(SECRET).count().get_result::<i64>(tx.conn)? == 0 {
        let sealed = kek::seal(file, SECRET, &read(tx, file)?.secret)?;
        let row = (server_secrets::name.eq(SECRET), server_secrets::secret.eq(&sealed.bytes), server_secrets::sealed_with.eq(&sealed.with));
        let conn = &mut *tx.conn;
        each!(conn => diesel::insert_into(server_secrets::table).values(row).on_conflict(server_secrets::name).do_nothing().execute(conn))?;
    }
    if let Conn::Pg(pg) = &mut *tx.conn {
        let _: Vec<String> = server_secrets::table.select(server_secrets::name).for_no_key_update().load(pg)?;
    }
    Ok(())
}

fn insert(tx: &mut Tx<'_>, file: Option<&KeyFile>, key: &StoredKey) -> Result<()> {
    let sealed = kek::seal(file, &key.kid, &key.private_key)?;
    let row = (
        signing_keys::kid.eq(&key.kid),
        signing_keys::private_key.eq(sealed.bytes),
        signing_keys::sealed_with.eq(sealed.with),
        signing_keys::created_at.eq(tx.now()),
        signing_keys::signs_from.eq(key.signs_from),
    );
    diesel::insert_into(signing_keys::table).values(row).execute(tx.conn)?;
    Ok(())
}

/// Seals with the first key of the file whatever is in the clear or sealed with another.
fn reseal(tx: &mut Tx<'_>, file: Option<&KeyFile>) -> Result<()> {
    let keys: Vec<(String, Vec<u8>, Option<String>)> =
        signing_keys::table.select((signing_keys::kid, signing_keys::private_key, signing_keys::sealed_with)).load(tx.conn)?;
    for (kid, bytes, with) in keys {
        if let Some(sealed) = anew(file, &kid, &Sealed { bytes, with })? {
            diesel::update(signing_keys::table.filter(signing_keys::kid.eq(&kid)))
                .set((signing_keys::private_key.eq(sealed.bytes), signing_keys::sealed_with.eq(sealed.with)))
                .execute(tx.conn)?;
        }
    }
    let secrets: Vec<(String, Vec<u8>, Option<String>)> =
        server_secrets::table.select((server_secrets::name, server_secrets::secret, server_secrets::sealed_with)).load(tx.conn)?;
    for (name, bytes, with) in secrets {
        if let Some(sealed) = anew(file, &name, &Sealed { bytes, with })? {
            diesel::update(server_secrets::table.filter(server_secrets::name.eq(&name)))
                .set((server_secrets::secret.eq(sealed.bytes), server_secrets::sealed_with.eq(sealed.with)))
                .execute(tx.conn)?;
        }
    }
    Ok(())
}

fn anew(file: Option<&KeyFile>, name: &str, stored: &Sealed) -> Result<Option<Sealed>> {
    if !kek::is_outdated(file, stored) {
        return Ok(None);
    }
    kek::seal(file, name, &kek::open(file, name, stored)?).map(Some)
}
