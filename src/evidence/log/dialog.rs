//! Servers that log the whole dialogue: `MDaemon`, hMailServer, `MailEnable`, and anything with arrows.

use super::envelope::Line;
use super::{Hit, Memory, Weight};
use crate::evidence::findings::{Direction, Reply};
use crate::evidence::{reply, scan};

/// The marks before what the other side said, and before what we said.
const HEARD: &[&str] = &["<-- ", "RSP: ", "RECEIVED: ", "SERVER -> CLIENT: ", "<<< ", "SMTP<< ", "] cmd: "];
/// The marks before what we said.
const SAID: &[&str] = &["--> ", "CMD: ", "SENT: ", "CLIENT -> SERVER: ", ">>> ", "SMTP>> ", "] rsp: "];
/// The words before the address of the server that a session goes to.
const CALLED: &str = "nitiating connection to ";

/// Whether a line is one of a dialogue.
pub(super) fn is_one(line: &Line<'_>) -> bool {
    let shaped = line.time.is_some() || line.message.starts_with('"') || debugged(line.message).is_some();
    shaped && (marked(line.message).is_some() || line.message.contains(CALLED))
}

/// Reads one line: a command is remembered for its session, a refusal is given.
pub(super) fn read(line: &Line<'_>, memory: &mut Memory) -> Option<Hit> {
    let message = line.message;
    if let Some((head, called)) = message.split_once(CALLED) {
        memory.note(format!("peer {}", session(head)), called.trim());
        return None;
    }
    let (at, mark, heard) = marked(message)?;
    let session = debugged(message).map_or_else(|| session(message.get(..at).unwrap_or("")), str::to_owned);
    let text = message.get(at + mark..)?.trim_end_matches(['"', ' ']).trim_end_matches("[nl]");
    if command(text, &session, memory) {
        return None;
    }
    greeted(text, &session, memory);
    let code = reply::find_code(text).filter(|c| c.start == 0 && !matches!(c.code, 535 | 502 | 500))?;
    let (first, whole) = gathered(text, code.code, &session, line.number, memory)?;
    let note = |what: &str| memory.get(&format!("{what} {session}"));
    let addressed = message.split([' ', '\t']).next().is_some_and(|word| scan::ip(word).is_some());
    let columns = addressed || message.starts_with('"') || message.contains("] rsp: ");
    let peer = scan::ips(message.get(..at)?).first().map(|f| f.ip).filter(|_| columns);
    let called = note("peer").and_then(scan::ip).filter(|_| heard);
    let delivery = message.contains("] RSP: ") && !session.is_empty();
    let known = Reply {
        line: Some(first),
        ip: peer.filter(|_| !heard).or_else(|| note("client").and_then(scan::ip)),
        remote_ip: peer.filter(|_| heard).or(called),
        queue_id: delivery.then(|| session.clone()),
        recipient_domain: note("rcpt").and_then(scan::domain_of),
        helo: note("helo").map(str::to_owned),
        time: quoted_time(message).map(str::to_owned),
        direction: Some(if heard { Direction::Out } else { Direction::In }),
        ..Reply::default()
    };
    Some(Hit {
        known,
        text: whole,
        mta: if message.starts_with("\"SMTP") {
            "hMailServer"
        } else if debugged(message).is_some() {
            "Exim"
        } else {
            ""
        },
        weight: Weight::Sure,
    })
}

/// The process in a line of Exim's debug output (`  758   SMTP<< 504 no`).
fn debugged(message: &str) -> Option<&str> {
    let (process, rest) = message.split_once("  ")?;
    let numbered = !process.is_empty() && process.len() <= 8 && process.bytes().all(|b| b.is_ascii_digit());
    (numbered && rest.trim_start().starts_with("SMTP<< ")).then_some(process)
}

/// Gathers the lines of one reply; gives the first line's number and the whole with the last line (`550 `).
fn gathered(text: &str, code: u16, session: &str, number: usize, memory: &mut Memory) -> Option<(usize, String)> {
    let key = format!("reply {session} {code}");
    let earlier = memory.take(&key);
    let (first, before) = earlier
        .as_deref()
        .and_then(|e| e.split_once('\n'))
        .map_or((number, ""), |(n, t)| (n.parse().unwrap_or(number), t));
    let whole = if before.is_empty() { text.to_owned() } else { format!("{before}\n{text}") };
    if text.as_bytes().get(3) == Some(&b'-') {
        memory.note(key, &format!("{first}\n{whole}"));
        return None;
    }
    Some((first, whole))
}

/// Where the mark of a dialogue stands, how long it is, and whether the other side speaks.
fn marked(message: &str) -> Option<(usize, usize, bool)> {
    let head = scan::truncated(message, 160);
    let find =
        |marks: &[&str], heard: bool| marks.iter().filter_map(|m| head.find(m).map(|at| (at, m.len(), heard))).min();
    find(HEARD, true).into_iter().chain(find(SAID, false)).min_by_key(|(at, _, _)| *at)
}

/// What names the session in front of a mark: its brackets or its third column.
fn session(head: &str) -> String {
    let bracket =
        head.split_once('[').and_then(|(_, rest)| rest.rsplit_once(']').or(Some((rest, "")))).map(|(inner, _)| inner);
    let column = || head.split('\t').nth(2);
    scan::truncated(bracket.or_else(column).unwrap_or(""), 40).to_owned()
}

/// Remembers a recipient or a greeting; says whether the text was a command.
fn command(text: &str, session: &str, memory: &mut Memory) -> bool {
    let upper = scan::truncated(text, 10).to_ascii_uppercase();
    if upper.starts_with("RCPT TO:") {
        memory.note(format!("rcpt {session}"), text);
    } else if upper.starts_with("EHLO ") || upper.starts_with("HELO ") {
        memory.note(format!("helo {session}"), text.split_whitespace().nth(1).unwrap_or(""));
    }
    upper.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// Remembers the client's address from the answer to its greeting: `250-mx.example Hello out.example [192.0.2.7], …`.
fn greeted(text: &str, session: &str, memory: &mut Memory) {
    let hello = text.starts_with("250") && scan::truncated(text, 200).to_ascii_lowercase().contains(" hello ");
    if let Some(found) = scan::between(text, "[", "]").and_then(scan::ip).filter(|_| hello) {
        memory.note(format!("client {session}"), &found.to_string());
    }
}

/// The time in quotes of a line with columns.
fn quoted_time(message: &str) -> Option<&str> {
    message.split('\t').nth(3).map(|t| t.trim_matches('"')).filter(|_| message.starts_with('"'))
}

#[cfg(test)]
mod tests {
    use super::super::envelope;
    use super::*;

    #[test]
    fn sessions_remember_recipient_and_greeting() {
        let mut memory = Memory::default();
        let mut last = None;
        for line in
            ["--> EHLO out.example.com", "<-- 250 ok", "--> RCPT TO:<b@example.org>", "<-- 550 5.1.1 no such user"]
        {
            let raw = format!("Wed 2024-05-01 10:11:12: [77:1] {line}");
            last = read(&envelope::open(&raw, 1), &mut memory);
        }
        let hit = last.unwrap();
        assert_eq!(hit.known.recipient_domain.as_deref(), Some("example.org"));
        assert_eq!(hit.known.helo.as_deref(), Some("out.example.com"));
        assert_eq!(hit.known.direction, Some(Direction::Out));
    }
}
