//! Blocks, exemptions and probations: what the block list is made of.

use super::id::Id;
use super::net::Net;
use super::time::Time;
use super::words::words;

words! {
    /// What a gateway does with mail from a blocked address.
    Action {
        /// Refuses it for good (5xx).
        Reject = "reject",
        /// Puts it off (4xx).
        Defer = "defer",
    }
}

words! {
    /// Where a block stands.
    BlockState {
        /// Imported, but not yet in force.
        Staged = "staged",
        /// In force until its end.
        Live = "live",
        /// Ended before its time by a person or program.
        Lifted = "lifted",
        /// Ended by its own time.
        Expired = "expired",
        /// Ended because its source no longer names it.
        Dropped = "dropped",
    }
}

/// One entry of the block list.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Block {
    /// Its key.
    pub id: Id,
    /// What is blocked.
    pub net: Net,
    /// Code of the cause.
    pub cause: String,
    /// What gateways do.
    pub action: Action,
    /// Code of its case link.
    pub case_code: String,
    /// Who named it: `staff`, `api:<token>`, or the name of an imported list.
    pub source: String,
    /// A note for staff.
    pub note: String,
    /// When the newest evidence for it was seen.
    pub evidence_at: Time,
    /// When it began.
    pub since: Time,
    /// When it ends by itself; `None`: never.
    pub until: Option<Time>,
    /// Where it stands.
    pub state: BlockState,
    /// Who made it, as shown in the history.
    pub created_by: String,
    /// When it ended before its time.
    pub lifted_at: Option<Time>,
    /// Who ended it.
    pub lifted_by: Option<String>,
    /// Why it was ended.
    pub lift_reason: Option<String>,
    /// How often a gateway refused by it.
    pub hits: i64,
    /// When a gateway first refused by it.
    pub first_hit_at: Option<Time>,
    /// When a gateway last refused by it.
    pub last_hit_at: Option<Time>,
}

impl Block {
    /// Whether it is in force at `now`, by its own state and end.
    #[must_use]
    pub fn is_live(&self, now: Time) -> bool {
        self.state == BlockState::Live && self.until.is_none_or(|end| now < end)
    }

    /// Where it stands at `now`; an end that has passed counts before any job writes it down.
    #[must_use]
    pub fn state_at(&self, now: Time) -> BlockState {
        match self.state {
            BlockState::Live if self.until.is_some_and(|end| end <= now) => BlockState::Expired,
            state => state,
        }
    }
}

/// "Never blocked": wins over every block; with `block_id` it is a carve-out of that one block only.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Exemption {
    /// Its key.
    pub id: Id,
    /// What is never blocked.
    pub net: Net,
    /// The one block it is carved out of; `None`: out of all.
    pub block_id: Option<Id>,
    /// When it began.
    pub since: Time,
    /// When it ends by itself.
    pub until: Option<Time>,
    /// Why it was made.
    pub note: String,
    /// Who made it.
    pub created_by: String,
    /// When it was ended by hand.
    pub ended_at: Option<Time>,
}

/// What a lift leaves behind: shields its network from blocks whose evidence is older than the lift.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Probation {
    /// Its key.
    pub id: Id,
    /// What was lifted.
    pub net: Net,
    /// The cause of the block that was lifted.
    pub cause: String,
    /// When the lift was: blocks with evidence up to here are shielded from.
    pub since: Time,
    /// When it ends by itself.
    pub until: Time,
    /// The ticket that it was given for.
    pub ticket_id: Option<Id>,
    /// Who gave it.
    pub created_by: String,
    /// When it was ended before its time.
    pub ended_at: Option<Time>,
    /// Why it was ended.
    pub ended_why: Option<String>,
}

/// What a new block needs to be told; the rest follows from its cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBlock {
    /// What to block.
    pub net: Net,
    /// Code of the cause.
    pub cause: String,
    /// How long, in milliseconds; `None`: the cause's own time.
    pub lasts: Option<Lasts>,
    /// A note for staff.
    pub note: String,
    /// Who names it.
    pub source: String,
    /// When its newest evidence was seen; `None`: now.
    pub evidence_at: Option<Time>,
}

/// How long a block lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasts {
    /// So many milliseconds.
    For(i64),
    /// Until somebody lifts it.
    Forever,
}

impl Lasts {
    /// Reads `7d` or `never`.
    ///
    /// # Errors
    /// When the text is neither.
    pub fn parse(text: &str) -> Result<Self, super::time::BadSpan> {
        Ok(super::time::parse_span(text)?.map_or(Self::Forever, Self::For))
    }

    /// The end of something that begins at `since`.
    #[must_use]
    pub fn end(self, since: Time) -> Option<Time> {
        match self {
            Self::For(millis) => Some(since.plus(millis)),
            Self::Forever => None,
        }
    }
}

/// When a block ends, as a list says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// By itself at this time.
    At(Time),
    /// When somebody lifts it.
    Never,
}

impl Ends {
    /// The time, if there is one.
    #[must_use]
    pub fn time(self) -> Option<Time> {
        match self {
            Self::At(time) => Some(time),
            Self::Never => None,
        }
    }
}

/// The path of a case link: `/c/7K3FQ2XW/203.0.113.7`.
#[must_use]
pub fn case_path(case_code: &str, client: Option<std::net::IpAddr>) -> String {
    match client {
        Some(addr) => format!("/c/{case_code}/{addr}"),
        None => format!("/c/{case_code}"),
    }
}
