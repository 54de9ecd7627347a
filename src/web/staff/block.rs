//! One block: all that is known of it, another end, a lift without a ticket.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::effect;
use super::lift::{self, LiftForm};
use super::view::{Happening, address, happening, mendable};
use crate::app::App;
use crate::blocklist::Verdict;
use crate::desk::Refusal;
use crate::desk::lift::Lift;
use crate::domain::block::{Block, Exemption, Lasts, case_path};
use crate::domain::id::Id;
use crate::domain::staff::Staff;
use crate::domain::ticket::{Ticket, visible};
use crate::store::{blocks, events, exemptions, tickets};
use crate::web::error::{Error, Result};
use crate::web::extract::{Form, Path, Query};
use crate::web::form::Faults;
use crate::web::session::SignedIn;
use crate::web::shell::Shell;

/// What the address says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// What was just done.
    done: String,
}

/// Another end.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct End {
    /// How long from now: `7d` or `never`.
    #[serde(rename = "for")]
    lasts: String,
}

/// What was typed and what is wrong with it.
#[derive(Default)]
struct Draft {
    /// How long from now.
    lasts: String,
    /// The lift.
    lift: Option<lift::Typed>,
    /// What is wrong.
    faults: Faults,
}

/// The page.
#[derive(Template, WebTemplate)]
#[template(path = "staff/block.html")]
struct BlockPage {
    /// What all pages share.
    shell: Shell,
    /// The block.
    block: Block,
    /// What the cause is called.
    cause: String,
    /// What gateways answer.
    reply: String,
    /// The case link.
    link: String,
    /// What the list says of the first address at this moment.
    verdict: Verdict,
    /// The carve-outs.
    carved: Vec<Exemption>,
    /// Tickets about its addresses.
    tickets: Vec<Ticket>,
    /// How far lifts of it are confirmed.
    effects: Vec<effect::Shown>,
    /// What happened to it.
    history: Vec<Happening>,
    /// The form that lifts it.
    form: Option<LiftForm>,
    /// The end as it was typed.
    lasts: String,
    /// What is wrong.
    faults: Faults,
    /// The word for what was just done.
    done: String,
}

/// Shows a block.
pub async fn show(
    State(app): State<App>,
    shell: Shell,
    me: SignedIn,
    Path(id): Path<i64>,
    Query(asked): Query<Asked>,
) -> Result<Response> {
    let block = find(&app, id).await?;
    Ok(page(&app, shell, &me.staff, block, Draft::default(), asked.done).await?.into_response())
}

/// Gives a block another end.
pub async fn set_end(
    State(app): State<App>,
    shell: Shell,
    me: SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<End>,
) -> Result<Response> {
    let block = find(&app, id).await?;
    let outcome = match Lasts::parse(&form.lasts) {
        Ok(lasts) => app.desk.set_block_end(&me.staff, block.id, lasts).await,
        Err(_) => Err(Refusal::invalid("bad-span")),
    };
    match outcome {
        Ok(_) => Ok(done(block.id, "end-set")),
        Err(refusal) => {
            let faults = Faults::one("for", mendable(&shell, refusal)?);
            again(&app, shell, &me.staff, block, Draft { lasts: form.lasts, lift: None, faults }).await
        }
    }
}

/// Lifts a block, or takes a network out of it, without a ticket.
pub async fn lift(
    State(app): State<App>,
    shell: Shell,
    me: SignedIn,
    Path(id): Path<i64>,
    Form(typed): Form<lift::Typed>,
) -> Result<Response> {
    let block = find(&app, id).await?;
    let outcome = match typed.read(&shell) {
        Ok(lift) => app.desk.lift(&me.staff, Lift { block: block.id, ..lift }).await,
        Err(faults) => {
            return again(&app, shell, &me.staff, block, Draft { lift: Some(typed), faults, ..Draft::default() }).await;
        }
    };
    if let Ok(lifted) = &outcome {
        app.desk.await_confirmation(lifted.confirmation, lift::MOMENT).await?;
    }
    match outcome {
        Ok(lifted) if lifted.net == block.net => Ok(done(block.id, "lifted")),
        Ok(lifted) => {
            let path = address("/staff/blocks", &[("q", &lifted.net.to_string())]);
            Ok(Redirect::to(&path).into_response())
        }
        Err(refusal) => {
            let faults = Faults::one("reason", mendable(&shell, refusal)?);
            again(&app, shell, &me.staff, block, Draft { lift: Some(typed), faults, ..Draft::default() }).await
        }
    }
}

/// The block of this key; one that is not yet in force is none.
async fn find(app: &App, id: i64) -> Result<Block> {
    let block = blocks::find(app.desk.db.pool(), Id(id)).await?;
    block.filter(|b| b.state != crate::domain::block::BlockState::Staged).ok_or(Error::NotFound)
}

/// Leads back to the block, which says what was done.
fn done(id: Id, done: &str) -> Response {
    Redirect::to(&format!("/staff/blocks/{id}?done={done}#done")).into_response()
}

/// The page again, with what was typed and what is wrong.
async fn again(app: &App, shell: Shell, me: &Staff, block: Block, draft: Draft) -> Result<Response> {
    let page = page(app, shell, me, block, draft, String::new()).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// Puts the page together.
async fn page(app: &App, shell: Shell, me: &Staff, block: Block, draft: Draft, done: String) -> Result<BlockPage> {
    let (pool, now) = (app.desk.db.pool(), app.desk.now());
    let cause = app.desk.content.causes.find(&block.cause);
    let link = format!("{}{}", app.desk.config.http.public_url, case_path(&block.case_code, None));
    let form = block.is_live(now).then(|| LiftForm::new(app, &shell, me, &block, block.net, 1));
    let form = form.map(|form| match draft.lift {
        Some(typed) => form.again(typed, draft.faults.clone()),
        None => form,
    });
    let history = events::of_block(pool, block.id).await?;
    Ok(BlockPage {
        cause: cause.map(|c| c.text(shell.lang()).title.clone()).unwrap_or_default(),
        reply: cause.map(|c| c.reply_line(&link)).unwrap_or_default(),
        verdict: app.desk.blocklist.ask(block.net.first(), now),
        carved: exemptions::of_block(pool, block.id, 200).await?,
        tickets: tickets::about(pool, block.net, Id(0), 20).await?,
        history: history.into_iter().map(|event| happening(&shell.texts, event)).collect(),
        effects: effect::of_block(app, block.id).await?,
        lasts: draft.lasts,
        faults: draft.faults,
        form,
        link,
        done,
        shell,
        block,
    })
}

impl BlockPage {
    /// Where it stands now.
    fn state(&self) -> &'static str {
        self.block.state_at(self.shell.now).as_str()
    }

    /// The note, made showable.
    fn note(&self) -> String {
        visible(&self.block.note)
    }

    /// Why a network was taken out, made showable.
    fn why(carved: &Exemption) -> String {
        visible(&carved.note)
    }

    /// Why it was lifted, made showable.
    fn reason(&self) -> String {
        visible(self.block.lift_reason.as_deref().unwrap_or_default())
    }

    /// What was just done, in words; nothing for words that are not ours.
    fn done_text(&self) -> String {
        let known = ["added", "renewed", "end-set", "lifted"];
        if known.contains(&self.done.as_str()) { self.shell.word("block-done", &self.done) } else { String::new() }
    }

    /// Whether the first address is refused by this very block at this moment.
    fn holds(&self) -> bool {
        matches!(&self.verdict, Verdict::Blocked(hit) if hit.block == self.block.id)
    }

    /// The other block that answers for the first address.
    fn other(&self) -> Option<&crate::blocklist::index::Hit> {
        match &self.verdict {
            Verdict::Blocked(hit) if hit.block != self.block.id => Some(hit),
            _ => None,
        }
    }

    /// Whether it is in force and its end can be changed by who looks at it.
    fn may_change(&self) -> bool {
        let may = self.shell.staff.as_ref().is_some_and(|me| me.role.may_lift(self.block.net));
        may && self.block.is_live(self.shell.now)
    }

    /// Whether a carve-out is in force.
    fn is_running(&self, exemption: &Exemption) -> bool {
        exemption.ended_at.is_none() && exemption.until.is_none_or(|end| self.shell.now < end)
    }
}
