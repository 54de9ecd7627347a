//! Secrets in pasted logs: AUTH exchanges, passwords, keys, tokens, cookies.

use memchr::{memchr, memchr2, memmem};

/// What overwrites a secret.
const STAR: u8 = b'*';

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
const FIELDS: &[&str] = &[
    "cookie",
    "set-cookie",
    "authorization",
    "proxy-authorization",
    "x-auth-key",
    "x-postmark-server-token",
];

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

/// Overwrites secrets with `*`, length and lines unchanged; returns how many were found.
pub fn secrets(bytes: &mut [u8]) -> usize {
    let mut masked = 0;
    let mut exchange = Exchange::default();
    let mut start = 0;
    while start < bytes.len() {
        let rest = bytes.get(start..).unwrap_or(b"");
        let len = memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        if let Some(line) = bytes.get_mut(start..start + len) {
            masked += exchange.line(line);
        }
        start += len;
    }
    masked
}

/// What a dialogue is about to tell.
#[derive(Default)]
struct Exchange {
    /// So many lines may still hold an answer to an AUTH command.
    awaited: u8,
    /// Inside a private key.
    key: bool,
}

impl Exchange {
    /// Masks what is secret in one line.
    fn line(&mut self, line: &mut [u8]) -> usize {
        if self.private_key(line) {
            return 1;
        }
        self.auth(line) + settings(line) + commands(line) + urls(line) + keys(line)
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
            let response = line
                .get(start..end)
                .is_some_and(|word| word.len() > 3 && is_base64(word));
            return if response { cover(line, start, end) } else { 0 };
        }
        if self.awaited == 0 {
            return 0;
        }
        self.awaited -= 1;
        let (start, end) = last_word(line);
        let word = line.get(start..end).unwrap_or(b"");
        if reply_code(line).is_some() {
            self.awaited = if reply_code(line) == Some(*b"334") {
                4
            } else {
                0
            };
            return 0;
        }
        if word.len() >= 4 && is_base64(word) && start <= 60 {
            cover(line, start, end)
        } else {
            0
        }
    }
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
    let spaces = line
        .iter()
        .skip(from)
        .take_while(|b| matches!(b, b' ' | b'\t'))
        .count();
    from + spaces
}

/// Where the word ends that begins here.
fn word_end(line: &[u8], from: usize) -> usize {
    let len = line
        .iter()
        .skip(from)
        .take_while(|b| !b.is_ascii_whitespace() && !b"\"'<>,;)]".contains(b))
        .count();
    from + len
}

/// The last word of a line.
fn last_word(line: &[u8]) -> (usize, usize) {
    let end = end_of(line);
    let text = line.get(..end).unwrap_or(b"").trim_ascii_end();
    let start = text
        .iter()
        .rposition(|b| matches!(b, b' ' | b'\t' | b'>' | b'"'))
        .map_or(0, |at| at + 1);
    (start, text.len())
}

/// Whether all of a word can be Base64.
fn is_base64(word: &[u8]) -> bool {
    word.iter()
        .all(|b| b.is_ascii_alphanumeric() || b"+/=-_".contains(b))
}

/// The reply code of a line in a dialogue, behind marks such as `S: ` or `<- `.
fn reply_code(line: &[u8]) -> Option<[u8; 3]> {
    let near = line.get(..line.len().min(80)).unwrap_or(line);
    near.split(|b| matches!(b, b' ' | b'\t' | b'-' | b'"' | b'>'))
        .find_map(|word| {
            let code: [u8; 3] = word.trim_ascii_end().try_into().ok()?;
            let [first, ..] = code;
            (code.iter().all(u8::is_ascii_digit) && (b'2'..=b'5').contains(&first)).then_some(code)
        })
}

/// Finds `AUTH` and a mechanism; gives the place behind it. What a server announces (`250-AUTH PLAIN
/// LOGIN`) is no command.
fn auth_command(line: &[u8]) -> Option<usize> {
    let near = line.get(..line.len().min(400)).unwrap_or(line);
    let at = find_word(near, b"AUTH")?;
    let from = skip_spaces(near, at + 4);
    let mechanism = near.get(from..word_end(near, from))?;
    let known = MECHANISMS
        .iter()
        .any(|name| name.eq_ignore_ascii_case(mechanism));
    let listed = at.checked_sub(1).and_then(|before| near.get(before)) == Some(&b'-');
    let announced = listed || reply_code(near.get(..at)?).is_some();
    (known && !announced).then_some(from + mechanism.len())
}

/// Finds a word that stands alone, in any case.
fn find_word(line: &[u8], word: &[u8]) -> Option<usize> {
    let last = line.len().checked_sub(word.len())?;
    (0..=last).find(|at| {
        let here = line
            .get(*at..*at + word.len())
            .is_some_and(|part| part.eq_ignore_ascii_case(word));
        let before = at.checked_sub(1).and_then(|before| line.get(before));
        let after = line.get(*at + word.len());
        here && !before.is_some_and(u8::is_ascii_alphanumeric)
            && after.is_some_and(|b| matches!(b, b' ' | b'\t'))
    })
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
    let start = skip_spaces(line, mark + 1);
    if line.get(mark) == Some(&b':') && FIELDS.contains(&name.as_str()) {
        return Some((start, end_of(line)));
    }
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let short = plain == "pass" && line.get(mark) == Some(&b'=');
    if !short && !NAMES.iter().any(|known| plain.ends_with(known)) {
        return None;
    }
    Some(value_at(line, start)).filter(|(start, end)| end > start)
}

/// The name right before a place, lower case, without quotation marks.
fn name_before(line: &[u8], mark: usize) -> Option<String> {
    let from = mark.saturating_sub(LONGEST_NAME);
    let before = line.get(from..mark)?.trim_ascii_end();
    let before = before
        .strip_suffix(b"\"")
        .or_else(|| before.strip_suffix(b"'"))
        .unwrap_or(before);
    let before = before.strip_suffix(b"\\").unwrap_or(before);
    let len = before
        .iter()
        .rev()
        .take_while(|b| b.is_ascii_alphanumeric() || **b == b'-' || **b == b'_')
        .count();
    let name = before.get(before.len() - len..)?;
    (!name.is_empty()).then(|| String::from_utf8_lossy(name).to_ascii_lowercase())
}

/// Where the value lies that begins here: up to the closing quotation mark, or one word.
fn value_at(line: &[u8], start: usize) -> (usize, usize) {
    let start = if line.get(start) == Some(&b'\\') {
        start + 1
    } else {
        start
    };
    match line.get(start) {
        Some(quote @ (b'"' | b'\'')) => {
            let from = start + 1;
            let len = line.get(from..).and_then(|rest| memchr(*quote, rest));
            (from, len.map_or_else(|| end_of(line), |len| from + len))
        }
        _ => {
            let word = |b: &u8| !b.is_ascii_whitespace() && !b"\"'<>,;&)]}".contains(b);
            let len = line.iter().skip(start).take_while(|b| word(b)).count();
            let value = line.get(start..start + len).unwrap_or(b"");
            let scheme = [&b"Bearer"[..], b"Basic"]
                .iter()
                .any(|name| name.eq_ignore_ascii_case(value));
            if scheme {
                value_at(line, skip_spaces(line, start + len))
            } else {
                (start, start + len)
            }
        }
    }
}

/// Masks what follows commands: `PASS …` of POP3 and FTP, `LOGIN user …` of IMAP, options of tools.
fn commands(line: &mut [u8]) -> usize {
    const COMMANDS: &[(&[u8], usize)] = &[
        (b"PASS", 0),
        (b"LOGIN", 1),
        (b"--auth-password", 0),
        (b"-ap", 0),
        (b"--password", 0),
        (b"Bearer", 0),
    ];
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
        let end = start
            + near
                .iter()
                .skip(start)
                .take_while(|b| !b.is_ascii_whitespace())
                .count();
        let long_enough = end > start && (word.len() > 4 || command || end - start > 2);
        (long_enough && (*word != b"Bearer" || end - start > 15)).then_some((start, end))
    });
    found.map_or(0, |(start, end)| cover(line, start, end))
}

/// Whether a command leads its line, or stands behind a short mark (`C: `, `a1 `), and has as many words as it needs.
fn leads(line: &[u8], at: usize, skip: usize) -> bool {
    let before = line.get(..at).unwrap_or(b"").trim_ascii();
    let words = line
        .get(at..)
        .unwrap_or(b"")
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
        .count();
    let upper = line
        .get(at..at + 4)
        .is_some_and(|word| word.iter().all(u8::is_ascii_uppercase));
    let mark =
        before.len() <= 6 && !before.contains(&b'=') && before.split(|b| *b == b' ').count() == 1;
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
        let end = near
            .iter()
            .position(|b| b.is_ascii_whitespace() || b"/\"'<>".contains(b))
            .unwrap_or(near.len());
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
            let len = line
                .iter()
                .skip(from)
                .take_while(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
                .count();
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
            (
                "user=ann password=hunter2, host=mx",
                "user=ann password=*******, host=mx",
            ),
            (
                "{\"api_key\": \"abc def\", \"x\": 1}",
                "{\"api_key\": \"*******\", \"x\": 1}",
            ),
            (
                "Authorization: Bearer abc.def",
                "Authorization: **************",
            ),
            ("Cookie: a=b; c=d\r\nHost: x", "Cookie: ********\r\nHost: x"),
            (
                "smtp://ann:hunter2@mx.example.org:587",
                "smtp://ann:*******@mx.example.org:587",
            ),
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
        assert_eq!(
            got,
            "-----BEGIN PRIVATE KEY-----\n****\n****\n-----END PRIVATE KEY-----\nend"
        );
    }

    #[test]
    fn long_lines_take_linear_time() {
        for unit in ["password=", "AUTH ", "://a:", "SG.", "a:b=c@"] {
            let mut bytes = unit.repeat(200_000).into_bytes();
            secrets(&mut bytes);
        }
    }
}
