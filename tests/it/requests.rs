//! A sender asks: tickets, the second sending of one form, joining, secrets.

use postern::desk::Refusal;
use postern::desk::request::{Request, Submitted};
use postern::domain::email::Email;
use postern::domain::id::{Id, Secret, hash};
use postern::domain::net::Net;
use postern::domain::staff::Role;
use postern::domain::ticket::{By, Resolution, State, Ticket};
use postern::domain::time::HOUR;
use postern::store::evidence::Form;
use postern::store::outbox::{Auto, Mail};
use postern::store::tickets::{Filter, Origin};
use postern::store::{events, evidence, messages, outbox, tickets};

use crate::support::TestApp;

/// A key as the form carries it.
const KEY: &str = "k3y-0f-th3-f0rm-0001";

/// Ann's request about her address, with the key of her form.
fn with_key(key: &str) -> Request {
    Request { once: Some(key.to_owned()), ..TestApp::request("ann@sender.example", "203.0.113.7") }
}

/// All tickets that there are.
async fn all_tickets(app: &TestApp) -> Vec<Ticket> {
    tickets::list(app.desk().db.pool(), &Filter::default(), 1_000).await.unwrap()
}

/// The mails of a ticket.
async fn mails(app: &TestApp, ticket: Id) -> Vec<Mail> {
    outbox::of_ticket(app.desk().db.pool(), ticket).await.unwrap()
}

/// The secret of the status page that a mail leads to.
fn secret_in(mail: &Mail) -> Secret {
    let rest = mail.body.split("?key=").nth(1).expect("a link to the status page");
    Secret::presented(rest.split_whitespace().next().unwrap())
}

/// Submits a request; gives its row and the secret of its page.
async fn submit(app: &TestApp, request: Request) -> (Ticket, Secret) {
    let Submitted { code, secret } = app.desk().submit(request).await.unwrap();
    (app.ticket(&code).await, secret)
}

/// Stores a piece of evidence that waits for its form.
async fn held(app: &TestApp, text: &str) -> Id {
    let mut incoming = app.desk().begin_evidence(Form::Pasted, "").await.unwrap();
    app.desk().take_evidence(&mut incoming, text.as_bytes()).await.unwrap();
    app.desk().complete_evidence(incoming).await.unwrap().id
}

#[tokio::test]
async fn a_request_becomes_a_ticket_with_a_code_a_secret_and_a_mail() {
    let app = TestApp::start().await;
    let (ticket, secret) = app.ask("Ann@sender.example", "203.0.113.7").await;
    assert_eq!((ticket.state, ticket.resolution, ticket.version), (State::New, None, 1));
    assert_eq!(app.desk().ticket_for(&ticket.code, &secret).await.unwrap(), ticket);
    let pool = app.desk().db.pool();
    assert_eq!(tickets::client(pool, ticket.id).await.unwrap().as_deref(), Some("198.51.100.23"));
    assert_eq!(
        tickets::networks(pool, ticket.id).await.unwrap(),
        [(Net::parse("203.0.113.7").unwrap(), Origin::Typed)]
    );
    let said = messages::of_ticket(pool, ticket.id).await.unwrap();
    assert_eq!((said.len(), said[0].author_kind, said[0].text.as_str()), (1, By::Sender, "We cleaned the machine."));
    let done = events::of_ticket(pool, ticket.id).await.unwrap();
    assert_eq!(done.iter().map(|e| e.what.as_str()).collect::<Vec<_>>(), ["ticket.received"]);
    let mails = mails(&app, ticket.id).await;
    assert_eq!((mails.len(), mails[0].notice.as_str(), mails[0].auto), (1, "received", Auto::Generated));
    assert_eq!(mails[0].recipient.as_str(), "Ann@sender.example");
    assert_eq!(secret_in(&mails[0]), secret);
    assert!(mails[0].subject.contains(&ticket.code) && mails[0].body.contains("203.0.113.7"));
}

#[tokio::test]
async fn a_confirmation_says_nothing_that_its_sender_wrote() {
    let app = TestApp::start().await;
    let request = Request {
        name: "Buy pills at pills.example".to_owned(),
        message: "Dear friend, visit https://pills.example/now".to_owned(),
        ..TestApp::request("victim@elsewhere.example", "203.0.113.7")
    };
    let (ticket, _) = submit(&app, request.clone()).await;
    assert_eq!(submit(&app, request).await.0.joined_to, Some(ticket.id));
    for mail in mails(&app, ticket.id).await {
        let all = format!("{}{}{}", mail.subject, mail.body, mail.message_id);
        assert!(!all.contains("pills") && !all.contains("friend"), "{all}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_double_click_makes_one_ticket() {
    let app = TestApp::start().await;
    let clicks: Vec<_> = (0..16)
        .map(|_| {
            let desk = app.desk().clone();
            tokio::spawn(async move { desk.submit(with_key(KEY)).await.unwrap() })
        })
        .collect();
    let mut answers = Vec::new();
    for click in clicks {
        answers.push(click.await.unwrap());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "all clicks get the same code and secret");
    let Submitted { code, secret } = &answers[0];
    let ticket = app.desk().ticket_for(code, secret).await.unwrap();
    assert_eq!(all_tickets(&app).await, std::slice::from_ref(&ticket));
    assert_eq!(mails(&app, ticket.id).await.len(), 1);
    assert_eq!(messages::of_ticket(app.desk().db.pool(), ticket.id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_same_form_is_the_same_ticket_hours_later_too() {
    let app = TestApp::start().await;
    let (first, secret) = submit(&app, with_key(KEY)).await;
    app.wait(5 * postern::domain::time::HOUR);
    assert_eq!(submit(&app, with_key(KEY)).await, (first, secret));
}

#[tokio::test]
async fn the_same_key_with_other_content_is_another_ticket() {
    let app = TestApp::start().await;
    let (first, one) = submit(&app, with_key(KEY)).await;
    let other = Request { typed: vec![Net::parse("203.0.113.8").unwrap()], ..with_key(KEY) };
    let (second, two) = submit(&app, other).await;
    let other = Request { email: Email::parse("bob@sender.example").unwrap(), ..with_key(KEY) };
    let (third, three) = submit(&app, other).await;
    assert!(first.id != second.id && second.id != third.id);
    assert!(one != two && two != three && one != three);
    assert_eq!(all_tickets(&app).await.len(), 3);
}

#[tokio::test]
async fn keys_of_a_wrong_length_count_as_none() {
    let app = TestApp::start().await;
    for key in [String::new(), "short".to_owned(), "x".repeat(201)] {
        let request = Request { typed: Vec::new(), ..with_key(&key) };
        let (first, one) = submit(&app, request.clone()).await;
        let (second, two) = submit(&app, request).await;
        assert!(first.id != second.id && one != two, "{key}");
    }
}

#[tokio::test]
async fn the_secret_of_one_portal_opens_nothing_on_another() {
    let (here, there) = (TestApp::start().await, TestApp::start().await);
    let (_, one) = submit(&here, with_key(KEY)).await;
    let (_, two) = submit(&there, with_key(KEY)).await;
    assert!(one != two, "secrets are derived with a key of the portal's own");
}

#[tokio::test]
async fn a_second_request_for_the_same_address_joins_and_reveals_nothing() {
    let app = TestApp::start().await;
    let (ticket, first_secret) = app.ask("ann@sender.example", "203.0.113.7").await;
    let piece = held(&app, "a log line").await;
    let again = Request {
        message: "It is I again.".to_owned(),
        evidence: vec![piece],
        ..TestApp::request("ANN@Sender.Example", "203.0.113.7")
    };
    let (joined, joined_secret) = submit(&app, again).await;
    assert_eq!((joined.joined_to, joined.state), (Some(ticket.id), State::New));
    assert!(app.desk().ticket_for(&ticket.code, &joined_secret).await.is_err(), "its secret opens its own page only");
    assert_eq!(all_tickets(&app).await.len(), 1);
    let pool = app.desk().db.pool();
    let said = messages::of_ticket(pool, ticket.id).await.unwrap();
    assert_eq!((said[1].author_kind, said[1].text.as_str()), (By::Unverified, "It is I again."));
    let pieces = evidence::of_ticket(pool, ticket.id).await.unwrap();
    assert_eq!((pieces.len(), pieces[0].author_kind), (1, By::Unverified));
    let mails = mails(&app, ticket.id).await;
    assert_eq!((mails.len(), mails[1].notice.as_str()), (2, "joined"));
    assert_eq!(mails[1].recipient, ticket.email, "the mail goes to the address as it was given first");
    assert_eq!(mails[1].in_reply_to.as_ref(), Some(&mails[0].message_id));
    let mailed = secret_in(&mails[1]);
    assert!(mailed != first_secret);
    assert!(app.desk().ticket_for(&ticket.code, &mailed).await.is_ok(), "the mailed link opens the page");
    assert!(app.desk().ticket_for(&ticket.code, &first_secret).await.is_ok(), "the first one goes on working");
    assert!(app.ticket_by_id(ticket.id).await.version > ticket.version);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_double_click_joins_once() {
    let app = TestApp::start().await;
    let (ticket, _) = app.ask("ann@sender.example", "203.0.113.7").await;
    let again = Request { message: "Again.".to_owned(), ..with_key(KEY) };
    let clicks: Vec<_> = (0..8)
        .map(|_| {
            let (desk, again) = (app.desk().clone(), again.clone());
            tokio::spawn(async move { desk.submit(again).await.unwrap() })
        })
        .collect();
    let mut answers = Vec::new();
    for click in clicks {
        answers.push(click.await.unwrap());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "all clicks get the same page");
    assert_eq!(messages::of_ticket(app.desk().db.pool(), ticket.id).await.unwrap().len(), 2);
    assert_eq!(mails(&app, ticket.id).await.len(), 2);
    assert_eq!(all_tickets(&app).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn requests_of_one_sender_at_the_same_moment_are_one_ticket() {
    let app = TestApp::start().await;
    let sent: Vec<_> = (0..8)
        .map(|n| {
            let desk = app.desk().clone();
            let message = format!("Message {n}.");
            let request = Request { message, ..TestApp::request("ann@sender.example", "203.0.113.7") };
            tokio::spawn(async move { desk.submit(request).await.unwrap() })
        })
        .collect();
    let mut made = 0;
    for answer in sent {
        let code = answer.await.unwrap().code;
        made += usize::from(app.ticket(&code).await.joined_to.is_none());
    }
    assert_eq!(made, 1, "one made the ticket, the others joined");
    let tickets = all_tickets(&app).await;
    assert_eq!(tickets.len(), 1);
    assert_eq!(messages::of_ticket(app.desk().db.pool(), tickets[0].id).await.unwrap().len(), 8, "no message is lost");
}

#[tokio::test]
async fn a_request_for_another_address_or_from_another_sender_joins_nothing() {
    let app = TestApp::start().await;
    app.ask("ann@sender.example", "203.0.113.7").await;
    app.ask("ann@sender.example", "203.0.113.8").await;
    app.ask("bob@sender.example", "203.0.113.7").await;
    app.ask("ann@sender.example", "203.0.113.0/24").await;
    assert_eq!(all_tickets(&app).await.len(), 4);
}

#[tokio::test]
async fn a_request_does_not_join_a_ticket_that_has_ended() {
    let app = TestApp::start().await;
    let (first, _) = app.ask("ann@sender.example", "203.0.113.7").await;
    let agent = app.staff("agent", Role::Agent).await;
    app.desk().resolve(&agent, first.id, Resolution::Declined, "Not yet.").await.unwrap();
    let (second, _) = app.ask("ann@sender.example", "203.0.113.7").await;
    assert!(first.id != second.id);
    assert_eq!(app.ticket_by_id(first.id).await.state, State::Resolved);
}

#[tokio::test]
async fn what_looks_like_a_machines_work_neither_joins_nor_is_joined() {
    let app = TestApp::start().await;
    let suspected =
        || Request { suspected: Some("honeypot".to_owned()), ..TestApp::request("ann@sender.example", "203.0.113.7") };
    let (bot, _) = submit(&app, suspected()).await;
    assert_eq!(bot.suspected.as_deref(), Some("honeypot"));
    let (ann, _) = app.ask("ann@sender.example", "203.0.113.7").await;
    let (bot_again, _) = submit(&app, suspected()).await;
    assert!(bot.id != ann.id && ann.id != bot_again.id);
    let (again, _) = submit(&app, TestApp::request("ann@sender.example", "203.0.113.7")).await;
    assert_eq!((bot_again.joined_to, again.joined_to), (None, Some(ann.id)));
    assert_eq!(messages::of_ticket(app.desk().db.pool(), ann.id).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_wrong_secret_shows_nothing_not_even_that_the_ticket_exists() {
    let app = TestApp::start().await;
    let (ann, ann_secret) = app.ask("ann@sender.example", "203.0.113.7").await;
    let (bob, _) = app.ask("bob@sender.example", "203.0.113.8").await;
    let mut said = Vec::new();
    for (code, secret) in [
        (ann.code.as_str(), Secret::new()),
        (bob.code.as_str(), ann_secret.clone()),
        ("PM-0000-0000", ann_secret.clone()),
        (ann.code.as_str(), Secret::presented("")),
        (ann.code.as_str(), Secret::presented(&ann_secret.hash())),
        ("", Secret::presented("%")),
    ] {
        let refused = app.desk().ticket_for(code, &secret).await.unwrap_err();
        assert!(matches!(refused, Refusal::NotFound));
        said.push(refused.to_string());
    }
    said.dedup();
    assert_eq!(said.len(), 1, "all are told the same");
}

#[tokio::test]
async fn a_case_link_names_the_network_of_its_block() {
    let app = TestApp::start().await;
    let block = app.block("203.0.113.0/24", "PB-SPAM").await;
    let request =
        Request { case_code: Some(block.case_code.clone()), ..TestApp::request("ann@sender.example", "203.0.113.7") };
    let (ticket, _) = submit(&app, request).await;
    let networks = tickets::networks(app.desk().db.pool(), ticket.id).await.unwrap();
    let net = |text| Net::parse(text).unwrap();
    assert_eq!(networks, [(net("203.0.113.0/24"), Origin::Case), (net("203.0.113.7"), Origin::Typed)]);
    let request = Request {
        case_code: Some("NOSUCHCD".to_owned()),
        typed: Vec::new(),
        ..TestApp::request("bob@sender.example", "203.0.113.7")
    };
    let (ticket, _) = submit(&app, request).await;
    assert!(tickets::networks(app.desk().db.pool(), ticket.id).await.unwrap().is_empty());
}

#[tokio::test]
async fn mail_to_the_addresses_of_a_ticket_passes_every_block() {
    let app = TestApp::start().await;
    let (ticket, _) = app.ask("ann@sender.example", "203.0.113.7").await;
    let token = app.desk().mail_token(ticket.id);
    assert!(app.desk().blocklist.token_lives(&hash(token.as_bytes()), app.desk().now()));
    assert_eq!(mails(&app, ticket.id).await[0].token, token);
    app.wait(366 * postern::domain::time::DAY);
    assert!(!app.desk().blocklist.token_lives(&hash(token.as_bytes()), app.desk().now()));
}

#[tokio::test]
async fn a_form_sent_again_with_another_file_loses_nothing() {
    let app = TestApp::start().await;
    let once = Some("a form that is sent twice".to_owned());
    let first = Request { once, ..TestApp::request("ann@sender.example", "203.0.113.7") };
    app.desk().submit(first.clone()).await.unwrap();
    let mut pieces = Vec::new();
    for text in ["one", "one", "client 192.0.2.66 refused"] {
        let mut incoming = app.desk().begin_evidence(postern::store::evidence::Form::File, "a.log").await.unwrap();
        app.desk().take_evidence(&mut incoming, text.as_bytes()).await.unwrap();
        pieces.push(app.desk().complete_evidence(incoming).await.unwrap().id);
    }
    for piece in pieces {
        app.desk().submit(Request { evidence: vec![piece], ..first.clone() }).await.unwrap();
    }
    let tickets = all_tickets(&app).await;
    assert_eq!(tickets.len(), 1);
    let kept = postern::store::evidence::of_ticket(app.desk().db.pool(), tickets[0].id).await.unwrap();
    assert_eq!(kept.len(), 2, "each content once");
    let named = tickets::networks(app.desk().db.pool(), tickets[0].id).await.unwrap();
    assert!(named.contains(&(Net::parse("192.0.2.66").unwrap(), Origin::Evidence)), "what a later file names counts");
}

#[tokio::test]
async fn of_many_joined_requests_one_an_hour_is_mailed() {
    let app = TestApp::start().await;
    let (ticket, _) = app.ask("ann@sender.example", "203.0.113.7").await;
    let again =
        |n: usize| Request { message: format!("Again, {n}."), ..TestApp::request("ann@sender.example", "203.0.113.7") };
    for n in 0..5 {
        submit(&app, again(n)).await;
    }
    assert_eq!(mails(&app, ticket.id).await.len(), 2);
    app.wait(HOUR);
    submit(&app, again(5)).await;
    assert_eq!(mails(&app, ticket.id).await.len(), 3);
    for n in 6..25 {
        submit(&app, again(n)).await;
    }
    assert_eq!(all_tickets(&app).await.len(), 2, "what is too much for one becomes another");
    assert_eq!(tickets::count_joined(app.desk().db.pool(), ticket.id).await.unwrap(), 20);
}

#[tokio::test]
async fn of_a_joined_request_staff_learn_which_addresses_are_new() {
    let app = TestApp::start().await;
    let (ticket, _) = app.ask("ann@sender.example", "203.0.113.7").await;
    let net = |text| Net::parse(text).unwrap();
    let typed = vec![net("203.0.113.7"), net("203.0.113.99")];
    let (joined, _) = submit(&app, Request { typed, ..TestApp::request("ann@sender.example", "203.0.113.7") }).await;
    let pool = app.desk().db.pool();
    let told = events::of_ticket(pool, ticket.id).await.unwrap().pop().unwrap();
    assert_eq!((told.what.as_str(), told.detail), ("ticket.joined", format!("{} 203.0.113.99", joined.code)));
    let said = messages::of_ticket(pool, ticket.id).await.unwrap().pop().unwrap();
    assert_eq!((said.text.as_str(), said.join_id), ("We cleaned the machine.", Some(joined.id)), "as it was typed");
    assert_eq!(tickets::networks(pool, ticket.id).await.unwrap(), [(net("203.0.113.7"), Origin::Typed)]);
    assert_eq!(tickets::networks(pool, joined.id).await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_added_to_a_joined_request_is_unverified_and_closing_it_closes_nothing_else() {
    let app = TestApp::start().await;
    let ann = app.staff("ann", Role::Agent).await;
    let (ticket, _) = app.ask("ann@sender.example", "203.0.113.7").await;
    let (joined, secret) = submit(&app, TestApp::request("ann@sender.example", "203.0.113.7")).await;
    let pool = app.desk().db.pool();
    let seen = app.desk().ticket_for(&joined.code, &secret).await.unwrap();
    app.desk().sender_adds(&seen, "From the page.", &[held(&app, "a log line").await], None).await.unwrap();
    let said = messages::of_ticket(pool, ticket.id).await.unwrap();
    assert_eq!((said.len(), said[2].author_kind, said[2].join_id), (3, By::Unverified, Some(joined.id)));
    assert_eq!(messages::count_sent(pool, joined.id).await.unwrap(), 2);
    assert_eq!(messages::count_sent(pool, ticket.id).await.unwrap(), 1);
    app.desk().withdraw(&seen).await.unwrap();
    assert!(matches!(app.desk().withdraw(&seen).await, Err(Refusal::Stale)));
    assert!(app.ticket_by_id(ticket.id).await.is_open());
    let told = events::of_ticket(pool, ticket.id).await.unwrap().pop().unwrap();
    assert_eq!((told.what.as_str(), told.detail.as_str()), ("ticket.join-ended", joined.code.as_str()));
    app.desk().resolve(&ann, ticket.id, Resolution::Declined, "Not yet.").await.unwrap();
    let seen = app.desk().ticket_for(&joined.code, &secret).await.unwrap();
    assert_eq!(seen.resolution, Some(Resolution::Withdrawn), "its own end stays");
    app.desk().sender_adds(&seen, "Once more.", &[], None).await.unwrap();
    assert!(app.ticket_by_id(ticket.id).await.is_open(), "staff see what was added");
    app.desk().resolve(&ann, ticket.id, Resolution::Answered, "So it is.").await.unwrap();
    let seen = app.desk().ticket_for(&joined.code, &secret).await.unwrap();
    assert_eq!((seen.resolution, seen.id), (Some(Resolution::Answered), joined.id));
}
