//! The lists that came in and the bulk lifts, and the way back.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use super::bulk;
use super::view::{line, mendable};
use crate::app::App;
use crate::domain::id::Id;
use crate::domain::ticket::visible;
use crate::store::bulks::{self, Bulk};
use crate::store::imports::{self, Past};
use crate::web::error::Result;
use crate::web::extract::Path;
use crate::web::form::Faults;
use crate::web::session::SignedIn;
use crate::web::shell::Shell;

/// How many imports are listed.
const MOST: i64 = 100;

/// The path of the list.
const PATH: &str = "/staff/imports";

/// The page.
#[derive(Template, WebTemplate)]
#[template(path = "staff/imports.html")]
struct ImportsPage {
    /// What all pages share.
    shell: Shell,
    /// The imports, each with whether who is signed in may take it back.
    list: Vec<Row>,
    /// The bulk lifts.
    lifts: Vec<Bulk>,
    /// Why one was not taken back.
    faults: Faults,
}

/// One import.
struct Row {
    /// What is known of it.
    past: Past,
    /// Whether who is signed in may take it back.
    may_undo: bool,
}

/// Shows the last imports.
pub async fn show(State(app): State<App>, shell: Shell, _: SignedIn) -> Result<Response> {
    Ok(page(&app, shell, Faults::default()).await?.into_response())
}

/// Takes one back.
pub async fn undo(State(app): State<App>, shell: Shell, me: SignedIn, Path(id): Path<i64>) -> Result<Response> {
    match app.desk.undo_import_by(&me.staff, Id(id)).await {
        Ok(_) => Ok(Redirect::to(PATH).into_response()),
        Err(refusal) => {
            let faults = Faults::one("imports", mendable(&shell, refusal)?);
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&app, shell, faults).await?).into_response())
        }
    }
}

/// Puts the page together.
async fn page(app: &App, shell: Shell, faults: Faults) -> Result<ImportsPage> {
    let mut seen = Vec::new();
    let mut list = Vec::new();
    for past in imports::list(app.desk.db.pool(), MOST).await? {
        let stands = past.undone_at.is_none() && past.undo_of.is_none();
        let may_undo = stands && !seen.contains(&past.source) && shell.may_exempt();
        if stands {
            seen.push(past.source.clone());
        }
        list.push(Row { past, may_undo });
    }
    let lifts = bulks::list(app.desk.db.pool(), MOST).await?;
    Ok(ImportsPage { shell, list, lifts, faults })
}

impl ImportsPage {
    /// The name of the file, made showable.
    fn file(past: &Past) -> String {
        visible(&past.file_name)
    }

    /// Which blocks a bulk lift means.
    fn meant(&self, bulk: &Bulk) -> String {
        bulk::meant(&self.shell, &bulk.filter)
    }

    /// Why many blocks were lifted, on one line.
    fn reason(bulk: &Bulk) -> String {
        line(&bulk.reason, 120)
    }

    /// How far a bulk lift is.
    fn standing(&self, bulk: &Bulk) -> String {
        bulk::standing(&self.shell, bulk)
    }
}
