//! Processes that follow the block list report themselves and compare their list with the database.

use super::process::Process;
use super::{About, Desk, Done};
use crate::domain::ticket::Who;
use crate::domain::time::{MINUTE, SECOND, Time};
use crate::store::changes::{self, Position};
use crate::store::followers::{self, Follower};
use crate::store::gateways::{self, Edge, Fetch};
use crate::store::resolvers::{self, Resolver};

/// How long a process that is not heard counts as one that answers mail servers.
pub const ALIVE: i64 = 30 * SECOND;

/// How long an edge that is not heard counts as one that answers mail servers: it goes on when it is cut off.
pub const EDGE_ALIVE: i64 = 24 * 60 * MINUTE;

/// How many of each kind are looked at.
const MOST: i64 = 500;

/// All that obeys the list, or fetches it, and how far the list has come.
#[derive(Debug, Clone)]
pub struct Crowd {
    /// How far the change log has come.
    pub position: Position,
    /// The processes.
    pub followers: Vec<Follower>,
    /// The edges.
    pub edges: Vec<Edge>,
    /// The readers of feeds.
    pub fetches: Vec<Fetch>,
    /// The resolvers.
    pub resolvers: Vec<Resolver>,
}

impl Desk {
    /// Reports how far this process is; says nothing before its list is complete.
    pub async fn report_follower(&self, listeners: &str) -> Done<()> {
        let now = self.now();
        let Some(standing) = self.blocklist.standing(now) else { return Ok(()) };
        let me = &self.process;
        let follower = Follower {
            name: me.name.clone(),
            host: me.host.clone(),
            pid: i64::from(me.pid),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            listeners: listeners.to_owned(),
            epoch: standing.position.epoch,
            number: standing.position.n,
            digest: String::new(),
            blocks: i64::try_from(self.blocklist.count()).unwrap_or(i64::MAX),
            hits: self.blocklist.hits.total(),
            drifts: 0,
            drifted_at: None,
            compared_at: None,
            started_at: me.started_at,
            seen_at: now,
        };
        Ok(followers::note(self.db.pool(), &follower).await?)
    }

    /// Forgets processes of this machine that have died: nobody has to wait for them.
    pub async fn forget_dead_followers(&self) -> Done<usize> {
        let mut dead = 0;
        for follower in followers::list(self.db.pool(), MOST).await? {
            if !Process::runs(&follower.host, follower.pid, &self.process) {
                dead += usize::from(followers::remove(self.db.pool(), &follower.name).await?);
            }
        }
        Ok(dead)
    }

    /// Says that this process stops to follow.
    pub async fn leave(&self) -> Done<()> {
        followers::remove(self.db.pool(), &self.process.name).await?;
        Ok(())
    }

    /// Compares the list of this process with the database; one that differs is loaded afresh, and that is recorded.
    /// Says whether it differed; nothing when they could not be compared, because changes came too fast.
    pub async fn compare(&self) -> Done<Option<bool>> {
        let Some(outcome) = self.blocklist.compare(&self.db, &self.clock).await? else { return Ok(None) };
        if outcome.differed {
            tracing::error!(n = outcome.n, "the block list in memory differed from the database and was loaded afresh");
            let detail = format!("{} at change {}", self.process.name, outcome.n);
            let mut tx = self.db.begin().await?;
            self.record(&mut tx, &Who::system(), "list.drifted", &detail, About::default()).await?;
            tx.commit().await?;
        }
        let now = self.now();
        followers::note_comparison(self.db.pool(), &self.process.name, &outcome.digest, outcome.differed, now).await?;
        Ok(Some(outcome.differed))
    }

    /// Notes what a resolver said.
    pub async fn note_resolver(&self, resolver: &Resolver) -> Done<()> {
        Ok(resolvers::note(self.db.pool(), resolver).await?)
    }

    /// All that obeys the list or fetches it.
    pub async fn crowd(&self) -> Done<Crowd> {
        let pool = self.db.pool();
        let named: Vec<String> = self.config.gateways.resolvers.iter().map(ToString::to_string).collect();
        let resolvers = resolvers::list(pool).await?;
        Ok(Crowd {
            position: changes::position(pool).await?,
            followers: followers::list(pool, MOST).await?,
            edges: gateways::edges(pool, MOST).await?,
            fetches: gateways::fetches(pool, MOST).await?,
            resolvers: resolvers.into_iter().filter(|r| named.contains(&r.address)).collect(),
        })
    }

    /// How long somebody is behind who has reached this number; nothing when they are not.
    pub async fn lag(&self, there: &Position, epoch: &str, number: i64) -> Done<Option<i64>> {
        if epoch == there.epoch && number >= there.n {
            return Ok(None);
        }
        let missing = changes::at(self.db.pool(), number + 1).await?.filter(|_| epoch == there.epoch);
        Ok(Some(self.now().since(missing.unwrap_or(Time(0)))))
    }
}
