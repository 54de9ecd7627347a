//! Finds replies in running text: prose bounces, session transcripts, pasted snippets.
//!
//! A line with a reply code opens a reply; lines that repeat the code, and wrapped lines behind it,
//! belong to it until an empty line or the start of something else.

use std::net::IpAddr;

use super::context::Context;
use super::describe::describe;
use super::findings::{Direction, Reply};
use super::{reply, scan};

/// At most this much of one line is looked at.
const MAX_LINE: usize = 16_000;
/// At most this much is gathered for one reply.
const MAX_REPLY: usize = 4_000;
/// At most this many replies are kept from one text.
pub(crate) const MAX_REPLIES: usize = 1000;

/// What the lines read so far say about the session.
#[derive(Clone, Debug, Default)]
struct Session {
    /// The last recipient named.
    recipient: Option<String>,
    /// The last greeting of the sender.
    helo: Option<String>,
    /// The server spoken to.
    remote_host: Option<String>,
    /// Its address.
    remote_ip: Option<IpAddr>,
    /// The envelope sender's domain.
    sender: Option<String>,
    /// The time in the server's greeting.
    time: Option<String>,
}

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
    let mut reader = Reader { context, session: Session::default(), open: None, found: Vec::new(), own: false };
    for (offset, line) in text.lines().enumerate() {
        reader.line(scan::truncated(line, MAX_LINE), first_line + offset);
        if reader.found.len() >= MAX_REPLIES {
            break;
        }
    }
    reader.close();
    if let Some(helo) = reader.session.helo {
        reader.found.iter_mut().filter(|r| r.helo.is_none() && r.direction == Some(Direction::Out)).for_each(|r| r.helo = Some(helo.clone()));
    }
    reader.found
}

/// Reads line by line.
struct Reader<'a> {
    /// The circumstances.
    context: &'a Context,
    /// What is known of the session.
    session: Session,
    /// The reply being gathered.
    open: Option<Open>,
    /// The replies so far.
    found: Vec<Reply>,
    /// Whether the sender's own server refused (Postfix `Out:` transcripts of the receiving side).
    own: bool,
}

impl Reader<'_> {
    /// Reads one line.
    fn line(&mut self, line: &str, number: usize) {
        let content = content(line);
        if content.is_empty() {
            self.close();
            return;
        }
        self.own |= line.trim_start().starts_with("Out: ");
        let code = reply::find_code(content);
        let code = code.filter(|c| !quotes_success(content, c.start));
        match (code, self.open.as_mut()) {
            (Some(at), Some(open)) if open.code == at.code && !(open.last_seen && at.start == 0 && starts_line(content)) => open.add(content),
            (Some(at), _) => {
                self.close();
                self.session.note(content.get(..at.start).unwrap_or(""));
                self.open(content, at, number);
            }
            (None, Some(_)) if ends_reply(line, content) => {
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
        let text = if announced { content.get(at.start..).unwrap_or("") } else { content };
        let mut open = Open { line: number, code: at.code, last_seen: false, text: String::new(), session: self.session.clone() };
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
            direction: if self.own { None } else { Some(Direction::Out) },
            ..Reply::default()
        };
        let reply = describe(&open.text, known, self.context);
        let same = self.found.iter_mut().rev().take(50).find(|earlier| repeats(earlier, &reply));
        match same {
            Some(earlier) if reply.text.len() > earlier.text.len() => {
                let recipient = earlier.recipient_domain.take().or_else(|| reply.recipient_domain.clone());
                *earlier = Reply { recipient_domain: recipient, line: earlier.line, ..reply };
            }
            Some(_) => {}
            None => self.found.push(reply),
        }
    }
}

impl Open {
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
pub(crate) fn repeats(earlier: &Reply, later: &Reply) -> bool {
    let words = |r: &Reply| letters(&reply::parse(&r.text).plain);
    if earlier.smtp_code != later.smtp_code || (earlier.recipient_domain != later.recipient_domain && earlier.recipient_domain.is_some() && later.recipient_domain.is_some()) {
        return false;
    }
    let (first, second) = (words(earlier), words(later));
    second.is_empty() || first.contains(&second) || second.contains(&first)
}

/// The letters and digits of a text, for comparing.
fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).take(300).collect()
}

/// A line without what transcripts put before it.
fn content(line: &str) -> &str {
    let mut rest = from_mark(line.trim());
    for mark in ["<<< ", "<** ", "<-- ", "<~* ", "<~  ", "<-  ", "<- ", "<= ", "<< ", "< ", "S: ", "R: ", "Out: ", "SERVER -> CLIENT: ", "SMTP<< ", "[S] ", "Server: ", "RECV: ", "recv: ", "reply: ", "rcv: ", "<--"] {
        if let Some(stripped) = rest.strip_prefix(mark) {
            rest = stripped.trim_start();
            break;
        }
    }
    rest
}

/// A line from the mark of a transcript on, when a short label stands before it (`mta: 0x1: <<< 550 …`).
fn from_mark(line: &str) -> &str {
    let head = scan::truncated(line, 80);
    let at = ["<<< ", ">>> ", "SERVER -> CLIENT: ", "CLIENT -> SERVER: ", "<-- ", "--> "].iter().filter_map(|m| head.find(m)).min();
    at.filter(|at| line.get(..*at).is_some_and(|h| h.ends_with([' ', '\t', ':']))).and_then(|at| line.get(at..)).unwrap_or(line)
}

/// Whether a line begins with the code itself.
fn starts_line(content: &str) -> bool {
    content.bytes().take(3).filter(u8::is_ascii_digit).count() == 3
}

/// Whether the code stands behind a success code of the same line (`250 ok … 550`).
fn quotes_success(content: &str, start: usize) -> bool {
    start > 4 && content.bytes().take(3).all(|b| b.is_ascii_digit()) && content.starts_with(['2', '3']) && content.as_bytes().get(3).is_some_and(|b| matches!(b, b' ' | b'-'))
}

/// Whether a line without a code cannot belong to the reply before it.
fn ends_reply(line: &str, content: &str) -> bool {
    let commands = ["C: ", ">>> ", "~> ", " -> ", "-> ", "--> ", "CLIENT -> SERVER", "In: ", "QUIT", "RSET", "RCPT TO", "MAIL FROM", "***", "---", "===", "___", "<<", "250 ", "221 ", "250-", "354 ", "220 ", "Your message", "This ", "Reporting-MTA", "SMTP>>", "(in reply", "Message ", "[S] ", "send: ", "## ", "Giving up on", "I'm not going to try", "SMTP error from", "Connected to ", "host "];
    let field = super::input::mime::field_start(content).is_some_and(|(name, value)| known_field(&name) && value.starts_with([' ', '\t', '<']) && !line.starts_with([' ', '\t']));
    let recipient = content.starts_with('<') && (content.ends_with(">:") || content.contains(">: ") || content.contains(">... "));
    let bare = content.trim_matches(['<', '>', ':', ' ']);
    let recipient = recipient || (!bare.contains(' ') && scan::address(bare).is_some_and(|a| a.len() == bare.len()));
    let traced = content.starts_with("at ") || content.starts_with("Traceback") || content.starts_with("from ");
    field || recipient || traced || commands.iter().filter(|c| **c != "(in reply").any(|c| content.starts_with(c))
}

/// Whether a name is that of a header or report field.
fn known_field(name: &str) -> bool {
    name.contains('-')
        || matches!(name, "to" | "from" | "subject" | "date" | "received" | "status" | "action" | "sent" | "cc" | "time" | "host" | "server" | "recipient" | "sender" | "asunto" | "betreff" | "an" | "von" | "de" | "para" | "stack" | "file" | "line" | "code" | "command" | "responsecode")
}

impl Session {
    /// Takes what a line says about the session.
    fn note(&mut self, line: &str) {
        self.commands(line);
        self.server(line);
        if self.banner(line) {
            return;
        }
        let bare = line.trim().trim_start_matches(['*', '-', '•', ' ']).trim_end_matches([':', ' ']);
        let addressed = bare.starts_with('<') || bare.split_whitespace().count() <= 2 || bare.contains("mailto:");
        if let Some(address) = scan::address(line).filter(|_| addressed && !line.contains("Message-I")) {
            self.recipient = scan::domain_of(address);
        }
    }

    /// Takes the sender's commands.
    fn commands(&mut self, line: &str) {
        let upper = scan::truncated(line, 300).to_ascii_uppercase();
        let tail = |mark: &str| upper.find(mark).and_then(|at| line.get(at + mark.len()..));
        if let Some(address) = tail("RCPT TO:") {
            self.recipient = scan::domain_of(scan::truncated(address, 300)).or_else(|| self.recipient.take());
        }
        if let Some(address) = tail("MAIL FROM:") {
            self.sender = scan::address(address).and_then(scan::domain_of);
        }
        for mark in ["EHLO ", "HELO ", "LHLO "] {
            let name = tail(mark).and_then(|t| t.split_whitespace().next());
            if let Some(name) = name.filter(|n| n.contains('.') || n.starts_with('[')) {
                self.helo = Some(name.trim_end_matches(['"', ',', '\'', ';', ')']).to_owned());
            }
        }
    }

    /// Takes the name and address of the server spoken to.
    fn server(&mut self, line: &str) {
        let host = host_said(line).or_else(|| talking_to(line));
        if let Some(host) = host {
            self.remote_host = Some(host.to_owned());
        }
        let connected = ["Connected to ", "connected to ", "host "].iter().any(|m| line.contains(m)) || line.contains(" failed after I sent") || line.contains("does not like recipient");
        let bracketed = self.remote_host.as_deref().is_some_and(|h| scan::after(line, h).is_some_and(|t| t.trim_start().starts_with('[')));
        if connected || bracketed {
            self.remote_ip = scan::ips(line).first().map(|f| f.ip).or(self.remote_ip);
        }
    }

    /// Takes a server's `220` greeting; says whether the line was one.
    fn banner(&mut self, line: &str) -> bool {
        let Some(rest) = line.strip_prefix("220 ").or_else(|| line.strip_prefix("220-")) else { return false };
        let host = rest.split_whitespace().next().filter(|w| scan::host_like(w));
        if let Some(host) = host {
            self.remote_host = Some(host.to_owned());
        }
        self.time = rest.rsplit_once(" at ").map(|(_, t)| t.trim().to_owned()).or_else(|| self.time.take());
        true
    }
}

/// The host in `host mx.example[…] said:` or `host mx.example [192.0.2.1]`.
fn host_said(line: &str) -> Option<&str> {
    let rest = scan::after(line, "host ").or_else(|| scan::after(line, "host: "))?.trim_start();
    let rest = if rest.starts_with("mail") || rest.contains('.') { rest } else { return None };
    let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '[' | '(' | ':' | ',' | ')')).unwrap_or(rest.len());
    rest.get(..end).map(|h| h.trim_end_matches('.')).filter(|h| scan::host_like(h))
}

/// The host in Sendmail's `... while talking to mx.example.:` and Courier's `mx.example [192.0.2.1]:`.
fn talking_to(line: &str) -> Option<&str> {
    let rest = scan::after(line, "while talking to ").or_else(|| scan::after(line, "the server for the recipient domain ")).or_else(|| {
        let trimmed = line.trim_end();
        trimmed.ends_with("]:").then_some(line).filter(|l| l.contains(" [") && l.split_whitespace().count() == 2)
    })?;
    let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '[' | ',')).unwrap_or(rest.len());
    rest.get(..end).map(|h| h.trim_end_matches([':', '.'])).filter(|h| scan::host_like(h))
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn repetitions_count_once() {
        let text = "<<< 550 5.1.1 <a@example.org>... User unknown\n550 5.1.1 <a@example.org>... User unknown\n";
        assert_eq!(read(text).len(), 1);
    }

    #[test]
    fn numbers_in_prose_are_no_replies() {
        assert!(read("We sold 550 chairs, see page 421.\nThe 554 bus leaves at 10: 450 people waited.").is_empty());
    }
}
