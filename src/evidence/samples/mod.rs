//! Samples of many servers, providers and languages, each written after its documented format, with what the reader must
//! make of it.

use super::{Context, Findings, read};

/// Texts, each behind its expected findings.
const TEXTS: &[&str] =
    &[include_str!("texts.txt"), include_str!("logs.txt"), include_str!("bounces.txt"), include_str!("headers.txt")];
/// Single replies.
const REPLIES: &str = include_str!("replies.txt");

/// A value, or a hyphen.
fn shown(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// A category as it stands in JSON.
fn category(found: Option<super::Category>) -> String {
    found.map_or_else(|| "-".to_owned(), |c| serde_json::to_string(&c).unwrap().trim_matches('"').to_owned())
}

/// The findings as the lines before a text say them.
fn told(found: &Findings) -> Vec<String> {
    let replies = found.replies.iter().map(|r| {
        let (line, ip, code) = (shown(r.line), shown(r.ip), shown(r.smtp_code));
        let (status, domain) = (shown(r.enhanced_status.as_ref()), shown(r.recipient_domain.as_ref()));
        format!("want {line} {ip} {code} {status} {} {domain}", category(r.category))
    });
    let header = found.header.as_ref().filter(|h| h.border_ip.is_some());
    let border =
        header.map(|h| format!("border {} {} {}", shown(h.border_ip), shown(h.border_helo.as_ref()), h.received_count));
    replies.chain(border).collect()
}

#[test]
fn texts_are_understood() {
    let mut count = 0;
    for sample in TEXTS.iter().flat_map(|texts| texts.split("\n@@@ ").skip(1)) {
        let (head, text) = sample.split_once("\ntext\n").unwrap();
        let mut lines = head.lines();
        let (name, mta) = lines.next().unwrap().split_once(' ').unwrap();
        let found = read(text.as_bytes(), &Context::default());
        assert_eq!(shown(found.mta.as_ref()), mta, "{name}");
        assert_eq!(told(&found), lines.collect::<Vec<_>>(), "{name}");
        count += 1;
    }
    assert!(count > 300, "{count}");
}

#[test]
fn replies_are_understood() {
    for line in REPLIES.lines().filter(|line| !line.starts_with('#')) {
        let [want, code, status, ip, text] = line.splitn(5, ' ').collect::<Vec<_>>().try_into().unwrap();
        let found = read(text.replace("\\n", "\n").as_bytes(), &Context::default());
        let (got, address) = (category(found.category), shown(found.ips.first()));
        let codes = (shown(found.smtp_code), shown(found.enhanced_status));
        assert_eq!(
            (got.as_str(), codes.0.as_str(), codes.1.as_str(), address.as_str()),
            (want, code, status, ip),
            "{text}"
        );
    }
}
