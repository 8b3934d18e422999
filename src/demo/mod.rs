//! The demo: a believable province as of the plan, made up from a seed, with people of each role who can sign in at once.

mod figures;
mod people;
mod province;
mod rounds;
mod work;

use std::path::{Path, PathBuf};

use crate::access::keys;
use crate::access::password::Passwords;
use crate::access::token::{self, Keys};
use crate::bar::Bar;
use crate::catalogue;
use crate::clock::Clock;
use crate::db::url::DatabaseUrl;
use crate::db::{Conn, Context, Database, migrate, write_on};
use crate::error::Result;
use crate::ids::Id;
use crate::journal::{self, Entry};
use crate::units;
use diesel::connection::SimpleConnection;
pub use people::Credential;

/// What the demo makes.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many schools, centres and colleges.
    pub schools: usize,
    /// What the made-up names and figures come from; passwords never do.
    pub seed: u64,
}

/// A folder of its own among the temporary ones, for what the demo keeps.
///
/// # Errors
/// One line that says why it cannot be made.
pub fn temporary_folder() -> Result<PathBuf, String> {
    let id: Id<crate::ids::of::Any> = Id::new();
    let folder = std::env::temp_dir().join(format!("tiendo-demo-{id}"));
    std::fs::create_dir_all(&folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    Ok(folder)
}

/// Fills an empty database and answers who can sign in.
///
/// # Errors
/// One line that says why not: the database holds data, or cannot be written.
pub fn fill(url: &DatabaseUrl, options: &Options, clock: &Clock) -> Result<Vec<Credential>, String> {
    let mut conn = Database::maintenance(url)?;
    migrate::apply(&mut conn).map_err(|error| error.to_string())?;
    let context = Context::system("demo", clock.now());
    let taken = write_on(&mut conn, &context, |tx| Ok(units::store::find_by_code(tx, catalogue::DEPARTMENT)?.is_some()));
    if taken.map_err(|error| error.to_string())? {
        return Err(format!("{url} holds data; the demo takes only an empty database"));
    }
    load(&mut conn, &context, options).map_err(|error| error.to_string())
}

fn load(conn: &mut Conn, context: &Context, options: &Options) -> Result<Vec<Credential>> {
    write_on(conn, context, catalogue::load)?;
    let mut rng = fastrand::Rng::with_seed(options.seed);
    let (offices, schools) = province::plan(&mut rng, options.schools)?;

    let mut bar = Bar::start("units", offices.len() + schools.len());
    for chunk in offices.chunks(500).chain(schools.chunks(500)) {
        write_on(conn, context, |tx| {
            let tree = tx.take_tree()?;
            chunk.iter().try_for_each(|unit| province::insert(tx, &tree, unit))
        })?;
        bar.advance(chunk.len());
    }
    bar.finish();

    let figures = figures::figures(&mut rng, &schools)?;
    let mut bar = Bar::start("figures", figures.len());
    for chunk in figures.chunks(1000) {
        write_on(conn, context, |tx| crate::values::store::record(tx, chunk, false).map(drop))?;
        bar.advance(chunk.len());
    }
    bar.finish();
    write_on(conn, context, figures::baseline)?;

    let today = context.now.business_day();
    let work = work::plan(&mut rng, &offices, &schools, today);
    let desk = write_on(conn, context, work::Desk::read)?;
    let mut bar = Bar::start("work", work.len());
    for chunk in work.chunks(500) {
        write_on(conn, context, |tx| work::insert(tx, &desk, chunk))?;
        bar.advance(chunk.len());
    }
    bar.finish();
    write_on(conn, context, crate::assignments::store::open_periods)?;

    let people = people::people(&offices, &schools)?;
    let passwords = Passwords::new()?;
    let hashes = people.iter().map(|person| passwords.hash_here(&person.password)).collect::<Result<Vec<_>>>()?;
    let vault = Keys::load(&write_on(conn, context, |tx| keys::prepare(tx, None))?, token::ISSUER)?.vault()?;
    let staff = write_on(conn, context, |tx| {
        people.iter().zip(&hashes).map(|(person, hash)| people::insert(tx, &vault, person, hash)).collect::<Result<Vec<_>>>()
    })?;
    let (credentials, staff): (Vec<Credential>, Vec<rounds::Staff>) = staff.into_iter().unzip();
    rounds::play(conn, context, &staff)?;
    write_on(conn, context, |tx| {
        let department = units::store::find_by_code(tx, catalogue::DEPARTMENT)?;
        let after = serde_json::json!({"schools": schools.len(), "figures": figures.len(), "people": people.len(), "seed": options.seed});
        let entry = Entry::new("demo.load", None, "demo", Id::new());
        journal::append(tx, Entry { unit: department, resource: None, ..entry.told(None, Some(&after), None)? })?;
        // After a bulk load the planner knows nothing of the tables until it is told to look.
        tx.conn.batch_execute("ANALYZE").map_err(crate::error::Error::from)
    })?;
    Ok(credentials)
}

/// Writes the credentials to a file that only its owner can read.
///
/// # Errors
/// One line that says why it cannot be written.
pub fn write_credentials(path: &Path, credentials: &[Credential]) -> Result<(), String> {
    use std::io::Write;
    let text = serde_json::to_string_pretty(credentials).map_err(|error| error.to_string())?;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    // An older file keeps its mode when it is opened: it goes first.
    let _ = std::fs::remove_file(path);
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| format!("cannot write {}: {error}", path.display()))
}
