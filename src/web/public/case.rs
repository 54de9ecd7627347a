//! The case link of a block: what is blocked, why, since when, until when, and the steps out of it.

use std::net::IpAddr;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::check;
use super::standing::{self, Entry, Standing};
use crate::app::App;
use crate::domain::block::{Action, Block, BlockState};
use crate::domain::cause::CauseText;
use crate::domain::id::fold_code;
use crate::domain::net::{Net, parse_addr};
use crate::domain::ticket::Kind;
use crate::domain::time::Time;
use crate::store::blocks;
use crate::web::assessed::Assessed;
use crate::web::client::Client;
use crate::web::error::Result;
use crate::web::extract::Path;
use crate::web::shell::Shell;

/// How many earlier blocks are counted.
const EARLIER_MOST: i64 = 100;

/// How the address of the link relates to the block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    /// The link names none.
    None,
    /// The tail of the link is no address.
    Unreadable,
    /// It does not lie in the block's network.
    Outside,
    /// This block answers for it.
    Blocked,
    /// Another entry answers for it.
    BlockedByOther,
    /// It lies in a block in force, yet mail from it passes: taken out, exempt or on probation.
    Spared,
    /// Nothing blocks it any more.
    Free,
    /// It is of a kind that never reaches us.
    Inner,
    /// The list is not complete yet.
    Unknown,
}

impl Relation {
    /// The word under which its sentence stands.
    const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Unreadable => "unreadable",
            Self::Outside => "outside",
            Self::Blocked => "blocked",
            Self::BlockedByOther => "blocked-by-other",
            Self::Spared => "spared",
            Self::Free => "free",
            Self::Inner => "inner",
            Self::Unknown => "unknown",
        }
    }
}

/// The page.
#[derive(Template, WebTemplate)]
#[template(path = "public/case.html")]
struct Page {
    /// What all pages share.
    shell: Shell,
    /// The block, as anybody may see it.
    entry: Entry,
    /// Where the block stands.
    state: BlockState,
    /// When it ended or will end.
    end: Option<Time>,
    /// What the cause says.
    text: CauseText,
    /// Name and title of the article that helps.
    article: Option<(String, String)>,
    /// The address of the link.
    addr: Option<IpAddr>,
    /// How it relates to the block.
    relation: Relation,
    /// Where it stands now.
    standing: Option<Standing>,
    /// What the policy would say of a request, where the address is blocked.
    outlook: Option<Assessed>,
    /// The numbers of the steps out of the block that the live checks show to be done.
    done: Vec<usize>,
    /// How often the address was blocked before; unknown without one.
    before: Option<usize>,
}

/// The page of a case link that leads nowhere.
#[derive(Template, WebTemplate)]
#[template(path = "public/no_case.html")]
struct NoCase {
    /// What all pages share.
    shell: Shell,
}

impl Page {
    /// Whether the block is in force.
    fn is_live(&self) -> bool {
        self.state == BlockState::Live
    }

    /// The key of the sentence that says what the block does.
    fn lead(&self) -> &'static str {
        match (self.is_live(), self.entry.action, self.entry.net.is_single()) {
            (false, ..) => "case-lead-ended",
            (true, Action::Reject, true) => "case-lead-reject-address",
            (true, Action::Reject, false) => "case-lead-reject",
            (true, Action::Defer, true) => "case-lead-defer-address",
            (true, Action::Defer, false) => "case-lead-defer",
        }
    }

    /// The form to ask to unblock, filled in.
    fn ask(&self) -> String {
        self.form(Kind::Unblock)
    }

    /// The form to ask why mail is refused though the block has ended, filled in.
    fn complain(&self) -> String {
        self.form(Kind::ConnectionsRefused)
    }

    /// The form, filled in.
    fn form(&self, kind: Kind) -> String {
        let is_meant = !matches!(self.relation, Relation::Outside | Relation::Inner);
        let ip = self.addr.filter(|_| is_meant).map(|a| format!("&ip={a}"));
        format!("/requests/new?kind={kind}&case={}{}", self.entry.case, ip.unwrap_or_default())
    }

    /// The entry that answers for the address, if it is another one.
    fn other(&self) -> Option<&Entry> {
        let entry = self.standing.as_ref()?.entry.as_ref()?;
        (entry.case != self.entry.case).then_some(entry)
    }

    /// Until when the address is on probation, where that says why its mail passes.
    fn probation(&self) -> Option<Time> {
        let tells = matches!(self.relation, Relation::Spared | Relation::Free);
        self.standing.as_ref().filter(|_| tells).and_then(|standing| standing.probation)
    }

    /// How grave the state of the address is, as the class of its box.
    fn gravity(&self) -> &'static str {
        match self.relation {
            Relation::Blocked | Relation::BlockedByOther => "bad",
            Relation::Spared | Relation::Free => "good",
            _ => "note",
        }
    }
}

/// The case page without an address.
pub async fn show(State(app): State<App>, Path(case): Path<String>, shell: Shell) -> Result<Response> {
    match find(&app, &case).await? {
        Some(block) => Ok(page(&app, shell, &block, None, Relation::None).into_response()),
        None => Ok((StatusCode::NOT_FOUND, NoCase { shell }).into_response()),
    }
}

/// The case page with the address that was refused.
pub async fn show_address(
    State(app): State<App>,
    Client(client): Client,
    Path((case, ip)): Path<(String, String)>,
    shell: Shell,
) -> Result<Response> {
    let Some(block) = find(&app, &case).await? else {
        return Ok((StatusCode::NOT_FOUND, NoCase { shell }).into_response());
    };
    let Ok(addr) = parse_addr(&ip) else {
        return Ok(page(&app, shell, &block, None, Relation::Unreadable).into_response());
    };
    check::count(&app, client).await?;
    let standing = standing::of(&app, shell.lang(), addr).await;
    let relation = relate(&block, &standing, shell.now);
    let before = Some(before(&app, &block, addr).await?);
    let page = Page { before, ..page(&app, shell, &block, Some(standing), relation) };
    if relation != Relation::Blocked {
        return Ok(page.into_response());
    }
    let (found, in_order) = app.desk.outlook(addr).await?;
    let done = app.desk.content.causes.find(&block.cause).map(|cause| cause.steps_done(&in_order)).unwrap_or_default();
    Ok(Page { outlook: Some(Assessed::outlook(&page.shell, &found)), done, ..page }.into_response())
}

/// How many blocks stood against an address before this one and have ended.
async fn before(app: &App, block: &Block, addr: IpAddr) -> Result<usize> {
    let all = blocks::covering(app.desk.db.pool(), Net::single(addr), EARLIER_MOST).await?;
    let now = app.desk.now();
    Ok(all.iter().filter(|other| other.id != block.id && other.since < block.since && !other.is_live(now)).count())
}

/// The block of a case code as it was typed or cut out of a mail.
async fn find(app: &App, case: &str) -> Result<Option<Block>> {
    Ok(blocks::find_by_case(app.desk.db.pool(), &fold_code(case)).await?)
}

/// How an address relates to a block.
fn relate(block: &Block, standing: &Standing, now: Time) -> Relation {
    let inside = block.net.covers(Net::single(standing.addr));
    match &standing.entry {
        _ if standing.unknown => Relation::Unknown,
        _ if standing.never_arrives() => Relation::Inner,
        _ if !inside => Relation::Outside,
        Some(entry) if entry.case == block.case_code => Relation::Blocked,
        Some(_) => Relation::BlockedByOther,
        None if block.is_live(now) => Relation::Spared,
        None => Relation::Free,
    }
}

/// Puts the page together.
fn page(app: &App, shell: Shell, block: &Block, standing: Option<Standing>, relation: Relation) -> Page {
    let cause = app.desk.content.causes.find(&block.cause);
    let article = cause.and_then(|c| app.desk.content.article(shell.lang(), &c.article));
    Page {
        entry: Entry::of_block(app, shell.lang(), block),
        state: block.state_at(shell.now),
        end: block.lifted_at.or(block.until),
        text: cause.map_or_else(CauseText::default, |c| c.text(shell.lang()).clone()),
        article: article.map(|a| (a.slug.clone(), a.front.title.clone())),
        addr: standing.as_ref().map(|s| s.addr),
        relation,
        standing,
        outlook: None,
        done: Vec::new(),
        before: None,
        shell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::locale::texts;

    #[test]
    fn every_relation_has_its_sentence() {
        use Relation::{Blocked, BlockedByOther, Free, Inner, None, Outside, Spared, Unknown, Unreadable};
        let texts = texts("en");
        for relation in [Unreadable, Outside, Blocked, BlockedByOther, Spared, Free, Inner, Unknown] {
            assert!(texts.has(&format!("case-address-{}", relation.as_str())));
        }
        assert_eq!(None.as_str(), "none");
        for state in BlockState::ALL {
            assert!(texts.has(&format!("case-state-{state}")));
        }
    }
}
