//! Complaints about a mail (RFC 5965): told apart from bounces.

use std::net::IpAddr;

use crate::evidence::findings::{Category, Findings, Kind};
use crate::evidence::input::mime::{self, Message};
use crate::evidence::scan;

/// Reads a complaint, if the message is one.
pub(super) fn read(message: &Message) -> Option<Findings> {
    let report = message.parts.iter().find(|p| p.kind == "message/feedback-report")?;
    let text = report.text.replace("\n\n", "\n");
    let (fields, _) = mime::fields(text.lines());
    let value = |name: &str| fields.iter().find(|f| f.name == name).map(|f| f.value.as_str());
    let before = || message.parts.iter().take_while(|p| p.kind != "message/feedback-report");
    let named = || before().find_map(|p| scan::ips(&p.text).first().map(|f| f.ip));
    let ip: Option<IpAddr> = value("source-ip").and_then(scan::ip).or_else(named);
    let recipients = fields
        .iter()
        .filter(|f| f.name == "original-rcpt-to" || f.name == "removal-recipient")
        .filter_map(|f| scan::domain_of(&f.value));
    let told = before().find_map(|p| scan::url(&p.text));
    Some(Findings {
        kind: Kind::Complaint,
        mta: Some("ARF".to_owned()),
        ips: ip.into_iter().collect(),
        category: Some(Category::Other),
        provider: None,
        url: told,
        recipient_domains: recipients.take(20).collect(),
        note: value("feedback-type").map(|t| scan::truncated(t, 60).to_owned()),
        ..Findings::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::context::{Budget, Work};

    #[test]
    fn a_complaint_names_the_source() {
        let text = "From: fbl@example.org\nContent-Type: multipart/report; report-type=feedback-report; boundary=y\n\n--y\n\nA complaint.\n--y\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nSource-IP: 192.0.2.4\n\n--y--\n";
        let message = mime::message(text, &mut Work::new(Budget::default()));
        let found = read(&message).unwrap();
        assert_eq!(found.kind, Kind::Complaint);
        assert_eq!(found.ips.len(), 1);
        assert_eq!(found.note.as_deref(), Some("abuse"));
    }
}
