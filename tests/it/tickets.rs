//! Work on tickets: claim, note, answer, resolve; what the sender does on the status page.

use postern::desk::Refusal;
use postern::desk::ticket::Seen;
use postern::domain::id::Id;
use postern::domain::staff::Role;
use postern::domain::ticket::{By, Resolution, State};
use postern::domain::time::{DAY, MINUTE};
use postern::store::evidence::Form;
use postern::store::outbox::{Auto, Mail};
use postern::store::{events, evidence, messages, outbox, tickets};

use crate::support::TestApp;

/// The last mail of a ticket.
async fn last_mail(app: &TestApp, ticket: Id) -> Mail {
    outbox::of_ticket(app.desk().db.pool(), ticket).await.unwrap().pop().expect("a mail")
}

#[tokio::test]
async fn who_claims_first_has_it() {
    let app = TestApp::start().await;
    let (ann, ben) = (app.staff("ann", Role::Agent).await, app.staff("ben", Role::Agent).await);
    let (ticket, _) = app.ask("a@sender.example", "203.0.113.7").await;
    app.desk().assign(&ann, ticket.id, ticket.version, Some(ann.id)).await.unwrap();
    let late = app.desk().assign(&ben, ticket.id, ticket.version, Some(ben.id)).await;
    assert!(matches!(late, Err(Refusal::Stale)), "ben looked at an old page");
    let now = app.ticket_by_id(ticket.id).await;
    assert_eq!((now.assignee_id, now.state), (Some(ann.id), State::Open));
    app.desk().assign(&ben, ticket.id, now.version, None).await.unwrap();
    assert_eq!(app.ticket_by_id(ticket.id).await.assignee_id, None);
}

#[tokio::test]
async fn a_ticket_goes_to_nobody_who_may_not_sign_in() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.staff("ada", Role::Admin).await, app.staff("ben", Role::Agent).await);
    let (ticket, _) = app.ask("a@sender.example", "203.0.113.7").await;
    app.desk().set_disabled(&ada, ben.id, true).await.unwrap();
    let refused = app.desk().assign(&ada, ticket.id, ticket.version, Some(ben.id)).await;
    assert!(matches!(refused, Err(Refusal::NotFound)));
}

#[tokio::test]
async fn a_reader_changes_nothing() {
    let app = TestApp::start().await;
    let reader = app.staff("rita", Role::Reader).await;
    let block = app.block("203.0.113.7", "PB-SPAM").await;
    let (ticket, _) = app.ask("a@sender.example", "203.0.113.7").await;
    let desk = app.desk();
    let lift = postern::desk::lift::Lift {
        block: block.id,
        scope: postern::desk::lift::Scope::Entry,
        reason: "why not".to_owned(),
        probation: 0,
        ticket: None,
    };
    let refused = [
        desk.assign(&reader, ticket.id, ticket.version, Some(reader.id)).await.err(),
        desk.note(&reader, ticket.id, "a note").await.err(),
        desk.answer(&reader, ticket.id, "an answer", true).await.err(),
        desk.resolve(&reader, ticket.id, Resolution::Declined, "no").await.err(),
        desk.reopen(&reader, ticket.id).await.err(),
        desk.clear_suspicion(&reader, ticket.id).await.err(),
        desk.lift(&reader, lift).await.err(),
        desk.set_block_end(&reader, block.id, postern::domain::block::Lasts::Forever).await.err(),
    ];
    assert!(refused.iter().all(|r| matches!(r, Some(Refusal::NotAllowed))), "{refused:?}");
    assert_eq!(app.ticket_by_id(ticket.id).await, ticket);
}

#[tokio::test]
async fn a_note_is_for_staff_only() {
    let app = TestApp::start().await;
    let ann = app.staff("ann", Role::Agent).await;
    let (ticket, _) = app.ask("a@sender.example", "203.0.113.7").await;
    app.desk().note(&ann, ticket.id, "  smells of a hijacked range\r\nask the hoster\0  ").await.unwrap();
    let said = messages::of_ticket(app.desk().db.pool(), ticket.id).await.unwrap();
    assert_eq!((said[1].author_kind, said[1].author.as_str()), (By::Note, "ann"));
    assert_eq!(said[1].text.trim(), "smells of a hijacked range\nask the hoster");
    assert_eq!(outbox::of_ticket(app.desk().db.pool(), ticket.id).await.unwrap().len(), 1, "no mail tells of it");
    assert!(matches!(app.desk().note(&ann, ticket.id, " \r\n ").await, Err(Refusal::Invalid(_))));
    assert!(matches!(app.desk().note(&ann, Id(1), "where?").await, Err(Refusal::NotFound)));
}

#[tokio::test]
async fn an_answer_is_mailed_in_the_thread_and_waits_for_the_sender() {
    let app = TestApp::start().await;
    let ann = app.staff("ann", Role::Agent).await;
    let (ticket, secret) = app.ask("a@sender.example", "203.0.113.7").await;
    let first = last_mail(&app, ticket.id).await;
    app.desk().answer(&ann, ticket.id, "Which queue id was it?", true).await.unwrap();
    assert_eq!(app.ticket_by_id(ticket.id).await.state, State::Waiting);
    let mail = last_mail(&app, ticket.id).await;
    assert_eq!((mail.notice.as_str(), mail.auto), ("answered", Auto::No));
    assert_eq!(mail.in_reply_to, Some(first.message_id));
    assert!(mail.body.contains("Which queue id was it?") && mail.body.contains("?key="));
    let seen = app.desk().ticket_for(&ticket.code, &secret).await.unwrap();
    app.desk().sender_adds(&seen, "It was 4XyZ.", &[], None).await.unwrap();
    assert_eq!(app.ticket_by_id(ticket.id).await.state, State::Open);
    app.desk().answer(&ann, ticket.id, "Thank you, we look.", false).await.unwrap();
    assert_eq!(app.ticket_by_id(ticket.id).await.state, State::Open);
}

#[tokio::test]
async fn what_was_written_for_an_older_state_is_stale() {
    let app = TestApp::start().await;
    let ann = app.staff("ann", Role::Agent).await;
    let (ticket, _) = app.ask("a@sender.example", "203.0.113.7").await;
    let seen = Seen { id: ticket.id, version: Some(ticket.version) };
    app.desk().sender_adds(&ticket, "It has settled.", &[], None).await.unwrap();
    let answer = app.desk().answer(&ann, seen, "Which queue id was it?", true).await;
    let end = app.desk().resolve(&ann, seen, Resolution::Declined, "No.").await;
    assert!(matches!((answer, end), (Err(Refusal::Stale), Err(Refusal::Stale))));
    assert_eq!(outbox::of_ticket(app.desk().db.pool(), ticket.id).await.unwrap().len(), 1, "nothing was mailed");
    let seen = Seen { version: Some(ticket.version + 1), ..seen };
    app.desk().answer(&ann, seen, "Thank you.", false).await.unwrap();
}

#[tokio::test]
async fn a_file_added_by_the_same_form_again_is_not_lost() {
    let app = TestApp::start().await;
    let (ticket, _) = app.ask("a@sender.example", "203.0.113.7").await;
    let mut pieces = Vec::new();
    for text in ["client 192.0.2.66 refused", "client 192.0.2.67 refused"] {
        let mut incoming = app.desk().begin_evidence(Form::File, "a.log").await.unwrap();
        app.desk().take_evidence(&mut incoming, text.as_bytes()).await.unwrap();
        pieces.push(app.desk().complete_evidence(incoming).await.unwrap().id);
    }
    for piece in pieces {
        app.desk().sender_adds(&ticket, "See the log.", &[piece], Some("key-of-the-form-0001")).await.unwrap();
    }
    let pool = app.desk().db.pool();
    assert_eq!(evidence::of_ticket(pool, ticket.id).await.unwrap().len(), 2);
    assert_eq!(messages::of_ticket(pool, ticket.id).await.unwrap().len(), 2, "the text is there once");
}

#[tokio::test]
async fn every_resolution_is_mailed_with_its_reasons() {
    let app = TestApp::start().await;
    let ann = app.staff("ann", Role::Agent).await;
    for (n, resolution) in Resolution::ALL.iter().enumerate() {
        let (ticket, _) = app.ask(&format!("s{n}@sender.example"), "203.0.113.7").await;
        let done = app.desk().resolve(&ann, ticket.id, *resolution, "These are the reasons.").await;
        if *resolution == Resolution::Lifted {
            assert!(matches!(done, Err(Refusal::Invalid(_))), "a lift needs a block");
            continue;
        }
        done.unwrap();
        let now = app.ticket_by_id(ticket.id).await;
        assert_eq!(
            (now.state, now.resolution, now.resolved_at),
            (State::Resolved, Some(*resolution), Some(app.desk().now()))
        );
        let mail = last_mail(&app, ticket.id).await;
        assert!(mail.body.contains("These are the reasons."), "{}", mail.body);
        assert!(
            !mail.body.contains("mail-") && !mail.subject.contains("mail-"),
            "a sentence is missing: {}",
            mail.body
        );
        assert!(matches!(app.desk().resolve(&ann, ticket.id, *resolution, "Again.").await, Err(Refusal::Stale)));
    }
}

#[tokio::test]
async fn a_ticket_is_opened_again_by_staff_or_by_its_sender() {
    let app = TestApp::start().await;
    let ann = app.staff("ann", Role::Agent).await;
    let (ticket, secret) = app.ask("a@sender.example", "203.0.113.7").await;
    assert!(matches!(app.desk().reopen(&ann, ticket.id).await, Err(Refusal::Stale)), "it is open");
    app.desk().resolve(&ann, ticket.id, Resolution::Answered, "So it is.").await.unwrap();
    app.desk().reopen(&ann, ticket.id).await.unwrap();
    let now = app.ticket_by_id(ticket.id).await;
    assert_eq!((now.state, now.resolution, now.resolved_at), (State::Open, None, None));
    app.desk().resolve(&ann, ticket.id, Resolution::Answered, "So it is.").await.unwrap();
    let seen = app.desk().ticket_for(&ticket.code, &secret).await.unwrap();
    app.desk().sender_adds(&seen, "It is not so.", &[], None).await.unwrap();
    assert_eq!(app.ticket_by_id(ticket.id).await.state, State::Open);
    let done = events::of_ticket(app.desk().db.pool(), ticket.id).await.unwrap();
    assert_eq!(done.iter().filter(|e| e.what == "ticket.reopened").count(), 2);
}

#[tokio::test]
async fn what_a_sender_adds_twice_by_a_double_click_is_there_once() {
    let app = TestApp::start().await;
    let (ticket, _) = app.ask("a@sender.example", "203.0.113.7").await;
    for _ in 0..3 {
        app.desk().sender_adds(&ticket, "One more thing.", &[], Some("key-of-the-form-0001")).await.unwrap();
    }
    app.desk().sender_adds(&ticket, "Another thing.", &[], Some("key-of-the-form-0001")).await.unwrap();
    assert_eq!(messages::of_ticket(app.desk().db.pool(), ticket.id).await.unwrap().len(), 3);
    assert!(matches!(app.desk().sender_adds(&ticket, "  ", &[], None).await, Err(Refusal::Invalid(_))));
}

#[tokio::test]
async fn a_sender_takes_the_request_back() {
    let app = TestApp::start().await;
    let (ticket, secret) = app.ask("a@sender.example", "203.0.113.7").await;
    let seen = app.desk().ticket_for(&ticket.code, &secret).await.unwrap();
    app.desk().withdraw(&seen).await.unwrap();
    assert_eq!(app.ticket_by_id(ticket.id).await.resolution, Some(Resolution::Withdrawn));
    assert_eq!(last_mail(&app, ticket.id).await.notice, "resolved");
    assert!(matches!(app.desk().withdraw(&seen).await, Err(Refusal::Stale)));
}

#[tokio::test]
async fn a_cleared_ticket_is_joined_like_others() {
    let app = TestApp::start().await;
    let ann = app.staff("ann", Role::Agent).await;
    let suspected = postern::desk::request::Request {
        suspected: Some("too-fast".to_owned()),
        ..TestApp::request("a@sender.example", "203.0.113.7")
    };
    app.desk().submit(suspected).await.unwrap();
    let filter = tickets::Filter { suspected: Some(true), ..tickets::Filter::default() };
    let ticket = tickets::list(app.desk().db.pool(), &filter, 10).await.unwrap().remove(0);
    app.desk().clear_suspicion(&ann, ticket.id).await.unwrap();
    assert!(matches!(app.desk().clear_suspicion(&ann, ticket.id).await, Err(Refusal::Stale)));
    let again = app.desk().submit(TestApp::request("a@sender.example", "203.0.113.7")).await.unwrap();
    assert_eq!(app.ticket(&again.code).await.joined_to, Some(ticket.id));
}

#[tokio::test]
async fn a_ticket_without_a_reply_is_closed_after_weeks() {
    let app = TestApp::start().await;
    let ann = app.staff("ann", Role::Agent).await;
    let (ticket, _) = app.ask("a@sender.example", "203.0.113.7").await;
    let (open, _) = app.ask("b@sender.example", "203.0.113.8").await;
    app.desk().answer(&ann, ticket.id, "Which queue id was it?", true).await.unwrap();
    app.wait(21 * DAY);
    assert_eq!(app.desk().close_unanswered().await.unwrap(), 0);
    app.wait(MINUTE);
    assert_eq!(app.desk().close_unanswered().await.unwrap(), 1);
    let now = app.ticket_by_id(ticket.id).await;
    assert_eq!(now.resolution, Some(Resolution::NoReply));
    assert_eq!(last_mail(&app, ticket.id).await.notice, "resolved");
    assert_eq!(app.ticket_by_id(open.id).await.state, State::New, "only those that wait for their sender");
}
