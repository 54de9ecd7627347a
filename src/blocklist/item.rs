//! The list as one process hands it to another: one thing a line.

use serde::{Deserialize, Serialize};

use crate::domain::block::{Action, Block, BlockState, Exemption, Probation};
use crate::domain::cause::Cause;
use crate::domain::id::Id;
use crate::domain::net::Net;
use crate::domain::proof::Sighting;
use crate::domain::time::Time;
use crate::domain::words::words;

/// One thing of the list, as followers need it. Times are Unix milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Item {
    /// A block.
    Block {
        /// Its key.
        #[serde(with = "id_text")]
        id: Id,
        /// What is blocked.
        net: Net,
        /// Code of its cause.
        cause: String,
        /// What gateways do.
        action: Action,
        /// Code of its case link.
        case: String,
        /// When its newest evidence was seen.
        evidence_at: Time,
        /// When it ends by itself.
        until: Option<Time>,
    },
    /// An exemption; with `block` a carve-out of that one.
    Exemption {
        /// Its key.
        #[serde(with = "id_text")]
        id: Id,
        /// What is never blocked.
        net: Net,
        /// The one block it is carved out of.
        #[serde(with = "id_text_or_none", default)]
        block: Option<Id>,
        /// When it ends by itself.
        until: Option<Time>,
    },
    /// A probation.
    Probation {
        /// Its key.
        #[serde(with = "id_text")]
        id: Id,
        /// What was lifted.
        net: Net,
        /// Blocks with evidence up to here are shielded from.
        since: Time,
        /// When it ends by itself.
        until: Time,
    },
    /// A mail address of the portal that takes mail from blocked addresses too.
    Token {
        /// SHA-256 of the token.
        hash: String,
        /// When it ends.
        until: Time,
        /// The only network that mail to it may come from: it is of a proof.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        net: Option<Net>,
    },
    /// An import too large to be told row by row: the list has to be read afresh.
    Import {
        /// Its key.
        #[serde(with = "id_text")]
        id: Id,
    },
}

impl From<&Block> for Item {
    fn from(block: &Block) -> Self {
        Self::Block {
            id: block.id,
            net: block.net,
            cause: block.cause.clone(),
            action: block.action,
            case: block.case_code.clone(),
            evidence_at: block.evidence_at,
            until: block.until,
        }
    }
}

impl From<&Exemption> for Item {
    fn from(exemption: &Exemption) -> Self {
        Self::Exemption { id: exemption.id, net: exemption.net, block: exemption.block_id, until: exemption.until }
    }
}

impl From<&Probation> for Item {
    fn from(probation: &Probation) -> Self {
        Self::Probation { id: probation.id, net: probation.net, since: probation.since, until: probation.until }
    }
}

words! {
    /// What a line says of its thing.
    Event {
        /// A block is in force: new or changed.
        Add = "add",
        /// A block was lifted.
        Lift = "lift",
        /// A block ended by its own time.
        Expire = "expire",
        /// A block ended because its source no longer names it.
        Drop = "drop",
        /// An exemption is in force.
        Exempt = "exempt",
        /// An exemption was ended.
        ExemptEnd = "exempt-end",
        /// A probation is in force.
        Probation = "probation",
        /// A probation was ended.
        ProbationEnd = "probation-end",
        /// An address takes mail.
        Token = "token",
        /// More changed than can be told: read the list afresh.
        Reload = "reload",
    }
}

impl Event {
    /// What is so of a block that stands like this.
    #[must_use]
    pub fn of_block(state: BlockState) -> Self {
        match state {
            BlockState::Staged | BlockState::Live => Self::Add,
            BlockState::Lifted => Self::Lift,
            BlockState::Expired => Self::Expire,
            BlockState::Dropped => Self::Drop,
        }
    }

    /// Whether its thing is part of the list from now on.
    #[must_use]
    pub fn is_live(self) -> bool {
        matches!(self, Self::Add | Self::Exempt | Self::Probation | Self::Token)
    }
}

/// One line of the list or of its changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The number of the change that it belongs to; none in a whole list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<i64>,
    /// What is so.
    pub event: Event,
    /// Of what.
    #[serde(flatten)]
    pub item: Item,
}

impl Line {
    /// As one line of JSON, without its end.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// A line of a whole list.
impl From<Item> for Line {
    fn from(item: Item) -> Self {
        let event = match item {
            Item::Block { .. } => Event::Add,
            Item::Exemption { .. } => Event::Exempt,
            Item::Probation { .. } => Event::Probation,
            Item::Token { .. } => Event::Token,
            Item::Import { .. } => Event::Reload,
        };
        Self { n: None, event, item }
    }
}

/// What an edge has to know beside the list to answer just like the portal.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Setup {
    /// What case links begin with.
    pub public_url: String,
    /// The sender of the portal's mails; its domain is the portal's mail domain.
    pub mail_from: String,
    /// Recipients that are reached from blocked addresses too.
    pub open_recipients: Vec<String>,
    /// The causes and their replies.
    pub causes: Vec<Cause>,
}

/// What an edge reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// What it calls itself; empty: like its token.
    #[serde(default)]
    pub name: String,
    /// Its version.
    pub version: String,
    /// The log it follows.
    pub epoch: String,
    /// The number it has reached.
    pub number: i64,
    /// The digest of its list.
    pub digest: String,
    /// How many blocks it holds.
    pub blocks: i64,
    /// How many milliseconds its clock is behind the portal's.
    pub clock_behind: i64,
    /// What it refused since the report before.
    #[serde(default)]
    pub hits: Vec<Refused>,
    /// Mails to proofs that it saw since then.
    #[serde(default)]
    pub sightings: Vec<Sighting>,
}

/// What one block refused on an edge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The block.
    #[serde(with = "id_text")]
    pub block: Id,
    /// How often.
    pub hits: i64,
    /// When first.
    pub first: Time,
    /// When last.
    pub last: Time,
}

/// Keys as text: some readers of JSON cut long numbers.
mod id_text {
    use serde::{Deserialize, Deserializer, Serializer, de};

    use crate::domain::id::Id;

    /// Writes a key.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over like this")]
    pub(super) fn serialize<S: Serializer>(id: &Id, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(id)
    }

    /// Reads a key.
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Id, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

/// As [`id_text`], where there may be none.
mod id_text_or_none {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    use crate::domain::id::Id;

    /// Writes a key.
    #[expect(clippy::ref_option, reason = "serde hands it over like this")]
    pub(super) fn serialize<S: Serializer>(id: &Option<Id>, out: S) -> Result<S::Ok, S::Error> {
        id.map(|id| id.to_string()).serialize(out)
    }

    /// Reads a key.
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Id>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| text.parse().map_err(de::Error::custom)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let net = Net::parse("203.0.113.0/24").unwrap();
        let block = Item::Block {
            id: Id(7_466_000_000_000_000_001),
            net,
            cause: "PB-SPAM".into(),
            action: Action::Reject,
            case: "7K3FQ2XW".into(),
            evidence_at: Time(5),
            until: Some(Time(9)),
        };
        let carved = Item::Exemption { id: Id(2), net, block: Some(Id(1)), until: None };
        let general = Item::Exemption { id: Id(3), net, block: None, until: None };
        let probation = Item::Probation { id: Id(4), net, since: Time(1), until: Time(2) };
        let token = Item::Token { hash: "ab".into(), until: Time(2), net: None };
        let proof = Item::Token { hash: "cd".into(), until: Time(2), net: Some(net) };
        for item in [block, carved, general, probation, token, proof, Item::Import { id: Id(5) }] {
            let line = Line { n: Some(17), ..Line::from(item) };
            assert_eq!(serde_json::from_str::<Line>(&line.json()).unwrap(), line, "{}", line.json());
        }
        let text = Line::from(Item::Import { id: Id(5) }).json();
        assert_eq!(text, r#"{"event":"reload","kind":"import","id":"5"}"#);
    }
}
