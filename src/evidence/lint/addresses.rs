//! The syntax of addresses (RFC 5322, 3.4), and how the author's fields belong together.

use super::Severity::{Error, Warning};
use super::fields::shown;
use super::{Rule, Sheet};

/// An address that servers cannot read.
const SYNTAX: Rule = Rule {
    name: "address-syntax",
    severity: Error,
    fix: "Write addresses as name@example.org or \"Full Name\" <name@example.org>, and put commas between them.",
    rfc: "RFC 5322, 3.4",
};

/// A name that needs quotation marks.
const UNQUOTED: Rule = Rule {
    name: "unquoted-name",
    severity: Warning,
    fix: "Put names that hold . , : ; @ ( ) [ ] or quotation marks in quotation marks.",
    rfc: "RFC 5322, 3.2.3 and 3.2.4",
};

/// Several authors without a sender.
const NO_SENDER: Rule = Rule {
    name: "several-from-without-sender",
    severity: Error,
    fix: "Name the one who sends in a Sender field, or leave one author only.",
    rfc: "RFC 5322, 3.6.2",
};

/// Several senders.
const MANY_SENDERS: Rule = Rule {
    name: "several-senders",
    severity: Error,
    fix: "Name one mailbox only in the Sender field.",
    rfc: "RFC 5322, 3.6.2",
};

/// One mailbox of a list.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Mailbox {
    /// What stands before the angle bracket.
    name: String,
    /// The address.
    address: String,
    /// Whether brackets or quotation marks were left open.
    open: bool,
}

impl Mailbox {
    /// The domain, lower case.
    pub(super) fn domain(&self) -> Option<String> {
        let (_, domain) = self.address.rsplit_once('@')?;
        Some(domain.trim().trim_end_matches('.').to_ascii_lowercase()).filter(|domain| !domain.is_empty())
    }
}

/// The most mailboxes that are looked at in one field.
const MOST: usize = 500;

/// Judges the fields that hold addresses.
pub(super) fn check(sheet: &mut Sheet<'_, '_>) {
    let mut found = Vec::new();
    for field in sheet.fields.iter().take(500) {
        let known = ["From", "Sender", "Reply-To", "To", "Cc", "Bcc"].iter().find(|name| field.is(name));
        if let Some(name) = known.filter(|_| !field.value.is_empty()) {
            found.extend(judge(name, &field.value).into_iter().map(|(rule, what)| (rule, field.line, what)));
        }
    }
    for (rule, line, what) in found {
        sheet.report(&rule, line, what);
    }
    authors(sheet);
}

/// Judges one list; at most three faults of one field are told.
fn judge(name: &str, value: &str) -> Vec<(Rule, String)> {
    let mut faults = Vec::new();
    let boxes = mailboxes(value);
    let strict = matches!(name, "From" | "Sender");
    if boxes.is_empty() && strict {
        faults.push((SYNTAX, format!("{name} holds no address: {}", shown(value))));
    }
    for one in &boxes {
        if let Some(what) = fault(one) {
            let severity = if strict { Error } else { Warning };
            faults.push((Rule { severity, ..SYNTAX }, format!("{name}: {what}: {}", shown(&one.address))));
        } else if needs_quotes(&one.name) {
            faults.push((UNQUOTED, format!("{name}: the name needs quotation marks: {}", shown(&one.name))));
        }
    }
    faults.truncate(3);
    faults
}

/// What is wrong with an address.
fn fault(one: &Mailbox) -> Option<&'static str> {
    let address = one.address.trim();
    let Some((local, domain)) = address.rsplit_once('@') else {
        return Some("there is no @ in the address");
    };
    let quoted = local.starts_with('"') && local.ends_with('"') && local.len() >= 2;
    match () {
        () if one.open => Some("a bracket or quotation mark is not closed"),
        () if local.is_empty() || domain.is_empty() => Some("a side of the @ is empty"),
        () if !quoted && local.contains([' ', '\t', '<', '>', '(', ')', ',', ';', ':', '@', '"']) => {
            Some("the part before the @ holds a forbidden character")
        }
        () if !quoted && (local.starts_with('.') || local.ends_with('.') || local.contains("..")) => {
            Some("the part before the @ has a dot at its edge or two in a row")
        }
        () if domain.starts_with('[') => None,
        () if domain.contains([' ', '\t', '<', '>', '(', ')', ',', ';', ':', '"', '@']) => {
            Some("the domain holds a forbidden character")
        }
        () if domain.starts_with('.') || domain.contains("..") => Some("the domain holds an empty label"),
        () => None,
    }
}

/// Whether a name holds characters that need quotation marks. A dot is forgiven: everyone does.
fn needs_quotes(name: &str) -> bool {
    name.contains(['@', ',', ':', ';', '[', ']', '<', '>'])
}

/// Which part of a mailbox is being read.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Part {
    /// The name, or an address without brackets.
    #[default]
    Text,
    /// The address in angle brackets.
    Inner,
    /// What follows the brackets.
    After,
}

/// Where a list stands while it is being read.
#[derive(Default)]
struct Reader {
    /// Mailboxes read so far.
    done: Vec<Mailbox>,
    /// Text outside angle brackets.
    text: String,
    /// Text inside angle brackets.
    inner: String,
    /// Which part comes.
    part: Part,
    /// Inside a quoted string.
    quoted: bool,
    /// Nesting of comments.
    depth: usize,
    /// The next character is taken as it is.
    escaped: bool,
    /// Inside the members of a group.
    group: bool,
}

/// Divides a list into mailboxes; groups, comments and quoted strings are understood.
pub(super) fn mailboxes(value: &str) -> Vec<Mailbox> {
    let mut reader = Reader::default();
    for c in value.chars() {
        reader.take(c);
        if reader.done.len() >= MOST {
            break;
        }
    }
    reader.close();
    reader.done
}

impl Reader {
    /// Takes one character.
    fn take(&mut self, c: char) {
        if std::mem::take(&mut self.escaped) {
            self.keep(c);
            return;
        }
        match c {
            '\\' => {
                self.escaped = true;
                self.keep(c);
            }
            '"' if self.depth == 0 => {
                self.quoted = !self.quoted;
                self.keep(c);
            }
            _ if self.quoted => self.keep_quoted(c),
            '(' => self.depth += 1,
            ')' if self.depth > 0 => self.depth -= 1,
            _ if self.depth > 0 => {}
            _ => self.take_plain(c),
        }
    }

    /// Takes a character that stands in no string and no comment.
    fn take_plain(&mut self, c: char) {
        match (c, self.part) {
            ('<', Part::Text) => self.part = Part::Inner,
            ('>', Part::Inner) => self.part = Part::After,
            (',', Part::Text | Part::After) => self.close(),
            (';', _) if self.group => {
                self.close();
                self.group = false;
            }
            (':', Part::Text) if !self.group && !self.text.contains('@') => {
                self.group = true;
                self.text.clear();
            }
            _ => self.keep(c),
        }
    }

    /// Keeps a character where it belongs.
    fn keep(&mut self, c: char) {
        match self.part {
            Part::Text => self.text.push(c),
            Part::Inner => self.inner.push(c),
            Part::After => {}
        }
    }

    /// Keeps a character of a quoted string; in a name it may be any, so marks of syntax are blotted out.
    fn keep_quoted(&mut self, c: char) {
        let mark = self.part == Part::Text && ",:;@<>[]".contains(c);
        self.keep(if mark { '_' } else { c });
    }

    /// Ends a mailbox.
    fn close(&mut self) {
        let text = std::mem::take(&mut self.text).trim().to_owned();
        let inner = std::mem::take(&mut self.inner).trim().to_owned();
        let part = std::mem::take(&mut self.part);
        let open = std::mem::take(&mut self.quoted) || std::mem::take(&mut self.depth) > 0;
        let open = open || part == Part::Inner;
        if part != Part::Text {
            self.done.push(Mailbox { name: text, address: inner, open });
        } else if !text.is_empty() {
            self.done.push(Mailbox { name: String::new(), address: text, open });
        }
    }
}

/// Judges authors and senders together.
fn authors(sheet: &mut Sheet<'_, '_>) {
    let of = |name: &str| {
        sheet.fields.iter().find(|field| field.is(name)).map(|field| (field.line, mailboxes(&field.value)))
    };
    let (from, sender) = (of("From"), of("Sender"));
    if let Some((line, boxes)) = &from
        && boxes.iter().filter(|one| one.domain().is_some()).count() > 1
        && sender.is_none()
    {
        sheet.report(&NO_SENDER, *line, "From names several authors, and there is no Sender field.".to_owned());
    }
    if let Some((line, boxes)) = &sender
        && boxes.len() > 1
    {
        sheet.report(&MANY_SENDERS, *line, "Sender names more than one mailbox.".to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The addresses of a list, with a mark where one is at fault.
    fn short(value: &str) -> String {
        let show = |one: &Mailbox| format!("{}{}", one.address, if fault(one).is_some() { "!" } else { "" });
        mailboxes(value).iter().map(show).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn lists_are_divided_into_mailboxes() {
        let cases = [
            ("ann@example.org, Bob <bob@example.net>", "ann@example.org bob@example.net"),
            ("\"Lee, Ann\" <ann@example.org>", "ann@example.org"),
            ("friends: ann@example.org, bob@example.net;", "ann@example.org bob@example.net"),
            ("undisclosed-recipients:;", ""),
            ("ann@example.org (Ann, the first)", "ann@example.org"),
            ("=?utf-8?Q?Gr=C3=BC=C3=9Fe?= <ann@example.org>", "ann@example.org"),
            ("\"ann lee\"@example.org", "\"ann lee\"@example.org"),
            ("ann", "ann!"),
            ("Ann <ann@example.org", "ann@example.org!"),
            ("<ann@>", "ann@!"),
            ("ann@@example.org", "ann@@example.org!"),
            ("ann@[192.0.2.1]", "ann@[192.0.2.1]"),
        ];
        for (value, want) in cases {
            assert_eq!(short(value), want, "{value}");
        }
    }
}
