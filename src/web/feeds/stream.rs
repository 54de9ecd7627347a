//! The changes of the list as they happen (server-sent events).
//!
//! The id of an event is the number of its change; who comes back with `Last-Event-ID` goes on behind it. The first event
//! is `epoch`: it names the log, and says by `reload` that the whole list has to be fetched, because the number is not
//! known, or not any more. A `heartbeat` tells number, digest and clock.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::HeaderName;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::Stream;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::OwnedSemaphorePermit;

use super::sending::{self, Gone, Sender};
use super::{Reader, place};
use crate::app::App;
use crate::desk::changes::Delta;
use crate::desk::gateways::Fetcher;
use crate::store::api_tokens;
use crate::store::changes::Position;
use crate::web::error::{Error, Result};
use crate::web::extract::Query;

/// How often a stream without news says that it lives.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// How long a stream lasts; then its reader comes back for more, before the server ends the connection.
const LIFE: Duration = Duration::from_mins(10);

/// How many heartbeats pass until it is looked whether the token is still good.
const LOOK_AFTER: u32 = 12;

/// Where a stream begins.
#[derive(Debug, Deserialize)]
pub(super) struct From {
    /// As `Last-Event-ID`, for clients that cannot set headers.
    since: Option<i64>,
    /// The log that the number is of.
    epoch: Option<String>,
}

/// One stream.
struct Streaming {
    /// The portal.
    app: App,
    /// Who reads.
    fetcher: Fetcher,
    /// The number that was told last, and its log.
    at: Position,
    /// Where events go.
    sender: Sender<Event>,
    /// Its place.
    _place: OwnedSemaphorePermit,
}

/// Tells changes until the reader goes.
pub(super) async fn show(
    State(app): State<App>,
    Reader(fetcher): Reader,
    Query(from): Query<From>,
    headers: HeaderMap,
) -> Result<Response> {
    let place = place(&app.feeds.streams)?;
    let there = app.desk.blocklist.standing(app.desk.now()).ok_or(Error::Unavailable)?.position;
    let id = headers.get(HeaderName::from_static("last-event-id")).and_then(|value| value.to_str().ok()?.parse().ok());
    let since: Option<i64> = id.or(from.since);
    let same_log = from.epoch.is_none_or(|epoch| epoch == there.epoch);
    let (sender, events) = sending::channel::<Event>();
    let at = Position { n: since.unwrap_or(there.n), epoch: there.epoch };
    let streaming = Streaming { app, fetcher, at, sender, _place: place };
    tokio::spawn(streaming.run(since.is_some() && same_log));
    Ok(events_of(events).into_response())
}

/// The answer that these events make.
fn events_of(
    events: impl Stream<Item = Event> + Send + 'static,
) -> Sse<impl Stream<Item = std::result::Result<Event, Infallible>>> {
    Sse::new(sending::sound(events))
}

impl Streaming {
    /// Tells changes until the reader goes, is too slow, or the portal stops.
    async fn run(mut self, resumes: bool) {
        let closing = self.app.closing.clone();
        tokio::select! {
            () = closing.cancelled() => {}
            () = tokio::time::sleep(LIFE) => {}
            _ = self.tell(resumes) => {}
        }
    }

    /// Tells where the stream stands, then what changes.
    async fn tell(&mut self, resumes: bool) -> std::result::Result<(), Gone> {
        let mut woken = self.app.desk.blocklist.subscribe();
        if resumes {
            self.epoch(false).await?;
        } else {
            self.restart().await?;
        }
        let mut beats = 0;
        loop {
            self.news().await?;
            let closed = self.sender.closed();
            tokio::select! {
                () = closed => return Err(Gone),
                _ = woken.changed() => {}
                () = tokio::time::sleep(HEARTBEAT) => {
                    beats += 1;
                    if beats % LOOK_AFTER == 0 && !self.is_welcome().await {
                        return Err(Gone);
                    }
                    self.heartbeat().await?;
                }
            }
        }
    }

    /// Tells all that changed since the last number.
    async fn news(&mut self) -> std::result::Result<(), Gone> {
        loop {
            let Some(standing) = self.app.desk.blocklist.standing(self.app.desk.now()) else { return Ok(()) };
            if standing.position == self.at {
                return Ok(());
            }
            if standing.position.epoch != self.at.epoch || standing.position.n < self.at.n {
                return self.restart().await;
            }
            match self.app.desk.shared_changes_after(&self.at).await {
                Ok(Some(delta)) => {
                    self.changes(&delta).await?;
                    self.at.n = delta.upto;
                }
                Ok(None) => return self.restart().await,
                // The database is away: the next change or heartbeat tries again.
                Err(_) => return Ok(()),
            }
        }
    }

    /// Tells these changes. Only the last line of a number carries it as id: who is cut off in the middle of an import
    /// comes back for all of it.
    async fn changes(&self, delta: &Delta) -> std::result::Result<(), Gone> {
        let numbers = delta.lines.iter().map(|line| line.n);
        for (line, next) in delta.lines.iter().zip(numbers.skip(1).chain([None])) {
            let id = line.n.filter(|_| line.n != next);
            self.event(line.event.as_str(), id, &line.json()).await?;
        }
        if delta.lines.last().is_none_or(|line| line.n != Some(delta.upto)) {
            let data = json!({ "number": delta.upto });
            self.event("reached", Some(delta.upto), &data.to_string()).await?;
        }
        Ok(())
    }

    /// Sends one event.
    async fn event(&self, name: &str, id: Option<i64>, data: &str) -> std::result::Result<(), Gone> {
        let event = Event::default().event(name).data(data);
        self.sender
            .send(match id {
                Some(id) => event.id(id.to_string()),
                None => event,
            })
            .await
    }

    /// Goes on from the present number: the reader has to fetch the list.
    async fn restart(&mut self) -> std::result::Result<(), Gone> {
        if let Some(standing) = self.app.desk.blocklist.standing(self.app.desk.now()) {
            self.at = standing.position;
        }
        self.epoch(true).await
    }

    /// Tells which log this is, and whether the list has to be fetched.
    async fn epoch(&self, reload: bool) -> std::result::Result<(), Gone> {
        let data = json!({ "epoch": self.at.epoch, "number": self.at.n, "reload": reload });
        self.event("epoch", None, &data.to_string()).await
    }

    /// Tells number, digest and clock; the digest only when all changes up to it were told.
    async fn heartbeat(&mut self) -> std::result::Result<(), Gone> {
        let now = self.app.desk.now();
        let Some((position, digest)) = self.app.desk.blocklist.digest(now) else { return Ok(()) };
        let digest = Some(digest).filter(|_| position == self.at);
        self.app.desk.fetched(&self.fetcher, "changes", &self.at);
        let data = json!({ "number": self.at.n, "digest": digest, "now": now });
        self.event("heartbeat", None, &data.to_string()).await
    }

    /// Whether the token of the reader was not taken back; yes when the database does not say.
    async fn is_welcome(&self) -> bool {
        let found = api_tokens::is_live(self.app.desk.db.pool(), self.fetcher.token.id).await;
        found.unwrap_or(true)
    }
}
