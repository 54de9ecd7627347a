//! Many blocks are lifted at once: what it would be, the lift, how far it is, the way back.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::effect;
use super::lift::{MOMENT, typed_probation};
use super::view::{mendable, typed_net};
use crate::app::App;
use crate::desk::Refusal;
use crate::desk::bulk::{Plan, Preview};
use crate::domain::block::Block;
use crate::domain::id::Id;
use crate::domain::ticket::visible;
use crate::domain::time::DAY;
use crate::store::bulks::{self, Bulk, BulkState, Filter};
use crate::web::error::{Error, Result};
use crate::web::extract::{Form, Path, Query};
use crate::web::form::Faults;
use crate::web::session::SignedIn;
use crate::web::shell::Shell;

/// Where bulk lifts are.
const PATH: &str = "/staff/imports/lifts";

/// How many of its blocks the page of one shows.
const SHOWN: i64 = 20;

/// What is typed in.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    /// The network around the blocks.
    inside: String,
    /// Their source.
    source: String,
    /// The code of their cause.
    cause: String,
    /// Why.
    reason: String,
    /// The length of each probation in days.
    probation_days: String,
    /// How many blocks the page showed.
    shown: String,
    /// The same number, typed by who means it although it is much of the list.
    count: String,
}

/// The page with the form.
#[derive(Template, WebTemplate)]
#[template(path = "staff/bulk.html")]
struct BulkPage {
    /// What all pages share.
    shell: Shell,
    /// What is typed in.
    typed: Typed,
    /// All causes: code and name; the first means any.
    causes: Vec<(String, String)>,
    /// What it would be, once something is named.
    preview: Option<Preview>,
    /// What is wrong.
    faults: Faults,
}

/// The page of one bulk lift.
#[derive(Template, WebTemplate)]
#[template(path = "staff/bulk-lift.html")]
struct LiftPage {
    /// What all pages share.
    shell: Shell,
    /// The bulk lift.
    bulk: Bulk,
    /// Some of the blocks that it lifted and that are not back.
    blocks: Vec<Block>,
    /// How far the effect is confirmed.
    effects: Vec<effect::Shown>,
    /// Why it was not taken back.
    faults: Faults,
}

/// Shows the form, and what it would be once something is named.
pub async fn form(State(app): State<App>, shell: Shell, me: SignedIn, Query(typed): Query<Typed>) -> Result<Response> {
    if !me.staff.role.may_exempt() {
        return Err(Error::from(Refusal::NotAllowed));
    }
    let days = (app.desk.config.probation / DAY).to_string();
    let typed = Typed { probation_days: days, ..typed };
    page(&app, shell, typed, Faults::default()).await
}

/// Begins a bulk lift; a small one is done at once.
pub async fn begin(State(app): State<App>, shell: Shell, me: SignedIn, Form(typed): Form<Typed>) -> Result<Response> {
    let plan = match typed.plan(&shell) {
        Ok(plan) => plan,
        Err(faults) => return page(&app, shell, typed, faults).await,
    };
    match app.desk.begin_bulk_by(&me.staff, plan).await {
        Ok(id) => {
            app.desk.work_on_bulk(id, Some(MOMENT)).await?;
            Ok(Redirect::to(&format!("{PATH}/{id}")).into_response())
        }
        Err(Refusal::Invalid(what)) if what.is("bulk-share") => {
            let faults = Faults::one("count", shell.t("bulk-count-missing"));
            page(&app, shell, typed, faults).await
        }
        Err(refusal) => {
            let faults = Faults::one("inside", mendable(&shell, refusal)?);
            page(&app, shell, typed, faults).await
        }
    }
}

/// Shows how far one is.
pub async fn show(State(app): State<App>, shell: Shell, _: SignedIn, Path(id): Path<i64>) -> Result<Response> {
    Ok(lift_page(&app, shell, Id(id), Faults::default()).await?.into_response())
}

/// Takes one back; a small one is back at once.
pub async fn undo(State(app): State<App>, shell: Shell, me: SignedIn, Path(id): Path<i64>) -> Result<Response> {
    match app.desk.begin_bulk_undo_by(&me.staff, Id(id)).await {
        Ok(()) => {
            app.desk.work_on_bulk(Id(id), Some(MOMENT)).await?;
            Ok(Redirect::to(&format!("{PATH}/{id}")).into_response())
        }
        Err(refusal) => {
            let faults = Faults::one("undo", mendable(&shell, refusal)?);
            Ok((StatusCode::UNPROCESSABLE_ENTITY, lift_page(&app, shell, Id(id), faults).await?).into_response())
        }
    }
}

/// Puts the page with the form together.
async fn page(app: &App, shell: Shell, typed: Typed, mut faults: Faults) -> Result<Response> {
    let mut preview = None;
    if !typed.is_empty()
        && let Some(filter) = typed.filter(&shell, &mut faults)
    {
        match app.desk.preview_bulk(filter).await {
            Ok(would) => preview = Some(would),
            Err(refusal) if faults.is_empty() => faults = Faults::one("inside", mendable(&shell, refusal)?),
            Err(_) => {}
        }
    }
    let named =
        |c: &crate::domain::cause::Cause| (c.code.clone(), format!("{} {}", c.code, c.text(shell.lang()).title));
    let any = (String::new(), shell.t("filter-all"));
    let causes = std::iter::once(any).chain(app.desk.content.causes.iter().map(named)).collect();
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok((status, BulkPage { shell, typed, causes, preview, faults }).into_response())
}

/// Puts the page of one together.
async fn lift_page(app: &App, shell: Shell, id: Id, faults: Faults) -> Result<LiftPage> {
    let pool = app.desk.db.pool();
    let bulk = bulks::find(pool, id).await?.ok_or(Error::NotFound)?;
    let blocks = bulks::lifted_page(pool, id, Id(0), SHOWN).await?;
    let effects = match blocks.first().filter(|_| bulk.state == BulkState::Lifted) {
        Some(block) => effect::of_block(app, block.id).await?,
        None => Vec::new(),
    };
    Ok(LiftPage { shell, bulk, blocks, effects, faults })
}

/// Which blocks a bulk lift means, in words.
#[must_use]
pub fn meant(shell: &Shell, filter: &Filter) -> String {
    let net = filter.net.map(|net| shell.t1("bulk-meant-net", "net", net));
    let source = filter.source.as_deref().map(|source| shell.t1("bulk-meant-source", "source", visible(source)));
    let cause = filter.cause.as_deref().map(|cause| shell.t1("bulk-meant-cause", "cause", cause));
    [net, source, cause].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// How far it is, in words.
#[must_use]
pub fn standing(shell: &Shell, bulk: &Bulk) -> String {
    let key = format!("bulk-state-{}", bulk.state);
    match bulk.state {
        BulkState::Lifting => shell.t2(&key, "count", bulk.lifted, "all", bulk.expected),
        BulkState::Lifted => shell.t1(&key, "count", bulk.lifted),
        BulkState::Undoing | BulkState::Undone => shell.t2(&key, "count", bulk.restored, "all", bulk.lifted),
    }
}

impl Typed {
    /// Whether nothing is named.
    fn is_empty(&self) -> bool {
        [&self.inside, &self.source, &self.cause].iter().all(|text| text.trim().is_empty())
    }

    /// Which blocks are meant.
    fn filter(&self, shell: &Shell, faults: &mut Faults) -> Option<Filter> {
        let net = match self.inside.trim() {
            "" => None,
            text => Some(typed_net(shell, faults, "inside", text)?),
        };
        Some(Filter { net, source: Some(self.source.clone()), cause: Some(self.cause.clone()) })
    }

    /// What is asked for, or what is wrong.
    fn plan(&self, shell: &Shell) -> std::result::Result<Plan, Faults> {
        let mut faults = Faults::default();
        let filter = self.filter(shell, &mut faults);
        if self.reason.trim().is_empty() {
            faults.add("reason", shell.t("lift-reason-missing"));
        }
        let probation = typed_probation(shell, &mut faults, &self.probation_days);
        let shown = self.shown.trim().parse::<i64>().unwrap_or(0);
        let sure = self.count.trim().parse() == Ok(shown);
        match (filter, probation) {
            (Some(filter), Some(probation)) if faults.is_empty() => {
                Ok(Plan { filter, reason: self.reason.clone(), probation, at_most: Some(shown), sure })
            }
            _ => Err(faults),
        }
    }
}

impl BulkPage {
    /// The causes for the form.
    fn named_causes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.causes.iter().map(|(code, name)| (code.as_str(), name.as_str()))
    }
}

impl LiftPage {
    /// Why, made showable.
    fn reason(&self) -> String {
        visible(&self.bulk.reason)
    }

    /// The length of each probation in days.
    fn days(&self) -> i64 {
        self.bulk.probation / DAY
    }

    /// Whether who is signed in may take it back.
    fn may_undo(&self) -> bool {
        self.bulk.stands() && self.shell.may_exempt()
    }

    /// How far it is.
    fn standing(&self) -> String {
        standing(&self.shell, &self.bulk)
    }

    /// Which blocks are meant.
    fn meant(&self) -> String {
        meant(&self.shell, &self.bulk.filter)
    }
}
