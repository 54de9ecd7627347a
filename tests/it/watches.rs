//! Whoever showed control over a network is told when it is blocked or lifted, until they end it.

use axum::body::Body;
use axum::http::Method;
use postern::desk::lift::{Lift, Scope};
use postern::domain::block::Block;
use postern::domain::id::{Id, Secret};
use postern::domain::net::Net;
use postern::domain::proof::Way;
use postern::domain::staff::Role;
use postern::domain::ticket::Ticket;
use postern::domain::time::{DAY, HOUR, MINUTE, SECOND};
use postern::store::outbox::{self, Mail};
use postern::store::{events, proofs, watches};

use crate::imports::{import, plan};
use crate::selfservice::{GOOD, act, asked, begin, portal};
use crate::support::TestApp;

/// A ticket about 203.0.113.7 whose proof was given by the link in a mail; gives the path of its page and the proof.
async fn proven(app: &TestApp) -> (Ticket, String, Id) {
    let (ticket, page) = asked(app, "203.0.113.7").await;
    let id = begin(app, &ticket, &page, "203.0.113.7").await;
    app.visitor().post(&act(&page, &format!("/proofs/{id}/mail")), &[("mailbox", "postmaster")]).await;
    let token = app.desk().proof_token(Way::Mailbox, id);
    app.visitor().post(&format!("/prove/{token}"), &[]).await.assert_page(200, "is shown");
    (ticket, page, id)
}

/// The mails of a kind that a ticket got.
async fn mails(app: &TestApp, ticket: &Ticket, notice: &str) -> Vec<Mail> {
    let all = outbox::of_ticket(app.desk().db.pool(), ticket.id).await.unwrap();
    all.into_iter().filter(|mail| mail.notice == notice).collect()
}

/// The path of the first address in a text below this one.
fn path(text: &str, below: &str) -> String {
    let start = format!("https://portal.example{below}");
    let rest = text.split(&start).nth(1).unwrap();
    let end = rest.find(|c: char| c.is_whitespace() || c == '"').unwrap_or(rest.len());
    format!("{below}{}", &rest[..end])
}

/// A running watch of 203.0.113.7; gives its ticket and the path of its page.
async fn watched(app: &TestApp) -> (Ticket, String) {
    let (ticket, page, proof) = proven(app).await;
    app.visitor().post(&act(&page, "/watches"), &[("proof", &proof.to_string())]).await.assert_redirect();
    let watch = path(&mails(app, &ticket, "watch-asked").await[0].body, "/watches/");
    app.visitor().post(&format!("{watch}/beginning"), &[]).await.assert_redirect();
    app.desk().gather_news().await.unwrap();
    (ticket, watch)
}

/// Lifts a block, or one address out of it.
async fn lift(app: &TestApp, block: &Block, scope: Scope) {
    let lift = Lift { block: block.id, scope, reason: "clean".to_owned(), probation: DAY, ticket: None };
    let agent = app.staff(&format!("agent{}", block.id), Role::Agent).await;
    app.desk().lift(&agent, lift).await.unwrap();
}

/// What the job does: gives how much was found and how many mails were queued.
async fn work(app: &TestApp) -> (usize, usize) {
    (app.desk().gather_news().await.unwrap(), app.desk().tell_news().await.unwrap())
}

#[tokio::test]
async fn a_watch_begins_with_its_mail_tells_and_ends_with_one_click() {
    let (app, _dns) = portal(GOOD, &[]).await;
    let (ticket, page, proof) = proven(&app).await;
    let mut sender = app.visitor();
    sender.get(&page).await.assert_page(200, "Watch 203.0.113.7");
    let ask = act(&page, "/watches");
    sender.post(&ask, &[("proof", &proof.to_string())]).await.assert_redirect();
    sender.post(&ask, &[("proof", &proof.to_string())]).await.assert_redirect();
    let asked = mails(&app, &ticket, "watch-asked").await;
    assert_eq!(asked.len(), 1, "a second time asks nobody");
    sender.get(&page).await.assert_page(200, "to be confirmed");
    let watch = path(&asked[0].body, "/watches/");
    let mut reader = app.visitor_from("192.0.2.99");
    reader.get(&watch).await.assert_page(200, "Yes, tell me");
    work(&app).await;
    app.block("203.0.113.0/24", "PB-SPAM").await;
    assert_eq!(work(&app).await, (0, 0), "opening the page does not begin it");
    reader.post(&format!("{watch}/beginning"), &[]).await.assert_redirect();
    let own = app.block("203.0.113.7", "PB-SPAM").await;
    app.block("198.51.100.1", "PB-SPAM").await;
    assert_eq!(work(&app).await, (1, 1));
    assert_eq!(work(&app).await, (0, 0));
    let told = mails(&app, &ticket, "watch-news").await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].subject, "203.0.113.7 is blocked");
    assert!(told[0].body.contains(&format!("/c/{}", own.case_code)), "{}", told[0].body);
    let end = format!("https://portal.example{watch}/end");
    assert_eq!(told[0].unsubscribe.as_deref(), Some(end.as_str()));
    sender.get(&page).await.assert_page(200, "watched").assert_page(200, &watch);

    reader.get(&format!("{watch}/end")).await.assert_page(200, "End the watch");
    let found = watches::find_by_secret(app.desk().db.pool(), &Secret::presented(&watch[9..]).hash()).await.unwrap();
    assert!(found.unwrap().is_running(), "opening the link does not end it");
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let click = Body::from("List-Unsubscribe=One-Click");
    let answer = reader.send(Method::POST, &format!("{watch}/end"), &form, click).await;
    answer.assert_page(200, "was ended");
    reader.post(&format!("{watch}/end"), &[]).await.assert_page(200, "was ended");
    lift(&app, &own, Scope::Entry).await;
    app.wait(DAY);
    assert_eq!(work(&app).await, (0, 0));
    let acts: Vec<String> =
        events::of_ticket(app.desk().db.pool(), ticket.id).await.unwrap().into_iter().map(|e| e.what).collect();
    for what in ["watch.asked", "watch.begun", "watch.ended"] {
        assert_eq!(acts.iter().filter(|act| *act == what).count(), 1, "{what}");
    }
}

#[tokio::test]
async fn a_web_request_or_a_mail_opens_no_watch_and_an_old_proof_neither() {
    let (app, _dns) = portal(GOOD, &[]).await;
    let (ticket, page) = asked(&app, "203.0.113.7").await;
    let id = begin(&app, &ticket, &page, "203.0.113.7").await;
    let token = app.desk().proof_token(Way::Web, id);
    app.visitor_from("203.0.113.7").post(&format!("/prove/{token}"), &[]).await.assert_page(200, "is shown");
    let mut sender = app.visitor();
    assert!(!sender.get(&page).await.text.contains("Watch 203.0.113.7"));
    sender.post(&act(&page, "/watches"), &[("proof", &id.to_string())]).await.assert_page(422, "lets you watch");
    sender.post(&act(&page, "/watches"), &[("proof", "1")]).await.assert_page(404, "");
    assert!(mails(&app, &ticket, "watch-asked").await.is_empty());

    let (app, _dns) = portal(GOOD, &[]).await;
    let (_, page, id) = proven(&app).await;
    app.wait(91 * DAY);
    app.visitor().post(&act(&page, "/watches"), &[("proof", &id.to_string())]).await.assert_page(422, "90 days");
}

#[tokio::test]
async fn mails_of_a_watch_come_with_pauses_and_the_feeds_tell_all() {
    let (app, _dns) = portal(GOOD, &[]).await;
    let before = app.block("203.0.113.0/24", "PB-POLICY").await;
    let (ticket, watch) = watched(&app).await;
    for round in 0..3 {
        let block = app.block("203.0.113.7", "PB-SPAM").await;
        assert_eq!(work(&app).await, (1, usize::from(round == 0)));
        app.wait(MINUTE);
        lift(&app, &block, Scope::Entry).await;
        assert_eq!(work(&app).await.1, 0, "it is quiet after a mail");
        app.wait(MINUTE);
    }
    app.wait(15 * MINUTE);
    assert_eq!(work(&app).await, (0, 1));
    let told = mails(&app, &ticket, "watch-news").await;
    assert_eq!(told.len(), 2);
    assert!(told[1].subject.contains("changes to blocks of 203.0.113.7"), "{}", told[1].subject);
    assert_eq!(told[1].body.matches("203.0.113.7 is blocked:").count(), 2, "{}", told[1].body);
    assert!(told.iter().all(|mail| mail.in_reply_to.is_none()));
    lift(&app, &before, Scope::Only(Net::parse("203.0.113.7").unwrap())).await;
    assert!(work(&app).await.0 > 0, "what is taken out of a wider block is news");

    let mut reader = app.visitor();
    let shown = reader.get(&watch).await;
    let (atom, json) = (path(&shown.text, "/watches/"), path(&shown.text, "/watches/").replace(".atom", ".json"));
    assert!(atom.ends_with("/feed.atom"), "{atom}");
    let feed = reader.get(&json).await;
    let feed: serde_json::Value = serde_json::from_str(&feed.text).unwrap();
    assert_eq!(feed["version"], "https://jsonfeed.org/version/1.1");
    let items = feed["items"].as_array().unwrap();
    assert!(
        items.len() >= 7 && items[0]["title"].as_str().unwrap().starts_with("The block of 203.0.113.7 is lifted"),
        "{feed}"
    );
    let feed = reader.get(&atom).await;
    assert!(feed.text.contains("<title>203.0.113.7 in the block list of"), "{}", feed.text);
    assert_eq!(feed.text.matches("<entry>").count(), items.len());
    for stranger in [watch.clone() + "/feed.json", watch.replace("/watches/", "/watches/x") + "/feed.atom"] {
        reader.get(&stranger).await.assert_page(404, "");
    }
    let secret = atom.trim_start_matches("/watches/").trim_end_matches("/feed.atom");
    reader.post(&format!("/watches/{secret}/end"), &[]).await.assert_page(404, "");
    reader.post(&format!("{watch}/end"), &[]).await.assert_page(200, "was ended");
    reader.get(&atom).await.assert_page(404, "");
}

#[tokio::test]
async fn an_import_is_told_and_what_stood_before_is_not() {
    let (app, _dns) = portal(GOOD, &[]).await;
    import(&app, plan("dynamic", false), &["203.0.113.7", "203.0.113.8"]).await;
    app.wait(SECOND);
    let (ticket, _) = watched(&app).await;
    app.wait(SECOND);
    import(&app, plan("dynamic", false), &["203.0.113.7"]).await;
    assert_eq!(work(&app).await, (0, 0), "it was blocked before");
    import(&app, plan("other", false), &["203.0.113.0/24", "203.0.113.8"]).await;
    assert_eq!(work(&app).await, (1, 1));
    app.wait(HOUR);
    import(&app, plan("dynamic", true), &["203.0.113.8"]).await;
    assert_eq!(work(&app).await, (1, 1));
    let told = mails(&app, &ticket, "watch-news").await;
    assert_eq!(told[0].subject, "203.0.113.0/24 is blocked");
    assert_eq!(told[1].subject, "The block of 203.0.113.7 has ended");
}

#[tokio::test]
async fn two_processes_tell_once_and_a_cut_log_is_passed_over() {
    let (app, _dns) = portal(GOOD, &[]).await;
    let (ticket, _) = watched(&app).await;
    let other = app.second().await;
    app.block("203.0.113.7", "PB-SPAM").await;
    let found = tokio::join!(app.desk().gather_news(), other.desk.gather_news());
    assert_eq!(found.0.unwrap() + found.1.unwrap(), 1);
    let told = tokio::join!(app.desk().tell_news(), other.desk.tell_news());
    assert_eq!(told.0.unwrap() + told.1.unwrap(), 1);
    assert_eq!(mails(&app, &ticket, "watch-news").await.len(), 1);

    app.block("203.0.113.0/24", "PB-SPAM").await;
    let pool = app.desk().db.pool();
    postern::store::changes::forget(pool, app.desk().now().plus(1)).await.unwrap();
    assert_eq!(work(&app).await, (0, 0));
    let reached = watches::reached(pool).await.unwrap().unwrap();
    assert_eq!(reached, postern::store::changes::position(pool).await.unwrap());
    app.block("203.0.113.0/25", "PB-SPAM").await;
    assert_eq!(work(&app).await.0, 1);
}

#[tokio::test]
async fn nobody_is_pestered_with_questions_and_what_is_over_is_forgotten() {
    let (app, _dns) = portal(GOOD, &[]).await;
    let (ticket, page, proof) = proven(&app).await;
    let pool = app.desk().db.pool();
    let proof = proofs::find(pool, proof).await.unwrap().unwrap();
    for n in 1..=6 {
        let other =
            postern::domain::proof::Proof { net: Net::parse(&format!("203.0.113.{n}")).unwrap(), ..proof.clone() };
        let asked = app.desk().ask_to_watch(&ticket, &other).await;
        assert_eq!(asked.is_ok(), n <= 5, "{asked:?}");
    }
    assert_eq!(mails(&app, &ticket, "watch-asked").await.len(), 5);
    app.visitor()
        .post(&act(&page, "/watches"), &[("proof", &proof.id.to_string())])
        .await
        .assert_page(422, "Several mails");
    let watch = path(&mails(&app, &ticket, "watch-asked").await[0].body, "/watches/");
    app.visitor().post(&format!("{watch}/beginning"), &[]).await.assert_redirect();
    work(&app).await;
    app.block("203.0.113.1", "PB-SPAM").await;
    assert_eq!(work(&app).await, (1, 1));
    app.wait(8 * DAY);
    app.desk().forget().await.unwrap();
    assert_eq!(
        watches::of_ticket(pool, ticket.id).await.unwrap().len(),
        1,
        "questions without an answer are forgotten"
    );
    app.visitor().post(&format!("{watch}/end"), &[]).await.assert_page(200, "was ended");
    app.wait(8 * DAY);
    app.desk().forget().await.unwrap();
    app.visitor().get(&watch).await.assert_page(404, "");
}
