//! `PowerMTA` accounting files: CSV with a header line.

use crate::evidence::context::Context;
use crate::evidence::describe::describe;
use crate::evidence::findings::{Direction, Findings, Kind, Reply};
use crate::evidence::{MAX_REPLIES, scan};

/// Reads a CSV of delivery events whose columns are named by a header line.
pub(super) fn read(text: &str, context: &Context) -> Option<Findings> {
    let head = text.lines().find(|l| !l.trim().is_empty())?;
    let low = head.to_ascii_lowercase();
    let accounting = low.starts_with("type,") && low.contains("rcpt") && low.contains("dsn");
    if !accounting {
        return None;
    }
    let columns: Vec<String> = low.trim().split(',').map(|c| c.trim_matches('"').trim().to_owned()).collect();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut findings = Findings { kind: Kind::Log, mta: Some("PowerMTA".to_owned()), ..Findings::default() };
    for record in reader.records().flatten() {
        let line = record.position().and_then(|p| usize::try_from(p.line()).ok());
        let row = Row { columns: &columns, record: &record };
        let Some(reply) = row.reply(line, context) else {
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

/// One row with its columns' names.
struct Row<'a> {
    /// The names in lower case.
    columns: &'a [String],
    /// The values.
    record: &'a csv::StringRecord,
}

impl Row<'_> {
    /// The value of a column, if it is there and not empty.
    fn get(&self, name: &str) -> Option<&str> {
        let at = self.columns.iter().position(|c| c == name)?;
        self.record.get(at).map(str::trim).filter(|v| !v.is_empty())
    }

    /// The refusal in a row about a bounce or a transient failure.
    fn reply(&self, line: Option<usize>, context: &Context) -> Option<Reply> {
        let kind = self.record.get(0)?.trim();
        if !matches!(kind, "b" | "t" | "tq" | "rb" | "r") {
            return None;
        }
        let text = self.get("dsndiag")?.trim_start_matches("smtp;").trim();
        let server = self.get("dsnmta").unwrap_or("");
        let host = server.split([' ', '(']).next().unwrap_or("");
        let known = Reply {
            line,
            time: self.get("timelogged").map(str::to_owned),
            recipient_domain: self.get("rcpt").and_then(scan::domain_of),
            remote_host: scan::host_like(host).then(|| host.to_owned()),
            remote_ip: scan::ips(server)
                .first()
                .map(|f| f.ip)
                .or_else(|| self.get("dlvdestinationip").and_then(scan::ip)),
            dsn_status: self.get("dsnstatus").and_then(|s| s.split_whitespace().next()).map(str::to_owned),
            direction: Some(Direction::Out),
            ..Reply::default()
        };
        let mut reply = describe(text, known, context);
        reply.ip = reply.ip.or_else(|| self.get("dlvsourceip").and_then(scan::ip));
        Some(reply)
    }
}
