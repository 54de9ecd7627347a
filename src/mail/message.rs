//! A mail of the outbox as an RFC 5322 message.

use std::fmt::Write as _;

use anyhow::Context as _;
use lettre::Address;
use lettre::message::header::{ContentTransferEncoding, ContentType, Header, HeaderName, HeaderValue, MessageId};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};

use crate::config::Mail as Settings;
use crate::domain::email::Email;
use crate::locale::{FALLBACK, texts};
use crate::store::outbox::{Auto, Mail};

/// A header whose value is plain ASCII of our own making.
macro_rules! plain_header {
    ($(#[$meta:meta])* $type:ident, $name:literal) => {
        $(#[$meta])*
        #[derive(Clone)]
        struct $type(String);

        impl Header for $type {
            fn name() -> HeaderName {
                HeaderName::new_from_ascii_str($name)
            }

            fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
                Ok(Self(text.to_owned()))
            }

            fn display(&self) -> HeaderValue {
                HeaderValue::new(Self::name(), self.0.clone())
            }
        }
    };
}
plain_header!(
    /// RFC 3834 5: says that no person sent it.
    AutoSubmitted, "Auto-Submitted"
);
plain_header!(
    /// Keeps Exchange from answering with out-of-office notes.
    AutoResponseSuppress, "X-Auto-Response-Suppress"
);

plain_header!(
    /// RFC 2369 3.2: where it ends.
    ListUnsubscribe, "List-Unsubscribe"
);
plain_header!(
    /// RFC 8058: a POST there is enough.
    ListUnsubscribePost, "List-Unsubscribe-Post"
);

/// A mailbox of an address without a name; a domain beyond ASCII becomes A-labels (RFC 5890).
fn mailbox(email: &Email) -> anyhow::Result<Mailbox> {
    let domain = url::Host::parse(email.domain()).with_context(|| format!("{email} has no valid domain"))?;
    let local = email.as_str().strip_suffix(email.domain()).unwrap_or_default().trim_end_matches('@');
    let address = Address::new(local, domain.to_string()).with_context(|| format!("{email} cannot be written to"))?;
    Ok(Mailbox::new(None, address))
}

/// An address of the portal's own domain with a ticket's token: `reply+TOKEN@…`.
#[must_use]
pub fn token_address(settings: &Settings, role: &str, token: &str) -> String {
    format!("{role}+{token}@{}", settings.from.domain())
}

/// The message of a mail. The same mail gives the same headers at every try, but for the date of its writing.
///
/// # Errors
/// When an address is none that SMTP can carry.
pub fn build(mail: &Mail, settings: &Settings, provider: &str) -> anyhow::Result<Message> {
    let from =
        Mailbox::new(Some(texts(FALLBACK).t1("mail-from-name", "provider", provider)), mailbox(&settings.from)?.email);
    let envelope_from: Address = token_address(settings, "bounce", &mail.token).parse()?;
    let to = mailbox(&mail.recipient)?;
    let envelope = lettre::address::Envelope::new(Some(envelope_from), vec![to.email.clone()])?;
    let written =
        std::time::UNIX_EPOCH + std::time::Duration::from_millis(u64::try_from(mail.created_at.0).unwrap_or_default());
    let mut builder = Message::builder()
        .envelope(envelope)
        .date(written)
        .from(from)
        .to(to)
        .subject(mail.subject.clone())
        .header(MessageId::from(mail.message_id.clone()));
    if let Some(before) = &mail.in_reply_to {
        builder = builder.in_reply_to(before.clone()).references(before.clone());
    }
    if settings.inbound {
        let reply: Address = token_address(settings, "reply", &mail.token).parse()?;
        builder = builder.reply_to(Mailbox::new(None, reply));
    }
    if mail.auto != Auto::No {
        builder =
            builder.header(AutoSubmitted(mail.auto.as_str().to_owned())).header(AutoResponseSuppress("All".to_owned()));
    }
    if let Some(url) = &mail.unsubscribe {
        let one_click = ListUnsubscribePost("List-Unsubscribe=One-Click".to_owned());
        builder = builder.header(ListUnsubscribe(format!("<{url}>"))).header(one_click);
    }
    let html = html(&mail.body);
    let part = |kind: ContentType, text: String| {
        SinglePart::builder().header(kind).header(ContentTransferEncoding::QuotedPrintable).body(text)
    };
    let both = MultiPart::alternative()
        .singlepart(part(ContentType::TEXT_PLAIN, mail.body.clone()))
        .singlepart(part(ContentType::TEXT_HTML, html));
    Ok(builder.multipart(both)?)
}

/// The text as simple HTML: paragraphs, line breaks, links to what looks like a web address.
#[must_use]
pub fn html(text: &str) -> String {
    let mut out = "<!doctype html>\n<html><body style=\"font-family:sans-serif;max-width:40em\">\n".to_owned();
    for paragraph in text.split("\n\n") {
        let lines: Vec<String> = paragraph.lines().map(html_line).collect();
        let _ = writeln!(out, "<p>{}</p>", lines.join("<br>\n"));
    }
    out.push_str("</body></html>\n");
    out
}

/// One line with its web addresses as links.
fn html_line(line: &str) -> String {
    let words = line.split(' ').map(|word| {
        let escaped = escape(word);
        let is_link = word.starts_with("https://") || word.starts_with("http://");
        if is_link { format!("<a href=\"{escaped}\">{escaped}</a>") } else { escaped }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Text as HTML text or attribute value.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Id;
    use crate::domain::time::Time;
    use crate::store::outbox::MailState;

    fn settings() -> Settings {
        Settings {
            smtp_url: None,
            from: Email::parse("postmaster@portal.example").unwrap(),
            inbound: true,
            most_per_hour: 20,
        }
    }

    fn mail() -> Mail {
        Mail {
            id: Id(1),
            message_id: "<PM-1.1@portal.example>".into(),
            ticket_id: Some(Id(2)),
            notice: "resolved".into(),
            recipient: Email::parse("jürgen@example.org").unwrap(),
            token: "abc".into(),
            in_reply_to: Some("<PM-1.0@portal.example>".into()),
            auto: Auto::Generated,
            subject: "[PM-1] Grüße from the postmaster, a subject that is long enough to be folded over several lines"
                .into(),
            body: format!("Hello,\n\nsee https://portal.example/?a=b&c=<d>\n{}\n\n日本語", "x".repeat(2_000)),
            state: MailState::Queued,
            attempts: 1,
            next_at: Time(0),
            last_error: None,
            created_at: Time(1_700_000_000_000),
            sent_at: None,
            confirmation_id: None,
            due_at: None,
            unsubscribe: Some("https://portal.example/watches/abc/end".into()),
        }
    }

    #[test]
    fn a_message_is_the_same_at_every_try_but_for_its_boundary() {
        let without = |text: Vec<u8>| {
            let text = String::from_utf8(text).unwrap();
            text.lines().filter(|l| !l.contains("boundary") && !l.starts_with("--")).collect::<Vec<_>>().join("\n")
        };
        let one = build(&mail(), &settings(), "Example").unwrap();
        let two = build(&mail(), &settings(), "Example").unwrap();
        assert_eq!(without(one.formatted()), without(two.formatted()));
        assert_eq!(one.envelope().from().unwrap().to_string(), "bounce+abc@portal.example");
    }

    #[test]
    fn a_message_keeps_to_rfc_5322() {
        let text = String::from_utf8(build(&mail(), &settings(), "Exämple Mail").unwrap().formatted()).unwrap();
        assert!(text.is_ascii() || text.lines().any(|l| l.starts_with("To: ") && !l.is_ascii()), "{text}");
        assert!(text.split("\r\n").all(|line| line.len() <= 998), "{text}");
        assert!(text.contains("Message-ID: <PM-1.1@portal.example>\r\n"), "{text}");
        assert!(text.contains("In-Reply-To: <PM-1.0@portal.example>\r\n"));
        assert!(text.contains("Auto-Submitted: auto-generated\r\n"));
        assert!(text.contains("Reply-To: reply+abc@portal.example\r\n"));
        assert!(text.contains("List-Unsubscribe: <https://portal.example/watches/abc/end>\r\n"), "{text}");
        assert!(text.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"), "{text}");
        assert!(text.contains("Subject: =?utf-8?") || text.contains("=?utf-8?b?"), "{text}");
    }

    #[test]
    fn a_domain_beyond_ascii_is_written_in_a_labels() {
        let to = mailbox(&Email::parse("ok@müller.example").unwrap()).unwrap();
        assert_eq!(to.email.to_string(), "ok@xn--mller-kva.example");
    }

    #[test]
    fn html_is_text_with_links() {
        let html = html("a <b> & c\nhttps://x.example/?a=\"b\"\n\nd");
        assert!(html.contains("<p>a &lt;b&gt; &amp; c<br>\n<a href=\"https://x.example/?a=&quot;b&quot;\">"), "{html}");
    }
}
