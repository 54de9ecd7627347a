//! Postfix: smtpd and postscreen refusals, and what smtp and lmtp report about other servers.

use std::net::IpAddr;

use super::envelope::Line;
use super::{Hit, Weight};
use crate::evidence::findings::{Direction, Reply};
use crate::evidence::{reply, scan};

/// Reads one line.
pub(super) fn read(line: &Line<'_>) -> Option<Hit> {
    let (queue_id, message) = queue_id(line.message);
    refusal(message, queue_id, line.program)
        .or_else(|| delivery(message, queue_id))
        .or_else(|| remark(message, queue_id))
}

/// Whether a raw line is a refusal; for counting what is not kept.
pub(super) fn counts(raw: &str) -> bool {
    raw.contains("eject: ")
        || raw.contains("status=bounced")
        || raw.contains(" said: ")
        || raw.contains("refused to talk")
}

/// The queue id before a message (`NOQUEUE`, `4424441E46`, `4JgyGN3kgGzMCn`), and the message.
fn queue_id(message: &str) -> (Option<&str>, &str) {
    match message.split_once(": ") {
        Some((id, rest))
            if (4..=32).contains(&id.len())
                && id.bytes().all(|b| b.is_ascii_alphanumeric())
                && (id == "NOQUEUE" || id.bytes().any(|b| b.is_ascii_digit())) =>
        {
            (Some(id), rest)
        }
        _ => (None, message),
    }
}

/// `reject: RCPT from host[ip]: 554 5.7.1 …; from=<> to=<> proto=ESMTP helo=<>`, and milters and proxies.
fn refusal(message: &str, queue_id: Option<&str>, program: &str) -> Option<Hit> {
    let rest = ["reject: ", "milter-reject: ", "proxy-reject: ", "reject_warning: "]
        .iter()
        .find_map(|m| message.strip_prefix(m))?;
    let (head, tail) = split_attributes(rest);
    let content = head.starts_with("header ") || head.starts_with("body ");
    let cleanup = content || (program.ends_with("cleanup") && !head.starts_with("END-OF-MESSAGE from "));
    let (client, mut text) = if cleanup { (client_of(head), head) } else { client_and_text(head) };
    if cleanup && let Some((_, reason)) = tail.rsplit_once(">: ") {
        text = reason;
    }
    let known = Reply {
        ip: client,
        queue_id: queue_id.map(str::to_owned),
        recipient_domain: scan::between(tail, "to=<", ">").and_then(scan::domain_of),
        sender_domain: scan::between(tail, "from=<", ">").and_then(scan::domain_of),
        helo: scan::between(tail, "helo=<", ">").filter(|h| !h.is_empty()).map(str::to_owned),
        phase: head.split_whitespace().next().map(str::to_owned),
        direction: Some(Direction::In),
        ..Reply::default()
    };
    Some(Hit { known, text: text.to_owned(), mta: "Postfix", weight: Weight::Sure })
}

/// Splits a refusal from the attributes behind it.
fn split_attributes(rest: &str) -> (&str, &str) {
    let at = ["; from=<", "; to=<", "; proto=", "; client=", "; from="].iter().filter_map(|m| rest.find(m)).min();
    at.and_then(|at| rest.split_at_checked(at)).unwrap_or((rest, ""))
}

/// The client's address and the reply in `RCPT from host[ip]:port: reply`.
fn client_and_text(head: &str) -> (Option<IpAddr>, &str) {
    let Some((_, rest)) = head.split_once(" from ") else {
        return (None, head.split_once(": ").map_or(head, |(_, t)| t));
    };
    let Some((host, text)) = rest.split_once(']') else {
        return (None, rest.split_once(": ").map_or(rest, |(_, t)| t));
    };
    let ip = host.rsplit_once('[').and_then(|(_, ip)| scan::ip(ip));
    let coded = text.starts_with(' ') && reply::find_code(text.trim_start()).is_some_and(|code| code.start == 0);
    let text = text.split_once(": ").filter(|_| !coded).map_or(text.trim_start(), |(_, t)| t);
    (ip, text)
}

/// The client's address in `… from host[ip]` anywhere.
fn client_of(head: &str) -> Option<IpAddr> {
    let (_, rest) = head.rsplit_once(" from ")?;
    scan::between(rest, "[", "]").and_then(scan::ip)
}

/// `to=<>, relay=host[ip]:25, …, dsn=5.7.1, status=bounced (reason)`.
fn delivery(message: &str, queue_id: Option<&str>) -> Option<Hit> {
    let at = message.find("status=").filter(|at| *at == 0 || message.get(..*at).is_some_and(|h| h.ends_with(", ")))?;
    let (head, tail) = message.split_at_checked(at)?;
    let status = tail.strip_prefix("status=")?;
    let (word, reason) = status.split_once(" (").unwrap_or((status, ""));
    if !matches!(word.trim(), "bounced" | "deferred" | "undeliverable" | "expired") {
        return None;
    }
    let reason = reason.trim_end().strip_suffix(')').unwrap_or(reason);
    let told = said(reason);
    let final_word = word.trim() != "deferred" || telling(reason);
    let text = told.as_ref().map_or(reason, |s| s.text);
    let reached = told.is_some() || final_word;
    if !reached && !reason.contains("onnect") {
        return None;
    }
    let relay = scan::word_after(head, "relay=").and_then(host_and_ip);
    let (remote_host, remote_ip) =
        told.map(|s| (s.host, s.ip)).or_else(|| relay.map(|(h, ip)| (Some(h), ip))).unwrap_or_default();
    let known = Reply {
        queue_id: queue_id.map(str::to_owned),
        recipient_domain: scan::between(head, "to=<", ">").and_then(scan::domain_of),
        remote_host: remote_host.map(str::to_owned),
        remote_ip,
        dsn_status: scan::word_after(head, "dsn=").map(str::to_owned),
        direction: Some(Direction::Out),
        ..Reply::default()
    };
    Some(Hit {
        known,
        text: text.to_owned(),
        mta: "Postfix",
        weight: if reached { Weight::Sure } else { Weight::Trouble },
    })
}

/// Whether a deferral without a reply still tells of a refusal rather than of network trouble.
fn telling(reason: &str) -> bool {
    let low = reason.to_lowercase();
    [
        "tls is required",
        "tls handshake",
        "certificate",
        "starttls",
        "start tls",
        "mta-sts",
        "dane",
        "cannot authenticate",
        "sasl authentication failed",
    ]
    .iter()
    .any(|w| low.contains(w))
}

/// `host mx[ip] said: reply` as a line of its own.
fn remark(message: &str, queue_id: Option<&str>) -> Option<Hit> {
    if !message.starts_with("host ") {
        return None;
    }
    let told = said(message)?;
    let known = Reply {
        queue_id: queue_id.map(str::to_owned),
        remote_host: told.host.map(str::to_owned),
        remote_ip: told.ip,
        direction: Some(Direction::Out),
        ..Reply::default()
    };
    Some(Hit { known, text: told.text.to_owned(), mta: "Postfix", weight: Weight::Sure })
}

/// What another server said.
struct Said<'a> {
    /// Its name.
    host: Option<&'a str>,
    /// Its address.
    ip: Option<IpAddr>,
    /// Its reply.
    text: &'a str,
}

/// Reads `host mx[ip] said: …` and `host mx[ip] refused to talk to me: …`.
fn said(reason: &str) -> Option<Said<'_>> {
    let rest = scan::after(reason, "host ")?;
    let mark = [" said: ", " refused to talk to me: "]
        .into_iter()
        .filter_map(|m| rest.find(m).map(|at| (at, m.len())))
        .min()?;
    let (host, ip) = host_and_ip(rest.get(..mark.0)?).unwrap_or(("", None));
    Some(Said { host: Some(host).filter(|h| !h.is_empty()), ip, text: rest.get(mark.0 + mark.1..)? })
}

/// Name and address of `host[ip]:port`.
fn host_and_ip(text: &str) -> Option<(&str, Option<IpAddr>)> {
    let (host, rest) = text.split_once('[')?;
    let ip = rest.split(']').next().and_then(scan::ip);
    (!host.is_empty()).then_some((host, ip))
}

#[cfg(test)]
mod tests {
    use super::super::envelope;
    use super::*;

    fn hit(raw: &str) -> Option<Hit> {
        read(&envelope::open(raw, 1))
    }

    #[test]
    fn incoming_refusals_name_the_client() {
        let got = hit("May  1 10:11:12 mx postfix/smtpd[1]: NOQUEUE: reject: RCPT from a.example[192.0.2.1]: 450 4.7.1 <x>: Helo command rejected: Host not found; from=<a@example.com> to=<b@example.org> proto=SMTP helo=<x>").unwrap();
        assert_eq!(got.known.ip, scan::ip("192.0.2.1"));
        assert_eq!(got.known.helo.as_deref(), Some("x"));
        assert_eq!(got.text, "450 4.7.1 <x>: Helo command rejected: Host not found");
    }

    #[test]
    fn outgoing_refusals_name_the_server() {
        let got = hit("A1B2C3: to=<b@example.org>, relay=mx.example.org[198.51.100.1]:25, delay=1, dsn=5.1.1, status=bounced (host mx.example.org[198.51.100.1] said: 550 5.1.1 no (in reply to RCPT TO command))").unwrap();
        assert_eq!(got.known.remote_host.as_deref(), Some("mx.example.org"));
        assert_eq!(got.text, "550 5.1.1 no (in reply to RCPT TO command)");
        let trouble = hit(
            "A1B2C3: to=<b@example.org>, relay=none, dsn=4.4.1, status=deferred (connect to mx.example.org[198.51.100.1]:25: Connection timed out)",
        );
        assert_eq!(trouble.unwrap().weight, Weight::Trouble);
        assert!(hit("A1B2C3: to=<b@example.org>, relay=x[198.51.100.1]:25, dsn=2.0.0, status=sent (250 ok)").is_none());
    }

    #[test]
    fn cleanup_refusals_have_the_reason_at_the_end() {
        let got = hit("May  1 10:11:12 mx postfix/cleanup[1]: A1B2C3: reject: header Subject: x from a.example[192.0.2.1]; from=<a@example.com> to=<b@example.org> proto=SMTP helo=<x>: 5.7.1 no").unwrap();
        assert_eq!(got.text, "5.7.1 no");
        assert_eq!(got.known.ip, scan::ip("192.0.2.1"));
    }
}
