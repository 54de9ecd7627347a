//! Long logs, read piece by piece: what is in memory, and mostly in the cache of the processor, is one piece.

use std::borrow::Cow;

use super::context::{Context, Work};
use super::findings::Findings;
use super::{finish, header_at, input, log, starts_with_header, wordless};

/// A log of Postfix alone that is given in pieces.
pub struct Long<'a> {
    /// Reads its lines.
    reader: log::Reader<'a>,
    /// The circumstances.
    context: &'a Context,
    /// What the reading may still cost.
    work: Work,
}

impl<'a> Long<'a> {
    /// So many bytes are read for the first piece.
    pub const FIRST: u64 = 4 << 20;

    /// Begins with the first piece, whole lines of [`Self::FIRST`] bytes; `None` when that is less than a megabyte, or the
    /// start of something that can only be read as a whole. In the end the same is found as by [`super::read`].
    #[must_use]
    pub fn begin(first: &[u8], context: &'a Context) -> Option<Self> {
        let mut work = Work::new(context.budget);
        let Cow::Borrowed(text) = input::text(first) else { return None };
        if wordless::is_of_developers(text) || starts_with_header(text) || header_at(text).is_some() {
            return None;
        }
        let reader = log::in_pieces(text, context, &mut work)?;
        let mut long = Self { reader, context, work };
        long.more(first);
        Some(long)
    }

    /// Reads the next piece, whole lines.
    pub fn more(&mut self, piece: &[u8]) {
        if self.work.spend(piece.len()) {
            self.reader.read(&input::piece(piece));
        }
    }

    /// What was found.
    #[must_use]
    pub fn end(mut self) -> Findings {
        let mut findings = self.reader.findings();
        finish(&mut findings, self.context);
        findings.fully_read = self.work.complete();
        findings
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    /// A log with two refusals in a hundred lines; far down a terminal left its colours in it.
    fn postfix(lines: usize) -> String {
        let mut text = String::new();
        for n in 0..lines {
            let no = if n > 40_000 { "\u{1b}[1mno\u{1b}[0m" } else { "no" };
            let _ = match n % 100 {
                7 => writeln!(
                    text,
                    "May  1 10:11:12 mx postfix/smtpd[{n}]: NOQUEUE: reject: RCPT from für.example[192.0.2.{}]: 554 5.7.1 {no}; from=<a@example.com> to=<b@example.org> proto=ESMTP helo=<localhost>",
                    n % 250
                ),
                8 => writeln!(
                    text,
                    "May  1 10:11:12 mx postfix/smtp[{n}]: A{n:X}1: to=<b@example.org>, relay=mx.example.org[198.51.100.1]:25, delay=1, dsn=5.1.1, status=bounced (host mx.example.org[198.51.100.1] said: 550 5.1.1 {no} such user <br> (in reply to RCPT TO command))"
                ),
                _ => writeln!(
                    text,
                    "May  1 10:11:12 mx postfix/qmgr[{n}]: A{n:X}1: from=<a@example.com>, size=4242, nrcpt=1 (queue active)"
                ),
            };
        }
        text
    }

    #[test]
    fn pieces_tell_what_the_whole_tells() {
        let text = postfix(60_000).replacen("<br>", "", 400);
        let context = Context::default();
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let (first, rest) = lines.split_at(20_000);
        let mut long = Long::begin(first.concat().as_bytes(), &context).unwrap();
        rest.chunks(777).for_each(|piece| long.more(piece.concat().as_bytes()));
        let found = long.end();
        assert_eq!((found.replies.len(), found.more_replies), (1_000, 200));
        assert_eq!(found, crate::evidence::read(text.as_bytes(), &context));
    }

    #[test]
    fn only_what_can_be_read_in_pieces_is() {
        let log = postfix(20_000).replace("<br>", "");
        let begins = |text: &str| Long::begin(text.as_bytes(), &Context::default()).is_some();
        assert!(begins(&log));
        assert!(!begins(log.get(..500_000).unwrap()), "too short");
        assert!(
            !begins(&log.replace("postfix/", "").replace("NOQUEUE: ", "").replace("status=", "")),
            "another server"
        );
        assert!(
            !begins(&format!(
                "Received: from a by b; Thu, 1 May 2025 10:11:12 +0000\nFrom: a@example.com\nDate: Thu, 1 May 2025 10:11:12 +0000\n\n{log}"
            )),
            "a message"
        );
    }
}
