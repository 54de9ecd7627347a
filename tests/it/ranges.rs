//! The operator of a range proves it once and files requests for many of its addresses at once.

use axum::body::Body;
use axum::http::Method;
use postern::domain::dns::{DnsSettings, Servers};
use postern::domain::email::Email;
use postern::domain::id::Id;
use postern::domain::net::Net;
use postern::domain::proof::Way;
use postern::domain::ticket::{Resolution, Ticket};
use postern::domain::time::{DAY, HOUR, MINUTE};
use postern::store::{outbox, proofs, tickets};
use serde_json::Value;

use crate::selfservice::{act, asked, begin, portal};
use crate::support::{Answer, Browser, DnsServer, TestApp};

/// The same portal with other zones.
async fn with_zone(app: &TestApp, zone: &str) -> (postern::desk::Desk, DnsServer) {
    let server = DnsServer::start(zone).await;
    let mut desk = app.desk().clone();
    let settings = DnsSettings { servers: Servers::These(vec![server.addr]), ..desk.config.dns.clone() };
    desk.checks = std::sync::Arc::new(postern::checks::Checks::new(settings));
    (desk, server)
}

/// How a proof was given, after its record was looked for in `zone`.
async fn looked(app: &TestApp, proof: Id, zone: &str) -> Option<Way> {
    let (desk, _server) = with_zone(app, zone).await;
    let pool = desk.db.pool();
    let found = proofs::find(pool, proof).await.unwrap().unwrap();
    desk.look_for_record(&found).await.unwrap();
    proofs::find(pool, proof).await.unwrap().unwrap().met_way
}

/// The text of the record of a proof.
fn record(app: &TestApp, proof: Id) -> String {
    format!("TXT \"postern-proof={}\"", app.desk().proof_token(Way::Dns, proof))
}

/// A proven 203.0.113.0/24; gives the ticket, the path of its page and the proof.
async fn proven(app: &TestApp) -> (Ticket, String, Id) {
    let (ticket, page) = asked(app, "203.0.113.0/24").await;
    let proof = begin(app, &ticket, &page, "203.0.113.0/24").await;
    let zone = format!("_postern.113.0.203.in-addr.arpa {}", record(app, proof));
    assert_eq!(looked(app, proof, &zone).await, Some(Way::Dns));
    (ticket, page, proof)
}

/// Sends a list to the API.
async fn send(browser: &mut Browser, token: &str, kind: &str, list: &str) -> (u16, Value) {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", kind)];
    let answer = browser.send(Method::POST, "/api/v1/ranges/requests", &headers, Body::from(list.to_owned())).await;
    json(&answer)
}

/// The status and the JSON of an answer.
fn json(answer: &Answer) -> (u16, Value) {
    (answer.status.as_u16(), serde_json::from_str(&answer.text).unwrap_or(Value::Null))
}

#[tokio::test]
async fn a_proven_range_files_many_and_each_is_answered() {
    let (app, _dns) =
        portal("7.113.0.203.in-addr.arpa PTR mail.sender.example.\nmail.sender.example A 203.0.113.7", &[]).await;
    app.block("203.0.113.7", "PB-SPAM").await;
    app.block("203.0.113.8", "PB-SPAM").await;
    let (ticket, page, proof) = proven(&app).await;
    let mut hoster = app.visitor();
    hoster.get(&page).await.assert_page(200, "File requests for many addresses");
    let target = act(&page, &format!("/proofs/{proof}"));
    hoster.get(&target).await.assert_page(200, "Requests for 203.0.113.0/24").assert_page(200, "Bearer ");

    let wrong = "203.0.113.7,cleaned\n198.51.100.1\nmail.example\n";
    let answer = hoster.post(&target, &[("list", wrong)]).await;
    answer.assert_page(422, "Line 2: 198.51.100.1 does not lie in 203.0.113.0/24.").assert_page(422, "Line 3: ");
    answer.assert_page(422, "203.0.113.7,cleaned");
    assert!(tickets::of_range(app.desk().db.pool(), proof, 10).await.unwrap().is_empty(), "nothing of it is filed");

    let file = [("file", "list.csv", b"address,what\r\n203.0.113.8,<b>closed</b>\r\n203.0.113.9\r\n".as_slice())];
    let answer = hoster.post_files(&target, &[("list", "203.0.113.7,cleaned")], &file).await;
    answer.assert_page(422, "Line 2: ");
    let list = "203.0.113.7,cleaned\r\n203.0.113.8,<b>closed</b>\r\n203.0.113.9\r\n";
    let answer = hoster.post_files(&target, &[("list", "")], &[("file", "list.csv", list.as_bytes())]).await;
    answer.assert_page(200, "What came of your list").assert_page(200, "not blocked, nothing to do");
    let filed = tickets::of_range(app.desk().db.pool(), proof, 10).await.unwrap();
    assert_eq!(filed.len(), 2);
    hoster.post(&target, &[("list", list)]).await.assert_page(200, "filed before, still open");
    assert_eq!(tickets::of_range(app.desk().db.pool(), proof, 10).await.unwrap(), filed, "a second time files nothing");

    app.desk().take_snapshots().await.unwrap();
    app.desk().assess_due().await.unwrap();
    assert!(!app.is_blocked("203.0.113.7") && app.is_blocked("203.0.113.8"), "the policy decides about each alone");
    hoster.get(&target).await.assert_page(200, "When you have done what is missing");
    let lifted = filed.iter().find(|filed| filed.net == Net::parse("203.0.113.7").unwrap()).unwrap();
    let own = app.ticket(&lifted.code).await;
    assert_eq!(own.resolution, Some(Resolution::Lifted));
    assert_eq!(own.email, ticket.email);
    let secret = app.desk().filed_secret(own.id);
    let path = format!("/requests/{}?key={}", own.code, secret.reveal());
    hoster.get(&path).await.assert_page(200, "You have shown control over 203.0.113.7").assert_page(200, "cleaned");
    let mails = outbox::of_ticket(app.desk().db.pool(), own.id).await.unwrap();
    assert_eq!(
        mails.iter().map(|mail| mail.notice.as_str()).collect::<Vec<_>>(),
        ["resolved"],
        "no mail for each that arrives"
    );
}

#[tokio::test]
async fn programs_file_with_the_token_of_the_range() {
    let (app, _dns) = portal("", &[]).await;
    app.block("203.0.113.0/25", "PB-SPAM").await;
    let (_, _, proof) = proven(&app).await;
    let token = app.desk().range_token(proof).reveal().to_owned();
    let mut program = app.visitor();
    let (status, told) = send(&mut program, &token, "text/csv", "203.0.113.7,cleaned\n203.0.113.200").await;
    assert_eq!(status, 200, "{told}");
    let results = told["results"].as_array().unwrap();
    assert_eq!((results[0]["line"].as_u64(), results[0]["answer"].as_str()), (Some(1), Some("filed")));
    assert_eq!((results[0]["blocked"].as_bool(), results[0]["cause"].as_str()), (Some(true), Some("PB-SPAM")));
    assert!(results[0]["ticket"].as_str().unwrap().starts_with("PM-"));
    assert!(results[0]["ticket_link"].as_str().unwrap().starts_with("https://portal.example/requests/PM-"));
    assert_eq!((results[1]["answer"].as_str(), results[1]["ticket"].is_null()), (Some("not-blocked"), true));
    let list = r#"[{"address":"203.0.113.7"},{"address":"203.0.113.9","message":"x"}]"#;
    let (_, told) = send(&mut program, &token, "application/json", list).await;
    assert_eq!(
        (told["results"][0]["answer"].as_str(), told["results"][1]["answer"].as_str()),
        (Some("open"), Some("filed"))
    );
    let (status, told) = send(&mut program, &token, "text/csv", "203.0.113.7\n\n8.8.8.8").await;
    assert_eq!((status, told["errors"][0]["line"].as_u64()), (422, Some(3)), "{told}");
    let (status, _) = send(&mut program, &token, "application/json", "{").await;
    assert_eq!(status, 422);
    let (status, _) = send(&mut program, &token, "text/csv", &"#".repeat(300 * 1024)).await;
    assert_eq!(status, 413);
    for none in ["", "x", app.desk().proof_token(Way::Dns, proof).as_str()] {
        assert_eq!(send(&mut program, none, "text/csv", "203.0.113.7").await.0, 401, "{none}");
    }
    app.desk().take_snapshots().await.unwrap();
    app.desk().assess_due().await.unwrap();
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    let (status, told) = json(&program.send(Method::GET, "/api/v1/ranges/requests", &headers, Body::empty()).await);
    assert_eq!((status, told["results"].as_array().unwrap().len()), (200, 2));
    assert_eq!(told["results"][0]["decision"].as_str(), Some("missing"), "{told}");
    app.wait(91 * DAY);
    let (status, told) = send(&mut program, &token, "text/csv", "203.0.113.7").await;
    assert!(status == 422 && told.to_string().contains("older than 90 days"), "{told}");
}

#[tokio::test]
async fn only_a_record_shows_a_range() {
    let (app, _dns) = portal("", &[]).await;
    app.block("203.0.113.7", "PB-SPAM").await;
    let (ticket, page) = asked(&app, "203.0.113.0/24").await;
    let mut sender = app.visitor();
    sender.get(&page).await.assert_page(200, "one record in its reverse zone is enough");
    let target = act(&page, "/proofs");
    sender.post(&target, &[("addr", "203.0.0.0/16")]).await.assert_page(422, "not about that address");
    sender.post(&target, &[("addr", "203.0.0.0/8")]).await.assert_page(422, "from /16 to /31");
    let proof = begin(&app, &ticket, &page, "203.0.113.0/24").await;
    let shown = sender.get(&page).await;
    assert!(shown.text.contains("_postern.113.0.203.in-addr.arpa") && !shown.text.contains("curl"), "{}", shown.text);
    let mut inside = app.visitor_from("203.0.113.7");
    let web = app.desk().proof_token(Way::Web, proof);
    inside.post(&format!("/prove/{web}"), &[]).await.assert_page(404, "");
    let mail = act(&page, &format!("/proofs/{proof}/mail"));
    sender.post(&mail, &[("mailbox", "postmaster")]).await.assert_page(422, "");
    let page_of_range = act(&page, &format!("/proofs/{proof}"));
    sender.get(&page_of_range).await.assert_page(404, "");
    sender.post(&page_of_range, &[("list", "203.0.113.7")]).await.assert_page(404, "");
    let token = app.desk().range_token(proof).reveal().to_owned();
    assert_eq!(send(&mut sender, &token, "text/csv", "203.0.113.7").await.0, 401);
    assert!(proofs::find(app.desk().db.pool(), proof).await.unwrap().unwrap().met_at.is_none());
    let (_, other) = asked(&app, "198.51.100.0/24").await;
    sender.get(&act(&other, &format!("/proofs/{proof}"))).await.assert_page(404, "");
}

#[tokio::test]
async fn records_of_ranges_stand_at_cuts_and_in_delegated_zones() {
    let names = |hosts: std::ops::Range<u8>, zone: &str| -> String {
        hosts.map(|n| format!("{n}.113.0.203.in-addr.arpa CNAME {n}.{zone}.\n")).collect()
    };
    let (own, other) = ("64-26.113.0.203.in-addr.arpa", "128-26.113.0.203.in-addr.arpa");
    for (net, records, want) in [
        ("203.0.113.64/26", names(65..127, own), [format!("_postern.{own}")].to_vec()),
        ("203.0.113.64/26", String::new(), ["_postern.113.0.203.in-addr.arpa".to_owned()].to_vec()),
        ("198.18.4.0/22", String::new(), (4..8).map(|n| format!("_postern.{n}.18.198.in-addr.arpa")).collect()),
        ("198.18.4.0/22", String::new(), ["_postern.18.198.in-addr.arpa".to_owned()].to_vec()),
        ("2001:db8:4::/46", String::new(), ["_postern.4.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa".to_owned()].to_vec()),
    ] {
        let (app, _dns) = portal("", &[]).await;
        let (ticket, page) = asked(&app, net).await;
        let proof = begin(&app, &ticket, &page, net).await;
        let text = record(&app, proof);
        let all: String = want.iter().map(|name| format!("{name} {text}\n")).collect();
        let is_part = net == "2001:db8:4::/46";
        let expect = (!is_part).then_some(Way::Dns);
        if want.len() > 1 {
            let some: String = want.iter().skip(1).map(|name| format!("{name} {text}\n")).collect();
            assert_eq!(looked(&app, proof, &some).await, None, "a part of {net}");
        }
        app.wait(MINUTE);
        assert_eq!(looked(&app, proof, &format!("{records}{all}")).await, expect, "{net} {want:?}");
    }
    let (app, _dns) = portal("", &[]).await;
    let (ticket, page) = asked(&app, "203.0.113.64/26").await;
    let proof = begin(&app, &ticket, &page, "203.0.113.64/26").await;
    let zone = format!("{}{}_postern.{own} {}", names(65..126, own), names(126..127, other), record(&app, proof));
    assert_eq!(looked(&app, proof, &zone).await, None, "a zone that has a part of the range vouches for no other part");
    app.visitor().get(&page).await.assert_page(200, "RFC 2317");
}

#[tokio::test]
async fn a_range_files_so_many_a_day_and_tells_nothing_of_others() {
    let (app, _dns) = portal("", &[("limits.requests_per_minute", "3")]).await;
    app.block("203.0.113.0/25", "PB-SPAM").await;
    let (stranger, _) = app.ask("ann@sender.example", "203.0.113.7").await;
    let (_, _, proof) = proven(&app).await;
    let token = app.desk().range_token(proof).reveal().to_owned();
    let list = "203.0.113.7\n203.0.113.8\n203.0.113.9\n203.0.113.10";
    let (_, told) = send(&mut app.visitor(), &token, "text/csv", list).await;
    let answers: Vec<&str> =
        told["results"].as_array().unwrap().iter().map(|one| one["answer"].as_str().unwrap()).collect();
    assert_eq!(answers, ["filed", "filed", "filed", "later"]);
    assert!(!told.to_string().contains(&stranger.code), "who typed the same mail address learns of no other request");
    assert_eq!(app.ticket(&stranger.code).await.version, stranger.version);
    app.wait(HOUR);
    let other = app.second().await;
    let found = proofs::find(app.desk().db.pool(), proof).await.unwrap().unwrap();
    let whole = app.ticket_by_id(found.ticket_id).await;
    assert_eq!(whole.email, Email::parse("ann@sender.example").unwrap());
    let rows = postern::domain::filing::read_csv(b"203.0.113.10", found.net).unwrap();
    let client = "198.51.100.23".parse().unwrap();
    let both =
        tokio::join!(app.desk().file(&whole, &found, &rows, client), other.desk.file(&whole, &found, &rows, client));
    let answers = [both.0.unwrap()[0].answer.as_str(), both.1.unwrap()[0].answer.as_str()];
    assert!(answers.contains(&"filed") && answers.contains(&"open"), "{answers:?}");
}
