//! The API for programs: tokens and scopes, blocks added, found and lifted, errors as JSON.

use axum::body::Body;
use axum::http::Method;
use postern::domain::ticket::{Actor, Who};
use postern::domain::time::{DAY, HOUR, MINUTE};
use postern::store::{api_tokens, events};
use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

/// A program with a token.
struct Program<'a> {
    /// The portal it talks to.
    app: &'a TestApp,
    /// What it sends as `Authorization`.
    authorization: String,
}

impl<'a> Program<'a> {
    /// A program whose token is good for these scopes.
    async fn new(app: &'a TestApp, name: &str, scopes: &[&str]) -> Self {
        let secret = app.desk().add_token(&Who::operator(), name, scopes).await.unwrap();
        Self { app, authorization: format!("Bearer {}", secret.reveal()) }
    }

    /// A program that sends this.
    fn with(app: &'a TestApp, authorization: &str) -> Self {
        Self { app, authorization: authorization.to_owned() }
    }

    /// Asks for something.
    async fn send(&self, method: Method, path: &str, body: impl Into<Body>) -> Answer {
        let headers = [("authorization", self.authorization.as_str()), ("content-type", "application/json")];
        self.app.visitor().send(method, path, &headers, body.into()).await
    }

    /// Adds a block.
    async fn add(&self, block: &Value) -> Answer {
        self.send(Method::POST, "/api/v1/blocks", block.to_string()).await
    }

    /// Asks what covers a network.
    async fn find(&self, net: &str) -> Answer {
        self.send(Method::GET, &format!("/api/v1/blocks?net={net}"), Body::empty()).await
    }

    /// Lifts a network.
    async fn lift(&self, net: &str) -> Answer {
        self.send(Method::DELETE, &format!("/api/v1/blocks?net={net}&reason=clean"), Body::empty()).await
    }
}

/// The JSON of an answer; fails unless it has this status.
fn json_of(answer: &Answer, status: u16) -> Value {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.text);
    let kind = answer.headers.get("content-type").expect("a content type").to_str().unwrap();
    assert_eq!(kind, "application/json", "{}", answer.text);
    serde_json::from_str(&answer.text).unwrap()
}

/// The error of an answer; fails unless it has this status and word, and says something.
fn error_of(answer: &Answer, status: u16, word: &str) -> String {
    let error = json_of(answer, status);
    assert_eq!(error["error"], word, "{error}");
    assert!(!error["request_id"].as_str().unwrap().is_empty());
    let detail = error["detail"].as_str().unwrap().to_owned();
    assert!(!detail.is_empty() && !detail.starts_with("error-"), "{error}");
    detail
}

#[tokio::test]
async fn a_program_adds_finds_and_lifts() {
    let app = TestApp::start().await;
    let detector = Program::new(&app, "detector", &["blocks:read", "blocks:write"]).await;
    let answer =
        detector.add(&json!({ "net": "203.0.113.7", "cause": "PB-TRAP", "for": "2d", "note": "trap-17" })).await;
    let added = json_of(&answer, 201);
    assert_eq!(
        (&added["net"], &added["cause"], &added["state"]),
        (&json!("203.0.113.7"), &json!("PB-TRAP"), &json!("live"))
    );
    assert_eq!((&added["source"], &added["action"]), (&json!("api:detector"), &json!("reject")));
    assert_eq!((&added["since"], &added["until"]), (&json!("2026-11-23T12:00:00Z"), &json!("2026-11-25T12:00:00Z")));
    assert!(added["case_link"].as_str().unwrap().starts_with("https://portal.example/c/"));
    assert!(app.is_blocked("203.0.113.7"), "at once");
    let found = json_of(&detector.find("203.0.113.7").await, 200);
    assert_eq!((&found["asked"], &found["blocked"]), (&json!("203.0.113.7"), &json!(true)));
    assert_eq!(found["blocks"], json!([added]));
    app.wait(MINUTE);
    let lifted = json_of(&detector.lift("203.0.113.7").await, 200);
    assert_eq!(lifted, json!({ "net": "203.0.113.7", "lifted": 1, "blocked": false }));
    assert!(!app.is_blocked("203.0.113.7"));
    let found = json_of(&detector.find("203.0.113.7").await, 200);
    assert_eq!((&found["blocked"], &found["blocks"]), (&json!(false), &json!([])));
    let filter = events::Filter { actor: Some("detector".to_owned()), ..events::Filter::default() };
    let done = events::list(app.desk().db.pool(), &filter, 10).await.unwrap();
    assert!(
        done.iter().all(|e| e.actor_kind == Actor::Program)
            && done.iter().any(|e| e.what == "block.lifted" && e.detail == "clean")
    );
}

#[tokio::test]
async fn adding_again_renews() {
    let app = TestApp::start().await;
    let detector = Program::new(&app, "detector", &["blocks:write"]).await;
    let first = json_of(&detector.add(&json!({ "net": "2001:DB8::/64", "cause": "PB-SPAM" })).await, 201);
    app.wait(DAY);
    let again = json_of(&detector.add(&json!({ "net": "2001:db8::/64", "cause": "PB-SPAM" })).await, 200);
    assert_eq!(first["case_link"], again["case_link"]);
    assert!(first["until"].as_str() < again["until"].as_str());
    let other = Program::new(&app, "other", &["blocks:write"]).await;
    json_of(&other.add(&json!({ "net": "2001:db8::/64", "cause": "PB-SPAM" })).await, 201);
    assert_eq!(json_of(&other.lift("2001:db8::/64").await, 200)["lifted"], 2);
}

#[tokio::test]
async fn evidence_older_than_a_lift_does_not_block_again() {
    let app = TestApp::start().await;
    let detector = Program::new(&app, "detector", &["blocks:read", "blocks:write"]).await;
    detector.add(&json!({ "net": "203.0.113.7", "cause": "PB-SPAM" })).await;
    app.wait(HOUR);
    detector.lift("203.0.113.7").await;
    let late = json!({ "net": "203.0.113.7", "cause": "PB-SPAM", "evidence_at": "2026-11-23T12:30:00Z" });
    json_of(&detector.add(&late).await, 201);
    let found = json_of(&detector.find("203.0.113.7").await, 200);
    assert_eq!(
        (&found["blocked"], found["blocks"].as_array().unwrap().len()),
        (&json!(false), 1),
        "it is on probation"
    );
    app.wait(HOUR);
    let future = json!({ "net": "203.0.113.7", "cause": "PB-SPAM", "evidence_at": "2099-01-01T00:00:00Z" });
    json_of(&detector.add(&future).await, 200);
    assert!(app.is_blocked("203.0.113.7"));
    app.wait(1);
    detector.lift("203.0.113.7").await;
    assert!(!app.is_blocked("203.0.113.7"), "a clock that runs ahead shields nothing from a lift");
}

#[tokio::test]
async fn without_a_good_token_nothing_is_told() {
    let app = TestApp::start().await;
    let good = Program::new(&app, "detector", &["blocks:read"]).await;
    let secret = good.authorization.trim_start_matches("Bearer ").to_owned();
    for authorization in ["", "Bearer", "Bearer ", "Bearer wrong", &format!("Basic {secret}"), &secret] {
        let answer = Program::with(&app, authorization).find("203.0.113.7").await;
        error_of(&answer, 401, "no-token");
        assert_eq!(answer.headers.get("www-authenticate").unwrap(), "Bearer");
    }
    json_of(&Program::with(&app, &format!("bearer  {secret} ")).find("203.0.113.7").await, 200);
    let answer = app.visitor().get("/api/v1/blocks?net=203.0.113.7").await;
    error_of(&answer, 401, "no-token");
    assert!(api_tokens::revoke(app.desk().db.pool(), "detector", app.desk().now()).await.unwrap());
    error_of(&good.find("203.0.113.7").await, 401, "no-token");
}

#[tokio::test]
async fn a_token_is_good_for_its_scopes_only() {
    let app = TestApp::start().await;
    let reader = Program::new(&app, "reader", &["blocks:read"]).await;
    let writer = Program::new(&app, "writer", &["blocks:write"]).await;
    app.block("203.0.113.7", "PB-SPAM").await;
    error_of(&reader.add(&json!({ "net": "203.0.113.8", "cause": "PB-SPAM" })).await, 403, "not-allowed");
    error_of(&reader.lift("203.0.113.7").await, 403, "not-allowed");
    assert_eq!(json_of(&writer.find("203.0.113.7").await, 200)["blocked"], true, "who may write may read");
    assert!(app.is_blocked("203.0.113.7") && !app.is_blocked("203.0.113.8"));
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_a_sentence() {
    let app = TestApp::start().await;
    let detector = Program::new(&app, "detector", &["blocks:read", "blocks:write"]).await;
    for (block, hint) in [
        (json!({ "net": "203.0.113.7/24", "cause": "PB-SPAM" }), "203.0.113.0/24"),
        (json!({ "net": "mx.sender.example", "cause": "PB-SPAM" }), "mx.sender.example"),
        (json!({ "net": "203.0.113.7", "cause": "PB-WHY" }), "PB-SPAM"),
        (json!({ "net": "203.0.113.7", "cause": "PB-SPAM", "for": "soon" }), "for: "),
        (json!({ "net": "203.0.113.7", "cause": "PB-SPAM", "evidence_at": "yesterday" }), "evidence_at: "),
        (json!({ "net": "203.0.113.7", "cause": "PB-SPAM", "until": "2027-01-01" }), "until"),
        (json!({ "net": "203.0.113.7" }), "cause"),
        (json!([]), "struct"),
    ] {
        let detail = error_of(&detector.add(&block).await, 422, "invalid");
        assert!(detail.contains(hint), "{block}: {detail}");
    }
    error_of(&detector.send(Method::POST, "/api/v1/blocks", "{").await, 422, "invalid");
    error_of(&detector.send(Method::POST, "/api/v1/blocks", vec![0xff, 0xfe]).await, 422, "invalid");
    error_of(&detector.find("").await, 422, "invalid");
    error_of(&detector.find("203.0.113").await, 422, "invalid");
    error_of(&detector.send(Method::GET, "/api/v1/blocks", Body::empty()).await, 422, "invalid");
    let detail = error_of(&detector.lift("203.0.113.7").await, 422, "invalid");
    assert!(detail.contains("not blocked"), "{detail}");
    assert_eq!(app.desk().blocklist.count(), 0);
}

#[tokio::test]
async fn other_failures_are_json_too() {
    let app = TestApp::start().await;
    let detector = Program::new(&app, "detector", &["blocks:write"]).await;
    error_of(&detector.send(Method::GET, "/api/v1/nothing", Body::empty()).await, 404, "not-found");
    error_of(&detector.send(Method::PUT, "/api/v1/blocks", Body::empty()).await, 405, "not-found");
    error_of(&detector.send(Method::POST, "/api/v1/blocks", vec![b' '; 2 * 1024 * 1024]).await, 413, "too-large");
}

#[tokio::test]
async fn odd_spellings_of_an_address_are_understood() {
    let app = TestApp::start().await;
    let detector = Program::new(&app, "detector", &["blocks:read", "blocks:write"]).await;
    detector.add(&json!({ "net": "::ffff:203.0.113.7", "cause": "PB-SPAM" })).await;
    for net in ["203.0.113.7", "%5B203.0.113.7%5D", "::FFFF:203.0.113.7", "203.0.113.7/32"] {
        let found = json_of(&detector.find(net).await, 200);
        assert_eq!((&found["asked"], &found["blocked"]), (&json!("203.0.113.7"), &json!(true)), "{net}");
    }
}

#[tokio::test]
async fn tokens_are_listed_without_their_secrets_and_their_use_is_noted() {
    let app = TestApp::start().await;
    let reader = Program::new(&app, "reader", &["blocks:read"]).await;
    let again = app.desk().add_token(&Who::operator(), "reader", &["blocks:read"]).await;
    assert!(again.unwrap_err().to_string().contains("reader"));
    assert!(app.desk().add_token(&Who::operator(), " \n", &["blocks:read"]).await.is_err());
    let pool = app.desk().db.pool();
    assert_eq!(api_tokens::list(pool).await.unwrap()[0].used_at, None);
    let first = app.desk().now();
    reader.find("203.0.113.7").await;
    app.wait(MINUTE / 2);
    reader.find("203.0.113.7").await;
    assert_eq!(api_tokens::list(pool).await.unwrap()[0].used_at, Some(first), "to the minute");
    app.wait(MINUTE);
    reader.find("203.0.113.7").await;
    assert_eq!(api_tokens::list(pool).await.unwrap()[0].used_at, Some(app.desk().now()));
    assert!(api_tokens::revoke(pool, "reader", app.desk().now()).await.unwrap());
    assert!(!api_tokens::revoke(pool, "reader", app.desk().now()).await.unwrap());
    assert_eq!(api_tokens::list(pool).await.unwrap()[0].revoked_at, Some(app.desk().now()));
}

#[tokio::test]
async fn evidence_is_read_and_not_stored() {
    let app = TestApp::start().await;
    let program = Program::new(&app, "monitor", &["blocks:read"]).await;
    let bounce = "550 5.7.1 Client host [203.0.113.9] blocked, token=abcdef-1234";
    let found = json_of(&program.send(Method::POST, "/api/v1/evidence", bounce).await, 200);
    assert_eq!((&found["smtp_code"], &found["ips"][0]), (&json!(550), &json!("203.0.113.9")));
    assert!(found["queue_id"].is_null() && !found.to_string().contains("abcdef"), "{found}");
    let long = "Nov 23 12:00:00 mx postfix/qmgr[1]: A1: removed\n".repeat(60_000);
    assert_eq!(json_of(&program.send(Method::POST, "/api/v1/evidence", long).await, 200)["kind"], "log");
    let endless = program.send(Method::POST, "/api/v1/evidence", vec![b'x'; 8 * 1024 * 1024 + 1]).await;
    assert_eq!(endless.status, 413);
    let stranger = Program::with(&app, "Bearer nothing");
    assert_eq!(stranger.send(Method::POST, "/api/v1/evidence", bounce).await.status, 401);
}
