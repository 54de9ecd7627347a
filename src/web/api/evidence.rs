//! Evidence, for programs: what the reader understands of it. Nothing is stored.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::Reader;
use crate::app::App;
use crate::web::error::Result;

/// The largest text that is read in one piece.
pub(super) const MOST: usize = 8 * 1024 * 1024;

/// Reads a log, bounce, header or message sent as the body; answers with the findings.
pub(super) async fn read(State(app): State<App>, _: Reader, body: Bytes) -> Result<Response> {
    Ok(Json(app.desk.read_unstored(body.to_vec()).await?).into_response())
}
