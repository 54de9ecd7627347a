//! Secrets in pasted logs: AUTH exchanges, passwords, keys, tokens, cookies.

mod exchange;
mod values;
mod wide;

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use memchr::{memchr, memrchr};

use exchange::Exchange;
use wide::Wide;

/// What overwrites a secret.
const STAR: u8 = b'*';

/// Pieces of text (whatever their case) of which every line that announces a secret holds at least one.
static TELLING: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let pieces = ["pass", "kennwort", "pwd", "secret", "key", "token", "bearer", "sess", "cookie", "credential"];
    let more =
        ["auth", "login", "://", "-ap", "sg.", "akia", "asia", "eyj", "ghp_", "xoxb-", "sk_live_", "re_", "glpat-"];
    AhoCorasick::builder().ascii_case_insensitive(true).build(pieces.iter().chain(&more)).ok()
});

/// Overwrites secrets with `*`, length and lines unchanged; returns how many were found.
pub fn secrets(bytes: &mut [u8]) -> usize {
    Secrets::default().mask(bytes)
}

/// Masks a text that comes in pieces; each must end where [`Secrets::end`] says.
#[derive(Debug, Default)]
pub struct Secrets {
    /// What the lines before were about.
    exchange: Exchange,
    /// How many bytes a sign has, once the first piece was seen.
    wide: Option<Wide>,
}

impl Secrets {
    /// Overwrites the secrets of the next piece.
    pub fn mask(&mut self, bytes: &mut [u8]) -> usize {
        let exchange = &mut self.exchange;
        let wide = *self.wide.get_or_insert_with(|| Wide::of(bytes));
        wide.narrowed(bytes, |narrow| lines(narrow, exchange))
    }

    /// Where a piece ends that may have all these bytes: behind its last line end, so that no line with a secret is torn.
    #[must_use]
    pub fn end(&self, bytes: &[u8]) -> usize {
        self.wide.unwrap_or_else(|| Wide::of(bytes)).last_line_end(bytes).unwrap_or(bytes.len())
    }
}

/// Masks line by line; lines that cannot hold a secret are passed over in one search.
fn lines(bytes: &mut [u8], exchange: &mut Exchange) -> usize {
    let mut masked = 0;
    let mut start = 0;
    while let Some(from) = next(bytes, start, exchange.is_idle()) {
        let rest = bytes.get(from..).unwrap_or(b"");
        let len = memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        if let Some(line) = bytes.get_mut(from..from + len) {
            masked += exchange.line(line);
        }
        start = from + len;
    }
    masked
}

/// Where the next line begins that must be looked at; while nothing is awaited, one with a telling piece of text.
fn next(bytes: &[u8], start: usize, idle: bool) -> Option<usize> {
    let rest = bytes.get(start..).filter(|rest| !rest.is_empty())?;
    let Some(finder) = TELLING.as_ref().filter(|_| idle) else { return Some(start) };
    let at = finder.find(rest)?.start();
    Some(start + memrchr(b'\n', rest.get(..at).unwrap_or(b"")).map_or(0, |end| end + 1))
}

/// Overwrites a part of a line; returns 1 if there was something to hide.
fn cover(line: &mut [u8], start: usize, end: usize) -> usize {
    let Some(part) = line.get_mut(start..end) else {
        return 0;
    };
    let hides = part.iter().any(|b| *b != STAR && !b.is_ascii_whitespace());
    for byte in part.iter_mut().filter(|b| !matches!(b, b'\r' | b'\n')) {
        *byte = STAR;
    }
    usize::from(hides)
}

/// The length of a line without its end.
fn end_of(line: &[u8]) -> usize {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line).len()
}

/// The first place from here that is no space.
fn skip_spaces(line: &[u8], from: usize) -> usize {
    let spaces = line.iter().skip(from).take_while(|b| matches!(b, b' ' | b'\t')).count();
    from + spaces
}

/// Where the word ends that begins here.
fn word_end(line: &[u8], from: usize) -> usize {
    let len = line.iter().skip(from).take_while(|b| !b.is_ascii_whitespace() && !b"\"'<>,;)]".contains(b)).count();
    from + len
}

/// Finds a word that stands alone, as it is spelled.
fn find_word(line: &[u8], word: &[u8]) -> Option<usize> {
    let found = memchr::memmem::find_iter(line, word);
    found.into_iter().find(|at| {
        let before = at.checked_sub(1).and_then(|before| line.get(before));
        let after = line.get(at + word.len());
        !before.is_some_and(u8::is_ascii_alphanumeric) && after.is_some_and(|b| matches!(b, b' ' | b'\t'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text with its secrets masked.
    fn masked(text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        secrets(&mut bytes);
        assert_eq!(bytes.len(), text.len());
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn secrets_are_overwritten() {
        let cases = [
            ("AUTH PLAIN AGFubgBzZWNyZXQ=", "AUTH PLAIN ****************"),
            (
                "C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: YW5u\nS: 334 UGFzc3dvcmQ6\nC: c2VjcmV0\nS: 235 ok",
                "C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: ****\nS: 334 UGFzc3dvcmQ6\nC: ********\nS: 235 ok",
            ),
            ("user=ann password=hunter2, host=mx", "user=ann password=*******, host=mx"),
            ("{\"api_key\": \"abc def\", \"x\": 1}", "{\"api_key\": \"*******\", \"x\": 1}"),
            ("Authorization: Bearer abc.def", "Authorization: **************"),
            ("Cookie: a=b; c=d\r\nHost: x", "Cookie: ********\r\nHost: x"),
            ("smtp://ann:hunter2@mx.example.org:587", "smtp://ann:*******@mx.example.org:587"),
            ("PASS hunter2", "PASS *******"),
            ("a1 LOGIN ann hunter2", "a1 LOGIN ann *******"),
            ("swaks -ap hunter2 --to x", "swaks -ap ******* --to x"),
        ];
        for (text, want) in cases {
            assert_eq!(masked(text), want, "{text}");
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        for text in [
            "250-AUTH PLAIN LOGIN\n250 8BITMIME\n",
            "Authentication-Results: mx; spf=pass smtp.mailfrom=x; dkim=pass header.d=y",
            "to=<ann@example.org>, status=deferred (authentication failed)",
            "login for the password reset page failed",
            "auth=0 stat=4 sasl_method=PLAIN, sasl_username=ann",
            "AUTH LOGIN\n535 5.7.8 Error: authentication failed\nfollowing line ABCD\n",
            "554 5.7.1 Message refused: pass the test, see https://example.org/a@b",
        ] {
            assert_eq!(masked(text), text);
        }
    }

    #[test]
    fn the_lines_of_a_private_key_go() {
        let got = masked("-----BEGIN PRIVATE KEY-----\nMIIB\nxyz=\n-----END PRIVATE KEY-----\nend");
        assert_eq!(got, "-----BEGIN PRIVATE KEY-----\n****\n****\n-----END PRIVATE KEY-----\nend");
    }

    #[test]
    fn wide_text_is_masked_in_its_own_bytes() {
        let text = "C: AUTH LOGIN\r\nS: 334 VXNlcm5hbWU6\r\nC: YW5uYQ==\r\npassword=hünter2\r\n";
        let want = "C: AUTH LOGIN\r\nS: 334 VXNlcm5hbWU6\r\nC: ********\r\npassword=*******\r\n";
        for mark in [&b"\xff\xfe"[..], b""] {
            let bytes = |text: &str| -> Vec<u8> {
                mark.iter().copied().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
            };
            let mut got = bytes(text);
            secrets(&mut got);
            assert_eq!(got, bytes(want));
        }
        let mut got: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        secrets(&mut got);
        assert_eq!(got, want.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>());
    }

    #[test]
    fn pieces_end_at_lines_and_remember_the_dialogue() {
        let text = "C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: YW5uYW5u\n";
        for wide in [false, true] {
            let bytes: Vec<u8> =
                if wide { text.encode_utf16().flat_map(u16::to_le_bytes).collect() } else { text.as_bytes().to_vec() };
            let (mut secrets, mut out, mut rest) = (Secrets::default(), Vec::new(), bytes.as_slice());
            while !rest.is_empty() {
                let end = secrets.end(rest.get(..80).unwrap_or(rest));
                let (piece, later) = rest.split_at(end);
                let mut piece = piece.to_vec();
                secrets.mask(&mut piece);
                out.extend(piece);
                rest = later;
            }
            let shown = String::from_utf8(out.into_iter().filter(|b| *b != 0).collect()).unwrap();
            assert!(shown.ends_with("C: ********\n"), "{shown}");
        }
    }

    #[test]
    fn long_lines_take_linear_time() {
        for unit in ["password=", "AUTH ", "://a:", "SG.", "a:b=c@"] {
            let mut bytes = unit.repeat(200_000).into_bytes();
            secrets(&mut bytes);
        }
    }
}
