//! The live checks against a real DNS server, in each of their states, and where they are shown.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::Method;
use postern::checks::{Check, Checks, Named, Outcome, Snapshot, Subject};
use postern::domain::dns::{DnsSettings, ListZone, Servers};
use postern::domain::staff::Role;
use postern::domain::time::{Clock, MINUTE};

use crate::support::{DnsServer, START, TestApp};

/// A sender whose set-up is in order, at 203.0.113.7 and `2001:db8::25`.
pub(crate) const GOOD: &str = r#"
    7.113.0.203.in-addr.arpa PTR mail.sender.example.
    mail.sender.example A 203.0.113.7
    mail.sender.example AAAA 2001:db8::25
    5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR mail.sender.example.
    sender.example MX 10 mail.sender.example.
    sender.example A 192.0.2.80
    sender.example TXT "v=spf1 mx -all"
    _dmarc.sender.example TXT "v=DMARC1; p=reject"
    _mta-sts.sender.example TXT "v=STSv1; id=20261101"
    _smtp._tls.sender.example TXT "v=TLSRPTv1; rua=mailto:tls@sender.example"
    _25._tcp.mail.sender.example TLSA 3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
    7.113.0.203.origin.example TXT "64496 | 203.0.113.0/24 | DE | registry | 2010-01-31"
    2.0.0.127.bl.example A 127.0.0.2
"#;

/// A checker that asks this server.
pub(crate) fn checker(server: &DnsServer) -> Checks {
    let lists = [("bl.example", Some("https://bl.example/removal"))];
    Checks::new(DnsSettings {
        servers: Servers::These(vec![server.addr]),
        blocklists: lists
            .iter()
            .map(|(zone, link)| ListZone { zone: (*zone).to_owned(), removal: link.map(ToOwned::to_owned) })
            .collect(),
        origin4: Some("origin.example".to_owned()),
        origin6: None,
        timeout: 3_000,
    })
}

/// The checks of a subject in a zone.
pub(crate) async fn run(zone: &str, addr: Option<&str>, helo: Option<&str>, domain: Option<&str>) -> Arc<Snapshot> {
    let server = DnsServer::start(zone).await;
    let subject = Subject::new(addr.map(|addr| addr.parse().unwrap()), helo, domain);
    let snapshot = checker(&server).run(&subject, &Clock::fixed(START)).await.unwrap();
    let texts = postern::locale::texts("en");
    for check in &snapshot.checks {
        for key in [
            format!("checks-{}", check.finding),
            format!("checks-{}-title", check.name),
            format!("checks-{}-why", check.name),
            format!("checks-{}-mend", check.name),
        ] {
            assert!(texts.has(&key), "there is no sentence {key}");
        }
    }
    snapshot
}

/// A word that lives as long as the test.
pub(crate) fn word(text: &str) -> &'static str {
    text.to_owned().leak()
}

/// One check of a snapshot.
pub(crate) fn find<'a>(snapshot: &'a Snapshot, name: &str) -> &'a Check {
    snapshot
        .checks
        .iter()
        .find(|check| check.name == name)
        .unwrap_or_else(|| panic!("no check {name} in {snapshot:#?}"))
}

/// What a check of an address found.
pub(crate) async fn of_addr(zone: &str, name: &str) -> (Outcome, &'static str) {
    let snapshot = run(zone, Some("203.0.113.7"), None, None).await;
    let check = find(&snapshot, name);
    (check.outcome, word(&check.finding))
}

/// What a check of a domain found.
async fn of_domain(zone: &str, name: &str) -> (Outcome, &'static str) {
    let snapshot = run(zone, Some("203.0.113.7"), None, Some("sender.example")).await;
    let check = find(&snapshot, name);
    (check.outcome, word(&check.finding))
}

#[tokio::test]
async fn a_sender_in_order_passes_everything() {
    for addr in ["203.0.113.7", "2001:db8::25"] {
        let snapshot = run(GOOD, Some(addr), Some("mail.sender.example"), Some("sender.example")).await;
        for check in &snapshot.checks {
            assert_eq!(check.outcome, Outcome::Pass, "{check:#?}");
        }
        assert!(snapshot.checks.len() >= 11, "{snapshot:#?}");
        assert!(snapshot.to_do().is_empty());
    }
}

#[tokio::test]
async fn the_name_of_an_address_is_judged() {
    let ptr = "7.113.0.203.in-addr.arpa PTR mail.sender.example.\n";
    for (zone, name, want) in [
        ("sender.example A 192.0.2.1".to_owned(), "ptr", (Outcome::Fail, "ptr-none")),
        ("1.113.0.203.in-addr.arpa PTR x.example.\n7.113.0.203.in-addr.arpa TXT none".to_owned(), "ptr", (Outcome::Fail, "ptr-none")),
        ("113.0.203.in-addr.arpa SERVFAIL".to_owned(), "ptr", (Outcome::Unknown, "no-answer")),
        ("113.0.203.in-addr.arpa REFUSED".to_owned(), "fcrdns", (Outcome::Unknown, "no-answer")),
        (ptr.to_owned(), "fcrdns", (Outcome::Fail, "fcrdns-dangling")),
        (format!("{ptr}mail.sender.example A 203.0.113.8"), "fcrdns", (Outcome::Fail, "fcrdns-elsewhere")),
        (format!("{ptr}mail.sender.example SERVFAIL"), "fcrdns", (Outcome::Unknown, "no-answer")),
        (format!("{ptr}mail.sender.example CNAME real.sender.example.\nreal.sender.example A 203.0.113.7"), "fcrdns", (Outcome::Pass, "fcrdns-confirmed")),
        ("7.113.0.203.in-addr.arpa CNAME 7.net.example.\n7.net.example PTR mail.sender.example.\nmail.sender.example A 203.0.113.7".to_owned(), "fcrdns", (Outcome::Pass, "fcrdns-confirmed")),
        ("7.113.0.203.in-addr.arpa PTR 203-0-113-7.dyn.isp.example.".to_owned(), "generic", (Outcome::Fail, "generic-dynamic")),
        ("7.113.0.203.in-addr.arpa PTR 203-0-113-7.isp.example.".to_owned(), "generic", (Outcome::Warn, "generic-generic")),
    ] {
        assert_eq!(of_addr(&zone, name).await, want, "{zone}");
    }
}

#[tokio::test]
async fn the_helo_name_is_judged() {
    for (helo, want) in [
        ("mail.sender.example", "helo-matches"),
        ("sender.example", "helo-elsewhere"),
        ("gone.sender.example", "helo-unresolved"),
        ("localhost", "helo-not-full"),
        ("server.local", "helo-not-full"),
        ("[203.0.113.7]", "helo-literal"),
        ("[203.0.113.8]", "helo-other-literal"),
        ("<script>\u{202e}", "helo-not-full"),
    ] {
        let snapshot = run(GOOD, Some("203.0.113.7"), Some(helo), None).await;
        assert_eq!(find(&snapshot, "helo").finding, want, "{helo}");
    }
}

#[tokio::test]
async fn only_a_real_answer_of_a_blocklist_is_a_listing() {
    let at = "7.113.0.203.bl.example";
    for (zone, want) in [
        (format!("{at} A 127.0.0.2"), (Outcome::Fail, "listed-listed")),
        (format!("{at} A 127.0.0.4\n{at} TXT \"seen sending spam\""), (Outcome::Fail, "listed-reason")),
        ("2.0.0.127.bl.example A 127.0.0.2".to_owned(), (Outcome::Pass, "listed-free")),
        (format!("{at} A 127.255.255.254"), (Outcome::Unknown, "listed-refused")),
        (format!("{at} A 127.0.0.2\n{at} A 127.255.255.252"), (Outcome::Unknown, "listed-refused")),
        (format!("{at} A 192.0.2.1"), (Outcome::Unknown, "listed-invented")),
        (format!("{at} A 127.0.0.1"), (Outcome::Unknown, "listed-invented")),
        ("*.bl.example A 127.0.0.2".to_owned(), (Outcome::Unknown, "listed-everything")),
        ("bl.example REFUSED".to_owned(), (Outcome::Unknown, "listed-no-answer")),
    ] {
        let snapshot = run(&zone, Some("203.0.113.7"), None, None).await;
        let check = find(&snapshot, "listed");
        assert_eq!((check.outcome, word(&check.finding)), want, "{zone}");
        assert_eq!(check.link.is_some(), check.outcome == Outcome::Fail, "{check:#?}");
    }
}

#[tokio::test]
async fn mail_to_the_domain_of_the_sender_is_followed() {
    for (zone, want) in [
        ("sender.example MX 0 .", (Outcome::Fail, "bounces-null-mx")),
        ("sender.example A 192.0.2.1", (Outcome::Warn, "bounces-address-only")),
        ("other.example A 192.0.2.1", (Outcome::Fail, "bounces-no-domain")),
        ("www.sender.example A 192.0.2.1", (Outcome::Fail, "bounces-nowhere")),
        ("sender.example MX 10 gone.sender.example.", (Outcome::Fail, "bounces-mx-dead")),
        (
            "sender.example MX 10 gone.sender.example.\nsender.example MX 20 mx.sender.example.\nmx.sender.example A 192.0.2.1",
            (Outcome::Warn, "bounces-mx-partly"),
        ),
        ("sender.example SERVFAIL", (Outcome::Unknown, "no-answer")),
    ] {
        assert_eq!(of_domain(zone, "bounces").await, want, "{zone}");
    }
}

#[tokio::test]
async fn spf_lets_the_address_send_or_not() {
    let txt = |text: &str| format!("sender.example TXT \"{text}\"\n");
    for (zone, want) in [
        (txt("v=spf1 ip4:203.0.113.0/24 -all"), (Outcome::Pass, "spf-pass")),
        (txt("v=spf1 -all"), (Outcome::Fail, "spf-fail")),
        (txt("v=spf1 ~all"), (Outcome::Fail, "spf-softfail")),
        (txt("v=spf1 ?all"), (Outcome::Warn, "spf-neutral")),
        (txt("v=spf1 +all"), (Outcome::Fail, "spf-lets-all")),
        ([txt("v=spf1 -all"), txt("v=spf1 ip4:203.0.113.7 -all")].concat(), (Outcome::Fail, "spf-many")),
        (txt("another text"), (Outcome::Warn, "spf-none")),
        (txt("v=spf1 include:sender.example -all"), (Outcome::Fail, "spf-permerror")),
        (txt("v=spf1 ip4:999.0.0.1 -all"), (Outcome::Fail, "spf-permerror")),
        ("sender.example SERVFAIL".to_owned(), (Outcome::Unknown, "no-answer")),
    ] {
        assert_eq!(of_domain(&zone, "spf").await, want, "{zone}");
    }
}

#[tokio::test]
async fn dmarc_is_found_by_walking_up() {
    for (zone, domain, want) in [
        ("_dmarc.sender.example TXT \"v=DMARC1; p=none\"", "sender.example", (Outcome::Warn, "dmarc-watches")),
        ("_dmarc.sender.example TXT \"v=DMARC1; p=reject; t=y\"", "sender.example", (Outcome::Warn, "dmarc-testing")),
        ("_dmarc.sender.example TXT \"v=DMARC1; p=reject\"", "a.b.sender.example", (Outcome::Pass, "dmarc-found")),
        (
            "_dmarc.sender.example TXT \"v=DMARC1; p=reject; sp=none\"",
            "a.sender.example",
            (Outcome::Warn, "dmarc-watches"),
        ),
        (
            "_dmarc.sender.example TXT \"v=DMARC1; p=none\"\n_dmarc.sender.example TXT \"v=DMARC1; p=reject\"",
            "sender.example",
            (Outcome::Fail, "dmarc-many"),
        ),
        ("_dmarc.sender.example TXT \"v=DMARC1; p=perhaps\"", "sender.example", (Outcome::Fail, "dmarc-bad")),
        ("sender.example A 192.0.2.1", "sender.example", (Outcome::Warn, "dmarc-none")),
        ("_dmarc.sender.example SERVFAIL", "sender.example", (Outcome::Unknown, "no-answer")),
    ] {
        let snapshot = run(zone, None, None, Some(domain)).await;
        let check = find(&snapshot, "dmarc");
        assert_eq!((check.outcome, word(&check.finding)), want, "{zone}");
    }
}

#[tokio::test]
async fn what_the_evidence_shows_of_a_mail_is_checked() {
    for (zone, domain, key, align) in [
        ("sender.example A 192.0.2.1", "other.example", (Outcome::Fail, "dkim-none"), (Outcome::Fail, "align-none")),
        (
            "_dmarc.sender.example TXT \"v=DMARC1; p=none\"",
            "mail.sender.example",
            (Outcome::Fail, "dkim-none"),
            (Outcome::Pass, "align-dkim"),
        ),
        (
            "s1._domainkey.sender.example TXT \"k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"",
            "sender.example",
            (Outcome::Pass, "dkim-ed25519"),
            (Outcome::Pass, "align-dkim"),
        ),
        (
            "s1._domainkey.sender.example SERVFAIL",
            "sender.example",
            (Outcome::Unknown, "no-answer"),
            (Outcome::Pass, "align-dkim"),
        ),
        (
            "_dmarc.sender.example SERVFAIL",
            "mail.sender.example",
            (Outcome::Fail, "dkim-none"),
            (Outcome::Unknown, "no-answer"),
        ),
    ] {
        let server = DnsServer::start(zone).await;
        let signatures = [(domain.to_owned(), "s1".to_owned()), ("in valid".to_owned(), "x".to_owned())];
        let subject = Subject::new(None, None, None).with_mail(Some("sender.example"), &signatures);
        let snapshot = checker(&server).run(&subject, &Clock::fixed(START)).await.unwrap();
        let of = |name: &str| (find(&snapshot, name).outcome, word(&find(&snapshot, name).finding));
        assert_eq!((of("dkim"), of("align")), (key, align), "{zone}");
    }
}

#[tokio::test]
async fn transport_security_is_seen_and_missed() {
    let none = run(
        "sender.example MX 10 mx.sender.example.\nmx.sender.example A 192.0.2.1",
        None,
        None,
        Some("sender.example"),
    )
    .await;
    for (name, finding) in [("mta-sts", "mta-sts-none"), ("tls-rpt", "tls-rpt-none"), ("tlsa", "tlsa-none")] {
        assert_eq!((find(&none, name).outcome, word(&find(&none, name).finding)), (Outcome::Pass, finding));
    }
    let bad = run(
        "_mta-sts.sender.example TXT \"v=STSv1;\"\n_smtp._tls.sender.example TXT \"v=TLSRPTv1;\"",
        None,
        None,
        Some("sender.example"),
    )
    .await;
    assert_eq!(
        (word(&find(&bad, "mta-sts").finding), word(&find(&bad, "tls-rpt").finding)),
        ("mta-sts-bad", "tls-rpt-bad")
    );
}

#[tokio::test]
async fn the_network_origin_is_told_only_for_the_address() {
    assert_eq!(of_addr(GOOD, "origin").await, (Outcome::Pass, "origin-found"));
    assert_eq!(of_addr("x.example A 192.0.2.1", "origin").await, (Outcome::Warn, "origin-none"));
    assert_eq!(
        of_addr("7.113.0.203.origin.example TXT \"64496 | 198.51.100.0/24 | DE\"", "origin").await,
        (Outcome::Unknown, "origin-unread")
    );
}

#[tokio::test]
async fn hostile_answers_are_bounded() {
    let loops = "7.113.0.203.in-addr.arpa CNAME a.example.\na.example CNAME b.example.\nb.example CNAME a.example.";
    assert_ne!(of_addr(loops, "ptr").await.0, Outcome::Pass);
    let many: String = (0..400).map(|n| format!("7.113.0.203.in-addr.arpa PTR n{n}.sender.example.\n")).collect();
    let snapshot = run(&many, Some("203.0.113.7"), None, None).await;
    assert_eq!(find(&snapshot, "ptr").finding, "ptr-many");
    assert!(snapshot.checks.iter().all(|check| check.asked.len() <= 40 && check.asked.iter().all(|asked| asked.answer.chars().count() <= 301)));
    let long = format!("sender.example TXT \"v=spf1 {}\"", "x".repeat(200));
    let wide = (0..100).map(|_| long.as_str()).collect::<Vec<_>>().join("\n");
    assert_eq!(of_domain(&wide, "spf").await, (Outcome::Fail, "spf-many"));
}

#[tokio::test]
async fn a_silent_server_costs_three_seconds_at_most() {
    let begun = Instant::now();
    let snapshot =
        run("arpa SILENT\nexample SILENT", Some("203.0.113.7"), Some("mail.sender.example"), Some("sender.example"))
            .await;
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert!(snapshot.checks.iter().all(|check| check.outcome == Outcome::Unknown), "{snapshot:#?}");
}

#[tokio::test]
async fn a_snapshot_holds_for_minutes() {
    let server = DnsServer::start(GOOD).await;
    let (checks, clock) = (checker(&server), Clock::fixed(START));
    let subject = Subject::new(Some("203.0.113.7".parse().unwrap()), None, None);
    let first = checks.run(&subject, &clock).await.unwrap();
    let asked = server.questions();
    clock.advance(MINUTE);
    let second = checks.run(&subject, &clock).await.unwrap();
    assert!(Arc::ptr_eq(&first, &second) && server.questions() == asked && asked > 0);
    clock.advance(5 * MINUTE);
    assert!(!Arc::ptr_eq(&first, &checks.run(&subject, &clock).await.unwrap()));
}

#[tokio::test]
async fn private_addresses_are_not_asked_about() {
    let server = DnsServer::start(GOOD).await;
    let subject = Subject::new(Some("10.0.0.1".parse().unwrap()), None, None);
    let snapshot = checker(&server).run(&subject, &Clock::fixed(START)).await.unwrap();
    assert_eq!((word(&find(&snapshot, "address").finding), server.questions()), ("address-not-public", 0));
}

#[tokio::test]
async fn a_name_is_a_host_or_a_domain() {
    let server = DnsServer::start(GOOD).await;
    let checks = checker(&server);
    assert!(
        matches!(checks.name("mail.sender.example", &Clock::fixed(START)).await, Some(Named::Host(addrs)) if addrs.len() == 2)
    );
    assert_eq!(checks.name("sender.example", &Clock::fixed(START)).await, Some(Named::Domain));
    assert_eq!(checks.name("gone.example", &Clock::fixed(START)).await, Some(Named::Domain));
}

#[tokio::test]
async fn the_page_shows_the_verdict_then_the_checks_then_what_to_do() {
    let server =
        DnsServer::start("7.113.0.203.in-addr.arpa PTR mail.sender.example.\nmail.sender.example A 203.0.113.8").await;
    let portal = TestApp::with(&[("dns.servers", &server.addr.to_string())]).await;
    portal.block("203.0.113.7", "PB-SPAM").await;
    let mut visitor = portal.visitor();
    let page = visitor.get("/check?q=203.0.113.7").await;
    page.assert_page(200, "is blocked").assert_page(200, "mail.sender.example leads to other addresses");
    let place = |text: &str| page.text.find(text).unwrap_or_else(|| panic!("{text}: {}", page.text));
    assert!(
        place("is blocked") < place("The set-up of the sender")
            && place("The set-up of the sender") < place("What to do</h2>")
    );
    let host = visitor.get("/check?q=Mail.Sender.Example.").await;
    host.assert_page(200, "203.0.113.8 is not blocked");
    let pasted = visitor.get("/check?q=Nov+23+11:00:00+mx+postfix/smtp[99]:+4F2AB1C3D5:+to=%3Cann@gmx.example%3E,+relay=mx.gmx.example[192.0.2.25]:25,+dsn=5.7.1,+status=bounced+(host+mx.gmx.example[192.0.2.25]+said:+550+5.7.1+Client+host+[203.0.113.7]+blocked)").await;
    pasted.assert_page(200, "is blocked");
    let line = "NOQUEUE: reject: RCPT from mail.sender.example[203.0.113.7]: 554 5.7.1 Service unavailable; Client host [203.0.113.7] blocked; from=<a@sender.example> to=<b@provider.example> proto=ESMTP helo=<old.sender.example>";
    let refused: String = url::form_urlencoded::byte_serialize(line.as_bytes()).collect();
    let told = visitor.get(&format!("/check.json?q={refused}")).await;
    let told: serde_json::Value = serde_json::from_str(&told.text).unwrap();
    assert_eq!(told["checked"]["helo"], "old.sender.example", "{told}");
    assert_eq!(told["checked"]["domain"], "sender.example");
    let typed = visitor.get(&format!("/check.json?helo=new.sender.example&q={refused}")).await;
    assert!(typed.text.contains("\"helo\":\"new.sender.example\""), "{}", typed.text);
}

#[tokio::test]
async fn programs_get_json() {
    let server = DnsServer::start(GOOD).await;
    let portal = TestApp::with(&[("dns.servers", &server.addr.to_string())]).await;
    let mut visitor = portal.visitor();
    let by_ending = visitor.get("/check.json?q=203.0.113.7&domain=sender.example").await;
    let by_accept = visitor
        .send(
            Method::GET,
            "/check?q=203.0.113.7&domain=sender.example",
            &[("accept", "application/json")],
            Body::empty(),
        )
        .await;
    for answer in [by_ending, by_accept] {
        let json: serde_json::Value = serde_json::from_str(answer.assert_page(200, "{").text.as_str()).unwrap();
        assert_eq!(json["addresses"][0]["blocked"], false);
        let spf = json["checks"].as_array().unwrap().iter().find(|check| check["name"] == "spf").unwrap();
        assert_eq!((spf["outcome"].as_str(), spf["finding"].as_str()), (Some("pass"), Some("spf-pass")));
    }
    visitor.get("/check.json?q=203.0.113.0/24").await.assert_page(422, "\"error\":\"invalid\"");
    visitor.get("/check.json").await.assert_page(422, "\"error\":\"invalid\"");
}

#[tokio::test]
async fn sender_and_staff_see_the_same_snapshot_and_what_changed() {
    let bad = DnsServer::start("7.113.0.203.in-addr.arpa PTR mail.sender.example.").await;
    let portal = TestApp::with(&[("dns.servers", &bad.addr.to_string())]).await;
    portal.block("203.0.113.7", "PB-SPAM").await;
    let (ticket, secret) = portal.ask("ann@sender.example", "203.0.113.7").await;
    let (mut sender, mut agent) = (portal.visitor(), portal.sign_in(Role::Agent).await);
    let status = format!("/requests/{}?key={}", ticket.code, secret.reveal());
    let pages = [status.clone(), format!("/staff/tickets/{}", ticket.code)];
    sender.get(&status).await.assert_page(200, "being made at this moment");
    assert_eq!(portal.desk().take_snapshots().await.unwrap(), 1);
    sender.get(&pages[0]).await.assert_page(200, "mail.sender.example has no address in the DNS");
    agent.get(&pages[1]).await.assert_page(200, "mail.sender.example has no address in the DNS");
    portal.wait(10 * MINUTE);
    let good = DnsServer::start(GOOD).await;
    let mut later = portal.desk().clone();
    later.checks = Arc::new(checker(&good));
    let again = format!("/requests/{}/checks?key={}", ticket.code, secret.reveal());
    sender.post(&again, &[]).await.assert_redirect();
    sender.post(&again, &[]).await.assert_redirect();
    assert_eq!((later.take_snapshots().await.unwrap(), later.take_snapshots().await.unwrap()), (1, 0));
    for answer in [sender.get(&pages[0]).await, agent.get(&pages[1]).await] {
        answer.assert_page(200, "The name leads back to the address: mend → in order");
    }
    agent.post(&format!("/staff/tickets/{}/checks", ticket.code), &[]).await.assert_redirect();
    assert_eq!(later.take_snapshots().await.unwrap(), 1);
    for _ in 0..30 {
        sender.post(&again, &[]).await;
        later.take_snapshots().await.unwrap();
    }
    sender.post(&again, &[]).await.assert_page(422, "very often today");
    sender.post(&format!("/requests/{}/checks?key=wrong", ticket.code), &[]).await.assert_page(404, "");
    let pool = portal.desk().db.pool();
    assert!(postern::store::snapshots::forget(pool, portal.desk().now().plus(MINUTE)).await.unwrap() > 2);
}

#[tokio::test]
async fn the_verdict_stands_without_dns() {
    let portal = TestApp::start().await;
    portal.block("203.0.113.7", "PB-SPAM").await;
    let mut visitor = portal.visitor();
    visitor
        .get("/check?q=203.0.113.7")
        .await
        .assert_page(200, "is blocked")
        .assert_page(200, "cannot be checked here at this moment");
    visitor.get("/check?q=mail.sender.example").await.assert_page(422, "is no IP address");
    visitor.get("/check?q=hello").await.assert_page(422, "is no IP address");
    let silent = DnsServer::start("arpa SILENT\nexample SILENT").await;
    let portal = TestApp::with(&[("dns.servers", &silent.addr.to_string())]).await;
    let begun = Instant::now();
    portal
        .visitor()
        .get("/check?q=203.0.113.7&domain=sender.example")
        .await
        .assert_page(200, "203.0.113.7 is not blocked");
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}
