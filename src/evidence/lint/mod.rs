//! Faults of headers: which rule, how grave, on which line, what is wrong and how to write it right.
//!
//! Refusals for a header fault are widely taken for a block of the address; this is what tells them
//! apart. Only what the text shows is judged, and clean headers of ordinary mail give no error.

mod addresses;
mod encoding;
mod fields;
mod policy;
mod raw;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::evidence::Context;
use crate::evidence::header::names;

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lint {
    /// The stable name of the rule.
    pub rule: String,
    /// How grave it is.
    pub severity: Severity,
    /// Line in the pasted text, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// How to write it right.
    pub fix: String,
    /// The section that says so.
    pub rfc: String,
}

/// How grave a fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Servers refuse mail for this.
    Error,
    /// Some servers or filters object.
    Warning,
    /// Worth knowing.
    Note,
}

/// The most faults that are told.
const MOST: usize = 100;

/// The longest header that is looked at, in bytes.
const LONGEST: usize = 1 << 20;

/// One field as it stands in the text, with its folding.
#[derive(Clone, Debug)]
struct Field<'t> {
    /// The name as written.
    name: &'t str,
    /// The value, unfolded.
    value: String,
    /// Its first line.
    line: usize,
}

impl Field<'_> {
    /// Whether the field has this name.
    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// What the rules look at.
struct Sheet<'t, 'c> {
    /// The fields in order.
    fields: Vec<Field<'t>>,
    /// Whether the header ends with a blank line or the text, so that what is missing is really missing.
    complete: bool,
    /// Line where the header begins.
    first_line: usize,
    /// When it arrived, and who we are.
    context: &'c Context,
    /// What was found.
    found: Vec<Lint>,
}

impl Sheet<'_, '_> {
    /// Notes a fault.
    fn report(&mut self, rule: &Rule, line: usize, what: String) {
        if self.found.len() < MOST {
            self.found.push(rule.lint(line, what));
        }
    }
}

/// A rule: its name, its weight, how to do better, and who says so.
struct Rule {
    /// Stable name.
    name: &'static str,
    /// How grave a breach is.
    severity: Severity,
    /// How to write it right.
    fix: &'static str,
    /// The section.
    rfc: &'static str,
}

impl Rule {
    /// A breach of the rule.
    fn lint(&self, line: usize, what: String) -> Lint {
        let (rule, fix, rfc) = (self.name.to_owned(), self.fix.to_owned(), self.rfc.to_owned());
        Lint { rule, severity: self.severity, line, what, fix, rfc }
    }
}

/// Judges a header as it was sent. `raw` begins with its first line, which has the number `first_line`.
#[must_use]
pub fn check(raw: &[u8], first_line: usize, context: &Context) -> Vec<Lint> {
    let raw = raw.get(..raw.len().min(LONGEST)).unwrap_or(raw);
    let raw = unquoted(raw);
    let (header, complete) = raw::header_of(&raw);
    let text = String::from_utf8_lossy(header);
    let (fields, strays) = divide(&text, first_line);
    let mut sheet = Sheet { fields, complete, first_line, context, found: Vec::new() };
    raw::check(&mut sheet, header, &strays);
    fields::check(&mut sheet);
    addresses::check(&mut sheet);
    encoding::check(&mut sheet);
    policy::check(&mut sheet);
    sheet.found.sort_by_key(|lint| (lint.line, lint.severity));
    sheet.found
}

/// Takes the marks of a quoted mail (`> `) off all lines, if the first one has them.
fn unquoted(raw: &[u8]) -> Cow<'_, [u8]> {
    if !raw.trim_ascii_start().starts_with(b">") {
        return Cow::Borrowed(raw);
    }
    let plain = raw.split(|b| *b == b'\n').map(|line| {
        let rest = line.trim_ascii_start().strip_prefix(b">").unwrap_or(line);
        rest.strip_prefix(b" ").unwrap_or(rest)
    });
    Cow::Owned(plain.collect::<Vec<_>>().join(&b'\n'))
}

/// Divides a header into fields, and gives the lines that are neither field nor folded.
fn divide(text: &str, first_line: usize) -> (Vec<Field<'_>>, Vec<usize>) {
    let (mut fields, mut strays): (Vec<Field<'_>>, _) = (Vec::new(), Vec::new());
    for (number, raw) in text.split('\n').enumerate() {
        let line = raw.strip_suffix('\r').unwrap_or(raw);
        if line.is_empty() || (number == 0 && is_separator(line)) {
            continue;
        }
        if line.starts_with([' ', '\t']) {
            if let Some(last) = fields.last_mut() {
                if !last.value.is_empty() {
                    last.value.push(' ');
                }
                last.value.push_str(line.trim());
            }
            continue;
        }
        match strict_field(line) {
            Some((name, value)) => {
                fields.push(Field { name, value: value.trim().to_owned(), line: first_line + number });
            }
            None => strays.push(first_line + number),
        }
    }
    (fields, strays)
}

/// Whether a line is the one that begins each mail in a mailbox file, and no part of the mail.
fn is_separator(line: &str) -> bool {
    line.starts_with("From ") || line.starts_with(">From ")
}

/// Divides a line at its colon; here the name may be any that RFC 5322 allows.
fn strict_field(line: &str) -> Option<(&str, &str)> {
    let at = line.bytes().take(256).position(|b| b == b':')?;
    let name = line.get(..at)?.trim_end_matches([' ', '\t']);
    let fits = !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic());
    let believable = names::field(line).is_some() || !name.contains(['<', '>', '@', '/', '(', ',', ';']);
    (fits && believable).then(|| (name, line.get(at + 1..).unwrap_or("")))
}

#[cfg(test)]
mod tests;
