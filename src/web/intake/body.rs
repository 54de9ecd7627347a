//! The body of a form as it comes in: part after part, piece after piece, never whole in memory.
//!
//! `multipart/form-data` (RFC 7578) is what browsers send; `application/x-www-form-urlencoded` works too, for scripts.
//! A body beyond the limit is read on and thrown away for a while, because a browser shows an answer only once it has
//! sent its form.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::body::{Body, BodyDataStream, Bytes};
use axum::extract::multipart::{Field, Multipart};
use axum::extract::{FromRequest as _, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::pairs::{Pair, Pairs};
use crate::locale::Sentence;
use crate::web::REQUEST_MOST;
use crate::web::error::{Error, Result};

/// How much of a body beyond the limit is read and thrown away.
const DRAIN_MOST: usize = 4 * REQUEST_MOST;

/// How much may come in without any of it being a part or a piece of one: more is no form, but an attempt to fill the memory.
const IDLE_MOST: usize = 1024 * 1024;

/// What is counted while a body comes in.
#[derive(Debug, Default)]
pub(super) struct Meter {
    /// Whether it went beyond the limit.
    exceeded: AtomicBool,
    /// How much came since the last part or piece was taken out of it.
    idle: AtomicUsize,
}

/// The parts of a form.
pub(super) struct Parts {
    /// How they are separated.
    kind: Kind,
    /// What is counted.
    meter: Arc<Meter>,
}

/// How the parts of a form are separated.
enum Kind {
    /// By a boundary.
    Multipart(Multipart),
    /// By ampersands.
    Pairs(Pairs),
}

/// One part.
pub(super) enum Part<'a> {
    /// Of a multipart body.
    Field(Box<Field<'a>>, Arc<Meter>),
    /// Of a urlencoded body.
    Pair(Pair<'a>, Arc<Meter>),
}

impl Parts {
    /// Begins to read the form of a request.
    ///
    /// # Errors
    /// `TooLarge` at once for a client that asks before it sends too much; `Invalid` when it is no form.
    pub(super) async fn of(request: Request) -> Result<Self> {
        let (parts, body) = request.into_parts();
        let header = |name| parts.headers.get(name).and_then(|v: &axum::http::HeaderValue| v.to_str().ok());
        let announced = header(CONTENT_LENGTH).and_then(|v| v.parse::<usize>().ok()).unwrap_or(0);
        if announced > REQUEST_MOST && parts.headers.contains_key(EXPECT) {
            return Err(Error::TooLarge);
        }
        let multipart = header(CONTENT_TYPE).is_some_and(|t| t.to_ascii_lowercase().starts_with("multipart/"));
        let pairs = header(CONTENT_TYPE)
            .is_some_and(|t| t.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded"));
        let meter = Arc::new(Meter::default());
        let body = bounded(body, Arc::clone(&meter));
        let kind = if multipart {
            let request = Request::from_parts(parts, body);
            Kind::Multipart(Multipart::from_request(request, &()).await.map_err(|_| no_form())?)
        } else if pairs {
            Kind::Pairs(Pairs::new(body.into_data_stream()))
        } else {
            return Err(no_form());
        };
        Ok(Self { kind, meter })
    }

    /// The next part; what is left of the one before is skipped.
    pub(super) async fn next(&mut self) -> Result<Option<Part<'_>>> {
        let meter = &self.meter;
        meter.idle.store(0, Ordering::Relaxed);
        match &mut self.kind {
            Kind::Multipart(multipart) => {
                let field = multipart.next_field().await.map_err(|_| meter.error())?;
                Ok(field.map(|field| Part::Field(Box::new(field), Arc::clone(meter))))
            }
            Kind::Pairs(pairs) => {
                let pair = pairs.next().await.map_err(|_| meter.error())?;
                Ok(pair.map(|pair| Part::Pair(pair, Arc::clone(meter))))
            }
        }
    }

    /// What a part that broke off means.
    pub(super) fn error(&self) -> Error {
        self.meter.error()
    }
}

impl Meter {
    /// What it means that the body cannot be read on.
    fn error(&self) -> Error {
        if self.exceeded.load(Ordering::Relaxed) { Error::TooLarge } else { no_form() }
    }
}

impl Part<'_> {
    /// The name of its field.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Field(field, _) => field.name().unwrap_or_default(),
            Self::Pair(pair, _) => pair.name(),
        }
    }

    /// The name of its file, if it is one.
    pub(super) fn file_name(&self) -> Option<&str> {
        match self {
            Self::Field(field, _) => field.file_name(),
            Self::Pair(..) => None,
        }
    }

    /// The next bytes of its value.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>> {
        let (Self::Field(_, meter) | Self::Pair(_, meter)) = &*self;
        let meter = Arc::clone(meter);
        meter.idle.store(0, Ordering::Relaxed);
        match self {
            Self::Field(field, _) => field.chunk().await.map_err(|_| meter.error()),
            Self::Pair(pair, _) => pair.chunk().await.map_err(|_| meter.error()),
        }
    }

    /// Reads the rest of its value and throws it away.
    pub(super) async fn skip(&mut self) -> Result<()> {
        while self.chunk().await?.is_some() {}
        Ok(())
    }
}

/// What is sent is no form, or it broke off.
fn no_form() -> Error {
    Error::Invalid(Sentence::new("invalid-form"))
}

/// The body up to the limit. It pauses after each piece, so that the multipart reader, which takes all that is ready
/// before it looks at any of it, never holds more than a piece.
fn bounded(body: Body, meter: Arc<Meter>) -> Body {
    let state = (body.into_data_stream(), 0_usize, meter);
    let begun = Instant::now();
    Body::from_stream(stream::try_unfold(state, move |(mut data, so_far, meter)| async move {
        if so_far > 0 {
            tokio::task::yield_now().await;
        }
        let patience = PATIENCE.min(time_for(so_far).saturating_sub(begun.elapsed()));
        let next = tokio::time::timeout(patience, data.try_next()).await.map_err(std::io::Error::other)?;
        let Some(bytes) = next.map_err(std::io::Error::other)? else { return Ok(None) };
        let so_far = so_far + bytes.len();
        if so_far > REQUEST_MOST {
            meter.exceeded.store(true, Ordering::Relaxed);
            drain(&mut data, so_far).await;
            return Err(std::io::Error::other("too large"));
        }
        if meter.idle.fetch_add(bytes.len(), Ordering::Relaxed) > IDLE_MOST {
            return Err(std::io::Error::other("no form"));
        }
        Ok(Some((bytes, (data, so_far, meter))))
    }))
}

/// How long the next piece of a body may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long any body may take; one that is longer gets more time, so that only who trickles is cut off.
const BODY_TIME: Duration = Duration::from_mins(1);

/// The slowest line that a long body may come over, in bytes a second.
const SLOWEST: usize = 4 * 1024;

/// The time in which so much of a body must have come.
fn time_for(so_far: usize) -> Duration {
    BODY_TIME + Duration::from_secs(u64::try_from(so_far / SLOWEST).unwrap_or(u64::MAX))
}

/// Throws the rest of a body away, up to a bound.
async fn drain(data: &mut BodyDataStream, mut so_far: usize) {
    while so_far < DRAIN_MOST {
        match tokio::time::timeout(PATIENCE, data.next()).await.ok().flatten() {
            Some(Ok(bytes)) => so_far += bytes.len(),
            _ => return,
        }
    }
}
