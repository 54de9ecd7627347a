//! Complaints about a mail (RFC 5965): told apart from bounces.

use std::net::IpAddr;

use crate::evidence::context::Context;
use crate::evidence::findings::{Category, Findings, Kind};
use crate::evidence::input::mime::{self, Message};
use crate::evidence::{header, scan};

/// Reads a complaint, if the message is one.
pub(super) fn read(message: &Message, context: &Context) -> Option<Findings> {
    let Some(report) = message.parts.iter().find(|p| p.kind == "message/feedback-report") else {
        return plain(message, context);
    };
    let text = report.text.replace("\n\n", "\n");
    let (fields, _) = mime::fields(text.lines());
    let value = |name: &str| fields.iter().find(|f| f.name == name).map(|f| f.value.as_str());
    let before = || message.parts.iter().take_while(|p| p.kind != "message/feedback-report");
    let named = || before().find_map(|p| scan::ips(&p.text).first().map(|f| f.ip));
    let ip = value("source-ip").and_then(scan::ip).or_else(named).or_else(|| returned(message, context));
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

/// Reads a complaint of Hotmail's programme, which has no machine-readable part: the subject names the address, and the mail
/// complained about is a part of it.
fn plain(message: &Message, context: &Context) -> Option<Findings> {
    let subject = message.field("subject").unwrap_or("").to_lowercase();
    let told = subject.starts_with("complaint about message from") && message.parts.iter().any(is_returned);
    let from = message.field("from").unwrap_or("").to_lowercase();
    let microsoft =
        ["@hotmail.com", "@outlook.com", "@msn.com", "microsoft.com"].iter().any(|host| from.contains(host));
    let named = || scan::ips(&subject).first().map(|found| found.ip);
    told.then(|| Findings {
        kind: Kind::Complaint,
        mta: microsoft.then(|| "Hotmail/Outlook.com".to_owned()),
        ips: named().or_else(|| returned(message, context)).into_iter().collect(),
        category: Some(Category::Other),
        ..Findings::default()
    })
}

/// Whether a part is the mail complained about.
fn is_returned(part: &mime::Part) -> bool {
    part.kind == "message/rfc822" || part.kind.ends_with("rfc822-headers")
}

/// The address that the mail complained about came from, as its own header tells.
fn returned(message: &Message, context: &Context) -> Option<IpAddr> {
    let part = message.parts.iter().find(|part| is_returned(part))?;
    header::read(part.text.as_bytes(), context)?.border_ip
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::context::{Budget, Work};

    fn complaint(text: &str) -> Findings {
        let message = mime::message(text, &mut Work::new(Budget::default()));
        read(&message, &Context::default()).unwrap()
    }

    #[test]
    fn a_complaint_names_the_source() {
        let text = "From: fbl@example.org\nContent-Type: multipart/report; report-type=feedback-report; boundary=y\n\n--y\n\nA complaint.\n--y\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nSource-IP: 192.0.2.4\n\n--y--\n";
        let message = mime::message(text, &mut Work::new(Budget::default()));
        let found = read(&message, &Context::default()).unwrap();
        assert_eq!(found.kind, Kind::Complaint);
        assert_eq!(found.ips.len(), 1);
        assert_eq!(found.note.as_deref(), Some("abuse"));
    }

    #[test]
    fn the_returned_mail_names_the_source_when_the_report_does_not() {
        let mail = "Received: from out.example.org (HELO out.example.org) (192.0.2.4) by mta7.mail.example.com with SMTP; Tue, 5 Mar 2024 11:57:56 -0800\nReceived: from web.local (10.0.0.7) by out.example.org with SMTP; 5 Mar 2024 18:43:07 -0000\nFrom: ann@example.org\nSubject: News\n";
        let ip = Some("192.0.2.4".parse().unwrap());
        let report = format!(
            "From: fbl@example.com\nContent-Type: multipart/report; report-type=feedback-report; boundary=y\n\n--y\nContent-Type: text/plain\n\nA complaint.\n--y\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nReported-Domain: example.org\n\n--y\nContent-Type: message/rfc822\n\n{mail}\n--y--\n"
        );
        assert_eq!(complaint(&report).ips.first().copied(), ip);
        let plain = format!(
            "Received: from relay.example.com ([198.51.100.9]) by in.example.org with ESMTP; Tue, 5 Mar 2024 20:01:00 +0000\nFrom: staff@hotmail.com\nSubject: complaint about message from 192.0.2.xx\nContent-Type: multipart/mixed; boundary=y\n\n--y\nContent-Type: message/rfc822\n\n{mail}\n--y--\n"
        );
        let found = complaint(&plain);
        assert_eq!((found.kind, found.ips.first().copied()), (Kind::Complaint, ip));
        assert_eq!(found.mta.as_deref(), Some("Hotmail/Outlook.com"));
    }
}
