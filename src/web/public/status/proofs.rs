//! What a sender does on the status page to show control over an address.

use axum::extract::State;
use axum::response::Redirect;
use serde::Deserialize;

use super::{Link, find};
use crate::app::App;
use crate::domain::id::Id;
use crate::domain::net::{Net, parse_addr};
use crate::domain::ticket::status_path;
use crate::domain::time::{HOUR, MINUTE};
use crate::web::client::Client;
use crate::web::error::{Error, Result};
use crate::web::extract::{Form, Path, Query};
use crate::web::{guard, say};

/// How often a visitor may have a record looked for in a minute, and a link mailed in an hour.
const TRIES_MOST: i64 = 10;

/// The address or range that a proof is begun for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Begin {
    /// As text.
    addr: String,
}

/// The mailbox that a link goes to.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct To {
    /// `postmaster` or `abuse`.
    mailbox: String,
}

/// The proof by which a network is watched.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Watched {
    /// Its key.
    proof: String,
}

/// The proofs on the status page.
fn back(code: &str, link: &Link) -> Redirect {
    Redirect::to(&format!("{}#proof", status_path(code, &link.key)))
}

/// Begins a proof.
pub async fn begin(
    State(app): State<App>,
    Path(code): Path<String>,
    Query(link): Query<Link>,
    Form(form): Form<Begin>,
) -> Result<Redirect> {
    let ticket = find(&app, &code, &link.key).await?;
    let is_range = form.addr.contains('/');
    let net = if is_range { Net::parse(&form.addr) } else { parse_addr(&form.addr).map(Net::single) };
    app.desk.begin_proof(&ticket, net.map_err(|bad| Error::Invalid(say::why_no_net(&bad)))?).await?;
    Ok(back(&ticket.code, &link))
}

/// Looks for the record at once.
pub async fn look(
    State(app): State<App>,
    Client(client): Client,
    Path((code, id)): Path<(String, String)>,
    Query(link): Query<Link>,
) -> Result<Redirect> {
    let ticket = find(&app, &code, &link.key).await?;
    guard::count(&app, "record", client, MINUTE, TRIES_MOST).await?;
    let proof = app.desk.proof_of(&ticket, key(&id)?).await?;
    app.desk.look_for_record(&proof).await?;
    Ok(back(&ticket.code, &link))
}

/// Mails a link.
pub async fn mail(
    State(app): State<App>,
    Client(client): Client,
    Path((code, id)): Path<(String, String)>,
    Query(link): Query<Link>,
    Form(form): Form<To>,
) -> Result<Redirect> {
    let ticket = find(&app, &code, &link.key).await?;
    guard::count(&app, "proof-mail", client, HOUR, TRIES_MOST).await?;
    let proof = app.desk.proof_of(&ticket, key(&id)?).await?;
    app.desk.mail_proof_link(&ticket, &proof, &form.mailbox).await?;
    Ok(back(&ticket.code, &link))
}

/// Asks for a watch of what was proven.
pub async fn watch(
    State(app): State<App>,
    Client(client): Client,
    Path(code): Path<String>,
    Query(link): Query<Link>,
    Form(form): Form<Watched>,
) -> Result<Redirect> {
    let ticket = find(&app, &code, &link.key).await?;
    guard::count(&app, "watch-mail", client, HOUR, TRIES_MOST).await?;
    let proof = app.desk.proof_of(&ticket, key(&form.proof)?).await?;
    app.desk.ask_to_watch(&ticket, &proof).await?;
    Ok(Redirect::to(&format!("{}#watch", status_path(&ticket.code, &link.key))))
}

/// The key of a proof.
fn key(id: &str) -> Result<Id> {
    id.parse().map_err(|_| Error::NotFound)
}
