//! What was typed into the one search box of staff.

use crate::app::App;
use crate::domain::email::Email;
use crate::domain::id::fold_code;
use crate::domain::net::{BadNet, Net};
use crate::store::{blocks, tickets};
use crate::web::error::Result;

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sought {
    /// Nothing in particular.
    All,
    /// A ticket or a block by its code, eight letters.
    Code(String),
    /// An address or a network.
    Net(Net),
    /// A mail address in lower case.
    Email(String),
    /// Something that makes no sense.
    Unknown,
}

impl Sought {
    /// Understands what was typed: a code, a case link, an address, a network, a mail address.
    #[must_use]
    pub fn read(typed: &str) -> Self {
        let typed = typed.trim();
        if typed.is_empty() {
            return Self::All;
        }
        if typed.contains('@') {
            return Email::parse(typed).map_or(Self::Unknown, |email| Self::Email(email.folded()));
        }
        match Net::parse(typed) {
            Ok(net) | Err(BadNet::HostBits { network: net, .. }) => return Self::Net(net),
            Err(_) => {}
        }
        let tail = typed.rsplit_once("/c/").map_or(typed, |(_, tail)| tail.split('/').next().unwrap_or(tail));
        code(tail).map_or(Self::Unknown, Self::Code)
    }

    /// The network, when it is one.
    #[must_use]
    pub fn net(&self) -> Option<Net> {
        if let Self::Net(net) = self { Some(*net) } else { None }
    }

    /// The mail address, when it is one.
    #[must_use]
    pub fn email(&self) -> Option<&str> {
        if let Self::Email(email) = self { Some(email) } else { None }
    }

    /// The page of the ticket or block of this code.
    pub async fn page(&self, app: &App) -> Result<Option<String>> {
        let Self::Code(code) = self else { return Ok(None) };
        let pool = app.desk.db.pool();
        let (left, right) = code.split_at_checked(4).unwrap_or((code, ""));
        let ticket_code = format!("PM-{left}-{right}");
        if tickets::find_by_code(pool, &ticket_code).await?.is_some() {
            return Ok(Some(format!("/staff/tickets/{ticket_code}")));
        }
        let block = blocks::find_by_case(pool, code).await?;
        Ok(block.map(|block| format!("/staff/blocks/{}", block.id)))
    }
}

/// The eight letters of a code, with or without `PM` and hyphens.
fn code(typed: &str) -> Option<String> {
    let letters: String = fold_code(typed).chars().filter(|c| !matches!(c, '-' | ' ' | '#' | '[' | ']')).collect();
    let letters = if letters.len() == 10 { letters.strip_prefix("PM")?.to_owned() } else { letters };
    let fits = letters.len() == 8 && letters.bytes().all(|b| b.is_ascii_alphanumeric());
    fits.then_some(letters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_type_many_things() {
        let code = |text: &str| Sought::Code(text.to_owned());
        assert_eq!(Sought::read("  "), Sought::All);
        assert_eq!(Sought::read("pm-7k3f-9qx2"), code("7K3F9QX2"));
        assert_eq!(Sought::read("[PM-7K3F-9QX2]"), code("7K3F9QX2"));
        assert_eq!(Sought::read("7k3fo9ql"), code("7K3F09Q1"));
        assert_eq!(Sought::read("https://mail.example/c/7K3FQ2XW/203.0.113.7"), code("7K3FQ2XW"));
        assert_eq!(Sought::read("Ann@Example.ORG"), Sought::Email("ann@example.org".to_owned()));
        assert_eq!(Sought::read("203.0.113.7/24"), Sought::Net(Net::parse("203.0.113.0/24").unwrap()));
        assert_eq!(Sought::read("[2001:db8::1]").net(), Some(Net::parse("2001:db8::1").unwrap()));
        assert_eq!(Sought::read("something else"), Sought::Unknown);
        assert_eq!(Sought::read("a@"), Sought::Unknown);
    }
}
