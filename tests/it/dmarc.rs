//! DMARC agrees with RFC 9989: its examples, its walk up the tree of names.

use postern::checks::Subject;
use postern::domain::time::Clock;

use crate::checks::{checker, find, run, word};
use crate::support::{DnsServer, START};

#[tokio::test]
async fn dmarc_agrees_with_the_examples_of_rfc_9989() {
    let record = |name: &str, text: &str| format!("_dmarc.{name} TXT \"v=DMARC1; {text}\"\n");
    let relaxed = record("example.com", "p=reject");
    let strict = record("example.com", "p=reject; adkim=s; aspf=s");
    let signing = [record("example.com", "p=reject"), record("signing.example.com", "p=none")].concat();
    let suffix = [record("bank.example", "p=reject; psd=y"), record("giant.bank.example", "p=quarantine")].concat();
    let deep = "a.b.c.d.e.f.g.h.i.j.k.example.com";
    for (section, zone, from, signer, sender, want) in [
        ("B.1.1, 1", &relaxed, "example.com", None, Some("example.com"), "align-spf"),
        ("B.1.1, 1", &strict, "example.com", None, Some("example.com"), "align-spf"),
        ("B.1.1, 2", &relaxed, "example.com", None, Some("child.example.com"), "align-spf"),
        ("B.1.1, 2", &strict, "example.com", None, Some("child.example.com"), "align-none"),
        ("B.1.1, 3", &relaxed, "child.example.com", None, Some("example.net"), "align-none"),
        ("B.1.1, 3", &strict, "child.example.com", None, Some("example.net"), "align-none"),
        ("B.1.2, 1", &relaxed, "example.com", Some("example.com"), None, "align-dkim"),
        ("B.1.2, 1", &strict, "example.com", Some("example.com"), None, "align-dkim"),
        ("B.1.2, 2", &relaxed, "child.example.com", Some("example.com"), None, "align-dkim"),
        ("B.1.2, 2", &strict, "child.example.com", Some("example.com"), None, "align-none"),
        ("B.1.2, 3", &relaxed, "child.example.com", Some("example.net"), None, "align-none"),
        ("B.1.2, 3", &strict, "child.example.com", Some("example.net"), None, "align-none"),
        ("B.4.1", &signing, "example.com", Some("signing.example.com"), None, "align-dkim"),
        ("B.4.1", &signing, "example.com", None, Some("example.com"), "align-spf"),
        ("B.4.2", &signing, deep, Some("signing.example.com"), None, "align-dkim"),
        ("B.4.2", &signing, deep, None, Some("example.com"), "align-spf"),
        ("B.4.3", &suffix, "giant.bank.example", Some("mail.mega.bank.example"), None, "align-none"),
        ("B.4.3", &suffix, "giant.bank.example", None, Some("mail.giant.bank.example"), "align-spf"),
    ] {
        let server = DnsServer::start(zone).await;
        let signatures: Vec<_> = signer.map(|domain| (domain.to_owned(), "s1".to_owned())).into_iter().collect();
        let subject = Subject::new(None, None, sender).with_mail(Some(from), &signatures);
        let snapshot = checker(&server).run(&subject, &Clock::fixed(START)).await.unwrap();
        assert_eq!(find(&snapshot, "align").finding, want, "RFC 9989, {section}: {zone}");
    }
}

#[tokio::test]
async fn the_walk_of_dmarc_asks_what_rfc_9989_says_and_no_more() {
    let asked = async |zone: &str, domain: &str| {
        let snapshot = run(zone, None, None, Some(domain)).await;
        let check = find(&snapshot, "dmarc").clone();
        let names = check.asked.iter().filter_map(|asked| asked.question.strip_prefix("_dmarc.")?.strip_suffix(" TXT"));
        let mut names: Vec<String> = names.map(ToOwned::to_owned).collect();
        names.dedup();
        (names, check)
    };
    // Section 4.10: eight questions, however long the name is.
    let (names, check) = asked("other.example A 192.0.2.1", "a.b.c.d.e.f.g.h.i.j.mail.example.com").await;
    let want = [
        "a.b.c.d.e.f.g.h.i.j.mail.example.com",
        "g.h.i.j.mail.example.com",
        "h.i.j.mail.example.com",
        "i.j.mail.example.com",
        "j.mail.example.com",
        "mail.example.com",
        "example.com",
        "com",
    ];
    assert_eq!((names.as_slice(), word(&check.finding)), (want.map(String::from).as_slice(), "dmarc-none"));
    // Section 4.10, step 2: a record that says whether it is a public suffix ends the walk.
    let suffix = "_dmarc.bank.example TXT \"v=DMARC1; p=reject; psd=y\"\n_dmarc.example TXT \"v=DMARC1; p=none\"";
    let (names, check) = asked(suffix, "mail.mega.bank.example").await;
    assert_eq!(names.last().map(String::as_str), Some("bank.example"));
    assert_eq!(check.values[1], ("from".into(), "bank.example".to_owned()));
    // Section 4.10.1: what is asked for names that do not exist, and for those that do (A.4).
    let zone = "_dmarc.example.com TXT \"v=DMARC1; p=reject; sp=none; np=quarantine\"\nreal.example.com TXT \"x\"";
    let policy = async |domain: &str| asked(zone, domain).await.1.values.last().cloned().unwrap().1;
    assert_eq!(policy("example.com").await, "reject");
    assert_eq!(policy("real.example.com").await, "none");
    assert_eq!(policy("gone.example.com").await, "quarantine");
}
