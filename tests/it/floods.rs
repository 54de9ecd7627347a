//! More requests than are taken: held until their mail address is confirmed, then turned away with all that was typed.

use postern::desk::bounds::Bound;
use postern::desk::held::Closed;
use postern::domain::email::Email;
use postern::domain::staff::Role;
use postern::domain::time::{HOUR, MINUTE};
use postern::store::outbox::Mail;
use postern::store::{evidence, held, outbox, tickets};

use crate::support::{Answer, Browser, TestApp};

/// A portal that takes so many requests of a visitor, of its neighbourhood and of all.
async fn portal(own: &str, near: &str, all: &str) -> TestApp {
    TestApp::with(&[
        ("limits.requests_per_hour", own),
        ("limits.requests_per_hour_network", near),
        ("limits.requests_per_minute", all),
    ])
    .await
}

/// Sends a form.
async fn send(visitor: &mut Browser, email: &str, message: &str) -> Answer {
    visitor.post("/requests/new", &[("email", email), ("ips", "203.0.113.7"), ("message", message)]).await
}

/// The mails that ask for a confirmation.
async fn asked(app: &TestApp) -> Vec<Mail> {
    let all = outbox::list(app.desk().db.pool(), None, None, 500).await.unwrap();
    all.into_iter().filter(|mail| mail.notice == "confirm").collect()
}

/// The path of the link in a mail.
fn link(mail: &Mail) -> String {
    let at = mail.body.find("/confirm/").unwrap();
    mail.body[at..].split_whitespace().next().unwrap().to_owned()
}

/// How many tickets there are.
async fn count(app: &TestApp) -> usize {
    let filter = tickets::Filter { newest_first: true, ..tickets::Filter::default() };
    tickets::list(app.desk().db.pool(), &filter, 500).await.unwrap().len()
}

/// The value of a field that the page has.
fn field<'a>(page: &'a str, name: &str) -> &'a str {
    let after = page.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap();
    after.split('"').next().unwrap()
}

#[tokio::test]
async fn a_request_beyond_the_limit_is_held_until_its_mail_address_is_confirmed() {
    let app = portal("1", "100", "100").await;
    let mut visitor = app.visitor();
    send(&mut visitor, "ann@example.org", "one").await.assert_redirect();
    let fields = [("email", "ben@example.org"), ("ips", "203.0.113.8"), ("message", "two")];
    let page = visitor.post_files("/requests/new", &fields, &[("file", "a.log", b"line")]).await;
    page.assert_page(202, "confirm your mail address").assert_page(202, "ben@example.org");
    assert_eq!(count(&app).await, 1, "staff see nothing of it");
    let mut agent = app.sign_in(Role::Agent).await;
    agent.get("/staff/tickets").await.assert_page(200, "One request beyond the limits waits");
    let mails = asked(&app).await;
    assert_eq!((mails.len(), mails[0].recipient.as_str(), mails[0].ticket_id), (1, "ben@example.org", None));
    let mut ben = app.visitor_from("192.0.2.50");
    let shown = ben.get(&link(&mails[0])).await;
    shown.assert_page(200, "Confirm your request").assert_page(200, "203.0.113.8");
    assert_eq!(count(&app).await, 1, "a scanner that opens the link does nothing");
    let id = field(&shown.text, "id").to_owned();
    let done = ben.post(&link(&mails[0]), &[("id", &id)]).await;
    let status = done.assert_redirect().to_owned();
    ben.get(&status).await.assert_page(200, "Thank you, your request has arrived").assert_page(200, "two");
    let code = status.split(['/', '?']).nth(2).unwrap();
    let ticket = app.ticket(code).await;
    assert_eq!(evidence::of_ticket(app.desk().db.pool(), ticket.id).await.unwrap().len(), 1);
    ben.post(&link(&mails[0]), &[("id", &id)]).await.assert_redirect();
    ben.get(&link(&mails[0])).await.assert_page(200, "Nothing waits here any more");
    assert_eq!(count(&app).await, 2, "once only");
    assert!(!agent.get("/staff/tickets").await.text.contains("beyond the limits"));
    ben.get("/confirm/nonsense").await.assert_page(404, "");
}

#[tokio::test]
async fn the_mail_for_the_confirmation_pesters_nobody() {
    let app = TestApp::with(&[("limits.requests_per_hour_mail", "3")]).await;
    let evil = "BUY https://spam.example";
    for n in 0..3 {
        send(&mut app.visitor(), "ann@example.org", &n.to_string()).await.assert_redirect();
    }
    for n in 0..3 {
        let mut from = app.visitor_from(&format!("192.0.2.{n}"));
        let fields = [("email", "Ann@example.org"), ("name", evil), ("message", evil), ("kind", "other")];
        from.post("/requests/new", &fields).await.assert_page(202, "confirm");
    }
    let mails = asked(&app).await;
    assert_eq!(mails.len(), 1, "one an hour for each address");
    assert!(!mails[0].body.contains("spam") && !mails[0].subject.contains("BUY"), "{:?}", mails[0]);
    let page = app.visitor().get(&link(&mails[0])).await;
    assert_eq!(page.text.matches("<form class=\"card\"").count(), 3, "its page shows all that wait");
    app.wait(HOUR);
    for n in 0..4 {
        send(&mut app.visitor_from(&format!("192.0.2.{n}")), "ann@example.org", "later").await;
    }
    assert_eq!(asked(&app).await.len(), 2);
}

#[tokio::test]
async fn beyond_what_is_held_the_form_comes_back_with_all_that_was_typed() {
    let app = portal("2", "100", "100").await;
    let mut visitor = app.visitor();
    let mut seen = Vec::new();
    for n in 0..4 {
        seen.push(send(&mut visitor, &format!("a{n}@example.org"), "typed with care").await.status.as_u16());
    }
    assert_eq!(seen, [303, 303, 202, 202]);
    let page = send(&mut visitor, "a4@example.org", "typed with care").await;
    page.assert_page(429, "too many requests").assert_page(429, "typed with care");
    assert_eq!(held::count(app.desk().db.pool(), 10).await.unwrap(), 2);
    app.wait(HOUR);
    send(&mut visitor, "a4@example.org", "typed with care").await.assert_redirect();
}

#[tokio::test]
async fn neighbours_and_all_together_have_limits_too() {
    let app = portal("10", "2", "100").await;
    let from = |addr: String| app.visitor_from(&addr);
    for (n, want) in [303, 303, 202, 202, 429].into_iter().enumerate() {
        let answer = send(&mut from(format!("203.0.113.{n}")), &format!("a{n}@example.org"), "x").await;
        assert_eq!(answer.status.as_u16(), want, "{n}");
    }
    send(&mut from("198.51.100.1".to_owned()), "b@example.org", "x").await.assert_redirect();
    for (n, want) in [303, 303, 202].into_iter().enumerate() {
        let answer = send(&mut from(format!("2001:db8:5:{n}::1")), &format!("c{n}@example.org"), "x").await;
        assert_eq!(answer.status.as_u16(), want, "{n}");
    }
    let app = portal("10", "10", "2").await;
    for (n, want) in [303, 303, 202, 202, 503].into_iter().enumerate() {
        let mut visitor = app.visitor_from(&format!("203.0.{n}.1"));
        let answer = send(&mut visitor, &format!("a{n}@example.org"), "typed with care").await;
        assert_eq!(answer.status.as_u16(), want, "{n}");
        if want == 503 {
            answer.assert_page(503, "typed with care").assert_page(503, "too many requests come in at this moment");
            assert_eq!(answer.headers.get("retry-after").unwrap(), "60");
        }
    }
    app.wait(MINUTE);
    send(&mut app.visitor_from("203.0.9.1"), "z@example.org", "x").await.assert_redirect();
}

#[tokio::test]
async fn limits_hold_over_several_machines_and_a_flood_writes_nothing() {
    let app = portal("2", "100", "100").await;
    let other = TestApp { app: app.second().await, database: crate::support::Database::create().await };
    for (n, from) in [&app, &other].into_iter().enumerate() {
        send(&mut from.visitor(), &format!("a{n}@example.org"), "x").await.assert_redirect();
    }
    for (n, from) in [&app, &other].into_iter().enumerate() {
        send(&mut from.visitor(), &format!("b{n}@example.org"), "x").await.assert_page(202, "confirm");
    }
    for from in [&app, &other] {
        send(&mut from.visitor(), "c@example.org", "x").await.assert_page(429, "too many requests");
    }
    let client = "198.51.100.23".parse().unwrap();
    assert_eq!(
        (app.desk().is_closed(client), other.desk().is_closed(client)),
        (Some(Closed::Visitor), Some(Closed::Visitor))
    );
    app.desk().db.close().await;
    let page = send(&mut app.visitor(), "c@example.org", "typed with care").await;
    page.assert_page(429, "typed with care");
}

#[tokio::test]
async fn who_only_makes_mistakes_is_bounded_as_well() {
    let app = portal("1", "100", "100").await;
    let mut visitor = app.visitor();
    for _ in 0..2 {
        visitor.post("/requests/new", &[("email", "no address"), ("message", "x")]).await.assert_page(422, "");
    }
    let fields = [("email", "no address"), ("message", "typed with care")];
    visitor.post("/requests/new", &fields).await.assert_page(429, "typed with care");
}

#[tokio::test]
async fn a_held_form_sent_again_is_held_once_and_a_taken_one_leads_to_its_page() {
    let app = portal("1", "100", "100").await;
    let mut visitor = app.visitor();
    let form = |email: &'static str| [("email", email), ("message", "x"), ("once", "a form that is sent twice")];
    let first = visitor.post("/requests/new", &form("ann@example.org")).await;
    let again = visitor.post("/requests/new", &form("ann@example.org")).await;
    assert_eq!(first.assert_redirect(), again.assert_redirect(), "it was taken already");
    let request = postern::desk::request::Request {
        once: Some("another form sent twice".to_owned()),
        ..TestApp::request("ben@example.org", "203.0.113.7")
    };
    for _ in 0..2 {
        app.desk().hold(&request).await.unwrap();
    }
    assert_eq!(held::count(app.desk().db.pool(), 10).await.unwrap(), 1);
}

#[tokio::test]
async fn what_nobody_confirms_is_forgotten() {
    let app = portal("1", "100", "100").await;
    app.desk().hold(&TestApp::request("ann@example.org", "203.0.113.7")).await.unwrap();
    let path = link(&asked(&app).await[0]);
    app.visitor().get(&path).await.assert_page(200, "203.0.113.7");
    app.wait(7 * HOUR);
    app.visitor().get(&path).await.assert_page(404, "");
    app.desk().forget().await.unwrap();
    let pool = app.desk().db.pool();
    assert_eq!(held::count(pool, 10).await.unwrap(), 0);
    let ann = Email::parse("ann@example.org").unwrap();
    assert!(outbox::was_sent_to(pool, &ann, "confirm", app.desk().now().plus(-8 * HOUR)).await.unwrap());
    assert!(!outbox::was_sent_to(pool, &ann, "confirm", app.desk().now()).await.unwrap());
}

#[tokio::test]
async fn a_count_is_decided_in_memory_once_it_is_full() {
    let app = TestApp::start().await;
    let bound = Bound::new("a thing".to_owned(), MINUTE, 2);
    let tries = [app.desk().count(&bound).await, app.desk().count(&bound).await, app.desk().count(&bound).await];
    assert_eq!(tries.map(Result::unwrap), [true, true, false]);
    app.desk().db.close().await;
    assert!(!app.desk().count(&bound).await.unwrap(), "without the database");
}
