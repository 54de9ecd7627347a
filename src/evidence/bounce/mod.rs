//! Delivery reports: RFC 3464 DSNs, the prose of many servers, and what only looks like one.

mod arf;
mod dsn;
mod kind;
mod prose;
mod software;

use super::context::Context;
use super::describe::describe;
use super::findings::{Category, Findings, Kind, Reply};
use super::input::mime::Message;
use super::{category, scan, transcript};

use kind::{is_bounce, no_bounce};
use prose::{prose, reason};

pub(super) use dsn::{looks_like as has_report_fields, queue_id};
pub(super) use software::{client, named as software};

/// Reads a message that may be a delivery report.
pub(super) fn read(message: &Message, context: &Context) -> Findings {
    if let Some(complaint) = arf::read(message, context) {
        return complaint;
    }
    if !is_bounce(message) {
        return no_bounce(message);
    }
    if let Some(inner) = forwarded(message, context) {
        return inner;
    }
    let reports: Vec<_> = message.parts.iter().filter(|p| p.kind.ends_with("delivery-status")).collect();
    let mut recipients: Vec<dsn::Recipient> =
        reports.iter().flat_map(|p| dsn::recipients(&p.text, p.line + 1)).collect();
    let prose = prose(message);
    if recipients.is_empty() && dsn::looks_like(&prose.0) {
        recipients = dsn::recipients(&prose.0, prose.1);
    }
    let mta = software::of(message, &prose.0, &reports.iter().map(|p| p.text.as_str()).collect::<String>());
    let queue_id = reports.iter().find_map(|p| dsn::queue_id(&p.text)).or_else(|| dsn::queue_id(&prose.0));
    let haraka = || reports.iter().find_map(|p| dsn::envelope_id(&p.text));
    let queue_id = queue_id.or_else(|| haraka().filter(|_| mta.as_deref() == Some("Haraka")));
    assemble(&recipients, &prose, mta, queue_id, message, context)
}

/// Reads a report that another server passed on as plain text, header and all, below its own words.
fn forwarded(message: &Message, context: &Context) -> Option<Findings> {
    let [only] = message.parts.as_slice() else {
        return None;
    };
    let told = prose(message).0;
    let inner = only.text.get(told.trim_end().len()..)?;
    let telling = dsn::looks_like(&told) || !transcript::replies(&told, 1, context).is_empty();
    if telling || !dsn::looks_like(inner) {
        return None;
    }
    let mut found = pasted(inner, context);
    let skipped = told.trim_end().matches('\n').count() + only.line;
    for reply in &mut found.replies {
        reply.line = reply.line.map(|l| l + skipped);
    }
    Some(found)
}

/// Reads a report that was pasted without its mail header.
pub(super) fn pasted(text: &str, context: &Context) -> Findings {
    let recipients = dsn::recipients(text, 1);
    let prose = (before_fields(text).to_owned(), 1);
    let mta = software::named(text);
    assemble(&recipients, &prose, mta.map(str::to_owned), dsn::queue_id(text), &Message::default(), context)
}

/// What stands before the report fields of a pasted text.
fn before_fields(text: &str) -> &str {
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        if dsn::report_field(line) {
            break;
        }
        end += line.len();
    }
    text.get(..end).unwrap_or(text)
}

/// Puts together what the report and the prose say.
fn assemble(
    recipients: &[dsn::Recipient],
    prose: &(String, usize),
    mta: Option<String>,
    queue_id: Option<String>,
    message: &Message,
    context: &Context,
) -> Findings {
    let all_well = !recipients.is_empty() && !recipients.iter().any(dsn::Recipient::failed);
    let spoken = if all_well { Vec::new() } else { transcript::replies(&prose.0, prose.1, context) };
    let dsn_status = recipients.iter().find_map(|r| r.status.clone());
    let domains = domains(recipients, &spoken, message, &prose.0);
    let mut replies: Vec<Reply> =
        recipients.iter().filter_map(|r| from_report(r, &spoken, &domains, context)).collect();
    if !replies.iter().any(|r| r.smtp_code.is_some()) && !spoken.is_empty() {
        replies = spoken;
    }
    if !all_well {
        replies.extend(wordless(&replies, &prose.0, prose.1, dsn_status.as_deref(), context));
    }
    for reply in &mut replies {
        reply.queue_id = reply.queue_id.take().or_else(|| queue_id.clone());
        reply.dsn_status = reply.dsn_status.take().or_else(|| dsn_status.clone());
        reply.recipient_domain = reply.recipient_domain.take().or_else(|| domains.first().cloned());
    }
    Findings {
        kind: Kind::Bounce,
        mta,
        queue_id,
        recipient_domains: domains,
        replies,
        dsn_status,
        ..Findings::default()
    }
}

/// The reply that one recipient of a report got.
fn from_report(recipient: &dsn::Recipient, spoken: &[Reply], domains: &[String], context: &Context) -> Option<Reply> {
    if !recipient.failed() {
        return None;
    }
    let known = Reply {
        line: Some(recipient.line),
        recipient_domain: recipient.domain.clone().or_else(|| domains.first().cloned()),
        remote_host: recipient.remote_host.clone(),
        remote_ip: recipient.remote_ip,
        dsn_status: recipient.status.clone(),
        queue_id: recipient.queue_id.clone(),
        direction: Some(super::findings::Direction::Out),
        ..Reply::default()
    };
    let text = recipient.diagnostic.as_deref()?;
    let mut reply = describe(text, known, context);
    if reply.smtp_code.is_none() && spoken.iter().any(|s| s.smtp_code.is_some()) {
        return None;
    }
    complete(&mut reply, spoken);
    let unsaid = reply.category == Some(Category::Other) && !category::speaks(&text.to_lowercase());
    if unsaid && reply.enhanced_status.is_none() && reply.smtp_code.is_none() {
        reply.category = reply.dsn_status.as_deref().and_then(category::status).or(reply.category);
    }
    Some(reply)
}

/// Takes from the prose what the report cut off.
fn complete(reply: &mut Reply, spoken: &[Reply]) {
    let same = spoken
        .iter()
        .filter(|s| s.smtp_code == reply.smtp_code && s.text.len() > reply.text.len())
        .max_by_key(|s| s.text.len());
    let Some(longer) = same else { return };
    reply.url = reply.url.take().or_else(|| longer.url.clone());
    reply.ip = reply.ip.or(longer.ip);
    let words = reply.text.split_once(' ').map_or("", |(_, words)| words).trim();
    if reply.enhanced_status.is_none() && words.len() > 4 && longer.text.contains(words) {
        reply.enhanced_status = longer.enhanced_status.clone();
    }
    if matches!(reply.category, Some(Category::Other | Category::Policy)) {
        reply.category = longer.category;
        reply.list = reply.list.take().or_else(|| longer.list.clone());
        reply.removal_url = reply.removal_url.take().or_else(|| longer.removal_url.clone());
    }
}

/// A refusal told in words only, when there is no reply with a code.
fn wordless(replies: &[Reply], prose: &str, line: usize, status: Option<&str>, context: &Context) -> Option<Reply> {
    if !replies.is_empty() {
        return None;
    }
    let reason = reason(prose);
    let mut reply = describe(&reason.1, Reply { line: Some(line + reason.0), ..Reply::default() }, context);
    if reply.category == Some(Category::Other) {
        reply.category = reply.enhanced_status.as_deref().or(status).and_then(category::status).or(reply.category);
    }
    reply.url = reply.url.or_else(|| scan::url(prose));
    Some(reply)
}

/// The domains of the recipients, in order, each once.
fn domains(recipients: &[dsn::Recipient], spoken: &[Reply], message: &Message, prose: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let failed = message.field("x-failed-recipients").unwrap_or("");
    let listed = failed.split(',').filter_map(scan::domain_of);
    let told = recipients.iter().filter_map(|r| r.domain.clone());
    let said = spoken.iter().filter_map(|r| r.recipient_domain.clone());
    for domain in told.chain(listed).chain(said).take(200) {
        if !out.contains(&domain) {
            out.push(domain);
        }
    }
    if out.is_empty() {
        out.extend(reason(prose).1.lines().find_map(scan::address).and_then(scan::domain_of));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::context::{Budget, Work};
    use crate::evidence::input::mime;

    fn read_text(text: &str) -> Findings {
        read(&mime::message(text, &mut Work::new(Budget::default())), &Context::default())
    }

    #[test]
    fn a_dsn_gives_one_reply_per_failed_recipient() {
        let text = "From: MAILER-DAEMON@example.com\nSubject: Undelivered\nContent-Type: multipart/report; report-type=delivery-status; boundary=x\n\n--x\n\nNot delivered.\n--x\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; out.example.com\n\nFinal-Recipient: rfc822; a@example.org\nAction: failed\nStatus: 5.1.1\nRemote-MTA: dns; mx.example.org\nDiagnostic-Code: smtp; 550 5.1.1 <a@example.org>:\n User unknown\n\nFinal-Recipient: rfc822; b@example.net\nAction: delivered\nStatus: 2.0.0\n\n--x--\n";
        let found = read_text(text);
        assert_eq!(found.kind, Kind::Bounce);
        assert_eq!(found.replies.len(), 1);
        assert_eq!(found.replies[0].category, Some(Category::MailboxUnknown));
        assert_eq!(found.replies[0].remote_host.as_deref(), Some("mx.example.org"));
        assert_eq!(found.replies[0].line, Some(13));
    }

    #[test]
    fn a_report_of_success_tells_of_no_refusal() {
        let text = "From: MAILER-DAEMON@example.com\nSubject: Successful Mail Delivery Report\nContent-Type: multipart/report; report-type=delivery-status; boundary=x\n\n--x\n\nIt was delivered.\n--x\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; out.example.com\n\nFinal-Recipient: rfc822; b@example.net\nAction: relayed\nStatus: 2.0.0\n\n--x--\n";
        assert!(read_text(text).replies.is_empty());
    }

    #[test]
    fn vacation_notes_are_no_bounces() {
        let found =
            read_text("From: ann@example.org\nAuto-Submitted: auto-replied\nSubject: Away\n\nI am away until 5 May.\n");
        assert_eq!(found.kind, Kind::AutoReply);
        assert!(found.replies.is_empty());
    }
}
