//! Exemptions: networks that are never blocked.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::view::{address, mendable, typed_lasts, typed_net};
use crate::app::App;
use crate::domain::block::Exemption;
use crate::domain::id::Id;
use crate::domain::ticket::visible;
use crate::store::exemptions;
use crate::web::error::Result;
use crate::web::extract::{Form, Path, Query};
use crate::web::form::Faults;
use crate::web::session::SignedIn;
use crate::web::shell::Shell;

/// How many exemptions stand on a page.
const PAGE: usize = 100;

/// The path of the list.
const PATH: &str = "/staff/exemptions";

/// Which page the address asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// Where the page begins.
    before: String,
}

/// A new exemption as it is typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    /// The network.
    net: String,
    /// How long: `30d` or `never`.
    #[serde(rename = "for")]
    lasts: String,
    /// Why.
    note: String,
}

/// The page.
#[derive(Template, WebTemplate)]
#[template(path = "staff/exemptions.html")]
struct ExemptionsPage {
    /// What all pages share.
    shell: Shell,
    /// The exemptions, past and present.
    list: Vec<Exemption>,
    /// Where the next page begins.
    next: Option<String>,
    /// What stands in the form.
    typed: Typed,
    /// What is wrong with it.
    faults: Faults,
}

/// Shows a page of exemptions.
pub async fn show(State(app): State<App>, shell: Shell, _: SignedIn, Query(asked): Query<Asked>) -> Result<Response> {
    let before = asked.before.parse().ok();
    Ok(page(&app, shell, before, Typed::default(), Faults::default()).await?.into_response())
}

/// Adds an exemption.
pub async fn add(State(app): State<App>, shell: Shell, me: SignedIn, Form(typed): Form<Typed>) -> Result<Response> {
    let mut faults = Faults::default();
    let net = typed_net(&shell, &mut faults, "net", &typed.net);
    let lasts = typed_lasts(&shell, &mut faults, "for", &typed.lasts);
    if let (Some(net), Some(lasts)) = (net, lasts) {
        match app.desk.add_exemption(&me.staff, net, lasts, &typed.note).await {
            Ok(_) => return Ok(Redirect::to(PATH).into_response()),
            Err(refusal) => faults.add("note", mendable(&shell, refusal)?),
        }
    }
    let page = page(&app, shell, None, typed, faults).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// Ends an exemption or a carve-out, and leads to what then holds for its network.
pub async fn end(State(app): State<App>, me: SignedIn, Path(id): Path<i64>) -> Result<Redirect> {
    let exemption = exemptions::find(app.desk.db.pool(), Id(id)).await?;
    app.desk.end_exemption(&me.staff, Id(id)).await?;
    let net = exemption.map(|e| e.net.to_string()).unwrap_or_default();
    Ok(Redirect::to(&address("/staff/blocks", &[("q", &net)])))
}

/// Puts the page together.
async fn page(app: &App, shell: Shell, before: Option<Id>, typed: Typed, faults: Faults) -> Result<ExemptionsPage> {
    let most = i64::try_from(PAGE).unwrap_or(100);
    let mut list = exemptions::page(app.desk.db.pool(), before, most + 1).await?;
    let more = list.len() > PAGE;
    list.truncate(PAGE);
    let next = list.last().filter(|_| more).map(|last| address(PATH, &[("before", &last.id.to_string())]));
    Ok(ExemptionsPage { shell, list, next, typed, faults })
}

impl ExemptionsPage {
    /// Whether an exemption is in force.
    fn is_running(&self, exemption: &Exemption) -> bool {
        exemption.ended_at.is_none() && exemption.until.is_none_or(|end| self.shell.now < end)
    }

    /// Its note, made showable.
    fn note(exemption: &Exemption) -> String {
        visible(&exemption.note)
    }
}
