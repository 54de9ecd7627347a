//! One `Received` field (RFC 5321, 4.4) in all the forms that servers give it.
//!
//! The clauses `from … by … via … with … id … for …; date` are found by their first words; each keeps
//! its words and its comments. What the client called itself (HELO), what its address is and how that
//! address is called (PTR) is then read from the words and comments of the `from` clause.

mod kind;
mod sides;

use std::net::IpAddr;

use super::date::{self, Stamp};
use super::list::List;
use super::token::{Token, Tokens};

/// What one `Received` field says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Received<'t> {
    /// First word of the `from` clause.
    pub(super) from: Option<&'t str>,
    /// First words of the `by` clause.
    pub(super) by: Option<&'t str>,
    /// Address of the receiving side, where it is told.
    pub(super) by_ip: Option<IpAddr>,
    /// Address of the sending side.
    pub(super) ip: Option<IpAddr>,
    /// What the client called itself.
    pub(super) helo: Option<&'t str>,
    /// The name of the client's address, as the server looked it up.
    pub(super) rdns: Option<&'t str>,
    /// The protocol.
    pub(super) with: Option<String>,
    /// The `via` clause.
    pub(super) via: Option<String>,
    /// The queue id.
    pub(super) id: Option<&'t str>,
    /// The recipient.
    pub(super) recipient: Option<&'t str>,
    /// When.
    pub(super) stamp: Option<Stamp>,
    /// When, as written, if it could not be read.
    pub(super) written: Option<&'t str>,
    /// Comments in which servers name themselves: before the clauses, and behind `by` and `with`.
    pub(super) marks: List<'t>,
    /// Whether the client had logged in.
    pub(super) authenticated: bool,
    /// Whether the mail was fetched from a mailbox (POP3, IMAP).
    pub(super) fetched: bool,
    /// Whether the mail was handed over inside one machine or to a mailbox.
    pub(super) local: bool,
}

/// The part of a field that is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clause {
    /// Before the first clause.
    Start,
    /// Who sent.
    From,
    /// Who received.
    By,
    /// The link.
    Via,
    /// The protocol.
    With,
    /// The queue id.
    Id,
    /// The recipient.
    For,
    /// Words that belong to no clause.
    Other,
}

/// The words and comments of one clause.
#[derive(Clone, Debug, Default)]
struct Part<'t> {
    /// Whether the clause was there at all.
    seen: bool,
    /// Words.
    words: List<'t>,
    /// Comments.
    comments: List<'t>,
}

/// The most dates that are tried in one field.
const TRIES: usize = 16;

/// The longest `Received` field that is read.
const LONGEST: usize = 16 << 10;

/// The clauses of one field.
#[derive(Default)]
struct Parts<'t> {
    /// Before the first clause.
    start: Part<'t>,
    /// `from`.
    from: Part<'t>,
    /// `by`.
    by: Part<'t>,
    /// `via`.
    via: Part<'t>,
    /// `with`.
    with: Part<'t>,
    /// `id`.
    id: Part<'t>,
    /// `for`.
    recipient: Part<'t>,
    /// All else.
    other: Part<'t>,
}

impl<'t> Parts<'t> {
    /// The place of a clause.
    fn part(&mut self, clause: Clause) -> &mut Part<'t> {
        match clause {
            Clause::Start => &mut self.start,
            Clause::From => &mut self.from,
            Clause::By => &mut self.by,
            Clause::Via => &mut self.via,
            Clause::With => &mut self.with,
            Clause::Id => &mut self.id,
            Clause::For => &mut self.recipient,
            Clause::Other => &mut self.other,
        }
    }

    /// Which clause a word begins, given the one that is open: each once, and `from` and `by` only
    /// where they can stand, because the words are English words as well.
    fn begins(&self, word: &str, open: Clause) -> Option<Clause> {
        let clause = keyword(word)?;
        let fits = match clause {
            Clause::From => open == Clause::Start && self.start.words.is_empty(),
            Clause::By => !self.by.seen && matches!(open, Clause::Start | Clause::From),
            Clause::Via => !self.via.seen && open != Clause::Start,
            Clause::With => !self.with.seen && open != Clause::Start,
            Clause::Id => !self.id.seen && open != Clause::Start,
            Clause::For => !self.recipient.seen && open != Clause::Start,
            Clause::Start | Clause::Other => true,
        };
        let late_from = clause == Clause::From && open != Clause::From && open != Clause::Start;
        if late_from { Some(Clause::Other) } else { fits.then_some(clause) }
    }
}

/// The clause that a word is the name of.
fn keyword(word: &str) -> Option<Clause> {
    const WORDS: &[(&str, Clause)] = &[
        ("from", Clause::From),
        ("by", Clause::By),
        ("via", Clause::Via),
        ("with", Clause::With),
        ("id", Clause::Id),
        ("for", Clause::For),
        ("envelope-from", Clause::Other),
        ("envelope-sender", Clause::Other),
    ];
    if word.len() < 2 || word.len() > 15 {
        return None;
    }
    let found = WORDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
    found.map(|(_, clause)| *clause)
}

/// Reads one `Received` field.
pub(super) fn read(value: &str) -> Received<'_> {
    let value = value.get(..value.floor_char_boundary(LONGEST)).unwrap_or(value);
    let mut parts = Parts::default();
    let (stamp, written) = clauses(value, &mut parts);
    let mut received = Received { stamp, written, ..Received::default() };
    sides::read(&mut received, &parts);
    received.with = joined(parts.with.words.all());
    received.via = joined(parts.via.words.all());
    received.id = parts.id.words.first().map(|id| id.trim_matches(['<', '>', ',']));
    received.recipient = parts.recipient.words.first().and_then(recipient);
    received.authenticated = kind::authenticated(&received, &parts);
    received.fetched = kind::fetched(&received, &parts);
    received.local = kind::local(&received, &parts);
    received.marks = marks(&parts);
    received
}

/// Fills the clauses; gives the date, or what stands where a date should be.
fn clauses<'t>(value: &'t str, parts: &mut Parts<'t>) -> (Option<Stamp>, Option<&'t str>) {
    let mut open = Clause::Start;
    let mut tail = None;
    let mut tries = TRIES;
    for token in Tokens::new(value) {
        match token {
            Token::Semicolon(at) => {
                let rest = value.get(at..).unwrap_or("").trim();
                if let Some(stamp) = attempt(rest, &mut tries) {
                    return (Some(stamp), None);
                }
                tail = Some(rest).filter(|rest| !rest.is_empty()).or(tail);
            }
            Token::Comment(text) => parts.part(open).comments.push(text),
            Token::Word(word) => match parts.begins(word, open) {
                Some(clause) => {
                    open = clause;
                    parts.part(open).seen = true;
                }
                None => parts.part(open).words.push(word),
            },
        }
    }
    match without_semicolon(value) {
        Some(stamp) => (Some(stamp), None),
        None => (None, tail.map(|tail| tail.get(..tail.floor_char_boundary(100)).unwrap_or(tail))),
    }
}

/// Tries to read a date, a bounded number of times in one field.
fn attempt(text: &str, tries: &mut usize) -> Option<Stamp> {
    *tries = tries.checked_sub(1)?;
    date::parse(text)
}

/// The comments in which servers name themselves.
fn marks<'t>(parts: &Parts<'t>) -> List<'t> {
    let mut marks = List::default();
    for part in [&parts.start, &parts.by, &parts.with, &parts.id] {
        part.comments.iter().for_each(|comment| marks.push(comment));
    }
    marks
}

/// Looks for a date that no semicolon announces; the last one in the field counts.
fn without_semicolon(value: &str) -> Option<Stamp> {
    let mut tries = TRIES;
    let starts = value.rmatch_indices([' ', '\t', ';']).map(|(at, mark)| at + mark.len());
    let mut dates = starts.filter_map(|at| value.get(at..)).filter(|rest| {
        let word = rest.split([' ', '\t']).next().unwrap_or("");
        date::may_begin(word)
    });
    dates.find_map(|rest| attempt(rest, &mut tries))
}

/// The first words of a clause; servers advertise themselves at some length in `with`.
fn joined(words: &[&str]) -> Option<String> {
    let first = words.get(..3).unwrap_or(words);
    let joined = first.join(" ");
    let end = joined.floor_char_boundary(80);
    (!joined.is_empty()).then(|| joined.get(..end).unwrap_or("").to_owned())
}

/// The address in a `for` clause, without its brackets.
fn recipient(word: &str) -> Option<&str> {
    let address = word.trim_matches(['<', '>', ',', ';']);
    address.contains('@').then_some(address)
}

#[cfg(test)]
mod tests;
