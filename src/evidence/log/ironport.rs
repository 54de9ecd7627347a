//! Cisco's mail gateway (`IronPort`): connections (`ICID`) that were refused, recipients that were refused, and bounces (`DCID`).

use super::envelope::Line;
use super::{Hit, Memory, Weight};
use crate::evidence::findings::{Category, Direction, Reply};
use crate::evidence::scan;

/// Reads one line.
pub(super) fn read(line: &Line<'_>, memory: &mut Memory) -> Option<Hit> {
    let message = line.message;
    bounced(message).or_else(|| {
        let (number, told) = connection(message)?;
        if let Some(client) = scan::word_after(told, " address ").filter(|_| message.contains("New SMTP ICID ")) {
            memory.note(format!("icid {number}"), client);
            return None;
        }
        refused(told, memory.get(&format!("icid {number}")))
    })
}

/// The number of the connection that a line speaks of, and what follows it.
fn connection(message: &str) -> Option<(&str, &str)> {
    let rest = scan::after(message, "ICID ")?;
    let (number, told) = rest.split_at_checked(rest.find(' ')?)?;
    (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())).then_some((number, told))
}

/// ` REJECT SG BLOCKED match … SBRS -4.2` and ` Address: … To: <a@b> rejected by RAT`.
fn refused(told: &str, client: Option<&str>) -> Option<Hit> {
    let group = told.starts_with(" REJECT SG ") || told.starts_with(" TCPREFUSE SG ");
    let recipient = told.starts_with(" To: ") || told.starts_with(" Address: ");
    if !(group || recipient && told.contains(" rejected")) {
        return None;
    }
    let named = scan::ips(told).first().map(|found| found.ip).filter(|_| recipient);
    let known = Reply {
        ip: named.or_else(|| client.and_then(scan::ip)),
        recipient_domain: scan::word_after(told, "To: ").and_then(scan::domain_of),
        direction: Some(Direction::In),
        category: group.then_some(Category::IpBlock),
        ..Reply::default()
    };
    let text = scan::after(told, "reply ").unwrap_or(told.trim_start());
    Some(Hit { known, text: text.to_owned(), mta: "IronPort", weight: Weight::Sure })
}

/// `Info: Bounced: DCID 1 MID 2 to RID 0 - 5.1.1 - … ('550', ['5.1.1 no such user'])`.
fn bounced(message: &str) -> Option<Hit> {
    let at = message.find("Bounced: DCID ").or_else(|| message.find("Delayed: DCID "))?;
    let (head, told) = message.get(at..)?.split_once("('")?;
    let (code, rest) = told.split_once("', ['").or_else(|| told.split_once("', [\""))?;
    let (lines, behind) = rest.split_once("])").unwrap_or((rest, ""));
    let text = lines.trim_end_matches([']', ')', '\'', '"', ' ']).replace("', '", " ");
    let known = Reply {
        queue_id: scan::word_after(head, " MID ").map(str::to_owned),
        recipient_domain: scan::after(behind, "to <").and_then(scan::domain_of),
        direction: Some(Direction::Out),
        ..Reply::default()
    };
    let digits = code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| Hit { known, text: format!("{code} {text}"), mta: "IronPort", weight: Weight::Sure })
}
