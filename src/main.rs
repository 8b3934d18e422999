//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use tiendo::access::keys::{self, Turn};
use tiendo::access::policy::Duty;
use tiendo::app::{self, App};
use tiendo::bar::Bar;
use tiendo::clock::Clock;
use tiendo::config::{self, DatabaseSettings, KeySettings, ServerSettings};
use tiendo::db::url::DatabaseUrl;
use tiendo::db::wall::{self, Wall};
use tiendo::db::{Context, Database, Options, grants, migrate, snapshot_on, write_on};
use tiendo::error::Error;
use tiendo::journal::checkpoint;
use tiendo::journal::verify::{self, Verdict};
use tiendo::print::{Format, child};
use tiendo::{bootstrap, logs, sums};

/// Tiến độ: the back end with which a provincial education department runs and monitors its plan to 2030.
#[derive(Parser)]
#[command(name = "tiendo", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make up a province as of the plan, with people of each role, and serve it
    Demo(Demo),
    /// Serve the API; on SQLite missing migrations are applied first
    Serve(Serve),
    /// Apply missing migrations
    Migrate(Migrate),
    /// Print the OpenAPI document
    Openapi,
    /// Set the paper at the standard input: what the service starts for each document
    #[command(hide = true)]
    Print(Print),
    /// Work of an administrator
    #[command(subcommand)]
    Admin(Admin),
    /// The keys that sign access tokens
    #[command(subcommand)]
    Keys(Keys),
    /// The totals that results are read from
    #[command(subcommand)]
    Results(Results),
    /// The journal and its seals
    #[command(subcommand)]
    Audit(Audit),
}

#[derive(Subcommand)]
enum Audit {
    /// Compute every seal again, hold the chain against checkpoints, and name the first row that is not as it was; exit 1 if one is
    Verify(AuditVerify),
}

#[derive(Args)]
struct AuditVerify {
    #[command(flatten)]
    database: DatabaseSettings,
    #[command(flatten)]
    keys: KeySettings,
    /// Files of signed checkpoints; without one nobody can tell that the end was cut off
    #[arg(long, env = "CHECKPOINTS", value_delimiter = ',')]
    checkpoints: Vec<PathBuf>,
}

#[derive(Subcommand)]
enum Keys {
    /// Make a new key: published at once, signing after the lead; the one before verifies until its last token has ended
    Rotate(Rotate),
}

#[derive(Args)]
struct Rotate {
    #[command(flatten)]
    database: DatabaseSettings,
    #[command(flatten)]
    keys: KeySettings,
    /// Seconds until the new key signs: longer than anyone keeps the public keys, or verifiers of others may refuse tokens for some minutes
    #[arg(long, default_value_t = 24 * 3600, value_parser = clap::value_parser!(i64).range(0..=90 * 24 * 3600))]
    lead_seconds: i64,
    /// Somebody may have a key: the new one signs now, and whatever those before it signed is refused within a minute on every instance.
    /// Who is signed in stays so by refreshing
    #[arg(long, conflicts_with = "lead_seconds")]
    revoke: bool,
}

#[derive(Subcommand)]
enum Results {
    /// Compute every total from the values again and say which ones are kept wrongly; exit 1 if any is
    Verify(DatabaseSettings),
    /// Write every total again: after a restore, or when verify found a difference
    Rebuild(DatabaseSettings),
}

#[derive(Args)]
struct Demo {
    #[command(flatten)]
    server: ServerSettings,
    /// How many schools, centres and colleges
    #[arg(long, default_value_t = 520, value_parser = clap::value_parser!(u32).range(60..=100_000))]
    schools: u32,
    /// An empty database to fill; a temporary SQLite file unless given
    #[arg(long, env = "DEMO_DATABASE_URL", hide_env_values = true, value_parser = DatabaseUrl::parse)]
    database_url: Option<DatabaseUrl>,
    /// Where the usernames and passwords are written, as JSON
    #[arg(long, default_value = "demo-credentials.json")]
    credentials: PathBuf,
    /// What the made-up names and figures come from
    #[arg(long, default_value_t = 285)]
    seed: u64,
}

#[derive(Args)]
struct Serve {
    #[command(flatten)]
    database: DatabaseSettings,
    #[command(flatten)]
    server: ServerSettings,
}

#[derive(Args)]
struct Migrate {
    #[command(flatten)]
    database: DatabaseSettings,
    /// The URL of the role that owns the tables, where the service's own may not change them; the service's is then given what it needs
    #[arg(long, env = "MIGRATE_DATABASE_URL", hide_env_values = true, value_parser = DatabaseUrl::parse)]
    migrate_database_url: Option<DatabaseUrl>,
}

#[derive(Args)]
struct Print {
    /// docx or pdf
    #[arg(long, value_parser = |text: &str| Format::parse(text).ok_or("no format"))]
    format: Format,
    /// Bytes of memory
    #[arg(long)]
    memory: u64,
    /// Seconds of a processor
    #[arg(long)]
    seconds: u64,
}

#[derive(Subcommand)]
enum Admin {
    /// Make the first account of the department and print the single-use link that lets its person in
    Bootstrap(Bootstrap),
}

#[derive(Args)]
struct Bootstrap {
    #[command(flatten)]
    database: DatabaseSettings,
    /// The account's name for signing in
    #[arg(long, default_value = "quan.tri")]
    username: String,
    /// The person's name
    #[arg(long, default_value = "Quản trị viên")]
    full_name: String,
}

fn main() -> ExitCode {
    logs::start();
    match config::prepare(Cli::command()).and_then(|command| parse(&command)) {
        Ok(command) => run(command),
        Err(text) => refuse(&text),
    }
}

/// The command line, or one line that says what is wrong with it; help and version are printed and end the program.
fn parse(command: &clap::Command) -> Result<Command, String> {
    let matches = command.clone().try_get_matches();
    let parsed = matches.and_then(|matches| Cli::from_arg_matches(&matches));
    parsed.map(|cli| cli.command).map_err(|mut error| config::refusal(&mut error, command).unwrap_or_else(|| error.exit()))
}

fn run(command: Command) -> ExitCode {
    let answer = match command {
        Command::Demo(demo) => run_demo(&demo),
        Command::Serve(serve) => run_serve(&serve),
        Command::Migrate(migrate) => run_migrate(&migrate),
        Command::Openapi => run_openapi(),
        Command::Print(Print { format, memory, seconds }) => child::run(format, memory, seconds),
        Command::Admin(Admin::Bootstrap(bootstrap)) => run_bootstrap(&bootstrap),
        Command::Keys(Keys::Rotate(rotate)) => run_rotate(&rotate),
        Command::Results(Results::Verify(settings)) => run_results_verify(&settings),
        Command::Results(Results::Rebuild(settings)) => run_results_rebuild(&settings),
        Command::Audit(Audit::Verify(verify)) => run_audit_verify(&verify),
    };
    match answer {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => refuse(&text),
    }
}

#[expect(clippy::print_stderr, reason = "a command says in one line why it stops")]
fn refuse(text: &str) -> ExitCode {
    eprintln!("tiendo: {text}");
    ExitCode::FAILURE
}

/// What an operator is told: the cause and not where in the program it was met.
fn told(error: Error) -> String {
    error.cause().map_or_else(|| error.to_string(), |cause| cause.text.clone())
}

type Outcome = Result<(), String>;

#[expect(clippy::print_stdout, reason = "what a command answers")]
fn say(text: &str) {
    println!("{text}");
}

/// Opens the database with its migrations applied (SQLite) or checked (PostgreSQL).
fn open(settings: &DatabaseSettings) -> Result<Database, String> {
    settings.check()?;
    let mut conn = Database::maintenance(&settings.database_url)?;
    if let DatabaseUrl::Sqlite { .. } = settings.database_url {
        migrate::apply(&mut conn).map_err(|error| error.to_string())?;
    }
    let pending = migrate::pending(&mut conn).map_err(|error| error.to_string())?;
    if !pending.is_empty() {
        return Err(format!("the database lacks {}: run `tiendo migrate` first", pending.join(", ")));
    }
    drop(conn);
    Database::open(&settings.options())
}

fn run_demo(demo: &Demo) -> Outcome {
    let folder = tiendo::demo::temporary_folder()?;
    let url = match &demo.database_url {
        Some(url) => url.clone(),
        None => DatabaseUrl::parse(&format!("sqlite://{}?mode=rwc", folder.join("tiendo.db").display()))?,
    };
    // Never among files of real data: those, which no row of the demo names, would be swept.
    let files = format!("file:{}", folder.join("files").display());
    // One instance, and nobody else to agree with: tokens may say where it is.
    let here = demo.server.listen;
    let public = (here.port() != 0 && here.ip().is_loopback()).then(|| format!("http://{here}"));
    let settings = ServerSettings {
        files_url: demo.server.files_url.clone().or(Some(files)),
        public_url: demo.server.public_url.clone().or(public),
        ..demo.server.clone()
    };
    let schools = usize::try_from(demo.schools).map_err(|error| error.to_string())?;
    let people = tiendo::demo::fill(&url, &tiendo::demo::Options { schools, seed: demo.seed }, &Clock::System)?;
    tiendo::demo::write_credentials(&demo.credentials, &people)?;
    for person in &people {
        let duties: Vec<&str> = person.duties.iter().map(|duty| duty.as_str()).collect();
        say(&format!(
            "{:24} {}  {:10} {:30} {}",
            person.username,
            person.password,
            person.role.as_str(),
            duties.join(","),
            person.unit.name
        ));
    }
    say(&format!("database {url}, credentials {}", demo.credentials.display()));
    let options = Options { url, read_url: None, connections: 8, slow: Duration::from_millis(500), wall: Wall::Down };
    let served = Database::open(&options).and_then(|database| listen(database, &settings));
    let _ = std::fs::remove_dir_all(folder);
    served
}

fn run_serve(serve: &Serve) -> Outcome {
    listen(open(&serve.database)?, &serve.server)
}

/// Serves until it is stopped. The last line of the output says where.
fn listen(database: Database, settings: &ServerSettings) -> Outcome {
    actix_web::rt::System::new().block_on(async {
        let app = App::start(database, settings, Clock::steered(Clock::System)).map_err(told)?;
        say(&format!("listening on http://{}", app.address()));
        app.run().await.map_err(|error| error.to_string())
    })
}

fn run_migrate(command: &Migrate) -> Outcome {
    let url = command.migrate_database_url.as_ref().unwrap_or(&command.database.database_url);
    command.database.check_way(url)?;
    let mut conn = Database::maintenance(url)?;
    let done = migrate::apply(&mut conn).map_err(|error| error.to_string())?;
    say(&if done.is_empty() { "nothing to do".to_owned() } else { format!("applied {}", done.join(", ")) });
    if wall::set(&mut conn, command.database.wall()).map_err(|error| error.to_string())? {
        say("row security is on: the service must be started with --row-security");
    }
    if command.migrate_database_url.is_some() {
        let role = grants::role(&mut Database::maintenance(&command.database.database_url)?).map_err(|error| error.to_string())?;
        if let Some(role) = role
            && grants::give(&mut conn, &role).map_err(|error| error.to_string())?
        {
            say(&format!("{role} may do what the service does, and add to the journal"));
        }
    }
    Ok(())
}

fn run_openapi() -> Outcome {
    let document = app::document().map_err(|error| error.to_string())?;
    say(&serde_json::to_string_pretty(&document).map_err(|error| error.to_string())?);
    Ok(())
}

fn run_results_verify(settings: &DatabaseSettings) -> Outcome {
    settings.check()?;
    let mut conn = Database::maintenance(&settings.database_url)?;
    let context = Context::system("results verify", Clock::System.now());
    let verdict = snapshot_on(&mut conn, context, sums::verify).map_err(|error| error.to_string())?;
    for difference in &verdict.values {
        say(&format!(
            "node {} period {} indicator {}: kept {:?}, computed {:?}",
            difference.node, difference.period, difference.indicator, difference.kept, difference.computed
        ));
    }
    let [sums, counts, works, reports] = verdict.totals;
    match verdict.wrong() {
        0 => say(&format!(
            "{sums} sums of values, {counts} counts of collectors, {works} sums of progress and {reports} counts of reports are what they must be"
        )),
        wrong => return Err(format!("{wrong} totals are wrong: run `tiendo results rebuild`")),
    }
    Ok(())
}

fn run_results_rebuild(settings: &DatabaseSettings) -> Outcome {
    settings.check()?;
    let mut conn = Database::maintenance(&settings.database_url)?;
    let context = Context::system("results rebuild", Clock::System.now());
    let [sums, counts, works, reports] = write_on(&mut conn, &context, sums::rebuild).map_err(|error| error.to_string())?;
    say(&format!("wrote {sums} sums of values, {counts} counts of collectors, {works} sums of progress and {reports} counts of reports"));
    Ok(())
}

fn run_audit_verify(command: &AuditVerify) -> Outcome {
    command.database.check()?;
    let mut conn = Database::maintenance(&command.database.database_url)?;
    let context = || Context::system("audit verify", Clock::System.now());
    let file = command.keys.key_file.as_ref();
    let keys = snapshot_on(&mut conn, context(), |db| keys::every(db, file)).map_err(told)?;
    let (mut checkpoints, mut forged) = (Vec::new(), 0);
    for path in &command.checkpoints {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        for (line, number) in text.lines().zip(1..) {
            match checkpoint::read(line, &keys) {
                Ok(checkpoint) => checkpoints.push(checkpoint),
                Err(what) => {
                    forged += 1;
                    say(&format!("{}:{number}: the checkpoint {what}", path.display()));
                }
            }
        }
    }
    let verdict = snapshot_on(&mut conn, context(), |db| {
        let total = usize::try_from(verify::count(db)?).unwrap_or_default();
        let mut bar = Bar::start("journal", total);
        let verdict = verify::verify(db, &checkpoints, &mut |checked| bar.advance(checked));
        bar.finish();
        verdict
    })
    .map_err(told)?;
    let Verdict { sealed, unsealed, bad } = verdict;
    if let Some(bad) = bad {
        return Err(format!("the journal is not as it was: {bad}; the {sealed} entries before are"));
    }
    say(&format!("{sealed} sealed entries are as they were, by {} checkpoints; {unsealed} wait for their seal", checkpoints.len()));
    if forged > 0 { Err(format!("{forged} checkpoints are not ours")) } else { Ok(()) }
}

fn run_rotate(command: &Rotate) -> Outcome {
    let database = open(&command.database)?;
    let context = Context::system("keys rotate", Clock::System.now());
    let file = command.keys.key_file.as_ref();
    let turn = if command.revoke { Turn::AtOnce } else { Turn::After(command.lead_seconds) };
    let key = database.write_here(&context, |tx| keys::rotate(tx, file, turn)).map_err(told)?;
    let before = match turn {
        Turn::After(_) => format!("the one before it verifies until {}", key.signs_from.plus(keys::OVERLAP).rfc3339()),
        Turn::AtOnce => "none before it verifies any more".to_owned(),
    };
    say(&format!("key {} is published and signs from {}; {before}", key.kid, key.signs_from.rfc3339()));
    Ok(())
}

fn run_bootstrap(command: &Bootstrap) -> Outcome {
    let database = open(&command.database)?;
    let clock = Clock::System;
    let context = Context::system("admin bootstrap", clock.now());
    let link = bootstrap::first_account(&database, &context, &command.username, &command.full_name, Duty::ALL)
        .map_err(|error| error.to_string())?;
    say(&format!(
        "The link of {} holds 24 hours and one use. Set the password (15 to 128 characters):\n\
         curl -X POST http://127.0.0.1:8080/api/v1/invitations/accept -H 'Content-Type: application/json' -d '{{\"token\":\"{link}\",\"password\":\"…\"}}'",
        command.username
    ));
    Ok(())
}
