//! Refusals are counted for each block, and shown where people ask what a block does.

use postern::domain::block::Block;
use postern::domain::id::Id;
use postern::domain::staff::Role;
use postern::domain::time::{DAY, HOUR, SECOND};
use postern::gateways::{policy, socketmap};
use postern::store::blocks;

use crate::support::{TestApp, judge, request};

/// The block as it stands now.
async fn now(app: &TestApp, block: Id) -> Block {
    blocks::find(app.desk().db.pool(), block).await.unwrap().unwrap()
}

/// A mail server asks the policy service about one recipient of a mail.
fn ask(app: &TestApp, client: &str, recipient: &str, instance: &str) {
    let text = request(client, recipient).replace("1a2b.65f0c0de.7a7a.0", instance);
    policy::action(&judge(app), &policy::parse(text.as_bytes()).unwrap()).unwrap();
}

#[tokio::test]
async fn each_refused_mail_counts_once_for_the_block_that_answers() {
    let app = TestApp::start().await;
    let wide = app.block("203.0.113.0/24", "PB-SPAM").await;
    let narrow = app.block("203.0.113.7", "PB-SPAM").await;
    for recipient in ["carl@customer.example", "cora@customer.example", "postmaster@customer.example"] {
        ask(&app, "203.0.113.7", recipient, "one");
    }
    ask(&app, "203.0.113.7", "carl@customer.example", "two");
    ask(&app, "203.0.113.9", "carl@customer.example", "three");
    ask(&app, "203.0.114.9", "carl@customer.example", "four");
    let began = app.desk().now();
    assert_eq!(app.desk().flush_hits().await.unwrap(), 2);
    app.wait(HOUR);
    let _ = socketmap::answer(&judge(&app), b"clients 203.0.113.9");
    let _ = socketmap::answer(&judge(&app), b"postscreen 203.0.113.9");
    let _ = socketmap::answer(&judge(&app), b"clients 203.0.114.9");
    assert_eq!((app.desk().flush_hits().await.unwrap(), app.desk().flush_hits().await.unwrap()), (1, 0));
    let told = now(&app, narrow.id).await;
    assert_eq!((told.hits, told.first_hit_at, told.last_hit_at), (2, Some(began), Some(began)));
    let told = now(&app, wide.id).await;
    assert_eq!((told.hits, told.first_hit_at, told.last_hit_at), (3, Some(began), Some(began.plus(HOUR))));
}

#[tokio::test]
async fn what_postscreen_only_passes_on_is_not_counted() {
    let app = TestApp::start().await;
    app.block("203.0.113.8", "PB-RATE").await;
    assert_eq!(socketmap::answer(&judge(&app), b"postscreen 203.0.113.8"), "OK dunno");
    assert_eq!(app.desk().flush_hits().await.unwrap(), 0);
    let _ = socketmap::answer(&judge(&app), b"clients 203.0.113.8");
    assert_eq!(app.desk().flush_hits().await.unwrap(), 1);
}

#[tokio::test]
async fn times_of_several_processes_add_up_in_any_order() {
    let app = TestApp::start().await;
    let block = app.block("203.0.113.7", "PB-SPAM").await;
    let (pool, at) = (app.desk().db.pool(), app.desk().now());
    let other = app.block("2001:db8:7::/64", "PB-SPAM").await;
    let (first, second) = ((block.id, 5, at.plus(HOUR), at.plus(DAY)), (block.id, 2, at.plus(SECOND), at.plus(HOUR)));
    blocks::add_hits(pool, &[first, (other.id, 1, at, at)]).await.unwrap();
    blocks::add_hits(pool, &[second]).await.unwrap();
    let told = now(&app, block.id).await;
    assert_eq!((told.hits, told.first_hit_at, told.last_hit_at), (7, Some(at.plus(SECOND)), Some(at.plus(DAY))));
    let told = now(&app, other.id).await;
    assert_eq!((told.hits, told.first_hit_at, told.last_hit_at), (1, Some(at), Some(at)));
}

#[tokio::test]
async fn refusals_of_many_blocks_are_written_down_each_with_its_own() {
    let app = TestApp::start().await;
    let mut blocks = Vec::new();
    for n in 1..=60_i64 {
        let block = app.block(&format!("2001:db8:{n:x}::/64"), "PB-SPAM").await;
        (0..n).for_each(|_| app.desk().blocklist.hits.count(block.id, app.desk().now()));
        blocks.push((block.id, n));
    }
    assert_eq!(app.desk().flush_hits().await.unwrap(), 60);
    for (id, hits) in blocks {
        assert_eq!(now(&app, id).await.hits, hits);
    }
}

#[tokio::test]
async fn refusals_that_cannot_be_written_down_are_kept() {
    let app = TestApp::start().await;
    let block = app.block("203.0.113.7", "PB-SPAM").await;
    let away = postern::store::Db::connect(&app.database.url, 1).await.unwrap();
    away.close().await;
    let cut = postern::desk::Desk { db: away, ..app.desk().clone() };
    ask(&app, "203.0.113.7", "carl@customer.example", "one");
    assert!(cut.flush_hits().await.is_err());
    assert_eq!(app.desk().flush_hits().await.unwrap(), 1);
    assert_eq!(now(&app, block.id).await.hits, 1);
}

#[tokio::test]
async fn everybody_who_asks_sees_what_a_block_refused() {
    let app = TestApp::start().await;
    let mut ann = app.sign_in(Role::Agent).await;
    let block = app.block("203.0.113.7", "PB-SPAM").await;
    let (ticket, _) = app.ask("ann@sender.example", "203.0.113.7").await;
    let path = format!("/c/{}/203.0.113.7", block.case_code);
    assert!(app.visitor().get(&path).await.text.contains("none that our servers reported"));
    for mail in ["one", "two", "three"] {
        ask(&app, "203.0.113.7", "carl@customer.example", mail);
        app.wait(SECOND);
    }
    app.desk().flush_hits().await.unwrap();
    for public in [path.as_str(), "/check?q=203.0.113.7"] {
        let page = app.visitor().get(public).await.text;
        assert!(page.contains("3 times") && page.contains("2026-11-23T12:00:02"), "{public}");
    }
    for staff in [format!("/staff/blocks/{}", block.id), format!("/staff/tickets/{}", ticket.code)] {
        let page = ann.get(&staff).await.text;
        assert!(page.contains("Refusals") && page.contains("2026-11-23T12:00:02"), "{staff}");
    }
}
