//! Blocks end before their time: whole entries, single addresses out of wide ones, probation, what is mailed.

use postern::desk::Refusal;
use postern::desk::lift::{Lift, PROBATION_MOST, Scope};
use postern::desk::ticket::{Seen, Told};
use postern::domain::block::{Block, BlockState, Lasts, NewBlock};
use postern::domain::id::Id;
use postern::domain::net::Net;
use postern::domain::staff::Role;
use postern::domain::ticket::{Resolution, State, Who};
use postern::domain::time::{DAY, HOUR, Time};
use postern::store::{blocks, changes, events, exemptions, outbox, probations};

use crate::support::TestApp;

/// A network.
fn net(text: &str) -> Net {
    Net::parse(text).unwrap()
}

/// What the sender of a ticket is told of a lift that ends it.
fn told(ticket: Id, answer: &str) -> Told {
    Told { ticket: ticket.into(), answer: answer.to_owned(), stays_open: false }
}

/// The lift of a whole entry without a ticket.
fn whole(block: &Block) -> Lift {
    Lift {
        block: block.id,
        scope: Scope::Entry,
        reason: "The machine is clean.".to_owned(),
        probation: 14 * DAY,
        ticket: None,
    }
}

/// The lift of one address out of an entry.
fn only(block: &Block, addr: &str) -> Lift {
    Lift { scope: Scope::Only(net(addr)), ..whole(block) }
}

/// The block as it stands now.
async fn now(app: &TestApp, block: &Block) -> Block {
    blocks::find(app.desk().db.pool(), block.id).await.unwrap().unwrap()
}

/// A block of some source with evidence of some time.
fn new(text: &str, source: &str, evidence_at: Option<Time>) -> NewBlock {
    NewBlock {
        net: net(text),
        cause: "PB-SPAM".to_owned(),
        lasts: Some(Lasts::For(30 * DAY)),
        note: String::new(),
        source: source.to_owned(),
        evidence_at,
    }
}

/// Fails unless the change log runs from 1 without gaps; gives its length.
async fn gapless(app: &TestApp) -> i64 {
    let log = changes::after(app.desk().db.pool(), 0, 100_000).await.unwrap();
    assert!(log.iter().zip(1..).all(|(change, n)| change.n == n), "the numbers have a gap");
    let last = changes::position(app.desk().db.pool()).await.unwrap().n;
    assert_eq!(i64::try_from(log.len()).unwrap(), last);
    assert_eq!(app.desk().blocklist.reached(), Some(last), "this process follows at once");
    last
}

#[tokio::test]
async fn a_lifted_entry_is_free_at_once_and_says_who_when_and_why() {
    let app = TestApp::start().await;
    let ann = app.staff("ann", Role::Agent).await;
    let block = app.block("203.0.113.7", "PB-SPAM").await;
    assert!(app.is_blocked("203.0.113.7") && app.is_blocked("::ffff:203.0.113.7"));
    app.wait(HOUR);
    let lifted = app.desk().lift(&ann, whole(&block)).await.unwrap();
    assert_eq!((lifted.net, lifted.still), (net("203.0.113.7"), None));
    assert!(!app.is_blocked("203.0.113.7"));
    let after = now(&app, &block).await;
    assert_eq!((after.state, after.lifted_by.as_deref()), (BlockState::Lifted, Some("ann")));
    assert_eq!(
        (after.lifted_at, after.lift_reason.as_deref()),
        (Some(app.desk().now()), Some("The machine is clean."))
    );
    let done = events::of_block(app.desk().db.pool(), block.id).await.unwrap();
    assert_eq!(
        done.iter().map(|e| e.what.as_str()).collect::<Vec<_>>(),
        ["block.added", "block.lifted", "probation.started"]
    );
    gapless(&app).await;
}

#[tokio::test]
async fn a_case_link_goes_on_leading_to_a_lifted_block() {
    let app = TestApp::start().await;
    let block = app.block("203.0.113.7", "PB-SPAM").await;
    app.desk().lift_net(&Who::operator(), block.net, "mended").await.unwrap();
    let found = blocks::find_by_case(app.desk().db.pool(), &block.case_code).await.unwrap().unwrap();
    assert_eq!((found.id, found.state), (block.id, BlockState::Lifted));
}

#[tokio::test]
async fn one_address_leaves_a_wide_block_and_the_others_stay() {
    let app = TestApp::start().await;
    let ann = app.staff("ann", Role::Agent).await;
    let block = app.block("203.0.113.0/24", "PB-SPAM").await;
    app.desk().lift(&ann, only(&block, "203.0.113.7")).await.unwrap();
    assert!(!app.is_blocked("203.0.113.7"));
    assert!(app.is_blocked("203.0.113.6") && app.is_blocked("203.0.113.8"));
    assert_eq!(now(&app, &block).await.state, BlockState::Live);
    let carved = exemptions::list(app.desk().db.pool(), app.desk().now()).await.unwrap();
    assert_eq!((carved.len(), carved[0].block_id, carved[0].net), (1, Some(block.id), net("203.0.113.7")));
    assert_eq!(carved[0].until, block.until, "the exception ends with its block");
    gapless(&app).await;
}

#[tokio::test]
async fn one_address_leaves_every_block_that_covers_it() {
    let app = TestApp::start().await;
    let ann = app.staff("ann", Role::Agent).await;
    let wide = app.block("203.0.112.0/23", "PB-DYN").await;
    let middle = app.block("203.0.113.0/24", "PB-SPAM").await;
    let exact = app.block("203.0.113.7", "PB-TRAP").await;
    let lifted = app.desk().lift(&ann, Lift { probation: 0, ..only(&middle, "203.0.113.7") }).await.unwrap();
    assert_eq!(lifted.still, None, "without any probation nothing answers for it");
    assert_eq!(now(&app, &exact).await.state, BlockState::Lifted, "its own entry ends");
    for (block, other) in [(&wide, "203.0.112.9"), (&middle, "203.0.113.9")] {
        assert_eq!(now(&app, block).await.state, BlockState::Live);
        assert!(app.is_blocked(other));
    }
    app.wait(6 * DAY);
    assert!(!app.is_blocked("203.0.113.7"));
}

#[tokio::test]
async fn an_address_is_taken_out_once() {
    let app = TestApp::start().await;
    let ann = app.staff("ann", Role::Agent).await;
    let block = app.block("203.0.113.0/24", "PB-SPAM").await;
    app.desk().lift(&ann, only(&block, "203.0.113.7")).await.unwrap();
    let again = app.desk().lift(&ann, only(&block, "203.0.113.7")).await;
    assert!(matches!(&again, Err(Refusal::Invalid(what)) if what.to_string().contains("203.0.113.7")), "{again:?}");
    app.block("203.0.112.0/23", "PB-DYN").await;
    app.desk().lift(&ann, only(&block, "203.0.113.7")).await.expect("out of the block that is new");
    let carved = exemptions::list(app.desk().db.pool(), app.desk().now()).await.unwrap();
    assert_eq!(carved.len(), 2, "one for each block");
}

#[tokio::test]
async fn ipv6_is_carved_like_ipv4() {
    let app = TestApp::start().await;
    let ann = app.staff("ann", Role::Agent).await;
    let block = app.block("2001:db8:0:1::/64", "PB-SPAM").await;
    app.desk().lift(&ann, only(&block, "2001:db8:0:1::25")).await.unwrap();
    assert!(!app.is_blocked("2001:db8:0:1::25") && app.is_blocked("2001:db8:0:1::26"));
}

#[tokio::test]
async fn an_address_outside_is_not_carved() {
    let app = TestApp::start().await;
    let ann = app.staff("ann", Role::Agent).await;
    let block = app.block("203.0.113.0/24", "PB-SPAM").await;
    for outside in ["203.0.114.1", "203.0.112.0/23", "2001:db8::1"] {
        let refused = app.desk().lift(&ann, only(&block, outside)).await;
        assert!(
            matches!(&refused, Err(Refusal::Invalid(what)) if what.to_string().contains("203.0.113.0/24")),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn a_block_ends_once() {
    let app = TestApp::start().await;
    let ann = app.staff("ann", Role::Agent).await;
    let block = app.block("203.0.113.7", "PB-SPAM").await;
    app.desk().lift(&ann, whole(&block)).await.unwrap();
    let before = gapless(&app).await;
    for lift in [whole(&block), only(&block, "203.0.113.7")] {
        let again = app.desk().lift(&ann, lift).await;
        assert!(matches!(&again, Err(Refusal::Invalid(what)) if what.to_string().contains("lifted")), "{again:?}");
    }
    assert_eq!(gapless(&app).await, before, "a refused lift leaves nothing behind");
    assert!(matches!(app.desk().lift(&ann, Lift { block: Id(7), ..whole(&block) }).await, Err(Refusal::NotFound)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_lifts_at_the_same_moment_one_happens() {
    let app = TestApp::start().await;
    let ann = app.staff("ann", Role::Agent).await;
    let block = app.block("203.0.113.7", "PB-SPAM").await;
    let tries: Vec<_> = (0..8)
        .map(|_| {
            let (desk, ann, lift) = (app.desk().clone(), ann.clone(), whole(&block));
            tokio::spawn(async move { desk.lift(&ann, lift).await })
        })
        .collect();
    let mut lifted = 0;
    for attempt in tries {
        match attempt.await.unwrap() {
            Ok(_) => lifted += 1,
            Err(refused) => assert!(matches!(refused, Refusal::Invalid(_) | Refusal::Stale), "{refused:?}"),
        }
    }
    assert_eq!(lifted, 1);
    assert_eq!(probations::covering(app.desk().db.pool(), block.net).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_ended_block_is_not_lifted() {
    let app = TestApp::start().await;
    let ann = app.staff("ann", Role::Agent).await;
    let block = app.block("203.0.113.7", "PB-SPAM").await;
    app.wait(7 * DAY);
    assert!(!app.is_blocked("203.0.113.7"), "its end counts before any job writes it down");
    for _ in 0..2 {
        let refused = app.desk().lift(&ann, whole(&block)).await;
        assert!(matches!(&refused, Err(Refusal::Invalid(what)) if what.to_string().contains("expired")), "{refused:?}");
        let refused = app.desk().lift(&ann, only(&block, "203.0.113.7")).await;
        assert!(matches!(&refused, Err(Refusal::Invalid(what)) if what.to_string().contains("expired")), "{refused:?}");
        app.desk().expire_blocks().await.unwrap();
    }
}

#[tokio::test]
async fn a_lift_needs_a_reason() {
    let app = TestApp::start().await;
    let ann = app.staff("ann", Role::Agent).await;
    let block = app.block("203.0.113.7", "PB-SPAM").await;
    let refused = app.desk().lift(&ann, Lift { reason: " \n".to_owned(), ..whole(&block) }).await;
    assert!(matches!(refused, Err(Refusal::Invalid(_))));
    assert!(app.is_blocked("203.0.113.7"));
}

#[tokio::test]
async fn only_leads_lift_wide_networks() {
    let app = TestApp::start().await;
    let (agent, lead) = (app.staff("agent", Role::Agent).await, app.staff("lead", Role::Lead).await);
    for text in ["198.18.0.0/16", "2001:db8::/32"] {
        let block = app.block(text, "PB-SPAM").await;
        assert!(matches!(app.desk().lift(&agent, whole(&block)).await, Err(Refusal::NotAllowed)), "{text}");
        assert!(matches!(app.desk().set_block_end(&agent, block.id, Lasts::For(DAY)).await, Err(Refusal::NotAllowed)));
        app.desk().lift(&agent, only(&block, &block.net.first().to_string())).await.expect("one address may go");
        app.desk().lift(&lead, whole(&block)).await.expect("a lead may");
    }
    for text in ["198.51.100.0/24", "2001:db8:5::/48"] {
        let block = app.block(text, "PB-SPAM").await;
        app.desk().lift(&agent, whole(&block)).await.expect("usual networks are an agent's work");
    }
    let wide = new("198.18.0.0/15", "staff", None);
    assert!(matches!(app.desk().add_block_by(&agent, wide.clone(), None).await, Err(Refusal::NotAllowed)));
    app.desk().add_block_by(&lead, wide, None).await.unwrap();
}

#[tokio::test]
async fn a_lift_for_a_ticket_resolves_it_and_names_the_cause_by_mail() {
    let app = TestApp::start().await;
    let ann = app.staff("ann", Role::Agent).await;
    let block = app.block("203.0.113.0/24", "PB-TRAP").await;
    let (ticket, _) = app.ask("a@sender.example", "203.0.113.7").await;
    let lift = Lift {
        ticket: Some(told(ticket.id, "Please write to those only who asked for it.")),
        ..only(&block, "203.0.113.7")
    };
    app.desk().lift(&ann, lift).await.unwrap();
    let after = app.ticket_by_id(ticket.id).await;
    assert_eq!((after.state, after.resolution), (State::Resolved, Some(Resolution::Lifted)));
    let mails = outbox::of_ticket(app.desk().db.pool(), ticket.id).await.unwrap();
    let mail = mails.last().unwrap();
    let cause = app.desk().content.causes.find("PB-TRAP").unwrap().text("en");
    for text in
        ["203.0.113.7", "203.0.113.0/24", "PB-TRAP", &cause.title, &cause.answer, "only who asked", "2026-12-07"]
    {
        assert!(mail.body.contains(text), "“{text}” is missing in: {}", mail.body);
    }
    let done = events::of_ticket(app.desk().db.pool(), ticket.id).await.unwrap();
    let words: Vec<&str> = done.iter().map(|e| e.what.as_str()).collect();
    assert_eq!(words, ["ticket.received", "block.carved", "probation.started", "ticket.resolved"]);
    assert_eq!(
        probations::covering(app.desk().db.pool(), net("203.0.113.7")).await.unwrap()[0].ticket_id,
        Some(ticket.id)
    );
}

#[tokio::test]
async fn a_part_may_be_lifted_while_the_ticket_goes_on() {
    let app = TestApp::start().await;
    let ann = app.staff("ann", Role::Agent).await;
    let block = app.block("203.0.113.0/24", "PB-TRAP").await;
    let (ticket, _) = app.ask("a@sender.example", "203.0.113.0/24").await;
    let part = Told { stays_open: true, ..told(ticket.id, "The rest later.") };
    app.desk().lift(&ann, Lift { ticket: Some(part), ..only(&block, "203.0.113.7") }).await.unwrap();
    let after = app.ticket_by_id(ticket.id).await;
    assert_eq!((after.state, after.resolution), (State::Open, None));
    let mails = outbox::of_ticket(app.desk().db.pool(), ticket.id).await.unwrap();
    let mail = mails.last().unwrap();
    assert_eq!(mail.notice, "part-lifted");
    for text in ["203.0.113.7", "PB-TRAP", "The rest later.", "stays open", "?key="] {
        assert!(mail.body.contains(text), "“{text}” is missing in: {}", mail.body);
    }
}

#[tokio::test]
async fn a_lift_for_a_ticket_that_changed_since_it_was_looked_at_is_stale() {
    let app = TestApp::start().await;
    let ann = app.staff("ann", Role::Agent).await;
    let block = app.block("203.0.113.7", "PB-SPAM").await;
    let (ticket, _) = app.ask("a@sender.example", "203.0.113.7").await;
    let at = |version| Told { ticket: Seen { id: ticket.id, version: Some(version) }, ..told(ticket.id, "Done.") };
    app.desk().sender_adds(&ticket, "One more thing.", &[], None).await.unwrap();
    let late = app.desk().lift(&ann, Lift { ticket: Some(at(1)), ..whole(&block) }).await;
    assert!(matches!(late, Err(Refusal::Stale)));
    assert!(app.is_blocked("203.0.113.7"), "nothing of it happened");
    app.desk().resolve(&ann, ticket.id, Resolution::Declined, "No.").await.unwrap();
    let seen = app.ticket_by_id(ticket.id).await.version;
    app.desk().lift(&ann, Lift { ticket: Some(at(seen)), ..whole(&block) }).await.expect("it was seen to have ended");
    let after = app.ticket_by_id(ticket.id).await;
    assert_eq!((after.resolution, app.is_blocked("203.0.113.7")), (Some(Resolution::Lifted), false));
}

#[tokio::test]
async fn when_the_ticket_has_ended_meanwhile_nothing_is_lifted() {
    let app = TestApp::start().await;
    let (ann, ben) = (app.staff("ann", Role::Agent).await, app.staff("ben", Role::Agent).await);
    let block = app.block("203.0.113.7", "PB-SPAM").await;
    let (ticket, _) = app.ask("a@sender.example", "203.0.113.7").await;
    app.desk().resolve(&ben, ticket.id, Resolution::Declined, "Not yet.").await.unwrap();
    let before = gapless(&app).await;
    for scope in [Scope::Entry, Scope::Only(block.net)] {
        let lift = Lift { scope, ticket: Some(told(ticket.id, "Done.")), ..whole(&block) };
        assert!(matches!(app.desk().lift(&ann, lift).await, Err(Refusal::Stale)));
    }
    assert!(app.is_blocked("203.0.113.7"));
    assert_eq!(now(&app, &block).await.state, BlockState::Live);
    assert_eq!(gapless(&app).await, before);
    assert_eq!(outbox::of_ticket(app.desk().db.pool(), ticket.id).await.unwrap().len(), 2, "no third mail");
}

#[tokio::test]
async fn probation_shields_from_old_evidence_and_newer_evidence_ends_it() {
    let app = TestApp::start().await;
    let ann = app.staff("ann", Role::Agent).await;
    let block = app.block("203.0.113.7", "PB-SPAM").await;
    app.wait(HOUR);
    app.desk().lift(&ann, whole(&block)).await.unwrap();
    let lifted_at = app.desk().now();
    app.wait(HOUR);
    let old = new("203.0.113.0/24", "list-a", Some(lifted_at.plus(-1)));
    app.desk().add_block(&Who::operator(), old).await.unwrap();
    assert!(!app.is_blocked("203.0.113.7"), "a covering block with older evidence leaves it alone");
    assert!(app.is_blocked("203.0.113.8"));
    let pool = app.desk().db.pool();
    assert_eq!(probations::running_inside(pool, block.net, app.desk().now()).await.unwrap().len(), 1);
    let newer = new("203.0.113.7", "list-b", Some(lifted_at.plus(1)));
    let added = app.desk().add_block(&Who::operator(), newer).await.unwrap().block;
    assert!(app.is_blocked("203.0.113.7"));
    assert!(probations::running_inside(pool, block.net, app.desk().now()).await.unwrap().is_empty());
    let ended = &probations::covering(pool, block.net).await.unwrap()[0];
    assert_eq!((ended.ended_at, ended.ended_why.as_deref()), (Some(app.desk().now()), Some("newer evidence")));
    let done = events::of_block(pool, added.id).await.unwrap();
    assert!(done.iter().any(|e| e.what == "probation.ended"), "{done:?}");
}

/// A ticket whose address was taken out of a wide block, which newer evidence then renewed.
async fn taken_out_of_what_is_renewed() -> (TestApp, Id) {
    let app = TestApp::start().await;
    let ann = app.staff("ann", Role::Agent).await;
    let wide = app.desk().add_block(&Who::operator(), new("203.0.113.0/24", "list", None)).await.unwrap().block;
    let (ticket, _) = app.ask("ann@example.org", "203.0.113.7").await;
    app.wait(HOUR);
    let lift = Lift { probation: 60 * DAY, ticket: Some(told(ticket.id, "Fine.")), ..only(&wide, "203.0.113.7") };
    app.desk().lift(&ann, lift).await.unwrap();
    app.wait(HOUR);
    app.desk().add_block(&Who::operator(), new("203.0.113.0/24", "list", None)).await.unwrap();
    assert!(!app.is_blocked("203.0.113.7") && app.is_blocked("203.0.113.8"));
    assert!(!app.ticket_by_id(ticket.id).await.is_open());
    (app, ticket.id)
}

#[tokio::test]
async fn the_probation_of_what_was_taken_out_outlasts_the_renewal_of_the_rest() {
    let (app, ticket) = taken_out_of_what_is_renewed().await;
    let (pool, one) = (app.desk().db.pool(), net("203.0.113.7"));
    assert_eq!(probations::running_inside(pool, one, app.desk().now()).await.unwrap().len(), 1);
    app.wait(DAY);
    app.desk().add_block(&Who::operator(), new("203.0.113.7", "list", None)).await.unwrap();
    assert!(app.is_blocked("203.0.113.7") && app.ticket_by_id(ticket).await.is_open());
    assert!(probations::running_inside(pool, one, app.desk().now()).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_falls_back_into_a_renewed_block_is_told_so() {
    let (app, ticket) = taken_out_of_what_is_renewed().await;
    app.desk().end_fallen_back().await.unwrap();
    assert!(!app.ticket_by_id(ticket).await.is_open(), "it is still out");
    app.wait(30 * DAY - 2 * HOUR);
    assert!(app.is_blocked("203.0.113.7"), "the carve-out lasted as long as the block was to last then");
    app.desk().end_fallen_back().await.unwrap();
    assert!(app.ticket_by_id(ticket).await.is_open());
    let mails = outbox::of_ticket(app.desk().db.pool(), ticket).await.unwrap();
    assert!(mails.last().unwrap().body.contains("same cause"), "{}", mails.last().unwrap().body);
}

#[tokio::test]
async fn when_probation_is_over_a_covering_block_counts_again() {
    let app = TestApp::start().await;
    let ann = app.staff("ann", Role::Agent).await;
    app.desk().add_block(&Who::operator(), new("203.0.113.0/24", "staff", None)).await.unwrap();
    let exact = app.desk().add_block(&Who::operator(), new("203.0.113.7", "staff", None)).await.unwrap().block;
    app.wait(HOUR);
    let lifted = app.desk().lift(&ann, Lift { probation: 2 * DAY, ..whole(&exact) }).await.unwrap();
    assert_eq!(lifted.still, None, "probation shields it");
    app.wait(2 * DAY - 1);
    assert!(!app.is_blocked("203.0.113.7"));
    app.wait(1);
    assert!(app.is_blocked("203.0.113.7"));
}

#[tokio::test]
async fn without_probation_the_lift_says_what_still_blocks() {
    let app = TestApp::start().await;
    let ann = app.staff("ann", Role::Agent).await;
    let wide = app.block("203.0.113.0/24", "PB-DYN").await;
    let exact = app.block("203.0.113.7", "PB-SPAM").await;
    let lifted = app.desk().lift(&ann, Lift { probation: 0, ..whole(&exact) }).await.unwrap();
    let still = lifted.still.expect("the wider block answers");
    assert_eq!((still.block, &*still.cause), (wide.id, "PB-DYN"));
}

#[tokio::test]
async fn probation_has_a_longest_length() {
    let app = TestApp::start().await;
    let ann = app.staff("ann", Role::Agent).await;
    let block = app.block("203.0.113.7", "PB-SPAM").await;
    app.desk().lift(&ann, Lift { probation: i64::MAX, ..whole(&block) }).await.unwrap();
    let made = &probations::covering(app.desk().db.pool(), block.net).await.unwrap()[0];
    assert_eq!(made.until, app.desk().now().plus(PROBATION_MOST));
}

#[tokio::test]
async fn a_person_blocks_again_what_was_lifted() {
    let app = TestApp::start().await;
    let ann = app.staff("ann", Role::Agent).await;
    let block = app.block("203.0.113.7", "PB-SPAM").await;
    app.desk().lift(&ann, whole(&block)).await.unwrap();
    app.wait(1);
    let added = app.desk().add_block_by(&ann, new("203.0.113.7", "staff", None), None).await.unwrap();
    assert!(added.is_new && added.block.id != block.id && added.block.case_code != block.case_code);
    assert!(app.is_blocked("203.0.113.7"));
}

#[tokio::test]
async fn adding_what_is_blocked_renews_it() {
    let app = TestApp::start().await;
    let block = app.block("203.0.113.7", "PB-SPAM").await;
    app.wait(DAY);
    let again = NewBlock { cause: "pb-trap".to_owned(), ..new("203.0.113.7", "staff", None) };
    let added = app.desk().add_block(&Who::operator(), again).await.unwrap();
    assert!(!added.is_new);
    assert_eq!((added.block.id, &added.block.case_code), (block.id, &block.case_code), "case links stay good");
    assert_eq!((added.block.cause.as_str(), added.block.until), ("PB-TRAP", Some(app.desk().now().plus(30 * DAY))));
    assert_eq!(added.block.note, "seen by the detector", "an empty note takes nothing away");
    let hit = app.desk().blocklist.find("203.0.113.7".parse().unwrap(), app.desk().now()).unwrap();
    assert_eq!(&*hit.cause, "PB-TRAP");
    let shorter = NewBlock { lasts: Some(Lasts::For(HOUR)), ..new("203.0.113.7", "staff", None) };
    let added = app.desk().add_block(&Who::operator(), shorter).await.unwrap();
    assert_eq!(added.block.until, Some(app.desk().now().plus(30 * DAY)), "renewing never shortens");
}

#[tokio::test]
async fn a_block_whose_end_was_not_written_down_yet_makes_room() {
    let app = TestApp::start().await;
    let block = app.block("203.0.113.7", "PB-SPAM").await;
    app.wait(8 * DAY);
    let added = app.desk().add_block(&Who::operator(), new("203.0.113.7", "staff", None)).await.unwrap();
    assert!(added.is_new && added.block.id != block.id);
    assert!(app.is_blocked("203.0.113.7"));
    assert_eq!(now(&app, &block).await.state, BlockState::Expired);
    assert_eq!(app.desk().blocklist.count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_network_added_many_times_at_the_same_moment_is_one_block() {
    let app = TestApp::start().await;
    let tries: Vec<_> = (0..8)
        .map(|_| {
            let desk = app.desk().clone();
            tokio::spawn(
                async move { desk.add_block(&Who::operator(), new("203.0.113.7", "staff", None)).await.unwrap() },
            )
        })
        .collect();
    let mut fresh = 0;
    for attempt in tries {
        fresh += usize::from(attempt.await.unwrap().is_new);
    }
    assert_eq!(fresh, 1);
    assert_eq!(blocks::count_live(app.desk().db.pool()).await.unwrap(), 1);
    gapless(&app).await;
}

#[tokio::test]
async fn an_unknown_cause_is_refused_with_those_there_are() {
    let app = TestApp::start().await;
    let unknown = NewBlock { cause: "PB-WHY".to_owned(), ..new("203.0.113.7", "staff", None) };
    let refused = app.desk().add_block(&Who::operator(), unknown).await.unwrap_err().to_string();
    assert!(refused.contains("PB-WHY") && refused.contains("PB-SPAM"), "{refused}");
}

#[tokio::test]
async fn the_end_of_a_block_is_moved() {
    let app = TestApp::start().await;
    let ann = app.staff("ann", Role::Agent).await;
    let block = app.block("203.0.113.7", "PB-SPAM").await;
    assert_eq!(app.desk().set_block_end(&ann, block.id, Lasts::Forever).await.unwrap(), None);
    app.wait(400 * DAY);
    assert!(app.is_blocked("203.0.113.7"));
    app.desk().set_block_end(&ann, block.id, Lasts::For(HOUR)).await.unwrap();
    app.wait(HOUR);
    assert!(!app.is_blocked("203.0.113.7"));
    let late = app.desk().set_block_end(&ann, block.id, Lasts::For(HOUR)).await;
    assert!(matches!(&late, Err(Refusal::Invalid(what)) if what.to_string().contains("expired")), "{late:?}");
}

#[tokio::test]
async fn an_exemption_wins_over_every_block_until_it_ends() {
    let app = TestApp::start().await;
    let (agent, lead) = (app.staff("agent", Role::Agent).await, app.staff("lead", Role::Lead).await);
    app.block("203.0.113.7", "PB-SPAM").await;
    app.block("203.0.113.0/24", "PB-SPAM").await;
    let wide = net("203.0.112.0/22");
    assert!(matches!(app.desk().add_exemption(&agent, wide, Lasts::Forever, "ours").await, Err(Refusal::NotAllowed)));
    assert!(matches!(app.desk().add_exemption(&lead, wide, Lasts::Forever, " ").await, Err(Refusal::Invalid(_))));
    let id = app.desk().add_exemption(&lead, wide, Lasts::For(DAY), "our own relays").await.unwrap();
    assert!(!app.is_blocked("203.0.113.7"));
    let covering = exemptions::covering(app.desk().db.pool(), net("203.0.113.7"), app.desk().now()).await.unwrap();
    assert_eq!(covering.iter().map(|e| e.id).collect::<Vec<_>>(), [id]);
    assert!(matches!(app.desk().end_exemption(&agent, id).await, Err(Refusal::NotAllowed)));
    app.desk().end_exemption(&lead, id).await.unwrap();
    assert!(app.is_blocked("203.0.113.7"));
    assert!(matches!(app.desk().end_exemption(&lead, id).await, Err(Refusal::Stale)));
    app.desk().add_exemption(&lead, wide, Lasts::For(HOUR), "once more").await.unwrap();
    assert!(!app.is_blocked("203.0.113.7"));
    app.wait(HOUR);
    assert!(app.is_blocked("203.0.113.7"), "it ends by its own time");
}

#[tokio::test]
async fn programs_lift_exactly_what_they_name() {
    let app = TestApp::start().await;
    app.block("203.0.113.0/24", "PB-DYN").await;
    app.desk().add_block(&Who::operator(), new("203.0.113.7", "staff", None)).await.unwrap();
    app.desk().add_block(&Who::operator(), new("203.0.113.7", "list-a", None)).await.unwrap();
    app.wait(1);
    let who = Who::program("detector");
    assert_eq!(app.desk().lift_net(&who, net("203.0.113.7"), "clean").await.unwrap(), 2, "of all sources");
    assert!(!app.is_blocked("203.0.113.7") && app.is_blocked("203.0.113.8"));
    let refused = app.desk().lift_net(&who, net("203.0.113.9"), "clean").await.unwrap_err().to_string();
    assert!(refused.contains("203.0.113.0/24"), "{refused}");
    app.desk().lift_only(&who, net("203.0.113.9"), "clean").await.unwrap();
    assert!(!app.is_blocked("203.0.113.9"));
    for refused in [
        app.desk().lift_net(&who, net("192.0.2.1"), "clean").await.unwrap_err(),
        app.desk().lift_only(&who, net("192.0.2.1"), "clean").await.unwrap_err(),
    ] {
        assert!(refused.to_string().contains("not blocked"), "{refused}");
    }
}
