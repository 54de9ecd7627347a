//! One SMTP dialogue, byte by byte, as if it came from anywhere.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// How a mail server is told whose mail this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claim {
    /// By Postfix's own command.
    Xclient,
    /// By a line before everything else, as a balancer writes it (PROXY protocol).
    Proxy,
}

/// Sends a mail as if `client` did: the reply to the recipient, or to the whole mail when that was taken.
pub(crate) fn send(port: u16, claim: Claim, client: &str, recipient: &str) -> String {
    let mut dialogue = Dialogue::open(port, claim, client);
    dialogue.expect("EHLO mail.sender.example", '2');
    if claim == Claim::Xclient {
        let tagged = if client.contains(':') { format!("IPV6:{client}") } else { client.to_owned() };
        dialogue.expect(&format!("XCLIENT ADDR={tagged} NAME=mail.sender.example HELO=mail.sender.example"), '2');
        dialogue.expect("EHLO mail.sender.example", '2');
    }
    dialogue.expect("MAIL FROM:<ann@sender.example>", '2');
    let reply = dialogue.say(&format!("RCPT TO:<{recipient}>"));
    if !reply.starts_with('2') {
        dialogue.say("QUIT");
        return reply;
    }
    dialogue.expect("DATA", '3');
    let text = format!(
        "From: ann@sender.example\r\nTo: {recipient}\r\nSubject: Hello\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@sender.example>\r\n\r\nHello\r\n."
    );
    let reply = dialogue.say(&text);
    dialogue.say("QUIT");
    reply
}

/// One SMTP dialogue.
struct Dialogue(BufReader<TcpStream>);

impl Dialogue {
    /// Connects and reads the greeting.
    fn open(port: u16, claim: Claim, client: &str) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut dialogue = Self(BufReader::new(stream));
        if claim == Claim::Proxy {
            let (kind, here) = if client.contains(':') { ("TCP6", "::1") } else { ("TCP4", "127.0.0.1") };
            let line = format!("PROXY {kind} {client} {here} 40000 25\r\n");
            dialogue.0.get_mut().write_all(line.as_bytes()).unwrap();
        }
        dialogue.reply();
        dialogue
    }

    /// Sends a line and reads the reply.
    fn say(&mut self, line: &str) -> String {
        self.0.get_mut().write_all(format!("{line}\r\n").as_bytes()).unwrap();
        self.reply()
    }

    /// Sends a line; the reply has to begin with this digit.
    fn expect(&mut self, line: &str, digit: char) {
        let reply = self.say(line);
        assert!(reply.starts_with(digit), "{line}: {reply}");
    }

    /// Reads one reply, of one line or more.
    fn reply(&mut self) -> String {
        let mut all = String::new();
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            let more = line.as_bytes().get(3) == Some(&b'-');
            all.push_str(&line);
            if !more {
                return all.trim_end().to_owned();
            }
        }
    }
}
