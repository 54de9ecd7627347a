//! Whether the portal lives, and whether it can serve.

use axum::extract::State;
use axum::http::StatusCode;

use crate::app::App;

/// The process lives.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// The database answers and the block list is complete.
pub async fn ready(State(app): State<App>) -> (StatusCode, String) {
    let database = app.desk.db.answers().await;
    let list = app.desk.blocklist.reached();
    let status = if database && list.is_some() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let said = |good: bool| if good { "ok" } else { "away" };
    let n = list.map_or_else(|| format!("loading, {} so far", app.desk.blocklist.loaded()), |n| n.to_string());
    (status, format!("database {}\nblock list {n}\n", said(database)))
}
