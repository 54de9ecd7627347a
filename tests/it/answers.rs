//! What the live checks make of bad answers, of answers that change, and of too many questions.

use std::sync::Arc;

use postern::checks::{Outcome, Subject};
use postern::domain::time::Clock;

use crate::checks::{GOOD, checker, find, of_addr, run};
use crate::support::{DnsServer, Place, START, TestApp};

#[tokio::test]
async fn lame_lying_and_truncated_answers_are_no_finding() {
    let ptr = "7.113.0.203.in-addr.arpa PTR mail.sender.example.\n";
    for (what, zone, want) in [
        ("answers that belong to another name", format!("{ptr}113.0.203.in-addr.arpa LIES"), Outcome::Pass),
        ("a server that knows nothing of the zone", format!("{ptr}113.0.203.in-addr.arpa LAME"), Outcome::Pass),
        (
            "an answer cut short over UDP and whole over TCP",
            format!("{ptr}113.0.203.in-addr.arpa CUT"),
            Outcome::Unknown,
        ),
    ] {
        let (outcome, finding) = of_addr(&zone, "ptr").await;
        assert_ne!(outcome, want, "{what}: {finding}");
    }
    let lies = "mail.sender.example A 203.0.113.7\nmail.sender.example LIES\n";
    let (outcome, _) = of_addr(&format!("{ptr}{lies}"), "fcrdns").await;
    assert_ne!(outcome, Outcome::Pass, "an address of another name confirms nothing");
    let (outcome, _) = of_addr("7.113.0.203.bl.example A 127.0.0.2\nbl.example LIES", "listed").await;
    assert_ne!(outcome, Outcome::Fail, "a listing of another name is none");
}

#[tokio::test]
async fn no_name_and_no_data_are_told_apart() {
    let answer = async |zone: &str| {
        let snapshot = run(zone, Some("203.0.113.7"), None, Some("sender.example")).await;
        let said = |check: &str| find(&snapshot, check).asked[0].answer.clone();
        (said("ptr"), find(&snapshot, "bounces").finding.to_string())
    };
    assert_eq!(answer("other.example A 192.0.2.1").await, ("NXDOMAIN".to_owned(), "bounces-no-domain".to_owned()));
    let empty = "7.113.0.203.in-addr.arpa TXT x\nsender.example TXT x";
    assert_eq!(answer(empty).await, ("NODATA".to_owned(), "bounces-nowhere".to_owned()));
}

#[tokio::test]
async fn who_has_mended_something_and_looks_again_sees_the_difference_at_once() {
    let server = DnsServer::start(GOOD).await;
    let (checks, clock) = (checker(&server), Clock::fixed(START));
    let subject = Subject::new(Some("203.0.113.7".parse().unwrap()), Some("old.sender.example"), None);
    let before = checks.run(&subject, &clock).await.unwrap();
    server.set("7.113.0.203.in-addr.arpa PTR new.sender.example.\nnew.sender.example A 203.0.113.7\nold.sender.example A 203.0.113.7\n");
    assert!(Arc::ptr_eq(&before, &checks.run(&subject, &clock).await.unwrap()), "a look-up is cached");
    let after = checks.run_again(&subject, &clock).await.unwrap();
    let changed: Vec<&str> = after.changed_since(&before).iter().map(|(_, check)| check.name.as_ref()).collect();
    assert!(["ptr", "fcrdns", "helo"].iter().all(|name| changed.contains(name)), "{changed:?}");
    assert!(!changed.contains(&"listed"), "{changed:?}");
    assert!(after.changed_since(&checks.run_again(&subject, &clock).await.unwrap()).is_empty());
    assert!(after.gone_since(&before).is_empty());
    let nameless = checks.run(&Subject { helo: None, ..subject }, &clock).await.unwrap();
    let gone: Vec<&str> = nameless.gone_since(&before).iter().map(|check| check.name.as_ref()).collect();
    assert!(gone.contains(&"helo") && !gone.contains(&"ptr"), "{gone:?}");
}

#[tokio::test]
async fn a_file_of_the_operator_tells_the_origin_without_a_question() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("origins.csv");
    std::fs::write(&file, "203.0.113.0/24, 64511, FR\n").unwrap();
    let server = DnsServer::start(GOOD).await;
    let settings = [
        ("dns.servers", server.addr.to_string()),
        ("dns.origin4", "origin.example".to_owned()),
        ("dns.origin_file", file.display().to_string()),
    ];
    let settings: Vec<(&str, &str)> = settings.iter().map(|(key, value)| (*key, value.as_str())).collect();
    let portal = TestApp::with(&settings).await;
    let origin = async |addr: &str| {
        let subject = Subject::new(addr.parse().ok(), None, None);
        let snapshot = portal.desk().checks.run(&subject, &portal.desk().clock).await.unwrap();
        let check = find(&snapshot, "origin").clone();
        (check.finding.to_string(), check.values.first().map(|(_, value)| value.clone()), check.asked.len())
    };
    assert_eq!(origin("203.0.113.7").await, ("origin-found".to_owned(), Some("AS64511".to_owned()), 0));
    assert_eq!(origin("198.51.100.1").await.2, 1, "what the file does not know is asked of the zone");
    std::fs::write(&file, "203.0.113.0/24, FR\n").unwrap();
    let refused = postern::config::Config::read(Some(&settings_file(folder.path(), &file)), false).unwrap_err();
    assert!(format!("{refused:#}").contains("line 1 is"), "{refused:#}");
}

/// A settings file that names a file of origins.
fn settings_file(folder: &std::path::Path, origins: &std::path::Path) -> std::path::PathBuf {
    let file = folder.join("postern.toml");
    std::fs::write(&file, format!("dns.origin_file = \"{}\"\n", origins.display())).unwrap();
    file
}

#[tokio::test]
async fn nobodys_servers_are_asked_without_end() {
    let server = DnsServer::start(GOOD).await;
    let checks = checker(&server);
    let clock = Clock::fixed(START);
    let mut made = 0;
    for n in 0..70 {
        let subject = Subject::new(None, None, Some(&format!("x{n}.victim.example")));
        made += usize::from(checks.run(&subject, &clock).await.is_some());
    }
    assert_eq!(made, 60, "made-up names below one domain are one target");
    let mut scanned = 0;
    for n in 0..70 {
        let subject = Subject::new(format!("198.51.100.{n}").parse().ok(), None, None);
        scanned += usize::from(checks.run(&subject, &clock).await.is_some());
    }
    assert_eq!(scanned, 60, "nobody scans a network");
    assert!(checks.run(&Subject::new(None, None, Some("sender.example")), &clock).await.is_some());
}

#[tokio::test]
async fn each_check_has_been_seen_in_each_of_its_states() {
    let key = "s1._domainkey.sender.example TXT \"p=11qYAYKxCrfVS\"\n";
    let mx = "sender.example MX 10 a.sender.example.\nsender.example MX 20 b.sender.example.\n";
    let bound = format!("_25._tcp.a.sender.example TLSA 3 1 1 {}\n", "ab".repeat(32));
    let many: String = (0..2).map(|n| format!("_mta-sts.sender.example TXT \"v=STSv1; id={n}\"\n")).collect();
    for (zone, check, want) in [
        ("x.example A 192.0.2.1".to_owned(), "fcrdns", (Outcome::Fail, "fcrdns-no-name")),
        ("x.example A 192.0.2.1".to_owned(), "generic", (Outcome::Fail, "generic-no-name")),
        ("113.0.203.in-addr.arpa SERVFAIL".to_owned(), "generic", (Outcome::Unknown, "no-answer")),
        (GOOD.to_owned(), "ptr", (Outcome::Pass, "ptr-found")),
        (GOOD.to_owned(), "generic", (Outcome::Pass, "generic-own")),
        ("mail.sender.example SERVFAIL".to_owned(), "helo", (Outcome::Unknown, "no-answer")),
        ("origin.example SERVFAIL".to_owned(), "origin", (Outcome::Unknown, "no-answer")),
        (GOOD.to_owned(), "mta-sts", (Outcome::Pass, "mta-sts-found")),
        (many, "mta-sts", (Outcome::Warn, "mta-sts-bad")),
        ("_mta-sts.sender.example SERVFAIL".to_owned(), "mta-sts", (Outcome::Unknown, "no-answer")),
        (GOOD.to_owned(), "tls-rpt", (Outcome::Pass, "tls-rpt-found")),
        ("_smtp._tls.sender.example SERVFAIL".to_owned(), "tls-rpt", (Outcome::Unknown, "no-answer")),
        (GOOD.to_owned(), "tlsa", (Outcome::Pass, "tlsa-found")),
        (format!("{mx}{bound}"), "tlsa", (Outcome::Warn, "tlsa-partly")),
        ("sender.example SERVFAIL".to_owned(), "tlsa", (Outcome::Unknown, "no-answer")),
        (key.repeat(2).replacen("VS\"", "VT\"", 1), "dkim", (Outcome::Fail, "dkim-many")),
    ] {
        let server = DnsServer::start(&zone).await;
        let addr = "203.0.113.7".parse().ok();
        let subject = Subject::new(addr, Some("mail.sender.example"), Some("sender.example"));
        let subject = subject.with_mail(None, &[("sender.example".to_owned(), "s1".to_owned())]);
        let snapshot = checker(&server).run(&subject, &Clock::fixed(START)).await.unwrap();
        let found = find(&snapshot, check);
        assert_eq!((found.outcome, found.finding.as_ref()), want, "{zone}");
    }
    let snapshot = run(GOOD, None, None, Some("sender.example")).await;
    assert_eq!(find(&snapshot, "spf").finding, "spf-found", "without an address the record is read only");
    let snapshot = run(GOOD, Some("203.0.113.7"), Some("localhost"), None).await;
    assert_eq!(find(&snapshot, "spf").finding, "spf-no-domain");
}

#[tokio::test]
async fn the_page_takes_the_name_in_helo_and_the_domain_of_the_sender() {
    let server = DnsServer::start(GOOD).await;
    let portal = TestApp::with(&[("dns.servers", &server.addr.to_string())]).await;
    let mut visitor = portal.visitor();
    visitor.get("/check").await.assert_page(200, "name=\"helo\"").assert_page(200, "name=\"domain\"");
    let page = visitor.get("/check?q=203.0.113.7&helo=gone.sender.example&domain=sender.example").await;
    page.assert_page(200, "value=\"gone.sender.example\"").assert_page(200, "value=\"sender.example\"");
    page.assert_page(200, "gone.sender.example does not exist in the DNS");
    visitor.get("/check?q=hello&helo=%3Cscript%3E").await.assert_page(422, "value=\"&#60;script&#62;\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_prints_the_checks_for_people_and_programs() {
    let server = DnsServer::start(GOOD).await;
    let place = Place::with(&format!("dns.servers = \"{}\"", server.addr)).await;
    let more = ["--helo", "gone.sender.example", "--domain", "sender.example"];
    let printed = place.run(&[&["check", "203.0.113.7"], more.as_slice()].concat());
    printed.assert_ok("gone.sender.example does not exist in the DNS").assert_ok("7.113.0.203.in-addr.arpa PTR: ");
    let printed = place.run(&[&["check", "203.0.113.7", "--json"], more.as_slice()].concat());
    let json: serde_json::Value = serde_json::from_str(&printed.assert_ok("{").out).unwrap();
    let outcome = |name: &str| {
        let all = json["checks"].as_array().unwrap();
        all.iter().find(|check| check["name"] == name).unwrap()["outcome"].clone()
    };
    assert_eq!((outcome("ptr"), outcome("helo"), outcome("dmarc")), ("pass".into(), "fail".into(), "pass".into()));
    assert_eq!(json["checked"]["domain"], "sender.example");
    place.run(&["check", "mail.sender.example"]).assert_ok("203.0.113.7");
    place.run(&["check", "sender.example"]).assert_ok("DMARC");
    place.run(&["check", "203.0.113.0/24"]).assert_fails(&["203.0.113.0/24"]);
    place.run(&["check", "203.0.113.7", "--domain", "no domain"]).assert_fails(&["is no domain"]);
}
