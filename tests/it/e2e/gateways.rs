//! Real gateways of every kind, each set up as its page of the documentation says: refused with the case link where the
//! way allows text, lifted, accepted; for IPv4 and IPv6, an address, a range, an exemption in a range. The engine of the
//! database does not matter here: answers come from memory.

use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use postern::domain::block::Lasts;
use postern::domain::email::Email;
use postern::domain::net::Net;
use postern::domain::staff::Role;
use postern::domain::ticket::Who;
use postern::domain::time::DAY;
use serde_json::json;
use tempfile::NamedTempFile;

use crate::support::docs::snippet;
use crate::support::edge::{EdgePlace, Way as EdgeLine};
use crate::support::exim::Exim;
use crate::support::postfix::{Postfix, Setup};
use crate::support::program::Serving;
use crate::support::rspamd::Rspamd;
use crate::support::unbound::Unbound;
use crate::support::wire::Wire;
use crate::support::{PASSWORD, Place, eventually, free_port, own_loopback};

/// Who gets all mail.
const BEN: &str = "ben@provider.example";

/// How long a lift may take to be obeyed, beyond what a dialogue takes.
const LIFT: Duration = Duration::from_millis(50);

/// Who is refused at first, for what cause, by the block of which network.
const BLOCKED: [(&str, &str, &str); 3] = [
    ("203.0.113.7", "PB-SPAM", "203.0.113.7"),
    ("2001:db8:7::25", "PB-TRAP", "2001:db8:7::/64"),
    ("198.51.100.9", "PB-DYN", "198.51.100.0/24"),
];

/// A running portal with all its doors open.
pub(super) struct Portal {
    /// Where it is set up.
    pub(super) place: Place,
    /// It itself.
    _serving: Serving,
    /// A program with a token.
    program: Wire,
    /// The socketmap service.
    map: SocketAddr,
    /// The DNSBL on port 53 of an address of its own, for those who ask it as their only name server.
    direct: SocketAddr,
    /// The DNSBL on another port, for resolvers.
    pub(super) zone: SocketAddr,
}

/// One kind of gateway.
struct Way<'a> {
    /// What it is called in the figures.
    name: &'static str,
    /// Whether its refusals carry our text.
    has_text: bool,
    /// How many lifts are measured.
    lifts: u8,
    /// Sends a mail as if this client did; gives the reply.
    send: &'a dyn Fn(&str) -> String,
}

impl Portal {
    /// Starts one with the networks of the journey in its list.
    pub(super) async fn start() -> Self {
        let [map, zone] = [free_port(), free_port()].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        let direct = SocketAddr::from((own_loopback(), 53));
        let place = Place::with(&format!(
            "gateways.socketmap.listen = \"{map}\"\ngateways.dnsbl.listen = \"{direct}, {zone}\"\n\
             gateways.dnsbl.zone = \"bl.example.org\"\n"
        ))
        .await;
        let serving = place.serve().await;
        let desk = place.portal().await.desk;
        let token = desk.add_token(&Who::operator(), "detector", &["blocks:write"]).await.unwrap();
        let lead = Email::parse("lea@provider.example").unwrap();
        let lead = desk.add_staff(&Who::operator(), &lead, "Lea", Role::Lead, PASSWORD).await.unwrap();
        let net = Net::parse("198.51.100.64/26").unwrap();
        desk.add_exemption(&lead, net, Lasts::For(DAY), "a partner").await.unwrap();
        let program = Wire::program(place.http, token.reveal());
        let mut portal = Self { place, _serving: serving, program, map, direct, zone };
        portal.block("203.0.113.7", "PB-SPAM");
        portal.block("2001:db8:7::/64", "PB-TRAP");
        portal.block("198.51.100.0/24", "PB-DYN");
        portal
    }

    /// Blocks a network.
    pub(super) fn block(&mut self, net: &str, cause: &str) {
        let reply = self.program.post_json("/api/v1/blocks", &json!({ "net": net, "cause": cause }));
        assert_eq!(reply.status, 201, "{}", reply.text);
    }

    /// Lifts a network; gives how long the portal took to say so.
    pub(super) fn lift(&mut self, net: &str) -> Duration {
        let begun = Instant::now();
        let reply = self.program.delete(&format!("/api/v1/blocks?net={net}&reason=cleaned"));
        assert_eq!(reply.status, 200, "{}", reply.text);
        begun.elapsed()
    }
}

/// Whether a reply takes the mail.
fn is_accepted(reply: &str) -> bool {
    reply.starts_with("250")
}

/// Fails unless the client is refused, by our text where the way has it.
fn assert_refused(way: &Way<'_>, client: &str, cause: &str) {
    let reply = (way.send)(client);
    assert!(reply.starts_with("55"), "{}: {client}: {reply}", way.name);
    if way.has_text {
        // Exim folds a long text into several lines.
        let text = reply.replace("\r\n550-", " ").replace("\r\n550 ", " ");
        assert!(text.contains(&format!("({cause})")), "{}: {client}: {text}", way.name);
        assert!(text.contains("/c/") && text.ends_with(&format!("/{client}")), "{}: {client}: {text}", way.name);
    }
}

/// Refused, lifted, accepted; then how long a lift takes to be obeyed.
async fn journey(portal: &mut Portal, way: &Way<'_>) {
    eventually("the exemption is obeyed", async || is_accepted(&(way.send)("198.51.100.65"))).await;
    for (client, cause, net) in BLOCKED {
        assert_refused(way, client, cause);
        portal.lift(net);
        let reply = (way.send)(client);
        assert!(is_accepted(&reply), "{}: {client}: {reply}", way.name);
    }
    for free in ["192.0.2.9", "2001:db8:9::25", "198.51.100.66"] {
        let reply = (way.send)(free);
        assert!(is_accepted(&reply), "{}: {free}: {reply}", way.name);
    }
    measure(portal, way);
}

/// Measures lifts: from the portal's answer to the end of the dialogue in which the mail is taken.
#[expect(clippy::print_stdout, reason = "the figures are for people")]
fn measure(portal: &mut Portal, way: &Way<'_>) {
    let (mut said, mut obeyed, mut usual) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..way.lifts {
        let client = format!("203.0.113.{}", 100 + n);
        portal.block(&client, "PB-SPAM");
        assert_refused(way, &client, "PB-SPAM");
        let begun = Instant::now();
        assert!(is_accepted(&(way.send)(&format!("192.0.2.{}", 100 + n))));
        usual.push(begun.elapsed());
        said.push(portal.lift(&client));
        let begun = Instant::now();
        let reply = (way.send)(&client);
        assert!(is_accepted(&reply), "{}: at the first attempt: {reply}", way.name);
        obeyed.push(begun.elapsed());
    }
    let [said, obeyed, usual] = [said, obeyed, usual].map(sorted);
    let (middle, most) = (obeyed[obeyed.len() / 2], obeyed[obeyed.len() - 1]);
    // One in ten may meet a machine that is busy with something else.
    let nearly_most = obeyed[obeyed.len() * 9 / 10 - 1];
    let usual = usual[usual.len() / 2];
    println!(
        "{}: lift to accept: median {middle:.1?}, at most {most:.1?}; a dialogue without a block {usual:.1?}; \
         the call of the lift {:.1?}",
        way.name,
        said[said.len() / 2]
    );
    assert!(middle < usual + LIFT, "{}: {middle:?} after a lift, {usual:?} without", way.name);
    assert!(nearly_most < usual + Duration::from_secs(1), "{}: {nearly_most:?}", way.name);
}

/// The shortest first.
fn sorted(mut times: Vec<Duration>) -> Vec<Duration> {
    times.sort_unstable();
    times
}

/// A Postfix with these settings.
fn postfix(settings: String) -> Setup {
    Setup { settings, ..Setup::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn postfix_asks_the_policy_service() {
    let mut portal = Portal::start().await;
    let policy = portal.place.policy.to_string();
    let settings = snippet("postfix.md", "## Policy service", &[("127.0.0.1:10031", &policy)]);
    let postfix = Postfix::with(&postfix(settings));
    let way = Way { name: "policy service", has_text: true, lifts: 10, send: &|client| postfix.send(client, BEN) };
    journey(&mut portal, &way).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postfix_asks_the_socketmap() {
    let mut portal = Portal::start().await;
    let line = "With `gateways.socketmap.listen = \"127.0.0.1:10032\"` in `postern.toml`:";
    let settings = snippet("postfix.md", line, &[("127.0.0.1:10032", &portal.map.to_string())]);
    let postfix = Postfix::with(&postfix(settings));
    let way = Way { name: "socketmap", has_text: true, lifts: 10, send: &|client| postfix.send(client, BEN) };
    journey(&mut portal, &way).await;
    portal.block("203.0.113.7", "PB-TRAP");
    assert!(is_accepted(&postfix.send("203.0.113.7", "postmaster@provider.example")));
}

#[tokio::test(flavor = "multi_thread")]
async fn postscreen_asks_the_socketmap() {
    let mut portal = Portal::start().await;
    let line = "postscreen asks the socketmap service before Postfix spends a process on a client. With `gateways.socketmap.listen = \"127.0.0.1:10032\"` in `postern.toml`:";
    let settings = snippet("postscreen.md", line, &[("127.0.0.1:10032", &portal.map.to_string())]);
    let postfix = Postfix::with(&Setup { postscreen: true, ..postfix(settings) });
    let refused = postfix.send("203.0.113.7", BEN);
    assert!(refused.ends_with("See https://postmaster.example.org/check?q=203.0.113.7"), "{refused}");
    // Each mail waits a second in postscreen, so a few have to do.
    let way = Way { name: "postscreen", has_text: false, lifts: 3, send: &|client| postfix.send(client, BEN) };
    journey(&mut portal, &way).await;
}

/// A Postfix that asks the DNSBL through this name server; and the file of its replies.
fn postfix_with_dnsbl(nameserver: IpAddr) -> (Setup, NamedTempFile) {
    let mut replies = NamedTempFile::new().unwrap();
    let line = "makes 127.0.0.15, which stands for a block that defers, a refusal for now:";
    replies.write_all(snippet("postfix.md", line, &[]).as_bytes()).unwrap();
    let place = replies.path().display().to_string();
    let settings = snippet("postfix.md", "## DNSBL", &[("/etc/postfix/rbl_replies", &place)]);
    let service = Some(snippet("postfix.md", "for each:", &[]));
    (Setup { nameserver: Some(nameserver), service, ..postfix(settings) }, replies)
}

#[tokio::test(flavor = "multi_thread")]
async fn postfix_asks_the_dnsbl() {
    let mut portal = Portal::start().await;
    let (setup, _replies) = postfix_with_dnsbl(portal.direct.ip());
    let postfix = Postfix::with(&setup);
    let way = Way { name: "DNSBL, direct", has_text: true, lifts: 10, send: &|client| postfix.send(client, BEN) };
    journey(&mut portal, &way).await;
    portal.block("203.0.113.8", "PB-RATE");
    let deferred = postfix.send("203.0.113.8", BEN);
    assert!(deferred.starts_with("450 4.7.1") && deferred.contains("PB-RATE"), "{deferred}");
    portal.block("203.0.113.7", "PB-TRAP");
    assert!(is_accepted(&postfix.send("203.0.113.7", "postmaster@provider.example")));
}

#[tokio::test(flavor = "multi_thread")]
async fn postfix_asks_the_dnsbl_through_unbound() {
    let mut portal = Portal::start().await;
    let unbound = Unbound::start(&portal.zone.to_string().replace(':', "@"), "");
    let (setup, _replies) = postfix_with_dnsbl(unbound.addr);
    let postfix = Postfix::with(&setup);
    let way = Way { name: "DNSBL, unbound", has_text: true, lifts: 10, send: &|client| postfix.send(client, BEN) };
    journey(&mut portal, &way).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn exim_asks_the_dnsbl() {
    let mut portal = Portal::start().await;
    let exim = Exim::start(portal.direct.ip());
    let way = Way { name: "DNSBL, Exim", has_text: true, lifts: 10, send: &|client| exim.send(client, BEN) };
    journey(&mut portal, &way).await;
    portal.block("203.0.113.8", "PB-RATE");
    let deferred = exim.send("203.0.113.8", BEN);
    assert!(deferred.starts_with("45") && deferred.contains("4.7.1") && deferred.contains("PB-RATE"), "{deferred}");
    portal.block("203.0.113.7", "PB-TRAP");
    assert!(is_accepted(&exim.send("203.0.113.7", "postmaster@provider.example")), "{}", exim.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn rspamd_asks_the_dnsbl() {
    let mut portal = Portal::start().await;
    let rspamd = Rspamd::with_dnsbl(portal.zone);
    let milter = format!("smtpd_milters = inet:127.0.0.1:{}\nmilter_default_action = tempfail\n", rspamd.port);
    let postfix = Postfix::with(&postfix(milter));
    let way = Way { name: "DNSBL, rspamd", has_text: false, lifts: 10, send: &|client| postfix.send(client, BEN) };
    let refused = postfix.send("203.0.113.7", BEN);
    assert_eq!(refused, "554 5.7.1 blocked, see https://postmaster.example.org/check", "{}", rspamd.log());
    journey(&mut portal, &way).await;
    portal.block("203.0.113.8", "PB-RATE");
    let deferred = postfix.send("203.0.113.8", BEN);
    assert!(deferred.starts_with("451 4.7.1 try again later"), "{deferred}");
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "the figures are for people")]
async fn rspamd_fetches_the_list_as_a_map() {
    let mut portal = Portal::start().await;
    let desk = portal.place.portal().await.desk;
    let token = desk.add_token(&Who::operator(), "rspamd", &["feeds:read"]).await.unwrap();
    let rspamd = Rspamd::with_map(portal.place.http, token.reveal());
    let milter = format!("smtpd_milters = inet:127.0.0.1:{}\nmilter_default_action = tempfail\n", rspamd.port);
    let postfix = Postfix::with(&postfix(milter));
    let refuses =
        |client: &str| postfix.send(client, BEN) == "554 5.7.1 blocked; see https://postmaster.example.org/check";
    let begun = Instant::now();
    while !refuses("203.0.113.7") {
        assert!(begun.elapsed() < Duration::from_secs(20), "rspamd does not fetch the list: {}", rspamd.log());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(refuses("2001:db8:7::25") && refuses("198.51.100.9"), "{}", rspamd.log());
    for free in ["198.51.100.65", "203.0.113.8", "2001:db8:9::25"] {
        assert!(is_accepted(&postfix.send(free, BEN)), "{free}");
    }
    for (client, _, net) in BLOCKED {
        portal.lift(net);
        let begun = Instant::now();
        eventually("rspamd fetches the list again", async || is_accepted(&postfix.send(client, BEN))).await;
        println!("rspamd map: {net}: lift to accept: {:.1?}, as often as it asks by itself", begun.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "the figures are for people")]
async fn postfixes_ask_edges_and_one_that_is_cut_off_catches_up() {
    let mut portal = Portal::start().await;
    let token = portal.place.token("edges", "feeds:write");
    let mut line = EdgeLine::to(portal.place.http).await;
    let edges = [
        EdgePlace::new(&format!("http://{}", portal.place.http), &token, "mx1"),
        EdgePlace::new(&format!("http://{}", line.from), &token, "mx2"),
    ];
    let _running = [edges[0].start().await, edges[1].start().await];
    for edge in &edges {
        edge.until("203.0.113.7", true).await;
    }
    let postfixes = edges.each_ref().map(|edge| {
        let policy = edge.policy.to_string();
        Postfix::with(&postfix(snippet("postfix.md", "## Policy service", &[("127.0.0.1:10031", &policy)])))
    });
    for postfix in &postfixes {
        let way = Way { name: "edge", has_text: true, lifts: 0, send: &|client| postfix.send(client, BEN) };
        for (client, cause, _) in BLOCKED {
            assert_refused(&way, client, cause);
        }
        for free in ["192.0.2.9", "2001:db8:9::25", "198.51.100.65"] {
            assert!(is_accepted(&postfix.send(free, BEN)), "{free}");
        }
    }
    line.close().await;
    for (client, _, net) in BLOCKED {
        portal.lift(net);
        let begun = Instant::now();
        eventually("the edge follows", async || is_accepted(&postfixes[0].send(client, BEN))).await;
        let took = begun.elapsed();
        println!("edge: {net}: lift to accept: {took:.1?}");
        assert!(took < Duration::from_secs(1), "{net}: {took:?}");
        assert!(!is_accepted(&postfixes[1].send(client, BEN)), "{net}: cut off, it goes on with what it has");
    }
    line.open().await;
    for (client, _, _) in BLOCKED {
        eventually("it catches up", async || is_accepted(&postfixes[1].send(client, BEN))).await;
    }
}
