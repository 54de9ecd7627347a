//! qmail and its kin (netqmail, s6, Plesk): qmail-send deliveries, rblsmtpd, qmail-smtpd, greylisting.

use super::envelope::Line;
use super::{Hit, Memory, Weight};
use crate::evidence::findings::{Category, Direction, Reply};
use crate::evidence::{reply, scan};

/// Reads one line.
pub(super) fn read(line: &Line<'_>, memory: &mut Memory) -> Option<Hit> {
    let message = line.message;
    if let Some(rest) = scan::after(message, "starting delivery ") {
        remember(rest, memory);
        return None;
    }
    delivery(message, memory).or_else(|| rblsmtpd(line)).or_else(|| plesk(line)).or_else(|| smtpd(line))
}

/// Remembers recipient and message of `starting delivery 7: msg 12 to remote a@b`.
fn remember(rest: &str, memory: &mut Memory) {
    if let (Some((number, behind)), Some((_, address))) = (rest.split_once(':'), rest.rsplit_once(' ')) {
        memory.note(format!("qmail {number}"), address);
        let message = scan::word_after(behind, "msg ").filter(|id| id.bytes().all(|b| b.is_ascii_digit()));
        if let Some(id) = message {
            memory.note(format!("qmail message {number}"), id);
        }
    }
}

/// `delivery 7: failure: 192.0.2.1_does_not_like_recipient./Remote_host_said:_550_no/`.
fn delivery(message: &str, memory: &Memory) -> Option<Hit> {
    let rest = scan::after(message, "delivery ")?;
    let (number, rest) = rest.split_once(": ")?;
    let told = rest.strip_prefix("failure: ").or_else(|| rest.strip_prefix("deferral: "))?;
    if !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let words = told.replace("_/", " /").replace('_', " ");
    let said = scan::after(&words, "Remote host said: ")
        .map(|t| t.trim_end_matches('/').replace('/', "\n").replace(":\n\n", "://"));
    let deferred = rest.starts_with("deferral");
    if said.is_none() && deferred {
        return None;
    }
    let known = Reply {
        remote_ip: scan::ips(words.split("Remote host said").next().unwrap_or("")).first().map(|f| f.ip),
        recipient_domain: memory.get(&format!("qmail {number}")).and_then(scan::domain_of),
        queue_id: memory.get(&format!("qmail message {number}")).map(str::to_owned),
        direction: Some(Direction::Out),
        ..Reply::default()
    };
    Some(Hit { known, text: said.unwrap_or(words), mta: "qmail", weight: Weight::Sure })
}

/// `rblsmtpd: 192.0.2.1 pid 597: 451 http://…`.
fn rblsmtpd(line: &Line<'_>) -> Option<Hit> {
    let rest = if line.program == "rblsmtpd" { line.message } else { scan::after(line.message, "rblsmtpd: ")? };
    if let Some((zone, blocked)) = rest.split_once(" blocked ") {
        return listed(zone, blocked);
    }
    let (head, text) = rest.split_once(": ")?;
    let found = reply::find_code(text).is_some();
    let ip = scan::ips(head).first().map(|f| f.ip)?;
    let known =
        Reply { ip: Some(ip), category: Some(Category::Rbl), direction: Some(Direction::In), ..Reply::default() };
    found.then(|| Hit { known, text: text.to_owned(), mta: "qmail", weight: Weight::Sure })
}

/// `rblsmtpd: zone blocked 192.0.2.1 name -`.
fn listed(zone: &str, blocked: &str) -> Option<Hit> {
    let ip = blocked.split_whitespace().next().and_then(scan::ip)?;
    let known =
        Reply { ip: Some(ip), category: Some(Category::Rbl), direction: Some(Direction::In), ..Reply::default() };
    Some(Hit { known, text: format!("{zone} blocked {blocked}"), mta: "qmail", weight: Weight::Sure })
}

/// Plesk's greylisting: `list type: black, from: host, match string: …`.
fn plesk(line: &Line<'_>) -> Option<Hit> {
    let greylisting = line.program.contains("greylist") || line.program.contains("grey");
    let listed = scan::after(line.message, "list type: black")?;
    let known = Reply { category: Some(Category::Policy), direction: Some(Direction::In), ..Reply::default() };
    greylisting.then(|| Hit {
        known,
        text: format!("list type: black{listed}"),
        mta: "Plesk (qmail)",
        weight: Weight::Sure,
    })
}

/// `qmail-smtpd[12]: … 550 sorry …` of the usual patches, with the client's address in the line.
fn smtpd(line: &Line<'_>) -> Option<Hit> {
    let named = line.program.contains("qmail-smtpd") || line.message.contains("qmail-smtpd");
    let at = reply::find_code(line.message).filter(|_| named);
    let text = match at {
        Some(code) => line.message.get(code.start..)?,
        None if named
            && [
                "badhelo",
                "badmailfrom",
                "badrcptto",
                "invalid rcpt",
                "nogooddomain",
                "bogus",
                " rejected",
                "denied",
            ]
            .iter()
            .any(|w| line.message.contains(w)) =>
        {
            line.message
        }
        None => return None,
    };
    if text.contains("auth") || line.message.contains("CHKUSER accepted") {
        return None;
    }
    let head = at.map_or(line.message, |c| line.message.get(..c.start).unwrap_or(""));
    let checked = scan::between(line.message, "remote <", ">").unwrap_or("");
    let known = Reply {
        ip: scan::ips(head).first().map(|f| f.ip),
        recipient_domain: scan::between(line.message, "rcpt <", ">").and_then(scan::domain_of),
        sender_domain: scan::between(line.message, "from <", ">").and_then(scan::domain_of),
        helo: checked.split(':').next().filter(|helo| !helo.is_empty()).map(str::to_owned),
        direction: Some(Direction::In),
        ..Reply::default()
    };
    Some(Hit { known, text: text.to_owned(), mta: "qmail", weight: Weight::Sure })
}

#[cfg(test)]
mod tests {
    use super::super::envelope;
    use super::*;

    #[test]
    fn deliveries_remember_their_recipient() {
        let mut memory = Memory::default();
        assert!(
            read(
                &envelope::open(
                    "May  1 10:11:12 mx qmail: 1714.2 starting delivery 7: msg 12 to remote a@example.org",
                    1
                ),
                &mut memory
            )
            .is_none()
        );
        let got = read(&envelope::open("May  1 10:11:12 mx qmail: 1714.3 delivery 7: failure: 198.51.100.1_does_not_like_recipient./Remote_host_said:_550_5.1.1_no_such_user/Giving_up_on_198.51.100.1./", 2), &mut memory).unwrap();
        assert_eq!(got.known.recipient_domain.as_deref(), Some("example.org"));
        assert!(got.text.starts_with("550 5.1.1 no such user"), "{}", got.text);
        assert_eq!(got.known.remote_ip, scan::ip("198.51.100.1"));
    }
}
