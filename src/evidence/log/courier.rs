//! Courier: courieresmtpd refuses clients, courieresmtp reports other servers.

use super::envelope::Line;
use super::{Hit, Weight};
use crate::evidence::findings::{Category, Direction, Reply};
use crate::evidence::{reply, scan};

/// Reads one line.
pub(super) fn read(line: &Line<'_>) -> Option<Hit> {
    if !line.program.contains("courier") && !line.message.contains("courieresmtp") {
        return None;
    }
    let spoken = line.message.rmatch_indices(": ").find(|(at, _)| {
        line.message.get(at + 2..).is_some_and(|rest| reply::find_code(rest).is_some_and(|code| code.start == 0))
    });
    let at = spoken.map(|(at, _)| at + 2).or_else(|| reply::find_code(line.message).map(|code| code.start))?;
    let (head, text) = line.message.split_at_checked(at)?;
    if head.contains("error,relay=") || line.program.contains("smtpd") {
        incoming(head, text)
    } else {
        outgoing(head, text)
    }
}

/// `error,relay=::ffff:192.0.2.1,from=<a@b>,to=<c@d>: 550 User unknown.`
fn incoming(head: &str, text: &str) -> Option<Hit> {
    let relay = scan::after(head, "relay=")?;
    let ip = relay.split(',').next().and_then(scan::ip);
    let known = Reply {
        ip,
        recipient_domain: scan::between(head, "to=<", ">").and_then(scan::domain_of),
        sender_domain: scan::between(head, "from=<", ">").and_then(scan::domain_of),
        category: text.starts_with("517").then_some(Category::Policy),
        direction: Some(Direction::In),
        ..Reply::default()
    };
    Some(Hit { known, text: text.to_owned(), mta: "Courier", weight: Weight::Sure })
}

/// `id=…,from=<a@b>,addr=<c@d>: 550 no`.
fn outgoing(head: &str, text: &str) -> Option<Hit> {
    let id = scan::word_after(head, "id=")?;
    let known = Reply {
        queue_id: Some(id.to_owned()),
        recipient_domain: scan::between(head, "addr=<", ">").and_then(scan::domain_of),
        direction: Some(Direction::Out),
        ..Reply::default()
    };
    Some(Hit { known, text: text.to_owned(), mta: "Courier", weight: Weight::Sure })
}

#[cfg(test)]
mod tests {
    use super::super::envelope;
    use super::*;

    #[test]
    fn clients_are_named_by_relay() {
        let got = read(&envelope::open("May  1 10:11:12 mx courieresmtpd: error,relay=::ffff:192.0.2.1,from=<a@example.com>,to=<b@example.org>: 550 User unknown.", 1)).unwrap();
        assert_eq!(got.known.ip, scan::ip("192.0.2.1"));
        assert_eq!(got.text, "550 User unknown.");
    }
}
