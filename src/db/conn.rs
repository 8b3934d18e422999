//! One connection type over both databases, and the one macro for what diesel cannot say on it.
#![expect(missing_docs, reason = "what the derive makes has none")]

use diesel::{PgConnection, SqliteConnection};

/// A connection to either database. Build the variant yourself (`pool`): the derived `establish` hides errors.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    /// PostgreSQL.
    Pg(PgConnection),
    /// SQLite.
    Lite(SqliteConnection),
}

/// Runs one expression on the concrete connection: for upserts, batch inserts and claims of work, which
/// `MultiConnection` has no SQL for. The same text compiles twice, so both databases say the same.
macro_rules! each {
    ($conn:ident => $expression:expr) => {
        match $conn {
            $crate::db::Conn::Pg($conn) => $expression,
            $crate::db::Conn::Lite($conn) => $expression,
        }
    };
}
pub(crate) use each;

/// Runs one statement on rows: on PostgreSQL on as many as it takes, for each is a way there and back; on SQLite, which is in this process, on
/// blocks of one length, for a text of its own for each number of rows is long in preparing. On one row alone it is ready on both.
macro_rules! in_blocks {
    ($conn:expr, $rows:expr => |$some:ident, $on:ident| $run:expr) => {
        match $conn {
            $crate::db::Conn::Pg($on) => $rows.chunks(1000).try_for_each(|some| match some {
                [$some] => $run,
                $some => $run,
            }),
            $crate::db::Conn::Lite($on) => {
                let (blocks, rest) = $rows.as_chunks::<64>();
                blocks.iter().try_for_each(|$some| $run).and_then(|()| match rest {
                    [] => Ok(()),
                    [$some] => $run,
                    $some => $run,
                })
            }
        }
    };
}
pub(crate) use in_blocks;

/// Inserts rows, [`in_blocks`].
macro_rules! insert_all {
    ($conn:expr, $rows:expr => |$some:ident| $insert:expr) => {
        $crate::db::in_blocks!($conn, $rows => |$some, on| $insert.execute(on).map(|_| ()))
    };
}
pub(crate) use insert_all;

/// Narrows a boxed query to the row with this key, by id or by code.
macro_rules! by_key {
    ($query:expr, $key:expr, $table:ident) => {
        match $key {
            $crate::ids::Key::Id(id) => $query.filter($table::id.eq($crate::ids::AnyId::from(*id))),
            $crate::ids::Key::Code(code) => $query.filter($table::code.eq(code.clone())),
        }
    };
}
pub(crate) use by_key;
