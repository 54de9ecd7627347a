//! Many blocks are lifted by one act, and blocked again by another.

use std::time::Duration;

use postern::app::App;
use postern::desk::Refusal;
use postern::desk::bulk::Plan;
use postern::desk::import;
use postern::domain::block::{Block, Lasts, NewBlock};
use postern::domain::id::Id;
use postern::domain::net::Net;
use postern::domain::staff::Role;
use postern::domain::ticket::Who;
use postern::domain::time::{DAY, HOUR, MINUTE};
use postern::store::bulks::{self, Bulk, BulkState, Filter};
use postern::store::{blocks, changes, events};

use crate::support::TestApp;

/// A network.
fn net(text: &str) -> Net {
    Net::parse(text).unwrap()
}

/// Blocks inside a network.
fn inside(text: &str) -> Filter {
    Filter { net: Some(net(text)), ..Filter::default() }
}

/// Blocks of a source.
fn of_source(source: &str) -> Filter {
    Filter { source: Some(source.to_owned()), ..Filter::default() }
}

/// A bulk lift with three days of probation.
fn plan(filter: Filter) -> Plan {
    Plan { filter, reason: "a wrong list".to_owned(), probation: 3 * DAY, ..Plan::default() }
}

/// A list, and what it names.
async fn import(app: &TestApp, source: &str, cause: &str, nets: &[&str]) {
    let plan = import::Plan {
        source: source.to_owned(),
        file_name: "list.txt".to_owned(),
        cause: cause.to_owned(),
        lasts: Some(Lasts::For(30 * DAY)),
        replace: true,
        despite: Vec::new(),
        sure: true,
    };
    let mut import = app.desk().begin_import(&Who::operator(), plan).await.unwrap();
    for text in nets {
        let entry = import::Entry { net: net(text), cause: None, evidence_at: None, ends: None, note: String::new() };
        app.desk().import_entry(&mut import, entry).await.unwrap();
    }
    app.desk().finish_import(import).await.unwrap();
}

/// So many addresses below 10.0.0.0/8.
fn many(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("10.{}.{}.1", n / 250, n % 250)).collect()
}

/// A list of so many addresses.
async fn import_many(app: &TestApp, count: usize) {
    let all = many(count);
    import(app, "dynamic", "PB-DYN", &all.iter().map(String::as_str).collect::<Vec<_>>()).await;
}

/// Lifts many blocks to the end.
async fn lift(app: &TestApp, plan: Plan) -> Bulk {
    let id = app.desk().begin_bulk(&Who::operator(), plan).await.unwrap();
    app.desk().work_on_bulk(id, None).await.unwrap()
}

/// Takes a bulk lift back to the end.
async fn undo(app: &TestApp, id: Id) -> Bulk {
    app.desk().begin_bulk_undo(&Who::operator(), id).await.unwrap();
    app.desk().work_on_bulk(id, None).await.unwrap()
}

/// The sentence of a refusal.
fn sentence<T: std::fmt::Debug>(outcome: Result<T, Refusal>) -> String {
    match outcome.unwrap_err() {
        Refusal::Invalid(what) => what.to_string(),
        other => panic!("{other:?}"),
    }
}

/// All processes know the same, and it is what the database knows.
async fn agree(app: &TestApp, others: &[&App]) {
    for other in others {
        other.desk.follow_all().await;
        assert_eq!(other.desk.blocklist.count(), app.desk().blocklist.count());
        assert_eq!(other.desk.compare().await.unwrap(), Some(false));
    }
    assert_eq!(app.desk().compare().await.unwrap(), Some(false));
}

#[tokio::test]
async fn all_that_fits_is_lifted_and_nothing_else() {
    let app = TestApp::start().await;
    let other = app.second().await;
    import(&app, "partner", "PB-DYN", &["203.0.113.0/24", "203.0.113.7", "203.0.0.0/16", "203.0.114.1", "2001:db8::1"])
        .await;
    import(&app, "other", "PB-SPAM", &["203.0.113.9", "198.51.100.1"]).await;
    let lifted = async |filter: Filter| {
        let preview = app.desk().preview_bulk(filter.clone()).await.unwrap();
        let mut nets: Vec<String> = preview.sample.iter().map(|b| b.net.to_string()).collect();
        nets.sort();
        assert_eq!(i64::try_from(nets.len()).unwrap(), preview.count);
        nets
    };
    assert_eq!(lifted(inside("203.0.113.0/24")).await, ["203.0.113.0/24", "203.0.113.7", "203.0.113.9"]);
    assert_eq!(lifted(Filter { cause: Some("pb-spam".into()), ..inside("203.0.113.0/24") }).await, ["203.0.113.9"]);
    assert_eq!(lifted(Filter { cause: Some("PB-DYN".into()), ..of_source("other") }).await, [""; 0]);
    assert_eq!(lifted(Filter { source: Some("partner".into()), ..inside("2001:db8::/32") }).await, ["2001:db8::1"]);
    let preview = app.desk().preview_bulk(inside("203.0.113.0/24")).await.unwrap();
    assert_eq!(preview.causes, [("PB-DYN".to_owned(), 2), ("PB-SPAM".to_owned(), 1)]);
    assert_eq!(preview.sources, [("partner".to_owned(), 2), ("other".to_owned(), 1)]);
    assert_eq!((preview.there, preview.percent()), (7, 42));
    let before = changes::position(app.desk().db.pool()).await.unwrap().n;
    let bulk = lift(&app, plan(Filter { source: Some("partner".into()), ..inside("203.0.113.0/24") })).await;
    assert_eq!((bulk.state, bulk.expected, bulk.lifted), (BulkState::Lifted, 2, 2));
    assert_eq!(changes::position(app.desk().db.pool()).await.unwrap().n, before + 4, "a block and a probation each");
    assert!(!app.is_blocked("203.0.113.7") && !app.is_blocked("203.0.113.8"), "the probation shields from the /16 too");
    assert!(app.is_blocked("203.0.114.1") && app.is_blocked("203.0.115.1") && app.is_blocked("198.51.100.1"));
    agree(&app, &[&other]).await;
    let covering = blocks::covering(app.desk().db.pool(), net("203.0.113.7"), 9).await.unwrap();
    let one: &Block = covering.iter().find(|b| b.net == net("203.0.113.7")).unwrap();
    assert_eq!((one.lifted_by.as_deref(), one.lift_reason.as_deref()), (Some("operator"), Some("a wrong list")));
    let told: Vec<String> =
        events::of_block(app.desk().db.pool(), one.id).await.unwrap().into_iter().map(|e| e.what).collect();
    assert_eq!(told, ["block.lifted", "probation.started"]);
    app.wait(HOUR);
    import(&app, "partner", "PB-DYN", &["203.0.113.0/24", "203.0.113.7", "203.0.114.1"]).await;
    app.wait(4 * DAY);
    assert!(!app.is_blocked("203.0.113.7") && app.is_blocked("203.0.114.1"), "what was lifted stays lifted");
}

#[tokio::test]
async fn a_bulk_lift_is_for_leads_and_needs_a_filter_a_reason_and_a_block() {
    let app = TestApp::start().await;
    app.block("203.0.113.7", "PB-SPAM").await;
    let agent = app.staff("ann", Role::Agent).await;
    let desk = app.desk();
    assert!(matches!(desk.begin_bulk_by(&agent, plan(inside("203.0.113.7"))).await, Err(Refusal::NotAllowed)));
    assert!(matches!(desk.begin_bulk_undo_by(&agent, Id(1)).await, Err(Refusal::NotAllowed)));
    let who = Who::operator();
    assert!(sentence(desk.begin_bulk(&who, plan(Filter::default())).await).contains("a network, a source or a cause"));
    assert!(sentence(desk.begin_bulk(&who, plan(of_source(" "))).await).contains("a network, a source or a cause"));
    let unknown = Filter { cause: Some("PB-WHY".into()), ..Filter::default() };
    assert!(sentence(desk.begin_bulk(&who, plan(unknown)).await).contains("PB-SPAM"));
    assert!(sentence(desk.begin_bulk(&who, plan(of_source("nobody"))).await).contains("No block"));
    let mute = Plan { reason: " \n".into(), ..plan(inside("203.0.113.7")) };
    assert!(matches!(desk.begin_bulk(&who, mute).await, Err(Refusal::Invalid(_))));
    let more = Plan { at_most: Some(0), ..plan(inside("203.0.113.7")) };
    assert!(sentence(desk.begin_bulk(&who, more).await).contains("more than the 0"));
    assert!(app.is_blocked("203.0.113.7") && bulks::list(desk.db.pool(), 9).await.unwrap().is_empty());
    assert!(matches!(desk.begin_bulk_undo(&who, Id(1)).await, Err(Refusal::NotFound)));
}

#[tokio::test]
async fn a_bulk_lift_of_much_of_the_list_needs_a_confirmation() {
    let app = TestApp::start().await;
    import_many(&app, 1_200).await;
    let refused = sentence(app.desk().begin_bulk(&Who::operator(), plan(inside("10.0.0.0/15"))).await);
    assert!(refused.contains("500 of 1200") && refused.contains("20 percent"), "{refused}");
    assert!(app.desk().preview_bulk(inside("10.0.0.0/15")).await.unwrap().is_large);
    assert_eq!(lift(&app, plan(inside("10.4.0.0/16"))).await.lifted, 200);
    assert_eq!(lift(&app, Plan { sure: true, ..plan(inside("10.0.0.0/15")) }).await.lifted, 500);
    assert_eq!(blocks::count_live(app.desk().db.pool()).await.unwrap(), 500);
    agree(&app, &[&app.second().await]).await;
}

#[tokio::test]
async fn what_died_in_the_middle_is_half_done_goes_on_and_can_be_taken_back() {
    let app = TestApp::start().await;
    import_many(&app, 900).await;
    let (desk, pool) = (app.desk(), app.desk().db.pool());
    let id = desk.begin_bulk(&Who::operator(), plan(of_source("dynamic"))).await.unwrap();
    assert!(!desk.continue_bulks().await.unwrap(), "somebody works on it");
    let half = desk.work_on_bulk(id, Some(Duration::ZERO)).await.unwrap();
    assert_eq!((half.state, half.expected), (BulkState::Lifting, 900));
    assert!((1..900).contains(&half.lifted) && half.is_under_way(), "{half:?}");
    let free = many(900).iter().filter(|addr| !app.is_blocked(addr)).count();
    assert_eq!(i64::try_from(free).unwrap(), half.lifted);
    app.block("10.0.0.77", "PB-SPAM").await;
    assert!(desk.continue_bulks().await.unwrap(), "it was left to whoever comes");
    let whole = bulks::find(pool, id).await.unwrap().unwrap();
    assert_eq!((whole.state, whole.lifted), (BulkState::Lifted, 900));
    assert!(!desk.continue_bulks().await.unwrap());
    desk.begin_bulk_undo(&Who::operator(), id).await.unwrap();
    let half = desk.work_on_bulk(id, Some(Duration::ZERO)).await.unwrap();
    assert!(half.state == BulkState::Undoing && (1..900).contains(&half.restored), "{half:?}");
    assert!(desk.continue_bulks().await.unwrap());
    assert_eq!(bulks::find(pool, id).await.unwrap().unwrap().restored, 900);
    assert!(many(900).iter().all(|addr| app.is_blocked(addr)));
    let id = desk.begin_bulk(&Who::operator(), plan(of_source("dynamic"))).await.unwrap();
    let half = desk.work_on_bulk(id, Some(Duration::ZERO)).await.unwrap();
    let back = undo(&app, id).await;
    assert_eq!((back.state, back.lifted, back.restored), (BulkState::Undone, half.lifted, half.lifted));
    app.wait(MINUTE);
    assert!(!desk.continue_bulks().await.unwrap(), "what was taken back is not lifted again");
    assert!(many(900).iter().all(|addr| app.is_blocked(addr)));
    agree(&app, &[&app.second().await]).await;
}

#[tokio::test]
async fn blocks_are_as_they_were_before_a_bulk_lift_that_is_taken_back() {
    let app = TestApp::start().await;
    let (desk, pool) = (app.desk(), app.desk().db.pool());
    let other = app.second().await;
    import(&app, "dynamic", "PB-DYN", &["203.0.113.0/24", "203.0.113.7", "2001:db8::1"]).await;
    app.wait(HOUR);
    desk.lift_only(&Who::operator(), net("203.0.113.8"), "clean").await.unwrap();
    let wide = blocks::find_live(pool, net("203.0.113.0/24"), "dynamic").await.unwrap().unwrap();
    app.wait(DAY);
    let bulk = lift(&app, plan(of_source("dynamic"))).await;
    assert_eq!(desk.blocklist.count(), 0);
    app.wait(DAY);
    let lead = app.staff("lead", Role::Lead).await;
    desk.begin_bulk_undo_by(&lead, bulk.id).await.unwrap();
    let back = desk.work_on_bulk(bulk.id, None).await.unwrap();
    assert_eq!((back.restored, back.undone_by.as_deref(), back.created_by.as_str()), (3, Some("lead"), "operator"));
    assert_eq!(blocks::find(pool, wide.id).await.unwrap(), Some(wide), "cause, end, evidence and case link");
    assert!(app.is_blocked("203.0.113.7") && app.is_blocked("203.0.113.9") && app.is_blocked("2001:db8::1"));
    assert!(!app.is_blocked("203.0.113.8"), "what staff lifted singly stays lifted");
    agree(&app, &[&other, &app.second().await]).await;
    let last = events::list(pool, &events::Filter::default(), 1).await.unwrap();
    assert_eq!((last[0].what.as_str(), last[0].actor.as_str()), ("bulk.undone", "lead"));
    assert!(last[0].detail.contains("source dynamic: 3 of 3"), "{}", last[0].detail);
    assert!(sentence(desk.begin_bulk_undo(&Who::operator(), bulk.id).await).contains("already"));
    app.wait(HOUR);
    import(&app, "dynamic", "PB-DYN", &["203.0.113.7"]).await;
    assert!(app.is_blocked("203.0.113.7") && !app.is_blocked("203.0.113.9"), "its list goes on with it");
    desk.lift_net(&Who::operator(), net("203.0.113.7"), "clean").await.unwrap();
    assert!(bulks::lifted_page(pool, bulk.id, Id(0), 9).await.unwrap().is_empty(), "a single lift is no bulk lift's");
}

#[tokio::test]
async fn what_happened_since_a_bulk_lift_outlives_its_undo() {
    let app = TestApp::start().await;
    let (desk, pool, who) = (app.desk(), app.desk().db.pool(), Who::operator());
    let lead = app.staff("lead", Role::Lead).await;
    let ours = desk.add_exemption(&lead, net("203.0.113.6"), Lasts::Forever, "ours for long").await.unwrap();
    let nets = [1, 2, 3, 4, 5, 6, 7].map(|n| format!("203.0.113.{n}"));
    import(&app, "dynamic", "PB-DYN", &nets.each_ref().map(String::as_str)).await;
    app.block("198.51.100.1", "PB-SPAM").await;
    let ending = blocks::find_live(pool, net("203.0.113.1"), "dynamic").await.unwrap().unwrap();
    desk.set_block_end(&lead, ending.id, Lasts::For(DAY)).await.unwrap();
    let bulk = lift(&app, plan(inside("0.0.0.0/0"))).await;
    assert_eq!(bulk.lifted, 8);
    app.wait(2 * DAY);
    desk.add_exemption(&lead, net("203.0.113.2/31"), Lasts::Forever, "a partner").await.unwrap();
    app.block("198.51.100.1", "PB-DYN").await;
    let new = NewBlock {
        net: net("203.0.113.4"),
        cause: "PB-SPAM".to_owned(),
        lasts: None,
        note: String::new(),
        source: "staff".to_owned(),
        evidence_at: None,
    };
    desk.add_block(&who, new).await.unwrap();
    desk.lift_net(&who, net("203.0.113.4"), "clean").await.unwrap();
    import(&app, "dynamic", "PB-DYN", &["203.0.113.6", "203.0.113.7"]).await;
    let back = undo(&app, bulk.id).await;
    assert_eq!(back.restored, 2);
    desk.end_exemption(&lead, ours).await.unwrap();
    app.wait(4 * DAY);
    for (n, why) in [(1, "its end"), (2, "exempted"), (3, "exempted"), (4, "lifted singly"), (5, "its list let it go")]
    {
        assert!(
            blocks::find_live(pool, net(&format!("203.0.113.{n}")), "dynamic").await.unwrap().is_none(),
            "{n}: {why}"
        );
    }
    assert!(app.is_blocked("203.0.113.6"), "an exemption of before changes nothing");
    assert!(app.is_blocked("203.0.113.7"));
    assert_eq!(desk.blocklist.find("198.51.100.1".parse().unwrap(), desk.now()).unwrap().cause.as_ref(), "PB-DYN");
    agree(&app, &[&app.second().await]).await;
}

#[tokio::test]
async fn a_list_that_was_taken_back_stays_so_when_its_bulk_lift_is_too() {
    let app = TestApp::start().await;
    let (desk, pool, who) = (app.desk(), app.desk().db.pool(), Who::operator());
    import(&app, "dynamic", "PB-DYN", &["203.0.113.1"]).await;
    app.wait(HOUR);
    import(&app, "dynamic", "PB-DYN", &["203.0.113.2"]).await;
    let bulk = lift(&app, plan(of_source("dynamic"))).await;
    let wrong = postern::store::imports::last_standing(pool, "dynamic").await.unwrap().unwrap();
    desk.undo_import(&who, wrong).await.unwrap();
    assert_eq!(undo(&app, bulk.id).await.restored, 0);
    assert!(app.is_blocked("203.0.113.1") && !app.is_blocked("203.0.113.2"));
    agree(&app, &[&app.second().await]).await;
}

#[tokio::test]
async fn lists_and_ways_back_of_the_same_source_wait_for_one_another() {
    let app = TestApp::start().await;
    let (desk, who) = (app.desk(), Who::operator());
    import_many(&app, 900).await;
    let bulk = lift(&app, plan(of_source("dynamic"))).await;
    let list = |source: &str| import::Plan {
        source: source.to_owned(),
        file_name: String::new(),
        cause: "PB-DYN".to_owned(),
        lasts: None,
        replace: false,
        despite: Vec::new(),
        sure: true,
    };
    let elsewhere = desk.begin_import(&who, list("other")).await.unwrap();
    let coming = desk.begin_import(&who, list("dynamic")).await.unwrap();
    assert!(sentence(desk.begin_bulk_undo(&who, bulk.id).await).contains("coming in"));
    desk.abandon_import(coming).await.unwrap();
    desk.begin_bulk_undo(&who, bulk.id).await.unwrap();
    desk.work_on_bulk(bulk.id, Some(Duration::ZERO)).await.unwrap();
    assert!(sentence(desk.begin_import(&who, list("dynamic")).await).contains("bulk lift"));
    desk.finish_import(elsewhere).await.unwrap();
    assert_eq!(desk.work_on_bulk(bulk.id, None).await.unwrap().restored, 900);
    let again = desk.begin_import(&who, list("dynamic")).await.unwrap();
    desk.finish_import(again).await.unwrap();
}

#[tokio::test]
async fn a_lead_sees_what_it_would_be_lifts_and_takes_it_back() {
    let app = TestApp::start().await;
    import_many(&app, 1_100).await;
    let mut lead = app.sign_in(Role::Lead).await;
    let page = lead.get("/staff/blocks?source=dynamic&cause=PB-DYN").await.text;
    assert!(page.contains("/staff/imports/lifts?source=dynamic&#38;cause=PB-DYN"), "{page}");
    let page = lead.get("/staff/imports/lifts").await.text;
    assert!(
        page.contains("href=\"/staff/imports\" aria-current=\"page\"") && !page.contains("name=\"shown\""),
        "{page}"
    );
    let wrong = lead.get("/staff/imports/lifts?inside=10.0.0.1/24").await;
    assert!(wrong.status == 422 && wrong.text.contains("10.0.0.0/24"), "{}", wrong.text);
    assert!(lead.get("/staff/imports/lifts?inside=192.0.2.0/24").await.text.contains("No block fits"));
    let page = lead.get("/staff/imports/lifts?inside=10.0.0.0/15&source=&cause=PB-DYN").await.text;
    for part in
        ["500 blocks fit", "45 percent of the 1100", "PB-DYN: 500", "dynamic: 500", "10.0.0.1</a>", "name=\"count\""]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    let form = |reason, shown, count| {
        [
            ("inside", "10.0.0.0/15"),
            ("source", ""),
            ("cause", "PB-DYN"),
            ("reason", reason),
            ("probation_days", "3"),
            ("shown", shown),
            ("count", count),
        ]
    };
    for (reason, shown, count, why) in [
        ("", "500", "500", "Say in a few words"),
        ("wrong list", "500", "", "Type the number of the blocks"),
        ("wrong list", "500", "400", "Type the number of the blocks"),
        ("wrong list", "400", "400", "Meanwhile 500 blocks fit"),
        ("wrong list", "many", "many", "Meanwhile 500 blocks fit"),
    ] {
        let page = lead.post("/staff/imports/lifts", &form(reason, shown, count)).await;
        assert!(page.status == 422 && page.text.contains(why) && page.text.contains("500 blocks fit"), "{}", page.text);
        assert!(page.text.contains(&format!("{reason}</textarea>")), "what was typed stays: {}", page.text);
    }
    assert!(app.is_blocked("10.0.0.1"));
    let done = lead.post("/staff/imports/lifts", &form("wrong list", "500", "500")).await;
    let path = done.assert_redirect().to_owned();
    while app.desk().continue_bulks().await.unwrap() {}
    let page = lead.get(&path).await.text;
    for part in ["500 blocks lifted", "inside 10.0.0.0/15, for PB-DYN", "wrong list", "Take back", "10.0.0.1</a>"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!app.is_blocked("10.0.0.1") && app.is_blocked("10.3.0.1"));
    let mut agent = app.sign_in(Role::Agent).await;
    assert!(agent.get("/staff/imports").await.text.contains(&path));
    let seen = agent.get(&path).await.text;
    assert!(seen.contains("500 blocks lifted") && !seen.contains("Take back"), "{seen}");
    assert_eq!(agent.get("/staff/imports/lifts").await.status, 403);
    assert_eq!(agent.post("/staff/imports/lifts", &form("x", "500", "500")).await.status, 403);
    assert_eq!(agent.post(&format!("{path}/undo"), &[]).await.status, 403);
    assert_eq!(lead.post(&format!("{path}/undo"), &[]).await.assert_redirect(), path);
    while app.desk().continue_bulks().await.unwrap() {}
    let page = lead.get("/staff/imports").await.text;
    assert!(page.contains("Taken back: 500 of 500 blocked again"), "{page}");
    let again = lead.post(&format!("{path}/undo"), &[]).await;
    assert!(again.status == 422 && again.text.contains("already"), "{}", again.text);
    assert!(app.is_blocked("10.0.0.1"));
    assert_eq!(lead.get("/staff/imports/lifts/7").await.status, 404);
    assert_eq!(lead.post("/staff/imports/lifts/7/undo", &[]).await.status, 404);
}
