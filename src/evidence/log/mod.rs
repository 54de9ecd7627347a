//! Logs of mail servers: which lines are refusals, and what they say.
//!
//! A line is looked at closely only when it holds one of a few telling pieces of text, found by one
//! automaton in a single pass; so a long log costs little more than a search. Each server has a
//! file; a line goes to all of them in turn, and each gives up at its first glance.

mod courier;
mod dialog;
mod envelope;
mod exchange;
mod exim;
mod filters;
mod generic;
mod haraka;
mod iis;
mod ironport;
mod json;
mod lines;
mod opensmtpd;
mod pmta;
mod postfix;
mod qmail;
mod sendmail;
mod software;
mod stalwart;

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::MAX_REPLIES;
use super::context::{Context, Work};
use super::describe::describe;
use super::findings::{Findings, Kind, Reply};
use envelope::Line;
use lines::Search;

/// What one server's grammar found in a line.
struct Hit {
    /// What the line says around the reply.
    known: Reply,
    /// The reply as the line gives it.
    text: String,
    /// The software that wrote it.
    mta: &'static str,
    /// How much the line counts.
    weight: Weight,
}

/// How much a line counts beside others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weight {
    /// A refusal.
    Sure,
    /// A refusal that another line about the same mail usually tells too.
    Repeated,
    /// A server that could not be reached: told only when the log holds no refusal.
    Trouble,
}

/// At most this many lines about unreachable servers are kept.
const MAX_TROUBLE: usize = 100;

/// What earlier lines said that later ones refer to, bounded.
#[derive(Default)]
struct Memory {
    /// By session or delivery number: an address or a recipient.
    notes: HashMap<String, String>,
}

impl Memory {
    /// Remembers something, unless too much is remembered already.
    fn note(&mut self, key: String, value: &str) {
        if self.notes.len() >= 20_000 {
            self.notes.clear();
        }
        self.notes.insert(key, super::scan::truncated(value, 2000).to_owned());
    }

    /// What was remembered, forgetting it.
    fn take(&mut self, key: &str) -> Option<String> {
        self.notes.remove(key)
    }

    /// What was remembered.
    fn get(&self, key: &str) -> Option<&str> {
        self.notes.get(key).map(String::as_str)
    }
}

/// Pieces of text of which every line about a refusal holds at least one.
static NEEDLES: &[&str] = &[
    "eject:",
    "ejected",
    "reject=",
    "status=bounced",
    "status=deferred",
    " said: ",
    "refused to talk",
    " ** ",
    " == ",
    "stat=",
    "User unknown",
    "ailure: ",
    "eferral: ",
    "rblsmtpd: ",
    "denied",
    "DENIED_",
    "Blocked ",
    "ounced: DCID",
    "elayed: DCID",
    "New SMTP ICID",
    " SG ",
    "DNS blacklist",
    "unknown recipient",
    "Relay attempt",
    "Spam attack",
    "no reverse DNS",
    " SCAN ",
    " RECV ",
    "|RejCode=",
    " deny ip=",
    "rejecting commands",
    "retry timeout",
    " lr=\"",
    "RSP: ",
    "CMD: ",
    "rsp: ",
    "cmd: ",
    "nitiating connection to ",
    "(smtp.",
    "T (reject)",
    " (soft reject)",
    "[spam found]",
    "action=greylist",
    " RCPT, ",
    "list type: black",
    "error,relay",
    "status: ",
    "bounced",
    "PermFail",
    "TempFail",
    "ermfail",
    "empfail",
    "dropped",
    "in ACL",
    "defer (",
    "eject_warning",
    "failed-command",
    "code=DENY",
    "=\"4",
    "=\"5",
    "='4",
    "='5",
    "tcpwrappers (",
    "] connect ip=",
    " hello ",
    " Hello ",
    "connected address=",
    "starting delivery",
    "deny",
    "rror from remote",
    "ailures=",
    "<-- ",
    "RECEIVED: ",
    "LED=",
    "smtp;",
    "response",
    "<<< ",
    "esult: ",
    "qmail-smtpd",
    "blocked",
    "failed",
    "Failed",
    "ERROR",
    "rror: ",
    "rcpt-to",
    "EHLO ",
    "HELO ",
    "RCPT T",
    "smtp_code",
    " code = ",
    " 421 ",
    " 450 ",
    " 451 ",
    " 452 ",
    " 454 ",
    " 501 ",
    " 503 ",
    " 504 ",
    " 521 ",
    " 530 ",
    " 550",
    " 551 ",
    " 552 ",
    " 553 ",
    " 554",
    " 571 ",
];

/// The pieces that a log by Postfix alone has; fewer, so that the search is faster.
static POSTFIX_NEEDLES: &[&str] =
    &["eject: ", "eject_warning: ", "status=bounced", "status=deferred", " said: ", "refused to talk"];

/// Finds any of [`NEEDLES`].
static FINDER: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new(NEEDLES).ok());

/// Longer logs of Postfix alone are read by its grammar alone.
const PURE_LEAST: usize = 1 << 20;

/// Reads a text as a log; the findings are empty when it is none. Also says whether its lines have the envelope of one.
pub(super) fn read(text: &str, context: &Context, work: &mut Work) -> (Findings, bool) {
    if let Some(found) = table(text, context, work) {
        return (found, true);
    }
    let mut reader = Reader::of(text, context);
    reader.read(text);
    (reader.findings(), reader.timed)
}

/// Reads a log whose records name their values: JSON, or a table with the names of its columns.
fn table(text: &str, context: &Context, work: &mut Work) -> Option<Findings> {
    json::read(text, context, work)
        .or_else(|| exchange::read(text, context))
        .or_else(|| iis::read(text, context))
        .or_else(|| pmta::read(text, context))
}

/// A reader for a long log of Postfix alone that starts with `text`, whole lines: it may be given the log in pieces.
pub(super) fn in_pieces<'a>(text: &str, context: &'a Context, work: &mut Work) -> Option<Reader<'a>> {
    let reader = Reader::of(text, context);
    (reader.pure && table(text, context, work).is_none()).then_some(reader)
}

/// Whether a line is one of a log by its beginning: a time, a program, or the process that Exim's debug output starts with.
pub(super) fn starts_one(line: &str) -> bool {
    let line = super::scan::truncated(line, 2000);
    let opened = envelope::open(line, 0);
    let process = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let debugged =
        process > 0 && line.get(process..).is_some_and(|rest| rest.starts_with("  ") || rest.starts_with(" LOG: "));
    opened.time.is_some() || !opened.program.is_empty() || debugged
}

/// Reads line by line.
pub(super) struct Reader<'a> {
    /// The circumstances.
    context: &'a Context,
    /// What earlier lines said.
    memory: Memory,
    /// What was found so far.
    findings: Findings,
    /// The lines of replies that others repeat.
    weak: Vec<usize>,
    /// What could not be reached.
    trouble: Vec<Reply>,
    /// The software that wrote the log, by its first lines.
    mta: Option<&'static str>,
    /// Whether most of them have the envelope of a log.
    timed: bool,
    /// Whether only the grammar of Postfix is asked.
    pure: bool,
    /// The number of the next line.
    next: usize,
}

impl<'a> Reader<'a> {
    /// A reader for the log that starts with `text`.
    fn of(text: &str, context: &'a Context) -> Self {
        let (mta, timed) = software::sniff(text);
        let pure = mta == Some("Postfix") && text.len() > PURE_LEAST;
        let (memory, findings) = (Memory::default(), Findings::default());
        Self { context, memory, findings, weak: Vec::new(), trouble: Vec::new(), mta, timed, pure, next: 1 }
    }

    /// Reads the next lines.
    pub(super) fn read(&mut self, text: &str) {
        let few = self.pure.then(|| Search::few(POSTFIX_NEEDLES));
        if let Some(search) = few.or_else(|| FINDER.as_ref().map(Search::Many)) {
            self.next = lines::with(text, search, self.next, |raw, number| self.line(raw, number));
        }
    }

    /// What was found.
    pub(super) fn findings(&mut self) -> Findings {
        let mut findings = self.without_weak();
        if self.mta.is_some() {
            findings.mta = self.mta.map(str::to_owned);
        }
        if self.timed || !findings.replies.is_empty() {
            findings.kind = Kind::Log;
        }
        findings
    }

    /// Reads one line that may be a refusal.
    fn line(&mut self, raw: &str, number: usize) {
        let full = self.findings.replies.len() >= MAX_REPLIES;
        if full && self.pure {
            self.findings.more_replies += usize::from(postfix::counts(raw));
            return;
        }
        let line = envelope::open(raw, number);
        let hit = if self.pure { postfix::read(&line) } else { read_line(&line, &mut self.memory) };
        let Some(hit) = hit else { return };
        if full {
            self.findings.more_replies += usize::from(hit.weight == Weight::Sure);
            return;
        }
        let known = Reply {
            line: hit.known.line.or(Some(number)),
            time: hit.known.time.clone().or_else(|| line.time.map(str::to_owned)),
            local_host: line.host.map(str::to_owned),
            ..hit.known
        };
        self.findings.mta = self.findings.mta.take().or_else(|| (!hit.mta.is_empty()).then(|| hit.mta.to_owned()));
        if hit.weight == Weight::Trouble {
            if self.trouble.len() < MAX_TROUBLE && self.findings.replies.is_empty() {
                self.trouble.push(describe(&hit.text, known, self.context));
            }
            return;
        }
        if hit.weight == Weight::Repeated {
            self.weak.push(number);
        }
        self.findings.replies.push(describe(&hit.text, known, self.context));
    }

    /// The replies without those that others repeat; what could not be reached when there are none.
    fn without_weak(&mut self) -> Findings {
        let lines = std::mem::take(&mut self.weak);
        let weak = |r: &Reply| r.line.is_some_and(|l| lines.binary_search(&l).is_ok());
        let strong: HashSet<String> =
            self.findings.replies.iter().filter(|r| !weak(r)).filter_map(|r| r.queue_id.clone()).collect();
        if self.findings.replies.is_empty() {
            self.findings.replies = std::mem::take(&mut self.trouble);
            return std::mem::take(&mut self.findings);
        }
        let kept = std::mem::take(&mut self.findings.replies).into_iter();
        self.findings.replies =
            kept.filter(|r| !weak(r) || !r.queue_id.as_ref().is_some_and(|q| strong.contains(q))).collect();
        std::mem::take(&mut self.findings)
    }
}

/// Asks the grammars in turn.
fn read_line(line: &Line<'_>, memory: &mut Memory) -> Option<Hit> {
    postfix::read(line)
        .or_else(|| sendmail::read(line))
        .or_else(|| exim::read(line))
        .or_else(|| qmail::read(line, memory))
        .or_else(|| haraka::read(line, memory))
        .or_else(|| opensmtpd::read(line, memory))
        .or_else(|| courier::read(line))
        .or_else(|| stalwart::read(line))
        .or_else(|| ironport::read(line, memory))
        .or_else(|| filters::read(line))
        .or_else(|| {
            if dialog::is_one(line) {
                return dialog::read(line, memory);
            }
            json::embedded(line.message).or_else(|| generic::read(line))
        })
}
