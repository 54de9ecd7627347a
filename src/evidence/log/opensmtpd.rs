//! `OpenSMTPD`: relays that failed, and refused clients, in its old and new forms.

use super::envelope::Line;
use super::{Hit, Memory, Weight};
use crate::evidence::findings::{Direction, Reply};
use crate::evidence::{reply, scan};

/// Reads one line.
pub(super) fn read(line: &Line<'_>, memory: &mut Memory) -> Option<Hit> {
    let message = line.message;
    if let Some(session) = connected(message) {
        let host = scan::word_after(message, "address=").unwrap_or("");
        memory.note(format!("smtpd {session}"), host.trim_matches('"'));
        return None;
    }
    relay(message).or_else(|| failed_command(message, memory))
}

/// The session of `2c… smtp connected address=192.0.2.1 host=…`.
fn connected(message: &str) -> Option<&str> {
    message.contains(" connected address=").then(|| message.split_whitespace().next()).flatten()
}

/// `relay: PermFail for ID: … stat=550 …`, and `evpid=ID … result="PermFail" stat="550 …"`.
fn relay(message: &str) -> Option<Hit> {
    let failed = ["PermFail", "TempFail"].iter().any(|w| message.contains(w));
    let text = scan::after(message, "stat=").filter(|_| failed)?;
    reply::find_code(text)?;
    let old = scan::after(message, "Fail for ").and_then(|r| r.split(':').next());
    let id = old.or_else(|| scan::word_after(message, "evpid="));
    let relay = scan::after(message, "relay=").unwrap_or("").trim_start_matches('"');
    let shown = relay.split([',', '"']).next().unwrap_or("");
    let (address, host) = shown.split_once(" (").map_or((shown, None), |(a, h)| (a, Some(h.trim_end_matches(')'))));
    let recipient = scan::between(message, " to=<", ">").or_else(|| scan::word_after(message, " to="));
    let known = Reply {
        queue_id: id.map(str::to_owned),
        recipient_domain: recipient.and_then(scan::domain_of),
        remote_ip: scan::ip(address),
        remote_host: host.filter(|h| !h.is_empty()).map(str::to_owned),
        direction: Some(Direction::Out),
        ..Reply::default()
    };
    Some(Hit { known, text: text.trim_matches('"').to_owned(), mta: "OpenSMTPD", weight: Weight::Sure })
}

/// `2c… smtp failed-command command="RCPT TO:<a@b>" result="550 Invalid recipient"`.
fn failed_command(message: &str, memory: &Memory) -> Option<Hit> {
    if !message.contains("failed-command") {
        return None;
    }
    let text = scan::after(message, "result=")?.trim_start_matches('"');
    let text = text.split_once("\" ").map_or(text, |(text, _)| text);
    let at = reply::find_code(text).filter(|c| c.code != 535 && c.code != 500 && c.code != 502)?;
    let session = message.split_whitespace().next().unwrap_or("");
    let address = scan::word_after(message, "address=").map(|a| a.trim_matches('"').to_owned());
    let address = address.or_else(|| memory.get(&format!("smtpd {session}")).map(str::to_owned));
    let command = scan::between(message, "command=\"", "\"").unwrap_or("");
    let known = Reply {
        ip: address.as_deref().and_then(scan::ip),
        queue_id: Some(session.to_owned()).filter(|s| s.len() == 16),
        recipient_domain: scan::address(command)
            .filter(|_| command.to_ascii_uppercase().starts_with("RCPT"))
            .and_then(scan::domain_of),
        phase: command.split([':', ' ']).next().map(str::to_owned),
        direction: Some(Direction::In),
        ..Reply::default()
    };
    Some(Hit {
        known,
        text: text.get(at.start..)?.trim_end_matches('"').to_owned(),
        mta: "OpenSMTPD",
        weight: Weight::Sure,
    })
}

#[cfg(test)]
mod tests {
    use super::super::envelope;
    use super::*;

    #[test]
    fn relays_and_clients() {
        let mut memory = Memory::default();
        let line = "May  1 10:11:12 mx smtpd[1]: 0123456789abcdef mta delivery evpid=fedcba9876543210 from=<a@example.com> to=<b@example.org> rcpt=<-> source=\"192.0.2.1\" relay=\"198.51.100.1 (mx.example.org)\" delay=1s result=\"PermFail\" stat=\"550 5.1.1 no\"";
        let got = read(&envelope::open(line, 1), &mut memory).unwrap();
        assert_eq!(got.known.remote_host.as_deref(), Some("mx.example.org"));
        assert_eq!(got.known.queue_id.as_deref(), Some("fedcba9876543210"));
        read(
            &envelope::open(
                "May  1 10:11:12 mx smtpd[1]: 0123456789abcdef smtp connected address=192.0.2.9 host=x.example",
                2,
            ),
            &mut memory,
        );
        let line = "May  1 10:11:12 mx smtpd[1]: 0123456789abcdef smtp failed-command command=\"RCPT TO:<b@example.org>\" result=\"550 Invalid recipient\"";
        assert_eq!(read(&envelope::open(line, 3), &mut memory).unwrap().known.ip, scan::ip("192.0.2.9"));
    }
}
