//! How far the effect of lifts is confirmed, as pages of staff show it.

use crate::app::App;
use crate::desk::confirm::Confirmed;
use crate::domain::id::Id;
use crate::domain::ticket::visible;
use crate::store::confirmations::{Confirmation, Effect, Step, StepKind};
use crate::store::gateways::{self, Fetch};
use crate::web::error::Result;
use crate::web::shell::Shell;

/// How many lifts of one ticket or block are shown.
const MOST: i64 = 5;

/// How many readers of feeds are shown beside a lift.
const FETCHES: i64 = 50;

/// Where the DNSBL is asked, as settings of resolvers name it.
#[derive(Debug, Clone)]
pub struct Server {
    /// The address.
    ip: String,
    /// The port.
    port: u16,
}

impl Server {
    /// As unbound writes it.
    #[must_use]
    pub fn unbound(&self) -> String {
        format!("{}@{}", self.ip, self.port)
    }

    /// As BIND writes it.
    #[must_use]
    pub fn bind(&self) -> String {
        format!("{} port {};", self.ip, self.port)
    }
}

/// One lift, and who sees it.
#[derive(Debug, Clone)]
pub struct Shown {
    /// How far it is.
    pub whole: Confirmation,
    /// Its steps.
    pub steps: Vec<Step>,
    /// Who fetches feeds, while it is not long ago.
    pub fetches: Vec<Fetch>,
    /// At how many places it is seen, and at how many it has to be.
    count: (usize, usize),
    /// The zone of the DNSBL.
    pub zone: String,
    /// Where it is asked.
    pub server: Server,
}

/// The lifts of a ticket.
pub async fn of_ticket(app: &App, ticket: Id) -> Result<Vec<Shown>> {
    shown(app, app.desk.confirmations_of_ticket(ticket, MOST).await?).await
}

/// The lifts of or out of a block.
pub async fn of_block(app: &App, block: Id) -> Result<Vec<Shown>> {
    shown(app, app.desk.confirmations_of_block(block, MOST).await?).await
}

/// The server and zone of the DNSBL, for resolvers.
#[must_use]
pub fn server(app: &App) -> Server {
    let first = app.desk.config.gateways.dnsbl.listen.first();
    first.map_or_else(
        || Server { ip: "192.0.2.53".to_owned(), port: 53 },
        |at| Server { ip: at.ip().to_string(), port: at.port() },
    )
}

/// Lifts as they are shown.
async fn shown(app: &App, all: Vec<Confirmed>) -> Result<Vec<Shown>> {
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let fetches = gateways::fetches(app.desk.db.pool(), FETCHES).await?;
    let show = |known: Confirmed| Shown {
        count: known.count(),
        fetches: fetches.clone(),
        zone: app.desk.config.gateways.dnsbl.zone.clone(),
        server: server(app),
        whole: known.whole,
        steps: known.steps,
    };
    Ok(all.into_iter().map(show).collect())
}

impl Shown {
    /// How far it is, in a sentence.
    #[must_use]
    pub fn sentence(&self, shell: &Shell) -> String {
        let (done, total) = self.count;
        shell.t2(&format!("effect-{}", self.whole.state), "done", done, "total", total)
    }

    /// How a state is painted.
    #[must_use]
    pub fn class(&self, state: &Effect) -> &'static str {
        match state {
            Effect::Requested => "note",
            Effect::Confirmed => "good",
            Effect::Late => "warn",
            Effect::Failed => "bad",
        }
    }

    /// The name of the sentence of what was seen.
    #[must_use]
    pub fn what(&self, step: &Step) -> String {
        format!("effect-what-{}", step.what)
    }

    /// The value in what was seen, made showable.
    #[must_use]
    pub fn value(&self, step: &Step) -> String {
        visible(&step.value)
    }

    /// How long after the lift a step was confirmed.
    #[must_use]
    pub fn after(&self, shell: &Shell, step: &Step) -> String {
        match step.at.since(self.whole.requested_at) {
            _ if step.state != Effect::Confirmed || step.kind == StepKind::Commit => String::new(),
            millis => shell.t1("effect-after", "millis", millis.max(0)),
        }
    }

    /// Whether a reader of a feed has the list with the lift.
    #[must_use]
    pub fn has_fetched(&self, fetch: &Fetch) -> bool {
        fetch.epoch == self.whole.epoch && fetch.number >= self.whole.number
    }

    /// Whether a resolver kept the entry.
    #[must_use]
    pub fn is_cached(&self) -> bool {
        self.steps.iter().any(|step| step.kind == StepKind::Resolver && step.what == "cached")
    }
}
