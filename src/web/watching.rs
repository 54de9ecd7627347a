//! What a sender watches or could watch, as the page of a request shows it.

use super::error::Result;
use crate::app::App;
use crate::domain::id::Id;
use crate::domain::net::Net;
use crate::domain::ticket::Ticket;
use crate::store::{proofs, watches};

/// One watch.
#[derive(Debug)]
pub struct Watching {
    /// What is watched.
    pub net: Net,
    /// Its page, once the mail address has confirmed it.
    pub link: Option<String>,
}

/// All watches of a ticket, and the proofs that a watch can be made of.
#[derive(Debug, Default)]
pub struct Watchings {
    /// The watches.
    pub all: Vec<Watching>,
    /// Proofs without one.
    pub offered: Vec<(Id, Net)>,
}

impl Watchings {
    /// Those of a ticket.
    pub async fn of_ticket(app: &App, ticket: &Ticket) -> Result<Self> {
        let pool = app.desk.db.pool();
        let found = watches::of_ticket(pool, ticket.id).await?;
        let proofs = proofs::of_ticket(pool, ticket.id).await?;
        let opens = proofs.iter().filter(|proof| proof.opens_more(app.desk.now()));
        let offered = opens.filter(|proof| !found.iter().any(|watch| watch.net == proof.net));
        let offered = offered.map(|proof| (proof.id, proof.net)).collect();
        let link = |watch: Id| app.desk.watch_link(watch);
        let all = found.into_iter().map(|w| Watching { net: w.net, link: w.is_running().then(|| link(w.id)) });
        Ok(Self { all: all.collect(), offered })
    }

    /// Whether there is anything to show.
    #[must_use]
    pub fn is_there(&self) -> bool {
        !self.all.is_empty() || !self.offered.is_empty()
    }
}
