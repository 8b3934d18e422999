//! The API as its clients see it: every test starts the real server on a port of its own and a database of its own, and speaks HTTP.
//!
//! On SQLite unless `TEST_DATABASE_URL` names a PostgreSQL server whose role may create databases.

#![expect(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test that cannot go on says why")]

mod access;
mod accounts;
mod audit;
mod catalogue;
mod charts;
mod clients;
mod conventions;
#[cfg(feature = "long-tests")]
mod crash;
mod document;
mod evidence;
mod front_ends;
mod harness;
mod house;
mod indicators;
mod journal;
#[cfg(feature = "long-tests")]
mod limits;
mod load;
mod mail;
mod matrix;
mod measures;
mod migrations;
mod once;
mod process;
mod program;
mod properties;
mod reports;
mod rows;
mod second_factor;
mod secrets;
mod semantics;
mod sessions;
mod small_cells;
mod time;
mod tokens;
mod trace;
mod units;
mod values;
mod walks;
mod wall;
mod work;
