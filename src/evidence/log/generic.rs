//! Any other server's line: a time in front, a reply code that is sure or well placed, and the usual words.

use super::envelope::Line;
use super::{Hit, Weight};
use crate::evidence::findings::{Direction, Reply};
use crate::evidence::reply::{self, Certainty};
use crate::evidence::scan;

/// Reads one line.
pub(super) fn read(line: &Line<'_>) -> Option<Hit> {
    let message = line.message;
    line.time?;
    if noise(line) {
        return None;
    }
    if let Some(hit) = valued(message) {
        return Some(hit);
    }
    let at = reply::find_code(message)?;
    let (head, text) = message.split_at_checked(at.start)?;
    let text = column(head, text);
    let spoken = at.certainty == Certainty::Confirmed || told(head);
    if !spoken || success_before(head) {
        return None;
    }
    let known = surroundings(head, text);
    Some(Hit { known, text: text.to_owned(), mta: "", weight: Weight::Sure })
}

/// The reply alone, when it is a quoted column among others (`…,550,"550 5.1.1 no",192.0.2.1`).
fn column<'a>(head: &str, text: &'a str) -> &'a str {
    let (told, _) = text.split_once("\",").unwrap_or((text, ""));
    if head.ends_with(",\"") || told.contains(",\"") { told } else { text }
}

/// Keys whose quoted value is a reply.
const KEYS: &[&str] = &[
    "smtpmsg=",
    "response=",
    "stat=",
    "reply=",
    "smtp_response=",
    "diag=",
    "details=",
    "reason=",
    "message=",
    "msg=",
    "error=",
    "text=",
    "result=",
    "err=",
];

/// A reply that is the quoted value of a key (`response="550 …"`).
fn valued(message: &str) -> Option<Hit> {
    let (at, value) = KEYS.iter().find_map(|key| {
        let at = message.find(key)?;
        let rest = message.get(at + key.len()..)?;
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let value = rest.get(1..)?;
        let end = value
            .match_indices(quote)
            .find(|(i, _)| value.get(i + 1..).is_none_or(|t| t.is_empty() || t.starts_with([' ', ',', ';', '}', ')'])))
            .map_or(value.len(), |(i, _)| i);
        Some((at, value.get(..end)?)).filter(|(_, v)| reply::find_code(v).is_some())
    })?;
    let known = surroundings(message.get(..at)?, message.get(at + value.len()..)?);
    Some(Hit { known, text: value.to_owned(), mta: "", weight: Weight::Sure })
}

/// Lines that speak of log-ins, web requests or a server's own counters.
fn noise(line: &Line<'_>) -> bool {
    let low = line.message.to_lowercase();
    let servers = ["postfix", "exim", "dovecot", "nginx", "apache", "sshd", "kernel"];
    servers.iter().any(|s| line.program.contains(s))
        || [
            "rspamd_task_write_log",
            "sender verify fail for <",
            "http/1",
            "http/2",
            "authentication failed",
            "auth failed",
            "authenticator failed",
            "535 ",
            "login failed",
            "password",
            "incorrect authentication",
            "get /",
            "post /",
        ]
        .iter()
        .any(|w| low.contains(w))
}

/// Whether the words before a code announce a refusal.
fn told(head: &str) -> bool {
    let low = head.to_lowercase();
    let words = [
        "reject",
        "bounce",
        "defer",
        "fail",
        "error",
        "refus",
        "denied",
        "deny",
        "response",
        "said",
        "reply",
        "received",
        "recv",
        "<--",
        "<<<",
        "<<",
        "smtp",
        "remote",
        "status",
        "result",
        "s:",
        "stat=",
        "diag",
        "undeliver",
        "sent:",
        "reason",
        "dsn",
        "rcpt",
        "relay",
        "block",
    ];
    words.iter().any(|w| low.contains(w))
}

/// Whether the line reports success before the digits.
fn success_before(head: &str) -> bool {
    ["status=sent", " 250 ", "=250", "stat=Sent", "2.0.0", "delivered"].iter().any(|w| head.contains(w))
}

/// What the usual words around a reply say.
fn surroundings(head: &str, text: &str) -> Reply {
    let whole =
        |keys: &[&str]| keys.iter().find_map(|k| scan::word_after(head, k).or_else(|| scan::word_after(text, k)));
    let clean = |w: &str| w.trim_matches(['"', '\'', '<', '>', '[', ']', '(', ')']).to_owned();
    let recipient = whole(&[
        "rcpt=",
        "to=",
        "recipient=",
        "recipients=",
        "rcpt:",
        "RCPT TO:",
        "to:",
        "recipient ",
        "for ",
        "delivery to ",
        " => ",
    ])
    .and_then(scan::domain_of);
    let host = whole(&["relay=", "host=", "mx=", "remote-host=", "server=", "host "])
        .map(clean)
        .map(|h| h.split(['[', ':', '(']).next().unwrap_or("").to_owned());
    let client = whole(&["client=", "client-ip=", "client_ip=", "remote_ip=", "ip="]).map(clean);
    let client = client.or_else(|| scan::after(head, "SMTP-IN\t").and_then(first_ip)).or_else(|| before_sender(head));
    let recipient = recipient.or_else(|| queue_of(head));
    Reply {
        ip: client.as_deref().and_then(scan::ip),
        recipient_domain: recipient,
        remote_host: host.filter(|h| scan::host_like(h)),
        helo: whole(&["helo=", "ehlo="]).map(clean).filter(|h| !h.is_empty()),
        queue_id: whole(&["queue_id=", "queue-id=", "queueid=", "qid=", "msgid=", "message_id="]).map(clean),
        direction: client.map(|_| Direction::In),
        ..Reply::default()
    }
}

/// The first address in a text, as it is written there.
fn first_ip(text: &str) -> Option<String> {
    scan::ips(text).first().map(|found| found.ip.to_string())
}

/// The client's address in front of the sender's (`192.0.2.1 <a@b> to: c@d`) or the command (`[192.0.2.1] RCPT, a@b => c@d`).
fn before_sender(head: &str) -> Option<String> {
    let found = scan::ips(head).into_iter().next()?;
    let behind = head.get(found.span.end..)?;
    (behind.starts_with(" <") || behind.starts_with("] RCPT, ")).then(|| found.ip.to_string())
}

/// The domain whose queue a line of `CommuniGate Pro` speaks of (`SMTP-000123(dest.example) rsp: …`).
fn queue_of(head: &str) -> Option<String> {
    let (number, rest) = scan::after(head, "SMTP-")?.split_once('(')?;
    let domain = rest.split(')').next().filter(|domain| scan::host_like(domain))?;
    number.bytes().all(|b| b.is_ascii_digit()).then(|| domain.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::super::envelope;
    use super::*;

    #[test]
    fn unknown_servers_are_read_with_care() {
        let read = |raw: &str| read(&envelope::open(raw, 1));
        assert!(read("2024-05-01 10:11:12 [1] <-- 550 5.1.1 no such user").is_some());
        assert!(read("2024-05-01 10:11:12 mailer: rejected to=<a@example.org>: 554 no").is_some());
        assert!(read("2024-05-01 10:11:12 GET /x HTTP/1.1 404 512").is_none());
        assert!(read("2024-05-01 10:11:12 stored 550 of 600 mails").is_none());
    }
}
