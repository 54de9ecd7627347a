//! Haraka: outbound bounces and deferrals, and refusals by its plugins.

use std::net::IpAddr;

use super::envelope::Line;
use super::{Hit, Memory, Weight};
use crate::evidence::findings::{Direction, Reply};
use crate::evidence::{reply, scan};

/// Reads one line.
pub(super) fn read(line: &Line<'_>, memory: &mut Memory) -> Option<Hit> {
    let levels = ["[NOTICE]", "[INFO]", "[ERROR]", "[WARN]", "[CRIT]", "[DEBUG]", "[PROTOCOL]"];
    let known = line.program.contains("haraka")
        || (levels.iter().any(|l| line.message.starts_with(l)) && line.message.matches("] [").count() >= 2);
    if !known {
        return None;
    }
    let (tags, text) = tags(line.message);
    let queue_id = tags.iter().find(|t| t.len() >= 20 && t.contains('-')).map(|t| (*t).to_owned());
    let connection = queue_id.as_deref().map(|id| id.split('.').next().unwrap_or(id).to_owned());
    let known = Reply { queue_id, ..Reply::default() };
    if tags.contains(&"outbound") {
        return outbound(text, known);
    }
    if let (Some(ip), Some(connection)) =
        (scan::after(text, "connect ip=").filter(|_| text.starts_with("connect ")), &connection)
    {
        memory.note(format!("haraka {connection}"), ip.split(' ').next().unwrap_or(""));
        return None;
    }
    let client = connection.and_then(|id| memory.get(&format!("haraka {id}")).and_then(scan::ip));
    recipient(text, client, &known).or_else(|| inbound(&tags, text, known))
}

/// What a plugin said to a recipient: `recipient <b@c> code=DENYSOFT msg="…" sender="…"`.
fn recipient(text: &str, client: Option<IpAddr>, known: &Reply) -> Option<Hit> {
    let rest = text.strip_prefix("recipient ").filter(|rest| rest.contains(" code=DENY"))?;
    let said = scan::between(rest, " msg=\"", "\"").filter(|said| !said.is_empty())?;
    let known = Reply {
        ip: client,
        recipient_domain: scan::address(rest).and_then(scan::domain_of),
        direction: Some(Direction::In),
        ..known.clone()
    };
    Some(Hit { known, text: said.to_owned(), mta: "Haraka", weight: Weight::Sure })
}

/// The tags in square brackets at the start of a message, and the rest.
fn tags(message: &str) -> (Vec<&str>, &str) {
    let mut tags = Vec::new();
    let mut rest = message;
    while let Some((tag, tail)) = rest.strip_prefix('[').and_then(|r| r.split_once(']')) {
        tags.push(tag);
        rest = tail.trim_start();
        if tags.len() > 6 {
            break;
        }
    }
    (tags, rest)
}

/// `recipient <a@b> rejected: 550 …`, `bounce …`, `delivery failed …`.
fn outbound(text: &str, known: Reply) -> Option<Hit> {
    let at = reply::find_code(text)?;
    let head = text.get(..at.start)?;
    let told = [
        "rejected",
        "bounce",
        "bounced",
        "defer",
        "failed",
        "fail",
        "error",
        "Error",
        "temp",
        "perm",
        "recipient",
        "response",
        "Upstream",
        "S: ",
    ]
    .iter()
    .any(|w| head.contains(w));
    let known = Reply {
        recipient_domain: scan::address(head)
            .and_then(scan::domain_of)
            .or_else(|| scan::between(head, " domain=\"", "\"").map(str::to_lowercase)),
        remote_ip: scan::word_after(head, " ip=").and_then(scan::ip),
        remote_host: scan::word_after(head, "host=\"")
            .or_else(|| scan::word_after(head, "mx="))
            .map(|h| h.trim_matches('"').to_owned()),
        direction: Some(Direction::Out),
        ..known
    };
    (told || head.is_empty()).then(|| Hit {
        known,
        text: text.get(at.start..).unwrap_or("").to_owned(),
        mta: "Haraka",
        weight: Weight::Sure,
    })
}

/// A plugin's denial: `deny(550 …)`, `deny ip=… lr="…"`, `msg="…"` with the client in `ip=` or brackets.
fn inbound(tags: &[&str], text: &str, known: Reply) -> Option<Hit> {
    let last = scan::after(text, " lr=\"")
        .filter(|_| text.starts_with("disconnect "))
        .is_some_and(|r| r.starts_with(['4', '5']));
    let denied = last || ["deny", "denied", "DENY", "rejected", "S: 5", "S: 4"].iter().any(|w| text.contains(w));
    let excluded = text.contains("auth") && !text.contains("550");
    let said = |mark: &str| scan::between(text, mark, "\"").filter(|said| !said.is_empty());
    let verdict = said(" lr=\"").or_else(|| said(" msg=\"")).filter(|_| text.starts_with("deny ip="));
    let coded = || reply::find_code(text).and_then(|at| text.get(at.start..));
    let told = verdict.or_else(coded).filter(|_| denied && !excluded)?;
    let client = scan::word_after(text, "ip=").or_else(|| tags.iter().copied().find(|t| scan::ip(t).is_some()));
    let known = Reply {
        ip: client.and_then(scan::ip),
        recipient_domain: scan::after(text, "rcpt").and_then(scan::address).and_then(scan::domain_of),
        helo: scan::word_after(text, "helo=").map(|h| h.trim_matches('"').to_owned()),
        direction: Some(Direction::In),
        ..known
    };
    Some(Hit { known, text: told.to_owned(), mta: "Haraka", weight: Weight::Sure })
}
