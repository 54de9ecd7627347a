//! Requests for addresses of a proven range, for the programs of its operator. The token stands on the page of the range.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequestParts, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::app::App;
use crate::domain::filing::{self, BYTES_MOST};
use crate::domain::proof::Proof;
use crate::domain::ticket::Ticket;
use crate::domain::time::{HOUR, MINUTE, Time};
use crate::locale::{FALLBACK, texts};
use crate::web::client::Client;
use crate::web::error::{Error, Result};
use crate::web::{guard, ranging};

/// The largest list.
pub(super) const MOST: usize = BYTES_MOST;

/// How many lists a visitor may send in an hour.
const LISTS_MOST: i64 = 60;

/// How often a visitor may ask in a minute.
const TRIES_MOST: i64 = 60;

/// Whoever showed control over a range.
#[derive(Debug)]
pub(super) struct Operator(Ticket, Proof);

impl FromRequestParts<App> for Operator {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let Ok(Client(client)) = Client::from_request_parts(parts, app).await;
        guard::count(app, "range-token", client, MINUTE, TRIES_MOST).await?;
        let found = app.desk.range_of(super::bearer(parts)?).await.map_err(|refusal| match Error::from(refusal) {
            Error::NotFound => Error::NoToken,
            other => other,
        })?;
        Ok(Self(found.0, found.1))
    }
}

/// Files requests for the addresses of a list, CSV or JSON; answers for each.
pub(super) async fn file(
    State(app): State<App>,
    Operator(ticket, proof): Operator,
    Client(client): Client,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response> {
    guard::count(&app, "range", client, HOUR, LISTS_MOST).await?;
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_json = kind.starts_with("application/json");
    let read = if is_json { filing::read_json(&body, proof.net) } else { filing::read_csv(&body, proof.net) };
    match read {
        Ok(rows) => {
            let results = ranging::file(&app, &ticket, &proof, &rows, client).await?;
            Ok(Json(json!({ "range": proof.net, "results": results })).into_response())
        }
        Err(wrong) => {
            let texts = texts(FALLBACK);
            let say = |what| texts.say(&ranging::fault(what, &proof));
            let errors: Vec<_> = wrong.iter().map(|(line, what)| json!({ "line": line, "error": say(what) })).collect();
            let body = json!({ "error": "invalid", "detail": texts.t("range-refused"), "errors": errors });
            Ok((StatusCode::UNPROCESSABLE_ENTITY, Json(body)).into_response())
        }
    }
}

/// Tells of all requests that were filed for the range, and how they stand.
pub(super) async fn list(State(app): State<App>, Operator(_, proof): Operator) -> Result<Response> {
    let results = ranging::told(&app, proof.id).await?;
    let until = crate::desk::Desk::range_until(&proof).map(Time::rfc3339);
    Ok(Json(json!({ "range": proof.net, "until": until, "results": results })).into_response())
}
