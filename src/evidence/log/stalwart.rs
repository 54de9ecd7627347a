//! Stalwart: events with `key = value` pairs, old and new.

use super::envelope::Line;
use super::{Hit, Weight};
use crate::evidence::findings::{Category, Direction, Reply};
use crate::evidence::{reply, scan};

/// Reads one line.
pub(super) fn read(line: &Line<'_>) -> Option<Hit> {
    let message = line.message;
    if message.contains(" DSN (delivery.dsn-") {
        return None;
    }
    let shaped = ["(delivery.", "(queue.", "(smtp.", "(limit.", "smtp::", "event=\"", "eventName"]
        .iter()
        .any(|m| message.contains(m));
    if !shaped {
        return None;
    }
    pairs(message).or_else(|| quoted(message)).or_else(|| event(message))
}

/// Events without a code, named in brackets behind their sentence: what the server refused a client.
static EVENTS: &[(&str, Category)] = &[
    ("mailbox-does-not-exist", Category::MailboxUnknown),
    ("rcpt-to-rejected", Category::Policy),
    ("relay-not-allowed", Category::Policy),
    ("mail-from-rejected", Category::Policy),
    ("mail-from-unauthenticated", Category::Policy),
    ("mail-from-not-allowed", Category::Policy),
    ("ehlo-rejected", Category::Helo),
    ("invalid-ehlo", Category::Helo),
    ("rcpt-to-greylisted", Category::Greylist),
    ("spf-ehlo-fail", Category::AuthDmarc),
    ("spf-from-fail", Category::AuthDmarc),
    ("dmarc-fail", Category::AuthDmarc),
    ("dkim-fail", Category::AuthDmarc),
    ("iprev-fail", Category::Rdns),
    ("rate-limit-exceeded", Category::RateLimit),
    ("concurrency-limit-exceeded", Category::RateLimit),
    ("too-many-recipients", Category::RateLimit),
    ("too-many-messages", Category::RateLimit),
    ("message-too-large", Category::Policy),
];

/// `RCPT TO rejected (smtp.mailbox-does-not-exist) …, remoteIp = 192.0.2.1, to = "a@b"`; checks that only noted something
/// say so by their level, a refusal by its words.
fn event(message: &str) -> Option<Hit> {
    let (sentence, rest) = message.split_once(" (smtp.")?;
    let (name, _) = rest.split_once(')')?;
    let category = EVENTS.iter().find(|(event, _)| name == *event).map(|(_, category)| *category)?;
    let refused = [
        "eject",
        "efused",
        "denied",
        "not allowed",
        "exceeded",
        "too large",
        "Too many",
        "does not exist",
        "reylisted",
    ];
    let known = Reply {
        ip: Some(value(message, "remoteIp").and_then(scan::ip)?),
        recipient_domain: value(message, "to").and_then(scan::domain_of),
        category: Some(category),
        direction: Some(Direction::In),
        ..Reply::default()
    };
    let sentence =
        sentence.rsplit_once("INFO ").or_else(|| sentence.rsplit_once("WARN ")).map_or(sentence, |(_, told)| told);
    let told = refused.iter().any(|word| sentence.contains(word));
    told.then(|| Hit { known, text: sentence.to_owned(), mta: "Stalwart", weight: Weight::Sure })
}

/// The value of `key = value` or `key=value`, quotes taken off.
fn value<'a>(message: &'a str, key: &str) -> Option<&'a str> {
    let spaced = format!("{key} = ");
    let tight = format!("{key}=");
    let rest = message
        .match_indices(&spaced)
        .map(|(at, m)| (at, m.len()))
        .chain(message.match_indices(&tight).map(|(at, m)| (at, m.len())))
        .find_map(|(at, len)| {
            let before = message.get(..at)?.chars().next_back();
            let starts = before.is_none_or(|c| c == ' ' || c == ',' || c == '{' || c == '(');
            starts.then(|| message.get(at + len..)).flatten()
        })?;
    match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => rest.split([',', ' ']).next(),
    }
}

/// New events: `code = 550, details = "…"`, with the server in `hostname` and the client in `remoteIp`.
fn pairs(message: &str) -> Option<Hit> {
    let code: u16 = value(message, "code")?.parse().ok().filter(|c| (400..600).contains(c))?;
    let details = value(message, "reason").or_else(|| value(message, "details")).unwrap_or("");
    let inbound = message.contains("(smtp.") || message.contains("(limit.");
    let remote = value(message, "remoteIp").and_then(scan::ip);
    let known = Reply {
        ip: remote.filter(|_| inbound),
        remote_ip: remote.filter(|_| !inbound),
        remote_host: value(message, "hostname").filter(|_| !inbound).map(str::to_owned),
        queue_id: value(message, "queueId").map(str::to_owned),
        recipient_domain: value(message, "to")
            .and_then(scan::domain_of)
            .or_else(|| value(message, "domain").filter(|_| !inbound).map(str::to_owned)),
        helo: value(message, "helo").map(str::to_owned),
        direction: Some(if inbound { Direction::In } else { Direction::Out }),
        ..Reply::default()
    };
    Some(Hit { known, text: format!("{code} {details}"), mta: "Stalwart", weight: Weight::Sure })
}

/// Older events: a failure told as `… (host 'mx' rejected command 'RCPT TO…' with code 550 (5.1.2) '…')`.
fn quoted(message: &str) -> Option<Hit> {
    let told = scan::after(message, "rejected command")?;
    let host = scan::between(message, "host '", "'");
    let coded = scan::after(told, "with code ").or_else(|| scan::after(told, "' with "))?;
    let text = coded.replace(['\\', '('], " ").replace(')', " ");
    let at = reply::find_code(&text)?;
    let known = Reply {
        queue_id: value(message, "id").map(str::to_owned),
        remote_host: host.map(str::to_owned),
        recipient_domain: scan::after(message, "failures=").and_then(scan::address).and_then(scan::domain_of),
        direction: Some(Direction::Out),
        ..Reply::default()
    };
    Some(Hit { known, text: scan::folded(text.get(at.start..)?, 1000), mta: "Stalwart", weight: Weight::Sure })
}
