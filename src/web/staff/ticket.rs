//! One ticket, laid out for a decision: what is known of its networks, what the sender gave, what happened so far.

use std::collections::HashSet;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use serde::Deserialize;

use super::canned;
use super::effect;
use super::facts::Facts;
use super::lift::{self, LiftForm};
use super::pieces::{self, Piece, Seen};
use super::queue::name_of;
use super::timeline::{self, Moment};
use crate::app::App;
use crate::blocklist::Verdict;
use crate::blocklist::index::Hit;
use crate::content::Answer;
use crate::domain::block::Block;
use crate::domain::id::{Id, fold_code};
use crate::domain::net::Net;
use crate::domain::staff::Staff;
use crate::domain::ticket::{Resolution, Ticket};
use crate::locale::{Arg, texts};
use crate::store::tickets::Origin;
use crate::store::{staff, tickets};
use crate::web::assessed::Assessed;
use crate::web::checked::Checked;
use crate::web::error::{Error, Result};
use crate::web::extract::{Path, Query};
use crate::web::form::Faults;
use crate::web::proving::Provings;
use crate::web::session::SignedIn;
use crate::web::shell::Shell;

/// Of how many networks everything is shown; more are counted.
const SUBJECTS: usize = 8;

/// What the address asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// A message or piece of evidence that is shown in full.
    all: String,
    /// A canned answer that is put into the field.
    answer: String,
    /// What was just done.
    done: String,
    /// What was just lifted.
    net: String,
}

/// What stands in the forms of the page: typed before, or fresh.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// The answer.
    pub answer: String,
    /// Whether the ticket stays open after the answer.
    pub stays_open: bool,
    /// The note.
    pub note: String,
    /// The resolution.
    pub resolution: String,
    /// Its reasons.
    pub closing: String,
    /// The lift.
    pub lift: Option<lift::Typed>,
    /// What is wrong.
    pub faults: Faults,
}

/// One network that the ticket is about.
pub struct Subject {
    /// Where it was named: `typed`, `case`, `evidence`.
    pub origin: &'static str,
    /// What is known of it.
    pub facts: Facts,
    /// A form for each block in force that covers it.
    pub forms: Vec<LiftForm>,
}

/// The page.
#[derive(Template, WebTemplate)]
#[template(path = "staff/ticket.html")]
pub struct TicketPage {
    /// What all pages share.
    pub shell: Shell,
    /// The ticket.
    ticket: Ticket,
    /// The address that submitted it.
    client: String,
    /// The name the sender gave, made showable.
    sender: String,
    /// The team, for the assignment.
    team: Vec<Staff>,
    /// The networks.
    subjects: Vec<Subject>,
    /// How many more there are.
    more: usize,
    /// How far its lifts are confirmed.
    effects: Vec<effect::Shown>,
    /// The evidence.
    pieces: Vec<Piece>,
    /// The proofs.
    provings: Provings,
    /// What the policy says.
    assessed: Option<Assessed>,
    /// The live checks.
    checked: Checked,
    /// The addresses in it.
    seen: Vec<Seen>,
    /// What happened.
    moments: Vec<Moment>,
    /// The canned answers.
    answers: Vec<Answer>,
    /// Other tickets of the same mail address.
    siblings: Vec<Ticket>,
    /// The causes of blocks: code and name.
    causes: Vec<(String, String)>,
    /// What stands in the forms.
    draft: Draft,
    /// The word for what was just done.
    done: String,
    /// What was just lifted.
    lifted: Option<Net>,
}

/// Shows a ticket.
pub async fn show(
    State(app): State<App>,
    shell: Shell,
    me: SignedIn,
    Path(code): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<TicketPage> {
    let ticket = find(&app, &code).await?;
    page(&app, shell, &me.staff, ticket, &asked, Draft::default()).await
}

/// The ticket of a code, as typed; links that know only its key have that in the place of the code. A request that was
/// added to an open ticket is part of that one.
pub async fn find(app: &App, code: &str) -> Result<Ticket> {
    let pool = app.desk.db.pool();
    let stored = match code.parse::<Id>() {
        Ok(id) => tickets::find(pool, id).await?,
        Err(_) => tickets::find_by_code(pool, &fold_code(code)).await?,
    };
    let stored = stored.ok_or(Error::NotFound)?;
    match stored.joined_to {
        Some(whole) => tickets::find(pool, whole).await?.ok_or(Error::NotFound),
        None => Ok(stored),
    }
}

/// Puts the page together.
pub async fn page(
    app: &App,
    shell: Shell,
    me: &Staff,
    ticket: Ticket,
    asked: &Asked,
    mut draft: Draft,
) -> Result<TicketPage> {
    let pool = app.desk.db.pool();
    let whole = asked.all.parse::<Id>().ok();
    let pieces = pieces::of_ticket(app, &shell, ticket.id, whole).await?;
    let seen = pieces::seen(app, &pieces);
    let (mut subjects, more) = subjects(app, &ticket).await?;
    for subject in &mut subjects {
        subject.forms = lift_forms(app, &shell, me, &ticket, &subject.facts, &draft);
    }
    fold(&mut subjects);
    let facts: Vec<&Facts> = subjects.iter().map(|subject| &subject.facts).collect();
    let answers = canned::offered(app, &ticket, &facts).into_iter().cloned().collect();
    if draft.answer.is_empty() && !asked.answer.is_empty() {
        draft.answer = canned::filled(app, &ticket, &facts, me, &asked.answer);
    }
    Ok(TicketPage {
        effects: effect::of_ticket(app, ticket.id).await?,
        client: tickets::client(pool, ticket.id).await?.unwrap_or_default(),
        sender: super::view::line(&ticket.name, 80),
        team: staff::list(pool).await?,
        moments: timeline::of_ticket(app, &shell, ticket.id, whole).await?,
        answers,
        siblings: tickets::of_email(pool, &ticket.email, ticket.id, 10).await?,
        done: asked.done.clone(),
        lifted: Net::parse(&asked.net).ok(),
        provings: Provings::of_ticket(app, &shell, &ticket).await?,
        assessed: app.desk.assessment(ticket.id).await?.map(|found| Assessed::new(&shell, &found)),
        checked: Checked::new(&shell, &app.desk.snapshots(ticket.id).await?),
        causes: app.desk.content.causes.iter().map(|c| (c.code.clone(), c.text(shell.lang()).title.clone())).collect(),
        shell,
        ticket,
        subjects,
        more,
        pieces,
        seen,
        draft,
    })
}

/// What is known of the networks that the ticket is about, and how many more there are.
async fn subjects(app: &App, ticket: &Ticket) -> Result<(Vec<Subject>, usize)> {
    let named = tickets::networks(app.desk.db.pool(), ticket.id).await?;
    let all = important(&named, |net| app.desk.blocklist.find(net.first(), app.desk.now()).is_some());
    let mut subjects = Vec::new();
    for (net, origin) in all.iter().take(SUBJECTS) {
        let facts = Facts::gather(app, *net, ticket.id).await?;
        subjects.push(Subject { origin: origin.as_str(), facts, forms: Vec::new() });
    }
    Ok((subjects, all.len().saturating_sub(SUBJECTS)))
}

/// Those networks that the sender named and those of the evidence that are blocked; without any, a few of the evidence.
fn important(named: &[(Net, Origin)], is_blocked: impl Fn(Net) -> bool) -> Vec<(Net, Origin)> {
    let matters = |(net, origin): &&(Net, Origin)| *origin != Origin::Evidence || is_blocked(*net);
    let found: Vec<(Net, Origin)> = named.iter().filter(matters).copied().collect();
    if found.is_empty() { named.iter().take(3).copied().collect() } else { found }
}

/// A form for each block in force that covers a network.
fn lift_forms(app: &App, shell: &Shell, me: &Staff, ticket: &Ticket, facts: &Facts, draft: &Draft) -> Vec<LiftForm> {
    let count = facts.live.len();
    let form = |block: &Block| {
        let mut form = LiftForm::new(app, shell, me, block, facts.net, count);
        form.target = format!("/staff/tickets/{}/lift", ticket.code);
        form.typed.answer = cause_answer(app, ticket, &block.cause);
        form.version = Some(ticket.version);
        match &draft.lift {
            Some(typed) if typed.block == block.id.to_string() && is_about(typed, facts.net) => {
                form.again(typed.clone(), draft.faults.clone())
            }
            _ => form,
        }
    };
    facts.live.iter().map(form).collect()
}

/// Leaves each further entry of a network out when another network offers it, and unfolds one form at most.
fn fold(subjects: &mut [Subject]) {
    let mut offered: HashSet<Id> = subjects.iter().filter_map(|s| s.forms.first()).map(|form| form.block.id).collect();
    for subject in &mut *subjects {
        let mut place = 0;
        subject.forms.retain(|form| {
            place += 1;
            place == 1 || !form.faults.is_empty() || offered.insert(form.block.id)
        });
    }
    let has_faults = subjects.iter().flat_map(|s| &s.forms).any(|form| !form.faults.is_empty());
    let mut is_first = true;
    for subject in subjects {
        let is_blocked = subject.facts.hit().is_some();
        for form in &mut subject.forms {
            form.is_open = if has_faults { !form.faults.is_empty() } else { is_first && is_blocked };
            is_first = false;
        }
    }
}

/// Whether a typed lift belongs to the form of this network.
fn is_about(typed: &lift::Typed, net: Net) -> bool {
    typed.only.is_empty() || Net::parse(&typed.only).map_or(true, |only| only == net)
}

/// The sentence that names the cause, in the sender's language.
fn cause_answer(app: &App, ticket: &Ticket, cause: &str) -> String {
    let named = app.desk.content.causes.find(cause).map(|c| c.text(&ticket.lang).answer.clone());
    named.unwrap_or_else(|| texts(&ticket.lang).t1("answer-cause", "cause", cause))
}

impl TicketPage {
    /// Where the live checks are asked for again.
    fn checks_target(&self) -> String {
        format!("/staff/tickets/{}/checks", self.ticket.code)
    }

    /// Who works on it; empty for nobody.
    fn assignee(&self) -> String {
        name_of(&self.team, self.ticket.assignee_id)
    }

    /// Whether this member works on it.
    fn is_assignee(&self, member: &Staff) -> bool {
        self.ticket.assignee_id == Some(member.id)
    }

    /// Who may work on it.
    fn workers(&self) -> impl Iterator<Item = &Staff> {
        self.team.iter().filter(|member| member.disabled_at.is_none() && member.role.may_work())
    }

    /// Whether it can be claimed by who looks at it.
    fn may_claim(&self) -> bool {
        self.shell.may_work() && !self.shell.is_me(&self.ticket.assignee_id)
    }

    /// The key of who looks at it.
    fn me(&self) -> String {
        self.shell.staff.as_ref().map(|me| me.id.to_string()).unwrap_or_default()
    }

    /// The resolutions that staff may choose; a lift is a form of its own.
    fn resolutions(&self) -> impl Iterator<Item = (&'static str, String)> {
        let all = Resolution::ALL.iter().filter(|r| **r != Resolution::Lifted);
        all.map(|r| (r.as_str(), self.shell.word("resolution", r.as_str())))
    }

    /// The cause of a block, with when it began and when it ends.
    fn cause_line(&self, block: &Block) -> String {
        let title = self.causes.iter().find(|(code, _)| *code == block.cause).map_or("", |(_, title)| title);
        let until = block
            .until
            .map_or_else(|| self.shell.t("never-ends"), |end| self.shell.t1("in-span", "span", self.shell.ago(&end)));
        let values: [(&str, &dyn Arg); 4] =
            [("code", &block.cause), ("title", &title), ("since", &self.shell.ago(&block.since)), ("until", &until)];
        self.shell.texts.with("ticket-cause", &values)
    }

    /// Whether the answer is unfolded: there is something in it, or nothing else to do.
    fn is_answering(&self) -> bool {
        !self.draft.answer.is_empty() || self.draft.faults.has("answer") || (!self.has_lifts() && !self.is_closing())
    }

    /// Whether the end is unfolded.
    fn is_closing(&self) -> bool {
        let faults = &self.draft.faults;
        !self.draft.closing.is_empty() || faults.has("closing") || faults.has("resolution")
    }

    /// Whether the note is unfolded.
    fn is_noting(&self) -> bool {
        !self.draft.note.is_empty() || self.draft.faults.has("note")
    }

    /// The id of the first field to fill in for a lift.
    fn lift_field(&self) -> String {
        self.subjects.iter().find_map(|subject| subject.forms.first()).map(|form| form.id("reason")).unwrap_or_default()
    }

    /// Whether any block can be lifted from here.
    fn has_lifts(&self) -> bool {
        self.subjects.iter().any(|subject| !subject.forms.is_empty())
    }

    /// What was just done, in words; nothing for words that are not ours.
    fn done_text(&self) -> String {
        let known = ["answered", "noted", "assigned", "reopened", "cleared", "resolved"];
        if known.contains(&self.done.as_str()) { self.shell.word("done", &self.done) } else { String::new() }
    }

    /// The networks of the ticket that were just lifted, with what the list says of each now.
    fn outcomes(&self) -> Vec<(Net, Option<&Hit>)> {
        let Some(lifted) = self.lifted.filter(|_| ["lifted", "part-lifted"].contains(&self.done.as_str())) else {
            return Vec::new();
        };
        let touched = |facts: &&Facts| lifted.covers(facts.net) || facts.net.covers(lifted);
        self.subjects.iter().map(|s| &s.facts).filter(touched).map(|facts| (facts.net, facts.hit())).collect()
    }

    /// What came of the ticket by the lift.
    fn lifted_text(&self) -> String {
        self.shell.t(if self.done == "lifted" { "done-lifted-mail" } else { "done-part-lifted-mail" })
    }

    /// Whether everything that was just lifted is free now.
    fn is_all_free(&self) -> bool {
        self.subjects.iter().all(|subject| subject.facts.verdict == Verdict::Free)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_evidence_only_blocked_networks_matter() {
        let net = |text: &str| Net::parse(text).unwrap();
        let named = [
            (net("192.0.2.1"), Origin::Typed),
            (net("192.0.2.2"), Origin::Evidence),
            (net("192.0.2.3"), Origin::Evidence),
        ];
        let blocked = |n: Net| n == net("192.0.2.3");
        assert_eq!(important(&named, blocked), [named[0], named[2]]);
        assert_eq!(important(&named[1..], |_| false), &named[1..]);
    }

    #[test]
    fn a_typed_lift_finds_its_form() {
        let typed = |only: &str| lift::Typed { only: only.to_owned(), ..lift::Typed::default() };
        let net = Net::parse("192.0.2.7").unwrap();
        assert!(is_about(&typed("192.0.2.7"), net) && is_about(&typed(""), net) && is_about(&typed("?"), net));
        assert!(!is_about(&typed("192.0.2.8"), net));
    }
}
