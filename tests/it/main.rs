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

mod answers;
mod api;
mod architecture;
mod bounds;
mod bulks;
mod checks;
mod cli;
mod damaged;
mod dmarc;
mod dnsbl;
mod e2e;
mod effects;
mod evidence;
mod feeds;
mod floods;
mod follower;
#[path = "../../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "it is the library of the fuzz targets")]
mod fuzz;
mod gaming;
mod hits;
mod hostile;
mod imports;
mod inbound;
mod intake;
mod joining;
mod lifts;
mod listeners;
mod lists;
mod outbox;
mod policy;
mod public;
mod ranges;
mod requests;
mod rfc5782;
mod safety;
mod selfservice;
mod signing_in;
mod socketmap;
mod spf;
mod staff;
mod staff_pages;
mod store;
mod sweep;
mod tickets;
mod watches;
mod year;
