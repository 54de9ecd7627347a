//! Delivery reports: RFC 3464 DSNs, the prose of many servers, and what only looks like one.

mod arf;
mod dsn;
mod software;

use super::context::Context;
use super::describe::describe;
use super::findings::{Category, Findings, Kind, Reply};
use super::input::mime::Message;
use super::{category, scan, transcript};

pub(super) use dsn::looks_like as has_report_fields;
pub(super) use software::named as software;

/// Reads a message that may be a delivery report.
pub(super) fn read(message: &Message, context: &Context) -> Findings {
    if let Some(complaint) = arf::read(message) {
        return complaint;
    }
    if !is_bounce(message) {
        return no_bounce(message);
    }
    let reports: Vec<_> = message.parts.iter().filter(|p| p.kind.ends_with("delivery-status")).collect();
    let mut recipients: Vec<dsn::Recipient> = reports.iter().flat_map(|p| dsn::recipients(&p.text, p.line + 1)).collect();
    let prose = prose(message);
    if recipients.is_empty() && dsn::looks_like(&prose.0) {
        recipients = dsn::recipients(&prose.0, prose.1);
    }
    let mta = software::of(message, &prose.0, &reports.iter().map(|p| p.text.as_str()).collect::<String>());
    let queue_id = reports.iter().find_map(|p| dsn::queue_id(&p.text)).or_else(|| dsn::queue_id(&prose.0));
    assemble(recipients, &prose, mta, queue_id, message, context)
}

/// Reads a report that was pasted without its mail header.
pub(super) fn pasted(text: &str, context: &Context) -> Findings {
    let recipients = dsn::recipients(text, 1);
    let prose = (before_fields(text).to_owned(), 1);
    let mta = software::named(text);
    assemble(recipients, &prose, mta.map(str::to_owned), dsn::queue_id(text), &Message::default(), context)
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
fn assemble(recipients: Vec<dsn::Recipient>, prose: &(String, usize), mta: Option<String>, queue_id: Option<String>, message: &Message, context: &Context) -> Findings {
    let spoken = transcript::replies(&prose.0, prose.1, context);
    let dsn_status = recipients.iter().find_map(|r| r.status.clone());
    let domains = domains(&recipients, &spoken, message, &prose.0);
    let mut replies: Vec<Reply> = recipients.into_iter().filter_map(|r| from_report(r, &spoken, &domains, context)).collect();
    if !replies.iter().any(|r| r.smtp_code.is_some()) && !spoken.is_empty() {
        replies = spoken;
    }
    replies.extend(wordless(&replies, &prose.0, prose.1, dsn_status.as_deref(), context));
    for reply in &mut replies {
        reply.queue_id = reply.queue_id.take().or_else(|| queue_id.clone());
        reply.dsn_status = reply.dsn_status.take().or_else(|| dsn_status.clone());
        reply.recipient_domain = reply.recipient_domain.take().or_else(|| domains.first().cloned());
    }
    Findings { kind: Kind::Bounce, mta, queue_id, recipient_domains: domains, replies, dsn_status, ..Findings::default() }
}

/// The reply that one recipient of a report got.
fn from_report(recipient: dsn::Recipient, spoken: &[Reply], domains: &[String], context: &Context) -> Option<Reply> {
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
    if reply.category == Some(Category::Other) && reply.enhanced_status.is_none() && reply.smtp_code.is_none() {
        reply.category = reply.dsn_status.as_deref().and_then(category::status).or(reply.category);
    }
    Some(reply)
}

/// Takes from the prose what the report cut off.
fn complete(reply: &mut Reply, spoken: &[Reply]) {
    let same = spoken.iter().find(|s| s.smtp_code == reply.smtp_code && s.text.len() > reply.text.len());
    let Some(longer) = same else { return };
    reply.url = reply.url.take().or_else(|| longer.url.clone());
    reply.ip = reply.ip.or(longer.ip);
    if reply.category == Some(Category::Other) {
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

/// The lines of a prose report that tell the reason, with their place: from the recipient on, or all.
fn reason(prose: &str) -> (usize, String) {
    let markers = ["the following address", "following recipient", "recipient address", "following reason", "reason:", "because", "failed:", "failed to", "could not be delivered", "was not delivered", "did not reach", "undeliverable to", "wasn't delivered"];
    let lower = prose.to_lowercase();
    let at = markers.iter().filter_map(|m| lower.find(m)).min().unwrap_or(0);
    let at = if lower.len() == prose.len() { at } else { 0 };
    let head = prose.get(..at).unwrap_or("");
    let tail = prose.get(at..).unwrap_or(prose);
    (head.matches('\n').count(), scan::truncated(tail, 3000).to_owned())
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

/// The prose of a report and the line where it starts: the text parts before the returned message.
fn prose(message: &Message) -> (String, usize) {
    let texts = message.parts.iter().take_while(|p| !p.kind.ends_with("rfc822") && !p.kind.ends_with("rfc822-headers") && !p.kind.ends_with("delivery-status"));
    let mut out = String::new();
    let mut line = message.header_lines + 2;
    let plain = message.parts.iter().any(|p| p.kind == "text/plain" && !p.text.trim().is_empty());
    for part in texts.filter(|p| p.kind.starts_with("text/") && (p.kind != "text/html" || !plain)) {
        if out.is_empty() {
            line = part.line + 1;
        }
        out.push_str(before_original(&part.text));
        out.push('\n');
    }
    (out, line)
}

/// Lines that announce the returned message.
const ORIGINAL: &[&str] = &[
    "the header of the original", "this is a copy of the message", "original message follows", "original message -----", "original message header", "below this line is a copy", "below is a copy of", "original message headers", "unsent message below",
    "returned message", "message header", "the body of the message is", "message headers follow", "included is a copy", "copy of the original message", "start of returned", "original mail", "header of the message", "---- message header", "----- original", "--- original", "returned content", "the original message was received from", "original text follows", "undelivered message follows", "------ this is a copy", "message text follows", "headers of the message", "the message you sent", "your original message", "body of the original", "text of your message", "your message follows",
];

/// The text before the copy of the original message.
fn before_original(text: &str) -> &str {
    let mut end = 0;
    let mut previous = 0;
    for line in text.split_inclusive('\n') {
        let low = line.trim().to_lowercase();
        let marked = low.len() < 100 && ORIGINAL.iter().any(|m| low.contains(m)) && (low.starts_with(['-', '*', '=', '_', '+', '#']) || low.ends_with([':', '-', '.', '*', '='])) && end > 0;
        let header = ["received: ", "return-path: ", "message-id: "].iter().any(|f| low.starts_with(f)) && end > 0;
        if marked || header {
            return text.get(..if header { previous.max(end) } else { end }).unwrap_or(text);
        }
        previous = end;
        end += line.len();
    }
    text
}

/// Whether a message is a delivery report.
fn is_bounce(message: &Message) -> bool {
    let report = message.parts.iter().any(|p| p.kind.ends_with("delivery-status"));
    report || message.has("x-failed-recipients") || (from_daemon(message) && speaks_of_failure(message))
}

/// Whether the sender is a mail system.
fn from_daemon(message: &Message) -> bool {
    let from = message.field("from").unwrap_or("").to_lowercase();
    let null_path = message.field("return-path").is_some_and(|p| p.trim() == "<>" || p.trim().is_empty());
    let named = ["mailer-daemon", "postmaster", "mail delivery", "mail administrator", "mdaemon", "mail-daemon", "maildaemon", "mail system", "mail router", "delivery subsystem", "smtp-gateway", "mailerdaemon", "system administrator", "systemadministrator", "bounce", "administrator", "mail deliver", "noreply", "no-reply", "daemon"];
    null_path || named.iter().any(|n| from.contains(n))
}

/// Whether subject or text speak of a failed delivery.
fn speaks_of_failure(message: &Message) -> bool {
    let subject = message.field("subject").unwrap_or("").to_lowercase();
    let telling = ["undeliver", "failure", "failed", "returned mail", "return to sender", "returned to sender", "delivery status", "delivery report", "delivery error", "delivery problem", "non-delivery", "nondeliver", "could not be delivered", "not delivered", "mail error", "bounce", "rejected", "unzustellbar", "delayed", "warning: message", "could not send", "mail system error", "message status", "delivery notification", "error delivering", "unknown user", "user unknown", "delivery", "unable to deliver", "no se puede", "nicht zugestellt", "error in", "problem with", "devolvid", "non remis", "échec", "配信", "エラー"];
    let words = ["could not be delivered", "wasn't able to deliver", "unable to deliver", "undeliverable", "delivery failed", "failed to deliver", "not be delivered", "permanent error", "fatal error", "was not delivered", "delivery to the following", "did not reach", "user unknown", "returned to sender", "returned message", "has failed", "message was rejected", "couldn't be delivered", "not delivered", "delivery error", "has been rejected", "refused", "undelivered"];
    let told = || message.parts.iter().take(3).any(|p| {
        let low = scan::truncated(&p.text, 4000).to_lowercase();
        words.iter().any(|w| low.contains(w))
    });
    let auto = message.field("auto-submitted").is_some_and(|a| a.to_lowercase().contains("auto-replied")) && !message.field("from").unwrap_or("").to_lowercase().contains("daemon");
    (telling.iter().any(|t| subject.contains(t)) && (!auto || told())) || (!auto && told())
}

/// What a message that is no delivery report is: an automatic answer, a message, or a header alone.
fn no_bounce(message: &Message) -> Findings {
    let field = |name: &str| message.field(name).unwrap_or("").to_lowercase();
    let subject = field("subject");
    let auto = field("auto-submitted").contains("auto-replied")
        || message.has("x-autoreply")
        || message.has("x-autorespond")
        || field("precedence") == "auto_reply"
        || ["out of office", "auto:", "automatic reply", "autoreply", "auto-reply", "auto response", "abwesen", "vacation"].iter().any(|s| subject.contains(s));
    let kind = if auto && message.has_body { Kind::AutoReply } else if message.has_body { Kind::Message } else { Kind::Header };
    let category = (kind != Kind::Header).then_some(Category::Other);
    Findings { kind, category, ..Findings::default() }
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
    fn vacation_notes_are_no_bounces() {
        let found = read_text("From: ann@example.org\nAuto-Submitted: auto-replied\nSubject: Away\n\nI am away until 5 May.\n");
        assert_eq!(found.kind, Kind::AutoReply);
        assert!(found.replies.is_empty());
    }
}
