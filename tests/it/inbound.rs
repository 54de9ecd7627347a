//! Mail to the portal's own addresses: answers, bounces, mails to a proof.

use postern::desk::Refusal;
use postern::desk::inbound::{Envelope, Taken};
use postern::domain::id::Id;
use postern::domain::proof::Way;
use postern::domain::staff::Role;
use postern::domain::ticket::{By, State, Ticket, without_keys};
use postern::store::outbox::{Mail, MailState};
use postern::store::{evidence, messages, outbox, proofs};

use crate::support::TestApp;

/// A mail of Ann's with some more header fields and a text.
fn mail(id: &str, fields: &str, text: &str) -> String {
    format!(
        "From: Ann <ann@sender.example>\r\nMessage-ID: <{id}@sender.example>\r\n{fields}Subject: Re: your mail\r\n\r\n{text}\r\n"
    )
}

/// Hands a mail to the portal.
async fn hand(app: &TestApp, sender: &str, recipient: &str, text: &str) -> Result<Taken, Refusal> {
    let envelope = Envelope { sender: sender.to_owned(), recipient: recipient.to_owned() };
    app.desk().take_mail(&envelope, text.as_bytes()).await
}

/// The answer address of a ticket.
fn reply_to(app: &TestApp, ticket: &Ticket) -> String {
    format!("reply+{}@portal.example", app.desk().mail_token(ticket.id))
}

/// The first mail of a ticket, as handed over.
async fn sent(app: &TestApp, ticket: Id) -> Mail {
    let pool = app.desk().db.pool();
    let mail = outbox::of_ticket(pool, ticket).await.unwrap().remove(0);
    let now = app.desk().now();
    assert!(outbox::claim(pool, now, now.plus(1_000)).await.unwrap().is_some());
    assert!(outbox::sent(pool, mail.id, &without_keys(&mail.body), now).await.unwrap());
    mail
}

#[tokio::test]
async fn an_answer_becomes_a_message_and_its_attachments_evidence() {
    let app = TestApp::start().await;
    let ann = app.staff("ann", Role::Agent).await;
    let (ticket, _) = app.ask("ann@sender.example", "203.0.113.7").await;
    app.desk().answer(&ann, ticket.id, "Which machine is it?", true).await.unwrap();
    let text = mail(
        "1",
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n",
        "--b\r\n\r\nThe web server.\r\n\r\nOn Monday, Example Mail wrote:\r\n> Which machine is it?\r\n--b\r\n\
         Content-Type: text/plain\r\nContent-Disposition: attachment; filename=mail.log\r\n\r\n\
         Nov 23 11:00:00 mail postfix/smtp[1]: 4X: to=<a@b.example>, relay=mx.b.example[192.0.2.9]:25, dsn=5.7.1, status=bounced (host mx.b.example[192.0.2.9] said: 550 5.7.1 [203.0.113.9] is blocked)\r\n--b--",
    );
    let taken = hand(&app, "ann@sender.example", &reply_to(&app, &ticket).to_uppercase(), &text).await.unwrap();
    assert_eq!(taken, Taken::Added(ticket.code.clone()));
    hand(&app, "ann@sender.example", &reply_to(&app, &ticket), &text).await.unwrap();
    let said = messages::of_ticket(app.desk().db.pool(), ticket.id).await.unwrap();
    let last = said.last().unwrap();
    assert_eq!((last.text.as_str(), last.author_kind, said.len()), ("The web server.", By::Sender, 3), "{said:?}");
    let pieces = evidence::of_ticket(app.desk().db.pool(), ticket.id).await.unwrap();
    assert_eq!(pieces.iter().map(|piece| piece.name.as_str()).collect::<Vec<_>>(), ["mail.log"]);
    assert_eq!(app.ticket_by_id(ticket.id).await.state, State::Open, "it is staff's turn");
    let nets = postern::store::tickets::networks(app.desk().db.pool(), ticket.id).await.unwrap();
    assert!(nets.iter().any(|(net, _)| net.to_string() == "203.0.113.9"), "{nets:?}");
}

#[tokio::test]
async fn somebody_else_with_the_secret_address_is_named() {
    let app = TestApp::start().await;
    let (ticket, _) = app.ask("ann@sender.example", "203.0.113.7").await;
    let text = mail("1", "", "I look after it.").replace("Ann <ann@sender.example>", "carl@sender.example");
    hand(&app, "carl@sender.example", &reply_to(&app, &ticket), &text).await.unwrap();
    let said = messages::of_ticket(app.desk().db.pool(), ticket.id).await.unwrap().pop().unwrap();
    assert_eq!((said.author.as_str(), said.author_kind), ("carl@sender.example", By::Sender));
}

#[tokio::test]
async fn what_only_stands_in_the_thread_is_not_confirmed() {
    let app = TestApp::start().await;
    let (ticket, _) = app.ask("ann@sender.example", "203.0.113.7").await;
    let before = sent(&app, ticket.id).await;
    let fields = format!("References: <x@y.example> {}\r\n", before.message_id);
    let to = "postmaster@portal.example";
    let taken = hand(&app, "ann@sender.example", to, &mail("1", &fields, "It is me.")).await.unwrap();
    assert_eq!(taken, Taken::Added(ticket.code.clone()));
    let said = messages::of_ticket(app.desk().db.pool(), ticket.id).await.unwrap().pop().unwrap();
    assert_eq!((said.text.as_str(), said.author_kind), ("It is me.", By::Unverified));
    let stranger = hand(&app, "ann@sender.example", to, &mail("2", "", "Hello")).await;
    assert!(matches!(stranger, Err(Refusal::NotFound)), "{stranger:?}");
    let wrong = hand(&app, "ann@sender.example", "reply+aaaabbbbcccc@portal.example", &mail("3", &fields, "x")).await;
    assert!(matches!(wrong, Err(Refusal::NotFound)), "a wrong token opens nothing: {wrong:?}");
}

#[tokio::test]
async fn machines_and_loops_are_dropped() {
    let app = TestApp::start().await;
    let (ticket, _) = app.ask("ann@sender.example", "203.0.113.7").await;
    let ours = sent(&app, ticket.id).await;
    let to = reply_to(&app, &ticket);
    let own = mail("1", "", "x").replace("<1@sender.example>", &ours.message_id);
    for (sender, text) in [
        ("", mail("2", "", "I am away.")),
        ("<>", mail("3", "", "I am away.")),
        ("ann@sender.example", mail("4", "Auto-Submitted: auto-replied\r\n", "I am away.")),
        ("ann@sender.example", mail("5", "Precedence: junk\r\n", "I am away.")),
        ("ann@sender.example", own),
        ("ann@sender.example", String::new()),
    ] {
        let taken = hand(&app, sender, &to, &text).await.unwrap();
        assert!(matches!(taken, Taken::Dropped(_)), "{taken:?} of {text}");
    }
    assert_eq!(messages::of_ticket(app.desk().db.pool(), ticket.id).await.unwrap().len(), 1);
    assert_eq!(outbox::of_ticket(app.desk().db.pool(), ticket.id).await.unwrap().len(), 1, "nobody is answered");
}

#[tokio::test]
async fn a_mail_that_came_back_is_noted() {
    let app = TestApp::start().await;
    let (ticket, secret) = app.ask("ann@sender.example", "203.0.113.7").await;
    let ours = sent(&app, ticket.id).await;
    let report = |action: &str, status: &str| {
        format!(
            "From: MAILER-DAEMON@mx.sender.example\r\nMessage-ID: <{action}@mx.sender.example>\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nNo luck.\r\n--b\r\n\
             Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.sender.example\r\n\r\n\
             Final-Recipient: rfc822; ann@sender.example\r\nAction: {action}\r\nStatus: {status}\r\n\
             Diagnostic-Code: smtp; 550 {status} No such mailbox here\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\n\
             Message-ID: {}\r\n--b--\r\n",
            ours.message_id
        )
    };
    let to = format!("bounce+{}@portal.example", app.desk().mail_token(ticket.id));
    let late = hand(&app, "", &to, &report("delayed", "4.2.0").replace("550", "450")).await.unwrap();
    assert!(matches!(late, Taken::Dropped(_)), "{late:?}");
    let taken = hand(&app, "", &to, &report("failed", "5.1.1")).await.unwrap();
    assert_eq!(taken, Taken::Bounced(ticket.code.clone()));
    hand(&app, "", &to, &report("failed", "5.1.1")).await.unwrap();
    let mail = outbox::of_ticket(app.desk().db.pool(), ticket.id).await.unwrap().remove(0);
    assert_eq!(mail.state, MailState::Failed);
    assert!(mail.last_error.unwrap().contains("No such mailbox here"));
    let mut agent = app.sign_in(Role::Agent).await;
    let page = agent.get(&format!("/staff/tickets/{}", ticket.code)).await;
    assert_eq!(page.text.matches("A mail came back").count(), 1, "{}", page.text);
    let path = format!("/requests/{}?key={}", ticket.code, secret.reveal());
    app.visitor().get(&path).await.assert_page(200, "ann@sender.example");

    // What was handed over keeps no secret; sent once more, it gets a fresh one.
    let stored = async || outbox::of_ticket(app.desk().db.pool(), ticket.id).await.unwrap().remove(0).body;
    assert!(!stored().await.contains(secret.reveal()) && stored().await.contains("?key=…"));
    let ann = app.staff("ann", Role::Agent).await;
    app.desk().retry_mail(&ann, ours.id).await.unwrap();
    let body = stored().await;
    let link = body.split_whitespace().find(|word| word.contains("?key=")).unwrap();
    app.visitor().get(link.strip_prefix("https://portal.example").unwrap()).await.assert_page(200, &ticket.code);
}

#[tokio::test]
async fn of_a_mail_to_a_proof_the_header_is_kept_and_shows_nothing() {
    let app = TestApp::with(&[("gateways.policy.asked_first", "yes")]).await;
    app.block("203.0.113.7", "PB-SPAM").await;
    let (ticket, secret) = app.ask("ann@sender.example", "203.0.113.7").await;
    let begin = format!("/requests/{}/proofs?key={}", ticket.code, secret.reveal());
    app.visitor().post(&begin, &[("addr", "203.0.113.7")]).await.assert_redirect();
    let pool = app.desk().db.pool();
    let proof = proofs::of_ticket(pool, ticket.id).await.unwrap().remove(0);
    let to = format!("unblock+{}@portal.example", app.desk().proof_token(Way::Mail, proof.id));
    let received = "Received: from mail.sender.example (mail.sender.example [203.0.113.7])\r\n\tby mx1.provider.example with ESMTP id 4X; Mon, 23 Nov 2026 12:00:00 +0000\r\n";
    for n in 0..5 {
        let taken =
            hand(&app, "ann@sender.example", &to, &mail(&n.to_string(), received, "secret body")).await.unwrap();
        assert_eq!(matches!(taken, Taken::Evidence(_)), n < 3, "{taken:?}");
    }
    let pieces = evidence::of_ticket(pool, ticket.id).await.unwrap();
    let first = &pieces[0];
    assert!(first.text.contains("203.0.113.7") && !first.text.contains("secret body"), "{}", first.text);
    assert_eq!((first.author_kind, pieces.len()), (By::Unverified, 3));
    assert!(proofs::find(pool, proof.id).await.unwrap().unwrap().met_way.is_none());
}
