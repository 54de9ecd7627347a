//! Blocks, for detectors and scripts.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::{Reader, Writer};
use crate::app::App;
use crate::domain::block::{Block, Lasts, NewBlock, case_path};
use crate::domain::net::{Net, parse_addr};
use crate::domain::ticket::{Who, visible};
use crate::domain::time::Time;
use crate::locale::Sentence;
use crate::store::blocks;
use crate::web::error::{Error, Result};
use crate::web::extract::Query;
use crate::web::say;

/// A block to add.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    /// What to block, such as `203.0.113.7` or `2001:db8::/64`.
    net: Net,
    /// Code of the cause.
    cause: String,
    /// How long, such as `7d` or `never`; without it as the cause says.
    #[serde(rename = "for")]
    lasts: Option<String>,
    /// A note for staff.
    #[serde(default)]
    note: String,
    /// When the newest evidence was seen (RFC 3339); without it: now.
    evidence_at: Option<String>,
}

/// A block, as programs see it.
#[derive(Debug, Serialize)]
struct Shown {
    /// What is blocked.
    net: String,
    /// Code of the cause.
    cause: String,
    /// What gateways do.
    action: &'static str,
    /// Where it stands.
    state: &'static str,
    /// When it began (RFC 3339).
    since: String,
    /// When it ends by itself.
    until: Option<String>,
    /// Who named it.
    source: String,
    /// How many refusals were reported.
    hits: i64,
    /// When the last of them was.
    last_hit_at: Option<String>,
    /// The case link.
    case_link: String,
}

/// What covers an address or network.
#[derive(Debug, Serialize)]
struct Found {
    /// What was asked for.
    asked: String,
    /// Whether the (first) address is blocked now, exemptions and probations counted.
    blocked: bool,
    /// The live blocks that cover it, the answering one or not.
    blocks: Vec<Shown>,
}

/// What is asked for.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    /// The address or network.
    net: String,
    /// Why it is lifted.
    reason: Option<String>,
}

impl Shown {
    /// A block as programs see it.
    fn of(app: &App, block: &Block) -> Self {
        Self {
            net: block.net.to_string(),
            cause: block.cause.clone(),
            action: block.action.as_str(),
            state: block.state_at(app.desk.now()).as_str(),
            since: block.since.rfc3339(),
            until: block.until.map(Time::rfc3339),
            source: block.source.clone(),
            hits: block.hits,
            last_hit_at: block.last_hit_at.map(Time::rfc3339),
            case_link: format!("{}{}", app.desk.config.http.public_url, case_path(&block.case_code, None)),
        }
    }
}

/// Reads the network of a query.
fn network(text: &str) -> Result<Net> {
    let net = if text.contains('/') { Net::parse(text) } else { parse_addr(text).map(Net::single) };
    net.map_err(|bad| Error::Invalid(say::why_no_net(&bad)))
}

/// Adds a block, or renews the live one that this program set on the same network.
pub(super) async fn add(State(app): State<App>, Writer(token): Writer, body: Bytes) -> Result<Response> {
    let new: New = serde_json::from_slice(&body)
        .map_err(|error| Error::Invalid(Sentence::new("invalid-json").with("what", visible(&error.to_string()))))?;
    let lasts = new.lasts.as_deref().map(Lasts::parse).transpose();
    let lasts = lasts.map_err(|_| Error::Invalid(Sentence::new("invalid-for")))?;
    let seen = new.evidence_at.as_deref().map(Time::parse_rfc3339).transpose();
    let seen = seen.map_err(|_| Error::Invalid(Sentence::new("invalid-evidence-at")))?;
    let new = NewBlock {
        net: new.net,
        cause: new.cause,
        lasts,
        note: new.note,
        source: format!("api:{}", token.name),
        evidence_at: seen.map(|t| t.min(app.desk.now())),
    };
    let added = app.desk.add_block(&Who::program(&token.name), new).await?;
    let status = if added.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(Shown::of(&app, &added.block))).into_response())
}

/// Says what covers an address or network.
pub(super) async fn find(State(app): State<App>, _: Reader, Query(asked): Query<Asked>) -> Result<Response> {
    let net = network(&asked.net)?;
    let now = app.desk.now();
    let covering = blocks::covering(app.desk.db.pool(), net, 200).await?;
    let found = Found {
        asked: net.to_string(),
        blocked: app.desk.blocklist.find(net.first(), now).is_some(),
        blocks: covering.iter().filter(|b| b.is_live(now)).map(|b| Shown::of(&app, b)).collect(),
    };
    Ok(Json(found).into_response())
}

/// Lifts the live blocks of exactly this network.
pub(super) async fn lift(
    State(app): State<App>,
    Writer(token): Writer,
    Query(asked): Query<Asked>,
) -> Result<Response> {
    let net = network(&asked.net)?;
    let reason = asked.reason.as_deref().unwrap_or("lifted by a program");
    let lifted = app.desk.lift_net(&Who::program(&token.name), net, reason).await?;
    let blocked = app.desk.blocklist.find(net.first(), app.desk.now()).is_some();
    Ok(Json(serde_json::json!({ "net": net.to_string(), "lifted": lifted, "blocked": blocked })).into_response())
}
