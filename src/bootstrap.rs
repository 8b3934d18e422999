//! The first account: nothing else lets anyone in, for there is no default account.

use crate::access::policy::Duty;
use crate::access::token;
use crate::catalogue;
use crate::db::{Context, Database};
use crate::error::{Error, Result};
use crate::ids::{Id, UserId};
use crate::journal::{self, Entry};
use crate::units;
use crate::users::model::NewUser;
use crate::users::store;

/// How long the link holds, in seconds.
const HOLDS: i64 = 86_400;

/// Makes an invited account of the department and answers the secret of its link.
///
/// # Errors
/// 409 `duplicate` for a name that is taken; database errors.
pub fn first_account(database: &Database, context: &Context, username: &str, full_name: &str, duties: &[Duty]) -> Result<String> {
    let (secret, digest) = token::opaque()?;
    let id: UserId = Id::new();
    let new = NewUser {
        username: username.to_owned(),
        full_name: full_name.to_owned(),
        email: None,
        position: None,
        unit: catalogue::DEPARTMENT.to_owned(),
        duties: duties.to_vec(),
    };
    database.write_here(context, |tx| {
        catalogue::load(tx)?;
        let unit = units::store::find_by_code(tx, catalogue::DEPARTMENT)?.ok_or_else(|| Error::internal("there is no department"))?;
        store::insert(tx, id, unit, &new)?;
        store::invite(tx, id, &digest, tx.now().plus(HOLDS))?;
        let entry = Entry::new("user.create", Some("user.created"), "user", id.any());
        journal::append(tx, Entry { code: Some(new.username.clone()), unit: Some(unit), ..entry })
    })?;
    Ok(secret)
}
