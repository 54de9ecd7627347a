//! What is known of a network, gathered for a decision: blocks, exemptions, probations, and what was before.

use crate::app::App;
use crate::blocklist::Verdict;
use crate::blocklist::index::Hit;
use crate::domain::block::{Block, BlockState, Exemption, Probation};
use crate::domain::id::Id;
use crate::domain::net::Net;
use crate::domain::ticket::Ticket;
use crate::domain::time::Time;
use crate::store::blocks::PastLift;
use crate::store::{blocks, exemptions, probations, tickets};
use crate::web::error::Result;

use super::view::{around, line};

/// How many rows of each kind are shown.
const ROWS: i64 = 20;

/// What is known of one network.
#[derive(Debug)]
pub struct Facts {
    /// The network.
    pub net: Net,
    /// What the list says of its first address at this moment.
    pub verdict: Verdict,
    /// The blocks in force that cover it, narrowest first.
    pub live: Vec<Block>,
    /// Those that have ended, newest first.
    pub past: Vec<Block>,
    /// The blocks in force inside it, when it is more than one address.
    pub inside: Vec<Block>,
    /// Exemptions and carve-outs in force that cover it.
    pub exemptions: Vec<Exemption>,
    /// Probations in force that cover it.
    pub probations: Vec<Probation>,
    /// Its neighbourhood.
    pub around: Net,
    /// Other tickets about addresses of the neighbourhood.
    pub tickets: Vec<Ticket>,
    /// Lifts in the neighbourhood.
    pub lifts: Vec<PastLift>,
}

impl Facts {
    /// Gathers them; `not` is the ticket that is looked at.
    pub async fn gather(app: &App, net: Net, not: Id) -> Result<Self> {
        let (pool, now) = (app.desk.db.pool(), app.desk.now());
        let around = around(net);
        let covering = blocks::covering(pool, net, 2 * ROWS).await?;
        let (mut live, past): (Vec<Block>, Vec<Block>) = covering.into_iter().partition(|block| block.is_live(now));
        live.sort_by_key(|block| std::cmp::Reverse(block.net.prefix_len()));
        let inside = if net.is_single() { Vec::new() } else { blocks::live_inside(pool, net, ROWS).await? };
        let running = |probation: &Probation| probation.ended_at.is_none() && now < probation.until;
        Ok(Self {
            net,
            verdict: app.desk.blocklist.ask(net.first(), now),
            live,
            past,
            inside: inside.into_iter().filter(|block| block.net != net).collect(),
            exemptions: exemptions::covering(pool, net, now).await?,
            probations: probations::covering(pool, net).await?.into_iter().filter(running).collect(),
            around,
            tickets: tickets::about(pool, around, not, ROWS).await?,
            lifts: blocks::lifts_inside(pool, around, ROWS).await?,
        })
    }

    /// The block that answers for it.
    #[must_use]
    pub fn hit(&self) -> Option<&Hit> {
        if let Verdict::Blocked(hit) = &self.verdict { Some(hit) } else { None }
    }

    /// Whether the list is still loading.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.verdict == Verdict::Unknown
    }

    /// Whether blocks cover it that do not hold, because of an exemption, a carve-out or a probation.
    #[must_use]
    pub fn is_shielded(&self) -> bool {
        self.verdict == Verdict::Free && !self.live.is_empty()
    }

    /// Whether the blocks in force need a table: there are several, or the one that covers it does not hold.
    #[must_use]
    pub fn is_layered(&self) -> bool {
        self.live.len() > 1 || self.is_shielded() || (self.is_unknown() && !self.live.is_empty())
    }

    /// Whether a block holds for it although others do not.
    #[must_use]
    pub fn answers(&self, block: &Block) -> bool {
        self.hit().is_some_and(|hit| hit.block == block.id)
    }

    /// Whether there may be more tickets or lifts than are listed.
    #[must_use]
    pub fn is_more(&self) -> bool {
        self.tickets.len().max(self.lifts.len()) >= usize::try_from(ROWS).unwrap_or(usize::MAX)
    }

    /// Whether nothing was before.
    #[must_use]
    pub fn has_no_past(&self) -> bool {
        self.past.is_empty() && self.tickets.is_empty() && self.lifts.is_empty()
    }

    /// The note of a block, made showable.
    #[must_use]
    pub fn note(&self, block: &Block) -> String {
        line(&block.note, 200)
    }

    /// Why an exemption was made, made showable.
    #[must_use]
    pub fn why(&self, exemption: &Exemption) -> String {
        line(&exemption.note, 200)
    }

    /// Where an ended block stands, whether or not a job wrote it down yet.
    #[must_use]
    pub fn state(&self, block: &Block, now: &Time) -> BlockState {
        block.state_at(*now)
    }
}
