//! The audit: every recorded act, newest first.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::view::{Happening, address, happening, typed_net};
use crate::app::App;
use crate::domain::id::Id;
use crate::store::events::{self, Filter};
use crate::web::error::Result;
use crate::web::extract::Query;
use crate::web::form::Faults;
use crate::web::session::SignedIn;
use crate::web::shell::Shell;

/// How many events stand on a page.
const PAGE: usize = 100;

/// The path of the page.
const PATH: &str = "/staff/audit";

/// What events are about, by the beginning of their words.
const FAMILIES: &[&str] =
    &["block.", "exemption.", "probation.", "import.", "bulk.", "ticket.", "mail.", "staff.", "token."];

/// Which events the address asks for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// The name of a person or program.
    actor: String,
    /// The beginning of a word.
    what: String,
    /// A network.
    net: String,
    /// Where the page begins.
    before: String,
}

/// The page.
#[derive(Template, WebTemplate)]
#[template(path = "staff/audit.html")]
struct AuditPage {
    /// What all pages share.
    shell: Shell,
    /// What was asked for.
    asked: Asked,
    /// The events.
    events: Vec<Happening>,
    /// Where the next page begins.
    next: Option<String>,
    /// What is wrong with the filters.
    faults: Faults,
}

/// Shows a page of events.
pub async fn show(State(app): State<App>, shell: Shell, _: SignedIn, Query(asked): Query<Asked>) -> Result<Response> {
    let mut faults = Faults::default();
    let typed = Some(asked.net.trim()).filter(|net| !net.is_empty());
    let about = typed.and_then(|net| typed_net(&shell, &mut faults, "net", net));
    let filter = Filter {
        actor: Some(asked.actor.trim().to_owned()).filter(|actor| !actor.is_empty()),
        what: Some(asked.what.clone()).filter(|what| !what.is_empty()),
        net: about.map(|net| net.to_string()),
        before: asked.before.parse().ok(),
    };
    let most = i64::try_from(PAGE).unwrap_or(100);
    let mut list =
        if faults.is_empty() { events::list(app.desk.db.pool(), &filter, most + 1).await? } else { Vec::new() };
    let more = list.len() > PAGE;
    list.truncate(PAGE);
    let next = list.last().filter(|_| more).map(|last| asked.with_before(last.id));
    let events = list.into_iter().map(|event| happening(&shell.texts, event)).collect();
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok((status, AuditPage { shell, asked, events, next, faults }).into_response())
}

impl Asked {
    /// The address of the page that begins after this event.
    fn with_before(&self, last: Id) -> String {
        let last = last.to_string();
        let pairs = [("actor", self.actor.as_str()), ("what", &self.what), ("net", &self.net), ("before", &last)];
        address(PATH, &pairs)
    }
}

impl AuditPage {
    /// What to filter by: the beginning of a word and what it is called.
    fn families(&self) -> impl Iterator<Item = (&'static str, String)> {
        FAMILIES.iter().map(|start| (*start, self.shell.word("audit-about", start.trim_end_matches('.'))))
    }
}
