//! The words and comments of a structured field value (RFC 5322, 3.2), forgiving about what is never closed.

use memchr::memchr;

/// One part of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'t> {
    /// A word, a quoted string, `<…>` or `[…]`, as written.
    Word(&'t str),
    /// What stands between round brackets.
    Comment(&'t str),
    /// A semicolon, and where the text goes on after it.
    Semicolon(usize),
}

/// The parts of a value, one after the other, in linear time.
pub(super) struct Tokens<'t> {
    /// The whole value.
    text: &'t str,
    /// Where the next part begins.
    at: usize,
    /// A bracket was never closed: from here on, the next closing one ends a comment.
    flat: bool,
    /// No closing round bracket, quotation mark or angle bracket is left.
    open: [bool; 3],
}

/// The longest `<…>` or `[…]` that is taken as one word.
const LONGEST_GROUP: usize = 600;

impl<'t> Tokens<'t> {
    /// The parts of a value.
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0, flat: false, open: [false; 3] }
    }

    /// The text between two places.
    fn between(&self, start: usize, end: usize) -> &'t str {
        self.text.get(start..end).unwrap_or("")
    }

    /// The bytes from a place on.
    fn bytes(&self, from: usize) -> &'t [u8] {
        self.text.as_bytes().get(from..).unwrap_or(b"")
    }

    /// A comment that begins here, if it ends somewhere.
    fn comment(&mut self) -> Option<Token<'t>> {
        let start = self.at + 1;
        let len = if self.flat { None } else { nested_end(self.bytes(start)) };
        let len = len.or_else(|| {
            self.flat = true;
            if self.open[0] { None } else { memchr(b')', self.bytes(start)) }
        });
        let Some(len) = len else {
            self.open[0] = true;
            self.at = start;
            return None;
        };
        self.at = start + len + 1;
        Some(Token::Comment(self.between(start, start + len).trim()))
    }

    /// A group such as `<…>`: its length with both marks, if it ends soon.
    fn group(&mut self, close: u8, slot: usize) -> Option<usize> {
        if self.open.get(slot).copied().unwrap_or(true) {
            return None;
        }
        let bytes = self.bytes(self.at + 1);
        let near = bytes.get(..bytes.len().min(LONGEST_GROUP)).unwrap_or(bytes);
        let len = memchr(close, near).map(|len| len + 2);
        if len.is_none()
            && near.len() == bytes.len()
            && let Some(flag) = self.open.get_mut(slot)
        {
            *flag = true;
        }
        len
    }

    /// A word that begins here.
    fn word(&mut self) -> Token<'t> {
        let start = self.at;
        let group = match self.bytes(start).first() {
            Some(b'"') => self.group(b'"', 1),
            Some(b'<') => self.group(b'>', 2),
            Some(b'[') => self.group(b']', 2),
            _ => None,
        };
        let from = start + group.unwrap_or(1);
        let rest = self.bytes(from);
        let end = rest.iter().position(|b| matches!(b, b' ' | b'\t' | b'(' | b';' | b'\r' | b'\n'));
        self.at = from + end.unwrap_or(rest.len());
        Token::Word(self.between(start, self.at))
    }
}

impl<'t> Iterator for Tokens<'t> {
    type Item = Token<'t>;

    fn next(&mut self) -> Option<Token<'t>> {
        loop {
            match self.bytes(self.at).first()? {
                b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
                b';' => {
                    self.at += 1;
                    return Some(Token::Semicolon(self.at));
                }
                b'(' => {
                    if let Some(comment) = self.comment() {
                        return Some(comment);
                    }
                }
                _ => return Some(self.word()),
            }
        }
    }
}

/// Where the bracket is closed that was opened just before these bytes.
pub(super) fn nested_end(bytes: &[u8]) -> Option<usize> {
    let mut depth = 1_usize;
    let mut quoted = false;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            _ if quoted => quoted = false,
            b'\\' => quoted = true,
            b'(' => depth += 1,
            b')' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::Token::{Comment, Semicolon, Word};
    use super::*;

    #[test]
    fn words_and_comments_are_told_apart() {
        let text = "from a (b [192.0.2.1] (nested)) by \"c d\" with X(1); now";
        let got: Vec<_> = Tokens::new(text).collect();
        let want = [
            Word("from"),
            Word("a"),
            Comment("b [192.0.2.1] (nested)"),
            Word("by"),
            Word("\"c d\""),
            Word("with"),
            Word("X"),
            Comment("1"),
            Semicolon(51),
            Word("now"),
        ];
        assert_eq!(got, want);
    }

    #[test]
    fn what_is_never_closed_swallows_nothing() {
        let got: Vec<_> = Tokens::new("a (b by (c) d \"e f <g; h").collect();
        assert!(got.contains(&Word("d")), "{got:?}");
        assert!(got.contains(&Word("h")), "{got:?}");
    }

    #[test]
    fn many_open_brackets_take_linear_time() {
        let text = "(".repeat(200_000) + &"<\"[".repeat(100_000);
        assert!(Tokens::new(&text).count() > 0);
    }
}
