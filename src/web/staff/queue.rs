//! The queue: which tickets there are, those that wait longest for staff first.

use std::collections::HashMap;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::search::Sought;
use super::view::{address, line};
use crate::app::App;
use crate::desk::held::LASTS;
use crate::domain::id::Id;
use crate::domain::net::Net;
use crate::domain::staff::Staff;
use crate::domain::ticket::{Kind, State as TicketState, Ticket};
use crate::domain::time::Time;
use crate::locale::Sentence;
use crate::store::queue::PAGE;
use crate::store::tickets::{self, Filter};
use crate::store::{held, queue, staff};
use crate::web::error::{Error, Result};
use crate::web::extract::Query;
use crate::web::form::Faults;
use crate::web::session::SignedIn;
use crate::web::shell::Shell;

/// How far tickets are counted.
const COUNT_MOST: i64 = 1_000;

/// The path of the queue.
const PATH: &str = "/staff/tickets";

/// Which tickets the address asks for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// A state, `all-open` or `any`; empty: all open, or any when something is searched for.
    state: String,
    /// A kind.
    kind: String,
    /// `me`, `nobody`, or the key of a member.
    assignee: String,
    /// `only`: those that look like a machine's work.
    suspected: String,
    /// What was typed into the search box.
    q: String,
    /// Where the page begins.
    after: String,
}

/// One line of the queue.
#[derive(Debug)]
struct Row {
    /// The ticket.
    ticket: Ticket,
    /// The first network that it names.
    net: Option<Net>,
    /// How many more it names.
    more: i64,
    /// Who works on it.
    assignee: String,
    /// Whether its sender wrote after staff did.
    replied: bool,
}

impl Row {
    /// The sender's address, cut to what fits into a table.
    fn sender(&self) -> String {
        line(self.ticket.email.as_str(), 60)
    }
}

/// One tab above the queue.
struct Tab {
    /// Its word.
    word: &'static str,
    /// Where it leads.
    href: String,
    /// How many tickets stand there, when it is counted.
    count: String,
    /// Whether it is open.
    here: bool,
}

/// The page.
#[derive(Template, WebTemplate)]
#[template(path = "staff/queue.html")]
struct QueuePage {
    /// What all pages share.
    shell: Shell,
    /// What was asked for.
    asked: Asked,
    /// The tabs.
    tabs: Vec<Tab>,
    /// The tickets.
    rows: Vec<Row>,
    /// The team, for the filter.
    team: Vec<Staff>,
    /// Where the next page begins.
    next: Option<String>,
    /// How many open tickets look like a machine's work.
    suspected: i64,
    /// How many requests wait for the confirmation of their mail address.
    held: i64,
    /// The gateways that need a look.
    alarms: Vec<String>,
    /// What is wrong with the search.
    faults: Faults,
}

/// Leads to the queue.
pub async fn home(_: SignedIn) -> Redirect {
    Redirect::to(PATH)
}

/// Shows a page of the queue; a code leads to its ticket or block.
pub async fn show(State(app): State<App>, shell: Shell, me: SignedIn, Query(asked): Query<Asked>) -> Result<Response> {
    let sought = Sought::read(&asked.q);
    if let Some(page) = sought.page(&app).await? {
        return Ok(Redirect::to(&page).into_response());
    }
    let faults = fault(&shell, &sought);
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let team = staff::list(app.desk.db.pool()).await?;
    let (rows, next) = if faults.is_empty() {
        rows(&app, &asked, &asked.filter(&sought, me.staff.id)?, &team).await?
    } else {
        (Vec::new(), None)
    };
    let counts = tickets::counts(app.desk.db.pool(), COUNT_MOST).await?;
    let suspected = tickets::count_suspected(app.desk.db.pool(), COUNT_MOST).await?;
    let held = held::count_waiting(app.desk.db.pool(), app.desk.now().plus(-LASTS), COUNT_MOST).await?;
    let tabs = tabs(&asked, &counts);
    let alarms = app.desk.alarms().await?;
    Ok((status, QueuePage { shell, asked, tabs, rows, team, next, suspected, held, alarms, faults }).into_response())
}

/// What is wrong with a search that leads nowhere.
fn fault(shell: &Shell, sought: &Sought) -> Faults {
    match sought {
        Sought::Code(code) => Faults::one("q", shell.t1("search-no-code", "code", code)),
        Sought::Unknown => Faults::one("q", shell.t("search-unknown")),
        _ => Faults::default(),
    }
}

/// One page of lines, and where the next page begins.
async fn rows(app: &App, asked: &Asked, filter: &Filter, team: &[Staff]) -> Result<(Vec<Row>, Option<String>)> {
    let pool = app.desk.db.pool();
    let most = i64::try_from(PAGE).unwrap_or(50);
    let mut found = tickets::list(pool, filter, most + 1).await?;
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let next = found.last().filter(|_| more).map(|last| asked.with("after", &place(last, filter.newest_first)));
    let ids: Vec<Id> = found.iter().map(|ticket| ticket.id).collect();
    let named = queue::first_networks(pool, &ids).await?;
    let nets: HashMap<Id, (Net, i64)> = named.into_iter().map(|(id, net, count)| (id, (net, count))).collect();
    let replied = queue::replied(pool, &ids).await?;
    let row = |ticket: Ticket| Row {
        net: nets.get(&ticket.id).map(|(net, _)| *net),
        more: nets.get(&ticket.id).map_or(0, |(_, count)| count - 1),
        assignee: name_of(team, ticket.assignee_id),
        replied: ticket.is_open() && replied.contains(&ticket.id),
        ticket,
    };
    Ok((found.into_iter().map(row).collect(), next))
}

/// The name of a member; empty for nobody.
#[must_use]
pub fn name_of(team: &[Staff], id: Option<Id>) -> String {
    team.iter().find(|member| Some(member.id) == id).map(|member| member.name.clone()).unwrap_or_default()
}

/// The place of a ticket in the list.
fn place(ticket: &Ticket, newest_first: bool) -> String {
    let time = if newest_first { ticket.updated_at } else { ticket.queued_at };
    format!("{}-{}", time.0, ticket.id)
}

/// Reads a place; anything else is the beginning.
fn read_place(text: &str) -> Option<(Time, Id)> {
    let (time, id) = text.split_once('-')?;
    Some((Time(time.parse().ok()?), id.parse().ok()?))
}

/// The tabs with their counts.
fn tabs(asked: &Asked, counts: &[(TicketState, i64)]) -> Vec<Tab> {
    let of = |state: TicketState| counts.iter().find(|(s, _)| *s == state).map_or(0, |(_, n)| *n);
    let shown = |n: i64| if n >= COUNT_MOST { format!("{}+", n - 1) } else { n.to_string() };
    let all: i64 = counts.iter().map(|(_, n)| n).sum();
    let counted = [
        ("all-open", shown(all)),
        ("new", shown(of(TicketState::New))),
        ("open", shown(of(TicketState::Open))),
        ("waiting", shown(of(TicketState::Waiting))),
        ("resolved", String::new()),
        ("any", String::new()),
    ];
    let tab = |(word, count): (&'static str, String)| Tab {
        word,
        href: asked.with("state", word),
        count,
        here: asked.state() == word,
    };
    counted.into_iter().map(tab).collect()
}

impl Asked {
    /// The state that is shown.
    fn state(&self) -> &str {
        match self.state.as_str() {
            "" if self.q.trim().is_empty() => "all-open",
            "" => "any",
            state => state,
        }
    }

    /// The store's words for what is asked.
    fn filter(&self, sought: &Sought, me: Id) -> Result<Filter> {
        let state = self.state();
        let assignee = match self.assignee.as_str() {
            "" | "nobody" => None,
            "me" => Some(me),
            id => Some(id.parse::<Id>().map_err(|_| Error::Invalid(Sentence::new("invalid-filter")))?),
        };
        let kind = if self.kind.is_empty() { None } else { Some(self.kind.parse::<Kind>()?) };
        let one_state = if matches!(state, "all-open" | "any") { None } else { Some(state) };
        Ok(Filter {
            state: one_state.map(str::parse::<TicketState>).transpose()?,
            kind,
            assignee,
            unassigned: self.assignee == "nobody",
            suspected: self.suspected(),
            net: sought.net(),
            email: sought.email().map(str::to_owned),
            newest_first: matches!(state, "resolved" | "any"),
            after: read_place(&self.after),
        })
    }

    /// Whether those that look like a machine's work are shown: only they, not they, or whatever a search finds.
    fn suspected(&self) -> Option<bool> {
        match (self.suspected.as_str(), self.q.trim().is_empty()) {
            ("only", _) => Some(true),
            (_, true) => Some(false),
            (_, false) => None,
        }
    }

    /// The address with one filter changed, from its first page on.
    fn with(&self, name: &str, value: &str) -> String {
        let pairs = [
            ("q", &self.q),
            ("state", &self.state),
            ("kind", &self.kind),
            ("assignee", &self.assignee),
            ("suspected", &self.suspected),
        ];
        let mut pairs: Vec<(&str, &str)> =
            pairs.into_iter().filter(|(n, _)| *n != name).map(|(n, v)| (n, v.as_str())).collect();
        pairs.push((name, value));
        address(PATH, &pairs)
    }
}

impl QueuePage {
    /// Which gateways need a look, in a sentence.
    fn alarm(&self) -> String {
        let names = self.alarms.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
        self.shell.t2("gateways-alarm", "count", self.alarms.len(), "names", names)
    }

    /// The kinds to filter by: word, name, whether it is the present one.
    fn kinds(&self) -> impl Iterator<Item = (&'static str, String, bool)> {
        let named =
            |kind: &Kind| (kind.as_str(), self.shell.word("kind", kind.as_str()), self.asked.kind == kind.as_str());
        Kind::ALL.iter().map(named)
    }

    /// Whether this member is the one that is filtered for.
    fn is_chosen(&self, member: &Staff) -> bool {
        self.asked.assignee == member.id.to_string()
    }

    /// Whether anything narrows the queue.
    fn is_narrowed(&self) -> bool {
        let asked = &self.asked;
        [&asked.q, &asked.kind, &asked.assignee, &asked.suspected].iter().any(|text| !text.is_empty())
    }

    /// Where those that look like a machine's work are.
    fn suspected_link(&self) -> String {
        self.asked.with("suspected", "only")
    }

    /// Where the others are.
    fn unsuspected_link(&self) -> String {
        self.asked.with("suspected", "")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_what_is_open_and_no_machines_work() {
        let asked = Asked::default();
        let filter = asked.filter(&Sought::All, Id(1)).unwrap();
        assert!(filter.suspected == Some(false) && !filter.newest_first);
    }

    #[test]
    fn a_search_finds_ended_tickets_too() {
        let asked = Asked { q: "192.0.2.7".to_owned(), ..Asked::default() };
        let filter = asked.filter(&Sought::read(&asked.q), Id(1)).unwrap();
        assert!(filter.suspected.is_none() && filter.newest_first);
        assert_eq!(filter.net, Some(Net::parse("192.0.2.7").unwrap()));
    }

    #[test]
    fn a_place_is_read_as_it_was_written() {
        assert_eq!(read_place("1700-42"), Some((Time(1_700), Id(42))));
        assert_eq!(read_place("x-42"), None);
        assert_eq!(read_place(""), None);
    }

    #[test]
    fn changing_a_filter_goes_back_to_the_first_page() {
        let asked = Asked { kind: "other".to_owned(), after: "1-2".to_owned(), ..Asked::default() };
        assert_eq!(asked.with("state", "new"), "/staff/tickets?kind=other&state=new");
        assert!(Asked { kind: "comet".to_owned(), ..Asked::default() }.filter(&Sought::All, Id(1)).is_err());
    }
}
