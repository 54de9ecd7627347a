//! Questions to the tables that pages ask and acts do not: filters, pages, histories, counts.

use postern::desk::request::Request;
use postern::domain::block::{Block, BlockState, NewBlock};
use postern::domain::email::Email;
use postern::domain::id::Id;
use postern::domain::net::Net;
use postern::domain::staff::Role;
use postern::domain::ticket::{Kind, Resolution, State, Ticket, Who};
use postern::domain::time::{DAY, HOUR, MINUTE};
use postern::store::evidence::Form;
use postern::store::tickets::Filter;
use postern::store::{Db, Engine, blocks, events, evidence, limits, messages, queue, secrets, tickets};

use crate::support::TestApp;

/// A network.
fn net(text: &str) -> Net {
    Net::parse(text).unwrap()
}

/// The keys of tickets.
fn ids(tickets: &[Ticket]) -> Vec<Id> {
    tickets.iter().map(|t| t.id).collect()
}

/// The keys of the tickets that a filter lets through.
async fn filtered(app: &TestApp, filter: Filter) -> Vec<Id> {
    ids(&tickets::list(app.desk().db.pool(), &filter, 100).await.unwrap())
}

#[tokio::test]
async fn an_empty_database_gets_its_tables_once() {
    let app = TestApp::start().await;
    let url = &app.database.url;
    let db = Db::connect(url, 2).await.unwrap();
    assert_eq!((db.migrate().await.unwrap(), db.missing_migrations().await), (0, 0));
    assert!(db.answers().await);
    assert_eq!(db.engine(), if url.starts_with("sqlite:") { Engine::Sqlite } else { Engine::Postgres });
    assert_eq!(secrets::status_key(db.pool()).await.unwrap(), app.desk().status_key, "the portal's key stays");
}

#[tokio::test]
async fn a_transaction_that_is_dropped_leaves_nothing() {
    let app = TestApp::start().await;
    let mut tx = app.desk().db.begin().await.unwrap();
    limits::count(&mut *tx, "a bucket", HOUR, app.desk().now()).await.unwrap();
    drop(tx);
    assert_eq!(limits::count(app.desk().db.pool(), "a bucket", HOUR, app.desk().now()).await.unwrap(), 1);
}

#[tokio::test]
async fn a_snapshot_shows_one_state() {
    let app = TestApp::start().await;
    app.block("203.0.113.7", "PB-SPAM").await;
    let mut snapshot = app.desk().db.snapshot().await.unwrap();
    assert_eq!(blocks::count_live(&mut *snapshot).await.unwrap(), 1);
    app.block("203.0.113.8", "PB-SPAM").await;
    assert_eq!(blocks::count_live(&mut *snapshot).await.unwrap(), 1);
    drop(snapshot);
    assert_eq!(blocks::count_live(app.desk().db.pool()).await.unwrap(), 2);
}

#[tokio::test]
async fn sqlite_keeps_what_it_acknowledged_when_the_power_goes() {
    let app = TestApp::start().await;
    if app.desk().db.engine() == Engine::Postgres {
        return;
    }
    for (pragma, want) in [("PRAGMA synchronous", 2), ("PRAGMA foreign_keys", 1)] {
        let value: i64 = sqlx::query_scalar(pragma).fetch_one(app.desk().db.pool()).await.unwrap();
        assert_eq!(value, want, "{pragma}");
    }
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(app.desk().db.pool()).await.unwrap();
    assert_eq!(mode, "wal");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn counts_of_many_tasks_add_up() {
    let app = TestApp::start().await;
    let now = app.desk().now();
    let counters: Vec<_> = (0..8)
        .map(|_| {
            let db = app.desk().db.clone();
            tokio::spawn(async move {
                for _ in 0..25 {
                    limits::count(db.pool(), "check:203.0.113.7", MINUTE, now).await.unwrap();
                }
            })
        })
        .collect();
    for counter in counters {
        counter.await.unwrap();
    }
    let pool = app.desk().db.pool();
    assert_eq!(limits::count(pool, "check:203.0.113.7", MINUTE, now).await.unwrap(), 201);
    limits::give_back(pool, "check:203.0.113.7", MINUTE, now).await.unwrap();
    assert_eq!(limits::count(pool, "check:203.0.113.7", MINUTE, now).await.unwrap(), 201);
    let next = now.plus(MINUTE);
    limits::give_back(pool, "check:203.0.113.7", MINUTE, next).await.unwrap();
    assert_eq!(limits::count(pool, "check:203.0.113.7", MINUTE, next).await.unwrap(), 1, "the next slot is empty");
    assert_eq!(limits::count(pool, "check:203.0.113.8", MINUTE, now).await.unwrap(), 1);
    limits::reset(pool, "check:203.0.113.7").await.unwrap();
    assert_eq!(limits::forget(pool, now.plus(HOUR)).await.unwrap(), 1);
    assert_eq!(limits::count(pool, "check:203.0.113.7", MINUTE, now).await.unwrap(), 1);
}

#[tokio::test]
async fn the_queue_is_filtered() {
    let app = TestApp::start().await;
    let ann = app.staff("ann", Role::Agent).await;
    let (a, _) = app.ask("a@sender.example", "203.0.113.7").await;
    app.wait(1);
    let (b, _) = app.ask("B@sender.example", "203.0.113.0/24").await;
    app.wait(1);
    let other = Request {
        kind: Kind::Delayed,
        suspected: Some("too-fast".into()),
        ..TestApp::request("c@sender.example", "2001:db8::1")
    };
    app.desk().submit(other).await.unwrap();
    let c = Id(filtered(&app, Filter::default()).await[2].0);
    app.wait(1);
    app.desk().assign(&ann, a.id, a.version, Some(ann.id)).await.unwrap();
    app.wait(1);
    app.desk().resolve(&ann, b.id, Resolution::Declined, "No.").await.unwrap();
    assert_eq!(filtered(&app, Filter::default()).await, [a.id, c], "the longest waiting first");
    let all = || Filter { newest_first: true, ..Filter::default() };
    assert_eq!(filtered(&app, all()).await, [b.id, a.id, c], "the last touched first");
    assert_eq!(filtered(&app, Filter { state: Some(State::Resolved), ..all() }).await, [b.id]);
    assert_eq!(filtered(&app, Filter { state: Some(State::New), ..all() }).await, [c]);
    assert_eq!(filtered(&app, Filter { kind: Some(Kind::Delayed), ..all() }).await, [c]);
    assert_eq!(filtered(&app, Filter { assignee: Some(ann.id), ..all() }).await, [a.id]);
    assert_eq!(filtered(&app, Filter { unassigned: true, ..all() }).await, [b.id, c]);
    assert_eq!(filtered(&app, Filter { suspected: Some(true), ..all() }).await, [c]);
    assert_eq!(filtered(&app, Filter { suspected: Some(false), ..all() }).await, [b.id, a.id]);
    assert_eq!(filtered(&app, Filter { email: Some("b@sender.example".into()), ..all() }).await, [b.id]);
    assert_eq!(filtered(&app, Filter { net: Some(net("203.0.113.0/24")), ..all() }).await, [b.id, a.id]);
    assert_eq!(filtered(&app, Filter { net: Some(net("203.0.113.7")), ..all() }).await, [a.id]);
    assert_eq!(filtered(&app, Filter { net: Some(net("2001:db8::/32")), ..all() }).await, [c]);
}

#[tokio::test]
async fn who_writes_again_is_not_pushed_back() {
    let app = TestApp::start().await;
    let ann = app.staff("ann", Role::Agent).await;
    let (a, _) = app.ask("a@sender.example", "203.0.113.7").await;
    app.wait(1);
    let (b, _) = app.ask("b@sender.example", "203.0.113.8").await;
    app.wait(1);
    app.desk().sender_adds(&a, "Is anybody there?", &[], None).await.unwrap();
    app.desk().submit(TestApp::request("a@sender.example", "203.0.113.7")).await.unwrap();
    app.desk().note(&ann, a.id, "A note.").await.unwrap();
    assert_eq!(filtered(&app, Filter::default()).await, [a.id, b.id]);
    app.desk().answer(&ann, a.id, "Which queue id?", true).await.unwrap();
    assert_eq!(filtered(&app, Filter::default()).await, [b.id, a.id], "it was its turn");
    app.wait(1);
    let (c, _) = app.ask("c@sender.example", "203.0.113.9").await;
    app.wait(1);
    app.desk().sender_adds(&a, "4XyZ12.", &[], None).await.unwrap();
    assert_eq!(filtered(&app, Filter::default()).await, [b.id, c.id, a.id], "its wait began with its answer");
}

#[tokio::test]
async fn the_queue_is_read_page_by_page_from_both_ends() {
    let app = TestApp::start().await;
    let mut made = Vec::new();
    for n in 0..7 {
        made.push(app.ask(&format!("s{n}@sender.example"), "203.0.113.7").await.0.id);
        app.wait(n % 2); // some of them are of the same moment
    }
    for newest_first in [false, true] {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let filter = Filter { newest_first, after, ..Filter::default() };
            let page = tickets::list(app.desk().db.pool(), &filter, 3).await.unwrap();
            let Some(last) = page.last() else { break };
            let time = if newest_first { last.updated_at } else { last.queued_at };
            after = Some((time, last.id));
            seen.extend(ids(&page));
        }
        if newest_first {
            seen.reverse();
        }
        assert_eq!(seen, made);
    }
}

#[tokio::test]
async fn the_history_of_a_sender_and_a_network_is_found() {
    let app = TestApp::start().await;
    let (first, _) = app.ask("Ann@sender.example", "203.0.113.7").await;
    let (second, _) = app.ask("ann@sender.example", "203.0.113.8").await;
    let (third, _) = app.ask("bob@sender.example", "203.0.113.7").await;
    let pool = app.desk().db.pool();
    let ann = Email::parse("ANN@sender.example").unwrap();
    assert_eq!(ids(&tickets::of_email(pool, &ann, third.id, 10).await.unwrap()), [second.id, first.id]);
    assert_eq!(ids(&tickets::of_email(pool, &ann, first.id, 10).await.unwrap()), [second.id]);
    assert_eq!(ids(&tickets::about(pool, net("203.0.113.7"), first.id, 10).await.unwrap()), [third.id]);
    assert_eq!(ids(&tickets::about(pool, net("203.0.113.0/24"), first.id, 10).await.unwrap()), [third.id, second.id]);
    assert_eq!(ids(&tickets::about(pool, net("203.0.113.0/24"), first.id, 1).await.unwrap()), [third.id]);
}

#[tokio::test]
async fn open_tickets_are_counted_by_state() {
    let app = TestApp::start().await;
    let ann = app.staff("ann", Role::Agent).await;
    for n in 0..5 {
        app.ask(&format!("s{n}@sender.example"), "203.0.113.7").await;
    }
    let (waiting, _) = app.ask("w@sender.example", "203.0.113.7").await;
    app.desk().answer(&ann, waiting.id, "Which one?", true).await.unwrap();
    let (ended, _) = app.ask("e@sender.example", "203.0.113.7").await;
    app.desk().resolve(&ann, ended.id, Resolution::Declined, "No.").await.unwrap();
    let bot = Request { suspected: Some("honeypot".into()), ..TestApp::request("b@sender.example", "203.0.113.7") };
    app.desk().submit(bot).await.unwrap();
    let pool = app.desk().db.pool();
    let mut counts = tickets::counts(pool, 100).await.unwrap();
    counts.sort();
    assert_eq!(counts, [(State::New, 5), (State::Waiting, 1)]);
    assert_eq!(tickets::counts(pool, 3).await.unwrap().iter().map(|(_, n)| n).sum::<i64>(), 3, "counting is bounded");
    assert_eq!(tickets::count_suspected(pool, 100).await.unwrap(), 1);
}

#[tokio::test]
async fn a_page_of_the_queue_knows_networks_and_replies() {
    let app = TestApp::start().await;
    let ann = app.staff("ann", Role::Agent).await;
    let typed = vec![net("203.0.113.9"), net("203.0.113.7"), net("2001:db8::1")];
    app.desk().submit(Request { typed, ..TestApp::request("a@sender.example", "203.0.113.7") }).await.unwrap();
    app.desk()
        .submit(Request { typed: Vec::new(), ..TestApp::request("b@sender.example", "203.0.113.7") })
        .await
        .unwrap();
    let pool = app.desk().db.pool();
    let all = tickets::list(pool, &Filter::default(), 10).await.unwrap();
    let keys = ids(&all);
    let first = queue::first_networks(pool, &keys).await.unwrap();
    assert_eq!(first.len(), 1, "one names none");
    assert_eq!((first[0].0, first[0].2), (keys[0], 3));
    assert!(queue::first_networks(pool, &[]).await.unwrap().is_empty());
    assert!(queue::replied(pool, &keys).await.unwrap().is_empty());
    for key in &keys {
        app.desk().answer(&ann, *key, "Which queue id?", true).await.unwrap();
    }
    assert!(queue::replied(pool, &keys).await.unwrap().is_empty());
    app.desk().sender_adds(&all[1], "4XyZ12.", &[], None).await.unwrap();
    assert_eq!(queue::replied(pool, &keys).await.unwrap(), [keys[1]]);
}

#[tokio::test]
async fn long_texts_are_listed_by_their_beginning_and_kept_whole() {
    let app = TestApp::start().await;
    let long = "é".repeat(70_000);
    let (ticket, _) = app.ask("a@sender.example", "203.0.113.7").await;
    app.desk().sender_adds(&ticket, &long, &[], None).await.unwrap();
    let mut incoming = app.desk().begin_evidence(Form::Pasted, "").await.unwrap();
    app.desk().take_evidence(&mut incoming, long.as_bytes()).await.unwrap();
    let held = app.desk().complete_evidence(incoming).await.unwrap();
    app.desk().sender_adds(&ticket, "", &[held.id], None).await.unwrap();
    let pool = app.desk().db.pool();
    let heads = messages::heads_of_ticket(pool, ticket.id).await.unwrap();
    assert_eq!(heads[1].text.chars().count(), messages::HEAD);
    assert_eq!(messages::find(pool, heads[1].id).await.unwrap().unwrap().text, long);
    let heads = evidence::heads_of_ticket(pool, ticket.id).await.unwrap();
    assert_eq!(heads[0].text.chars().count(), evidence::HEAD);
    assert_eq!(evidence::find(pool, held.id).await.unwrap().unwrap().text, long);
}

#[tokio::test]
async fn the_list_of_blocks_is_filtered_and_read_page_by_page() {
    let app = TestApp::start().await;
    let mut made: Vec<Block> = Vec::new();
    for (text, cause) in [("203.0.113.1", "PB-SPAM"), ("203.0.113.2", "PB-TRAP"), ("203.0.113.3", "PB-SPAM")] {
        made.push(app.block(text, cause).await);
    }
    let by_program = NewBlock {
        net: net("203.0.113.4"),
        cause: "PB-SPAM".into(),
        lasts: None,
        note: String::new(),
        source: "api:detector".into(),
        evidence_at: None,
    };
    made.push(app.desk().add_block(&Who::program("detector"), by_program).await.unwrap().block);
    app.desk().lift_net(&Who::operator(), net("203.0.113.1"), "clean").await.unwrap();
    let shown = async |filter: blocks::Filter, limit: i64| {
        let page = blocks::list(app.desk().db.pool(), &filter, limit).await.unwrap();
        page.iter().map(|b| made.iter().position(|m| m.id == b.id).unwrap()).collect::<Vec<_>>()
    };
    let all = blocks::Filter::default;
    assert_eq!(shown(all(), 10).await, [3, 2, 1, 0], "newest first");
    assert_eq!(shown(blocks::Filter { before: Some(made[2].id), ..all() }, 1).await, [1]);
    assert_eq!(shown(blocks::Filter { state: Some(BlockState::Lifted), ..all() }, 10).await, [0]);
    assert_eq!(shown(blocks::Filter { cause: Some("PB-TRAP".into()), ..all() }, 10).await, [1]);
    assert_eq!(shown(blocks::Filter { source: Some("api:detector".into()), ..all() }, 10).await, [3]);
}

#[tokio::test]
async fn what_covers_a_network_is_found_live_ones_first() {
    let app = TestApp::start().await;
    for text in [
        "203.0.113.7",
        "203.0.0.0/16",
        "203.0.113.0/24",
        "0.0.0.0/0",
        "203.0.112.0/24",
        "::/0",
        "2001:db8::/32",
        "2001:db8::7",
    ] {
        app.block(text, "PB-SPAM").await;
    }
    app.desk().lift_net(&Who::operator(), net("0.0.0.0/0"), "too much").await.unwrap();
    let found = async |text: &str| {
        let covering = blocks::covering(app.desk().db.pool(), net(text), 50).await.unwrap();
        covering.iter().map(|b| b.net.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(found("203.0.113.7").await, ["203.0.113.0/24", "203.0.0.0/16", "203.0.113.7", "0.0.0.0/0"]);
    assert_eq!(found("203.0.112.0/23").await, ["203.0.0.0/16", "0.0.0.0/0"]);
    assert_eq!(found("2001:db8::7").await, ["2001:db8::7", "2001:db8::/32", "::/0"]);
}

#[tokio::test]
async fn past_lifts_inside_a_network_are_found() {
    let app = TestApp::start().await;
    app.block("203.0.113.0/24", "PB-DYN").await;
    app.block("203.0.113.7", "PB-SPAM").await;
    app.wait(HOUR);
    app.desk().lift_net(&Who::operator(), net("203.0.113.7"), "cleaned").await.unwrap();
    app.wait(DAY);
    app.desk().lift_only(&Who::operator(), net("203.0.113.8"), "a server").await.unwrap();
    let pool = app.desk().db.pool();
    let lifts = blocks::lifts_inside(pool, net("203.0.113.0/24"), 10).await.unwrap();
    let shown: Vec<_> = lifts.iter().map(|l| (l.net.to_string(), l.cause.clone(), l.reason.clone())).collect();
    let want = [("203.0.113.8", "PB-DYN", "a server"), ("203.0.113.7", "PB-SPAM", "cleaned")];
    assert_eq!(shown, want.map(|(n, c, r)| (n.to_owned(), c.to_owned(), r.to_owned())));
    assert!(blocks::lifts_inside(pool, net("203.0.113.9"), 10).await.unwrap().is_empty());
    let carved = postern::store::exemptions::of_block(pool, lifts[0].block_id, 10).await.unwrap();
    assert_eq!(carved.iter().map(|e| e.net).collect::<Vec<_>>(), [net("203.0.113.8")]);
    let lead = app.staff("lead", Role::Lead).await;
    let ours = app
        .desk()
        .add_exemption(&lead, net("192.0.2.0/28"), postern::domain::block::Lasts::Forever, "ours")
        .await
        .unwrap();
    app.desk().end_exemption(&lead, ours).await.unwrap();
    let page = postern::store::exemptions::page(pool, None, 10).await.unwrap();
    assert_eq!(page.iter().map(|e| e.id).collect::<Vec<_>>(), [ours], "ended ones too, carve-outs not");
    assert!(postern::store::exemptions::page(pool, Some(ours), 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_audit_is_filtered_and_read_page_by_page() {
    let app = TestApp::start().await;
    app.staff("ann", Role::Agent).await;
    app.block("203.0.113.7", "PB-SPAM").await;
    app.desk().lift_net(&Who::program("detector"), net("203.0.113.7"), "clean").await.unwrap();
    let words = async |filter: events::Filter, limit: i64| {
        let page = events::list(app.desk().db.pool(), &filter, limit).await.unwrap();
        page.iter().map(|e| e.what.clone()).collect::<Vec<_>>()
    };
    let all = events::Filter::default;
    assert_eq!(words(all(), 10).await, ["probation.started", "block.lifted", "block.added", "staff.added"]);
    assert_eq!(
        words(events::Filter { actor: Some("operator".into()), ..all() }, 10).await,
        ["block.added", "staff.added"]
    );
    assert_eq!(
        words(events::Filter { what: Some("BLOCK.".into()), ..all() }, 10).await,
        ["block.lifted", "block.added"]
    );
    assert_eq!(words(events::Filter { what: Some("%".into()), ..all() }, 10).await.len(), 4);
    assert_eq!(words(events::Filter { net: Some("203.0.113.7".into()), ..all() }, 10).await.len(), 3);
    let first = events::list(app.desk().db.pool(), &all(), 2).await.unwrap();
    assert_eq!(words(events::Filter { before: Some(first[1].id), ..all() }, 10).await, ["block.added", "staff.added"]);
}

#[tokio::test]
async fn network_texts_that_look_alike_do_not_meet() {
    let app = TestApp::start().await;
    app.block("10.0.0.1", "PB-SPAM").await;
    assert!(app.is_blocked("10.0.0.1") && !app.is_blocked("10.0.0.10") && !app.is_blocked("110.0.0.1"));
    assert!(blocks::covering(app.desk().db.pool(), net("10.0.0.10"), 5).await.unwrap().is_empty());
}
