//! Secrets inside one line: settings, fields, commands, URLs and keys.

use memchr::{memchr, memchr2, memmem};

use super::{cover, end_of, find_word, skip_spaces, word_end};

/// Names of settings and fields whose value is a secret (compared without `-` and `_`, lower case).
const NAMES: &[&str] = &[
    "password",
    "passwd",
    "passwort",
    "kennwort",
    "passphrase",
    "pwd",
    "secret",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "token",
    "bearer",
    "authtoken",
    "smtppass",
    "sessid",
    "sessionid",
    "sessauth",
    "authpass",
    "authcookie",
    "saslpass",
    "userpass",
    "dbpass",
    "mailpass",
    "credential",
    "credentials",
    "signingkey",
    "encryptionkey",
];

/// Fields of HTTP whose whole value is a secret.
const FIELDS: &[&str] =
    &["cookie", "set-cookie", "authorization", "proxy-authorization", "x-auth-key", "x-postmark-server-token"];

/// Beginnings of keys that services give out, and the shortest whole key.
const KEYS: &[(&[u8], usize)] = &[
    (b"SG.", 40),
    (b"xkeysib-", 40),
    (b"AKIA", 20),
    (b"ASIA", 20),
    (b"eyJ", 60),
    (b"ghp_", 30),
    (b"xoxb-", 30),
    (b"sk_live_", 24),
    (b"re_", 24),
    (b"glpat-", 20),
];

/// Masks what is secret in a line, whatever stands around it.
pub(super) fn mask(line: &mut [u8]) -> usize {
    settings(line) + commands(line) + urls(line) + keys(line)
}

/// Masks the values of settings (`password=…`, `"token": "…"`) and of secret fields.
fn settings(line: &mut [u8]) -> usize {
    let mut masked = 0;
    let mut at = 0;
    while let Some(found) = line.get(at..).and_then(|rest| memchr2(b'=', b':', rest)) {
        let mark = at + found;
        at = mark + 1;
        let Some((start, end)) = secret_value(line, mark) else {
            continue;
        };
        masked += cover(line, start, end);
        at = end.max(at);
    }
    masked
}

/// The longest name of a setting.
const LONGEST_NAME: usize = 40;

/// Where the secret stands that is announced by an equals sign or colon, if it is one.
fn secret_value(line: &[u8], mark: usize) -> Option<(usize, usize)> {
    let name = name_before(line, mark)?;
    let colon = line.get(mark) == Some(&b':');
    let start = || skip_spaces(line, mark + 1);
    if colon && FIELDS.iter().any(|field| field.as_bytes().eq_ignore_ascii_case(name)) {
        return Some((start(), end_of(line)));
    }
    let short = !colon && name.eq_ignore_ascii_case(b"pass");
    if !short && !NAMES.iter().any(|known| is_called(name, known.as_bytes())) {
        return None;
    }
    Some(value_at(line, start())).filter(|(start, end)| end > start)
}

/// Whether a name ends like a known one, whatever its case and its `-` and `_`.
fn is_called(name: &[u8], known: &[u8]) -> bool {
    let mut letters = name.iter().rev().filter(|b| b.is_ascii_alphanumeric());
    known.iter().rev().all(|b| letters.next().is_some_and(|letter| letter.eq_ignore_ascii_case(b)))
}

/// The name right before a place, without quotation marks.
fn name_before(line: &[u8], mark: usize) -> Option<&[u8]> {
    let from = mark.saturating_sub(LONGEST_NAME);
    let before = line.get(from..mark)?.trim_ascii_end();
    let before = before.strip_suffix(b"\"").or_else(|| before.strip_suffix(b"'")).unwrap_or(before);
    let before = before.strip_suffix(b"\\").unwrap_or(before);
    let len = before.iter().rev().take_while(|b| b.is_ascii_alphanumeric() || **b == b'-' || **b == b'_').count();
    before.get(before.len() - len..).filter(|name| !name.is_empty())
}

/// Where the value lies that begins here: up to the closing quotation mark, or one word; behind the
/// name of a scheme (`Bearer`), the word after that.
fn value_at(line: &[u8], start: usize) -> (usize, usize) {
    let start = start + usize::from(line.get(start) == Some(&b'\\'));
    if let Some(quote @ (b'"' | b'\'')) = line.get(start) {
        let from = start + 1;
        let len = line.get(from..).and_then(|rest| memchr(*quote, rest));
        return (from, len.map_or_else(|| end_of(line), |len| from + len));
    }
    let end = plain_end(line, start);
    let value = line.get(start..end).unwrap_or(b"");
    let scheme = [&b"Bearer"[..], b"Basic"].iter().any(|name| name.eq_ignore_ascii_case(value));
    if !scheme {
        return (start, end);
    }
    let start = skip_spaces(line, end);
    (start, plain_end(line, start))
}

/// Where a value without quotation marks ends that begins here.
fn plain_end(line: &[u8], start: usize) -> usize {
    let word = |b: &u8| !b.is_ascii_whitespace() && !b"\"'<>,;&)]}".contains(b);
    start + line.iter().skip(start).take_while(|b| word(b)).count()
}

/// Masks what follows commands: `PASS …` of POP3 and FTP, `LOGIN user …` of IMAP, options of tools.
fn commands(line: &mut [u8]) -> usize {
    const COMMANDS: &[(&[u8], usize)] =
        &[(b"PASS", 0), (b"LOGIN", 1), (b"--auth-password", 0), (b"-ap", 0), (b"--password", 0), (b"Bearer", 0)];
    let near = line.get(..line.len().min(2000)).unwrap_or(line);
    let found = COMMANDS.iter().find_map(|(word, skip)| {
        let at = find_word(near, word)?;
        let command = *word == b"PASS" || *word == b"LOGIN";
        if command && !leads(near, at, *skip) {
            return None;
        }
        let mut start = skip_spaces(near, at + word.len());
        for _ in 0..*skip {
            start = skip_spaces(near, word_end(near, start));
        }
        let end = start + near.iter().skip(start).take_while(|b| !b.is_ascii_whitespace()).count();
        let long_enough = end > start && (word.len() > 4 || command || end - start > 2);
        (long_enough && (*word != b"Bearer" || end - start > 15)).then_some((start, end))
    });
    found.map_or(0, |(start, end)| cover(line, start, end))
}

/// Whether a command leads its line, or stands behind a short mark (`C: `, `a1 `), and has as many words as it needs.
fn leads(line: &[u8], at: usize, skip: usize) -> bool {
    let before = line.get(..at).unwrap_or(b"").trim_ascii();
    let words = line.get(at..).unwrap_or(b"").split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).count();
    let upper = line.get(at..at + 4).is_some_and(|word| word.iter().all(u8::is_ascii_uppercase));
    let mark = before.len() <= 6 && !before.contains(&b'=') && before.split(|b| *b == b' ').count() == 1;
    words == skip + 2 && upper && mark
}

/// Masks the password in `scheme://user:password@host`.
fn urls(line: &mut [u8]) -> usize {
    let mut masked = 0;
    let mut at = 0;
    while let Some(found) = line.get(at..).and_then(|rest| memmem::find(rest, b"://")) {
        let start = at + found + 3;
        at = start;
        let near = line.get(start..line.len().min(start + 300)).unwrap_or(b"");
        let end = near.iter().position(|b| b.is_ascii_whitespace() || b"/\"'<>".contains(b)).unwrap_or(near.len());
        let authority = near.get(..end).unwrap_or(b"");
        let Some(host) = memchr::memrchr(b'@', authority) else {
            continue;
        };
        let Some(colon) = authority.get(..host).and_then(|user| memchr(b':', user)) else {
            continue;
        };
        masked += cover(line, start + colon + 1, start + host);
        at = start + host;
    }
    masked
}

/// Masks keys that give themselves away by their beginning.
fn keys(line: &mut [u8]) -> usize {
    let mut masked = 0;
    for (start, shortest) in KEYS {
        let mut at = 0;
        while let Some(found) = line.get(at..).and_then(|rest| memmem::find(rest, start)) {
            let from = at + found;
            let len = line.iter().skip(from).take_while(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b)).count();
            let alone = from
                .checked_sub(1)
                .and_then(|before| line.get(before))
                .is_none_or(|b| !b.is_ascii_alphanumeric() && !b"+/".contains(b));
            if alone && len >= *shortest {
                masked += cover(line, from, from + len);
            }
            at = from + len.max(start.len());
        }
    }
    masked
}
