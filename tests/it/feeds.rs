//! The list over HTTP: its forms, what is cut out, who gets it, what changed, the stream of changes.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use postern::blocklist::index::Index;
use postern::blocklist::item::{Event, Item, Line, Refused, Report};
use postern::desk::import::{Entry, Plan};
use postern::desk::lift::{Lift, Scope};
use postern::domain::block::{Action, Lasts, NewBlock};
use postern::domain::id::Id;
use postern::domain::net::Net;
use postern::domain::staff::Role;
use postern::domain::ticket::Who;
use postern::domain::time::{DAY, HOUR, SECOND, Time};
use postern::store::changes::Position;
use postern::store::{api_tokens, blocks, changes, gateways};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::support::{Answer, TestApp, eventually};

/// The program of a gateway.
struct Gateway<'a> {
    /// The portal.
    app: &'a TestApp,
    /// Its token.
    secret: String,
}

impl<'a> Gateway<'a> {
    /// One whose token is good for this.
    async fn new(app: &'a TestApp, scope: &str) -> Self {
        let secret = app.desk().add_token(&Who::operator(), &format!("gw {scope}"), &[scope]).await.unwrap();
        Self { app, secret: secret.reveal().to_owned() }
    }

    /// Asks with some headers.
    async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        let bearer = format!("Bearer {}", self.secret);
        let headers = [&[("authorization", bearer.as_str()), ("user-agent", "curl/8")][..], headers].concat();
        self.app.visitor().send(method, path, &headers, Body::empty()).await
    }

    /// Fetches something.
    async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, &[]).await
    }

    /// The lines of a feed without comments; fails unless it is there.
    async fn lines(&self, name: &str) -> Vec<String> {
        let answer = self.get(&format!("/feeds/{name}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.text.lines().filter(|line| !line.starts_with('#')).map(ToOwned::to_owned).collect()
    }

    /// Opens the stream of changes.
    async fn stream(&self, path: &str, last: Option<i64>) -> Stream {
        let mut request = Request::get(path).header("authorization", format!("Bearer {}", self.secret));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let router = self.app.router_from("198.51.100.23".parse().unwrap());
        let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Stream { body: response.into_body(), text: String::new() }
    }
}

/// A stream of changes.
struct Stream {
    /// Where events come from.
    body: Body,
    /// What came and was not yet taken.
    text: String,
}

impl Stream {
    /// The next event: its name, id and data; nothing when the stream ended.
    async fn next(&mut self) -> Option<(String, Option<i64>, Value)> {
        while !self.text.contains("\n\n") {
            let frame =
                tokio::time::timeout(Duration::from_secs(20), self.body.frame()).await.expect("an event in time");
            self.text += std::str::from_utf8(frame?.ok()?.data_ref().unwrap()).unwrap();
        }
        let rest = self.text.split_off(self.text.find("\n\n").unwrap());
        let event = std::mem::replace(&mut self.text, rest[2..].to_owned());
        let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(ToOwned::to_owned);
        let found = (
            field("event: ").unwrap(),
            field("id: ").map(|id| id.parse().unwrap()),
            serde_json::from_str(&field("data: ").unwrap()).unwrap(),
        );
        Some(found)
    }

    /// The next event that is no heartbeat.
    async fn news(&mut self) -> (String, Option<i64>, Value) {
        loop {
            let event = self.next().await.expect("the stream goes on");
            if event.0 != "heartbeat" {
                return event;
            }
        }
    }
}

/// A header of an answer.
fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).map_or("", |value| value.to_str().unwrap())
}

/// A network.
fn net(text: &str) -> Net {
    Net::parse(text).unwrap()
}

/// A list with ranges, an exemption, a carve-out and a probation in them.
async fn furnish(app: &TestApp) {
    let lead = app.staff("lead", Role::Lead).await;
    let wide = app.block("203.0.113.0/28", "PB-SPAM").await;
    app.block("203.0.113.4/30", "PB-TRAP").await;
    app.block("2001:db8:7::/126", "PB-SPAM").await;
    app.block("192.0.2.1", "PB-DYN").await;
    let only = Lift {
        block: wide.id,
        scope: Scope::Only(net("203.0.113.9")),
        reason: "clean".to_owned(),
        probation: DAY,
        ticket: None,
    };
    app.desk().lift(&lead, only).await.unwrap();
    app.desk().add_exemption(&lead, net("2001:db8:7::1"), Lasts::Forever, "ours").await.unwrap();
    app.desk().add_exemption(&lead, net("203.0.113.12/31"), Lasts::For(DAY), "ours").await.unwrap();
}

#[tokio::test]
async fn every_form_lists_exactly_what_is_blocked() {
    let app = TestApp::start().await;
    furnish(&app).await;
    let gateway = Gateway::new(&app, "feeds:read").await;
    let json: Value = serde_json::from_str(&gateway.get("/feeds/json").await.text).unwrap();
    assert_eq!(json["number"], app.desk().blocklist.reached().unwrap());
    let in_json: Vec<Net> =
        json["entries"].as_array().unwrap().iter().map(|entry| net(entry["net"].as_str().unwrap())).collect();
    let mut lists = vec![("json", in_json)];
    for name in ["plain", "cidr", "rspamd", "postfix-cidr"] {
        let lines = gateway.lines(name).await;
        lists.push((name, lines.iter().map(|line| net(line.split(' ').next().unwrap())).collect()));
    }
    let mut rbldnsd = gateway.lines("rbldnsd4").await;
    assert!(rbldnsd.iter().all(|line| !line.split(' ').next().unwrap().contains(':')));
    rbldnsd.extend(gateway.lines("rbldnsd6").await);
    lists.push(("rbldnsd", rbldnsd.iter().map(|line| net(line.split(' ').next().unwrap())).collect()));
    for (name, list) in lists {
        for last in 0..32 {
            for addr in [format!("203.0.113.{last}"), format!("2001:db8:7::{last:x}"), format!("192.0.2.{last}")] {
                let listed = list.iter().any(|listed| listed.covers(net(&addr)));
                assert_eq!(listed, app.is_blocked(&addr), "{name}: {addr}");
            }
        }
    }
}

#[tokio::test]
async fn each_form_is_written_as_its_reader_wants_it() {
    let app = TestApp::start().await;
    let single = app.block("192.0.2.1", "PB-SPAM").await;
    app.block("203.0.113.0/24", "PB-TRAP").await;
    app.block("203.0.113.7", "PB-RATE").await;
    let gateway = Gateway::new(&app, "feeds:read").await;
    let causes = &app.desk().content.causes;
    let link = |block: &postern::domain::block::Block| format!("https://portal.example/c/{}", block.case_code);
    assert!(gateway.lines("plain").await.contains(&"192.0.2.1".to_owned()));
    assert!(gateway.lines("cidr").await.contains(&"192.0.2.1/32".to_owned()));
    let table = gateway.lines("postfix-cidr").await;
    let reply = causes.find("PB-SPAM").unwrap().reply_line(&format!("{}/192.0.2.1", link(&single)));
    assert!(table.contains(&format!("192.0.2.1/32 {reply}")), "the same reply as the policy service's: {table:?}");
    assert!(table[2].starts_with("203.0.113.0/24 550 "), "narrow networks stand before wide ones: {table:?}");
    assert!(table.iter().any(|line| line.starts_with("203.0.113.7/32 4")), "{table:?}");
    let rbldnsd = gateway.lines("rbldnsd4").await;
    let code = causes.find("PB-SPAM").unwrap().dnsbl;
    assert!(rbldnsd.iter().any(|line| line.starts_with(&format!("192.0.2.1 :{code}:"))), "{rbldnsd:?}");
    assert!(rbldnsd.iter().any(|line| line.starts_with("203.0.113.7 :127.0.0.15:")), "{rbldnsd:?}");
    for (name, kind) in [("plain", "text/plain; charset=utf-8"), ("json", "application/json")] {
        let answer = gateway.get(&format!("/feeds/{name}")).await;
        assert_eq!(header(&answer, "content-type"), kind);
        assert_eq!(header(&answer, "cache-control"), "private, max-age=5, must-revalidate");
        assert_eq!(header(&answer, "postern-number"), "3");
    }
    let empty = TestApp::start().await;
    let gateway = Gateway::new(&empty, "feeds:read").await;
    assert_eq!(gateway.get("/feeds/plain").await.text, "");
    let json: Value = serde_json::from_str(&gateway.get("/feeds/json").await.text).unwrap();
    assert_eq!(json["entries"], json!([]));
    assert_eq!(gateway.get("/feeds/nothing").await.status, 404);
}

#[tokio::test]
async fn who_has_the_list_is_told_so_until_it_changes_or_something_ends() {
    let app = TestApp::start().await;
    app.block("203.0.113.7", "PB-SPAM").await;
    let new = NewBlock {
        net: net("203.0.113.8"),
        cause: "PB-SPAM".to_owned(),
        lasts: Some(Lasts::For(60 * SECOND + 500)),
        note: String::new(),
        source: "staff".to_owned(),
        evidence_at: None,
    };
    app.desk().add_block(&Who::operator(), new).await.unwrap();
    let gateway = Gateway::new(&app, "feeds:read").await;
    let early = gateway.get("/feeds/plain").await;
    assert_eq!(header(&early, "last-modified"), "", "more may change within this second");
    app.wait(2 * SECOND);
    let first = gateway.get("/feeds/plain").await;
    let (tag, modified) = (header(&first, "etag").to_owned(), header(&first, "last-modified").to_owned());
    assert_eq!(modified, "Mon, 23 Nov 2026 12:00:00 GMT");
    assert_eq!(header(&early, "etag"), tag);
    let asks = [("if-none-match", tag.as_str()), ("if-modified-since", &modified)];
    for ask in asks {
        let again = gateway.ask(Method::GET, "/feeds/plain", &[ask]).await;
        assert_eq!((again.status, again.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
        assert_eq!(header(&again, "etag"), tag);
    }
    let head = gateway.ask(Method::HEAD, "/feeds/plain", &[]).await;
    assert_eq!((head.status, head.text.as_str(), header(&head, "etag")), (StatusCode::OK, "", tag.as_str()));
    let known = gateway.ask(Method::HEAD, "/feeds/plain", &asks).await;
    assert_eq!(known.status, StatusCode::NOT_MODIFIED);
    app.wait(58 * SECOND + 400);
    assert!(gateway.lines("plain").await.contains(&"203.0.113.8".to_owned()));
    app.wait(600);
    for ask in asks {
        let ended = gateway.ask(Method::GET, "/feeds/plain", &[ask]).await;
        assert_eq!(
            (ended.status, ended.text.as_str()),
            (StatusCode::OK, "203.0.113.7\n"),
            "nobody wrote the end down yet"
        );
    }
    let tag = header(&gateway.get("/feeds/plain").await, "etag").to_owned();
    app.desk().lift_net(&Who::operator(), net("203.0.113.7"), "clean").await.unwrap();
    let lifted = gateway.ask(Method::GET, "/feeds/plain", &[("if-none-match", &tag)]).await;
    assert_eq!((lifted.status, lifted.text.as_str()), (StatusCode::OK, ""));
}

#[tokio::test]
async fn without_a_good_token_no_list_is_handed_out() {
    let app = TestApp::start().await;
    let gateway = Gateway::new(&app, "feeds:read").await;
    let other = Gateway::new(&app, "blocks:write").await;
    let basic = |user: &str, secret: &str| {
        format!("Basic {}", data_encoding::BASE64.encode(format!("{user}:{secret}").as_bytes()))
    };
    for path in ["/feeds/plain", "/feeds/jsonl?since=0", "/feeds/changes", "/feeds/setup"] {
        for authorization in ["", "Bearer", "Bearer wrong", "Basic", "Basic %", &basic("x", "wrong"), &basic("x", "")] {
            let answer =
                app.visitor().send(Method::GET, path, &[("authorization", authorization)], Body::empty()).await;
            assert_eq!(answer.status, 401, "{path} {authorization}");
            assert!(answer.text.contains("no-token"), "{}", answer.text);
            let offered: Vec<_> = answer.headers.get_all("www-authenticate").iter().collect();
            assert_eq!(offered, ["Bearer", "Basic realm=\"feeds\""]);
        }
        let denied = other.get(path).await;
        assert_eq!((denied.status, denied.text.contains("not-allowed")), (StatusCode::FORBIDDEN, true));
    }
    let with_password = basic("anything", &gateway.secret);
    let answer =
        app.visitor().send(Method::GET, "/feeds/plain", &[("authorization", &with_password)], Body::empty()).await;
    assert_eq!(answer.status, 200);
    let report = gateway.ask(Method::POST, "/feeds/report", &[]).await;
    assert_eq!(report.status, StatusCode::FORBIDDEN, "who may read may not report");
    let pool = app.desk().db.pool();
    let id = api_tokens::list(pool).await.unwrap().iter().find(|t| t.name == "gw feeds:read").unwrap().id;
    assert!(api_tokens::is_live(pool, id).await.unwrap());
    api_tokens::revoke(pool, "gw feeds:read", app.desk().now()).await.unwrap();
    assert!(!api_tokens::is_live(pool, id).await.unwrap());
    assert_eq!(gateway.get("/feeds/plain").await.status, 401);
}

/// The lines of a text.
fn parsed(text: &str) -> Vec<Line> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// An index of these lines.
fn index_of(lines: &[Line]) -> Index {
    let mut index = Index::default();
    for line in lines {
        index.take(&line.item, line.event.is_live());
    }
    index
}

#[tokio::test]
async fn a_list_and_its_changes_make_the_same_list_elsewhere() {
    let app = TestApp::start().await;
    furnish(&app).await;
    app.ask("ann@sender.example", "203.0.113.5").await;
    let gateway = Gateway::new(&app, "feeds:read").await;
    let whole = gateway.get("/feeds/jsonl").await;
    let n: i64 = header(&whole, "postern-number").parse().unwrap();
    let mut lines = parsed(&whole.text);
    assert!(lines.iter().any(|line| line.event == Event::Token));
    app.desk().lift_net(&Who::operator(), net("192.0.2.1"), "clean").await.unwrap();
    app.block("198.51.100.0/24", "PB-SPAM").await;
    let delta = gateway.get(&format!("/feeds/jsonl?since={n}")).await;
    let news = parsed(&delta.text);
    let events: Vec<_> = news.iter().map(|line| (line.n.unwrap() - n, line.event)).collect();
    assert_eq!(events, [(1, Event::Lift), (2, Event::Probation), (3, Event::Add)]);
    assert_eq!(header(&delta, "postern-epoch"), header(&whole, "postern-epoch"));
    lines.extend(news);
    let now = app.desk().now();
    let (position, digest) = app.desk().blocklist.digest(now).unwrap();
    assert_eq!(digest, format!("{:016x}", index_of(&lines).digest(now)));
    assert_eq!(header(&delta, "postern-number"), position.n.to_string());
    let everything = parsed(&gateway.get("/feeds/jsonl?since=0").await.text);
    assert_eq!(digest, format!("{:016x}", index_of(&everything).digest(now)), "the log alone makes the list, too");
    assert_eq!(gateway.get(&format!("/feeds/jsonl?since={}", position.n)).await.text, "");
    let restarted = app.second().await;
    assert_eq!(restarted.desk.blocklist.digest(now).unwrap(), (position, digest), "loaded or followed: the same");
}

#[tokio::test]
async fn a_number_that_the_log_does_not_know_is_gone() {
    let app = TestApp::start().await;
    app.block("203.0.113.7", "PB-SPAM").await;
    let gateway = Gateway::new(&app, "feeds:read").await;
    for query in ["since=2", "since=-1", "since=0&epoch=other"] {
        let answer = gateway.get(&format!("/feeds/jsonl?{query}")).await;
        assert_eq!(
            (answer.status.as_u16(), answer.text.contains("whole list")),
            (410, true),
            "{query}: {}",
            answer.text
        );
    }
    let epoch = position(&app).await.epoch;
    assert_eq!(gateway.get(&format!("/feeds/jsonl?since=0&epoch={epoch}")).await.status, 200);
    for query in ["plain?since=0", "jsonl?since=x"] {
        assert_eq!(gateway.get(&format!("/feeds/{query}")).await.status, 422, "{query}");
    }
    app.wait(8 * DAY);
    app.desk().forget().await.unwrap();
    app.block("203.0.113.8", "PB-SPAM").await;
    assert_eq!(gateway.get("/feeds/jsonl?since=0").await.status, 410, "the log does not reach back so far");
    assert_eq!(gateway.get("/feeds/jsonl?since=1").await.status, 200);
}

/// Imports so many addresses below `10.0.0.0/8`.
async fn import(app: &TestApp, source: &str, count: u32) {
    let plan = Plan {
        source: source.to_owned(),
        file_name: "list".to_owned(),
        cause: "PB-DYN".to_owned(),
        lasts: Some(Lasts::For(30 * DAY)),
        replace: true,
        despite: Vec::new(),
        sure: true,
    };
    let mut import = app.desk().begin_import(&Who::operator(), plan).await.unwrap();
    for n in 0..count {
        let net = Net::single(std::net::Ipv4Addr::from_bits(0x0a00_0000 + n * 3).into());
        let entry = Entry { net, cause: None, evidence_at: None, ends: None, note: String::new() };
        app.desk().import_entry(&mut import, entry).await.unwrap();
    }
    app.desk().finish_import(import).await.unwrap();
}

#[tokio::test]
async fn a_small_import_is_told_row_by_row_and_a_large_one_by_a_word() {
    let app = TestApp::start().await;
    let gateway = Gateway::new(&app, "feeds:read").await;
    import(&app, "partner", 20).await;
    import(&app, "partner", 10).await;
    let lines = parsed(&gateway.get("/feeds/jsonl?since=1").await.text);
    assert_eq!(lines.iter().filter(|line| line.event == Event::Drop && line.n == Some(2)).count(), 10, "{lines:?}");
    let all = parsed(&gateway.get("/feeds/jsonl?since=0").await.text);
    let now = app.desk().now();
    assert_eq!(format!("{:016x}", index_of(&all).digest(now)), app.desk().blocklist.digest(now).unwrap().1);
    import(&app, "other", 5_001).await;
    let lines = parsed(&gateway.get("/feeds/jsonl?since=2").await.text);
    assert!(
        matches!(lines.as_slice(), [Line { event: Event::Reload, item: Item::Import { .. }, n: Some(3) }]),
        "{lines:?}"
    );
}

/// A list of 100,000 addresses.
fn large() -> Index {
    let mut index = Index::default();
    for n in 0..100_000_u32 {
        let addr = std::net::Ipv4Addr::from_bits(0x0a00_0000 + n);
        let block = Item::Block {
            id: Id(i64::from(n) + 1),
            net: Net::single(addr.into()),
            cause: "PB-DYN".to_owned(),
            action: Action::Reject,
            case: "7K3FQ2XW".to_owned(),
            evidence_at: Time(1),
            until: None,
        };
        index.take(&block, true);
    }
    index
}

/// How far the log of a portal has come.
async fn position(app: &TestApp) -> Position {
    changes::position(app.desk().db.pool()).await.unwrap()
}

#[tokio::test]
async fn a_large_list_is_handed_out_whole_in_pieces() {
    let app = TestApp::start().await;
    app.desk().blocklist.replace(large(), position(&app).await, app.desk().now());
    let gateway = Gateway::new(&app, "feeds:read").await;
    let request = Request::get("/feeds/cidr").header("authorization", format!("Bearer {}", gateway.secret));
    let router = app.router_from("198.51.100.23".parse().unwrap());
    let mut body = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap().into_body();
    let (mut largest, mut lines) = (0, 0);
    while let Some(frame) = body.frame().await {
        let piece = frame.unwrap().into_data().unwrap();
        largest = largest.max(piece.len());
        lines += std::str::from_utf8(&piece).unwrap().lines().count();
    }
    assert_eq!(lines, 100_000);
    assert!(largest < 100_000, "a piece of {largest} bytes");
}

#[tokio::test]
async fn a_packed_list_is_whole() {
    let app = TestApp::start().await;
    app.block("203.0.113.7", "PB-SPAM").await;
    let gateway = Gateway::new(&app, "feeds:read").await;
    for packing in ["gzip", "br"] {
        let request = Request::get("/feeds/json").header("authorization", format!("Bearer {}", gateway.secret));
        let router = app.router_from("198.51.100.23".parse().unwrap());
        let request = request.header("accept-encoding", packing).body(Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        assert_eq!(response.headers()["content-encoding"], packing);
        let packed = response.into_body().collect().await.unwrap().to_bytes();
        if packing == "gzip" {
            let mut text = String::new();
            std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&packed[..]), &mut text).unwrap();
            assert!(text.contains("203.0.113.7") && text.ends_with("]}\n"), "{text}");
        }
    }
}

#[tokio::test]
async fn a_list_that_is_replaced_while_it_is_read_is_broken_off() {
    let app = TestApp::start().await;
    app.desk().blocklist.replace(large(), position(&app).await, app.desk().now());
    let gateway = Gateway::new(&app, "feeds:read").await;
    let request = Request::get("/feeds/jsonl").header("authorization", format!("Bearer {}", gateway.secret));
    let router = app.router_from("198.51.100.23".parse().unwrap());
    let mut body = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap().into_body();
    body.frame().await.unwrap().unwrap();
    app.desk().blocklist.replace(Index::default(), position(&app).await, app.desk().now());
    let mut broken = false;
    while let Some(frame) = body.frame().await {
        broken |= frame.is_err();
    }
    assert!(broken, "nobody takes half a list for a whole one");
}

#[tokio::test]
async fn who_fetched_is_known_with_the_number() {
    let app = TestApp::start().await;
    app.block("203.0.113.7", "PB-SPAM").await;
    let gateway = Gateway::new(&app, "feeds:read").await;
    let tag = header(&gateway.get("/feeds/plain").await, "etag").to_owned();
    gateway.ask(Method::HEAD, "/feeds/json", &[]).await;
    let pool = app.desk().db.pool();
    eventually("the fetch is noted", async || app.desk().note_fetches().await.unwrap() > 0).await;
    let fetches = gateways::fetches(pool, 10).await.unwrap();
    let seen: Vec<_> =
        fetches.iter().map(|f| (f.token.as_str(), f.feed.as_str(), f.client.as_str(), f.number)).collect();
    assert_eq!(seen, [("gw feeds:read", "plain", "198.51.100.23", 1)], "a HEAD fetches nothing");
    assert_eq!((fetches[0].agent.as_str(), fetches[0].at), ("curl/8", app.desk().now()));
    app.wait(SECOND);
    gateway.ask(Method::GET, "/feeds/plain", &[("if-none-match", &tag)]).await;
    app.desk().note_fetches().await.unwrap();
    assert_eq!(gateways::fetches(pool, 10).await.unwrap()[0].at, app.desk().now(), "who has it needs no other");
    app.wait(31 * DAY);
    app.desk().forget().await.unwrap();
    assert!(gateways::fetches(pool, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_edge_is_known_by_its_report() {
    let app = TestApp::start().await;
    let edge = Gateway::new(&app, "feeds:write").await;
    let bearer = format!("Bearer {}", edge.secret);
    let send = async |body: String| {
        app.visitor().send(Method::POST, "/feeds/report", &[("authorization", &bearer)], Body::from(body)).await.status
    };
    let mut report = Report {
        name: String::new(),
        version: "0.1.0".to_owned(),
        epoch: "e".to_owned(),
        number: 3,
        digest: "00".to_owned(),
        blocks: 7,
        clock_behind: -5,
        hits: Vec::new(),
        sightings: Vec::new(),
    };
    assert_eq!(send(serde_json::to_string(&report).unwrap()).await, 204);
    report.number = 4;
    assert_eq!(send(serde_json::to_string(&report).unwrap()).await, 204);
    report.name = "mx2".to_owned();
    assert_eq!(send(serde_json::to_string(&report).unwrap()).await, 204);
    assert_eq!(send("{}".to_owned()).await, 422);
    let block = app.block("203.0.113.7", "PB-SPAM").await;
    let now = app.desk().now();
    report.hits = vec![Refused { block: block.id, hits: 3, first: now.plus(-HOUR), last: now.plus(HOUR) }];
    assert_eq!(send(serde_json::to_string(&report).unwrap()).await, 204);
    app.desk().flush_hits().await.unwrap();
    let hit = blocks::find(app.desk().db.pool(), block.id).await.unwrap().unwrap();
    assert_eq!((hit.hits, hit.last_hit_at), (3, Some(now)), "nothing lies in the future");
    let known = gateways::edges(app.desk().db.pool(), 10).await.unwrap();
    let seen: Vec<_> = known.iter().map(|edge| (edge.name.as_str(), edge.number, edge.blocks)).collect();
    assert_eq!(seen, [("gw feeds:write", 4, 7), ("mx2", 4, 7)]);
    let setup: Value = serde_json::from_str(&edge.get("/feeds/setup").await.text).unwrap();
    assert_eq!(setup["public_url"], "https://portal.example");
    assert_eq!(setup["causes"].as_array().unwrap().len(), app.desk().content.causes.iter().count());
    app.wait(31 * DAY);
    app.desk().forget().await.unwrap();
    assert!(gateways::edges(app.desk().db.pool(), 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_stream_tells_changes_at_once_and_goes_on_where_it_stopped() {
    let app = TestApp::start().await;
    app.block("203.0.113.7", "PB-SPAM").await;
    let gateway = Gateway::new(&app, "feeds:read").await;
    let mut stream = gateway.stream("/feeds/changes", None).await;
    let (name, id, data) = stream.next().await.unwrap();
    assert_eq!((name.as_str(), id, &data["number"], &data["reload"]), ("epoch", None, &json!(1), &json!(true)));
    let epoch = data["epoch"].as_str().unwrap().to_owned();
    app.desk().lift_net(&Who::operator(), net("203.0.113.7"), "clean").await.unwrap();
    let (name, id, data) = stream.news().await;
    assert_eq!((name.as_str(), id, &data["net"]), ("lift", Some(2), &json!("203.0.113.7")));
    assert_eq!(stream.news().await.0, "probation");
    drop(stream);
    app.block("203.0.113.8", "PB-SPAM").await;
    let mut stream = gateway.stream(&format!("/feeds/changes?epoch={epoch}"), Some(2)).await;
    assert_eq!(stream.news().await.2["reload"], false);
    assert_eq!((stream.news().await.1, stream.news().await.1), (Some(3), Some(4)));
    let mut other = gateway.stream("/feeds/changes?since=0&epoch=other", None).await;
    let (_, _, data) = other.news().await;
    assert_eq!((&data["reload"], &data["number"]), (&json!(true), &json!(4)), "another log: all has to be read");
    let mut ahead = gateway.stream("/feeds/changes", Some(9)).await;
    assert_eq!(ahead.news().await.2["reload"], false);
    let (name, _, data) = ahead.news().await;
    assert_eq!((name.as_str(), &data["reload"], &data["number"]), ("epoch", &json!(true), &json!(4)));
}

#[tokio::test]
async fn changes_of_other_processes_and_a_new_epoch_are_told() {
    let app = TestApp::start().await;
    let gateway = Gateway::new(&app, "feeds:read").await;
    let other = app.second().await;
    let mut stream = gateway.stream("/feeds/changes", None).await;
    stream.news().await;
    let new = NewBlock {
        net: net("203.0.113.7"),
        cause: "PB-SPAM".to_owned(),
        lasts: None,
        note: String::new(),
        source: "staff".to_owned(),
        evidence_at: None,
    };
    other.desk.add_block(&Who::operator(), new).await.unwrap();
    app.desk().follow_all().await;
    assert_eq!((stream.news().await.0, app.is_blocked("203.0.113.7")), ("add".to_owned(), true));
    sqlx::query("UPDATE block_counter SET epoch = 'restored'").execute(app.desk().db.pool()).await.unwrap();
    app.desk().follow_all().await;
    let (name, _, data) = stream.news().await;
    assert_eq!((name.as_str(), &data["epoch"], &data["reload"]), ("epoch", &json!("restored"), &json!(true)));
}

#[tokio::test]
async fn heartbeats_tell_number_digest_and_clock_and_the_end_of_the_portal_ends_a_stream() {
    let app = TestApp::start().await;
    app.block("203.0.113.7", "PB-SPAM").await;
    let gateway = Gateway::new(&app, "feeds:read").await;
    let mut stream = gateway.stream("/feeds/changes", None).await;
    stream.next().await.unwrap();
    let (name, _, data) = stream.next().await.unwrap();
    let (_, digest) = app.desk().blocklist.digest(app.desk().now()).unwrap();
    assert_eq!((name.as_str(), &data["number"], &data["digest"]), ("heartbeat", &json!(1), &json!(digest)));
    assert_eq!(data["now"], app.desk().now().0);
    app.app.closing.cancel();
    assert!(stream.next().await.is_none());
}
