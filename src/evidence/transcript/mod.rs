//! Finds replies in running text: prose bounces, session transcripts, pasted snippets.
//!
//! A line with a reply code opens a reply; lines that repeat the code, and wrapped lines behind it,
//! belong to it until an empty line or the start of something else.

mod session;

use std::borrow::Cow;

use super::context::Context;
use super::describe::describe;
use super::findings::{Direction, Reply};
use super::{reply, scan};
use session::Session;

/// At most this much of one line is looked at.
const MAX_LINE: usize = 16_000;
/// At most this much is gathered for one reply.
const MAX_REPLY: usize = 4_000;
/// Shorter lines were not wrapped.
const WRAPPED: usize = 80;
/// At most this many replies are kept from one text.
pub(crate) const MAX_REPLIES: usize = 1000;

/// A reply being gathered.
struct Open {
    /// Its first line, counted from 1.
    line: usize,
    /// Its code.
    code: u16,
    /// Whether its last line (`550 `) was seen, rather than `550-`.
    last_seen: bool,
    /// The lines so far.
    text: String,
    /// The session as it was.
    session: Session,
}

/// The refusals in a text whose first line has the number `first_line`.
pub(crate) fn replies(text: &str, first_line: usize, context: &Context) -> Vec<Reply> {
    let mut reader = Reader {
        context,
        session: Session::default(),
        open: None,
        found: Vec::new(),
        own: false,
        session_lines: false,
    };
    for (offset, line) in text.lines().enumerate() {
        reader.line(scan::truncated(line, MAX_LINE), first_line + offset);
        if reader.found.len() >= MAX_REPLIES {
            break;
        }
    }
    reader.close();
    let mut found: Vec<Reply> = reader.found.into_iter().map(|(reply, _)| reply).collect();
    if let Some(helo) = reader.session.helo {
        let lacking = |r: &&mut Reply| r.helo.is_none() && r.direction == Some(Direction::Out);
        found.iter_mut().filter(lacking).for_each(|r| r.helo = Some(helo.clone()));
    }
    found
}

/// Reads line by line.
struct Reader<'a> {
    /// The circumstances.
    context: &'a Context,
    /// What is known of the session.
    session: Session,
    /// The reply being gathered.
    open: Option<Open>,
    /// The replies so far, each with its words for comparing.
    found: Vec<(Reply, String)>,
    /// Whether the sender's own server refused (Postfix `Out:` transcripts of the receiving side).
    own: bool,
    /// Whether the lines are those of a session, in which nothing is wrapped.
    session_lines: bool,
}

impl Reader<'_> {
    /// Reads one line.
    fn line(&mut self, line: &str, number: usize) {
        let ordered = in_order(content(line));
        let content = ordered.as_ref();
        if content.is_empty() {
            self.close();
            return;
        }
        self.own |= line.trim_start().starts_with("Out: ");
        let marked = ["S: ", "C: "].iter().any(|mark| line.trim_start().starts_with(mark));
        self.session_lines |= marked || is_command(content) || consents(content);
        let code = reply::find_code(content);
        let code = code.filter(|c| !quotes_success(content, c.start) && !in_column(line));
        match (code, self.open.as_mut()) {
            (Some(at), Some(open))
                if open.code == at.code && !(open.last_seen && at.start == 0 && starts_line(content)) =>
            {
                open.add(content);
            }
            (Some(at), _) => {
                self.close();
                self.session.note(content.get(..at.start).unwrap_or(""));
                self.open(content, at, number);
            }
            (None, Some(open))
                if ends_reply(line, content) || is_command(content) || (self.session_lines && open.is_whole(line)) =>
            {
                self.close();
                self.session.note(content);
            }
            (None, Some(open)) => open.add(content),
            (None, None) => self.session.note(content),
        }
    }

    /// Starts gathering a reply.
    fn open(&mut self, content: &str, at: reply::CodeAt, number: usize) {
        let announced = reply::introduced(content.get(..at.start).unwrap_or(""));
        let text = if announced { content.get(reply::start(content, at)..).unwrap_or("") } else { content };
        let quoted = content.get(..at.start).is_some_and(|head| head.ends_with(",\""));
        let led = content.get(..at.start).is_some_and(|head| head.ends_with("{LED="));
        let text = text.split_once("\",").filter(|_| quoted).map_or(text, |(reply, _)| reply);
        let text = text.split_once('}').filter(|_| led).map_or(text, |(reply, _)| reply);
        let mut open =
            Open { line: number, code: at.code, last_seen: false, text: String::new(), session: self.session.clone() };
        open.add(text);
        self.open = Some(open);
    }

    /// Finishes the reply being gathered, unless it repeats an earlier one.
    fn close(&mut self) {
        let Some(open) = self.open.take() else { return };
        let session = open.session;
        let known = Reply {
            line: Some(open.line),
            recipient_domain: session.recipient,
            remote_host: session.remote_host,
            remote_ip: session.remote_ip,
            sender_domain: session.sender,
            helo: session.helo,
            time: session.time,
            phase: session.phase,
            direction: if self.own { None } else { Some(Direction::Out) },
            ..Reply::default()
        };
        let reply = describe(&open.text, known, self.context);
        self.keep(reply, letters(&reply::parse(&open.text).plain));
    }

    /// Keeps a reply; one that repeats an earlier one only completes it.
    fn keep(&mut self, reply: Reply, words: String) {
        let mut recent = self.found.iter_mut().rev().take(50);
        match recent.find(|earlier| repeats(earlier, &reply, &words)) {
            Some(earlier) if reply.text.len() > earlier.0.text.len() => {
                let domain = earlier.0.recipient_domain.take();
                let recipient_domain = domain.or_else(|| reply.recipient_domain.clone());
                let line = earlier.0.line;
                *earlier = (Reply { line, recipient_domain, ..reply }, words);
            }
            Some(_) => {}
            None => self.found.push((reply, words)),
        }
    }
}

impl Open {
    /// Whether a reply of a session ended with the line before: it was too short to be wrapped.
    fn is_whole(&self, next: &str) -> bool {
        let last = self.text.lines().next_back().unwrap_or("");
        self.last_seen && starts_line(last) && last.len() < WRAPPED && !next.starts_with([' ', '\t'])
    }

    /// Adds a line, and notes whether it is the last one of a several-line reply.
    fn add(&mut self, content: &str) {
        let code = self.code.to_string();
        if let Some(at) = content.rfind(&code) {
            self.last_seen = content.as_bytes().get(at + 3) != Some(&b'-');
        }
        if self.text.len() + content.len() < MAX_REPLY {
            if !self.text.is_empty() {
                self.text.push('\n');
            }
            self.text.push_str(content);
        }
    }
}

/// Whether a later reply only repeats an earlier one, whole or in part.
fn repeats(earlier: &(Reply, String), later: &Reply, words: &str) -> bool {
    let (reply, known) = earlier;
    let same_domain = reply.recipient_domain == later.recipient_domain
        || reply.recipient_domain.is_none()
        || later.recipient_domain.is_none();
    reply.smtp_code == later.smtp_code
        && same_domain
        && (words.is_empty() || known.contains(words) || words.contains(known.as_str()))
}

/// The letters and digits of a text, for comparing.
fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).take(300).collect::<String>().to_lowercase()
}

/// A line without what transcripts put before it.
fn content(line: &str) -> &str {
    let mut rest = from_mark(line.trim());
    for mark in [
        "<<< ",
        "<** ",
        "<-- ",
        "<~* ",
        "<~  ",
        "<-  ",
        "<- ",
        "<= ",
        "<< ",
        "< ",
        "S: ",
        "R: ",
        "Out: ",
        "SERVER -> CLIENT: ",
        "SMTP<< ",
        "[S] ",
        "Server: ",
        "RECV: ",
        "recv: ",
        "reply: ",
        "rcv: ",
        "<--",
    ] {
        if let Some(stripped) = rest.strip_prefix(mark) {
            rest = stripped.trim_start();
            break;
        }
    }
    rest
}

/// A line in which a client library gives the words before the codes (`Detail: … SMTP code: 554 Additional SMTP info:
/// 5.7.1`), with the codes in front.
fn in_order(content: &str) -> Cow<'_, str> {
    let parts = || {
        let (_, told) = content.split_once("Detail: ")?;
        let (words, rest) = told.split_once(" SMTP code: ")?;
        let (code, info) = rest.split_once(" Additional SMTP info: ").unwrap_or((rest, ""));
        Some((code.trim(), info.trim(), words))
    };
    match parts() {
        Some((code, info, words)) if code.len() == 3 => Cow::Owned(format!("{code} {info} {words}")),
        _ => Cow::Borrowed(content),
    }
}

/// A line from the mark of a transcript on, when a short label stands before it (`mta: 0x1: <<< 550 …`).
fn from_mark(line: &str) -> &str {
    let head = scan::truncated(line, 80);
    let at = ["<<< ", ">>> ", "SERVER -> CLIENT: ", "CLIENT -> SERVER: ", "<-- ", "--> "]
        .iter()
        .filter_map(|m| head.find(m))
        .min();
    at.filter(|at| line.get(..*at).is_some_and(|h| h.ends_with([' ', '\t', ':'])))
        .and_then(|at| line.get(at..))
        .unwrap_or(line)
}

/// Whether a line begins with the code itself.
fn starts_line(content: &str) -> bool {
    content.bytes().take(3).filter(u8::is_ascii_digit).count() == 3
}

/// Whether a line is a command of SMTP, however spelled, or the end of a connection.
fn is_command(content: &str) -> bool {
    let commands = ["ehlo ", "helo ", "lhlo ", "mail from:", "rcpt to:", "connection closed", "connection lost"];
    let alone = ["data", "quit", "rset", "noop", "starttls"];
    let head = scan::truncated(content, 20).to_ascii_lowercase();
    commands.iter().any(|command| head.starts_with(command)) || alone.contains(&head.trim())
}

/// Whether a line is a server's consent, as only sessions have it.
fn consents(content: &str) -> bool {
    let behind = ["220", "221", "250", "354"].iter().find_map(|code| content.strip_prefix(code));
    behind.is_some_and(|rest| rest.starts_with([' ', '-']))
}

/// Whether a line is one of a table of numbers (`    550   received`).
pub(crate) fn in_column(line: &str) -> bool {
    let number = line.trim_start_matches(' ');
    let unit = number.trim_start_matches(|c: char| c.is_ascii_digit());
    let word = unit.trim_start_matches(' ');
    is_row(line)
        || line.len() >= number.len() + 2
            && unit.len() >= word.len() + 2
            && word.starts_with(|c: char| c.is_alphabetic() || c == '<')
}

/// Whether most words of a line are numbers.
fn is_row(line: &str) -> bool {
    let numeric = |word: &&str| word.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b':' | b','));
    let (numbers, words) = (line.split_whitespace().filter(numeric).count(), line.split_whitespace().count());
    numbers >= 4 && numbers * 2 > words
}

/// Whether the code stands behind a success code of the same line (`250 ok … 550`).
fn quotes_success(content: &str, start: usize) -> bool {
    start > 4
        && content.bytes().take(3).all(|b| b.is_ascii_digit())
        && content.starts_with(['2', '3'])
        && content.as_bytes().get(3).is_some_and(|b| matches!(b, b' ' | b'-'))
}

/// Whether a line without a code cannot belong to the reply before it.
fn ends_reply(line: &str, content: &str) -> bool {
    let commands = [
        "C: ",
        ">>> ",
        "~> ",
        " -> ",
        "-> ",
        "--> ",
        "CLIENT -> SERVER",
        "In: ",
        "QUIT",
        "RSET",
        "RCPT TO",
        "MAIL FROM",
        "***",
        "---",
        "===",
        "___",
        "<<",
        "250 ",
        "221 ",
        "250-",
        "354 ",
        "220 ",
        "Your message",
        "This ",
        "Reporting-MTA",
        "SMTP>>",
        "(in reply",
        "Message ",
        "[S] ",
        "send: ",
        "## ",
        "Giving up on",
        "I'm not going to try",
        "SMTP error from",
        "Connected to ",
        "host ",
        "(expanded from",
        "(reason: ",
        "SMTP Error",
        "SMTP error:",
        "SMTP -> ",
        "PHPMailer",
        "Mailer Error",
        "Swift_",
    ];
    let field = super::input::mime::field_start(content).is_some_and(|(name, value)| {
        known_field(&name) && value.starts_with([' ', '\t', '<']) && !line.starts_with([' ', '\t'])
    });
    let addressed = content.split_once('>').is_some_and(|(head, _)| !scan::host_like(head.trim_start_matches('<')));
    let recipient = addressed
        && content.starts_with('<')
        && (content.ends_with(">:") || content.contains(">: ") || content.contains(">... "));
    let recipient = recipient && !(line.starts_with([' ', '\t']) && content.contains(">: "));
    let bare = content.trim_matches(['<', '>', ':', ' ']);
    let recipient = recipient || (!bare.contains(' ') && scan::address(bare).is_some_and(|a| a.len() == bare.len()));
    let traced = content.starts_with("at ")
        || content.starts_with("Traceback")
        || content.starts_with("from ") && content.contains(":in ");
    // What a report wraps is indented, and may start with any word.
    let prose = ["Your message", "This ", "Message ", "host "].iter().any(|word| content.starts_with(word));
    if prose && line.starts_with("   ") {
        return recipient;
    }
    field || recipient || traced || commands.iter().filter(|c| **c != "(in reply").any(|c| content.starts_with(c))
}

/// Whether a name is that of a header or report field.
fn known_field(name: &str) -> bool {
    name.contains('-')
        || matches!(
            name,
            "to" | "from"
                | "subject"
                | "date"
                | "received"
                | "status"
                | "action"
                | "sent"
                | "cc"
                | "time"
                | "host"
                | "server"
                | "recipient"
                | "sender"
                | "asunto"
                | "betreff"
                | "an"
                | "von"
                | "de"
                | "para"
                | "stack"
                | "file"
                | "line"
                | "code"
                | "command"
                | "responsecode"
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::findings::Category;

    fn read(text: &str) -> Vec<Reply> {
        replies(text, 1, &Context::default())
    }

    #[test]
    fn a_session_gives_its_refusal() {
        let text = "220 mx.example.org ESMTP\nEHLO out.example.com\n250 hi\nMAIL FROM:<a@example.com>\n250 ok\nRCPT TO:<b@example.org>\n550-5.7.1 Client 192.0.2.9\n550 5.7.1 is not welcome\nQUIT\n221 bye";
        let found = read(text);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].line, Some(7));
        assert_eq!(found[0].helo.as_deref(), Some("out.example.com"));
        assert_eq!(found[0].recipient_domain.as_deref(), Some("example.org"));
        assert_eq!(found[0].ip.unwrap().to_string(), "192.0.2.9");
    }

    #[test]
    fn a_reply_of_a_session_ends_with_its_line() {
        let text = "220 mx.example.org\nehlo out.example.com\n250 hi\nrcpt to:<b@example.org>\n550 no such user\nrcpt to:<c@example.org>\n451 try later\nConnection closed by foreign host.\n";
        let found = read(text);
        let told: Vec<&str> = found.iter().map(|r| r.text.as_str()).collect();
        assert_eq!(told, ["550 no such user", "451 try later"]);
        let next = "250 hi\n554 no\nSomething else that was printed\n";
        assert_eq!(read(next)[0].text, "554 no");
    }

    #[test]
    fn wrapped_reports_go_on() {
        let text = "<bob@example.org>: host mx.example.org[192.0.2.1] said: 450 4.7.1\n<out.example.com>: Helo\ncommand rejected: Host not found (in reply to RCPT TO command)\n\n<eve@example.net>: host mx.example.net[192.0.2.2] said: 550\n   Message was not accepted, the mailbox of\n   eve@example.net is unknown (in reply to end of DATA command)\n";
        let found = read(text);
        let told: Vec<_> = found.iter().map(|reply| (reply.line, reply.category)).collect();
        let want = [(Some(1), Some(Category::Helo)), (Some(5), Some(Category::MailboxUnknown))];
        assert_eq!(told, want);
        let text = "<bob@example.org>: host mx.example.org[192.0.2.1] said: 550 5.7.1 no mail\n    from this sender (in reply to MAIL FROM command)\n";
        assert_eq!(read(text)[0].text, "550 5.7.1 no mail from this sender");
    }

    #[test]
    fn repetitions_count_once() {
        let text = "<<< 550 5.1.1 <a@example.org>... User unknown\n550 5.1.1 <a@example.org>... User unknown\n";
        assert_eq!(read(text).len(), 1);
    }

    #[test]
    fn numbers_in_prose_are_no_replies() {
        assert!(read("Please call 0721 554 550.\nOr fax 550 421 554.\nRegards").is_empty());
        assert!(read("We sold 550 chairs, see page 421.\nThe 554 bus leaves at 10: 450 people waited.").is_empty());
    }
}
