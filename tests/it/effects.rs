//! A lift holds everywhere: its steps, its states, the mail that waits for it, processes that are behind.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use postern::app;
use postern::blocklist::BlockList;
use postern::desk::Desk;
use postern::desk::lift::{Lift, Lifted, Scope};
use postern::desk::ticket::Told;
use postern::domain::block::{Block, NewBlock};
use postern::domain::endpoint::Endpoint;
use postern::domain::id::Id;
use postern::domain::net::Net;
use postern::domain::staff::Role;
use postern::domain::time::{DAY, HOUR, MINUTE, SECOND};
use postern::gateways::dnsbl::{self, Door};
use postern::gateways::listener::Listener;
use postern::gateways::probe::{self, Doors, Said};
use postern::gateways::{Judge, policy, socketmap};
use postern::jobs::confirm;
use postern::store::confirmations::{self, Effect, Step, StepKind};
use postern::store::{events, followers, gateways, outbox, resolvers};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::support::{TestApp, eventually, judge};

/// Listeners of a portal, or of what only looks like it.
struct Listening {
    /// Where they are.
    doors: Arc<Doors>,
    /// Ends them with the test.
    _guard: DropGuard,
}

/// Listens on all ways.
async fn listen(judge: &Judge) -> Listening {
    let stop = CancellationToken::new();
    let bind = async || tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (asked, mapped) = (bind().await, bind().await);
    let door = Door::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let doors = Doors {
        policy: Some(Endpoint::Tcp(asked.local_addr().unwrap())),
        socketmap: Some(Endpoint::Tcp(mapped.local_addr().unwrap())),
        dnsbl: vec![door.addr().unwrap()],
    };
    tokio::spawn(policy::serve(Listener::from(asked), judge.clone(), 10, stop.clone()));
    tokio::spawn(socketmap::serve(Listener::from(mapped), judge.clone(), 10, stop.clone()));
    tokio::spawn(dnsbl::serve(vec![door], judge.clone(), stop.clone()));
    Listening { doors: Arc::new(doors), _guard: stop.drop_guard() }
}

/// A portal for the zone `bl.test`, with some settings changed.
async fn portal(settings: &[(&str, &str)]) -> TestApp {
    let mut all = vec![("gateways.dnsbl.zone", "bl.test")];
    all.extend_from_slice(settings);
    TestApp::with(&all).await
}

/// A name server for a list that stays as it is now: what a cache looks like that forgets nothing.
async fn stale_resolver(app: &TestApp) -> (SocketAddr, DropGuard) {
    let frozen = Arc::new(BlockList::default());
    frozen.catch_up(&app.desk().db, &app.desk().clock).await.unwrap();
    let door = Door::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let (addr, stop) = (door.addr().unwrap(), CancellationToken::new());
    tokio::spawn(dnsbl::serve(vec![door], Judge { blocklist: frozen, ..judge(app) }, stop.clone()));
    (addr, stop.drop_guard())
}

/// Lifts a block for a ticket, or without one.
async fn lift(app: &TestApp, block: &Block, scope: Scope, ticket: Option<Id>) -> Lifted {
    let ann = app.staff(&format!("ann{}", Id::new(app.desk().now())), Role::Lead).await;
    let told = ticket.map(|id| Told { ticket: id.into(), answer: "It is lifted.".into(), stays_open: false });
    let lift = Lift { block: block.id, scope, reason: "clean".into(), probation: DAY, ticket: told };
    app.desk().lift(&ann, lift).await.unwrap()
}

/// The steps of a confirmation.
async fn steps(desk: &Desk, id: Id) -> Vec<Step> {
    confirmations::steps(desk.db.pool(), id).await.unwrap()
}

/// How far a confirmation is.
async fn state(desk: &Desk, id: Id) -> Effect {
    confirmations::find(desk.db.pool(), id).await.unwrap().unwrap().state
}

/// The kinds of the steps that have a state, in their order.
fn kinds(steps: &[Step], state: Effect) -> Vec<StepKind> {
    steps.iter().filter(|step| step.state == state).map(|step| step.kind).collect()
}

#[tokio::test]
async fn a_lift_is_confirmed_by_everybody_who_answers_mail_servers() {
    use StepKind::{Commit, Follower, Listener};
    let app = portal(&[]).await;
    let listening = listen(&judge(&app)).await;
    for net in ["203.0.113.7", "2001:db8:7::/64"] {
        let block = app.block(net, "PB-SPAM").await;
        let lifted = lift(&app, &block, Scope::Entry, None).await;
        assert_eq!(state(app.desk(), lifted.confirmation).await, Effect::Requested);
        assert_eq!(confirm::run_due(app.desk(), &listening.doors).await.unwrap(), 1);
        assert_eq!(state(app.desk(), lifted.confirmation).await, Effect::Confirmed);
        let seen = steps(app.desk(), lifted.confirmation).await;
        assert_eq!(kinds(&seen, Effect::Confirmed), [Commit, Listener, Listener, Listener, Follower], "{seen:?}");
        assert_eq!(confirm::run_due(app.desk(), &listening.doors).await.unwrap(), 0, "it is settled");
    }
}

#[tokio::test]
async fn a_listener_that_goes_on_refusing_makes_it_late_and_is_asked_again() {
    let app = portal(&[]).await;
    let block = app.block("203.0.113.7", "PB-SPAM").await;
    let frozen = Arc::new(BlockList::default());
    frozen.catch_up(&app.desk().db, &app.desk().clock).await.unwrap();
    let listening = listen(&Judge { blocklist: frozen.clone(), ..judge(&app) }).await;
    let lifted = lift(&app, &block, Scope::Entry, None).await;
    confirm::run_due(app.desk(), &listening.doors).await.unwrap();
    let seen = steps(app.desk(), lifted.confirmation).await;
    let refusing: Vec<&Step> = seen.iter().filter(|s| s.kind == StepKind::Listener).collect();
    assert!(refusing.iter().all(|s| s.state == Effect::Late && s.what == "refuses"), "{refusing:?}");
    assert_eq!(state(app.desk(), lifted.confirmation).await, Effect::Requested);
    app.wait(11 * SECOND);
    confirm::run_due(app.desk(), &listening.doors).await.unwrap();
    assert_eq!(state(app.desk(), lifted.confirmation).await, Effect::Late);
    frozen.catch_up(&app.desk().db, &app.desk().clock).await.unwrap();
    app.wait(MINUTE);
    confirm::run_due(app.desk(), &listening.doors).await.unwrap();
    assert_eq!(state(app.desk(), lifted.confirmation).await, Effect::Confirmed);
}

#[tokio::test]
async fn what_never_holds_is_given_up() {
    let app = portal(&[]).await;
    let block = app.block("203.0.113.7", "PB-SPAM").await;
    let lifted = lift(&app, &block, Scope::Entry, None).await;
    let gone = Arc::new(Doors { policy: Some(Endpoint::Unix("/nonexistent/policy".into())), ..Doors::default() });
    confirm::run_due(app.desk(), &gone).await.unwrap();
    assert!(steps(app.desk(), lifted.confirmation).await.iter().any(|step| step.what == "silent"));
    app.wait(HOUR);
    confirm::run_due(app.desk(), &gone).await.unwrap();
    assert_eq!(state(app.desk(), lifted.confirmation).await, Effect::Failed);
    app.wait(HOUR);
    assert_eq!(confirm::run_due(app.desk(), &gone).await.unwrap(), 0);
}

#[tokio::test]
async fn a_lift_under_another_entry_says_so_at_once() {
    let app = portal(&[]).await;
    let narrow = app.block("203.0.113.7", "PB-SPAM").await;
    let wide = app.block("203.0.113.0/24", "PB-DYN").await;
    let ann = app.staff("ann", Role::Agent).await;
    let lift = Lift { block: narrow.id, scope: Scope::Entry, reason: "clean".into(), probation: 0, ticket: None };
    let lifted = app.desk().lift(&ann, lift).await.unwrap();
    assert_eq!(lifted.still.map(|hit| hit.block), Some(wide.id));
    confirm::run_due(app.desk(), &Arc::default()).await.unwrap();
    assert_eq!(state(app.desk(), lifted.confirmation).await, Effect::Failed);
    let seen = steps(app.desk(), lifted.confirmation).await;
    assert!(seen.iter().any(|s| s.what == "blocked" && s.value.starts_with("203.0.113.0/24")), "{seen:?}");
}

#[tokio::test]
async fn a_range_is_probed_where_no_other_entry_blocks_it() {
    let app = portal(&[]).await;
    let range = app.block("203.0.113.0/24", "PB-SPAM").await;
    app.block("203.0.113.0", "PB-TRAP").await;
    app.block("198.51.100.0/24", "PB-SPAM").await;
    let lifted = lift(&app, &range, Scope::Entry, None).await;
    // Without its probation the first address is still blocked by its own entry; with it, it is shielded.
    let net = Net::parse("203.0.113.0/24").unwrap();
    assert!(net.covers(Net::single(app.desk().probe(net).unwrap())));
    assert_eq!(app.desk().probe(Net::parse("198.51.100.7").unwrap()).unwrap_err().net.to_string(), "198.51.100.0/24");
    confirm::run_due(app.desk(), &Arc::default()).await.unwrap();
    assert_eq!(state(app.desk(), lifted.confirmation).await, Effect::Confirmed);
}

#[tokio::test]
async fn one_address_out_of_a_range_is_confirmed_by_itself() {
    let app = portal(&[]).await;
    let listening = listen(&judge(&app)).await;
    let block = app.block("203.0.113.0/24", "PB-SPAM").await;
    let only = Net::parse("203.0.113.9").unwrap();
    let lifted = lift(&app, &block, Scope::Only(only), None).await;
    confirm::run_due(app.desk(), &listening.doors).await.unwrap();
    let found = confirmations::of_block(app.desk().db.pool(), block.id, 5).await.unwrap();
    assert_eq!((found.len(), found[0].net, found[0].state), (1, only, Effect::Confirmed));
    assert_eq!(found[0].id, lifted.confirmation);
}

#[tokio::test]
async fn a_resolver_that_keeps_the_entry_is_found_and_its_cure_is_shown() {
    let app = portal(&[]).await;
    let mut ann = app.sign_in(Role::Agent).await;
    let block = app.block("203.0.113.7", "PB-SPAM").await;
    let (stale, _stop) = stale_resolver(&app).await;
    let fresh = listen(&judge(&app)).await;
    let named = format!("{stale}, {}", fresh.doors.dnsbl[0]);
    let mut config = (*app.desk().config).clone();
    config.gateways.resolvers = named.split(", ").map(|at| at.parse().unwrap()).collect();
    let desk = Desk { config: Arc::new(config), ..app.desk().clone() };
    let lifted = lift(&app, &block, Scope::Entry, None).await;
    confirm::run_due(&desk, &Arc::default()).await.unwrap();
    let seen = steps(&desk, lifted.confirmation).await;
    let resolvers: Vec<_> =
        seen.iter().filter(|s| s.kind == StepKind::Resolver).map(|s| (s.name.clone(), s.what.as_str())).collect();
    assert!(resolvers.contains(&(stale.to_string(), "cached")), "{resolvers:?}");
    assert!(resolvers.contains(&(fresh.doors.dnsbl[0].to_string(), "free")), "{resolvers:?}");
    let page = ann.get(&format!("/staff/blocks/{}", block.id)).await.text;
    assert!(page.contains("still has the entry in its cache") && page.contains("stub-no-cache: yes"), "{page}");
    confirm::ask_resolvers(&desk).await.unwrap();
    assert!(resolvers::list(desk.db.pool()).await.unwrap().iter().all(|r| r.answer == "listed" && r.good_at.is_some()));
}

#[tokio::test]
async fn a_process_that_is_behind_is_waited_for_and_one_that_died_is_not() {
    let app = portal(&[]).await;
    let other = app.second().await;
    let block = app.block("203.0.113.7", "PB-SPAM").await;
    other.desk.report_follower("policy 192.0.2.1:10031").await.unwrap();
    let lifted = lift(&app, &block, Scope::Entry, None).await;
    confirm::run_due(app.desk(), &Arc::default()).await.unwrap();
    assert_eq!(state(app.desk(), lifted.confirmation).await, Effect::Requested);
    let seen = steps(app.desk(), lifted.confirmation).await;
    assert!(seen.iter().any(|s| s.name == other.desk.process.name && s.what == "behind"), "{seen:?}");
    other.desk.follow_all().await;
    other.desk.report_follower("").await.unwrap();
    app.wait(SECOND);
    confirm::run_due(app.desk(), &Arc::default()).await.unwrap();
    assert_eq!(state(app.desk(), lifted.confirmation).await, Effect::Confirmed);
    let again = app.block("203.0.113.8", "PB-SPAM").await;
    let lifted = lift(&app, &again, Scope::Entry, None).await;
    confirm::run_due(app.desk(), &Arc::default()).await.unwrap();
    assert_eq!(state(app.desk(), lifted.confirmation).await, Effect::Requested);
    other.desk.leave().await.unwrap();
    app.wait(SECOND);
    confirm::run_due(app.desk(), &Arc::default()).await.unwrap();
    assert_eq!(state(app.desk(), lifted.confirmation).await, Effect::Confirmed, "who left is not waited for");
}

#[tokio::test]
async fn an_edge_that_is_cut_off_is_waited_for() {
    let app = portal(&[]).await;
    let desk = app.desk();
    let token = edge(&app, 0).await;
    let block = app.block("203.0.113.7", "PB-SPAM").await;
    let lifted = lift(&app, &block, Scope::Entry, None).await;
    app.wait(HOUR / 2);
    confirm::run_due(desk, &Arc::default()).await.unwrap();
    assert_eq!(state(desk, lifted.confirmation).await, Effect::Late);
    note_edge(&app, token, desk.blocklist.reached().unwrap()).await;
    app.wait(MINUTE);
    confirm::run_due(desk, &Arc::default()).await.unwrap();
    assert_eq!(state(desk, lifted.confirmation).await, Effect::Confirmed);
}

/// An edge with a token of its own, at this number; gives the token.
async fn edge(app: &TestApp, number: i64) -> Id {
    let who = postern::domain::ticket::Who::operator();
    app.desk().add_token(&who, "mx1", &["feeds:read"]).await.unwrap();
    let token = postern::store::api_tokens::list(app.desk().db.pool()).await.unwrap()[0].id;
    note_edge(app, token, number).await;
    token
}

/// An edge reports.
async fn note_edge(app: &TestApp, token: Id, number: i64) {
    let standing = app.desk().blocklist.standing(app.desk().now()).unwrap();
    let edge = gateways::Edge {
        token_id: token,
        name: "mx1".into(),
        version: "0.1.0".into(),
        epoch: standing.position.epoch,
        number,
        digest: String::new(),
        blocks: 1,
        clock_behind: 0,
        address: "192.0.2.25".into(),
        first_seen_at: app.desk().now(),
        seen_at: app.desk().now(),
    };
    gateways::note_edge(app.desk().db.pool(), &edge).await.unwrap();
}

#[tokio::test]
async fn the_mail_of_a_lift_waits_for_its_confirmation_and_says_that_it_came() {
    let app = portal(&[]).await;
    let block = app.block("203.0.113.7", "PB-SPAM").await;
    let (ticket, secret) = app.ask("ann@sender.example", "203.0.113.7").await;
    let lifted = lift(&app, &block, Scope::Entry, Some(ticket.id)).await;
    let waiting = outbox::waiting(app.desk().db.pool(), lifted.confirmation).await.unwrap();
    assert!(waiting.len() == 1 && waiting[0].next_at > app.desk().now().plus(10 * SECOND));
    confirm::run_due(app.desk(), &Arc::default()).await.unwrap();
    assert!(outbox::waiting(app.desk().db.pool(), lifted.confirmation).await.unwrap().is_empty());
    let mail = outbox::find(app.desk().db.pool(), waiting[0].id).await.unwrap().unwrap();
    assert!(mail.next_at <= app.desk().now() && mail.body.contains("this was tested"), "{}", mail.body);
    let page = app.visitor().get(&format!("/requests/{}?key={}", ticket.code, secret.reveal())).await.text;
    assert!(page.contains("in effect on our gateway since"), "{page}");
}

#[tokio::test]
async fn the_mail_of_a_lift_goes_in_time_and_says_what_is_missing() {
    let app = portal(&[]).await;
    let mut ann = app.sign_in(Role::Agent).await;
    let block = app.block("203.0.113.7", "PB-SPAM").await;
    let (ticket, _) = app.ask("ann@sender.example", "203.0.113.7").await;
    edge(&app, 0).await;
    let lifted = lift(&app, &block, Scope::Entry, Some(ticket.id)).await;
    confirm::run_due(app.desk(), &Arc::default()).await.unwrap();
    let waiting = outbox::waiting(app.desk().db.pool(), lifted.confirmation).await.unwrap();
    assert_eq!(waiting.len(), 1, "it waits");
    app.wait(11 * SECOND);
    confirm::run_due(app.desk(), &Arc::default()).await.unwrap();
    let mail = outbox::find(app.desk().db.pool(), waiting[0].id).await.unwrap().unwrap();
    assert!(mail.next_at <= app.desk().now() && mail.body.contains("1 of 2 places"), "{}", mail.body);
    let page = ann.get(&format!("/staff/tickets/{}", ticket.code)).await.text;
    assert!(page.contains("Not yet everywhere") && page.contains("mx1"), "{page}");
}

#[tokio::test]
async fn a_mail_is_not_lost_when_nobody_confirms() {
    let app = portal(&[]).await;
    let block = app.block("203.0.113.7", "PB-SPAM").await;
    let (ticket, _) = app.ask("ann@sender.example", "203.0.113.7").await;
    lift(&app, &block, Scope::Entry, Some(ticket.id)).await;
    app.wait(MINUTE);
    let now = app.desk().now();
    let mut bodies = Vec::new();
    while let Some(mail) = outbox::claim(app.desk().db.pool(), now, now.plus(HOUR)).await.unwrap() {
        bodies.push(mail.body);
    }
    assert!(bodies.iter().any(|body| body.contains("says when all of them obey")), "{bodies:?}");
}

#[tokio::test]
async fn a_list_that_differs_from_the_database_heals_and_is_reported() {
    let app = portal(&[]).await;
    let desk = app.desk();
    for n in 0..20 {
        app.block(&format!("203.0.113.{n}"), "PB-SPAM").await;
    }
    desk.report_follower("").await.unwrap();
    app.block("2001:db8::/64", "PB-TRAP").await;
    assert_eq!(desk.compare().await.unwrap(), Some(false));
    let position = desk.blocklist.standing(desk.now()).unwrap().position;
    desk.blocklist.replace(postern::blocklist::index::Index::default(), position, desk.now());
    assert!(!app.is_blocked("203.0.113.7"));
    assert_eq!(desk.compare().await.unwrap(), Some(true));
    assert!(app.is_blocked("203.0.113.7"));
    assert_eq!(desk.compare().await.unwrap(), Some(false));
    let told = followers::list(desk.db.pool(), 10).await.unwrap();
    assert_eq!((told[0].drifts, told[0].drifted_at), (1, Some(desk.now())));
    let recorded = events::list(desk.db.pool(), &events::Filter::default(), 5).await.unwrap();
    assert_eq!(recorded[0].what, "list.drifted");
}

#[tokio::test]
async fn the_page_of_gateways_shows_who_is_behind() {
    let app = portal(&[("gateways.resolvers", "127.0.0.1:1")]).await;
    let mut ann = app.sign_in(Role::Reader).await;
    let desk = app.desk();
    assert!(ann.get("/staff/gateways").await.text.contains("Nobody follows the list"));
    desk.report_follower("policy 127.0.0.1:10031").await.unwrap();
    edge(&app, 0).await;
    assert_eq!(desk.alarms().await.unwrap(), Vec::<String>::new());
    app.block("203.0.113.7", "PB-SPAM").await;
    app.wait(45 * SECOND);
    desk.report_follower("policy 127.0.0.1:10031").await.unwrap();
    assert_eq!(desk.alarms().await.unwrap(), ["mx1"]);
    let page = ann.get("/staff/gateways").await.text;
    assert!(
        page.contains("behind for") && page.contains("in step") && page.contains("policy 127.0.0.1:10031"),
        "{page}"
    );
    app.wait(5 * MINUTE);
    let page = ann.get("/staff/gateways").await.text;
    assert!(page.contains("silent for 5 minutes") || page.contains("silent for"), "{page}");
    confirm::ask_resolvers(desk).await.unwrap();
    assert!(ann.get("/staff/gateways").await.text.contains("does not answer"));
    assert!(ann.get("/staff/tickets").await.text.contains("gateways need a look"));
    desk.forget().await.unwrap();
    assert_eq!(followers::forget(desk.db.pool(), desk.now()).await.unwrap(), 1);
    assert_eq!(desk.forget_dead_followers().await.unwrap(), 0);
}

#[tokio::test]
async fn questions_tell_apart_what_is_listed_free_and_refused() {
    let app = portal(&[("gateways.dnsbl.allow", "192.0.2.0/24")]).await;
    app.block("203.0.113.7", "PB-SPAM").await;
    let listening = listen(&judge(&app)).await;
    let (blocked, free) = ("203.0.113.7".parse().unwrap(), "203.0.113.8".parse().unwrap());
    let Doors { policy: Some(asked), socketmap: Some(mapped), dnsbl } = &*listening.doors else { panic!() };
    assert!(matches!(probe::policy(asked, blocked).await, Said::Listed(..)));
    assert!(matches!(probe::socketmap(mapped, blocked).await, Said::Listed(..)));
    assert_eq!((probe::policy(asked, free).await, probe::socketmap(mapped, free).await), (Said::Free, Said::Free));
    assert_eq!(probe::dnsbl(dnsbl[0], "bl.test", free).await, Said::Refused);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_confirms_its_own_lift_within_the_answer() {
    let app = portal(&[]).await;
    let listening = listen(&judge(&app)).await;
    let desk = app::open((*app.desk().config).clone(), postern::domain::time::Clock::System).await.unwrap().desk;
    let stop = CancellationToken::new();
    let job = tokio::spawn(confirm::run(desk.clone(), listening.doors.clone(), stop.clone()));
    let new = NewBlock {
        net: Net::parse("203.0.113.7").unwrap(),
        cause: "PB-SPAM".into(),
        lasts: None,
        note: String::new(),
        source: "staff".into(),
        evidence_at: None,
    };
    let block = desk.add_block(&postern::domain::ticket::Who::operator(), new).await.unwrap().block;
    eventually("the job confirms", async || desk.process.confirms()).await;
    let ann = app.staff("ann", Role::Agent).await;
    let lift = Lift { block: block.id, scope: Scope::Entry, reason: "clean".into(), probation: 0, ticket: None };
    // The listeners of the other portal follow the same database.
    let follower = {
        let other = app.desk().clone();
        tokio::spawn(async move {
            loop {
                other.follow_all().await;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
    };
    let lifted = desk.lift(&ann, lift).await.unwrap();
    desk.await_confirmation(lifted.confirmation, Duration::from_secs(10)).await.unwrap();
    assert_eq!(state(&desk, lifted.confirmation).await, Effect::Confirmed);
    follower.abort();
    stop.cancel();
    job.await.unwrap();
}

#[tokio::test]
async fn a_confirmation_whose_process_died_is_taken_up_by_another() {
    let app = portal(&[]).await;
    let other = app.second().await;
    let block = app.block("203.0.113.7", "PB-SPAM").await;
    let lifted = lift(&app, &block, Scope::Entry, None).await;
    drop(app.desk().next_confirmation().await.unwrap().expect("it is due"));
    assert_eq!(confirm::run_due(&other.desk, &Arc::default()).await.unwrap(), 0, "it is the first one's own");
    app.wait(16 * SECOND);
    assert_eq!(confirm::run_due(&other.desk, &Arc::default()).await.unwrap(), 1);
    assert_eq!(state(app.desk(), lifted.confirmation).await, Effect::Confirmed);
}
