//! Nothing is blocked by accident: protected networks, lists that change too much, imports that are taken back.

use postern::desk::Refusal;
use postern::desk::import::{Entry, Plan};
use postern::domain::block::{BlockState, Lasts, NewBlock};
use postern::domain::id::Id;
use postern::domain::net::Net;
use postern::domain::staff::Role;
use postern::domain::ticket::Who;
use postern::domain::time::{DAY, HOUR};
use postern::store::imports::{self, Counts};
use postern::store::{blocks, events};

use crate::support::TestApp;

/// A network.
fn net(text: &str) -> Net {
    Net::parse(text).unwrap()
}

/// A block of this network.
fn new(text: &str) -> NewBlock {
    NewBlock {
        net: net(text),
        cause: "PB-SPAM".to_owned(),
        lasts: None,
        note: String::new(),
        source: "staff".to_owned(),
        evidence_at: None,
    }
}

/// A plan that nobody is sure of.
fn plan(replace: bool) -> Plan {
    Plan {
        source: "dynamic".to_owned(),
        file_name: "dynamic.txt".to_owned(),
        cause: "PB-DYN".to_owned(),
        lasts: Some(Lasts::For(30 * DAY)),
        replace,
        despite: Vec::new(),
        sure: false,
    }
}

/// Imports networks; what came of it.
async fn import(app: &TestApp, plan: Plan, nets: &[String]) -> Result<Counts, Refusal> {
    let mut import = app.desk().begin_import(&Who::operator(), plan).await?;
    for net in nets {
        let entry =
            Entry { net: Net::parse(net).unwrap(), cause: None, evidence_at: None, ends: None, note: String::new() };
        app.desk().import_entry(&mut import, entry).await?;
    }
    app.desk().finish_import(import).await
}

/// So many addresses below this /16.
fn addresses(start: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{start}.{}.{}", n / 250, n % 250)).collect()
}

/// The last import of all.
async fn last(app: &TestApp) -> imports::Past {
    imports::list(app.desk().db.pool(), 1).await.unwrap().remove(0)
}

/// The sentence of a refusal.
fn sentence<T: std::fmt::Debug>(outcome: Result<T, Refusal>) -> String {
    match outcome.unwrap_err() {
        Refusal::Invalid(what) => what.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn protected_networks_are_refused_with_the_reason() {
    let app = TestApp::with(&[
        ("provider.networks", "192.0.2.0/24"),
        ("blocklist.protected", "198.51.100.7"),
        ("http.trusted_proxies", "2001:db8:1::1"),
    ])
    .await;
    for (text, why) in [
        ("192.0.2.25", "your own network"),
        ("198.51.100.0/24", "blocklist.protected"),
        ("2001:db8:1::/64", "reverse proxy"),
        ("127.0.0.1", "this machine itself"),
        ("0.0.0.0/0", "wider than /8"),
        ("2000::/12", "wider than /8"),
    ] {
        let refused = sentence(app.desk().add_block(&Who::operator(), new(text)).await);
        assert!(refused.contains(why) && refused.contains(text), "{text}: {refused}");
        let refused =
            sentence(import(&app, Plan { source: format!("of {text}"), ..plan(false) }, &[text.into()]).await);
        assert!(refused.contains(why), "{text}: {refused}");
    }
    app.desk().add_block_despite(&Who::operator(), new("192.0.2.25"), Some(net("192.0.2.25"))).await.unwrap();
    app.desk().add_block_despite(&Who::operator(), new("192.0.2.26"), Some(net("192.0.2.25"))).await.unwrap_err();
    import(&app, Plan { despite: vec![net("192.0.2.27")], ..plan(false) }, &["192.0.2.27".into()]).await.unwrap();
    assert!(app.is_blocked("192.0.2.25") && app.is_blocked("192.0.2.27") && !app.is_blocked("192.0.2.26"));
}

#[tokio::test]
async fn a_lead_types_a_protected_network_twice_and_an_agent_does_not() {
    let app = TestApp::with(&[("provider.networks", "192.0.2.0/24")]).await;
    let form =
        |despite| vec![("net", "192.0.2.25"), ("cause", "PB-SPAM"), ("for", ""), ("note", "x"), ("despite", despite)];
    let mut agent = app.sign_in(Role::Agent).await;
    for despite in ["", "192.0.2.25"] {
        let page = agent.post("/staff/blocks", &form(despite)).await;
        assert!(page.status == 422 && page.text.contains("only leads and admins"), "{}", page.text);
    }
    let mut lead = app.sign_in(Role::Lead).await;
    let page = lead.post("/staff/blocks", &form("")).await;
    assert!(page.status == 422 && page.text.contains("The network once more"), "{}", page.text);
    assert_eq!(lead.post("/staff/blocks", &form("192.0.2.26")).await.status, 422);
    assert!(!app.is_blocked("192.0.2.25"));
    lead.post("/staff/blocks", &form("192.0.2.25")).await.assert_redirect();
    assert!(app.is_blocked("192.0.2.25"));
}

#[tokio::test]
async fn a_list_that_changes_too_much_needs_a_confirmation() {
    let app = TestApp::start().await;
    let all = addresses("10.1", 1_200);
    import(&app, plan(true), &all).await.unwrap();
    let pool = app.desk().db.pool();
    let refused = sentence(import(&app, plan(true), &all[..900]).await);
    assert!(
        refused.contains("end 300 blocks") && refused.contains("1200") && refused.contains("20 percent"),
        "{refused}"
    );
    assert_eq!(blocks::count_live(pool).await.unwrap(), 1_200, "nothing was changed");
    let other = Plan { source: "other".into(), ..plan(false) };
    let refused = sentence(import(&app, other.clone(), &addresses("10.2", 250)).await);
    assert!(refused.contains("add 250"), "{refused}");
    import(&app, other, &addresses("10.2", 240)).await.unwrap();
    import(&app, Plan { sure: true, ..plan(true) }, &all[..900]).await.unwrap();
    assert_eq!(blocks::count_live(pool).await.unwrap(), 1_140);
}

#[tokio::test]
async fn an_import_is_taken_back_and_what_staff_lifted_stays_lifted() {
    let app = TestApp::start().await;
    let (desk, pool) = (app.desk(), app.desk().db.pool());
    let other = app.second().await;
    import(&app, plan(true), &["203.0.113.0/24".into(), "198.51.100.1".into(), "198.51.100.2".into()]).await.unwrap();
    desk.lift_only(&Who::operator(), net("203.0.113.7"), "clean").await.unwrap();
    let wide = blocks::find_live(pool, net("203.0.113.0/24"), "dynamic").await.unwrap().unwrap();
    app.wait(DAY);
    let new = ["198.51.100.1", "192.0.2.1", "192.0.2.2"].map(String::from);
    assert_eq!(import(&app, plan(true), &new).await.unwrap(), Counts { added: 2, kept: 1, held: 0, dropped: 2 });
    let renewed = blocks::find_live(pool, net("198.51.100.1"), "dynamic").await.unwrap().unwrap();
    desk.lift_net(&Who::operator(), net("192.0.2.2"), "clean").await.unwrap();
    assert!(!app.is_blocked("203.0.113.9") && app.is_blocked("192.0.2.1"));
    let id = last(&app).await.id;
    let counts = desk.undo_import(&Who::operator(), id).await.unwrap();
    assert_eq!((counts.added, counts.kept, counts.dropped), (2, 1, 1));
    other.desk.follow_all().await;
    let fresh = app.second().await;
    for list in [&desk.blocklist, &other.desk.blocklist, &fresh.desk.blocklist] {
        let blocked = |addr: &str| list.find(addr.parse().unwrap(), desk.now()).is_some();
        assert!(blocked("203.0.113.9") && blocked("198.51.100.1") && blocked("198.51.100.2"));
        assert!(!blocked("192.0.2.1") && !blocked("192.0.2.2"));
        assert!(!blocked("203.0.113.7"), "what was taken out stays out");
    }
    assert_eq!(desk.compare().await.unwrap(), Some(false));
    let back = blocks::find_live(pool, net("203.0.113.0/24"), "dynamic").await.unwrap().unwrap();
    assert_eq!((back.id, back.case_code, back.until), (wide.id, wide.case_code, wide.until), "its case link stays");
    let kept = blocks::find_live(pool, net("198.51.100.1"), "dynamic").await.unwrap().unwrap();
    assert_eq!(kept.until, renewed.until.map(|end| end.plus(-DAY)), "its end is that of before");
    let recorded = events::list(pool, &events::Filter::default(), 1).await.unwrap();
    assert_eq!(recorded[0].what, "import.undone");
}

#[tokio::test]
async fn imports_are_taken_back_one_after_the_other() {
    let app = TestApp::start().await;
    let (desk, pool) = (app.desk(), app.desk().db.pool());
    for nets in [&["203.0.113.1", "203.0.113.2"][..], &["203.0.113.2", "203.0.113.3"], &["203.0.113.4"]] {
        import(&app, plan(true), &nets.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>()).await.unwrap();
        app.wait(HOUR);
    }
    let past = imports::list(pool, 10).await.unwrap();
    let refused = sentence(desk.undo_import(&Who::operator(), past[1].id).await);
    assert!(refused.contains("later"), "{refused}");
    let listed = || {
        let blocked = |n: &u8| app.is_blocked(&format!("203.0.113.{n}"));
        (1..5).filter(blocked).collect::<Vec<u8>>()
    };
    assert_eq!(listed(), [4]);
    for (import, want) in past.iter().zip([&[2, 3][..], &[1, 2], &[]]) {
        desk.undo_import(&Who::operator(), import.id).await.unwrap();
        assert_eq!(listed(), want);
        assert_eq!(desk.compare().await.unwrap(), Some(false));
    }
    for import in [past[0].id, last(&app).await.id] {
        assert!(matches!(desk.undo_import(&Who::operator(), import).await, Err(Refusal::Invalid(_))), "once only");
    }
    assert!(matches!(desk.undo_import(&Who::operator(), Id(7)).await, Err(Refusal::NotFound)));
}

#[tokio::test]
async fn an_undo_that_dies_half_way_leaves_everything_as_it_was() {
    let app = TestApp::start().await;
    let (desk, pool) = (app.desk(), app.desk().db.pool());
    import(&app, plan(true), &["203.0.113.1".into()]).await.unwrap();
    app.wait(HOUR);
    import(&app, plan(true), &["203.0.113.2".into()]).await.unwrap();
    let begun = desk.begin_undo(&Who::operator(), last(&app).await.id).await.unwrap();
    assert!(!app.is_blocked("203.0.113.1") && app.is_blocked("203.0.113.2"));
    drop(begun);
    app.wait(2 * HOUR);
    import(&app, plan(false), &["203.0.113.3".into()]).await.unwrap();
    let dropped = blocks::covering(pool, net("203.0.113.1"), 5).await.unwrap();
    assert_eq!((dropped.len(), dropped[0].state), (1, BlockState::Dropped));
    assert!(app.is_blocked("203.0.113.2") && app.is_blocked("203.0.113.3") && !app.is_blocked("203.0.113.1"));
    assert_eq!(desk.compare().await.unwrap(), Some(false));
}

#[tokio::test]
async fn a_lead_takes_an_import_back_on_its_page() {
    let app = TestApp::start().await;
    import(&app, plan(true), &["203.0.113.1".into()]).await.unwrap();
    let path = format!("/staff/imports/{}/undo", last(&app).await.id);
    let mut agent = app.sign_in(Role::Agent).await;
    assert!(agent.get("/staff/imports").await.text.contains("dynamic.txt"));
    assert_eq!(agent.post(&path, &[]).await.status, 403);
    let mut lead = app.sign_in(Role::Lead).await;
    assert!(lead.get("/staff/imports").await.text.contains(&path));
    lead.post(&path, &[]).await.assert_redirect();
    assert!(!app.is_blocked("203.0.113.1"));
    let page = lead.get("/staff/imports").await.text;
    assert!(page.contains("taken back") && !page.contains(&path), "{page}");
}
