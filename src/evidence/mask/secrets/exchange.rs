//! Dialogues: `AUTH` commands, the answers that follow them, and private keys line by line.

use memchr::memmem;

use super::{cover, end_of, find_word, skip_spaces, values, word_end};

/// Mechanisms of SASL that people use.
const MECHANISMS: &[&[u8]] = &[
    b"PLAIN",
    b"LOGIN",
    b"CRAM-MD5",
    b"DIGEST-MD5",
    b"XOAUTH2",
    b"OAUTHBEARER",
    b"NTLM",
    b"SCRAM-SHA-1",
    b"SCRAM-SHA-256",
    b"GSSAPI",
];

/// What a dialogue is about to tell.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    /// So many lines may still hold an answer to an AUTH command.
    awaited: u8,
    /// Inside a private key.
    key: bool,
}

impl Exchange {
    /// Whether the lines before announce nothing.
    pub(super) fn is_idle(&self) -> bool {
        self.awaited == 0 && !self.key
    }

    /// Masks what is secret in one line.
    pub(super) fn line(&mut self, line: &mut [u8]) -> usize {
        if self.private_key(line) {
            return 1;
        }
        self.auth(line) + values::mask(line)
    }

    /// Masks the lines of a private key; says whether this is one.
    fn private_key(&mut self, line: &mut [u8]) -> bool {
        let marked = memmem::find(line, b"PRIVATE KEY-----").is_some();
        let begins = marked && memmem::find(line, b"-----BEGIN").is_some();
        if marked || !self.key {
            self.key = begins;
            return false;
        }
        let end = end_of(line);
        cover(line, 0, end) > 0
    }

    /// Masks the initial response of an AUTH command, and the answers in the lines that follow.
    fn auth(&mut self, line: &mut [u8]) -> usize {
        if let Some(after) = auth_command(line) {
            self.awaited = 4;
            let start = skip_spaces(line, after);
            let end = word_end(line, start);
            let response = line.get(start..end).is_some_and(|word| word.len() > 3 && is_base64(word));
            return if response { cover(line, start, end) } else { 0 };
        }
        if self.awaited == 0 {
            return 0;
        }
        self.awaited -= 1;
        let (start, end) = last_word(line);
        let word = line.get(start..end).unwrap_or(b"");
        if reply_code(line).is_some() {
            self.awaited = if reply_code(line) == Some(*b"334") { 4 } else { 0 };
            return 0;
        }
        if word.len() >= 4 && is_base64(word) && start <= 60 { cover(line, start, end) } else { 0 }
    }
}

/// The last word of a line.
fn last_word(line: &[u8]) -> (usize, usize) {
    let end = end_of(line);
    let text = line.get(..end).unwrap_or(b"").trim_ascii_end();
    let start = text.iter().rposition(|b| matches!(b, b' ' | b'\t' | b'>' | b'"')).map_or(0, |at| at + 1);
    (start, text.len())
}

/// Whether all of a word can be Base64.
fn is_base64(word: &[u8]) -> bool {
    word.iter().all(|b| b.is_ascii_alphanumeric() || b"+/=-_".contains(b))
}

/// The reply code of a line in a dialogue, behind marks such as `S: ` or `<- `.
fn reply_code(line: &[u8]) -> Option<[u8; 3]> {
    let near = line.get(..line.len().min(80)).unwrap_or(line);
    near.split(|b| matches!(b, b' ' | b'\t' | b'-' | b'"' | b'>')).find_map(|word| {
        let code: [u8; 3] = word.trim_ascii_end().try_into().ok()?;
        let [first, ..] = code;
        (code.iter().all(u8::is_ascii_digit) && (b'2'..=b'5').contains(&first)).then_some(code)
    })
}

/// Finds `AUTH` and a mechanism; gives the place behind it. What a server announces (`250-AUTH PLAIN
/// LOGIN`) is no command.
fn auth_command(line: &[u8]) -> Option<usize> {
    let near = line.get(..line.len().min(400)).unwrap_or(line);
    let at = find_word(near, b"AUTH").or_else(|| find_word(near, b"auth"))?;
    let from = skip_spaces(near, at + 4);
    let mechanism = near.get(from..word_end(near, from))?;
    let known = MECHANISMS.iter().any(|name| name.eq_ignore_ascii_case(mechanism));
    let listed = at.checked_sub(1).and_then(|before| near.get(before)) == Some(&b'-');
    let announced = listed || reply_code(near.get(..at)?).is_some();
    (known && !announced).then_some(from + mechanism.len())
}
