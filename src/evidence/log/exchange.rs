//! Exchange: protocol logs of the connectors, and message tracking.

use std::collections::HashMap;

use crate::evidence::context::Context;
use crate::evidence::describe::describe;
use crate::evidence::findings::{Category, Direction, Findings, Kind, Reply};
use crate::evidence::{MAX_REPLIES, reply, scan};

/// Reads a log whose columns are named by a `#Fields:` line (or by the tracking log's first line).
pub(super) fn read(text: &str, context: &Context) -> Option<Findings> {
    let head = text
        .lines()
        .take(40)
        .find(|l| l.starts_with("#Fields:") || l.to_ascii_lowercase().starts_with("date-time,"))?;
    let columns: Vec<String> =
        head.trim_start_matches("#Fields:").trim().to_ascii_lowercase().split(',').map(str::to_owned).collect();
    let has = |name: &str| columns.iter().any(|c| c == name);
    if !has("date-time") && !has("session-id") && !has("smtpresponse") {
        return None;
    }
    let sending = !text.lines().take(10).any(|l| l.contains("SMTP Receive"));
    let mut log = Log { columns, sending, sessions: HashMap::new(), context };
    let mut findings = Findings { kind: Kind::Log, mta: Some("Exchange".to_owned()), ..Findings::default() };
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    for record in reader.records().flatten() {
        let line = record.position().and_then(|p| usize::try_from(p.line()).ok());
        let Some(reply) = log.row(&record, line) else {
            continue;
        };
        if findings.replies.len() < MAX_REPLIES {
            findings.replies.push(reply);
        } else {
            findings.more_replies += 1;
        }
    }
    Some(findings)
}

/// What is known of a session.
#[derive(Clone, Default)]
struct Session {
    /// The last recipient.
    recipient: Option<String>,
    /// The greeting.
    helo: Option<String>,
    /// The server spoken to.
    remote_host: Option<String>,
    /// The lines of a reply that goes on, with the number of the first.
    pending: Option<(Option<usize>, String)>,
}

/// The log being read.
struct Log<'a> {
    /// The names of the columns.
    columns: Vec<String>,
    /// Whether our side is the sender.
    sending: bool,
    /// What is known, by session.
    sessions: HashMap<String, Session>,
    /// The circumstances.
    context: &'a Context,
}

impl Log<'_> {
    /// The value of a column.
    fn get<'r>(&self, record: &'r csv::StringRecord, name: &str) -> Option<&'r str> {
        let at = self.columns.iter().position(|c| c == name)?;
        record.get(at).map(str::trim).filter(|v| !v.is_empty())
    }

    /// The refusal in a row, if it holds one.
    fn row(&mut self, record: &csv::StringRecord, line: Option<usize>) -> Option<Reply> {
        if let Some(status) = self.get(record, "recipient-status") {
            return self.tracked(record, status, line);
        }
        if let Some(said) = self.get(record, "smtpresponse") {
            return self.filtered(record, said, line);
        }
        let session = self.get(record, "session-id")?.to_owned();
        let event = self.get(record, "event")?;
        let data = self.get(record, "data")?;
        let theirs = if self.sending { event == "<" } else { event == ">" };
        if theirs { self.spoken(record, &session, data, line) } else { self.commanded(&session, data) }
    }

    /// Notes what the client commanded.
    fn commanded(&mut self, session: &str, data: &str) -> Option<Reply> {
        if self.sessions.len() > 10_000 {
            self.sessions.clear();
        }
        let known = self.sessions.entry(session.to_owned()).or_default();
        let upper = scan::truncated(data, 12).to_ascii_uppercase();
        if upper.starts_with("RCPT TO") {
            known.recipient = scan::domain_of(data);
        } else if upper.starts_with("EHLO") || upper.starts_with("HELO") {
            known.helo = data.split_whitespace().nth(1).map(str::to_owned);
        }
        None
    }

    /// Reads what the server said.
    fn spoken(&mut self, record: &csv::StringRecord, session: &str, data: &str, line: Option<usize>) -> Option<Reply> {
        let known = self.sessions.entry(session.to_owned()).or_default();
        if let Some(host) =
            data.strip_prefix("220 ").or_else(|| data.strip_prefix("250-")).and_then(|t| t.split_whitespace().next())
            && scan::host_like(host)
            && known.remote_host.is_none()
        {
            known.remote_host = Some(host.to_owned());
        }
        reply::find_code(data).filter(|c| c.start == 0 && c.code != 535)?;
        let (line, whole) = match known.pending.take() {
            Some((first, before)) if before.len() < 8000 => (first, format!("{before}\n{data}")),
            _ => (line, data.to_owned()),
        };
        if data.as_bytes().get(3) == Some(&b'-') {
            known.pending = Some((line, whole));
            return None;
        }
        let known = known.clone();
        let remote =
            self.get(record, "remote-endpoint").map(|e| e.rsplit_once(':').map_or(e, |(h, _)| h)).and_then(scan::ip);
        let base = Reply {
            line,
            time: self.get(record, "date-time").map(str::to_owned),
            queue_id: Some(session.to_owned()),
            recipient_domain: known.recipient,
            helo: known.helo,
            remote_host: known.remote_host.filter(|_| self.sending),
            remote_ip: remote.filter(|_| self.sending),
            ip: remote.filter(|_| !self.sending),
            direction: Some(if self.sending { Direction::Out } else { Direction::In }),
            ..Reply::default()
        };
        Some(describe(&whole, base, self.context))
    }

    /// Reads a row of the log of the filtering agents.
    fn filtered(&self, record: &csv::StringRecord, said: &str, line: Option<usize>) -> Option<Reply> {
        reply::find_code(said).filter(|code| code.start == 0)?;
        let entered = self.get(record, "enteredorgfromip").and_then(scan::ip);
        let listed = self.get(record, "reason") == Some("BlockListProvider");
        let known = Reply {
            line,
            time: self.get(record, "timestamp").map(str::to_owned),
            queue_id: self.get(record, "sessionid").map(str::to_owned),
            ip: entered.or_else(|| self.get(record, "remoteendpoint").and_then(scan::ip_of_end)),
            recipient_domain: self.get(record, "recipient").and_then(scan::domain_of),
            sender_domain: self.get(record, "p1fromaddress").and_then(scan::domain_of),
            category: listed.then_some(Category::Rbl),
            direction: Some(Direction::In),
            ..Reply::default()
        };
        Some(describe(said, known, self.context))
    }

    /// Reads a row of the tracking log: `[{LRT=…};{LED=550 5.1.1 …};{FQDN=…};{IP=…}]`.
    fn tracked(&self, record: &csv::StringRecord, status: &str, line: Option<usize>) -> Option<Reply> {
        let event = self.get(record, "event-id").unwrap_or("");
        if !matches!(event, "FAIL" | "DSN" | "DEFER" | "BADMAIL" | "AGENTFAIL" | "") {
            return None;
        }
        let told = scan::between(status, "LED=", "}").unwrap_or(status);
        reply::find_code(told)?;
        let known = Reply {
            line,
            time: self.get(record, "date-time").map(str::to_owned),
            queue_id: self.get(record, "internal-message-id").map(str::to_owned),
            recipient_domain: self.get(record, "recipient-address").and_then(scan::domain_of),
            remote_host: scan::between(status, "FQDN=", "}").map(str::to_owned),
            remote_ip: scan::between(status, "{IP=", "}").and_then(scan::ip),
            direction: Some(Direction::Out),
            ..Reply::default()
        };
        Some(describe(told, known, self.context))
    }
}
