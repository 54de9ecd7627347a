//! Lists come in: unseen until they are complete, and a lift outlives them.

use postern::desk::Refusal;
use postern::desk::import::{Entry, Import, Plan};
use postern::domain::block::{BlockState, Lasts};
use postern::domain::id::Id;
use postern::domain::net::Net;
use postern::domain::ticket::Who;
use postern::domain::time::{DAY, HOUR, Time};
use postern::store::imports::{self, Counts};
use postern::store::{Engine, blocks, events};

use crate::support::TestApp;

/// A network.
fn net(text: &str) -> Net {
    Net::parse(text).unwrap()
}

/// A plan for a list of this source.
pub(crate) fn plan(source: &str, replace: bool) -> Plan {
    Plan {
        source: source.to_owned(),
        file_name: format!("{source}.txt"),
        cause: "PB-DYN".to_owned(),
        lasts: Some(Lasts::For(30 * DAY)),
        replace,
        despite: Vec::new(),
        sure: true,
    }
}

/// An entry with evidence of some time.
fn entry(text: &str, evidence_at: Option<Time>) -> Entry {
    Entry { net: net(text), cause: None, evidence_at, ends: None, note: String::new() }
}

/// Begins an import and takes entries.
async fn staged(app: &TestApp, plan: Plan, entries: &[Entry]) -> Import {
    let mut import = app.desk().begin_import(&Who::operator(), plan).await.unwrap();
    for entry in entries {
        app.desk().import_entry(&mut import, entry.clone()).await.unwrap();
    }
    import
}

/// Imports a list of networks without times.
pub(crate) async fn import(app: &TestApp, plan: Plan, nets: &[&str]) -> Counts {
    let entries: Vec<Entry> = nets.iter().map(|text| entry(text, None)).collect();
    let import = staged(app, plan, &entries).await;
    app.desk().finish_import(import).await.unwrap()
}

/// So many networks of one address each.
fn many(count: u32) -> Vec<Entry> {
    let addr = |n: u32| std::net::Ipv4Addr::from(u32::from(std::net::Ipv4Addr::new(10, 0, 0, 0)) + n);
    (0..count).map(|n| entry(&addr(n).to_string(), None)).collect()
}

#[tokio::test]
async fn a_list_takes_effect_as_a_whole_by_one_change() {
    let app = TestApp::start().await;
    let other = app.second().await;
    let before = app.desk().blocklist.reached().unwrap();
    let import = staged(&app, plan("dynamic", false), &many(2_500)).await;
    assert_eq!(import.counts().added, 2_000, "two batches are staged");
    app.desk().follow_all().await;
    let pool = app.desk().db.pool();
    assert!(!app.is_blocked("10.0.0.1"));
    assert_eq!(blocks::count_live(pool).await.unwrap(), 0);
    assert!(blocks::covering(pool, net("10.0.0.1"), 10).await.unwrap().is_empty(), "no page shows a staged row");
    assert!(blocks::list(pool, &blocks::Filter::default(), 10).await.unwrap().is_empty());
    assert!(blocks::live_page(pool, Id(0), 10).await.unwrap().is_empty());
    let late = app.second().await;
    assert_eq!(late.desk.blocklist.count(), 0);
    let counts = app.desk().finish_import(import).await.unwrap();
    assert_eq!(counts, Counts { added: 2_500, ..Counts::default() });
    assert!(app.is_blocked("10.0.0.0") && app.is_blocked("10.0.9.195") && !app.is_blocked("10.0.9.196"));
    assert_eq!(app.desk().blocklist.reached(), Some(before + 1));
    for process in [&other, &late] {
        process.desk.follow_all().await;
        assert_eq!(process.desk.blocklist.count(), 2_500);
    }
    assert_eq!(app.second().await.desk.blocklist.count(), 2_500);
    assert_eq!(blocks::count_live(pool).await.unwrap(), 2_500);
    let block = &blocks::covering(pool, net("10.0.0.1"), 10).await.unwrap()[0];
    assert_eq!((block.state, block.cause.as_str(), block.source.as_str()), (BlockState::Live, "PB-DYN", "dynamic"));
    assert_eq!(block.until, Some(app.desk().now().plus(30 * DAY)));
    let done =
        events::list(pool, &events::Filter { what: Some("import.".to_owned()), ..events::Filter::default() }, 10)
            .await
            .unwrap();
    assert!(done[0].detail.contains("2500 new"), "{}", done[0].detail);
}

#[tokio::test]
async fn an_active_import_counts_before_its_rows_are_settled() {
    let app = TestApp::start().await;
    import(&app, plan("dynamic", true), &["10.0.0.1", "10.0.0.2"]).await;
    let staged = staged(&app, plan("dynamic", true), &[entry("10.0.0.2", None), entry("10.0.0.3", None)]).await;
    // The process dies between the change and the settling: a desk without the settling stands in for it.
    die_after_activation(&app, staged).await;
    for process in [app.app.clone(), app.second().await] {
        process.desk.follow_all().await;
        let blocked = |addr: &str| process.desk.blocklist.find(addr.parse().unwrap(), process.desk.now()).is_some();
        assert!(!blocked("10.0.0.1") && blocked("10.0.0.2") && blocked("10.0.0.3"));
        assert_eq!(process.desk.blocklist.count(), 2);
    }
    let counts = import(&app, plan("dynamic", true), &["10.0.0.1", "10.0.0.3"]).await;
    assert_eq!(counts, Counts { added: 1, kept: 1, held: 0, dropped: 1 }, "what was left is settled first");
    assert!(app.is_blocked("10.0.0.1") && !app.is_blocked("10.0.0.2") && app.is_blocked("10.0.0.3"));
    assert_eq!(app.second().await.desk.blocklist.count(), 2);
    assert_eq!(blocks::count_live(app.desk().db.pool()).await.unwrap(), 2);
}

/// Does what `finish_import` does up to its commit, by the same statements.
async fn die_after_activation(app: &TestApp, import: Import) {
    let desk = app.desk();
    let id: i64 =
        sqlx::query_scalar("SELECT id FROM imports WHERE state = 'staging'").fetch_one(desk.db.pool()).await.unwrap();
    let mut tx = desk.db.begin().await.unwrap();
    let block = blocks::find_live(&mut *tx, net("10.0.0.2"), "dynamic").await.unwrap().unwrap();
    assert!(imports::keep_live(&mut *tx, Id(id), &block, None).await.unwrap());
    let fresh = postern::domain::block::Block {
        id: Id::new(desk.now()),
        net: net("10.0.0.3"),
        case_code: postern::domain::id::case_code(),
        state: BlockState::Staged,
        ..block
    };
    assert!(imports::stage(&mut *tx, Id(id), &fresh, None).await.unwrap());
    assert_eq!(imports::stage_drops(&mut *tx, Id(id), "dynamic", "", "~").await.unwrap(), 1);
    assert!(imports::activate(&mut *tx, Id(id), import.counts(), desk.now()).await.unwrap());
    desk.change(&mut tx, postern::store::changes::Subject::Import, Id(id)).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_list_that_is_added_to_ends_nothing_and_one_that_replaces_does() {
    let app = TestApp::start().await;
    app.block("10.0.0.9", "PB-SPAM").await;
    import(&app, plan("dynamic", false), &["10.0.0.1", "10.0.0.2"]).await;
    import(&app, plan("other", false), &["10.0.0.1", "10.0.0.5"]).await;
    assert_eq!(import(&app, plan("dynamic", false), &["10.0.0.3"]).await, Counts { added: 1, ..Counts::default() });
    assert!(app.is_blocked("10.0.0.1") && app.is_blocked("10.0.0.2") && app.is_blocked("10.0.0.3"));
    let counts = import(&app, plan("dynamic", true), &["10.0.0.3", "10.0.0.4"]).await;
    assert_eq!(counts, Counts { added: 1, kept: 1, held: 0, dropped: 2 });
    assert!(!app.is_blocked("10.0.0.2") && app.is_blocked("10.0.0.3") && app.is_blocked("10.0.0.4"));
    assert!(
        app.is_blocked("10.0.0.1") && app.is_blocked("10.0.0.5") && app.is_blocked("10.0.0.9"),
        "other sources are not touched"
    );
    let second = &blocks::covering(app.desk().db.pool(), net("10.0.0.2"), 5).await.unwrap()[0];
    assert_eq!(second.state, BlockState::Dropped);
    assert_eq!(app.second().await.desk.blocklist.count(), app.desk().blocklist.count());
}

#[tokio::test]
async fn a_network_named_twice_in_one_list_counts_once() {
    let app = TestApp::start().await;
    let counts = import(&app, plan("dynamic", false), &["10.0.0.1", "10.0.0.2", "10.0.0.1", "::ffff:10.0.0.1"]).await;
    assert_eq!(counts.added, 2);
    assert_eq!(app.desk().blocklist.count(), 2);
    let mut double = many(1_500);
    double.extend(many(1_500));
    let import = staged(&app, plan("big", false), &double).await;
    assert_eq!(app.desk().finish_import(import).await.unwrap().added, 1_500, "across batches too");
}

#[tokio::test]
async fn an_abandoned_import_leaves_nothing() {
    let app = TestApp::start().await;
    import(&app, plan("dynamic", true), &["10.0.0.1"]).await;
    let before = app.desk().blocklist.reached();
    let given_up = staged(&app, plan("dynamic", true), &many(1_200)).await;
    app.desk().abandon_import(given_up).await.unwrap();
    app.desk().follow_all().await;
    assert_eq!((app.desk().blocklist.reached(), app.desk().blocklist.count()), (before, 1));
    let rows: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM blocks").fetch_one(app.desk().db.pool()).await.unwrap();
    assert_eq!(rows, 1, "its rows are gone");
    assert_eq!(import(&app, plan("dynamic", true), &["10.0.0.1", "10.0.0.2"]).await.added, 1, "the next one may begin");
}

#[tokio::test]
async fn two_imports_of_one_source_do_not_meet() {
    let app = TestApp::start().await;
    let first = staged(&app, plan("dynamic", true), &many(3)).await;
    let second = app.desk().begin_import(&Who::operator(), plan("dynamic", true)).await;
    assert!(matches!(&second, Err(Refusal::Invalid(what)) if what.to_string().contains("dynamic")), "{second:?}");
    let elsewhere = staged(&app, plan("other", true), &many(3)).await;
    app.desk().finish_import(elsewhere).await.unwrap();
    app.desk().finish_import(first).await.unwrap();
    import(&app, plan("dynamic", true), &["10.0.0.1"]).await;
}

#[tokio::test]
async fn an_import_that_died_makes_room_after_an_hour() {
    let app = TestApp::start().await;
    let dead = staged(&app, plan("dynamic", true), &many(1_100)).await;
    app.wait(HOUR);
    assert!(app.desk().begin_import(&Who::operator(), plan("dynamic", true)).await.is_err());
    app.wait(1);
    assert_eq!(import(&app, plan("dynamic", true), &["10.0.0.1"]).await.added, 1);
    let late = app.desk().finish_import(dead).await;
    assert!(matches!(late, Err(Refusal::Stale)), "what rises from the dead is refused");
    assert_eq!(app.desk().blocklist.count(), 1);
    app.desk().settle_imports().await.unwrap();
    let rows: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM blocks").fetch_one(app.desk().db.pool()).await.unwrap();
    assert_eq!(rows, 1);
}

#[tokio::test]
async fn a_lifted_entry_stays_lifted_until_its_source_drops_it() {
    let app = TestApp::start().await;
    import(&app, plan("dynamic", true), &["10.0.0.1", "10.0.0.2"]).await;
    app.wait(HOUR);
    app.desk().lift_net(&Who::operator(), net("10.0.0.1"), "clean").await.unwrap();
    for _ in 0..3 {
        app.wait(20 * DAY);
        let counts = import(&app, plan("dynamic", true), &["10.0.0.1", "10.0.0.2"]).await;
        assert_eq!(counts.held, 1);
        assert!(!app.is_blocked("10.0.0.1"), "long after its probation too");
    }
    import(&app, plan("dynamic", true), &["10.0.0.2"]).await;
    assert!(!app.is_blocked("10.0.0.1"));
    let counts = import(&app, plan("dynamic", true), &["10.0.0.1", "10.0.0.2"]).await;
    assert_eq!((counts.added, counts.held), (1, 0));
    assert!(app.is_blocked("10.0.0.1"), "dropped and named again: it counts again");
}

#[tokio::test]
async fn a_list_that_is_added_to_releases_no_lifted_entry() {
    let app = TestApp::start().await;
    import(&app, plan("dynamic", false), &["10.0.0.1"]).await;
    app.wait(HOUR);
    app.desk().lift_net(&Who::operator(), net("10.0.0.1"), "clean").await.unwrap();
    app.wait(HOUR);
    import(&app, plan("dynamic", false), &["10.0.0.2"]).await;
    let counts = import(&app, plan("dynamic", false), &["10.0.0.1"]).await;
    assert_eq!((counts.added, counts.held), (0, 1), "a part of a list drops nothing that it does not name");
    assert!(!app.is_blocked("10.0.0.1"));
}

#[tokio::test]
async fn a_lifted_entry_comes_back_with_newer_evidence() {
    let app = TestApp::start().await;
    import(&app, plan("dynamic", true), &["10.0.0.1"]).await;
    app.wait(HOUR);
    app.desk().lift_net(&Who::operator(), net("10.0.0.1"), "clean").await.unwrap();
    let lifted_at = app.desk().now();
    app.wait(HOUR);
    for (seen, held) in [(lifted_at.plus(-DAY), 1), (lifted_at, 1), (lifted_at.plus(1), 0)] {
        let import = staged(&app, plan("dynamic", true), &[entry("10.0.0.1", Some(seen))]).await;
        let counts = app.desk().finish_import(import).await.unwrap();
        assert_eq!((counts.held, counts.added), (held, 1 - held), "{seen:?}");
        assert_eq!(app.is_blocked("10.0.0.1"), held == 0);
    }
}

#[tokio::test]
async fn probation_shields_from_another_list_with_old_evidence() {
    let app = TestApp::start().await;
    import(&app, plan("dynamic", true), &["10.0.0.1"]).await;
    app.wait(HOUR);
    app.desk().lift_net(&Who::operator(), net("10.0.0.1"), "clean").await.unwrap();
    let lifted_at = app.desk().now();
    app.wait(HOUR);
    let old = staged(&app, plan("other", true), &[entry("10.0.0.0/24", Some(lifted_at.plus(-DAY)))]).await;
    app.desk().finish_import(old).await.unwrap();
    assert!(!app.is_blocked("10.0.0.1") && app.is_blocked("10.0.0.2"));
    assert!(app.second().await.desk.blocklist.find("10.0.0.1".parse().unwrap(), app.desk().now()).is_none());
    let newer = staged(&app, plan("third", true), &[entry("10.0.0.0/24", Some(lifted_at.plus(HOUR)))]).await;
    app.desk().finish_import(newer).await.unwrap();
    assert!(app.is_blocked("10.0.0.1"));
}

#[tokio::test]
async fn a_plain_list_that_names_an_entry_again_brings_no_news() {
    let app = TestApp::start().await;
    app.block("10.0.0.1", "PB-SPAM").await;
    import(&app, plan("other", true), &["10.0.0.1"]).await;
    import(&app, plan("other", true), &["10.0.0.9"]).await;
    app.wait(HOUR);
    app.desk().lift_net(&Who::operator(), net("10.0.0.1"), "clean").await.unwrap();
    app.wait(HOUR);
    import(&app, plan("other", true), &["10.0.0.1"]).await;
    assert!(!app.is_blocked("10.0.0.1"), "it was listed before the lift already");
    import(&app, plan("third", true), &["10.0.0.1"]).await;
    assert!(app.is_blocked("10.0.0.1"), "a source that names it for the first time does");
}

#[tokio::test]
async fn a_later_end_and_newer_evidence_renew_an_entry_with_the_activation() {
    let app = TestApp::start().await;
    let other = app.second().await;
    import(&app, plan("dynamic", true), &["10.0.0.1", "10.0.0.2"]).await;
    let begun = app.desk().now();
    app.wait(10 * DAY);
    let seen = begun.plus(DAY);
    let shorter = Plan { lasts: Some(Lasts::For(DAY)), ..plan("dynamic", true) };
    let coming = staged(&app, shorter, &[entry("10.0.0.1", Some(seen)), entry("10.0.0.2", None)]).await;
    app.desk().finish_import(coming).await.unwrap();
    let pool = app.desk().db.pool();
    let now = async |text: &str| blocks::find_live(pool, net(text), "dynamic").await.unwrap().unwrap();
    assert_eq!((now("10.0.0.1").await.until, now("10.0.0.1").await.evidence_at), (Some(begun.plus(30 * DAY)), seen));
    assert_eq!(now("10.0.0.2").await.evidence_at, begun, "without a time of its own the evidence is as old as it was");
    let coming = staged(&app, plan("dynamic", true), &many(1_000)).await;
    assert_eq!(now("10.0.0.1").await.until, Some(begun.plus(30 * DAY)), "not before the activation");
    app.desk().finish_import(coming).await.unwrap();
    assert_eq!(now("10.0.0.1").await.until, Some(begun.plus(40 * DAY)));
    app.wait(25 * DAY);
    other.desk.follow_all().await;
    for process in [&app.app, &other, &app.second().await] {
        assert!(process.desk.blocklist.find("10.0.0.1".parse().unwrap(), process.desk.now()).is_some());
    }
}

#[tokio::test]
async fn a_renewal_counts_before_its_row_is_settled() {
    let app = TestApp::start().await;
    import(&app, plan("dynamic", true), &["10.0.0.2"]).await;
    app.wait(10 * DAY);
    let coming = staged(&app, plan("dynamic", true), &[]).await;
    let id: i64 = sqlx::query_scalar("SELECT id FROM imports WHERE state = 'staging'")
        .fetch_one(app.desk().db.pool())
        .await
        .unwrap();
    let mut tx = app.desk().db.begin().await.unwrap();
    let block = blocks::find_live(&mut *tx, net("10.0.0.2"), "dynamic").await.unwrap().unwrap();
    let later = postern::domain::block::Block { until: None, ..block };
    assert!(imports::keep_live(&mut *tx, Id(id), &later, None).await.unwrap());
    assert!(imports::activate(&mut *tx, Id(id), coming.counts(), app.desk().now()).await.unwrap());
    app.desk().change(&mut tx, postern::store::changes::Subject::Import, Id(id)).await.unwrap();
    tx.commit().await.unwrap();
    app.desk().follow_all().await;
    app.wait(25 * DAY);
    for process in [&app.app, &app.second().await] {
        assert!(process.desk.blocklist.find("10.0.0.2".parse().unwrap(), process.desk.now()).is_some());
    }
    assert_eq!(imports::settle_renewed(app.desk().db.pool(), 10).await.unwrap(), 1);
    assert_eq!(imports::settle_renewed(app.desk().db.pool(), 10).await.unwrap(), 0);
}

#[tokio::test]
async fn an_end_that_staff_set_while_a_list_comes_in_stands() {
    let app = TestApp::start().await;
    let ann = app.staff("ann", postern::domain::staff::Role::Agent).await;
    import(&app, plan("dynamic", true), &["10.0.0.1"]).await;
    app.wait(DAY);
    let coming = staged(&app, plan("dynamic", true), &many(1_000)).await;
    let pool = app.desk().db.pool();
    let block = blocks::find_live(pool, net("10.0.0.1"), "dynamic").await.unwrap().unwrap();
    let end = app.desk().set_block_end(&ann, block.id, Lasts::For(HOUR)).await.unwrap();
    app.desk().finish_import(coming).await.unwrap();
    assert_eq!(blocks::find(pool, block.id).await.unwrap().unwrap().until, end);
}

#[tokio::test]
async fn an_entry_whose_end_has_passed_is_blocked_again() {
    let app = TestApp::start().await;
    import(&app, plan("dynamic", true), &["10.0.0.1"]).await;
    app.wait(30 * DAY);
    assert!(!app.is_blocked("10.0.0.1"));
    let counts = import(&app, plan("dynamic", true), &["10.0.0.1"]).await;
    assert_eq!((counts.added, counts.kept), (1, 0), "an end that no job wrote down yet is an end");
    assert!(app.is_blocked("10.0.0.1"));
}

#[tokio::test]
async fn a_block_lifted_while_its_list_comes_in_stays_lifted() {
    let app = TestApp::start().await;
    import(&app, plan("dynamic", true), &["10.0.0.1"]).await;
    app.wait(HOUR);
    let coming = staged(&app, plan("dynamic", true), &many(1_000)).await;
    app.desk().lift_net(&Who::operator(), net("10.0.0.1"), "clean").await.unwrap();
    app.desk().finish_import(coming).await.unwrap();
    assert!(!app.is_blocked("10.0.0.1") && app.is_blocked("10.0.0.2"));
    import(&app, plan("dynamic", true), &["10.0.0.1"]).await;
    assert!(!app.is_blocked("10.0.0.1"), "the list named it all the time");
}

#[tokio::test]
async fn an_unknown_cause_and_a_source_without_a_name_are_refused() {
    let app = TestApp::start().await;
    let who = Who::operator();
    let unknown = Plan { cause: "PB-WHY".to_owned(), ..plan("dynamic", false) };
    assert!(app.desk().begin_import(&who, unknown).await.unwrap_err().to_string().contains("PB-WHY"));
    assert!(matches!(app.desk().begin_import(&who, plan(" \n ", false)).await, Err(Refusal::Invalid(_))));
    for name in ["staff", "Api", "cli", "api:detector"] {
        let refused = app.desk().begin_import(&who, plan(name, true)).await.unwrap_err().to_string();
        assert!(refused.contains(name) && refused.contains("--source"), "{refused}");
    }
    let mut import = staged(&app, plan("dynamic", false), &many(2)).await;
    let bad = Entry { cause: Some("PB-WHY".to_owned()), ..entry("10.9.0.1", None) };
    assert!(matches!(app.desk().import_entry(&mut import, bad).await, Err(Refusal::Invalid(_))));
    let own = Entry { cause: Some("pb-spam".to_owned()), ..entry("10.9.0.1", None) };
    app.desk().import_entry(&mut import, own).await.unwrap();
    assert_eq!(app.desk().finish_import(import).await.unwrap().added, 3);
    assert_eq!(&*app.desk().blocklist.find("10.9.0.1".parse().unwrap(), app.desk().now()).unwrap().cause, "PB-SPAM");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn lifts_and_requests_go_on_while_a_list_comes_in() {
    let app = TestApp::start().await;
    app.block("203.0.113.7", "PB-SPAM").await;
    let desk = app.desk().clone();
    let coming = tokio::spawn(async move {
        let mut import = desk.begin_import(&Who::operator(), plan("dynamic", true)).await.unwrap();
        for entry in many(4_000) {
            desk.import_entry(&mut import, entry).await.unwrap();
        }
        desk.finish_import(import).await.unwrap()
    });
    for n in 0..10 {
        app.ask(&format!("s{n}@sender.example"), "203.0.113.7").await;
    }
    app.desk().lift_net(&Who::operator(), net("203.0.113.7"), "clean").await.unwrap();
    assert!(!app.is_blocked("203.0.113.7"));
    assert_eq!(coming.await.unwrap().added, 4_000);
    assert_eq!(app.desk().blocklist.count(), 4_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lift_does_not_wait_for_a_process_that_takes_a_large_import() {
    let app = TestApp::start().await;
    let other = app.second().await;
    import_many(&app, 8_000).await;
    let following = other.desk.clone();
    let coming = tokio::spawn(async move { following.blocklist.catch_up(&following.db, &following.clock).await });
    crate::support::eventually("the import is under way", async || other.desk.blocklist.count() > 0).await;
    // One that is taken already, and the last one, which the reader of the log still sees as it was.
    for lifted in ["10.0.0.0", "10.0.31.63"] {
        assert_eq!(other.desk.lift_net(&Who::operator(), net(lifted), "clean").await.unwrap(), 1);
        assert_eq!(other.desk.blocklist.find(lifted.parse().unwrap(), other.desk.now()), None, "{lifted}");
    }
    coming.await.unwrap().unwrap();
    for lifted in ["10.0.0.0", "10.0.31.63"] {
        assert_eq!(other.desk.blocklist.find(lifted.parse().unwrap(), other.desk.now()), None, "{lifted}");
    }
    other.desk.follow_all().await;
    assert_eq!(other.desk.blocklist.count(), 7_998);
    assert_eq!(other.desk.compare().await.unwrap(), Some(false), "the list is that of the database");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lift_that_is_first_to_see_a_large_import_holds_and_leaves_it_to_others() {
    let app = TestApp::start().await;
    let other = app.second().await;
    import_many(&app, 8_000).await;
    assert_eq!(other.desk.lift_net(&Who::operator(), net("10.0.31.63"), "clean").await.unwrap(), 1);
    assert_eq!(other.desk.blocklist.find("10.0.31.63".parse().unwrap(), other.desk.now()), None);
    crate::support::eventually("the import is taken", async || other.desk.blocklist.count() == 7_999).await;
    assert_eq!(other.desk.compare().await.unwrap(), Some(false), "the list is that of the database");
}

#[tokio::test]
async fn a_list_that_comes_in_is_known_to_the_planner_of_postgresql() {
    let app = TestApp::start().await;
    import_many(&app, 5_000).await;
    if app.desk().db.engine() == Engine::Sqlite {
        return;
    }
    let rows: i64 = sqlx::query_scalar("SELECT CAST(reltuples AS BIGINT) FROM pg_class WHERE oid = 'blocks'::regclass")
        .fetch_one(app.desk().db.pool())
        .await
        .unwrap();
    assert!(rows >= 4_000, "{rows} of 5,000");
}

/// Imports so many networks of one address each.
async fn import_many(app: &TestApp, count: u32) {
    let import = staged(app, plan("dynamic", true), &many(count)).await;
    assert_eq!(app.desk().finish_import(import).await.unwrap().added, i64::from(count));
}
