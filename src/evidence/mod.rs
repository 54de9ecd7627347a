//! The evidence reader: bytes and a [`Context`] in, [`Findings`] out; no I/O, no clock.
//!
//! The way of a reading: `input` opens archives and decodes; a text that starts with header fields
//! is a message (`bounce`, `header`, `lint`), anything else is read as a log (`log`), then as
//! prose and transcripts (`transcript`, `bounce`). Every reply goes through `describe`, which
//! asks `reply` (grammar), `blocklists`, `category` and `provider` (tables).
//!
//! What goes wrong: nothing; bytes that mean nothing give empty findings. What is too much is cut
//! and said so ([`Findings::fully_read`]).

mod blocklists;
mod bounce;
mod category;
pub mod context;
mod describe;
pub mod findings;
pub mod header;
mod input;
mod links;
pub mod lint;
mod log;
mod long;
mod mailq;
pub mod mask;
mod provider;
mod reply;
mod scan;
pub mod text;
mod time;
mod transcript;
mod wordless;

pub use context::{Budget, Context};
pub use findings::{Category, Direction, Findings, Kind, Reply, Whose};
pub use long::Long;

use std::borrow::Cow;

use context::Work;
use input::mime;

/// The version of the reader; it goes up when readings change, and stored evidence is read again.
pub const READER: i64 = 4;

/// At most this many messages of one mailbox are read.
const MAX_MESSAGES: usize = 200;
/// At most this many refusals are kept; further ones are counted.
pub(crate) const MAX_REPLIES: usize = 1000;
/// Longer texts are read as logs only: a report or a transcript is never that long.
const MAX_PROSE: usize = 4 << 20;

/// Reads one piece of evidence.
#[must_use]
pub fn read(bytes: &[u8], context: &Context) -> Findings {
    let mut work = Work::new(context.budget);
    let mut findings = Findings::default();
    let texts = input::open(bytes, &mut work);
    let mut first = true;
    for text in texts {
        let found = document(&text, context, &mut work);
        if std::mem::take(&mut first) {
            findings = found;
        } else {
            merge(&mut findings, found);
        }
    }
    finish(&mut findings, context);
    findings.fully_read = work.complete();
    findings
}

/// Reads one decoded text.
fn document(text: &str, context: &Context, work: &mut Work) -> Findings {
    if text.len() > MAX_PROSE {
        return text_of_a_kind(text, context, work);
    }
    let text = &*links::plain(text);
    let mut findings = text_of_a_kind(text, context, work);
    if !findings.replies.is_empty() {
        mailq::complete(&mut findings, text);
        findings.mta = findings.mta.or_else(|| bounce::client(text).map(str::to_owned));
    }
    findings
}

/// Reads one text: a message, a log, or prose.
fn text_of_a_kind(text: &str, context: &Context, work: &mut Work) -> Findings {
    if !work.spend(text.len()) || wordless::is_of_developers(text) {
        return Findings::default();
    }
    if starts_with_header(text) {
        return messages(text, context, work);
    }
    let (logged, timed) = log::read(text, context, work);
    let wrapped = !timed && is_wrapped(text, &logged);
    if (!logged.replies.is_empty() && !wrapped) || text.len() > MAX_PROSE || (logged.kind == Kind::Log && !wrapped) {
        return with_header(logged, text, context);
    }
    with_header(prose(text, context, logged), text, context)
}

/// Whether a refusal in a paste goes on in an indented next line, as in prose rather than in a log.
fn is_wrapped(text: &str, logged: &Findings) -> bool {
    let goes_on =
        |next: &str| next.starts_with([' ', '\t']) && !next.trim().is_empty() && !log::starts_one(next.trim_start());
    logged.replies.iter().take(5).filter_map(|r| r.line).any(|line| text.lines().nth(line).is_some_and(goes_on))
}

/// Reads a text that is neither a message nor a log: a pasted report, a transcript, bare replies.
fn prose(text: &str, context: &Context, logged: Findings) -> Findings {
    if bounce::has_report_fields(text) {
        return bounce::pasted(text, context);
    }
    let text = &*spaced(text);
    let replies = transcript::replies(text, 1, context);
    let mta = bounce::software(text).map(str::to_owned).or(logged.mta);
    if !replies.is_empty() {
        let kind = if mta.is_some() && text.lines().count() > 3 { Kind::Bounce } else { Kind::Reply };
        return Findings { kind, mta, replies, queue_id: bounce::queue_id(text), ..Findings::default() };
    }
    wordless::read(text, mta, context).unwrap_or_default()
}

/// The text in which reports of qmail, copied from its log, have their blanks again: there each is an underscore.
fn spaced(text: &str) -> Cow<'_, str> {
    let logged = |line: &str| line.contains("./Remote_host_said:_") || line.contains("_does_not_like_recipient.");
    if !text.contains("_does_not_like_recipient.") && !text.contains("./Remote_host_said:_") {
        return Cow::Borrowed(text);
    }
    let mut open = false;
    let lines = text.split_inclusive('\n').map(|line| {
        open = logged(line) || open && line.contains('_') && !line.trim().contains(' ');
        if open { line.replace('_', " ") } else { line.to_owned() }
    });
    Cow::Owned(lines.collect())
}

/// Reads a message, or the messages of a mailbox.
fn messages(text: &str, context: &Context, work: &mut Work) -> Findings {
    let mut findings = Findings::default();
    let mut line = 0;
    for (number, one) in split_mailbox(text).into_iter().enumerate() {
        if number >= MAX_MESSAGES {
            work.cut();
            break;
        }
        let mut found = message(one, context, work);
        shift(&mut found, line);
        line += one.matches('\n').count();
        if number == 0 {
            findings = found;
        } else {
            merge(&mut findings, found);
        }
    }
    findings
}

/// Moves line numbers of a message to where it stands in its mailbox.
fn shift(findings: &mut Findings, by: usize) {
    for reply in &mut findings.replies {
        reply.line = reply.line.map(|l| l + by);
    }
}

/// The messages of a mailbox; one when it is none.
fn split_mailbox(text: &str) -> Vec<&str> {
    if !text.starts_with("From ") {
        return vec![text];
    }
    let mut starts = vec![0];
    for (at, _) in text.match_indices("\n\nFrom ") {
        let rest = text.get(at + 2..).unwrap_or("");
        let header = rest.lines().nth(1).is_some_and(|l| mime::field_start(l).is_some());
        if header && starts.len() <= MAX_MESSAGES {
            starts.push(at + 2);
        }
    }
    starts.push(text.len());
    starts.windows(2).filter_map(|w| text.get(*w.first()?..*w.last()?)).collect()
}

/// Reads one message.
fn message(text: &str, context: &Context, work: &mut Work) -> Findings {
    let message = mime::message(text, work);
    let mut findings = bounce::read(&message, context);
    if findings.kind == Kind::AutoReply {
        return with_header(findings, text, context);
    }
    if matches!(findings.kind, Kind::Message | Kind::Header) {
        findings = with_header(findings, text, context);
        findings.ips = findings.header.as_ref().and_then(|h| h.border_ip).into_iter().collect();
        findings.mta = findings.header.as_ref().and_then(|h| h.mta.clone()).or(findings.mta);
    }
    findings
}

/// Adds what the header in a text says.
fn with_header(mut findings: Findings, text: &str, context: &Context) -> Findings {
    let place = header_at(text).or((findings.kind != Kind::Log && text.len() <= MAX_PROSE).then_some((0, 1)));
    let Some((at, line)) = place else {
        return findings;
    };
    let block = text.get(at..).unwrap_or("").as_bytes();
    findings.header = header::read(block, context);
    if findings.header.is_some() {
        findings.lint = lint::check(block, line, context);
        findings.kind = match findings.kind {
            Kind::Unknown => Kind::Header,
            Kind::Log | Kind::Reply => Kind::Mixed,
            other => other,
        };
    }
    findings
}

/// Fields that only the header of a received message has.
const HEADER_STARTS: &[&str] = &[
    "received",
    "return-path",
    "delivered-to",
    "message-id",
    "from",
    "to",
    "subject",
    "date",
    "mime-version",
    "x-received",
    "authentication-results",
    "dkim-signature",
    "arc-seal",
    "content-type",
    "envelope-to",
    "x-original-to",
    "x-envelope-from",
    "x-apparently-to",
    "x-account-key",
    "status",
    "x-mozilla-status",
    "reply-to",
    "sender",
    "delivery-date",
    "x-failed-recipients",
    "auto-submitted",
    "received-spf",
    "resent-from",
    "x-spam-status",
    "x-spam-checker-version",
    "list-unsubscribe",
];

/// Whether a text starts with header fields: the first line is one, and more known ones follow.
fn starts_with_header(text: &str) -> bool {
    let mut lines =
        text.lines().skip_while(|l| l.trim().is_empty() || l.starts_with("From ") || l.starts_with(">From "));
    if lines.clone().next().is_none_or(|l| mime::field_start(l).is_none()) {
        return false;
    }
    let mut names = Vec::new();
    for line in lines.by_ref().take(300) {
        if line.trim().is_empty()
            || (!line.starts_with([' ', '\t']) && mime::field_start(line).is_none() && names.len() < 2)
        {
            break;
        }
        names.extend(mime::field_start(line).map(|f| f.0));
    }
    if is_form(&names) {
        return false;
    }
    let known = names.iter().filter(|n| HEADER_STARTS.contains(&n.as_str())).count();
    known >= 2 && (known * 4 >= names.len() || known >= 4)
}

/// Whether the names are those of a form that a person filled in (`IP: …`, `Error: …`, `Date: …`) or of a list of
/// properties, rather than of a header.
fn is_form(names: &[String]) -> bool {
    let has = |name: &str| names.iter().any(|n| n == name);
    let proof = ["received", "message-id", "mime-version", "return-path", "content-type", "delivered-to"];
    let plain =
        ["cc", "bcc", "organization", "references", "keywords", "comments", "importance", "priority", "precedence"];
    let strange = |n: &String| !n.contains('-') && !HEADER_STARTS.contains(&n.as_str()) && !plain.contains(&n.as_str());
    !proof.iter().any(|name| has(name)) && names.iter().any(strange)
}

/// Where a header block starts in a text (offset and line from 1): the first with a Received field, else the first with
/// several other fields (such as the table that web mailers put above the header proper).
fn header_at(text: &str) -> Option<(usize, usize)> {
    let mut offset = 0;
    let mut block: Option<(usize, usize)> = None;
    let mut first: Option<(usize, usize)> = None;
    let mut received = false;
    let mut known = 0;
    for (number, line) in text.split_inclusive('\n').enumerate().take(20_000) {
        let bare = line.trim_start_matches(['>', ' ']);
        let field = mime::field_start(bare.trim_end()).filter(|(n, _)| {
            !line.starts_with('\t') && (block.is_some() || n.contains('-') || HEADER_STARTS.contains(&n.as_str()))
        });
        if let Some((name, _)) = field {
            block = block.or(Some((offset, number + 1)));
            received |= name == "received";
            known += usize::from(HEADER_STARTS.contains(&name.as_str())) + 2 * usize::from(name == "received");
        } else if !line.starts_with([' ', '\t']) {
            first = first.or(block.filter(|_| known >= 3));
            if received && known >= 3 {
                return block;
            }
            (block, known, received) = (None, 0, false);
        }
        offset += line.len();
    }
    block.filter(|_| known >= 3 && (received || first.is_none())).or(first)
}

/// Adds the findings of a further text.
fn merge(findings: &mut Findings, more: Findings) {
    if findings.kind != more.kind && more.kind != Kind::Unknown {
        findings.kind = if findings.kind == Kind::Unknown { more.kind } else { Kind::Mixed };
    }
    findings.mta = findings.mta.take().or(more.mta);
    findings.more_replies += more.more_replies;
    findings.replies.extend(more.replies);
    let all = std::mem::take(&mut findings.recipient_domains).into_iter().chain(more.recipient_domains);
    findings.recipient_domains = each_once(all);
    findings.ips = each_once(std::mem::take(&mut findings.ips).into_iter().chain(more.ips));
    if findings.header.is_none() {
        findings.header = more.header;
        findings.lint = more.lint;
    }
    findings.dsn_status = findings.dsn_status.take().or(more.dsn_status);
    findings.queue_id = findings.queue_id.take().or(more.queue_id);
    findings.category = findings.category.or(more.category);
    findings.url = findings.url.take().or(more.url);
}

/// The values in order, each once.
fn each_once<T: PartialEq>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut out = Vec::new();
    for value in values {
        if out.len() < MAX_REPLIES && !out.contains(&value) {
            out.push(value);
        }
    }
    out
}

/// Fills in the summary from the first refusal.
fn finish(findings: &mut Findings, context: &Context) {
    if findings.replies.len() > MAX_REPLIES {
        findings.more_replies += findings.replies.len() - MAX_REPLIES;
        findings.replies.truncate(MAX_REPLIES);
    }
    let alone = findings.kind == Kind::Header && findings.replies.is_empty() && findings.ips.is_empty();
    if let Some(header) = findings.header.as_ref().filter(|_| alone) {
        findings.ips = header.border_ip.into_iter().collect();
        findings.mta = findings.mta.take().or_else(|| header.mta.clone());
    }
    for reply in &mut findings.replies {
        reply.at = reply.time.as_deref().and_then(|time| time::moment(time, context.arrived));
    }
    let own = |ip: &std::net::IpAddr| context.networks.iter().any(|n| n.contains(ip));
    let told = findings.replies.iter().filter_map(|r| r.ip).filter(|ip| !own(ip));
    findings.ips = each_once(std::mem::take(&mut findings.ips).into_iter().chain(told));
    let domains = findings.replies.iter().filter_map(|r| r.recipient_domain.clone());
    findings.recipient_domains = each_once(std::mem::take(&mut findings.recipient_domains).into_iter().chain(domains));
    let Some(first) = findings.replies.first() else {
        return;
    };
    findings.smtp_code = first.smtp_code;
    findings.enhanced_status.clone_from(&first.enhanced_status);
    findings.category = first.category;
    findings.provider.clone_from(&first.provider);
    findings.url.clone_from(&first.url);
    findings.queue_id = first.queue_id.clone().or(findings.queue_id.take());
    findings.whose = first.whose;
    findings.dsn_status = findings.dsn_status.take().or_else(|| first.dsn_status.clone());
}

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
