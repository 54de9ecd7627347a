//! Evidence as staff see it: what the reader understood, the text beside it with the lines that it speaks of marked.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::app::App;
use crate::blocklist::index::Hit;
use crate::desk::evidence::findings;
use crate::domain::id::Id;
use crate::domain::ticket::visible;
use crate::evidence::mask;
use crate::store::evidence::{self, Evidence, FullyRead};
use crate::web::error::Result;
use crate::web::findings::Understood;
use crate::web::say;
use crate::web::shell::Shell;

use super::view::line;

/// How many characters of a piece are shown unless all are asked for.
const SHOWN: usize = 12_000;

/// How many addresses are listed.
const ADDRESSES: usize = 40;

/// One piece of evidence as it is shown.
pub struct Piece {
    /// The piece.
    pub evidence: Evidence,
    /// Its name, made showable.
    pub name: String,
    /// Its size in words.
    pub size: String,
    /// What tells its anchors from those of other pieces.
    pub mark: String,
    /// What the reader understood.
    pub understood: Option<Understood>,
    /// Its text as it is shown; nothing when it is no text.
    pub parts: Vec<Part>,
    /// Whether there is more of the text.
    pub is_cut: bool,
    /// Whether all of it was asked for.
    pub is_whole: bool,
    /// The addresses that it is about.
    addresses: Vec<IpAddr>,
}

/// A stretch of lines, or one line that the reader speaks of.
#[derive(Debug, PartialEq, Eq)]
pub struct Part {
    /// The number of the line, counted from 1, when it is marked.
    pub line: Option<usize>,
    /// The text with its line ends.
    pub text: String,
}

/// One address that the evidence is about.
pub struct Seen {
    /// The address.
    pub addr: IpAddr,
    /// The block that answers for it.
    pub hit: Option<Hit>,
}

/// The evidence of a ticket as it is shown; the piece `whole` in full.
pub async fn of_ticket(app: &App, shell: &Shell, ticket: Id, whole: Option<Id>) -> Result<Vec<Piece>> {
    let pool = app.desk.db.pool();
    let mut pieces = Vec::new();
    for head in evidence::heads_of_ticket(pool, ticket).await? {
        let is_whole = Some(head.id) == whole;
        let full = if is_whole { evidence::find(pool, head.id).await? } else { None };
        pieces.push(piece(app, shell, full.unwrap_or(head), is_whole));
    }
    Ok(pieces)
}

/// One piece as it is shown.
fn piece(app: &App, shell: &Shell, evidence: Evidence, is_whole: bool) -> Piece {
    let found = findings(&evidence);
    let mark = format!("piece-{}", evidence.id);
    let text = if is_text(&evidence.text) { evidence.text.as_str() } else { "" };
    let shown = if is_whole { text } else { cut(text, SHOWN) };
    let understood = Understood::of(shell, &found, &app.desk.content.causes, &mark, true);
    let nothing = BTreeSet::new();
    let spoken = understood.as_ref().map_or(&nothing, Understood::spoken);
    Piece {
        name: line(&evidence.name, 120),
        size: say::size(shell, usize::try_from(evidence.size).unwrap_or(0)),
        parts: parts(shown, spoken),
        understood,
        is_cut: shown.len() < text.len(),
        is_whole,
        addresses: found.ips,
        mark,
        evidence,
    }
}

/// The addresses that the evidence is about, each once, with what the list says of it.
#[must_use]
pub fn seen(app: &App, pieces: &[Piece]) -> Vec<Seen> {
    let now = app.desk.now();
    let mut known = BTreeSet::new();
    let once = pieces.iter().flat_map(|piece| &piece.addresses).filter(|addr| known.insert(**addr)).take(ADDRESSES);
    once.map(|addr| Seen { addr: *addr, hit: app.desk.blocklist.find(*addr, now) }).collect()
}

/// The beginning of a text, at most so many characters, up to the last line end in it.
fn cut(text: &str, most: usize) -> &str {
    let Some((end, _)) = text.char_indices().nth(most) else { return text };
    let head = text.get(..end).unwrap_or(text);
    head.rfind('\n').and_then(|at| head.get(..=at)).unwrap_or(head)
}

/// The text in stretches, the lines in `marked` each on its own; control signs made visible.
fn parts(text: &str, marked: &BTreeSet<usize>) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for (n, line) in text.split_inclusive('\n').enumerate() {
        let text = visible(&mask::recipients(line));
        match parts.last_mut().filter(|last| last.line.is_none()) {
            _ if marked.contains(&(n + 1)) => parts.push(Part { line: Some(n + 1), text }),
            Some(last) => last.text.push_str(&text),
            None => parts.push(Part { line: None, text }),
        }
    }
    parts
}

/// Whether a text is one, and no packed file read as text.
fn is_text(text: &str) -> bool {
    let (mut all, mut strange) = (0_usize, 0_usize);
    for c in text.chars().take(4_000) {
        all += 1;
        strange += usize::from(c == '\u{fffd}' || (c.is_control() && !c.is_whitespace() && c != '\u{1b}'));
    }
    strange * 10 <= all
}

impl Piece {
    /// Whether only a part of it was read.
    #[must_use]
    pub fn is_partly_read(&self) -> bool {
        self.evidence.fully_read == FullyRead::No
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_files_are_not_shown_as_text() {
        assert!(is_text("Nov 23 12:00:00 mx postfix/smtpd[1]: connect\n"));
        assert!(is_text(""));
        assert!(!is_text("\u{1f}\u{fffd}\u{8}\0\u{fffd}\u{fffd}abc\u{fffd}\u{3}"));
    }

    #[test]
    fn marked_lines_stand_alone() {
        let part = |line: Option<usize>, text: &str| Part { line, text: text.to_owned() };
        let shown = parts("a\nb\nc\nd", &BTreeSet::from([2, 3]));
        assert_eq!(shown, [part(None, "a\n"), part(Some(2), "b\n"), part(Some(3), "c\n"), part(None, "d")]);
        assert!(parts("", &BTreeSet::from([1])).is_empty());
    }

    #[test]
    fn a_text_is_cut_at_a_line_end() {
        assert_eq!(cut("ab\ncd\nef", 7), "ab\ncd\n");
        assert_eq!(cut("äöü", 2), "äö");
        assert_eq!(cut("ab", 2), "ab");
    }
}
