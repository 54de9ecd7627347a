//! Mail addresses as people type them into a form.

use serde::{Deserialize, Serialize};

use super::words::quoted;

/// Why a text is no mail address that Postern can write to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadEmail {
    /// Nothing was written.
    #[error("no mail address was given; write one such as postmaster@example.org")]
    Empty,
    /// Too long for RFC 5321 4.5.3.1.
    #[error("the mail address is longer than 254 characters, which no mail server takes")]
    Long,
    /// It is no address.
    #[error("“{0}” is no mail address; write one such as postmaster@example.org")]
    Syntax(String),
}

/// A mail address: local part, `@`, domain (RFC 5321 4.1.2 without quoted strings and address literals).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[sqlx(transparent)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

impl Email {
    /// Reads an address; `Name <address>` and `mailto:` are understood.
    ///
    /// # Errors
    /// When it is none, with a sentence that says what to write.
    pub fn parse(text: &str) -> Result<Self, BadEmail> {
        let text = text.trim();
        if text.is_empty() {
            return Err(BadEmail::Empty);
        }
        let bad = || BadEmail::Syntax(quoted(text));
        let inner = match (text.rfind('<'), text.strip_suffix('>')) {
            (Some(open), Some(head)) => head.get(open + 1..).ok_or_else(bad)?,
            _ => text.strip_prefix("mailto:").unwrap_or(text),
        };
        if inner.len() > 254 {
            return Err(BadEmail::Long);
        }
        let (local, domain) = inner.rsplit_once('@').ok_or_else(bad)?;
        if !is_local_part(local) || !is_domain(domain) {
            return Err(bad());
        }
        Ok(Self(format!("{local}@{}", domain.to_ascii_lowercase())))
    }

    /// The address as typed (the domain in lower case).
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form in which two spellings of one address are the same: lower case, the domain as the DNS has it (RFC 5890).
    #[must_use]
    pub fn folded(&self) -> String {
        let (local, domain) = self.0.rsplit_once('@').unwrap_or((&self.0, ""));
        let domain = url::Host::parse(domain).map_or_else(|_| domain.to_lowercase(), |host| host.to_string());
        format!("{}@{domain}", local.to_lowercase())
    }

    /// The part behind the `@`.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// The address with all but the first character of the local part masked.
    #[must_use]
    pub fn masked(&self) -> String {
        let (local, domain) = self.0.rsplit_once('@').unwrap_or((&self.0, ""));
        let first: String = local.chars().take(1).collect();
        format!("{first}***@{domain}")
    }
}

impl std::fmt::Display for Email {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for Email {
    type Err = BadEmail;

    fn from_str(text: &str) -> Result<Self, BadEmail> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Email {
    type Error = BadEmail;

    fn try_from(text: String) -> Result<Self, BadEmail> {
        Self::parse(&text)
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

/// Whether this is a Dot-string of RFC 5321 4.1.2 (letters beyond ASCII allowed, RFC 6531).
fn is_local_part(text: &str) -> bool {
    let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || is_letter_beyond_ascii(c);
    text.len() <= 64 && !text.is_empty() && text.split('.').all(|part| !part.is_empty() && part.chars().all(atom))
}

/// Whether this is a domain name of at least two labels.
fn is_domain(text: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || c == '-' || is_letter_beyond_ascii(c);
    let label =
        |l: &str| !l.is_empty() && l.len() <= 63 && !l.starts_with('-') && !l.ends_with('-') && l.chars().all(inside);
    text.contains('.') && text.split('.').all(label) && !text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// Letters and digits outside ASCII; no controls, no direction marks, no blanks.
fn is_letter_beyond_ascii(c: char) -> bool {
    !c.is_ascii() && c.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_address_fold_alike() {
        let folded = |text: &str| Email::parse(text).unwrap().folded();
        assert_eq!(folded("Ann@Müller.example"), "ann@xn--mller-kva.example");
        assert_eq!(folded("ann@XN--mller-kva.Example"), folded("ANN@müller.example"));
        assert_eq!(folded("Ann.B+c@Example.org"), "ann.b+c@example.org");
    }

    #[test]
    fn addresses_are_read_in_usual_spellings() {
        for (text, want) in [
            ("ann@Example.ORG", "ann@example.org"),
            (" Ann Example <ann@example.org> ", "ann@example.org"),
            ("mailto:ann+spam@sub.example.org", "ann+spam@sub.example.org"),
            ("jürgen@müller.example", "jürgen@müller.example"),
        ] {
            assert_eq!(Email::parse(text).unwrap().as_str(), want);
        }
    }

    #[test]
    fn what_could_end_in_a_header_is_refused() {
        for text in [
            "ann",
            "ann@",
            "@example.org",
            "ann@example",
            "a nn@example.org",
            "ann@example.org\r\nBcc: x@example.org",
            "ann@exa\u{202e}mple.org",
            "ann@192.0.2.1",
            "a@b@c..d",
            "ann@-x.org",
            ".ann@example.org",
            "ann@example.org, ben@example.org",
            "\"ann\"@example.org",
        ] {
            assert!(matches!(Email::parse(text), Err(BadEmail::Syntax(_))), "{text:?}");
        }
        assert_eq!(Email::parse(""), Err(BadEmail::Empty));
        assert_eq!(Email::parse(&format!("{}@example.org", "a".repeat(300))), Err(BadEmail::Long));
    }

    #[test]
    fn a_masked_address_keeps_one_letter() {
        assert_eq!(Email::parse("ännchen@example.org").unwrap().masked(), "ä***@example.org");
    }
}
