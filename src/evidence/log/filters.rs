//! Filters in front of or beside a mail server: spamdyke, amavis, Cisco's mail gateway.

use super::envelope::Line;
use super::{Hit, Weight};
use crate::evidence::findings::{Category, Direction, Reply};
use crate::evidence::scan;

/// Reads one line.
pub(super) fn read(line: &Line<'_>) -> Option<Hit> {
    spamdyke(line).or_else(|| amavis(line)).or_else(|| gateway(line.message))
}

/// `DENIED_RDNS_MISSING from: a@b to: c@d origin_ip: 192.0.2.1 origin_rdns: … reason: …`.
fn spamdyke(line: &Line<'_>) -> Option<Hit> {
    let message = line.message.strip_prefix("DENIED_").filter(|_| line.program.contains("spamdyke"))?;
    let rule = message.split(' ').next()?;
    let reason = scan::after(message, "reason: ").map_or("", |reason| reason.trim());
    let category = match rule {
        _ if rule.starts_with("RDNS") || rule.starts_with("IP_IN_") => Some(Category::Rdns),
        _ if rule.starts_with("RBL") || rule.starts_with("RHSBL") => Some(Category::Rbl),
        "GRAYLISTED" => Some(Category::Greylist),
        "TOO_MANY_RECIPIENTS" => Some(Category::RateLimit),
        "EARLYTALKER" | "RELAYING" | "SENDER_NO_MX" | "UNQUALIFIED_RECIPIENT" => Some(Category::Policy),
        "BLACKLIST_IP" | "BLACKLIST_NAME" => Some(Category::IpBlock),
        _ => None,
    };
    let known = Reply {
        ip: scan::word_after(message, "origin_ip: ").and_then(scan::ip),
        recipient_domain: scan::word_after(message, " to: ").and_then(scan::domain_of),
        sender_domain: scan::word_after(message, " from: ").and_then(scan::domain_of),
        direction: Some(Direction::In),
        category,
        ..Reply::default()
    };
    let words = if matches!(reason, "" | "(empty)") { String::new() } else { format!(" {reason}") };
    Some(Hit { known, text: format!("DENIED_{rule}{words}"), mta: "spamdyke", weight: Weight::Sure })
}

/// `(12-01) Blocked SPAM {RejectedInbound}, [192.0.2.1]:4711 <a@b> -> <c@d>, Queue-ID: …`; what was discarded was accepted.
fn amavis(line: &Line<'_>) -> Option<Hit> {
    let text = scan::after(line.message, ") Blocked ").filter(|_| line.program.contains("amavis"))?;
    let (verdict, rest) = text.split_once(',')?;
    if verdict.contains("{Discarded") || verdict.contains("{Quarantined}") {
        return None;
    }
    let category = match verdict.split(' ').next() {
        Some("SPAM" | "SPAMMY" | "INFECTED") => Category::ContentSpam,
        _ => Category::Policy,
    };
    let known = Reply {
        ip: scan::ips(scan::truncated(rest, 100)).first().map(|found| found.ip),
        queue_id: scan::between(rest, "Queue-ID: ", ",").map(str::to_owned),
        recipient_domain: scan::between(rest, "-> <", ">").and_then(scan::domain_of),
        sender_domain: scan::between(rest, " <", ">").and_then(scan::domain_of),
        direction: Some(Direction::In),
        category: Some(category),
        ..Reply::default()
    };
    Some(Hit { known, text: format!("Blocked {verdict}"), mta: "amavis", weight: Weight::Sure })
}

/// `Info: Bounced: DCID 1 MID 2 to RID 0 - 5.1.1 - … ('550', ['5.1.1 no such user'])`.
fn gateway(message: &str) -> Option<Hit> {
    let at = message.find("Bounced: DCID ").or_else(|| message.find("Delayed: DCID "))?;
    let (head, told) = message.get(at..)?.split_once("('")?;
    let (code, lines) = told.split_once("', ['").or_else(|| told.split_once("', [\""))?;
    let text = lines.trim_end_matches([']', ')', '\'', '"', ' ']).replace("', '", " ");
    let known = Reply {
        queue_id: scan::word_after(head, " MID ").map(str::to_owned),
        direction: Some(Direction::Out),
        ..Reply::default()
    };
    let digits = code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| Hit { known, text: format!("{code} {text}"), mta: "IronPort", weight: Weight::Sure })
}
