//! What edges need beside the list, and what they report.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::{Reader, Reporter};
use crate::app::App;
use crate::blocklist::item::Report;
use crate::domain::ticket::visible;
use crate::locale::Sentence;
use crate::web::error::{Error, Result};

/// Tells how this portal answers: the causes, the address of case links, the recipients that are always reached.
pub(super) async fn setup(State(app): State<App>, _: Reader) -> Response {
    Json(app.desk.edge_setup()).into_response()
}

/// Takes what an edge says of itself.
pub(super) async fn report(State(app): State<App>, Reporter(fetcher): Reporter, body: Bytes) -> Result<StatusCode> {
    let report: Report = serde_json::from_slice(&body)
        .map_err(|error| Error::Invalid(Sentence::new("invalid-json").with("what", visible(&error.to_string()))))?;
    app.desk.reported(&fetcher, &report).await?;
    Ok(StatusCode::NO_CONTENT)
}
