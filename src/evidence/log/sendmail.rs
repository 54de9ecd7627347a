//! Sendmail: `reject=`, `stat=`, and refusals of unknown users.

use std::net::IpAddr;

use super::envelope::Line;
use super::{Hit, Weight};
use crate::evidence::findings::{Category, Direction, Reply};
use crate::evidence::{reply, scan};

/// Reads one line.
pub(super) fn read(line: &Line<'_>) -> Option<Hit> {
    let (queue_id, message) = queue_id(line.message);
    let known = Reply { queue_id: queue_id.map(str::to_owned), ..Reply::default() };
    rejected(message, known.clone())
        .or_else(|| delivery(message, known.clone()))
        .or_else(|| unknown_user(message, known.clone()))
        .or_else(|| talked_early(message, known.clone()))
        .or_else(|| wrapped_away(message, known))
}

/// The queue id before a message (`s1N706jo003992:`), and the message.
fn queue_id(message: &str) -> (Option<&str>, &str) {
    match message.split_once(": ") {
        Some((id, rest))
            if (8..=20).contains(&id.len())
                && id.bytes().all(|b| b.is_ascii_alphanumeric())
                && id.bytes().filter(u8::is_ascii_digit).count() >= 4 =>
        {
            (Some(id), rest)
        }
        _ => (None, message),
    }
}

/// `ruleset=check_rcpt, arg1=<a@b>, relay=host [ip], reject=550 5.7.1 …` and milters.
fn rejected(message: &str, known: Reply) -> Option<Hit> {
    let (head, text) = message.split_once("reject=")?;
    let ruled = head.contains("ruleset=")
        || head.to_ascii_lowercase().contains("milter")
        || head.contains("relay=")
        || head.contains("arg1=");
    if !ruled {
        return None;
    }
    let argument = scan::between(head, "arg1=", ",").unwrap_or("");
    let recipient = if head.contains("check_rcpt") { Some(argument) } else { scan::between(head, "to=", ",") };
    let known = Reply {
        ip: relay_ip(head),
        recipient_domain: recipient.and_then(scan::domain_of),
        sender_domain: Some(argument).filter(|_| head.contains("check_mail")).and_then(scan::domain_of),
        direction: Some(Direction::In),
        ..known
    };
    Some(Hit { known, text: text.to_owned(), mta: "Sendmail", weight: Weight::Sure })
}

/// The client's address in `relay=host [ip] (may be forged)`.
fn relay_ip(head: &str) -> Option<IpAddr> {
    let relay = head.rsplit_once("relay=").map(|(_, r)| r)?;
    scan::between(relay, "[", "]").and_then(scan::ip)
}

/// `to=<>, …, relay=host. [ip], dsn=5.1.1, stat=User unknown`.
fn delivery(message: &str, known: Reply) -> Option<Hit> {
    let (head, stat) = message.split_once(", stat=")?;
    let (head, text) =
        head.split_once(", reply=").filter(|(_, said)| reply::find_code(said).is_some()).unwrap_or((head, stat));
    if !["mailer=", "dsn=", "xdelay="].iter().any(|m| head.contains(m)) {
        return None;
    }
    let done = [
        "Sent",
        "queued",
        "Deferred: Connection",
        "Deferred: Name server",
        "Deferred: Operation timed",
        "Deferred: No route",
    ];
    if done.iter().any(|d| stat.starts_with(d)) || text.trim() == "Deferred" {
        return None;
    }
    let relay = scan::after(head, "relay=").unwrap_or("");
    let host = relay.split([' ', ',', '[']).next().unwrap_or("").trim_end_matches('.');
    let status = scan::word_after(head, "dsn=");
    let spoken = reply::find_code(text).is_some();
    let known = Reply {
        recipient_domain: scan::after(head, "to=").and_then(|t| scan::domain_of(t.split(',').next()?)),
        remote_host: scan::host_like(host).then(|| host.to_owned()),
        remote_ip: scan::between(relay, "[", "]").and_then(scan::ip),
        dsn_status: status.map(str::to_owned),
        enhanced_status: status.filter(|_| !spoken).map(str::to_owned),
        direction: Some(Direction::Out),
        ..known
    };
    Some(Hit { known, text: text.to_owned(), mta: "Sendmail", weight: Weight::Sure })
}

/// `tcpwrappers (host, 192.0.2.1) rejection`, when the tables of TCP wrappers deny a client.
fn wrapped_away(message: &str, known: Reply) -> Option<Hit> {
    let message = message.strip_prefix("NOQUEUE: ").unwrap_or(message);
    let client = scan::between(message.strip_prefix("tcpwrappers (")?, ", ", ") rejection").and_then(scan::ip)?;
    let known = Reply { ip: Some(client), category: Some(Category::Policy), direction: Some(Direction::In), ..known };
    Some(Hit { known, text: message.to_owned(), mta: "Sendmail", weight: Weight::Sure })
}

/// `rejecting commands from host [ip] due to pre-greeting traffic`.
fn talked_early(message: &str, known: Reply) -> Option<Hit> {
    let client = message.strip_prefix("rejecting commands from ")?;
    let ip = scan::between(client, "[", "]").and_then(scan::ip);
    let known = Reply { ip, direction: Some(Direction::In), category: Some(Category::Policy), ..known };
    Some(Hit { known, text: message.to_owned(), mta: "Sendmail", weight: Weight::Sure })
}

/// `<a@b>... User unknown` on the receiving side.
fn unknown_user(message: &str, known: Reply) -> Option<Hit> {
    let (address, text) = message.split_once(">... ")?;
    if !address.starts_with('<') || !text.starts_with("User unknown") {
        return None;
    }
    let known = Reply { recipient_domain: scan::domain_of(address), direction: Some(Direction::In), ..known };
    Some(Hit { known, text: text.to_owned(), mta: "Sendmail", weight: Weight::Sure })
}

#[cfg(test)]
mod tests {
    use super::super::envelope;
    use super::*;

    #[test]
    fn rulesets_and_deliveries() {
        let line = "May  1 10:11:12 mx sm-mta[1]: s1N706jo003992: ruleset=check_rcpt, arg1=<a@example.org>, relay=h.example [192.0.2.1] (may be forged), reject=550 5.7.1 <a@example.org>... Relaying denied";
        let got = read(&envelope::open(line, 1)).unwrap();
        assert_eq!(got.known.ip, scan::ip("192.0.2.1"));
        assert_eq!(got.known.queue_id.as_deref(), Some("s1N706jo003992"));
        let line = "May  1 10:11:12 mx sm-mta[1]: s1N706jo003992: to=<a@example.org>, delay=00:00:01, mailer=esmtp, pri=1, relay=mx.example.org. [198.51.100.1], dsn=5.1.1, stat=User unknown";
        let got = read(&envelope::open(line, 1)).unwrap();
        assert_eq!(got.known.enhanced_status.as_deref(), Some("5.1.1"));
        assert_eq!(got.known.remote_host.as_deref(), Some("mx.example.org"));
        assert!(
            read(&envelope::open(
                "s1N706jo003992: to=<a@example.org>, relay=x. [198.51.100.1], dsn=2.0.0, stat=Sent (ok)",
                1
            ))
            .is_none()
        );
    }
}
