//! What the reader understood, for people: whose refusal it is and what follows, the refusals line by line, the way of
//! the mail as a picture and as a table, faults of the header. The same on the form, the status page and the ticket.

use std::collections::BTreeSet;

use askama::Template;

use super::shell::Shell;
use crate::domain::cause::Causes;
use crate::domain::ticket::visible;
use crate::evidence::header::{Header, Hop};
use crate::evidence::lint::Severity;
use crate::evidence::{Category, Direction, Findings, Reply, Whose, mask};

/// How many refusals are shown; the rest is counted.
const REPLIES_MOST: usize = 50;

/// How many faults of a header are shown.
const FAULTS_MOST: usize = 50;

/// How many hops the picture has.
const HOPS_MOST: usize = 30;

/// What the reader understood of one piece of evidence.
#[derive(Debug, Template)]
#[template(path = "parts/findings.html")]
pub struct Understood {
    /// What all pages share.
    shell: Shell,
    /// What tells its anchors from those of other pieces on the page.
    mark: String,
    /// Whether lines of the raw text can be jumped to.
    jumps: bool,
    /// The lines that something on the page speaks of, which the raw text can jump back to.
    spoken: BTreeSet<usize>,
    /// What follows, in sentences.
    verdicts: Vec<Verdict>,
    /// The refusals.
    rows: Vec<Row>,
    /// How many more there are.
    more: usize,
    /// The way of the mail.
    way: Option<Way>,
    /// Faults of the header.
    faults: Vec<Fault>,
    /// Whether a part stayed unread.
    unread: bool,
}

/// One sentence on what follows, maybe with a link.
#[derive(Debug, PartialEq, Eq)]
struct Verdict {
    /// The sentence.
    text: String,
    /// Where to go.
    href: Option<String>,
}

/// A line of the text that something on the page speaks of.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// The line, counted from 1.
    line: usize,
    /// Whether nothing before it on the page speaks of that line: here the text jumps back to.
    is_first: bool,
}

impl Place {
    /// A line, noted among those that were spoken of.
    fn of(line: usize, spoken: &mut BTreeSet<usize>) -> Self {
        Self { line, is_first: spoken.insert(line) }
    }
}

/// One refusal.
#[derive(Debug)]
struct Row {
    /// The line in the text.
    line: Option<Place>,
    /// When, as written.
    time: String,
    /// The sending address.
    ip: String,
    /// Code and enhanced status.
    code: String,
    /// The category, in words.
    category: String,
    /// Who refused, in words.
    who: String,
    /// The reply, recipients masked.
    text: String,
}

/// The way of a mail.
#[derive(Debug)]
struct Way {
    /// Where it came in: address, name, greeting.
    border: Option<(String, String)>,
    /// What the receiver's checks said: method and result.
    checks: Vec<(String, String)>,
    /// What filters said, in words.
    filters: Vec<(String, String)>,
    /// The hops, oldest first.
    hops: Vec<Step>,
    /// The height of the picture.
    height: usize,
    /// How long it took, in words.
    total: Option<String>,
}

/// One hop in the picture and in the table.
#[derive(Debug)]
struct Step {
    /// The line in the text.
    line: Place,
    /// Who received.
    host: String,
    /// Who sent.
    from: String,
    /// The protocol.
    with: String,
    /// When, as written.
    time: String,
    /// The delay in words.
    delay: String,
    /// Where its bar begins.
    x: usize,
    /// How wide its bar is.
    width: usize,
    /// Where its bar stands.
    y: usize,
    /// Where the words beside the bar stand.
    text_y: usize,
    /// How it looks: `slow`, `skew` or plain.
    look: &'static str,
}

impl Way {
    /// Whether there is something to compare: a single hop makes no picture.
    fn has_picture(&self) -> bool {
        self.hops.len() > 1
    }
}

impl Step {
    /// What the picture says of the hop when it is pointed at.
    fn title(&self) -> String {
        if self.delay.is_empty() { self.host.clone() } else { format!("{}: {}", self.host, self.delay) }
    }
}

/// One fault of a header.
#[derive(Debug)]
struct Fault {
    /// The line in the text.
    line: Place,
    /// How grave it is, as a word.
    severity: &'static str,
    /// What is wrong.
    what: String,
    /// How to write it right.
    fix: String,
    /// Who says so.
    rfc: String,
}

impl Understood {
    /// What was understood; nothing when there is nothing to show.
    #[must_use]
    pub fn of(shell: &Shell, found: &Findings, causes: &Causes, mark: &str, jumps: bool) -> Option<Self> {
        let nothing = found.replies.is_empty() && found.header.is_none() && found.lint.is_empty();
        if nothing && found.fully_read {
            return None;
        }
        let mut spoken = BTreeSet::new();
        Some(Self {
            mark: mark.to_owned(),
            jumps,
            verdicts: verdicts(shell, found, causes),
            rows: found.replies.iter().take(REPLIES_MOST).map(|reply| row(shell, reply, &mut spoken)).collect(),
            more: found.replies.len().saturating_sub(REPLIES_MOST) + found.more_replies,
            way: found.header.as_ref().map(|header| way(shell, header, &mut spoken)),
            faults: faults(found, &mut spoken),
            unread: !found.fully_read,
            spoken,
            shell: shell.clone(),
        })
    }

    /// The lines that something on the page speaks of.
    #[must_use]
    pub fn spoken(&self) -> &BTreeSet<usize> {
        &self.spoken
    }
}

/// The words of a reader's enum, as it stands in JSON.
fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(ToOwned::to_owned)).unwrap_or_default()
}

/// What follows from the refusals, each sentence once, and from the header.
fn verdicts(shell: &Shell, found: &Findings, causes: &Causes) -> Vec<Verdict> {
    let mut all = Vec::new();
    for reply in &found.replies {
        if let Some(verdict) = verdict(shell, reply, causes)
            && !all.contains(&verdict)
            && all.len() < 6
        {
            all.push(verdict);
        }
    }
    if let Some(fault) = found.lint.iter().find(|l| l.severity == Severity::Error) {
        all.push(Verdict {
            text: shell.t2("findings-header-fault", "line", fault.line, "what", visible(&fault.what)),
            href: Some("/faq/header-faults".to_owned()),
        });
    }
    all
}

/// What follows from one refusal.
fn verdict(shell: &Shell, reply: &Reply, causes: &Causes) -> Option<Verdict> {
    let plain = |text: String| Verdict { text, href: None };
    match reply.whose? {
        Whose::Ours => Some(match reply.cause.as_deref().and_then(|code| causes.find(code)) {
            Some(cause) => Verdict {
                text: shell.t2("findings-ours-cause", "code", &cause.code, "title", &cause.text(shell.lang()).title),
                href: Some(format!("/causes/{}", cause.code)),
            },
            None => plain(shell.t("findings-ours")),
        }),
        Whose::Blocklist => Some(Verdict {
            text: shell.t1("findings-blocklist", "list", visible(reply.list.as_deref().unwrap_or("?"))),
            href: reply.removal_url.clone().filter(|url| url.starts_with("https://")),
        }),
        Whose::Provider => {
            let provider = reply.provider.as_deref().or(reply.remote_host.as_deref());
            Some(match provider {
                Some(name) => plain(shell.t1("findings-provider", "provider", visible(name))),
                None => plain(shell.t("findings-provider-unknown")),
            })
        }
        Whose::OwnServer if reply.direction == Some(Direction::In) => Some(plain(shell.t("findings-log-server"))),
        Whose::OwnServer => Some(plain(shell.t("findings-own-server"))),
    }
}

/// One refusal for the table.
fn row(shell: &Shell, reply: &Reply, spoken: &mut BTreeSet<usize>) -> Row {
    let code = reply.smtp_code.map(|c| c.to_string()).unwrap_or_default();
    let who = reply.list.as_deref().or(reply.provider.as_deref()).or(reply.remote_host.as_deref());
    Row {
        line: reply.line.map(|line| Place::of(line, spoken)),
        time: visible(reply.time.as_deref().unwrap_or_default()),
        ip: reply.ip.map(|ip| ip.to_string()).unwrap_or_default(),
        code: format!("{code} {}", reply.enhanced_status.as_deref().unwrap_or_default()).trim().to_owned(),
        category: reply.category.as_ref().map(|c: &Category| shell.word("category", &word(c))).unwrap_or_default(),
        who: match reply.whose {
            Some(Whose::Ours) => shell.t("findings-we"),
            _ => visible(who.unwrap_or_default()),
        },
        text: visible(&mask::recipients(&reply.text)).chars().take(600).collect(),
    }
}

/// Faults of the header, the grave ones first.
fn faults(found: &Findings, spoken: &mut BTreeSet<usize>) -> Vec<Fault> {
    let mut all: Vec<&crate::evidence::lint::Lint> = found.lint.iter().collect();
    all.sort_by_key(|l| (l.severity, l.line));
    let shown = all.into_iter().take(FAULTS_MOST).map(|l| Fault {
        line: Place::of(l.line, spoken),
        severity: match l.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        },
        what: visible(&l.what),
        fix: visible(&l.fix),
        rfc: l.rfc.clone(),
    });
    shown.collect()
}

/// Where the bars begin in the picture, how wide they are all together, and how high a row is.
const LEFT: usize = 256;
/// See [`LEFT`].
const WIDTH: usize = 330;
/// See [`LEFT`].
const ROW: usize = 26;

/// The way of a mail.
fn way(shell: &Shell, header: &Header, spoken: &mut BTreeSet<usize>) -> Way {
    let hops: Vec<&Hop> = header.hops.iter().take(HOPS_MOST).rev().collect();
    let total: i64 = hops.iter().filter_map(|hop| hop.delay_s).filter(|d| *d > 0).sum();
    let slow = (total / 3).max(60);
    let mut passed = 0;
    let mut steps = Vec::new();
    for (n, hop) in hops.iter().enumerate() {
        let delay = hop.delay_s.unwrap_or(0).max(0);
        let y = n * ROW + 6;
        steps.push(Step {
            line: Place::of(hop.line, spoken),
            host: visible(hop.by.as_deref().unwrap_or("?")),
            from: visible(hop.from.as_deref().or(hop.helo.as_deref()).unwrap_or("?")),
            with: visible(hop.with.as_deref().unwrap_or_default()),
            time: visible(hop.time.as_deref().unwrap_or_default()),
            delay: delay_words(shell, hop),
            x: LEFT + scaled(passed, total),
            width: scaled(delay, total).max(3),
            y,
            text_y: y + 12,
            look: if hop.clock_skew {
                "skew"
            } else if delay >= slow {
                "slow"
            } else {
                "plain"
            },
        });
        passed += delay;
    }
    Way {
        border: header.border_ip.map(|ip| {
            let name = header.border_rdns.as_deref().or(header.border_helo.as_deref()).unwrap_or_default();
            (ip.to_string(), visible(name))
        }),
        checks: header.auth_fields.first().map(check_words).unwrap_or_default(),
        filters: header.explained.iter().take(20).map(|e| (visible(&e.name), visible(&e.words))).collect(),
        height: steps.len() * ROW + 12,
        hops: steps,
        total: (total > 0).then(|| span(shell, total)),
    }
}

/// What the receiver's checks said.
fn check_words(field: &crate::evidence::header::AuthResults) -> Vec<(String, String)> {
    field.results.iter().take(20).map(|r| (visible(&r.method), visible(&r.result))).collect()
}

/// A part of the whole as a length in the picture.
fn scaled(part: i64, whole: i64) -> usize {
    let width = i64::try_from(WIDTH).unwrap_or(0);
    if whole <= 0 { 0 } else { usize::try_from(part * width / whole).unwrap_or(0) }
}

/// The delay of a hop in words.
fn delay_words(shell: &Shell, hop: &Hop) -> String {
    match hop.delay_s {
        None => String::new(),
        Some(_) if hop.clock_skew => shell.t("findings-skew"),
        Some(seconds) => span(shell, seconds.max(0)),
    }
}

/// A length of time in words.
fn span(shell: &Shell, seconds: i64) -> String {
    match seconds {
        0..=119 => shell.t1("findings-seconds", "count", seconds),
        120..=7_199 => shell.t1("span-minutes", "count", seconds / 60),
        _ => shell.t1("span-hours", "count", seconds / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Context, read};
    use crate::locale::texts;

    /// What is shown of a text, without jumps into it.
    fn shown(text: &str) -> String {
        page(text, false)
    }

    /// What is shown of a text.
    fn page(text: &str, jumps: bool) -> String {
        let shell = Shell {
            texts: texts("en"),
            provider: "Example Mail".to_owned(),
            public_url: String::new(),
            path: String::new(),
            demo: false,
            staff: None,
            now: crate::domain::time::Time(0),
        };
        let causes = Causes::parse(include_str!("../../content/causes.toml")).unwrap();
        let context = Context { cause_codes: vec!["PB-SPAM".to_owned()], ..Context::default() };
        let found = read(text.as_bytes(), &context);
        Understood::of(&shell, &found, &causes, "a", jumps).unwrap().render().unwrap()
    }

    #[test]
    fn a_receivers_log_is_not_taken_for_the_senders() {
        let refused = "Nov 23 12:00:00 mx postfix/smtpd[7]: NOQUEUE: reject: RCPT from out.example.org[192.0.2.7]: 554 5.7.1 \
            <ann@example.net>: Relay access denied; from=<ben@example.org> to=<ann@example.net> proto=ESMTP helo=<out.example.org>\n";
        let page = shown(refused);
        assert!(page.contains("The server that wrote this log refused"), "{page}");
        assert!(!page.contains("no other server said no"), "{page}");
    }

    #[test]
    fn a_line_is_jumped_to_and_back_once() {
        let line = "550 5.7.1 Client host [203.0.113.7] rejected: blocked (PB-SPAM)\n";
        let refused = page(line, true);
        assert!(refused.contains("id=\"a-R1\"") && refused.contains("href=\"#a-L1\""), "{refused}");
        assert!(refused.contains("<bdi>we</bdi>"), "{refused}");
        assert!(!shown(line).contains("href=\"#a-L1\""));
        let header = "Received: from a.example.org by b.example.net; Mon, 23 Nov 2026 12:00:01 +0000\n\
            From: ann@example.org\nSubject: x\nDate: nonsense\nMessage-ID: <1@example.org>\n\n";
        let header = page(header, true);
        assert_eq!(header.matches("id=\"a-R1\"").count(), 1, "{header}");
        assert!(header.contains("href=\"#a-L1\"") && header.contains("href=\"#a-L4\""), "{header}");
    }

    #[test]
    fn several_hops_make_a_picture_and_one_a_table() {
        let hop = |from: &str, by: &str, second: u8| {
            format!(
                "Received: from {from} ({from} [192.0.2.{second}]) by {by} with ESMTP id 1; Mon, 23 Nov 2026 12:00:{second:02} +0000\n"
            )
        };
        let rest =
            "From: ann@example.org\nSubject: x\nDate: Mon, 23 Nov 2026 12:00:00 +0000\nMessage-ID: <1@example.org>\n\n";
        let one = shown(&format!("{}{rest}", hop("out.example.org", "mx01.example.net", 1)));
        assert!(!one.contains("<svg") && one.contains("<details open>"), "{one}");
        let two = hop("mx01.example.net", "store.example.net", 5) + &hop("out.example.org", "mx01.example.net", 1);
        let two = shown(&format!("{two}{rest}"));
        assert!(two.contains("role=\"img\"") && two.contains("<title>mx01.example.net</title>"), "{two}");
        assert!(two.contains("<title>store.example.net: 4 s</title>"), "{two}");
    }
}
