//! Whole lists.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::fresh::{MAX_AGE, Mark};
use super::sending::{self, Broken, Piece, Sender};
use super::{Reader, changes, place};
use crate::app::App;
use crate::blocklist::formats::cut::Holes;
use crate::blocklist::formats::feed::{Feed, Writer};
use crate::blocklist::index::Part;
use crate::blocklist::{Place, Replaced, Standing};
use crate::desk::gateways::Fetcher;
use crate::domain::time::{SECOND, Time};
use crate::store::changes::Position;
use crate::web::error::{Error, Result};
use crate::web::extract::{Path, Query};

/// What is asked of a feed.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    /// Only what changed after this number.
    since: Option<i64>,
    /// The log that the number is of.
    epoch: Option<String>,
}

/// One list that is being handed out.
#[derive(Debug)]
struct Handing {
    /// The portal.
    app: App,
    /// To whom.
    fetcher: Fetcher,
    /// How it is written.
    feed: Feed,
    /// What it stands for.
    standing: Standing,
    /// When it is judged: a whole second, so that its tag names it exactly.
    at: Time,
}

/// Answers with a whole list, with what changed, or with the word that nothing did.
pub(super) async fn show(
    State(app): State<App>,
    Reader(fetcher): Reader,
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
    request: Request,
) -> Result<Response> {
    let feed: Feed = name.parse().map_err(|_| Error::NotFound)?;
    if let Some(since) = asked.since {
        return changes::since(app, fetcher, feed, since, asked.epoch).await;
    }
    let now = app.desk.now();
    let at = Time(now.0.div_euclid(SECOND) * SECOND);
    let standing = app.desk.blocklist.standing(at).ok_or(Error::Unavailable)?;
    let mark = Mark::of(&standing, now);
    let mut response = if mark.is_known_to(request.headers()) {
        app.desk.fetched(&fetcher, feed.as_str(), &standing.position);
        StatusCode::NOT_MODIFIED.into_response()
    } else if request.method() == Method::HEAD {
        StatusCode::OK.into_response()
    } else {
        hand_out(Handing { app, fetcher, feed, standing: standing.clone(), at })?
    };
    mark.write(now, response.headers_mut());
    describe(feed, &standing.position, response.headers_mut());
    Ok(response)
}

/// Says what the answer is, and of which state of the list.
pub(super) fn describe(feed: Feed, position: &Position, headers: &mut HeaderMap) {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(feed.media_type()));
    let cache = format!("private, max-age={MAX_AGE}, must-revalidate");
    let described = [
        (CACHE_CONTROL, cache),
        (HeaderName::from_static("postern-epoch"), position.epoch.clone()),
        (HeaderName::from_static("postern-number"), position.n.to_string()),
    ];
    for (name, value) in described {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
}

/// Begins to hand out a list.
fn hand_out(handing: Handing) -> Result<Response> {
    let place = place(&handing.app.feeds.lists)?;
    let (sender, pieces) = sending::channel::<Piece>();
    tokio::spawn(async move {
        if let Err(Replaced) = handing.run(&sender).await {
            let _ = sender.send(Err(Broken)).await;
        }
        drop(place);
    });
    Ok(sending::body(pieces).into_response())
}

impl Handing {
    /// Hands out the list; who stays to the end has fetched it.
    async fn run(&self, sender: &Sender<Piece>) -> std::result::Result<(), Replaced> {
        let desk = &self.app.desk;
        let holes = self.holes()?;
        let (config, content) = (Arc::clone(&desk.config), Arc::clone(&desk.content));
        let mut writer = Writer {
            feed: self.feed,
            portal: &config.http.public_url,
            causes: &content.causes,
            holes: &holes,
            at: self.at,
            first: true,
        };
        let parts = match self.feed {
            Feed::JsonLines => &[Part::Exemptions, Part::Probations, Part::Tokens, Part::Blocks][..],
            _ => &[Part::Blocks],
        };
        let position = &self.standing.position;
        let mut text = self.feed.head(&position.epoch, position.n);
        for part in parts {
            let mut place = Place::default();
            loop {
                let page = desk.blocklist.page(&self.standing, *part, &mut place)?;
                if page.is_empty() {
                    break;
                }
                writer.write(page, &mut text);
                if !text.is_empty() && sender.send(Ok(std::mem::take(&mut text).into())).await.is_err() {
                    return Ok(());
                }
            }
        }
        text.push_str(self.feed.foot());
        if text.is_empty() || sender.send(Ok(text.into())).await.is_ok() {
            desk.fetched(&self.fetcher, self.feed.as_str(), position);
        }
        Ok(())
    }

    /// What is cut out of this list; nothing where exemptions stand in it themselves.
    fn holes(&self) -> std::result::Result<Holes, Replaced> {
        let mut items = Vec::new();
        for part in [Part::Exemptions, Part::Probations].into_iter().filter(|_| self.feed != Feed::JsonLines) {
            let mut place = Place::default();
            loop {
                let page = self.app.desk.blocklist.page(&self.standing, part, &mut place)?;
                if page.is_empty() {
                    break;
                }
                items.extend(page);
            }
        }
        Ok(Holes::of(items.into_iter(), self.at))
    }
}
