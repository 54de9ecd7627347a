//! Tests of the whole portal: the real router, a database of its own for each test, a clock that stands still.
//! `TEST_DATABASE_URL` (a `PostgreSQL` server where databases may be made) chooses the engine; without it `SQLite`.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::format_collect,
    reason = "a test may fail"
)]

mod support;

mod api;
mod architecture;
mod checks;
mod cli;
mod dnsbl;
mod e2e;
mod evidence;
mod follower;
mod hostile;
mod imports;
mod lifts;
mod lists;
mod outbox;
mod policy;
mod public;
mod requests;
mod selfservice;
mod signing_in;
mod socketmap;
mod spf;
mod staff;
mod staff_pages;
mod store;
mod sweep;
mod tickets;
