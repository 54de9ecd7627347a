//! Finds the lines that hold one of several needles, in time linear in the text.
//!
//! Few needles are each sought alone, which vector instructions do faster than memory is read;
//! many go into one automaton.

use aho_corasick::AhoCorasick;
use memchr::memmem::Finder;

use crate::evidence::scan;

/// Longer lines are looked at up to here only.
const MAX_LINE: usize = 64 << 10;

/// Something that finds the next needle.
pub(super) enum Search<'n> {
    /// One automaton for many needles.
    Many(&'n AhoCorasick),
    /// A finder for each of a few needles, with the place of its next find (`usize::MAX` for none).
    Few(Vec<(Finder<'n>, Option<usize>)>),
}

impl<'n> Search<'n> {
    /// A search for a few needles.
    pub(super) fn few(needles: &'n [&'n str]) -> Self {
        Self::Few(needles.iter().map(|n| (Finder::new(n), None)).collect())
    }

    /// The place of the first needle at or after `from`.
    fn next(&mut self, bytes: &[u8], from: usize) -> Option<usize> {
        let rest = bytes.get(from..)?;
        match self {
            Self::Many(automaton) => automaton.find(rest).map(|hit| from + hit.start()),
            Self::Few(finders) => finders
                .iter_mut()
                .map(|(finder, next)| match *next {
                    Some(at) if at >= from => at,
                    _ => *next.insert(finder.find(rest).map_or(usize::MAX, |at| from + at)),
                })
                .min()
                .filter(|at| *at < bytes.len()),
        }
    }
}

/// Calls `act` with every line that holds a needle, and its number; the first line has number `first`. Gives the number
/// of the line behind the text.
pub(super) fn with(text: &str, mut search: Search<'_>, first: usize, mut act: impl FnMut(&str, usize)) -> usize {
    let bytes = text.as_bytes();
    let (mut from, mut counted, mut number) = (0, 0, first);
    while let Some(at) = search.next(bytes, from) {
        let start =
            bytes.get(counted..at).and_then(|head| memchr::memrchr(b'\n', head)).map_or(counted, |i| counted + i + 1);
        let end = bytes.get(at..).and_then(|rest| memchr::memchr(b'\n', rest)).map_or(bytes.len(), |i| at + i);
        number += memchr::memchr_iter(b'\n', bytes.get(counted..start).unwrap_or(&[])).count();
        counted = start;
        act(scan::truncated(text.get(start..end).unwrap_or(""), MAX_LINE), number);
        from = end + 1;
    }
    number + memchr::memchr_iter(b'\n', bytes.get(counted..).unwrap_or(&[])).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_searches_find_the_same_lines() {
        let text = "a\nb said: x\n\nc eject: y said: z\nd\nsaid: end";
        let needles = ["said: ", "eject: "];
        let automaton = AhoCorasick::new(needles).unwrap();
        let collect = |search| {
            let mut out = Vec::new();
            let next = with(text, search, 1, |line, number| {
                out.push((line.to_owned(), number));
            });
            assert_eq!(next, 6);
            out
        };
        let found = collect(Search::few(&needles));
        assert_eq!(found.iter().map(|f| f.1).collect::<Vec<_>>(), [2, 4, 6]);
        assert_eq!(found, collect(Search::Many(&automaton)));
    }
}
