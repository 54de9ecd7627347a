//! The change log and those who follow it: other processes, restored databases, forgotten logs, many writers.

use std::net::Ipv4Addr;
use std::time::Duration;

use postern::app::{self, App};
use postern::blocklist::Verdict;
use postern::desk::lift::{Lift, Scope};
use postern::desk::{Desk, Refusal};
use postern::domain::block::{Lasts, NewBlock};
use postern::domain::id::Id;
use postern::domain::net::Net;
use postern::domain::staff::Role;
use postern::domain::ticket::Who;
use postern::domain::time::{Clock, DAY};
use postern::store::changes::Subject;
use postern::store::{blocks, changes, exemptions, probations};
use postern::web::health;

use crate::support::TestApp;

/// Whether a process says that an address is blocked.
fn blocks_in(process: &App, addr: &str) -> bool {
    process.desk.blocklist.find(addr.parse().unwrap(), process.desk.now()).is_some()
}

/// Lets a process read what changed.
async fn catch_up(process: &App) {
    process.desk.blocklist.catch_up(&process.desk.db, &process.desk.clock).await.unwrap();
}

/// Does something to the database that no act does.
async fn tamper(app: &TestApp, statement: &'static str) {
    sqlx::query(statement).execute(app.desk().db.pool()).await.unwrap();
}

/// The `n`th address of 10/8.
fn addr(n: u32) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(Ipv4Addr::new(10, 0, 0, 0)) + n)
}

/// Blocks one address for a week.
async fn add(desk: &Desk, addr: Ipv4Addr) {
    let new = NewBlock {
        net: Net::single(addr.into()),
        cause: "PB-SPAM".to_owned(),
        lasts: Some(Lasts::For(7 * DAY)),
        note: String::new(),
        source: "staff".to_owned(),
        evidence_at: None,
    };
    desk.add_block(&Who::operator(), new).await.unwrap();
}

#[tokio::test]
async fn another_process_sees_every_kind_of_change() {
    let app = TestApp::start().await;
    let lead = app.staff("lead", Role::Lead).await;
    let other = app.second().await;
    let wide = app.block("203.0.113.0/24", "PB-SPAM").await;
    assert!(!blocks_in(&other, "203.0.113.7"), "not before it looks");
    catch_up(&other).await;
    assert!(blocks_in(&other, "203.0.113.7"));
    let lift = Lift {
        block: wide.id,
        scope: Scope::Only(Net::parse("203.0.113.7").unwrap()),
        reason: "clean".to_owned(),
        probation: DAY,
        ticket: None,
    };
    app.desk().lift(&lead, lift).await.unwrap();
    let exempt =
        app.desk().add_exemption(&lead, Net::parse("203.0.113.8").unwrap(), Lasts::Forever, "ours").await.unwrap();
    let (ticket, _) = app.ask("a@sender.example", "203.0.113.9").await;
    catch_up(&other).await;
    assert!(!blocks_in(&other, "203.0.113.7") && !blocks_in(&other, "203.0.113.8") && blocks_in(&other, "203.0.113.9"));
    let token = postern::domain::id::hash(app.desk().mail_token(ticket.id).as_bytes());
    assert!(other.desk.blocklist.token_lives(&token, other.desk.now()));
    app.desk().end_exemption(&lead, exempt).await.unwrap();
    app.desk().set_block_end(&lead, wide.id, Lasts::For(2 * DAY)).await.unwrap();
    catch_up(&other).await;
    assert!(blocks_in(&other, "203.0.113.8"));
    app.wait(2 * DAY);
    assert!(!blocks_in(&other, "203.0.113.8"), "an end needs no news");
    assert_eq!(app.desk().expire_blocks().await.unwrap(), 1);
    catch_up(&other).await;
    assert_eq!((other.desk.blocklist.count(), other.desk.blocklist.reached()), (0, app.desk().blocklist.reached()));
}

#[tokio::test]
async fn changes_go_both_ways() {
    let app = TestApp::start().await;
    let other = app.second().await;
    add(&other.desk, addr(1)).await;
    add(app.desk(), addr(2)).await;
    assert!(app.is_blocked("10.0.0.1") && app.is_blocked("10.0.0.2"), "an act follows all that came before it");
    assert!(!blocks_in(&other, "10.0.0.2"));
    other.desk.lift_net(&Who::operator(), Net::single(addr(2).into()), "clean").await.unwrap();
    catch_up(&other).await;
    app.desk().follow_all().await;
    assert!(!app.is_blocked("10.0.0.2") && !blocks_in(&other, "10.0.0.2"));
    assert_eq!(app.desk().blocklist.reached(), other.desk.blocklist.reached());
}

#[tokio::test]
async fn a_process_that_starts_later_knows_all() {
    let app = TestApp::start().await;
    let lead = app.staff("lead", Role::Lead).await;
    let wide = app.block("203.0.113.0/24", "PB-SPAM").await;
    app.block("192.0.2.1", "PB-SPAM").await;
    let lift = Lift {
        block: wide.id,
        scope: Scope::Only(Net::parse("203.0.113.7").unwrap()),
        reason: "clean".to_owned(),
        probation: DAY,
        ticket: None,
    };
    app.desk().lift(&lead, lift).await.unwrap();
    app.desk().add_exemption(&lead, Net::parse("203.0.113.8").unwrap(), Lasts::Forever, "ours").await.unwrap();
    let (ticket, _) = app.ask("a@sender.example", "203.0.113.9").await;
    let other = app.second().await;
    for (addr, blocked) in [("203.0.113.7", false), ("203.0.113.8", false), ("203.0.113.9", true), ("192.0.2.1", true)]
    {
        assert_eq!(blocks_in(&other, addr), blocked, "{addr}");
    }
    let token = postern::domain::id::hash(app.desk().mail_token(ticket.id).as_bytes());
    assert!(other.desk.blocklist.token_lives(&token, other.desk.now()));
    assert_eq!(other.desk.blocklist.reached(), app.desk().blocklist.reached());
}

#[tokio::test]
async fn before_its_first_load_a_process_knows_that_it_knows_nothing() {
    let app = TestApp::start().await;
    app.block("203.0.113.7", "PB-SPAM").await;
    let fresh = app::connect((*app.desk().config).clone(), Clock::fixed(app.desk().now())).await.unwrap();
    let ask = || fresh.desk.blocklist.ask("203.0.113.7".parse().unwrap(), fresh.desk.now());
    assert_eq!((ask(), fresh.desk.blocklist.reached()), (Verdict::Unknown, None));
    let ready = async || health::ready(axum::extract::State(fresh.clone())).await;
    assert!(ready().await.1.contains("block list loading, 0 so far"));
    catch_up(&fresh).await;
    assert!(matches!(ask(), Verdict::Blocked(_)));
    assert_eq!((fresh.desk.blocklist.loaded(), ready().await.0.as_u16()), (1, 200));
    assert_eq!(fresh.desk.blocklist.heard_at(), fresh.desk.now());
}

#[tokio::test]
async fn after_a_restore_the_list_is_loaded_afresh() {
    let app = TestApp::start().await;
    let other = app.second().await;
    app.block("203.0.113.7", "PB-SPAM").await;
    app.block("203.0.113.8", "PB-SPAM").await;
    catch_up(&other).await;
    // A backup of another time: the same number of changes, but others, under another epoch.
    tamper(&app, "UPDATE blocks SET state = 'dropped' WHERE net = '203.0.113.7'").await;
    catch_up(&other).await;
    assert!(blocks_in(&other, "203.0.113.7"), "nothing says that anything changed");
    tamper(&app, "UPDATE block_counter SET epoch = 'restored'").await;
    catch_up(&other).await;
    assert!(!blocks_in(&other, "203.0.113.7") && blocks_in(&other, "203.0.113.8"));
    app.desk().follow_all().await;
    assert!(!app.is_blocked("203.0.113.7"));
}

#[tokio::test]
async fn a_log_that_went_back_is_loaded_afresh() {
    let app = TestApp::start().await;
    app.block("203.0.113.7", "PB-SPAM").await;
    app.block("203.0.113.8", "PB-SPAM").await;
    tamper(&app, "UPDATE blocks SET state = 'dropped' WHERE net = '203.0.113.8'").await;
    tamper(&app, "DELETE FROM block_changes WHERE n = 2").await;
    tamper(&app, "UPDATE block_counter SET n = 1").await;
    app.desk().follow_all().await;
    assert!(app.is_blocked("203.0.113.7") && !app.is_blocked("203.0.113.8"));
    assert_eq!(app.desk().blocklist.reached(), Some(1));
}

#[tokio::test]
async fn who_was_away_longer_than_the_log_is_kept_loads_afresh() {
    let app = TestApp::start().await;
    let other = app.second().await;
    app.block("203.0.113.7", "PB-SPAM").await;
    app.wait(8 * DAY);
    app.desk().forget().await.unwrap();
    let pool = app.desk().db.pool();
    assert_eq!(changes::oldest(pool).await.unwrap(), None);
    app.desk().expire_blocks().await.unwrap();
    app.block("203.0.113.8", "PB-SPAM").await;
    assert!(changes::oldest(pool).await.unwrap() > Some(1));
    catch_up(&other).await;
    assert!(blocks_in(&other, "203.0.113.8"));
    assert_eq!((other.desk.blocklist.count(), other.desk.blocklist.reached()), (1, app.desk().blocklist.reached()));
}

#[tokio::test]
async fn a_forgotten_log_without_news_is_no_reason_to_load() {
    let app = TestApp::start().await;
    app.block("203.0.113.7", "PB-SPAM").await;
    app.wait(8 * DAY);
    app.desk().forget().await.unwrap();
    app.desk().follow_all().await;
    assert_eq!(app.desk().blocklist.count(), 1, "the ended block is still held: the list was not loaded");
}

#[tokio::test]
async fn with_the_database_away_answers_come_from_what_is_known() {
    let app = TestApp::start().await;
    app.block("203.0.113.7", "PB-SPAM").await;
    app.desk().db.close().await;
    assert!(app.desk().blocklist.catch_up(&app.desk().db, &app.desk().clock).await.is_err());
    assert!(app.is_blocked("203.0.113.7") && !app.is_blocked("203.0.113.8"));
    assert!(!app.desk().db.answers().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_writers_leave_no_gap_and_the_index_equals_the_database() {
    let app = TestApp::start().await;
    let other = app.second().await;
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            // Half of them write through the second process.
            let desk = if writer % 2 == 0 { app.desk().clone() } else { other.desk.clone() };
            tokio::spawn(async move {
                for n in 0..50 {
                    let place = addr(writer * 1_000 + n);
                    add(&desk, place).await;
                    if n % 3 == 0 {
                        desk.lift_net(&Who::operator(), Net::single(place.into()), "clean").await.unwrap();
                    }
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let pool = app.desk().db.pool();
    let log = changes::after(pool, 0, 100_000).await.unwrap();
    // Each add is one change, each lift two: the block and its probation.
    assert_eq!(log.len(), 8 * (50 + 2 * 17));
    assert!(log.iter().zip(1..).all(|(change, n)| change.n == n), "the numbers have a gap");
    assert_eq!(blocks::count_live(pool).await.unwrap(), 8 * 33);
    for process in [&app.app, &other] {
        catch_up(process).await;
        assert_eq!(process.desk.blocklist.count(), 8 * 33);
        for writer in 0..8 {
            for n in 0..50 {
                assert_eq!(blocks_in(process, &addr(writer * 1_000 + n).to_string()), n % 3 != 0);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_changes_several_blocks_does_not_wait_for_who_waits_for_the_log() {
    let app = TestApp::start().await;
    let lead = app.staff("lead", Role::Lead).await;
    let (wide, exact) = (app.block("203.0.113.0/24", "PB-SPAM").await, app.block("203.0.113.7", "PB-SPAM").await);
    let (desk, now) = (app.desk(), app.desk().now());
    let mut several = desk.db.begin().await.unwrap();
    desk.change(&mut several, Subject::Block, wide.id).await.unwrap();
    let other = desk.clone();
    let lift = Lift { block: exact.id, scope: Scope::Entry, reason: "clean".to_owned(), probation: DAY, ticket: None };
    let mut one = tokio::spawn(async move { other.lift(&lead, lift).await });
    assert!(tokio::time::timeout(Duration::from_millis(200), &mut one).await.is_err(), "it waits for the log");
    assert!(blocks::lift(&mut *several, exact.id, "operator", "clean", None, now).await.unwrap());
    desk.change(&mut several, Subject::Block, exact.id).await.unwrap();
    several.commit().await.unwrap();
    assert!(matches!(one.await.unwrap(), Err(Refusal::Invalid(_))), "it was lifted before");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_of_the_same_blocks_do_not_block_each_other() {
    let app = TestApp::start().await;
    let lead = app.staff("lead", Role::Lead).await;
    for round in 0..12 {
        let nets = [format!("10.{round}.0.0/16"), format!("10.{round}.1.0/24"), format!("10.{round}.1.1")];
        let mut made = Vec::new();
        for net in &nets {
            made.push(app.block(net, "PB-SPAM").await);
        }
        let mut tasks = Vec::new();
        for block in made.clone() {
            let (desk, lead) = (app.desk().clone(), lead.clone());
            let lift =
                Lift { block: block.id, scope: Scope::Entry, reason: "clean".to_owned(), probation: DAY, ticket: None };
            tasks.push(tokio::spawn(async move { desk.lift(&lead, lift).await.map(|_| ()) }));
        }
        for _ in 0..2 {
            let (desk, net) = (app.desk().clone(), made[2].net);
            tasks.push(tokio::spawn(async move { desk.lift_only(&Who::operator(), net, "clean").await }));
        }
        for task in tasks {
            match task.await.unwrap() {
                Ok(()) | Err(Refusal::Invalid(_) | Refusal::Stale) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        assert!(!app.is_blocked(&format!("10.{round}.1.1")));
    }
}

#[tokio::test]
async fn a_loaded_list_holds_what_the_tables_say() {
    let app = TestApp::start().await;
    let lead = app.staff("lead", Role::Lead).await;
    for text in ["203.0.113.0/24", "203.0.113.7", "2001:db8::/64", "2001:db8::1"] {
        app.block(text, "PB-SPAM").await;
    }
    app.desk().lift_net(&Who::operator(), Net::parse("203.0.113.7").unwrap(), "clean").await.unwrap();
    app.desk().add_exemption(&lead, Net::parse("2001:db8::1").unwrap(), Lasts::Forever, "ours").await.unwrap();
    let (pool, now) = (app.desk().db.pool(), app.desk().now());
    assert_eq!(blocks::live_page(pool, Id(0), 100).await.unwrap().len(), 3);
    assert_eq!(blocks::live_page(pool, Id(i64::MAX), 100).await.unwrap().len(), 0);
    assert_eq!(probations::list(pool, now).await.unwrap().len(), 1);
    assert_eq!(exemptions::list(pool, now).await.unwrap().len(), 1);
    let inside: Vec<String> = blocks::live_inside(pool, Net::parse("2001:db8::/32").unwrap(), 10)
        .await
        .unwrap()
        .iter()
        .map(|b| b.net.to_string())
        .collect();
    assert_eq!(inside, ["2001:db8::/64", "2001:db8::1"]);
    assert_eq!(blocks::live_inside(pool, Net::parse("203.0.113.128/25").unwrap(), 10).await.unwrap().len(), 0);
}
