//! Filters in front of or beside a mail server, and servers that tell of refusals in sentences of their own: spamdyke,
//! amavis, Rspamd, Barracuda, Mimecast, Kerio, Domino, ASSP, Dovecot, Postgrey.

use super::envelope::Line;
use super::{Hit, Weight};
use crate::evidence::findings::{Category, Direction, Reply};
use crate::evidence::scan;

/// Reads one line.
pub(super) fn read(line: &Line<'_>) -> Option<Hit> {
    spamdyke(line)
        .or_else(|| amavis(line))
        .or_else(|| rspamd(line))
        .or_else(|| barracuda(line))
        .or_else(|| mimecast(line))
        .or_else(|| kerio(line))
        .or_else(|| domino(line))
        .or_else(|| assp(line))
        .or_else(|| dovecot(line))
        .or_else(|| postgrey(line))
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

/// Rspamd: `rspamd_task_write_log: id: <…>, qid: <…>, ip: 192.0.2.1, from: <a@b>, (default: T (reject): [18/15] […]), …, rcpts: <c@d>`.
fn rspamd(line: &Line<'_>) -> Option<Hit> {
    let told = scan::after(line.message, "rspamd_task_write_log: ")?;
    let (action, rest) = scan::after(told, ": T (").or_else(|| scan::after(told, ": F ("))?.split_once(')')?;
    let category = match action {
        "reject" => Category::ContentSpam,
        "soft reject" | "greylist" => Category::Greylist,
        _ => return None,
    };
    let symbols = scan::between(rest, "] [", "])").unwrap_or("");
    let category = if symbols.contains("RATELIMIT") { Category::RateLimit } else { category };
    let known = Reply {
        ip: scan::word_after(told, "ip: ").and_then(scan::ip),
        queue_id: scan::between(told, "qid: <", ">").filter(|id| !matches!(*id, "" | "undef")).map(str::to_owned),
        recipient_domain: scan::between(told, " rcpts: <", ">").and_then(scan::domain_of),
        sender_domain: scan::between(told, " from: <", ">").and_then(scan::domain_of),
        direction: Some(Direction::In),
        category: Some(category),
        ..Reply::default()
    };
    Some(Hit {
        known,
        text: format!("{action} {}", scan::truncated(symbols, 500)),
        mta: "Rspamd",
        weight: Weight::Sure,
    })
}

/// Barracuda: `inbound/pass1[1]: host[192.0.2.1] id start end SCAN - from to score 2 reason …` and `RECV from to 2 reason …`;
/// the action 2 blocks.
fn barracuda(line: &Line<'_>) -> Option<Hit> {
    let (client, told) = line.message.split_once("] ").filter(|_| line.program.starts_with("inbound/"))?;
    let words: Vec<&str> = told.split_whitespace().collect();
    let (at, skipped) = words.iter().take(6).enumerate().find_map(|(at, word)| match *word {
        "SCAN" => Some((at, 2)),
        "RECV" => Some((at, 1)),
        _ => None,
    })?;
    let (sender, recipient) = (*words.get(at + skipped)?, *words.get(at + skipped + 1)?);
    let action = *words.get(at + skipped + 2 + usize::from(skipped == 2))?;
    let known = Reply {
        ip: client.rsplit_once('[').and_then(|(_, ip)| scan::ip(ip)),
        recipient_domain: scan::domain_of(recipient),
        sender_domain: scan::domain_of(sender),
        direction: Some(Direction::In),
        category: (skipped == 2).then_some(Category::ContentSpam),
        ..Reply::default()
    };
    let text = words.get(at..)?.join(" ");
    (action == "2").then_some(Hit { known, text, mta: "Barracuda", weight: Weight::Sure })
}

/// Mimecast: `…|Recipient=a@b|IP=192.0.2.1|…|RejType=…|RejCode=550|RejInfo=…`.
fn mimecast(line: &Line<'_>) -> Option<Hit> {
    let whole = line.message;
    let field = |name: &str| scan::after(whole, name).and_then(|rest| rest.split('|').next()).filter(|v| !v.is_empty());
    let (code, told) = (field("|RejCode=")?, field("|RejInfo=").or_else(|| field("|RejType="))?);
    let known = Reply {
        ip: field("|IP=").and_then(scan::ip),
        recipient_domain: field("|Recipient=").or_else(|| field("|Rcpt=")).and_then(scan::domain_of),
        direction: Some(Direction::In),
        ..Reply::default()
    };
    Some(Hit { known, text: format!("{code} {told}"), mta: "Mimecast", weight: Weight::Sure })
}

/// Kerio Connect: `IP address 192.0.2.1 found in DNS blacklist …, mail from <a@b> to <c@d> rejected` and its other sentences.
fn kerio(line: &Line<'_>) -> Option<Hit> {
    let message = line.message;
    let message = message.strip_prefix("SMTP: ").unwrap_or(message);
    let message = message.strip_prefix("Sender ").unwrap_or(message);
    let category = [
        ("IP address ", "found in DNS blacklist", Category::Rbl),
        ("Attempt to deliver to unknown recipient ", ", IP address ", Category::MailboxUnknown),
        ("Relay attempt from IP address ", "", Category::Policy),
        ("SMTP Spam attack detected from ", "", Category::Policy),
        ("Client with IP address ", "has no reverse DNS entry", Category::Rdns),
        ("Message from IP address ", "rejected", Category::Policy),
    ]
    .iter()
    .find_map(|(start, further, category)| {
        (message.starts_with(start) && message.contains(further)).then_some(*category)
    })?;
    let ip = scan::ips(message).first().map(|found| found.ip)?;
    let recipient = scan::between(message, "unknown recipient <", ">").or_else(|| scan::between(message, " to <", ">"));
    let known = Reply {
        ip: Some(ip),
        recipient_domain: recipient.and_then(scan::domain_of),
        sender_domain: scan::between(message, "from <", ">").and_then(scan::domain_of),
        direction: Some(Direction::In),
        category: Some(category),
        ..Reply::default()
    };
    line.time?;
    Some(Hit { known, text: message.to_owned(), mta: "Kerio Connect", weight: Weight::Sure })
}

/// ASSP: `m1-1-1 [Worker_1] 192.0.2.1 <a@b> to: c@d [spam found] -- failed DNSBL check; …`.
fn assp(line: &Line<'_>) -> Option<Hit> {
    let (head, told) = line.message.split_once(" [spam found]")?;
    let client = scan::ips(head).into_iter().next()?.ip;
    let known = Reply {
        ip: Some(client),
        recipient_domain: scan::word_after(head, "> to: ").and_then(scan::domain_of),
        sender_domain: scan::between(head, " <", ">").and_then(scan::domain_of),
        direction: Some(Direction::In),
        category: (!told.contains("DNSBL")).then_some(Category::ContentSpam),
        ..Reply::default()
    };
    line.time?;
    let text = told.trim_start_matches([' ', '-']).to_owned();
    Some(Hit { known, text, mta: "ASSP", weight: Weight::Sure })
}

/// Dovecot's delivery: `lda(a@b): msgid=<…>: rejected: Quota exceeded`.
fn dovecot(line: &Line<'_>) -> Option<Hit> {
    let delivers = ["lda(", "lmtp("].iter().any(|name| line.message.starts_with(name));
    let (head, text) = line.message.split_once(" rejected: ").filter(|_| delivers)?;
    let known = Reply {
        recipient_domain: scan::between(head, "(", ")").and_then(scan::domain_of),
        direction: Some(Direction::In),
        ..Reply::default()
    };
    Some(Hit { known, text: text.to_owned(), mta: "Dovecot", weight: Weight::Sure })
}

/// Postgrey: `action=greylist, reason=new, client_address=192.0.2.1/32, sender=a@b, recipient=c@d`.
fn postgrey(line: &Line<'_>) -> Option<Hit> {
    let told = line.message.strip_prefix("action=greylist, ")?;
    let client = scan::word_after(told, "client_address=")?;
    let known = Reply {
        ip: Some(scan::ip(client.split('/').next().unwrap_or(client))?),
        recipient_domain: scan::word_after(told, "recipient=").and_then(scan::domain_of),
        sender_domain: scan::word_after(told, "sender=").and_then(scan::domain_of),
        direction: Some(Direction::In),
        category: Some(Category::Greylist),
        ..Reply::default()
    };
    Some(Hit { known, text: line.message.to_owned(), mta: "Postgrey", weight: Weight::Sure })
}

/// Domino: `SMTP Server: … rejected for policy reasons`, and hosts on a DNS list.
fn domino(line: &Line<'_>) -> Option<Hit> {
    let told = scan::after(line.message, "SMTP Server: ").or_else(|| scan::after(line.message, "SMTP Server ["))?;
    let refused = told.contains("rejected for policy reasons") || told.contains(" rejected: ");
    let listed = told.contains("found in DNS blacklist");
    if !(refused || listed) {
        return None;
    }
    let known = Reply {
        ip: scan::ips(told).first().map(|found| found.ip),
        recipient_domain: scan::after(told, "relay mail to ").and_then(|t| scan::domain_of(t.split(' ').next()?)),
        direction: Some(Direction::In),
        category: Some(if listed { Category::Rbl } else { Category::Policy }),
        ..Reply::default()
    };
    Some(Hit { known, text: told.to_owned(), mta: "Domino", weight: Weight::Sure })
}
