//! What survives the retention time: the lines that the findings speak of, without the names of people.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{personal, recipients};
use crate::evidence::Findings;

/// Fields of a header that tell the way of a mail and what was checked on it.
const FIELDS: &[&str] = &[
    "received",
    "x-received",
    "authentication-results",
    "arc-authentication-results",
    "received-spf",
    "dkim-signature",
    "return-path",
    "date",
    "message-id",
];

/// Beginnings of the names of fields that filters write.
const FILTERS: &[&str] = &["x-spam", "x-rspamd", "x-ui-", "x-forefront-", "x-ms-exchange-organization-scl"];

/// How many lines may follow the first one of a refusal.
const FOLLOW: usize = 12;

/// What stands where lines were left out.
const GAP: &str = "[…]\n";

/// A masked copy of a text, cut down to the lines that its findings speak of, and the findings, masked as well, with the
/// numbers of the lines in the copy.
#[must_use]
pub fn kept(text: &str, findings: &Findings) -> (String, Findings) {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut chosen = BTreeMap::new();
    header(&lines, findings, &mut chosen);
    refusals(&lines, findings, &mut chosen);
    let mut out = String::new();
    let mut moved = BTreeMap::new();
    let (mut number, mut before) = (0, 0);
    for (line, how) in chosen {
        if line > before + 1 {
            out.push_str(GAP);
            number += 1;
        }
        number += 1;
        before = line;
        moved.insert(line, number);
        out.push_str(&how.of(lines.get(line - 1).copied().unwrap_or("")));
    }
    if before < lines.len() && before > 0 {
        out.push_str(GAP);
    }
    (out, masked(findings, &moved))
}

/// How much of a line stays.
#[derive(Clone, Copy)]
enum How {
    /// All of it but names.
    Masked,
    /// The name of its field.
    FieldOnly,
}

impl How {
    /// What stays of a line.
    fn of(self, line: &str) -> String {
        let end = if line.ends_with('\n') { "\n" } else { "" };
        match self {
            Self::FieldOnly => {
                let name = line.split_once(':').map_or("", |(name, _)| name).trim();
                let named = !name.is_empty() && name.len() <= 60 && !name.contains([' ', '@']);
                if named { format!("{name}: ***{end}") } else { format!("***{end}") }
            }
            Self::Masked if is_encoded(line.trim()) => format!("***{end}"),
            Self::Masked => recipients(&personal::masked(line)).into_owned(),
        }
    }
}

/// Whether a line is encoded, so that nobody can tell what it holds.
fn is_encoded(line: &str) -> bool {
    line.len() >= 40 && line.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b))
}

/// Chooses the fields of the header that tell its way, and of faulty ones the names.
fn header(lines: &[&str], findings: &Findings, chosen: &mut BTreeMap<usize, How>) {
    for fault in findings.lint.iter().filter(|fault| (1..=lines.len()).contains(&fault.line)) {
        chosen.insert(fault.line, How::FieldOnly);
    }
    let Some(header) = &findings.header else { return };
    let mut keeps = false;
    for (at, line) in lines.iter().enumerate().skip(header.line.saturating_sub(1)) {
        let bare = line.trim_start_matches(['>', '|']).trim_start_matches(' ');
        let folded = line.starts_with([' ', '\t']) || bare.starts_with('\t');
        if bare.trim().is_empty() {
            break;
        }
        if !folded {
            let name = bare.split(':').next().unwrap_or("").to_ascii_lowercase();
            keeps = FIELDS.contains(&name.as_str()) || FILTERS.iter().any(|start| name.starts_with(start));
        }
        if keeps {
            chosen.insert(at + 1, How::Masked);
        }
    }
}

/// Chooses the refusals, each with the lines that continue it.
fn refusals(lines: &[&str], findings: &Findings, chosen: &mut BTreeMap<usize, How>) {
    for reply in &findings.replies {
        let Some(first) = reply.line.filter(|line| (1..=lines.len()).contains(line)) else { continue };
        chosen.insert(first, How::Masked);
        let code = reply.smtp_code.map(|code| code.to_string());
        let continues = |line: &str| {
            let bare = line.trim_start_matches(['>', ' ', '\t']);
            !bare.trim().is_empty()
                && (line.starts_with([' ', '\t']) || code.as_deref().is_some_and(|code| bare.starts_with(code)))
        };
        let more = lines.iter().enumerate().skip(first).take(FOLLOW).take_while(|(_, line)| continues(line));
        chosen.extend(more.map(|(at, _)| (at + 1, How::Masked)));
    }
}

/// The findings without names, their lines moved.
fn masked(findings: &Findings, moved: &BTreeMap<usize, usize>) -> Findings {
    let mut found = Findings { note: None, ..findings.clone() };
    if let Some(header) = &mut found.header {
        header.list_unsubscribe.clear();
    }
    for fault in &mut found.lint {
        if let Some((what, _)) = fault.what.split_once(": ") {
            fault.what = format!("{what}: ***");
        }
    }
    for reply in &mut found.replies {
        reply.text = personal::masked(&reply.text).into_owned();
    }
    let Ok(mut value) = serde_json::to_value(&found) else { return Findings::default() };
    walk(&mut value, "", moved);
    serde_json::from_value(value).unwrap_or_default()
}

/// Masks every text in a value but the identifier of the message, and moves every line.
fn walk(value: &mut Value, key: &str, moved: &BTreeMap<usize, usize>) {
    match value {
        Value::String(text) if key != "message_id" => *text = recipients(text).into_owned(),
        Value::Number(number) if key == "line" => {
            let line = number.as_u64().and_then(|line| usize::try_from(line).ok());
            *value = line.and_then(|line| moved.get(&line)).map_or(0, |line| *line).into();
        }
        Value::Array(all) => all.iter_mut().for_each(|one| walk(one, key, moved)),
        Value::Object(all) => all.iter_mut().for_each(|(key, one)| walk(one, key, moved)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Context, read};

    #[test]
    fn of_a_log_the_refusals_stay() {
        let text = "Nov 23 12:00:00 mx postfix/qmgr[1]: A1: from=<ann@example.com>, size=1\n\
            Nov 23 12:00:01 mx postfix/smtp[1]: A1: to=<bob@example.org>, relay=mx.example.org[192.0.2.1]:25, dsn=5.1.1, \
            status=bounced (host mx.example.org[192.0.2.1] said: 550 5.1.1 <bob@example.org> unknown)\n\
            Nov 23 12:00:02 mx postfix/qmgr[1]: A1: removed\n";
        let found = read(text.as_bytes(), &Context::default());
        let (copy, after) = kept(text, &found);
        assert!(copy.starts_with("[…]\nNov 23 12:00:01") && copy.ends_with("[…]\n"), "{copy}");
        assert!(!copy.contains("bob@") && !copy.contains("ann@"), "{copy}");
        assert!(!after.replies[0].text.contains("bob@"));
        assert_eq!((after.replies[0].line, after.category), (Some(2), found.category));
    }

    #[test]
    fn of_a_message_the_way_stays_and_nothing_that_was_said() {
        let text = "Received: from out.example.com ([192.0.2.9]) by mx.example.org with ESMTP id 1\n\
            \tfor <bob@example.org>; Mon, 23 Nov 2026 12:00:03 +0000\n\
            From: Ann Müller <ann@example.com>\nTo: Bob Lee <bob@example.org>\nSubject: Your diagnosis\n\
            Date: Mon, 23 Nov 2026 12:00:00 +0000\nMessage-ID: <1@example.com>\n\
            List-Unsubscribe: <https://example.com/u/bob-lee>\n\nDear Bob,\n";
        let found = read(text.as_bytes(), &Context::default());
        let (copy, after) = kept(text, &found);
        for name in ["Ann", "Müller", "bob@", "Bob", "diagnosis", "bob-lee"] {
            assert!(!copy.contains(name), "{name} in {copy}");
            assert!(!serde_json::to_string(&after).unwrap().contains(name), "{name} in the findings");
        }
        assert!(
            copy.contains("Received: from out.example.com") && copy.contains("\tfor <b***@example.org>;"),
            "{copy}"
        );
        assert_eq!(after.ips, found.ips);
        assert_eq!(after.header.unwrap().hops.len(), 1);
    }

    #[test]
    fn any_text_can_be_kept() {
        for text in ["", "\n\n", "550 5.1.1 no such user <a@b.example>", "Received: x\nReceived: y\n"] {
            let found = read(text.as_bytes(), &Context::default());
            assert!(kept(text, &found).0.len() <= text.len() + 20);
            let (other, _) = kept("", &found);
            assert_eq!(other, "");
        }
    }
}
