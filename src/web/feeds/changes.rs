//! What changed since a number, as JSON lines.

use axum::response::{IntoResponse, Response};

use super::list::describe;
use super::place;
use super::sending::{self, Broken, Gone, Piece, Sender};
use crate::app::App;
use crate::blocklist::formats::feed::Feed;
use crate::desk::changes::Delta;
use crate::desk::gateways::Fetcher;
use crate::locale::Sentence;
use crate::store::changes::Position;
use crate::web::error::{Error, Result};

/// Answers with the changes after number `since`, or with 410 when they cannot be told.
pub(super) async fn since(
    app: App,
    fetcher: Fetcher,
    feed: Feed,
    since: i64,
    epoch: Option<String>,
) -> Result<Response> {
    if feed != Feed::JsonLines {
        return Err(Error::Invalid(Sentence::new("invalid-since")));
    }
    let place = place(&app.feeds.lists)?;
    let first = app.desk.changes_after(since).await?;
    let Some(first) = first.filter(|delta| epoch.is_none_or(|epoch| epoch == delta.position.epoch)) else {
        return Err(Error::Gone);
    };
    let position = first.position.clone();
    let (sender, pieces) = sending::channel::<Piece>();
    let mut response = sending::body(pieces).into_response();
    describe(feed, &position, response.headers_mut());
    tokio::spawn(async move {
        if hand_over(&app, first, &position, &sender).await.is_ok() {
            app.desk.fetched(&fetcher, feed.as_str(), &position);
        }
        drop(place);
    });
    Ok(response)
}

/// Hands over the changes up to the position that was promised.
async fn hand_over(
    app: &App,
    mut delta: Delta,
    position: &Position,
    sender: &Sender<Piece>,
) -> std::result::Result<(), Gone> {
    loop {
        let text: String = delta.lines.iter().flat_map(|line| [line.json(), "\n".to_owned()]).collect();
        if !text.is_empty() {
            sender.send(Ok(text.into())).await?;
        }
        if delta.upto >= position.n {
            return Ok(());
        }
        match app.desk.changes_after(delta.upto).await {
            Ok(Some(next)) if next.position.epoch == position.epoch => delta = next,
            _ => {
                let _ = sender.send(Err(Broken)).await;
                return Err(Gone);
            }
        }
    }
}
