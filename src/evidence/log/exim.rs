//! Exim: main log and reject log.

use std::net::IpAddr;

use super::envelope::Line;
use super::{Hit, Weight};
use crate::evidence::findings::{Direction, Reply};
use crate::evidence::{reply, scan};

/// Reads one line.
pub(super) fn read(line: &Line<'_>) -> Option<Hit> {
    let message = without_pid(line.message);
    let (queue_id, message) = match message.split_once(' ') {
        Some((id, rest)) if is_id(id) => (Some(id), rest),
        _ => (None, message),
    };
    delivery(message, queue_id)
        .or_else(|| remark(message, queue_id))
        .or_else(|| dropped(message, queue_id))
        .or_else(|| refusal(message, queue_id, line))
}

/// The message without the process id that Exim can log (`[14127] `).
fn without_pid(message: &str) -> &str {
    match message.strip_prefix('[').and_then(|m| m.split_once("] ")) {
        Some((pid, rest)) if !pid.is_empty() && pid.bytes().all(|b| b.is_ascii_digit()) => rest,
        _ => message,
    }
}

/// Whether a word is a message id: `1Ai79e-0000Dq-8i` or, since 4.97, `10HmaX-000000005vi-0000`.
pub(super) fn is_id(word: &str) -> bool {
    let parts: Vec<usize> = word.split('-').map(str::len).collect();
    matches!(parts.as_slice(), [6, 6, 2] | [6, 11, 4]) && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// `** a@b R=… T=… H=host [ip]: reason` and `== a@b … defer (…): reason`.
fn delivery(message: &str, queue_id: Option<&str>) -> Option<Hit> {
    let failed = message.strip_prefix("** ");
    let rest = failed.or_else(|| message.strip_prefix("== "))?;
    let (address, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let spoken = remote_reply(rest);
    let given_up = failed.is_some() && !own_verdict(rest) && !rest.contains("discard");
    let insecure = failed.is_none() && spoken.is_none() && wants_tls(rest);
    let unreachable = spoken.is_none() && !insecure && (given_up || failed.is_none() && refused_by_network(rest));
    let decided = insecure || failed.is_some() && own_verdict(rest);
    if spoken.is_none() && !unreachable && !decided {
        return None;
    }
    let (remote_host, remote_ip) = remote(rest);
    let listed = rest.strip_prefix('<').and_then(|r| r.split_once('>')).map_or(address, |(a, _)| a);
    let known = Reply {
        queue_id: queue_id.map(str::to_owned),
        recipient_domain: scan::domain_of(listed),
        remote_host: remote_host.map(str::to_owned),
        remote_ip,
        phase: scan::between(rest, "mail server after ", ":").map(|p| scan::truncated(p, 60).to_owned()),
        direction: Some(Direction::Out),
        ..Reply::default()
    };
    let text = spoken.unwrap_or_else(|| rest.rsplit_once(": ").map_or(rest, |(_, t)| t));
    Some(Hit {
        known,
        text: text.to_owned(),
        mta: "Exim",
        weight: if unreachable { Weight::Trouble } else { Weight::Sure },
    })
}

/// `H=mx.example [ip]: SMTP error from remote mail server after …: 451 …`, which a `==` or `**` line usually follows.
fn remark(message: &str, queue_id: Option<&str>) -> Option<Hit> {
    let bare = message.starts_with("H=") || message.starts_with("SMTP error from remote mail");
    let text = remote_reply(message).filter(|_| bare && message.contains("SMTP error from remote mail"))?;
    let (remote_host, remote_ip) = remote(message);
    let known = Reply {
        queue_id: queue_id.map(str::to_owned),
        recipient_domain: scan::between(message, "RCPT TO:<", ">").and_then(scan::domain_of),
        remote_host: remote_host.map(str::to_owned),
        remote_ip,
        direction: Some(Direction::Out),
        ..Reply::default()
    };
    Some(Hit { known, text: text.to_owned(), mta: "Exim", weight: Weight::Repeated })
}

/// The remote server's reply behind Exim's words about it.
fn remote_reply(rest: &str) -> Option<&str> {
    let marks = [
        "SMTP error from remote mail server",
        "SMTP error from remote mailer",
        "SMTP error from ",
        "LMTP error after ",
        "LMTP error from remote",
    ];
    let told = marks
        .iter()
        .find_map(|m| scan::after(rest, m))
        .or_else(|| (rest.contains("H=") || rest.contains(": 550 ")).then_some(rest))?;
    let at = reply::find_code(told)?;
    told.get(at.start..)
}

/// Whether a failure without a reply is Exim's own verdict about the message, not network trouble.
fn own_verdict(rest: &str) -> bool {
    let low = rest.to_lowercase();
    let network = [
        "retry time",
        "retry timeout",
        "host lookup",
        "timed out",
        "connection refused",
        "no route to host",
        "lowest numbered mx",
        "all hosts",
        "all relevant mx",
        "failing for a long time",
        "network",
        "dns",
        "discard",
    ];
    !network.iter().any(|n| low.contains(n))
}

/// Whether a deferral tells of a host that could not be reached, rather than of an earlier failure.
fn refused_by_network(rest: &str) -> bool {
    ["No route to host", "Connection refused", "Connection timed out", "Connection reset", "TLS session", "A TLS"]
        .iter()
        .any(|w| rest.contains(w))
}

/// Whether a deferral says that the other server would not talk with encryption, which the sender asks for.
fn wants_tls(rest: &str) -> bool {
    ["a TLS session is required", "A TLS packet", "TLS session: (", "DANE required", "MTA-STS"]
        .iter()
        .any(|w| rest.contains(w))
}

/// `SMTP call from … dropped: …`, `SMTP connection from … closed by DROP in ACL`, protocol faults, `dropped by 'connect' ACL`.
fn dropped(message: &str, queue_id: Option<&str>) -> Option<Hit> {
    let call = message.starts_with("SMTP call from ") && message.contains(" dropped: ");
    let closed = message.starts_with("SMTP connection from ") && message.contains(" in ACL");
    let fault = message.starts_with("SMTP protocol ") && message.contains("rejected ");
    let acl = message.starts_with("H=") && message.contains(" dropped by ");
    if !(call || closed || fault || acl) {
        return None;
    }
    let client = if call || closed { scan::after(message, " from ")? } else { scan::after(message, "H=")? };
    let (_, ip) = greeting_and_ip(client);
    let helo = scan::between(client, "(", ")").filter(|_| client.find('(') < client.find('['));
    let known = Reply {
        ip,
        queue_id: queue_id.map(str::to_owned),
        helo: helo.map(str::to_owned),
        category: Some(crate::evidence::findings::Category::Policy),
        direction: Some(Direction::In),
        ..Reply::default()
    };
    Some(Hit { known, text: message.to_owned(), mta: "Exim", weight: Weight::Sure })
}

/// Name and address of the remote server: `H=mx.example [192.0.2.1]` or `host mx.example [192.0.2.1]`.
fn remote(rest: &str) -> (Option<&str>, Option<IpAddr>) {
    let Some(tail) = scan::after(rest, "H=").or_else(|| scan::after(rest, " host ")) else {
        return (None, None);
    };
    let host = tail.split([' ', ':']).next().unwrap_or("");
    let ip = scan::between(tail, "[", "]").and_then(scan::ip);
    (Some(host).filter(|h| !h.is_empty() && !h.starts_with('[')), ip)
}

/// Signs that a line tells of a refused client.
const VERBS: &[&str] = &[" rejected ", "rejected connection", "temporarily rejected "];

/// `H=host (helo) [ip]:port … rejected RCPT <a@b>: reason`.
fn refusal(message: &str, queue_id: Option<&str>, line: &Line<'_>) -> Option<Hit> {
    let named = line.program.contains("exim") || line.program.is_empty();
    let at =
        VERBS.iter().filter_map(|v| message.find(v)).min().or_else(|| message.starts_with("rejected ").then_some(0))?;
    let (head, tail) = message.split_at_checked(at)?;
    let called = || scan::after(message, "rejected connection").and_then(|rest| scan::after(rest, " from "));
    let greeted =
        || message.split_once("HLO from ").or_else(|| message.split_once("HELO from ")).map(|(_, client)| client);
    let client = scan::after(message, "H=").or_else(greeted).or_else(called).filter(|_| named)?;
    let tail = tail.trim_start();
    let (command, reason) = tail.split_once(": ").unwrap_or((tail, ""));
    let reason = if reason.is_empty() { command } else { reason };
    let (helo, ip) = greeting_and_ip(client);
    if command.contains("AUTH") {
        return None;
    }
    let refused_greeting =
        command.split_once("LO or EHLO ").or_else(|| command.split_once("LO or HELO ")).map(|(_, name)| name);
    let helo = helo.or(refused_greeting.map(str::trim).filter(|name| !name.is_empty() && !name.contains(' ')));
    let known = Reply {
        ip,
        queue_id: queue_id.map(str::to_owned),
        helo: helo.map(str::to_owned),
        recipient_domain: command.contains("RCPT").then(|| scan::domain_of(command)).flatten(),
        sender_domain: scan::word_after(head, "F=").and_then(scan::domain_of),
        phase: command.split_whitespace().find(|w| w.bytes().all(|b| b.is_ascii_uppercase())).map(str::to_owned),
        direction: Some(Direction::In),
        ..Reply::default()
    };
    let text = if command.contains("local_scan") {
        format!("{reason} ({command})")
    } else if reason.len() < 4 {
        command.to_owned()
    } else {
        reason.to_owned()
    };
    Some(Hit { known, text, mta: "Exim", weight: Weight::Sure })
}

/// The greeting and the address in `host (helo) [ip]:port`; a bare host is the greeting too.
fn greeting_and_ip(client: &str) -> (Option<&str>, Option<IpAddr>) {
    let (host, rest) = if let Some(inner) = client.strip_prefix('(') {
        ("", inner.split_once(") ").unwrap_or((inner, "")))
    } else {
        let (host, rest) = client.split_once(' ').unwrap_or((client, ""));
        let greeting = rest.strip_prefix('(').and_then(|r| r.split_once(") "));
        (host, greeting.unwrap_or(("", rest)))
    };
    let (helo, tail) = rest;
    let bracket = if host.starts_with('[') { host } else { tail };
    let ip = scan::between(bracket, "[", "]").or_else(|| scan::between(client, " [", "]")).and_then(scan::ip);
    let named = Some(host).filter(|h| !h.is_empty() && !h.starts_with('['));
    (Some(helo).filter(|h| !h.is_empty()).or(named), ip)
}

#[cfg(test)]
mod tests {
    use super::super::envelope;
    use super::*;

    fn hit(raw: &str) -> Option<Hit> {
        read(&envelope::open(raw, 1))
    }

    #[test]
    fn refusals_of_clients() {
        let got = hit("2024-05-01 10:11:12 [77] H=a.example (b.example) [192.0.2.1]:3755 I=[198.51.100.4]:25 F=<c@example.com> rejected RCPT <d@example.org>: relay not permitted").unwrap();
        assert_eq!((got.known.ip, got.known.helo.as_deref()), (scan::ip("192.0.2.1"), Some("b.example")));
        assert_eq!(got.text, "relay not permitted");
        let got = hit("2024-05-01 10:11:12 H=([192.0.2.7]) [192.0.2.1] rejected EHLO or HELO x: no").unwrap();
        assert_eq!((got.known.ip, got.known.helo.as_deref()), (scan::ip("192.0.2.1"), Some("[192.0.2.7]")));
        let got = hit("2024-05-01 10:11:12 H=[192.0.2.1] F=<> temporarily rejected RCPT <d@example.org>: greylisted")
            .unwrap();
        assert_eq!((got.known.ip, got.known.helo.as_deref()), (scan::ip("192.0.2.1"), None));
    }

    #[test]
    fn refusals_by_servers() {
        let got = hit("2024-05-01 10:11:12 1Ai79e-0000Dq-8i ** d@example.org R=dnslookup T=remote_smtp H=mx.example.org [198.51.100.1]: SMTP error from remote mail server after RCPT TO:<d@example.org>: 550 no").unwrap();
        assert_eq!(got.text, "550 no");
        assert_eq!(got.known.remote_ip, scan::ip("198.51.100.1"));
        assert!(hit("2024-05-01 10:11:12 1Ai79e-0000Dq-8i == d@example.org R=dnslookup T=remote_smtp defer (-53): retry time not reached for any host").is_none());
    }
}
