//! Mail: queued with what causes it, delivered to a real server, tried again, given up visibly.

use std::collections::BTreeSet;

use postern::config::Config;
use postern::desk::Desk;
use postern::domain::id::Id;
use postern::domain::staff::Role;
use postern::domain::time::{HOUR, MINUTE, SECOND};
use postern::jobs::deliver;
use postern::mail::message;
use postern::mail::transport::Transport;
use postern::store::events;
use postern::store::outbox::{self, Mail, MailState};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::support::{Sink, TestApp, eventually, free_port};

/// A portal that hands its mails over at this address, and nothing else changed.
async fn app_for(url: &str) -> TestApp {
    TestApp::with(&[("mail.smtp_url", url)]).await
}

/// The job that delivers; it ends with the test.
struct Job {
    /// The task.
    task: JoinHandle<()>,
    /// Ends it.
    stop: DropGuard,
}

impl Job {
    /// Lets it finish what it has begun, and ends it.
    async fn end(self) {
        drop(self.stop);
        self.task.await.unwrap();
    }
}

/// Delivers to where the portal's settings say.
fn deliver(app: &TestApp) -> Job {
    deliver_to(app.desk(), app.desk().config.mail.smtp_url.as_ref().unwrap().as_str())
}

/// Delivers to this address.
fn deliver_to(desk: &Desk, url: &str) -> Job {
    let stop = CancellationToken::new();
    let transport = Transport::new(&url.parse().unwrap()).unwrap();
    let task = tokio::spawn(deliver::run(desk.clone(), transport, stop.clone()));
    Job { task, stop: stop.drop_guard() }
}

/// The first mail of the outbox as it stands.
async fn mail(app: &TestApp, id: Id) -> Mail {
    outbox::find(app.desk().db.pool(), id).await.unwrap().unwrap()
}

/// The mail of a new ticket.
async fn queued(app: &TestApp, email: &str) -> Mail {
    let (ticket, _) = app.ask(email, "203.0.113.7").await;
    outbox::of_ticket(app.desk().db.pool(), ticket.id).await.unwrap().pop().unwrap()
}

/// Waits until a mail stands there.
async fn until(app: &TestApp, id: Id, state: MailState) {
    eventually(&format!("the mail is {state}"), async || mail(app, id).await.state == state).await;
}

#[tokio::test]
async fn a_mail_arrives_as_it_was_promised() {
    let sink = Sink::start().await;
    let app = app_for(&sink.url()).await;
    let queued = queued(&app, "ann@sender.example").await;
    let _running = deliver(&app);
    until(&app, queued.id, MailState::Sent).await;
    let arrived = sink.mails().pop().expect("it arrived");
    assert_eq!(arrived.from, format!("bounce+{}@portal.example", queued.token));
    assert_eq!(arrived.to, ["ann@sender.example"]);
    assert_eq!(arrived.header("Message-ID"), Some(queued.message_id.clone()));
    assert_eq!(arrived.header("Auto-Submitted").as_deref(), Some("auto-generated"));
    assert_eq!(arrived.header("Date").as_deref(), Some("Mon, 23 Nov 2026 12:00:00 +0000"));
    assert_eq!(arrived.subject(), queued.subject);
    assert_eq!(arrived.plain().trim_end(), queued.body.trim_end());
    assert!(arrived.header("Reply-To").is_none(), "answers by mail are not taken");
    assert!(arrived.header("From").unwrap().contains("postmaster@portal.example"));
    let after = mail(&app, queued.id).await;
    assert_eq!((after.attempts, after.sent_at, after.last_error), (1, Some(app.desk().now()), None));
}

#[tokio::test]
async fn a_thread_holds_together_and_a_person_is_no_automaton() {
    let sink = Sink::start().await;
    let app = TestApp::with(&[("mail.smtp_url", &sink.url()), ("mail.inbound", "yes")]).await;
    let ann = app.staff("ann", Role::Agent).await;
    let (ticket, _) = app.ask("ann@sender.example", "203.0.113.7").await;
    app.desk()
        .answer(&ann, ticket.id, "Grüße aus Köln – 日本語\n\n.a line that begins with a dot\nFrom here on", true)
        .await
        .unwrap();
    let _running = deliver(&app);
    let arrived = sink.wait_for(2).await;
    let first = arrived.iter().find(|m| m.header("In-Reply-To").is_none()).unwrap();
    let second = arrived.iter().find(|m| m.header("In-Reply-To").is_some()).unwrap();
    assert_eq!(second.header("In-Reply-To"), first.header("Message-ID"));
    assert_eq!(second.header("References"), first.header("Message-ID"));
    assert!(second.header("Auto-Submitted").is_none(), "a person wrote it");
    let token = app.desk().mail_token(ticket.id);
    assert_eq!(second.header("Reply-To").as_deref(), Some(format!("reply+{token}@portal.example").as_str()));
    assert!(
        second.plain().contains("Grüße aus Köln – 日本語")
            && second.plain().contains("\n.a line that begins with a dot\nFrom here on")
    );
    assert!(second.text.lines().all(|line| line.len() <= 998 && line.is_ascii()));
}

#[tokio::test]
async fn a_refusal_for_good_is_given_up_visibly() {
    for command in ["RCPT", "."] {
        let sink = Sink::refusing(command).await;
        let app = app_for(&sink.url()).await;
        let queued = queued(&app, "ann@sender.example").await;
        let _running = deliver(&app);
        until(&app, queued.id, MailState::Failed).await;
        let after = mail(&app, queued.id).await;
        assert_eq!(after.attempts, 1);
        assert!(after.last_error.as_ref().unwrap().contains('5'), "{:?}", after.last_error);
        let history = events::of_ticket(app.desk().db.pool(), queued.ticket_id.unwrap()).await.unwrap();
        assert!(history.iter().any(|e| e.what == "mail.failed"), "the ticket says so");
    }
}

#[tokio::test]
async fn a_given_up_mail_is_sent_when_staff_ask_for_it() {
    let refusing = Sink::refusing("MAIL").await;
    let app = app_for(&refusing.url()).await;
    let queued = queued(&app, "ann@sender.example").await;
    let job = deliver(&app);
    until(&app, queued.id, MailState::Failed).await;
    job.end().await;
    let pool = app.desk().db.pool();
    assert!(outbox::retry(pool, queued.id, &queued.body, app.desk().now()).await.unwrap());
    assert!(!outbox::retry(pool, queued.id, &queued.body, app.desk().now()).await.unwrap(), "it is queued");
    let sink = Sink::start().await;
    let _running = deliver_to(app.desk(), &sink.url());
    assert_eq!(sink.wait_for(1).await[0].header("Message-ID"), Some(queued.message_id));
}

#[tokio::test]
async fn a_refusal_for_now_is_tried_again_with_growing_pauses_under_one_message_id() {
    let deferring = Sink::deferring(".").await;
    let app = app_for(&deferring.url()).await;
    let queued = queued(&app, "ann@sender.example").await;
    let job = deliver(&app);
    for (attempt, pause) in [(1, 30 * SECOND), (2, 2 * MINUTE), (3, 5 * MINUTE)] {
        eventually("the next try", async || mail(&app, queued.id).await.next_at > app.desk().now()).await;
        let after = mail(&app, queued.id).await;
        assert_eq!((after.attempts, after.state), (attempt, MailState::Queued));
        assert_eq!(after.next_at, app.desk().now().plus(pause));
        assert!(after.last_error.as_ref().unwrap().contains('4'), "{:?}", after.last_error);
        app.wait(pause);
    }
    eventually("the fourth try", async || mail(&app, queued.id).await.attempts == 4).await;
    job.end().await;
    let tries = deferring.wait_for(4).await;
    let ids: BTreeSet<_> = tries.iter().map(|m| m.header("Message-ID")).collect();
    assert_eq!(ids.into_iter().collect::<Vec<_>>(), [Some(queued.message_id)]);
    let dates: BTreeSet<_> = tries.iter().map(|m| m.header("Date")).collect();
    assert_eq!(dates.len(), 1, "it was written once");
}

#[tokio::test]
async fn a_server_that_is_away_or_hangs_up_is_tried_again() {
    let hangs_up = Sink::with(&["-q", "DATA"]).await;
    for url in [format!("smtp://127.0.0.1:{}", free_port()), hangs_up.url()] {
        let app = app_for(&url).await;
        let queued = queued(&app, "ann@sender.example").await;
        let _running = deliver(&app);
        eventually("a try", async || mail(&app, queued.id).await.last_error.is_some()).await;
        let after = mail(&app, queued.id).await;
        assert_eq!((after.state, after.attempts), (MailState::Queued, 1), "{:?}", after.last_error);
    }
}

#[tokio::test]
async fn after_four_days_of_trying_a_mail_is_given_up() {
    let app = app_for(&format!("smtp://127.0.0.1:{}", free_port())).await;
    let queued = queued(&app, "ann@sender.example").await;
    let begun = app.desk().now();
    let _running = deliver(&app);
    for attempt in 1..=13 {
        eventually("the next try", async || {
            let now = mail(&app, queued.id).await;
            now.attempts == attempt && (now.next_at > app.desk().now() || now.state == MailState::Failed)
        })
        .await;
        let now = mail(&app, queued.id).await;
        app.wait(now.next_at.since(app.desk().now()).max(0));
    }
    let after = mail(&app, queued.id).await;
    assert_eq!((after.state, after.attempts), (MailState::Failed, 13));
    let days = app.desk().now().since(begun) / (24 * HOUR);
    assert!((3..=5).contains(&days), "RFC 5321 4.5.4.1: at least four to five days; it was {days}");
}

#[tokio::test]
async fn a_process_that_died_after_handing_over_sends_again_under_the_same_message_id() {
    let sink = Sink::start().await;
    let app = app_for(&sink.url()).await;
    let queued = queued(&app, "ann@sender.example").await;
    let (pool, now) = (app.desk().db.pool(), app.desk().now());
    let claimed = outbox::claim(pool, now, now.plus(2 * MINUTE)).await.unwrap().unwrap();
    let config: &Config = &app.desk().config;
    let built = message::build(&claimed, &config.mail, &config.provider).unwrap();
    Transport::new(config.mail.smtp_url.as_ref().unwrap()).unwrap().send(built).await.unwrap();
    assert_eq!(outbox::claim(pool, now, now.plus(2 * MINUTE)).await.unwrap(), None, "it is still the dead one's");
    app.wait(2 * MINUTE);
    let _running = deliver(&app);
    until(&app, queued.id, MailState::Sent).await;
    let ids: Vec<_> = sink.mails().iter().map(|m| m.header("Message-ID")).collect();
    assert_eq!(ids, [Some(queued.message_id.clone()), Some(queued.message_id)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_mail_is_claimed_once() {
    let app = TestApp::with(&[("mail.most_per_hour", "100000")]).await;
    for n in 0..40 {
        app.ask(&format!("s{n}@sender.example"), "203.0.113.7").await;
    }
    let other = app.second().await;
    let now = app.desk().now();
    let workers: Vec<_> = (0..8)
        .map(|n| {
            let db = if n % 2 == 0 { app.desk().db.clone() } else { other.desk.db.clone() };
            tokio::spawn(async move {
                let mut mine = Vec::new();
                // One that lost a race finds nothing though there is more; it looks again, as the job does.
                for _ in 0..100 {
                    if let Some(mail) = outbox::claim(db.pool(), now, now.plus(HOUR)).await.unwrap() {
                        mine.push(mail.id);
                    }
                }
                mine
            })
        })
        .collect();
    let mut all = Vec::new();
    for worker in workers {
        all.extend(worker.await.unwrap());
    }
    assert_eq!(all.len(), 40);
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 40, "none was claimed twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_processes_deliver_each_mail_once() {
    let sink = Sink::start().await;
    let app = app_for(&sink.url()).await;
    for n in 0..30 {
        app.ask(&format!("s{n}@sender.example"), "203.0.113.7").await;
    }
    let other = app.second().await;
    let _running = [app.desk(), &other.desk].map(|desk| deliver_to(desk, &sink.url()));
    eventually("all are sent", async || {
        outbox::list(app.desk().db.pool(), Some(MailState::Sent), None, 100).await.unwrap().len() == 30
    })
    .await;
    let mails = sink.mails();
    assert_eq!(mails.len(), 30);
    assert_eq!(mails.iter().map(|m| m.header("Message-ID")).collect::<BTreeSet<_>>().len(), 30);
}

#[tokio::test]
async fn more_mails_than_an_address_may_get_in_an_hour_wait() {
    let app = TestApp::with(&[("mail.most_per_hour", "3")]).await;
    for n in 0..4 {
        app.ask("Ann@sender.example", &format!("203.0.113.{n}")).await;
    }
    app.ask("bob@sender.example", "203.0.113.9").await;
    let (pool, now) = (app.desk().db.pool(), app.desk().now());
    let mails = outbox::list(pool, Some(MailState::Queued), None, 100).await.unwrap();
    let late: Vec<_> = mails.iter().filter(|m| m.next_at > now).collect();
    assert_eq!((mails.len(), late.len()), (5, 1), "none is lost, one waits");
    assert_eq!((late[0].recipient.as_str(), late[0].next_at), ("Ann@sender.example", now.plus(HOUR)));
    app.wait(HOUR + 1);
    app.ask("ann@sender.example", "203.0.113.100").await;
    let newest = &outbox::list(pool, None, None, 1).await.unwrap()[0];
    assert_eq!(newest.next_at, app.desk().now());
}

#[tokio::test]
async fn mails_that_were_put_off_do_not_go_out_all_at_once() {
    let sink = Sink::start().await;
    let app = TestApp::with(&[("mail.smtp_url", &sink.url()), ("mail.most_per_hour", "2")]).await;
    for n in 0..5 {
        app.ask("ann@sender.example", &format!("203.0.113.{n}")).await;
    }
    let waiting = async || {
        let queued = outbox::list(app.desk().db.pool(), Some(MailState::Queued), None, 100).await.unwrap();
        queued.iter().filter(|mail| mail.next_at > app.desk().now()).count()
    };
    for left in [3, 1, 0] {
        app.wait(HOUR + 1);
        let running = deliver(&app);
        eventually("two are delivered and the others wait", async || {
            let queued = outbox::list(app.desk().db.pool(), Some(MailState::Queued), None, 100).await.unwrap();
            queued.len() == left && waiting().await == left
        })
        .await;
        running.end().await;
    }
    assert_eq!(sink.mails().len(), 5);
}

#[tokio::test]
async fn without_a_mail_server_mails_stay_where_staff_read_them() {
    let app = TestApp::start().await;
    let queued = queued(&app, "ann@sender.example").await;
    assert!(app.desk().config.mail.smtp_url.is_none());
    let stop = CancellationToken::new();
    let tasks = tokio_util::task::TaskTracker::new();
    postern::jobs::start(app.desk(), postern::gateways::probe::Doors::default(), &tasks, &stop).unwrap();
    tasks.close();
    stop.cancel();
    tasks.wait().await;
    assert_eq!(mail(&app, queued.id).await, queued);
    assert_eq!(outbox::list(app.desk().db.pool(), Some(MailState::Queued), None, 10).await.unwrap(), [queued]);
}

#[tokio::test]
async fn a_mail_that_cannot_be_written_is_given_up_and_holds_up_no_other() {
    let sink = Sink::start().await;
    let app = app_for(&sink.url()).await;
    let (ticket, _) = app.ask("ann@sender.example", "203.0.113.7").await;
    sqlx::query("UPDATE outbox SET recipient = 'nobody at all', next_at = 0")
        .execute(app.desk().db.pool())
        .await
        .unwrap();
    let broken = outbox::of_ticket(app.desk().db.pool(), ticket.id).await.unwrap().remove(0);
    let good = queued(&app, "bob@sender.example").await;
    let _running = deliver(&app);
    until(&app, good.id, MailState::Sent).await;
    until(&app, broken.id, MailState::Failed).await;
}

#[tokio::test]
async fn the_outbox_is_read_page_by_page() {
    let app = TestApp::start().await;
    for n in 0..5 {
        app.ask(&format!("s{n}@sender.example"), "203.0.113.7").await;
    }
    let pool = app.desk().db.pool();
    let first = outbox::list(pool, None, None, 3).await.unwrap();
    let rest = outbox::list(pool, None, first.last().map(|m| m.id), 3).await.unwrap();
    let all: Vec<&str> = first.iter().chain(&rest).map(|m| m.recipient.as_str()).collect();
    assert_eq!(
        all,
        ["s4@sender.example", "s3@sender.example", "s2@sender.example", "s1@sender.example", "s0@sender.example"]
    );
    assert!(outbox::list(pool, Some(MailState::Sent), None, 3).await.unwrap().is_empty());
}
