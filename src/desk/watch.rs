//! Who obeys the block list, and who is behind: for staff, for the page, for `doctor`.

use super::followers::{ALIVE, Crowd};
use super::{Desk, Done};
use crate::domain::time::{MINUTE, SECOND, Time};

/// How wrong the clock of an edge may be: ends of blocks are judged by it.
const CLOCK_OFF: i64 = 5 * SECOND;

/// How long somebody may say nothing before that is worth a warning.
const SILENT: i64 = MINUTE;

/// What is wrong with somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// They have not reached a change that is so old.
    Behind(i64),
    /// They were not heard for so long.
    Silent(i64),
    /// Their clock is wrong by so much.
    Clock(i64),
}

/// A process or an edge.
#[derive(Debug, Clone)]
pub struct Watched {
    /// `process` or `edge`.
    pub kind: &'static str,
    /// What it is called.
    pub name: String,
    /// Where it is.
    pub address: String,
    /// Its version.
    pub version: String,
    /// The number it has reached.
    pub number: i64,
    /// How old the change is that it lacks.
    pub lag: Option<i64>,
    /// How many blocks it holds.
    pub blocks: i64,
    /// How many refusals it counted; unknown for edges, whose refusals count for their blocks only.
    pub hits: Option<i64>,
    /// How often its list was found to differ from the database.
    pub drifts: i64,
    /// When its list was compared with the database last.
    pub compared_at: Option<Time>,
    /// When it was heard last.
    pub seen_at: Time,
    /// What is wrong with it.
    pub trouble: Option<Trouble>,
}

impl Desk {
    /// All processes and edges, each with what is wrong with it.
    pub async fn watched(&self, crowd: &Crowd) -> Done<Vec<Watched>> {
        let mut all = Vec::new();
        for follower in &crowd.followers {
            let lag = self.lag(&crowd.position, &follower.epoch, follower.number).await?;
            all.push(Watched {
                kind: "process",
                name: follower.name.clone(),
                address: follower.listeners.clone(),
                version: follower.version.clone(),
                number: follower.number,
                lag,
                blocks: follower.blocks,
                hits: Some(follower.hits),
                drifts: follower.drifts,
                compared_at: follower.compared_at,
                seen_at: follower.seen_at,
                trouble: self.trouble(lag, follower.seen_at, 0, ALIVE),
            });
        }
        for edge in &crowd.edges {
            let lag = self.lag(&crowd.position, &edge.epoch, edge.number).await?;
            all.push(Watched {
                kind: "edge",
                name: edge.name.clone(),
                address: edge.address.clone(),
                version: edge.version.clone(),
                number: edge.number,
                lag,
                blocks: edge.blocks,
                hits: None,
                drifts: 0,
                compared_at: None,
                seen_at: edge.seen_at,
                trouble: self.trouble(lag, edge.seen_at, edge.clock_behind, SILENT),
            });
        }
        Ok(all)
    }

    /// What is wrong with somebody: silence says more than a number that is old because of it.
    fn trouble(&self, lag: Option<i64>, seen_at: Time, clock_behind: i64, silent: i64) -> Option<Trouble> {
        let unheard = self.now().since(seen_at);
        let most = self.config.gateways.lag_alarm;
        if unheard > silent.max(most) {
            return Some(Trouble::Silent(unheard));
        }
        match lag {
            Some(lag) if lag > most => Some(Trouble::Behind(lag)),
            _ if clock_behind.abs() > CLOCK_OFF => Some(Trouble::Clock(clock_behind)),
            _ => None,
        }
    }

    /// Who is in trouble, and what resolvers do not reach the list.
    pub async fn alarms(&self) -> Done<Vec<String>> {
        let crowd = self.crowd().await?;
        let bad = self.watched(&crowd).await?.into_iter().filter(|w| w.trouble.is_some()).map(|w| w.name);
        let deaf = crowd.resolvers.iter().filter(|resolver| resolver.answer != "listed");
        Ok(bad.chain(deaf.map(|resolver| resolver.address.clone())).collect())
    }
}
