//! What the lines of a transcript say about the session: who speaks to whom, about which recipient.

use std::net::IpAddr;

use crate::evidence::scan;

/// What the lines read so far say about the session.
#[derive(Clone, Debug, Default)]
pub(super) struct Session {
    /// The last recipient named.
    pub(super) recipient: Option<String>,
    /// The last greeting of the sender.
    pub(super) helo: Option<String>,
    /// The server spoken to.
    pub(super) remote_host: Option<String>,
    /// Its address.
    pub(super) remote_ip: Option<IpAddr>,
    /// The envelope sender's domain.
    pub(super) sender: Option<String>,
    /// The time in the server's greeting.
    pub(super) time: Option<String>,
    /// The command that was refused, where a report says it beforehand.
    pub(super) phase: Option<String>,
}

impl Session {
    /// Takes what a line says about the session.
    pub(super) fn note(&mut self, line: &str) {
        self.commands(line);
        self.server(line);
        if line.contains("my name was rejected") {
            self.phase = Some("HELO".to_owned());
        }
        if self.banner(line) {
            return;
        }
        let queue = scan::between(line, "remote domain '", "'").filter(|domain| scan::host_like(domain));
        let told = || scan::word_after(line, " to=").and_then(scan::domain_of);
        self.recipient = queue.map(str::to_lowercase).or_else(told).or_else(|| self.recipient.take());
        let bare = line.trim().trim_start_matches(['*', '-', '•', ' ']).trim_end_matches([':', ' ']);
        let sender = ["From:", "Von:", "De:", "Da:", "Sender:"].iter().any(|field| bare.starts_with(field));
        let addressed =
            !sender && (bare.starts_with('<') || bare.split_whitespace().count() <= 2 || bare.contains("mailto:"));
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
                let name = name.split('\\').next().unwrap_or(name);
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
        let connected = ["Connected to ", "connected to ", "host "].iter().any(|m| line.contains(m))
            || line.contains(" failed after I sent")
            || line.contains("does not like recipient");
        let bracketed = self
            .remote_host
            .as_deref()
            .is_some_and(|h| scan::after(line, h).is_some_and(|t| t.trim_start().starts_with('[')));
        if connected || bracketed {
            self.remote_ip = scan::ips(line).first().map(|f| f.ip).or(self.remote_ip);
        }
    }

    /// Takes a server's `220` greeting; says whether the line was one.
    fn banner(&mut self, line: &str) -> bool {
        let Some(rest) = line.strip_prefix("220 ").or_else(|| line.strip_prefix("220-")) else {
            return false;
        };
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
    let rest = if rest.starts_with("mail") || rest.contains('.') {
        rest
    } else {
        return None;
    };
    let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '[' | '(' | ':' | ',' | ')')).unwrap_or(rest.len());
    rest.get(..end).map(|h| h.trim_end_matches('.')).filter(|h| scan::host_like(h))
}

/// The host in Sendmail's `... while talking to mx.example.:` and Courier's `mx.example [192.0.2.1]:`.
fn talking_to(line: &str) -> Option<&str> {
    let rest = scan::after(line, "while talking to ")
        .or_else(|| scan::after(line, "the server for the recipient domain "))
        .or_else(|| {
            let trimmed = line.trim_end();
            trimmed.ends_with("]:").then_some(line).filter(|l| l.contains(" [") && l.split_whitespace().count() == 2)
        })?;
    let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '[' | ',')).unwrap_or(rest.len());
    rest.get(..end).map(|h| h.trim_end_matches([':', '.'])).filter(|h| scan::host_like(h))
}
