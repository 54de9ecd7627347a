//! The machine-readable part of a delivery report (RFC 3464).

use std::net::IpAddr;

use crate::evidence::input::mime::field_start;
use crate::evidence::scan;

/// What a report says about one recipient.
#[derive(Clone, Debug, Default)]
pub(super) struct Recipient {
    /// The line in which its fields start, counted from 1.
    pub(super) line: usize,
    /// The domain of the address.
    pub(super) domain: Option<String>,
    /// The action field in lower case.
    action: Option<String>,
    /// The status code.
    pub(super) status: Option<String>,
    /// The diagnostic text without its type.
    pub(super) diagnostic: Option<String>,
    /// The server that refused.
    pub(super) remote_host: Option<String>,
    /// Its address, where it is given.
    pub(super) remote_ip: Option<IpAddr>,
    /// A queue id given per recipient.
    pub(super) queue_id: Option<String>,
}

/// At most this many recipients of one report are read.
const MAX_RECIPIENTS: usize = 1000;

impl Recipient {
    /// Whether the report tells of a failure or a delay rather than of success.
    pub(super) fn failed(&self) -> bool {
        let done = ["delivered", "relayed", "expanded"];
        let success = self.status.as_deref().is_some_and(|s| s.starts_with('2'));
        !success && !self.action.as_deref().is_some_and(|a| done.iter().any(|d| a.starts_with(d)))
    }

    /// Whether anything was read.
    fn told(&self) -> bool {
        self.domain.is_some() || self.diagnostic.is_some() || self.status.is_some()
    }

    /// Takes one field.
    fn take(&mut self, name: &str, value: &str) {
        match name {
            "final-recipient" | "original-recipient" => {
                self.domain = self.domain.take().or_else(|| scan::domain_of(value));
            }
            "action" => self.action = Some(value.trim().to_ascii_lowercase()),
            "status" => self.status = status(value),
            "remote-mta" => self.remote(value),
            "diagnostic-code" => {
                self.diagnostic = Some(without_type(value).to_owned()).filter(|d| !d.trim().is_empty());
            }
            "x-queue-id" | "final-log-id" => self.queue_id = Some(value.trim().to_owned()),
            _ => {}
        }
    }

    /// Takes the refusing server's name and address.
    fn remote(&mut self, value: &str) {
        let value = value.split_once(';').map_or(value, |(_, v)| v).trim();
        let name = value.split([' ', '(', '[']).next().unwrap_or("").trim_end_matches('.');
        self.remote_host = scan::host_like(name).then(|| name.to_owned());
        self.remote_ip = scan::ips(value).first().map(|f| f.ip);
    }
}

/// The status code at the start of a status field.
fn status(value: &str) -> Option<String> {
    let word = value.split_whitespace().next()?.trim_end_matches(['(', ',', ';']);
    crate::evidence::reply::enhanced_prefix(word).map(str::to_owned)
}

/// A diagnostic text without its leading type (`smtp;`).
fn without_type(value: &str) -> &str {
    match value.split_once(';') {
        Some((kind, text)) if kind.trim().len() <= 12 && !kind.trim().contains(' ') => text.trim(),
        _ => value.trim(),
    }
}

/// Whether a line is one of the fields that only reports have.
pub(super) fn report_field(line: &str) -> bool {
    let start = line.trim_start_matches(['>', ' ', '\t']);
    [
        "Final-Recipient:",
        "Diagnostic-Code:",
        "Reporting-MTA:",
        "Original-Recipient:",
        "Remote-MTA:",
        "Final-recipient:",
        "Reporting-Mta:",
        "Remote-Mta:",
        "Diagnostic-code:",
    ]
    .iter()
    .any(|f| start.starts_with(f))
}

/// Whether a text holds report fields.
pub(in crate::evidence) fn looks_like(text: &str) -> bool {
    text.lines().take(5000).any(|l| {
        let start = l.trim_start_matches(['>', ' ', '\t']);
        ["Final-Recipient:", "Diagnostic-Code:", "Final-recipient:", "Diagnostic-code:"]
            .iter()
            .any(|f| start.starts_with(f))
    })
}

/// The recipients of a report; `first_line` is the number of its first line.
pub(super) fn recipients(text: &str, first_line: usize) -> Vec<Recipient> {
    let mut out: Vec<Recipient> = Vec::new();
    let mut current = Recipient::default();
    let mut field: Option<(String, String)> = None;
    for (offset, line) in text.lines().enumerate() {
        if out.len() >= MAX_RECIPIENTS {
            break;
        }
        if continues(line, field.as_ref()) {
            if let Some((_, value)) = field.as_mut().filter(|f| f.1.len() < 8000) {
                value.push('\n');
                value.push_str(line.trim());
            }
            continue;
        }
        finish(&mut current, &mut field);
        if line.trim().is_empty() {
            keep(&mut out, &mut current);
        } else if let Some((name, value)) = field_start(line.trim_start_matches(['>', ' '])) {
            if name == "final-recipient" && current.diagnostic.is_some() {
                keep(&mut out, &mut current);
            }
            current.line = if current.told() { current.line } else { first_line + offset };
            field = Some((name, value.trim().to_owned()));
        }
    }
    finish(&mut current, &mut field);
    keep(&mut out, &mut current);
    out
}

/// Whether a line continues the field before it, indented or (in a paste) wrapped.
fn continues(line: &str, field: Option<&(String, String)>) -> bool {
    let Some((name, _)) = field else { return false };
    if line.trim().is_empty() {
        return false;
    }
    let wrapped = name == "diagnostic-code"
        && field_start(line).is_none_or(|(n, _)| !n.contains('-') && n != "status" && n != "action");
    line.starts_with([' ', '\t']) && !report_field(line) || wrapped
}

/// Gives a finished field to the recipient.
fn finish(current: &mut Recipient, field: &mut Option<(String, String)>) {
    if let Some((name, value)) = field.take() {
        current.take(&name, &value);
    }
}

/// Keeps a recipient that says something; fields of the whole report do not.
fn keep(out: &mut Vec<Recipient>, current: &mut Recipient) {
    let done = std::mem::take(current);
    if done.told() {
        out.push(done);
    }
}

/// The queue id that a report names (`X-Postfix-Queue-ID` and its like).
pub(in crate::evidence) fn queue_id(text: &str) -> Option<String> {
    value_of(text, |name| name.ends_with("queue-id"))
}

/// The identifier that the sending server gave the envelope; Haraka writes its own there.
pub(super) fn envelope_id(text: &str) -> Option<String> {
    value_of(text, |name| name == "original-envelope-id")
}

/// The value of the first field of a name, one word.
fn value_of(text: &str, is: impl Fn(&str) -> bool) -> Option<String> {
    text.lines().take(2000).find_map(|line| {
        let (name, value) = field_start(line.trim_start_matches(['>', ' ']))?;
        let id = value.trim();
        (is(&name) && !id.is_empty() && id.len() < 100 && !id.contains(' ')).then(|| id.to_owned())
    })
}
