//! Writes entries.

use serde::Serialize;

use super::{Format, NEVER};
use crate::domain::block::{Action, Block, case_path};
use crate::domain::cause::Causes;
use crate::domain::net::Net;
use crate::domain::time::Time;

/// One block as JSON.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    /// What is blocked.
    net: String,
    /// Code of its cause.
    cause: &'a str,
    /// What gateways do.
    action: &'a str,
    /// When its newest evidence was seen (RFC 3339).
    evidence_at: String,
    /// When it ends by itself, or `never`.
    until: String,
    /// Who named it.
    source: &'a str,
    /// A note.
    note: &'a str,
}

/// The line of names that a list begins with, where it has one.
#[must_use]
pub fn head(format: Format) -> Option<&'static str> {
    match format {
        Format::Csv => Some("net,cause,note,evidence_at,until,source"),
        Format::Rbldnsd => Some("# made by postern, for a zone of type combined; exemptions are cut out"),
        Format::PostfixCidr => Some("# made by postern; exemptions are cut out. The order matters: first match wins."),
        Format::Plain | Format::Set | Format::JsonLines => None,
    }
}

/// What a line says beside its block.
#[derive(Debug, Clone, Copy)]
pub struct Beside<'a> {
    /// The portal's address, for case links.
    pub portal: &'a str,
    /// The causes, for what they answer in the DNS.
    pub causes: &'a Causes,
}

/// One line for `net`, which is the whole of `block` or a piece of it.
#[must_use]
pub fn line(format: Format, block: &Block, net: Net, beside: Beside<'_>) -> String {
    let note = block.note.replace(['\n', '\r'], " ");
    match format {
        Format::Plain if note.is_empty() => format!("{net} {}", block.cause),
        Format::Plain => format!("{net} {} # {note}", block.cause),
        Format::Set => net.to_string(),
        Format::Csv => csv(block, net, &note),
        // rbldnsd puts the address that was asked for in the place of the dollar sign.
        Format::Rbldnsd => {
            let answer = beside.causes.answer(&block.cause, block.action);
            format!("{net} :{answer}:{}/$", reason(block, beside.portal))
        }
        Format::PostfixCidr => format!("{} {} {}", whole(net), reply(block.action), reason(block, beside.portal)),
        Format::JsonLines => json(block, net, &note),
    }
}

/// The network with its length, as Postfix wants IPv6 addresses to have one.
fn whole(net: Net) -> String {
    format!("{}/{}", net.first(), net.prefix_len())
}

/// The code and the case link of a block.
fn reason(block: &Block, portal: &str) -> String {
    format!("blocked ({}), see {portal}{}", block.cause, case_path(&block.case_code, None))
}

/// When a block ends, as the reader takes it.
fn until(block: &Block) -> String {
    block.until.map_or_else(|| NEVER.to_owned(), Time::rfc3339)
}

/// The reply of a table.
fn reply(action: Action) -> &'static str {
    match action {
        Action::Reject => "550 5.7.1",
        Action::Defer => "450 4.7.1",
    }
}

/// One line of fields. A field that a spreadsheet would take for a formula begins with an apostrophe.
fn csv(block: &Block, net: Net, note: &str) -> String {
    let until = until(block);
    let net = net.to_string();
    let evidence_at = block.evidence_at.rfc3339();
    let fields = [net.as_str(), &block.cause, note, &evidence_at, &until, &block.source];
    fields.map(field).join(",")
}

/// One field, in quotes where it has to be.
fn field(text: &str) -> String {
    let guarded = if text.starts_with(['=', '+', '-', '@', '\t']) { format!("'{text}") } else { text.to_owned() };
    if guarded.contains(['"', ',', ';', '\t']) { format!("\"{}\"", guarded.replace('"', "\"\"")) } else { guarded }
}

/// One object.
fn json(block: &Block, net: Net, note: &str) -> String {
    let shown = Shown {
        net: net.to_string(),
        cause: &block.cause,
        action: block.action.as_str(),
        evidence_at: block.evidence_at.rfc3339(),
        until: until(block),
        source: &block.source,
        note,
    };
    serde_json::to_string(&shown).unwrap_or_default()
}
