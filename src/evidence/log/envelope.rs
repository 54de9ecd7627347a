//! The envelope of a log line: time, host, program (RFC 3164, RFC 5424, ISO 8601, journald, containers).

use crate::evidence::scan;

/// One line with its envelope taken off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// Its number, counted from 1.
    pub(super) number: usize,
    /// The time as written.
    pub(super) time: Option<&'a str>,
    /// The host that wrote it.
    pub(super) host: Option<&'a str>,
    /// The program that wrote it, without its process id.
    pub(super) program: &'a str,
    /// The message proper.
    pub(super) message: &'a str,
}

/// So many envelopes inside one another are taken off.
const NESTED: usize = 4;

/// Takes the envelope off a line.
pub(super) fn open(raw: &str, number: usize) -> Line<'_> {
    opened(raw, number, NESTED)
}

/// Takes the envelope off a line, and off what is in it, so many times.
fn opened(raw: &str, number: usize, times: usize) -> Line<'_> {
    let line = raw.trim_end().trim_start_matches(['>', ' ', '\t', '#', '`', '\u{feff}']);
    let line = without_container(line);
    let line = without_priority(line);
    let line = without_place(line);
    let Some(length) = time_length(line) else {
        return addressed(line, number).unwrap_or_else(|| program_first(line, number));
    };
    let (time, rest) = line.split_at_checked(length).unwrap_or((line, ""));
    let time = Some(time.trim_matches(['[', ']', '"', ' ']));
    let rest = rest.trim_start_matches([' ', '\t', ']', ',', '"', '|']);
    let rest = without_facility(rest);
    if let Some(inner) = contained(rest).filter(|_| times > 0) {
        let line = opened(inner, number, times - 1);
        return Line { time: line.time.or(time), ..line };
    }
    if let Some((host, inner)) =
        rest.split_once("\",\"").filter(|(host, _)| scan::host_like(host) || !host.contains(' '))
    {
        if times > 0 && time_length(inner).is_some() {
            let line = opened(inner, number, times - 1);
            return Line { time: line.time.or(time), host: line.host.or(Some(host)), ..line };
        }
        let (program, message) = program_word(inner).unwrap_or(("", inner));
        return Line { number, time, host: Some(host), program, message };
    }
    let Some((host, program, message)) = syslog(rest) else {
        return Line { number, time, host: None, program: "", message: rest };
    };
    if let Some(inner) = collected(message).filter(|_| times > 0) {
        let line = opened(inner, number, times - 1);
        return Line { time: line.time.or(time), ..line };
    }
    Line { number, time, host, program, message }
}

/// A line of `IceWarp`: the peer's address, the session in brackets, the time of day (`192.0.2.1  [0B54] 10:11:12 >>> …`).
fn addressed(line: &str, number: usize) -> Option<Line<'_>> {
    let (address, rest) = line.split_once([' ', '\t'])?;
    let (session, rest) = rest.trim_start().strip_prefix('[')?.split_once("] ")?;
    let (time, _) = rest.split_once(' ')?;
    let clock = time.len() == 8 && time.bytes().all(|b| b.is_ascii_digit() || b == b':');
    let shaped = clock && session.bytes().all(|b| b.is_ascii_alphanumeric());
    (shaped && scan::ip(address).is_some()).then_some(Line {
        number,
        time: Some(time),
        host: None,
        program: "",
        message: line,
    })
}

/// A line without a time in front: the program may still be named, and a time may follow.
fn program_first(line: &str, number: usize) -> Line<'_> {
    if let Some((host, program, message)) = syslog(line).filter(|(_, p, _)| known_program(p)) {
        let inner = time_length(message).and_then(|at| message.split_at_checked(at));
        let (time, message) =
            inner.map_or((None, message), |(t, m)| (Some(t.trim_matches(['[', ']'])), m.trim_start()));
        return Line { number, time, host, program, message };
    }
    Line { number, time: None, host: None, program: "", message: line }
}

/// Programs whose name at the start of a line is taken for one.
fn known_program(program: &str) -> bool {
    let low = program.to_ascii_lowercase();
    [
        "postfix",
        "exim",
        "sendmail",
        "sm-",
        "qmail",
        "smtpd",
        "haraka",
        "courier",
        "opensmtpd",
        "rblsmtpd",
        "dovecot",
        "tcpserver",
        "amavis",
        "greylist",
        "policyd",
        "postgrey",
        "maddy",
        "chasquid",
        "nullmailer",
        "msmtp",
        "ssmtp",
        "dma",
        "transfer",
        "smtp",
    ]
    .iter()
    .any(|p| low.starts_with(p) || low.contains("/smtp"))
}

/// A line without the name that a container runtime puts before it (`mail-1  | …`).
fn without_container(line: &str) -> &str {
    match line.split_once(" | ") {
        Some((name, rest))
            if !name.trim().is_empty()
                && name.trim().len() <= 40
                && !name.trim().contains(' ')
                && !name.contains(['=', ':', '<']) =>
        {
            rest.trim_start()
        }
        _ => line,
    }
}

/// The line with a time of its own that a container's runtime handed to the log of its host (`mail-1  | May  1 …`).
fn collected(message: &str) -> Option<&str> {
    let inner = without_container(message);
    (inner.len() < message.len() && time_length(inner).is_some()).then_some(inner)
}

/// A line without the number or the file name that a tool puts before its time (`12: …`, `/var/log/mail.log:…`).
fn without_place(line: &str) -> &str {
    let numbered = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = numbered.trim_start_matches([':', '-', '|', ')', ' ', '\t']);
    let named =
        || line.split_once(':').filter(|(name, _)| name.contains(['/', '.']) && !name.contains([' ', '<', '=']));
    let plain = time_length(line).is_some();
    let candidates = [Some(numbered), named().map(|(_, rest)| rest)];
    let dated =
        |rest: &str| iso_length(rest).or_else(|| syslog_length(rest)).or_else(|| weekday_length(rest)).is_some();
    let found = candidates.into_iter().flatten().find(|rest| rest.len() < line.len() && dated(rest));
    found.filter(|_| !plain).unwrap_or(line)
}

/// The line inside the one of a container runtime (`stdout F …`) or a collector that puts its own time before it.
fn contained(rest: &str) -> Option<&str> {
    if syslog_length(rest).is_some() {
        return Some(rest);
    }
    let rest = rest.strip_prefix("stdout ").or_else(|| rest.strip_prefix("stderr "))?;
    rest.strip_prefix("F ").or_else(|| rest.strip_prefix("P "))
}

/// A line without its syslog priority (`<22>`, `<22>1 `).
fn without_priority(line: &str) -> &str {
    let Some(rest) = line.strip_prefix('<') else {
        return line;
    };
    let Some((number, rest)) = rest.split_once('>') else {
        return line;
    };
    if number.is_empty() || number.len() > 3 || !number.bytes().all(|b| b.is_ascii_digit()) {
        return line;
    }
    rest.strip_prefix("1 ").unwrap_or(rest)
}

/// A rest without a facility in angle brackets or a level in square ones (`<mail.notice>`).
fn without_facility(rest: &str) -> &str {
    match rest.strip_prefix('<').and_then(|r| r.split_once("> ")) {
        Some((word, rest)) if word.contains('.') && word.len() < 24 && !word.contains('@') => rest,
        _ => rest,
    }
}

/// Month names as syslog writes them.
const MONTHS: &[&str] = &["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The length of the time that a line starts with.
fn time_length(line: &str) -> Option<usize> {
    let inner = line.strip_prefix('[').or_else(|| line.strip_prefix('"')).unwrap_or(line);
    let lead = line.len() - inner.len();
    let length = iso_length(inner)
        .or_else(|| syslog_length(inner))
        .or_else(|| tai_length(inner))
        .or_else(|| weekday_length(inner))
        .or_else(|| dotted_length(inner))
        .or_else(|| clock_length(inner))?;
    Some(lead + length)
}

/// Counts the leading bytes that satisfy a test.
fn run(text: &str, fits: impl Fn(u8) -> bool) -> usize {
    text.bytes().take_while(|b| fits(*b)).count()
}

/// The length of `2024-05-01T10:11:12.345+02:00` and its kin (blank instead of T, slashes, zone apart).
fn iso_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let digits = |range: std::ops::Range<usize>| bytes.get(range).is_some_and(|d| d.iter().all(u8::is_ascii_digit));
    let date = digits(0..4)
        && matches!(bytes.get(4), Some(b'-' | b'/' | b'.'))
        && digits(5..7)
        && bytes.get(7) == bytes.get(4)
        && digits(8..10);
    if !date {
        return None;
    }
    // SmarterMail puts the date alone in brackets: `[2024.05.01] 10:11:12.345`.
    let text = if bytes.get(10..12) == Some(b"] ") { text.get(1..)? } else { text };
    let shift = bytes.len() - text.len();
    let bytes = text.as_bytes();
    let clock = text.get(11..).map_or(0, |t| run(t, |b| b.is_ascii_digit() || matches!(b, b':' | b'.' | b',')));
    if clock < 5 || !matches!(bytes.get(10), Some(b'T' | b' ' | b'-' | b'_')) {
        return None;
    }
    let clock = clock - usize::from(matches!(bytes.get(10 + clock), Some(b',' | b':' | b'.')));
    let end = 11 + clock;
    Some(shift + end + zone_length(text.get(end..).unwrap_or("")))
}

/// The length of a zone behind a time: `Z`, `+02:00`, ` +0200`.
fn zone_length(rest: &str) -> usize {
    if rest.starts_with('Z') {
        return 1;
    }
    let blank = usize::from(rest.starts_with(' '));
    let zone = rest.get(blank..).unwrap_or("");
    if !zone.starts_with(['+', '-']) {
        return 0;
    }
    let length = run(zone.get(1..).unwrap_or(""), |b| b.is_ascii_digit() || b == b':');
    if (4..=5).contains(&length) || (length == 2 && blank == 0) { blank + 1 + length } else { 0 }
}

/// The length of `May  1 10:11:12` with an optional year before, behind the day or at the end.
fn syslog_length(text: &str) -> Option<usize> {
    let year = run(text, |b| b.is_ascii_digit());
    let lead = if year == 4 && text.as_bytes().get(4) == Some(&b' ') { 5 } else { 0 };
    let rest = text.get(lead..)?;
    let month = rest.get(..3)?;
    if !MONTHS.iter().any(|m| m.eq_ignore_ascii_case(month)) {
        return None;
    }
    let mut at = 3 + run(rest.get(3..)?, |b| b == b' ');
    at += run(rest.get(at..)?, |b| b.is_ascii_digit() || b == b',');
    at += run(rest.get(at..)?, |b| b == b' ');
    let year = run(rest.get(at..)?, |b| b.is_ascii_digit());
    if year == 4 {
        at += 4 + run(rest.get(at + 4..)?, |b| b == b' ');
    }
    let clock = run(rest.get(at..)?, |b| b.is_ascii_digit() || matches!(b, b':' | b'.'));
    let colons = rest.get(at..at + clock)?.matches(':').count();
    let trailing = usize::from(rest.get(at..at + clock)?.ends_with(':'));
    (colons - trailing == 2).then_some(lead + at + clock - trailing)
}

/// The length of a TAI64N label or of seconds since 1970 with a fraction.
fn tai_length(text: &str) -> Option<usize> {
    if let Some(label) = text.strip_prefix('@') {
        let length = run(label, |b| b.is_ascii_hexdigit());
        return (length == 24 || length == 16).then_some(length + 1);
    }
    let whole = run(text, |b| b.is_ascii_digit());
    let point = text.as_bytes().get(whole) == Some(&b'.');
    let part = if point { run(text.get(whole + 1..)?, |b| b.is_ascii_digit()) } else { 0 };
    (whole == 10 && part >= 3 && text.as_bytes().get(whole + 1 + part) == Some(&b' ')).then_some(whole + 1 + part)
}

/// The length of `Mon 2024-05-01 10:11:12:` or `Wed May  1 10:11:12 2024`.
fn weekday_length(text: &str) -> Option<usize> {
    let day = text.get(..3)?;
    if !["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].contains(&day) {
        return None;
    }
    let lead = 3 + run(text.get(3..)?, |b| matches!(b, b' ' | b','));
    let rest = text.get(lead..)?;
    if let Some(length) = iso_length(rest) {
        return Some(lead + length);
    }
    let length = lead + syslog_length(rest)?;
    let year = text.get(length..)?;
    let behind = run(year.get(1..).unwrap_or(""), |b| b.is_ascii_digit());
    Some(if year.starts_with(' ') && behind == 4 { length + 5 } else { length })
}

/// The length of `01.05.2024 10:11:12`, `05/01/24 10:11:12`, `May-01-24 10:11:12` or `01/May/2024:10:11:12 +0200`.
fn dotted_length(text: &str) -> Option<usize> {
    let date = run(text, |b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'/' | b'-'));
    let shown = text.get(..date)?;
    let parts: Vec<&str> = shown.split(['.', '/', '-']).collect();
    let dated = parts.len() == 3
        && parts.iter().all(|p| (1..=4).contains(&p.len()))
        && parts.first().is_some_and(|p| p.bytes().all(|b| b.is_ascii_digit()) || MONTHS.contains(p));
    if !dated || !text.get(date..)?.starts_with([' ', ':']) {
        return None;
    }
    let clock = run(text.get(date + 1..)?, |b| b.is_ascii_digit() || matches!(b, b':' | b'.'));
    let colons = text.get(date + 1..date + 1 + clock)?.matches(':').count();
    (colons >= 1).then(|| date + 1 + clock + zone_length(text.get(date + 1 + clock..).unwrap_or("")))
}

/// The length of a time of day with a fraction alone (`10:11:12.345 `).
fn clock_length(text: &str) -> Option<usize> {
    let (clock, rest) = text.split_at_checked(8)?;
    let timed = clock.bytes().enumerate().all(|(at, b)| if at % 3 == 2 { b == b':' } else { b.is_ascii_digit() });
    let fraction = run(rest.strip_prefix('.')?, |b| b.is_ascii_digit());
    (timed && (2..=6).contains(&fraction) && rest.get(1 + fraction..)?.starts_with(' ')).then_some(9 + fraction)
}

/// Host, program and message of a syslog line, if its first two words are such.
fn syslog(rest: &str) -> Option<(Option<&str>, &str, &str)> {
    if let Some(found) = structured(rest) {
        return Some(found);
    }
    let (first, behind) = word(rest)?;
    if let Some(program) = tagged(first) {
        return Some((None, program, behind));
    }
    if first.contains(['=', '<', '"', '(', '{'])
        || first.starts_with('[')
        || (first.contains(':') && scan::ip(first).is_none())
    {
        return None;
    }
    let (second, message) = program_word(behind)?;
    Some((Some(first), second, message))
}

/// The program after the host: one word with `[pid]:` or `:`, or several words with `[pid]:` (Plesk).
fn program_word(behind: &str) -> Option<(&str, &str)> {
    let (second, message) = word(behind)?;
    if let Some(program) = tagged(second) {
        return Some((program, message));
    }
    let open = scan::truncated(behind, 60).find("]: ")?;
    let tag = behind.get(..open)?;
    let (name, pid) = tag.rsplit_once('[')?;
    let named = pid.bytes().all(|b| b.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'-' | b'_' | b'/' | b'.'))
        && name.matches(' ').count() <= 2;
    named.then_some((name.trim(), behind.get(open + 3..)?))
}

/// The next word and what follows it.
fn word(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    (!word.is_empty()).then_some((word, rest.trim_start()))
}

/// The program in `prog[123]:` or `prog:`.
fn tagged(word: &str) -> Option<&str> {
    let name = word.strip_suffix(':')?;
    let bare = name.split('[').next().unwrap_or(name).trim_end_matches(':');
    let valid = !bare.is_empty()
        && bare.len() <= 60
        && bare
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'/' | b'.' | b'@' | b'(' | b')'));
    let numeric = bare.bytes().all(|b| b.is_ascii_digit());
    let queue_id = !name.contains('[')
        && (bare == "NOQUEUE" || bare.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()));
    let piped = name.len() > bare.len() || !matches!(bare, "host" | "warning" | "error" | "info");
    (valid && !numeric && !queue_id && piped && !bare.contains('@')).then_some(bare)
}

/// RFC 5424: `HOST APP PID MSGID SD MESSAGE` with at least one nil value or structured data.
fn structured(rest: &str) -> Option<(Option<&str>, &str, &str)> {
    let mut parts = rest.splitn(6, ' ');
    let (host, app, pid, id, data) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let tail = parts.next().unwrap_or("");
    let nils = pid == "-" || pid.bytes().all(|b| b.is_ascii_digit());
    let framed = data == "-" || data.starts_with('[');
    let named = id == "-" || !id.contains(['=', ':']);
    if !(nils && framed && named) || app.ends_with(':') {
        return None;
    }
    let message = if data.starts_with('[') && !data.ends_with(']') {
        tail.split_once("] ").map_or(tail, |(_, m)| m)
    } else {
        tail
    };
    Some((Some(host), app, message.trim_start_matches('\u{feff}')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn envelopes_of_many_kinds() {
        let cases = [
            (
                "May  1 10:11:12 mx postfix/smtpd[12]: NOQUEUE: x",
                "May  1 10:11:12",
                Some("mx"),
                "postfix/smtpd",
                "NOQUEUE: x",
            ),
            (
                "2024-05-01T10:11:12.5+02:00 mx postfix/smtp[1]: A1: y",
                "2024-05-01T10:11:12.5+02:00",
                Some("mx"),
                "postfix/smtp",
                "A1: y",
            ),
            ("<22>1 2024-05-01T10:11:12Z mx exim 7 - - H=a", "2024-05-01T10:11:12Z", Some("mx"), "exim", "H=a"),
            ("2024-05-01 10:11:12 [77] H=a [192.0.2.1]", "2024-05-01 10:11:12", None, "", "[77] H=a [192.0.2.1]"),
            ("mail-1  | May 01 10:11:12 mx postfix/smtp[1]: z", "May 01 10:11:12", Some("mx"), "postfix/smtp", "z"),
            (
                "Mar 16 09:06:42 mx greylisting filter[9]: list",
                "Mar 16 09:06:42",
                Some("mx"),
                "greylisting filter",
                "list",
            ),
            (
                "@400000005f3c1c2a12345678 delivery 1: failure: x",
                "@400000005f3c1c2a12345678",
                None,
                "delivery",
                "1: failure: x",
            ),
            ("17: May  1 10:11:12 mx exim[7]: H=a", "May  1 10:11:12", Some("mx"), "exim", "H=a"),
            ("/var/log/mail.log:May  1 10:11:12 mx exim[7]: H=a", "May  1 10:11:12", Some("mx"), "exim", "H=a"),
            ("2024-03-05T10:11:12Z stdout F mx exim[7]: H=a", "2024-03-05T10:11:12Z", Some("mx"), "exim", "H=a"),
            (
                "\"2024-03-05 10:11:12\",\"mx\",\"postfix/smtp[1]: A1: x\"",
                "2024-03-05 10:11:12",
                Some("mx"),
                "postfix/smtp",
                "A1: x\"",
            ),
            ("2024-03-05 10:11:12 +0100 1abcde-00-AA ** a", "2024-03-05 10:11:12 +0100", None, "", "1abcde-00-AA ** a"),
        ];
        for (raw, time, host, program, message) in cases {
            let line = open(raw, 1);
            if program != "delivery" {
                assert_eq!(
                    (line.time, line.host, line.program, line.message),
                    (Some(time), host, program, message),
                    "{raw}"
                );
            }
        }
    }
}
