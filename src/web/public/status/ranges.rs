//! The page of a proven range: requests for many of its addresses at once, and how each stands.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::{Link, find, unlisted};
use crate::app::App;
use crate::desk::Desk;
use crate::domain::filing::{self, BYTES_MOST};
use crate::domain::proof::Proof;
use crate::domain::ticket::{Ticket, status_path};
use crate::domain::time::{HOUR, Time};
use crate::web::client::Client;
use crate::web::error::{Error, Result};
use crate::web::extract::{Path, Query};
use crate::web::form::Faults;
use crate::web::guard;
use crate::web::intake;
use crate::web::ranging::{self, Told};
use crate::web::shell::Shell;

/// How many lists a visitor may send in an hour.
const LISTS_MOST: i64 = 60;

/// The page.
#[derive(Template, WebTemplate)]
#[template(path = "public/range.html")]
struct Page {
    /// What all pages share.
    shell: Shell,
    /// The request by which the range was proven.
    ticket: Ticket,
    /// The proof.
    proof: Proof,
    /// The path of this page.
    path: String,
    /// The page of the request.
    back: String,
    /// What programs send along.
    token: String,
    /// Until when requests can be filed.
    until: Option<Time>,
    /// What was typed.
    list: String,
    /// What is wrong with it.
    faults: Faults,
    /// What came of the list that was sent.
    answers: Vec<Told>,
    /// All that was filed.
    filed: Vec<Told>,
}

impl Page {
    /// Whether requests can be filed.
    fn is_open(&self) -> bool {
        self.proof.opens_more(self.shell.now)
    }

    /// How much a list may be.
    fn bounds(&self) -> String {
        ranging::bounds(&self.shell)
    }

    /// The command that does the same.
    fn command(&self) -> String {
        let url = &self.shell.public_url;
        format!(
            "curl -H 'Authorization: Bearer {}' -H 'Content-Type: text/csv' --data-binary @addresses.csv {url}/api/v1/ranges/requests",
            self.token
        )
    }
}

/// The ticket and its proof of a range.
async fn range(app: &App, code: &str, id: &str, link: &Link) -> Result<(Ticket, Proof)> {
    let ticket = find(app, code, &link.key).await?;
    let proof = app.desk.proof_of(&ticket, id.parse().map_err(|_| Error::NotFound)?).await?;
    let is_met = proof.is_range() && proof.met_at.is_some();
    if is_met { Ok((ticket, proof)) } else { Err(Error::NotFound) }
}

/// Puts the page together.
async fn page(app: &App, shell: Shell, (ticket, proof): (Ticket, Proof), link: &Link) -> Result<Page> {
    let path = format!("/requests/{}/proofs/{}?key={}", ticket.code, proof.id, link.key);
    Ok(Page {
        back: status_path(&ticket.code, &link.key),
        token: app.desk.range_token(proof.id).reveal().to_owned(),
        until: Desk::range_until(&proof),
        filed: ranging::told(app, proof.id).await?,
        shell,
        ticket,
        proof,
        path,
        list: String::new(),
        faults: Faults::default(),
        answers: Vec::new(),
    })
}

/// Shows the page.
pub async fn show(
    State(app): State<App>,
    Path((code, id)): Path<(String, String)>,
    Query(link): Query<Link>,
    shell: Shell,
) -> Result<Response> {
    let found = range(&app, &code, &id, &link).await?;
    Ok(unlisted(page(&app, shell, found, &link).await?.into_response()))
}

/// Takes a list and answers for each address.
pub async fn submit(
    State(app): State<App>,
    Client(client): Client,
    Path((code, id)): Path<(String, String)>,
    Query(link): Query<Link>,
    shell: Shell,
    request: Request,
) -> Result<Response> {
    let (ticket, proof) = range(&app, &code, &id, &link).await?;
    guard::count(&app, "range", client, HOUR, LISTS_MOST).await?;
    let sent = intake::whole(request, &["list", "file"], BYTES_MOST).await?;
    let list = String::from_utf8_lossy(&sent).into_owned();
    match filing::read_csv(list.as_bytes(), proof.net) {
        Ok(rows) => {
            let answers = ranging::file(&app, &ticket, &proof, &rows, client).await?;
            let page = Page { answers, ..page(&app, shell, (ticket, proof), &link).await? };
            Ok(unlisted(page.into_response()))
        }
        Err(wrong) => {
            let mut faults = Faults::default();
            for (n, what) in &wrong {
                faults.add("list", ranging::fault_text(&shell, *n, what, &proof));
            }
            let page = Page { list, faults, ..page(&app, shell, (ticket, proof), &link).await? };
            Ok(unlisted((StatusCode::UNPROCESSABLE_ENTITY, page).into_response()))
        }
    }
}
