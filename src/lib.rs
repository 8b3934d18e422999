//! Tiến độ: the back end with which a provincial education department runs and monitors its plan to 2030.
//!
//! A module per resource over a thin kernel. Data flows one way: middleware, [`access::Access`], handler, `rules` and `store`,
//! answer. Each resource has the same rooms: `http` (paths, extractors, statuses; actix, never diesel), `model` (its types),
//! `rules` (pure functions) and `store` (queries; diesel, never actix). Imports go down this list and never up (a test keeps it).

// Values that everything stands on.
pub mod clock;
pub mod difference;
pub mod error;
pub mod ids;
pub mod life;
pub mod network;
pub mod patch;
pub mod refs;
pub mod registers;
pub mod secrets;
pub mod text;
pub mod vocabulary;

// The kernel.
pub mod access;
pub mod db;
pub mod files;
pub mod http;
pub mod journal;
pub mod mail;
pub mod print;
pub mod sums;

// Resources.
pub mod assignments;
pub mod catalogue;
pub mod charts;
pub mod clients;
pub mod dashboard;
pub mod documents;
pub mod evidence;
pub mod forms;
pub mod indicators;
pub mod localities;
pub mod oauth;
pub mod periods;
pub mod plans;
pub mod reports;
pub mod results;
pub mod rounds;
pub mod sessions;
pub mod tasks;
pub mod totp;
pub mod units;
pub mod users;
pub mod values;

// The program.
pub mod app;
pub mod bar;
pub mod bootstrap;
pub mod config;
pub mod demo;
pub mod jobs;
pub mod logs;
