//! Edges as processes: a lift arrives at once, the portal goes away and comes back, the disk holds the list.

#![expect(clippy::print_stderr, reason = "the figures are for people")]

use std::time::{Duration, Instant};

use postern::domain::net::Net;
use postern::domain::time::Clock;
use postern::store::{blocks, gateways};

use crate::support::edge::{EdgePlace, Way};
use crate::support::{Gateway, Place, eventually};

/// The client that is blocked in these tests.
const CLIENT: &str = "203.0.113.7";

/// A portal, with a token for programs and one for edges.
struct Portal {
    /// Where it runs.
    place: Place,
    /// The token of a program that blocks and lifts.
    writer: String,
    /// The token of edges.
    edges: String,
}

impl Portal {
    /// One with an empty list.
    async fn new() -> Self {
        let place = Place::with("http.public_url = \"https://portal.example\"").await;
        let (writer, edges) = (place.token("detector", "blocks:write"), place.token("edges", "feeds:write"));
        Self { place, writer, edges }
    }

    /// An edge that follows it directly.
    fn edge(&self, name: &str) -> EdgePlace {
        EdgePlace::new(&format!("http://{}", self.place.http), &self.edges, name)
    }

    /// Blocks an address.
    fn block(&self, net: &str) {
        let json = format!("{{\"net\":\"{net}\",\"cause\":\"PB-SPAM\"}}");
        assert!(matches!(self.place.call("POST", "/api/v1/blocks", &self.writer, &json), 200 | 201));
    }

    /// Lifts an address.
    fn lift(&self, net: &str) {
        assert_eq!(self.place.call("DELETE", &format!("/api/v1/blocks?net={net}"), &self.writer, ""), 200);
    }

    /// Waits until these edges have reported the present number and digest.
    async fn until_level(&self, names: &[&str]) {
        let app = self.place.portal().await;
        eventually("all edges are level with the portal", async || {
            app.desk.blocklist.catch_up(&app.desk.db, &Clock::System).await.unwrap();
            let Some((position, digest)) = app.desk.blocklist.digest(app.desk.now()) else { return false };
            let known = gateways::edges(app.desk.db.pool(), 10).await.unwrap();
            names
                .iter()
                .all(|name| known.iter().any(|e| e.name == *name && (e.number, &e.digest) == (position.n, &digest)))
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lift_holds_on_two_edges_at_once_and_their_replies_are_the_portals() {
    let portal = Portal::new().await;
    let _serving = portal.place.serve().await;
    portal.block("203.0.113.0/24");
    let edges = [portal.edge("mx1"), portal.edge("mx2")];
    let _running = [edges[0].start().await, edges[1].start().await];
    let mut own = Gateway::connect(portal.place.policy).await;
    let mut slowest = Duration::ZERO;
    for edge in &edges {
        edge.until("203.0.113.9", true).await;
    }
    for round in 0..5 {
        portal.block(CLIENT);
        for edge in &edges {
            // Refused it is by the /24 already; now by its own block.
            let reply = own.ask(CLIENT, "bob@example.org").await;
            eventually("the edge replies as the portal", async || edge.ask(CLIENT).await.unwrap() == reply).await;
            assert_eq!(edge.ask("198.51.100.1").await.unwrap(), "DUNNO");
        }
        portal.lift(CLIENT);
        let begun = Instant::now();
        // The /24 around it is still there, and shielded from by the probation of the lift.
        for edge in &edges {
            edge.until(CLIENT, false).await;
        }
        slowest = slowest.max(begun.elapsed());
        eprintln!("round {round}: a lift held on both edges after {:?}", begun.elapsed());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    portal.until_level(&["mx1", "mx2"]).await;
    // Only the edges refused by the /24.
    let pool = portal.place.portal().await.desk.db.pool().clone();
    let wide = Net::parse("203.0.113.0/24").unwrap();
    eventually("the portal knows what its edges refused", async || {
        blocks::covering(&pool, wide, 1).await.unwrap()[0].hits >= 2
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_that_is_cut_off_freezes_and_catches_up() {
    let portal = Portal::new().await;
    let _serving = portal.place.serve().await;
    let mut way = Way::to(portal.place.http).await;
    let cut = EdgePlace::new(&format!("http://{}", way.from), &portal.edges, "cut");
    let other = portal.edge("other");
    let _running = [cut.start().await, other.start().await];
    portal.block(CLIENT);
    cut.until(CLIENT, true).await;
    other.until(CLIENT, true).await;
    way.close().await;
    portal.lift(CLIENT);
    portal.block("203.0.113.8");
    other.until(CLIENT, false).await;
    other.until("203.0.113.8", true).await;
    assert_ne!(cut.ask(CLIENT).await.unwrap(), "DUNNO", "it goes on with what it has");
    assert_eq!(cut.ask("203.0.113.8").await.unwrap(), "DUNNO");
    way.open().await;
    cut.until(CLIENT, false).await;
    cut.until("203.0.113.8", true).await;
    portal.until_level(&["cut", "other"]).await;
    assert_eq!(cut.log().matches("the list was fetched").count(), 1, "it only read what changed: {}", cut.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_portal_away_an_edge_starts_from_its_disk() {
    let portal = Portal::new().await;
    let serving = portal.place.serve().await;
    let edge = portal.edge("mx1");
    let running = edge.start().await;
    portal.block(CLIENT);
    portal.block("203.0.113.8");
    portal.lift("203.0.113.8");
    edge.until(CLIENT, true).await;
    portal.until_level(&["mx1"]).await;
    let before = edge.ask(CLIENT).await;
    serving.stop().await;
    running.kill();
    let running = edge.start().await;
    assert_eq!(edge.ask(CLIENT).await, before, "list, causes and links are there: {}", edge.log());
    assert_eq!(edge.ask("203.0.113.8").await.unwrap(), "DUNNO");
    let _serving = portal.place.serve().await;
    portal.lift(CLIENT);
    edge.until(CLIENT, false).await;
    portal.until_level(&["mx1"]).await;
    running.stop().await;
    assert!(edge.log().contains("stopped"), "{}", edge.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restore_an_edge_loads_afresh() {
    let portal = Portal::new().await;
    let _serving = portal.place.serve().await;
    let edge = portal.edge("mx1");
    let _running = edge.start().await;
    portal.block(CLIENT);
    portal.block("203.0.113.8");
    edge.until(CLIENT, true).await;
    portal.until_level(&["mx1"]).await;
    let app = portal.place.portal().await;
    for statement in
        ["UPDATE blocks SET state = 'dropped' WHERE net = '203.0.113.7'", "UPDATE block_counter SET epoch = 'restored'"]
    {
        sqlx::query(statement).execute(app.desk.db.pool()).await.unwrap();
    }
    edge.until(CLIENT, false).await;
    edge.until("203.0.113.8", true).await;
    portal.until_level(&["mx1"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_speaks_tls_and_says_what_is_wrong_with_its_settings() {
    let portal = Portal::new().await;
    let _serving = portal.place.serve().await;
    portal.block(CLIENT);
    let way = Way::secure(portal.place.http).await;
    let edge = EdgePlace::new(&format!("https://localhost:{}", way.from.port()), &portal.edges, "mx1");
    let _running = edge.start().await;
    edge.until(CLIENT, true).await;
    let (fine, said) = edge.run("doctor");
    assert!(fine && said.contains("the portal answers to the token"), "{said}");
    let wrong = EdgePlace::new(&format!("http://{}", portal.place.http), "wrong", "mx2");
    let (fine, said) = wrong.run("doctor");
    assert!(!fine && said.contains("does not know the token") && said.contains("edge.portal is http"), "{said}");
    let reader = portal.place.token("reader", "feeds:read");
    let (reads, said) = EdgePlace::new(&format!("http://{}", portal.place.http), &reader, "mx3").run("doctor");
    assert!(reads, "it may follow, but not report: {said}");
    let (fine, said) = EdgePlace::new("http://portal.example", "x", "mx4").run("edge");
    assert!(!fine && said.contains("edge.portal") && said.contains("https://"), "{said}");
    let (fine, said) = EdgePlace::new("https://portal.example", "", "mx5").run("edge");
    assert!(!fine && said.contains("postern token add NAME --scope feeds:write"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_import_reaches_an_edge_while_a_lift_holds_at_once() {
    let portal = Portal::new().await;
    let _serving = portal.place.serve().await;
    portal.block(CLIENT);
    let edge = portal.edge("mx1");
    let _running = edge.start().await;
    edge.until(CLIENT, true).await;
    let list: String =
        (0..6_000_u32).map(|n| format!("{}\n", std::net::Ipv4Addr::from_bits(0x0a00_0000 + n))).collect();
    let file = portal.place.write("list", &list);
    portal.place.run(&["block", "import", &file, "--source", "partner", "--cause", "PB-DYN"]).assert_ok("6000 new");
    portal.lift(CLIENT);
    let begun = Instant::now();
    edge.until(CLIENT, false).await;
    eprintln!("beside an import of 6,000 a lift held after {:?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(3));
    edge.until("10.0.23.111", true).await;
    eprintln!("the import was there after {:?}", begun.elapsed());
    portal.until_level(&["mx1"]).await;
}
