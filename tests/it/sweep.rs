//! Periodic work: ends are written down, texts are purged after their retention, leftovers go.

use postern::desk::request::{Request, Submitted};
use postern::domain::block::BlockState;
use postern::domain::id::Id;
use postern::domain::staff::Role;
use postern::domain::ticket::{By, Resolution, Ticket};
use postern::domain::time::{DAY, HOUR, MINUTE};
use postern::store::evidence::Form;
use postern::store::outbox::MailState;
use postern::store::{blocks, changes, events, evidence, leases, limits, mail_tokens, messages, outbox, tickets};

use crate::support::TestApp;

/// What the sender of [`ticket_with_evidence`] gives.
const LOG: &[u8] = b"Nov 23 10:00:00 mx postfix/qmgr[1]: A1: from=<ann@sender.example>, size=1\n\
    Nov 23 10:00:01 mx postfix/smtp[1]: A1: to=<carl@customer.example>, relay=mx.customer.example[192.0.2.1]:25, \
    status=bounced (host mx.customer.example[192.0.2.1] said: 550 5.1.1 <carl@customer.example> unknown)\n";

/// A ticket with a piece of evidence.
async fn ticket_with_evidence(app: &TestApp, email: &str) -> (Ticket, Id) {
    let mut incoming = app.desk().begin_evidence(Form::File, "mail.log").await.unwrap();
    app.desk().take_evidence(&mut incoming, LOG).await.unwrap();
    let held = app.desk().complete_evidence(incoming).await.unwrap();
    let request = Request { evidence: vec![held.id], ..TestApp::request(email, "203.0.113.7") };
    let Submitted { code, .. } = app.desk().submit(request).await.unwrap();
    (app.ticket(&code).await, held.id)
}

#[tokio::test]
async fn an_end_that_has_passed_is_written_down_as_a_change() {
    let app = TestApp::start().await;
    let other = app.second().await;
    let short = app.block("203.0.113.7", "PB-SPAM").await;
    let ann = app.staff("ann", Role::Agent).await;
    let kept = app.block("203.0.113.8", "PB-SPAM").await;
    app.desk().set_block_end(&ann, kept.id, postern::domain::block::Lasts::Forever).await.unwrap();
    assert_eq!(app.desk().expire_blocks().await.unwrap(), 0, "not before its end");
    app.wait(7 * DAY);
    let before = changes::position(app.desk().db.pool()).await.unwrap().n;
    assert_eq!(app.desk().expire_blocks().await.unwrap(), 1);
    assert_eq!(app.desk().expire_blocks().await.unwrap(), 0, "once");
    let pool = app.desk().db.pool();
    assert_eq!(blocks::find(pool, short.id).await.unwrap().unwrap().state, BlockState::Expired);
    assert_eq!(changes::position(pool).await.unwrap().n, before + 1);
    let done = events::of_block(pool, short.id).await.unwrap();
    let last = done.last().unwrap();
    assert_eq!((last.what.as_str(), last.net.as_deref()), ("block.expired", Some("203.0.113.7")), "the audit finds it");
    assert_eq!(app.desk().blocklist.count(), 1);
    other.desk.follow_all().await;
    assert_eq!(other.desk.blocklist.count(), 1);
}

#[tokio::test]
async fn many_ends_at_once_are_written_down_bit_by_bit() {
    let app = TestApp::start().await;
    for n in 0..30 {
        app.block(&format!("203.0.113.{n}"), "PB-SPAM").await;
    }
    app.wait(7 * DAY);
    let pool = app.desk().db.pool();
    assert_eq!(blocks::due(pool, app.desk().now(), 20).await.unwrap().len(), 20);
    assert_eq!(app.desk().expire_blocks().await.unwrap(), 30);
    let log = changes::after(pool, 0, 1_000).await.unwrap();
    assert!(log.len() == 60 && log.iter().zip(1..).all(|(change, n)| change.n == n));
}

#[tokio::test]
async fn after_the_retention_texts_are_gone_and_figures_stay() {
    let app = TestApp::with(&[("evidence.retention", "30d")]).await;
    let ann = app.staff("ann", Role::Agent).await;
    let (ended, piece) = ticket_with_evidence(&app, "a@sender.example").await;
    let (open, other_piece) = ticket_with_evidence(&app, "b@sender.example").await;
    app.desk().note(&ann, ended.id, "A note of our own.").await.unwrap();
    app.desk().resolve(&ann, ended.id, Resolution::Answered, "The answer.").await.unwrap();
    let pool = app.desk().db.pool();
    while let Some(mail) = outbox::claim(pool, app.desk().now(), app.desk().now().plus(MINUTE)).await.unwrap() {
        outbox::sent(pool, mail.id, &mail.body, app.desk().now()).await.unwrap();
    }
    let before = evidence::find(pool, piece).await.unwrap().unwrap();
    app.wait(30 * DAY);
    assert_eq!(app.desk().purge().await.unwrap(), 0, "not before its time");
    app.wait(1);
    assert_eq!(app.desk().purge().await.unwrap(), 1);
    let after = evidence::find(pool, piece).await.unwrap().unwrap();
    assert_eq!(after.name, "");
    assert!(after.text.starts_with("[\u{2026}]\nNov 23 10:00:01") && after.text.contains("<c***@customer.example>"));
    let found = postern::desk::evidence::findings(&after);
    assert_eq!(found.category, postern::desk::evidence::findings(&before).category, "what was understood stays");
    for kept in [&after.text, after.findings.as_ref().unwrap()] {
        assert!(!kept.contains("carl") && !kept.contains("ann@"), "{kept}");
    }
    assert_eq!(
        (after.size, after.sha256, after.ticket_id),
        (before.size, before.sha256, Some(ended.id)),
        "figures stay"
    );
    assert_eq!(after.purged_at, Some(app.desk().now()));
    assert_eq!(evidence::chunk(pool, piece, 0).await.unwrap(), None);
    let said = messages::of_ticket(pool, ended.id).await.unwrap();
    for message in &said {
        let is_senders = message.author_kind == By::Sender;
        assert_eq!(message.text.is_empty(), is_senders, "{message:?}");
        assert_eq!(message.purged_at.is_some(), is_senders);
    }
    let mails = outbox::of_ticket(pool, ended.id).await.unwrap();
    assert!(mails.iter().all(|m| m.body.is_empty() && m.state == MailState::Sent));
    assert_eq!(app.ticket_by_id(ended.id).await.resolution, Some(Resolution::Answered));
    assert!(!events::of_ticket(pool, ended.id).await.unwrap().is_empty());
    let waiting = evidence::find(pool, other_piece).await.unwrap().unwrap();
    assert!(
        waiting.text.contains("bounced") && evidence::chunk(pool, other_piece, 0).await.unwrap().is_some(),
        "work goes on"
    );
    assert!(!messages::of_ticket(pool, open.id).await.unwrap()[0].text.is_empty());
}

#[tokio::test]
async fn who_submitted_it_is_forgotten_with_the_evidence() {
    let app = TestApp::with(&[("evidence.retention", "30d")]).await;
    let ann = app.staff("ann", Role::Agent).await;
    let (ended, _) = ticket_with_evidence(&app, "a@sender.example").await;
    let joined = app.desk().submit(TestApp::request("a@sender.example", "203.0.113.7")).await.unwrap();
    let joined = app.ticket(&joined.code).await;
    let (open, _) = ticket_with_evidence(&app, "b@sender.example").await;
    app.desk().resolve(&ann, ended.id, Resolution::Answered, "The answer.").await.unwrap();
    app.wait(31 * DAY);
    app.desk().purge().await.unwrap();
    let pool = app.desk().db.pool();
    for (ticket, kept) in [(ended.id, ""), (joined.id, ""), (open.id, "198.51.100.23")] {
        assert_eq!(tickets::client(pool, ticket).await.unwrap().as_deref(), Some(kept));
    }
    assert!(messages::of_ticket(pool, joined.id).await.unwrap()[0].text.is_empty());
}

#[tokio::test]
async fn all_is_purged_at_once_but_what_a_ticket_takes_at_the_last_moment() {
    let app = TestApp::start().await;
    let (ticket, _) = app.ask("a@sender.example", "203.0.113.7").await;
    let mut pieces = Vec::new();
    for _ in 0..220 {
        let mut incoming = app.desk().begin_evidence(Form::File, "a.log").await.unwrap();
        app.desk().take_evidence(&mut incoming, b"a line").await.unwrap();
        pieces.push(app.desk().complete_evidence(incoming).await.unwrap().id);
    }
    app.wait(25 * HOUR);
    let (pool, now) = (app.desk().db.pool(), app.desk().now());
    assert_eq!(evidence::to_purge(pool, now, now).await.unwrap().len(), 200);
    let owner = evidence::Owner { ticket: ticket.id, join: None, by: By::Sender };
    assert!(evidence::attach(pool, pieces[0], owner).await.unwrap());
    assert!(!evidence::begin_purge(pool, pieces[0], now.plus(-DAY), now, now).await.unwrap());
    assert_eq!(app.desk().purge().await.unwrap(), 219);
    assert!(evidence::chunk(pool, pieces[0], 0).await.unwrap().is_some());
    assert!(!evidence::attach(pool, pieces[1], owner).await.unwrap(), "what is gone is given to nobody");
}

#[tokio::test]
async fn a_mail_that_still_waits_keeps_its_text() {
    let app = TestApp::with(&[("evidence.retention", "30d")]).await;
    let (ticket, _) = app.ask("a@sender.example", "203.0.113.7").await;
    app.wait(31 * DAY);
    app.desk().purge().await.unwrap();
    assert!(!outbox::of_ticket(app.desk().db.pool(), ticket.id).await.unwrap()[0].body.is_empty());
}

#[tokio::test]
async fn counts_tokens_and_changes_are_forgotten_in_their_time() {
    let app = TestApp::start().await;
    let (ticket, _) = app.ask("a@sender.example", "203.0.113.7").await;
    let pool = app.desk().db.pool();
    assert_eq!(limits::count(pool, "check:203.0.113.7", MINUTE, app.desk().now()).await.unwrap(), 1);
    let begun = app.desk().now();
    app.wait(3 * HOUR);
    app.desk().forget().await.unwrap();
    assert_eq!(limits::count(pool, "check:203.0.113.7", MINUTE, begun).await.unwrap(), 1);
    assert!(changes::oldest(pool).await.unwrap().is_some(), "changes are kept for a week");
    let token = postern::domain::id::hash(app.desk().mail_token(ticket.id).as_bytes());
    assert!(
        mail_tokens::find_live(pool, &token, app.desk().now()).await.unwrap().is_some_and(|t| t.ticket_id == ticket.id)
    );
    app.wait(365 * DAY);
    assert!(mail_tokens::find_live(pool, &token, app.desk().now()).await.unwrap().is_none());
    app.desk().forget().await.unwrap();
    assert_eq!(changes::oldest(pool).await.unwrap(), None);
    assert_eq!(changes::position(pool).await.unwrap().n, 1, "numbers go on");
    assert!(mail_tokens::live_page(pool, Id(0), begun, 10).await.unwrap().is_empty(), "the row is gone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn periodic_work_is_one_processs_at_a_time() {
    let app = TestApp::start().await;
    let now = app.desk().now();
    let takers: Vec<_> = (0..8)
        .map(|n| {
            let db = app.desk().db.clone();
            tokio::spawn(async move {
                leases::take(db.pool(), "sweep", &format!("process-{n}"), now, now.plus(HOUR)).await.unwrap()
            })
        })
        .collect();
    let mut holder = None;
    for (n, taker) in takers.into_iter().enumerate() {
        if taker.await.unwrap() {
            assert!(holder.replace(format!("process-{n}")).is_none(), "two have it");
        }
    }
    let holder = holder.expect("somebody has it");
    let pool = app.desk().db.pool();
    assert!(leases::take(pool, "sweep", &holder, now, now.plus(2 * HOUR)).await.unwrap(), "its holder keeps it");
    assert!(!leases::take(pool, "sweep", "another", now.plus(HOUR), now.plus(3 * HOUR)).await.unwrap());
    assert!(
        leases::take(pool, "sweep", "another", now.plus(2 * HOUR), now.plus(3 * HOUR)).await.unwrap(),
        "when it is over"
    );
    assert!(leases::take(pool, "expire", &holder, now, now.plus(HOUR)).await.unwrap(), "each work has its own");
}
