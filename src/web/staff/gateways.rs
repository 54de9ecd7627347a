//! The gateways: who follows the block list, asks for it or fetches it, and who is behind.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;

use super::effect::{self, Server};
use crate::app::App;
use crate::desk::watch::{Trouble, Watched};
use crate::store::gateways::Fetch;
use crate::store::resolvers::Resolver;
use crate::web::error::Result;
use crate::web::session::SignedIn;
use crate::web::shell::Shell;

/// The page.
#[derive(Template, WebTemplate)]
#[template(path = "staff/gateways.html")]
pub struct GatewaysPage {
    /// What all pages share.
    shell: Shell,
    /// The number of the last change.
    number: i64,
    /// Processes and edges.
    watched: Vec<Watched>,
    /// Resolvers.
    resolvers: Vec<Resolver>,
    /// Readers of feeds.
    fetches: Vec<Fetch>,
    /// The zone of the DNSBL.
    zone: String,
    /// Where it is asked.
    server: Server,
}

/// Shows all gateways.
pub async fn show(State(app): State<App>, shell: Shell, _: SignedIn) -> Result<GatewaysPage> {
    let crowd = app.desk.crowd().await?;
    let watched = app.desk.watched(&crowd).await?;
    Ok(GatewaysPage {
        shell,
        number: crowd.position.n,
        watched,
        resolvers: crowd.resolvers,
        fetches: crowd.fetches,
        zone: app.desk.config.gateways.dnsbl.zone.clone(),
        server: effect::server(&app),
    })
}

impl GatewaysPage {
    /// What is wrong with somebody, in words.
    fn trouble(&self, watched: &Watched) -> String {
        match watched.trouble {
            None => String::new(),
            Some(Trouble::Behind(lag)) => self.shell.t1("gateways-trouble-behind", "span", self.span(&lag)),
            Some(Trouble::Silent(silent)) => self.shell.t1("gateways-trouble-silent", "span", self.span(&silent)),
            Some(Trouble::Clock(off)) => self.shell.t1("gateways-trouble-clock", "span", self.span(&off)),
        }
    }

    /// A length of time in words.
    #[must_use]
    pub fn span(&self, millis: &i64) -> String {
        self.shell.ago(&self.shell.now.plus(-millis.abs()))
    }

    /// Whether a resolver says what is so.
    fn is_good(resolver: &Resolver) -> bool {
        resolver.answer == "listed"
    }

    /// What a resolver said last, in words.
    fn said(&self, resolver: &Resolver) -> String {
        self.shell.t1(&format!("gateways-answer-{}", resolver.answer), "value", resolver.value.as_str())
    }
}
