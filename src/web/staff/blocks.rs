//! The block list: what covers an address, all entries, a new one.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::facts::Facts;
use super::search::Sought;
use super::view::{address, mendable, typed_lasts, typed_net};
use crate::app::App;
use crate::domain::block::{Block, BlockState, NewBlock};
use crate::domain::id::Id;
use crate::domain::net::Net;
use crate::store::blocks::{self, Filter};
use crate::web::error::Result;
use crate::web::extract::{Form, Query};
use crate::web::form::Faults;
use crate::web::session::SignedIn;
use crate::web::shell::Shell;

/// How many blocks stand on a page.
const PAGE: usize = 50;

/// The path of the list.
const PATH: &str = "/staff/blocks";

/// Which blocks the address asks for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// An address, a network or a code.
    q: String,
    /// A state.
    state: String,
    /// A cause.
    cause: String,
    /// A source.
    source: String,
    /// Where the page begins.
    before: String,
    /// The network that the form for a new block begins with.
    net: String,
}

/// A new block as it is typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    /// The network.
    net: String,
    /// The code of the cause.
    cause: String,
    /// How long: `7d`, `never`, or nothing for the cause's own time.
    #[serde(rename = "for")]
    lasts: String,
    /// A note for staff.
    note: String,
    /// The network once more, by a lead who means it although it is protected.
    despite: String,
}

/// The page.
#[derive(Template, WebTemplate)]
#[template(path = "staff/blocks.html")]
struct BlocksPage {
    /// What all pages share.
    shell: Shell,
    /// What was asked for.
    asked: Asked,
    /// What is known of the network that is searched for.
    facts: Option<Facts>,
    /// The blocks.
    blocks: Vec<Block>,
    /// Where the next page begins.
    next: Option<String>,
    /// All causes: code and name.
    causes: Vec<(String, String)>,
    /// What stands in the form for a new block.
    typed: Typed,
    /// What is wrong with the search or the form.
    faults: Faults,
}

/// Shows a page of the list, or what covers a network; a code leads to its block or ticket.
pub async fn show(State(app): State<App>, shell: Shell, _: SignedIn, Query(asked): Query<Asked>) -> Result<Response> {
    let sought = Sought::read(&asked.q);
    if let Some(page) = sought.page(&app).await? {
        return Ok(Redirect::to(&page).into_response());
    }
    let faults = match &sought {
        Sought::All | Sought::Net(_) => Faults::default(),
        Sought::Code(code) => Faults::one("q", shell.t1("search-no-code", "code", code)),
        Sought::Email(_) | Sought::Unknown => Faults::one("q", shell.t("blocks-search-unknown")),
    };
    let typed =
        Typed { net: sought.net().map_or_else(|| asked.net.clone(), |net| net.to_string()), ..Typed::default() };
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok((status, page(&app, shell, asked, typed, faults).await?).into_response())
}

/// Adds a block.
pub async fn add(State(app): State<App>, shell: Shell, me: SignedIn, Form(typed): Form<Typed>) -> Result<Response> {
    let again = async |shell, typed, faults| {
        let page = page(&app, shell, Asked::default(), typed, faults).await?;
        Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
    };
    let new = match typed.read(&shell) {
        Ok(new) => new,
        Err(faults) => return again(shell, typed, faults).await,
    };
    let (net, despite) = (new.net, Net::parse(&typed.despite).ok());
    match app.desk.add_block_by(&me.staff, new, despite).await {
        Ok(added) => {
            let done = if added.is_new { "added" } else { "renewed" };
            Ok(Redirect::to(&format!("{PATH}/{}?done={done}#done", added.block.id)).into_response())
        }
        Err(refusal) => {
            let means_it = me.staff.role.may_exempt() && despite == Some(net);
            let is_protected = app.desk.config.protected.meets(net).is_some() && !means_it;
            let field = if is_protected { "despite" } else { "cause" };
            let faults = Faults::one(field, mendable(&shell, refusal)?);
            again(shell, typed, faults).await
        }
    }
}

/// Puts the page together.
async fn page(app: &App, shell: Shell, asked: Asked, typed: Typed, faults: Faults) -> Result<BlocksPage> {
    let pool = app.desk.db.pool();
    let sought = Sought::read(&asked.q).net();
    let facts = match sought {
        Some(net) => Some(Facts::gather(app, net, Id(0)).await?),
        None => None,
    };
    let most = i64::try_from(PAGE).unwrap_or(50);
    let mut blocks = if sought.is_some() { Vec::new() } else { blocks::list(pool, &asked.filter()?, most + 1).await? };
    let more = blocks.len() > PAGE;
    blocks.truncate(PAGE);
    let next = blocks.last().filter(|_| more).map(|last| asked.with_before(last.id));
    let causes = causes(app, &shell);
    Ok(BlocksPage { shell, asked, facts, blocks, next, causes, typed, faults })
}

/// All causes: code and name.
fn causes(app: &App, shell: &Shell) -> Vec<(String, String)> {
    let named =
        |c: &crate::domain::cause::Cause| (c.code.clone(), format!("{} {}", c.code, c.text(shell.lang()).title));
    app.desk.content.causes.iter().map(named).collect()
}

impl Typed {
    /// The block that is asked for, or what is wrong.
    fn read(&self, shell: &Shell) -> std::result::Result<NewBlock, Faults> {
        let mut faults = Faults::default();
        let net = typed_net(shell, &mut faults, "net", &self.net);
        let lasts = match self.lasts.trim() {
            "" => Some(None),
            text => typed_lasts(shell, &mut faults, "for", text).map(Some),
        };
        match (net, lasts) {
            (Some(net), Some(lasts)) => Ok(NewBlock {
                net,
                cause: self.cause.clone(),
                lasts,
                note: self.note.clone(),
                source: "staff".to_owned(),
                evidence_at: None,
            }),
            _ => Err(faults),
        }
    }
}

impl Asked {
    /// The store's words for what is asked.
    fn filter(&self) -> Result<Filter> {
        let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let state = some(&self.state).map(|word| word.parse::<BlockState>()).transpose();
        Ok(Filter {
            state: state?,
            cause: some(&self.cause),
            source: some(&self.source),
            before: self.before.parse().ok(),
        })
    }

    /// The address of the page that begins after this block.
    fn with_before(&self, last: Id) -> String {
        let last = last.to_string();
        let pairs =
            [("state", self.state.as_str()), ("cause", &self.cause), ("source", &self.source), ("before", &last)];
        address(PATH, &pairs)
    }
}

impl BlocksPage {
    /// The states to filter by.
    fn states(&self) -> impl Iterator<Item = (&'static str, String)> {
        let shown = BlockState::ALL.iter().filter(|state| **state != BlockState::Staged);
        shown.map(|state| (state.as_str(), self.shell.word("block-state", state.as_str())))
    }

    /// Where a block stands now.
    fn state(&self, block: &Block) -> &'static str {
        block.state_at(self.shell.now).as_str()
    }

    /// Whether anything narrows the list.
    fn is_narrowed(&self) -> bool {
        let asked = &self.asked;
        [&asked.state, &asked.cause, &asked.source, &asked.q].iter().any(|text| !text.is_empty())
    }

    /// Where many blocks are lifted: those that the list is narrowed to.
    fn bulk_link(&self) -> String {
        address("/staff/imports/lifts", &[("source", self.asked.source.trim()), ("cause", &self.asked.cause)])
    }

    /// The causes for the form of a new block.
    fn named_causes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.causes.iter().map(|(code, name)| (code.as_str(), name.as_str()))
    }
}
