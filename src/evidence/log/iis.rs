//! The SMTP service of IIS: W3C logs, one command or reply a line, blanks written as `+`.

use crate::evidence::context::Context;
use crate::evidence::describe::describe;
use crate::evidence::findings::{Direction, Findings, Kind, Reply};
use crate::evidence::{MAX_REPLIES, reply, scan};

/// Reads a log whose columns are named by a `#Fields:` line with blanks between the names.
pub(super) fn read(text: &str, context: &Context) -> Option<Findings> {
    let head = text.lines().take(40).find_map(|line| line.strip_prefix("#Fields: "))?;
    let columns: Vec<&str> = head.split_whitespace().collect();
    let place = |name: &str| columns.iter().position(|column| *column == name);
    let (client, query) = (place("cs-username")?, place("cs-uri-query")?);
    if !text.contains("SMTPSVC") {
        return None;
    }
    let mut findings = Findings { kind: Kind::Log, mta: Some("IIS SMTP".to_owned()), ..Findings::default() };
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.starts_with('#')) {
        let values: Vec<&str> = line.split(' ').collect();
        let value = |at: Option<usize>| at.and_then(|at| values.get(at)).copied().filter(|value| *value != "-");
        let outward = value(Some(client)) == Some("OutboundConnectionResponse");
        let Some(text) = value(Some(query)).map(|told| told.replace('+', " ")).filter(|_| outward) else { continue };
        if reply::find_code(&text).is_none_or(|code| code.start != 0) {
            continue;
        }
        if findings.replies.len() >= MAX_REPLIES {
            findings.more_replies += 1;
            continue;
        }
        let time = value(place("date")).zip(value(place("time"))).map(|(date, time)| format!("{date} {time}"));
        let known = Reply {
            line: Some(number + 1),
            time,
            remote_ip: value(place("c-ip")).and_then(scan::ip),
            direction: Some(Direction::Out),
            ..Reply::default()
        };
        findings.replies.push(describe(&text, known, context));
    }
    Some(findings)
}
