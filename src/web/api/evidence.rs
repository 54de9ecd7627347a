//! Evidence, for programs: what the reader understands of it. Nothing is stored.

use anyhow::Context as _;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::Reader;
use crate::app::App;
use crate::evidence::{self, mask};
use crate::web::error::Result;

/// Reads a log, bounce, header or message sent as the body; answers with the findings.
pub(super) async fn read(State(app): State<App>, _: Reader, body: Bytes) -> Result<Response> {
    let context = app.desk.reading_context("");
    let read = move || {
        let mut bytes = body.to_vec();
        mask::secrets(&mut bytes);
        evidence::read(&bytes, &context)
    };
    let findings = tokio::task::spawn_blocking(read).await.context("reading evidence")?;
    Ok(Json(findings).into_response())
}
