//! Tickets: what a request becomes.

use super::email::Email;
use super::id::Id;
use super::time::Time;
use super::words::words;

words! {
    /// What a sender asks for.
    Kind {
        /// An address is blocked and should be free again.
        Unblock = "unblock",
        /// Connections are refused, and it is not clear why.
        ConnectionsRefused = "connections-refused",
        /// Mail is delivered, but marked as spam.
        MarkedAsSpam = "marked-as-spam",
        /// Mail arrives late.
        Delayed = "delayed",
        /// The provider's own customer misses mail.
        MailIsMissing = "mail-is-missing",
        /// Somebody in the provider's network sends abuse.
        AbuseFromYourNetwork = "abuse-from-your-network",
        /// Anything else.
        Other = "other",
    }
}

words! {
    /// Where a ticket stands.
    State {
        /// Nobody has looked at it.
        New = "new",
        /// Somebody works on it.
        Open = "open",
        /// It waits for the sender.
        Waiting = "waiting",
        /// It has ended; see its resolution.
        Resolved = "resolved",
    }
}

words! {
    /// How a ticket ended.
    Resolution {
        /// The block was lifted.
        Lifted = "lifted",
        /// There was no block.
        NotBlocked = "not-blocked",
        /// Somebody else refused the mail.
        NotOurs = "not-ours",
        /// The question was answered.
        Answered = "answered",
        /// The request was declined.
        Declined = "declined",
        /// The sender took it back.
        Withdrawn = "withdrawn",
        /// The sender did not answer.
        NoReply = "no-reply",
    }
}

words! {
    /// Who wrote a message.
    By {
        /// The sender, through the status page or a mail to it.
        Sender = "sender",
        /// Somebody who typed the sender's address into the form again: unproven.
        Unverified = "unverified",
        /// Staff, to the sender.
        Staff = "staff",
        /// Staff, for staff only.
        Note = "note",
    }
}

words! {
    /// Who does something that is recorded.
    Actor {
        /// Somebody outside.
        Sender = "sender",
        /// A member of the staff.
        Staff = "staff",
        /// A program with an API token.
        Program = "program",
        /// Somebody at the command line.
        Operator = "operator",
        /// Postern by itself.
        System = "system",
    }
}

/// One ticket.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Ticket {
    /// Its key.
    pub id: Id,
    /// Its public code, `PM-7K3F-9QX2`.
    pub code: String,
    /// What it is about.
    pub kind: Kind,
    /// Where it stands.
    pub state: State,
    /// How it ended.
    pub resolution: Option<Resolution>,
    /// Why it looks like a machine's work, if it does.
    pub suspected: Option<String>,
    /// Where answers go.
    pub email: Email,
    /// The name the sender gave.
    pub name: String,
    /// The language of pages and mails.
    pub lang: String,
    /// Who works on it.
    pub assignee_id: Option<Id>,
    /// The open ticket that it was added to. Only who sent it sees such a row; to staff it is part of the other.
    pub joined_to: Option<Id>,
    /// Grows with every change, so that a stale form is noticed.
    pub version: i64,
    /// When it was made.
    pub created_at: Time,
    /// Since when it waits for staff, which is its place in the queue.
    pub queued_at: Time,
    /// When anything last happened.
    pub updated_at: Time,
    /// When it ended.
    pub resolved_at: Option<Time>,
}

impl Ticket {
    /// Whether it has not ended.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state != State::Resolved
    }

    /// The same with the end of the ticket that it was added to, unless it has an end of its own.
    #[must_use]
    pub fn ended_like(self, whole: &Self) -> Self {
        if !self.is_open() || whole.is_open() {
            return self;
        }
        let updated_at = whole.resolved_at.unwrap_or(self.updated_at);
        let Self { state, resolution, resolved_at, .. } = *whole;
        Self { state, resolution, updated_at, resolved_at, ..self }
    }
}

/// The path of a ticket's status page with its secret.
#[must_use]
pub fn status_path(code: &str, secret: &str) -> String {
    format!("/requests/{code}{KEY}{secret}")
}

/// What stands before the secret in a status link.
const KEY: &str = "?key=";

/// What stands for a secret that was left out.
const LEFT_OUT: &str = "…";

/// The text of a mail without the secrets of status links: what is kept of a mail that was handed over.
#[must_use]
pub fn without_keys(text: &str) -> String {
    let mut parts = text.split(KEY);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_alphanumeric());
        out.push_str(KEY);
        out.push_str(if rest.len() < part.len() { LEFT_OUT } else { "" });
        out.push_str(rest);
    }
    out
}

/// Whether a secret was left out of a status link in this text.
#[must_use]
pub fn lacks_key(text: &str) -> bool {
    text.contains(&format!("{KEY}{LEFT_OUT}"))
}

/// The text with this secret where one was left out.
#[must_use]
pub fn with_key(text: &str, secret: &str) -> String {
    text.replace(&format!("{KEY}{LEFT_OUT}"), &format!("{KEY}{secret}"))
}

/// One message of a ticket.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Message {
    /// Its key.
    pub id: Id,
    /// The ticket.
    pub ticket_id: Id,
    /// The joined request that it came with.
    pub join_id: Option<Id>,
    /// When it was written.
    pub at: Time,
    /// Who wrote it, in kind.
    pub author_kind: By,
    /// Who wrote it, by name.
    pub author: String,
    /// What was written; empty once purged.
    pub text: String,
    /// When its text was purged.
    pub purged_at: Option<Time>,
}

/// One recorded act; never changed once written.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Event {
    /// Its key.
    pub id: Id,
    /// When.
    pub at: Time,
    /// Who, in kind.
    pub actor_kind: Actor,
    /// Who, by name.
    pub actor: String,
    /// What was done, as a word such as `block.lifted`; the page says it in words.
    pub what: String,
    /// Why or how, in words.
    pub detail: String,
    /// The ticket it belongs to.
    pub ticket_id: Option<Id>,
    /// The block it belongs to.
    pub block_id: Option<Id>,
    /// The network it is about.
    pub net: Option<String>,
}

/// Who acts, for the events that follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// In kind.
    pub kind: Actor,
    /// By name.
    pub name: String,
}

impl Who {
    /// A member of the staff.
    #[must_use]
    pub fn staff(name: &str) -> Self {
        Self { kind: Actor::Staff, name: name.to_owned() }
    }

    /// The sender of a request.
    #[must_use]
    pub fn sender() -> Self {
        Self { kind: Actor::Sender, name: "sender".to_owned() }
    }

    /// Postern itself.
    #[must_use]
    pub fn system() -> Self {
        Self { kind: Actor::System, name: "postern".to_owned() }
    }

    /// Somebody at the command line.
    #[must_use]
    pub fn operator() -> Self {
        Self { kind: Actor::Operator, name: "operator".to_owned() }
    }

    /// A program, by the name of its token.
    #[must_use]
    pub fn program(token: &str) -> Self {
        Self { kind: Actor::Program, name: token.to_owned() }
    }
}

/// Text from outside as it is stored: no NUL, line ends as LF, cut at `max` characters.
#[must_use]
pub fn storable(text: &str, max: usize) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let kept = text.chars().filter(|c| *c != '\0').take(max).collect::<String>();
    kept.trim_end().to_owned()
}

/// Text from outside as one stored line: no controls, cut at `max` characters.
#[must_use]
pub fn storable_line(text: &str, max: usize) -> String {
    let line = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(max).collect::<String>();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Text from outside as it is shown: control and direction characters become visible signs. The carriage return of a line
/// end is left out, because forms send every line end with one; any other is shown.
#[must_use]
pub fn visible(text: &str) -> String {
    let sign = |c: char| match c {
        '\n' | '\t' => c,
        c if (c as u32) < 0x20 => char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        '\u{80}'..='\u{9f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}'
        | '\u{feff}'
        | '\u{e0000}'..='\u{e007f}' => '\u{fffd}',
        c => c,
    };
    text.replace("\r\n", "\n").chars().map(sign).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_and_written_the_same() {
        for kind in Kind::ALL {
            assert_eq!(kind.as_str().parse::<Kind>().as_ref(), Ok(kind));
        }
        let error = "unblok".parse::<Kind>().unwrap_err().to_string();
        assert!(error.contains("unblock") && error.contains("other"), "{error}");
    }

    #[test]
    fn a_status_link_loses_its_secret_and_gets_another() {
        let mail =
            |secret: &str| format!("see https://p.example{}\nand https://p.example/?q=1", status_path("PM-1", secret));
        let cut = without_keys(&mail("abc234"));
        assert_eq!(cut, mail(LEFT_OUT));
        assert!(lacks_key(&cut) && !lacks_key(&mail("abc234")));
        assert_eq!(with_key(&cut, "new"), mail("new"));
    }

    #[test]
    fn hidden_characters_become_visible() {
        assert_eq!(visible("a\u{1b}[31mb\u{202e}c\0"), "a␛[31mb\u{fffd}c␀");
        assert_eq!(visible("a\r\nb\r\r\nc\rd\r"), "a\nb␍\nc␍d␍");
        assert_eq!(storable("a\0b\r\nc\r\n", 100), "ab\nc");
        assert_eq!(storable_line(" a\r\nBcc: b\t c ", 100), "a Bcc: b c");
    }
}
