//! Stalwart: events with `key = value` pairs, old and new.

use super::envelope::Line;
use super::{Hit, Weight};
use crate::evidence::findings::{Direction, Reply};
use crate::evidence::{reply, scan};

/// Reads one line.
pub(super) fn read(line: &Line<'_>) -> Option<Hit> {
    let message = line.message;
    let shaped = ["(delivery.", "(queue.", "(smtp.", "(limit.", "smtp::", "event=\"", "eventName"]
        .iter()
        .any(|m| message.contains(m));
    if !shaped {
        return None;
    }
    pairs(message).or_else(|| quoted(message))
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
