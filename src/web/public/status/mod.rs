//! The status page of a request, for whoever has its link: state, history, what is blocked now, a form to add to it.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use self::history::{Item, Sources, history};
use super::kept::{self, Kept};
use super::request::typed::file_fault;
use super::standing::{self, Standing};
use crate::app::App;
use crate::desk::Refusal;
use crate::desk::confirm::Confirmed;
use crate::desk::evidence::findings;
use crate::desk::sweep::NO_REPLY;
use crate::desk::ticket::MESSAGE_MOST;
use crate::domain::id::{Secret, fold_code};
use crate::domain::net::Net;
use crate::domain::policy::{Assessment, Decision};
use crate::domain::ticket::{Resolution, State as Stage, Ticket, Who, status_path};
use crate::domain::time::{HOUR, Time};
use crate::locale::Arg;
use crate::store::confirmations::Effect;
use crate::store::{events, evidence, messages, outbox, tickets};
use crate::web::assessed::Assessed;
use crate::web::checked::Checked;
use crate::web::client::Client;
use crate::web::error::{Error, Result};
use crate::web::extract::{Path, Query};
use crate::web::findings::Understood;
use crate::web::form::Faults;
use crate::web::intake::{self, Beyond, Field, Intake, Trouble};
use crate::web::proving::Provings;
use crate::web::shell::Shell;
use crate::web::watching::Watchings;

mod history;
pub mod proofs;
pub mod ranges;

/// The fields of the form on the page.
const FIELDS: &[Field] = &[
    Field { name: "message", most: MESSAGE_MOST, beyond: Beyond::Hold },
    Field { name: "once", most: 200, beyond: Beyond::Cut },
];

/// How many networks the page looks up.
const NETS_MOST: usize = 20;

/// Of how many pieces of evidence the page says what was understood.
const UNDERSTOOD_MOST: usize = 5;

/// Of how many lifts the page says how far they are.
const EFFECTS_MOST: i64 = 3;

/// What the link carries.
#[derive(Debug, Deserialize)]
pub struct Link {
    /// The secret.
    #[serde(default)]
    key: String,
    /// Whether the request was made this moment.
    #[serde(default)]
    new: String,
    /// Whether something was added this moment.
    #[serde(default)]
    added: String,
}

/// A network of the request, and how it stands now.
#[derive(Debug)]
struct Row {
    /// The network.
    net: Net,
    /// Where it stands, if it is one address.
    standing: Option<Standing>,
}

/// What stands in the form on the page.
#[derive(Debug, Default)]
struct Addition {
    /// The message.
    message: String,
    /// What tells a second sending of the form.
    once: String,
    /// What is wrong.
    faults: Faults,
    /// Files and long texts that wait.
    kept: Vec<Kept>,
    /// Why it was not taken, if not for a mistake.
    trouble: Option<&'static str>,
    /// Whether a file has to be chosen again.
    file_again: bool,
}

/// The page.
#[derive(Template, WebTemplate)]
#[template(path = "public/status.html")]
struct Page {
    /// What all pages share.
    shell: Shell,
    /// The ticket.
    ticket: Ticket,
    /// The secret, for the targets of the forms.
    key: String,
    /// Whether the request was made this moment.
    is_new: bool,
    /// Whether something was added this moment.
    is_added: bool,
    /// By when a person answers, if that is told.
    answered_by: Option<Time>,
    /// What it is about.
    rows: Vec<Row>,
    /// Since when each network that was lifted is free everywhere, or how far that is.
    effects: Vec<Confirmed>,
    /// What happened.
    items: Vec<Item>,
    /// What the reader understood of the evidence.
    understood: Vec<Understood>,
    /// Whether a mail to the sender could not be delivered.
    is_unreachable: bool,
    /// The proofs.
    provings: Provings,
    /// The watches.
    watchings: Watchings,
    /// What the policy says.
    assessed: Option<Assessed>,
    /// The live checks.
    checked: Checked,
    /// The form.
    addition: Addition,
}

impl Page {
    /// The whole link, to be kept.
    fn link(&self) -> String {
        format!("{}{}", self.shell.public_url, status_path(&self.ticket.code, &self.key))
    }

    /// Where proofs are begun.
    fn proofs_target(&self) -> String {
        format!("/requests/{}/proofs", self.ticket.code)
    }

    /// Where watches are asked for.
    fn watches_target(&self) -> String {
        format!("/requests/{}/watches", self.ticket.code)
    }

    /// Where the live checks are asked for again.
    fn checks_target(&self) -> String {
        format!("/requests/{}/checks?key={}", self.ticket.code, self.key)
    }

    /// The word of where it stands: its state, or how it ended.
    fn stage(&self) -> String {
        match self.ticket.resolution {
            Some(resolution) => format!("resolved-{resolution}"),
            None => self.ticket.state.to_string(),
        }
    }

    /// What happens next, in a sentence. Who only added to an open request gets the answers to it by mail.
    fn next_words(&self) -> String {
        match (self.ticket.joined_to, self.ticket.resolution) {
            (Some(_), Some(end)) if end != Resolution::Withdrawn => self.shell.t("status-next-by-mail"),
            _ => self.shell.word("status-next", &self.stage()),
        }
    }

    /// By when something happens next, where that can be said.
    fn by_when(&self) -> Option<String> {
        let (key, time) = match self.ticket.state {
            Stage::New | Stage::Open => ("status-by-answer", self.answered_by?),
            Stage::Waiting => ("status-by-closed", self.ticket.updated_at.plus(NO_REPLY)),
            Stage::Resolved => return None,
        };
        let is_late = key == "status-by-answer" && time < self.shell.now;
        Some(self.shell.t1(if is_late { "status-by-late" } else { key }, "time", time))
    }

    /// How far a lift is, in a sentence.
    fn effect(&self, known: &Confirmed) -> String {
        let (done, total) = known.count();
        let at = known.whole.settled_at.map(|at| at.to_string()).unwrap_or_default();
        let values: [(&str, &dyn Arg); 4] =
            [("net", &known.whole.net), ("done", &done), ("total", &total), ("at", &at)];
        self.shell.texts.with(&format!("status-effect-{}", known.whole.state), &values)
    }

    /// How a lift is painted.
    fn effect_class(known: &Confirmed) -> &'static str {
        if known.whole.state == Effect::Confirmed { "good" } else { "warn" }
    }

    /// How the state is painted.
    fn tag(&self) -> String {
        match self.ticket.resolution {
            Some(resolution) => format!("resolution-{resolution}"),
            None => format!("state-{}", self.ticket.state),
        }
    }

    /// What is said of the message: that it opens a closed request again.
    fn message_hint(&self) -> String {
        if self.ticket.is_open() { String::new() } else { self.shell.t("status-message-hint") }
    }

    /// The state in a word or two.
    fn state_words(&self) -> String {
        match (self.ticket.resolution, self.ticket.state) {
            (Some(resolution), _) => self.shell.word("resolution", resolution.as_str()),
            // The staff's word speaks of the sender; here it is the sender who reads.
            (None, Stage::Waiting) => self.shell.t("status-waiting"),
            (None, state) => self.shell.word("state", state.as_str()),
        }
    }
}

/// The ticket of a link. A wrong secret, a missing one and an unknown code are the same: there is nothing here.
async fn find(app: &App, code: &str, key: &str) -> Result<Ticket> {
    Ok(app.desk.ticket_for(&fold_code(code), &Secret::presented(key)).await?)
}

/// Shows the page.
pub async fn show(
    State(app): State<App>,
    Path(code): Path<String>,
    Query(link): Query<Link>,
    shell: Shell,
) -> Result<Response> {
    let ticket = find(&app, &code, &link.key).await?;
    let addition = Addition { once: Secret::new().reveal().to_owned(), ..Addition::default() };
    let mut page = page(&app, shell, ticket, link.key, addition).await?;
    page.is_new = !link.new.is_empty();
    page.is_added = !link.added.is_empty();
    Ok(unlisted(page.into_response()))
}

/// Puts the page together.
async fn page(app: &App, shell: Shell, ticket: Ticket, key: String, addition: Addition) -> Result<Page> {
    let db = app.desk.db.pool();
    let sources = Sources {
        since: ticket.created_at,
        is_joined: ticket.joined_to.is_some(),
        messages: messages::of_ticket(db, ticket.id).await?,
        events: events::of_ticket(db, ticket.id).await?,
        evidence: evidence::of_ticket(db, ticket.id).await?,
    };
    let mut rows = Vec::new();
    for (net, _) in tickets::networks(db, ticket.id).await?.into_iter().take(NETS_MOST) {
        let standing = if net.is_single() { Some(standing::of(app, shell.lang(), net.first()).await) } else { None };
        rows.push(Row { net, standing });
    }
    let checked = Checked::new(&shell, &app.desk.snapshots(ticket.id).await?);
    let provings = Provings::of_ticket(app, &shell, &ticket).await?;
    let watchings = Watchings::of_ticket(app, &ticket).await?;
    // What the policy lifted is explained afterwards too; what a person decided is the person's to explain.
    let is_lifted = ticket.resolution == Some(Resolution::Lifted);
    let says = |found: &Assessment| ticket.is_open() || (is_lifted && found.decision == Decision::Lift);
    let assessment = app.desk.assessment(ticket.id).await?.filter(says);
    let assessed = assessment.map(|found| Assessed::new(&shell, &found));
    let items = history(&shell, &sources);
    let effects = app.desk.confirmations_of_ticket(ticket.id, EFFECTS_MOST).await?;
    let causes = &app.desk.content.causes;
    let understood = |piece| Understood::of(&shell, &findings(piece), causes, &piece.id.to_string(), false);
    let understood = sources.evidence.iter().take(UNDERSTOOD_MOST).filter_map(understood).collect();
    // Asked by address and not by ticket, so that it tells nothing of a ticket that this one was added to.
    let is_unreachable = outbox::failed_since(db, &ticket.email, ticket.created_at).await?;
    let within = app.desk.config.answer_within;
    let answered_by = (within > 0).then(|| ticket.queued_at.plus(within));
    Ok(Page {
        shell,
        ticket,
        key,
        is_new: false,
        is_added: false,
        answered_by,
        rows,
        effects,
        items,
        understood,
        is_unreachable,
        provings,
        watchings,
        assessed,
        checked,
        addition,
    })
}

/// Keeps a page out of search engines.
pub(super) fn unlisted(mut response: Response) -> Response {
    response.headers_mut().insert("x-robots-tag", HeaderValue::from_static("noindex, nofollow"));
    response
}

/// Adds a message, files or both.
pub async fn add(
    State(app): State<App>,
    Client(client): Client,
    Path(code): Path<String>,
    Query(link): Query<Link>,
    shell: Shell,
    request: Request,
) -> Result<Response> {
    let ticket = find(&app, &code, &link.key).await?;
    let most = app.desk.config.limits.requests_per_hour;
    let trouble = kept::trouble(&app, "addition", client, HOUR, most).await?;
    let mut intake = intake::read(&app.desk.visited_from(client), request, FIELDS, trouble).await?;
    let faults = match check(&shell, &intake) {
        Ok(()) => store(&app, &shell, &ticket, &mut intake).await?,
        Err(faults) => Some(faults),
    };
    match faults {
        None => Ok(Redirect::to(&format!("{}&added=yes", status_path(&ticket.code, &link.key))).into_response()),
        Some(faults) => again(&app, shell, ticket, link.key, &intake, faults).await,
    }
}

/// Checks that there is something to add, and that files were taken.
fn check(shell: &Shell, intake: &Intake) -> std::result::Result<(), Faults> {
    if intake.trouble.is_some() {
        return Err(Faults::default());
    }
    let mut faults = Faults::default();
    kept::add_cut(shell, intake, &["message"], &mut faults);
    match &intake.file_fault {
        _ if !faults.is_empty() => Err(faults),
        Some(fault) => Err(Faults::one("file", file_fault(shell, fault))),
        None if intake.held.is_empty() && !intake.lost && intake.text("message").trim().is_empty() => {
            Err(Faults::one("message", shell.t("status-nothing")))
        }
        None => Ok(()),
    }
}

/// Stores what is added; gives what is wrong with it.
async fn store(app: &App, shell: &Shell, ticket: &Ticket, intake: &mut Intake) -> Result<Option<Faults>> {
    let pieces: Vec<_> = intake.held.iter().map(|piece| piece.id).collect();
    let (text, once) = (intake.text("message"), intake.text("once"));
    if intake.lost {
        // The second sending of one form finds its files taken: by the message that the first one made.
        let before = app.desk.added_before(ticket, &text, Some(&once)).await?;
        return Ok(if before { None } else { Some(Faults::one("file", shell.t("file-lost"))) });
    }
    match app.desk.sender_adds(ticket, &text, &pieces, Some(&once)).await.map_err(Error::from) {
        Ok(()) => Ok(None),
        Err(Error::Unavailable) => {
            intake.trouble = Some(Trouble::Away);
            Ok(Some(Faults::default()))
        }
        Err(Error::Invalid(_)) => Ok(Some(Faults::one("message", shell.t("status-full")))),
        Err(other) => Err(other),
    }
}

/// Shows the page again with what was typed. When the database is away, so is the history; then only the error page is left.
async fn again(
    app: &App,
    shell: Shell,
    ticket: Ticket,
    key: String,
    intake: &Intake,
    mut faults: Faults,
) -> Result<Response> {
    if intake.trouble.is_some() {
        kept::add_cut(&shell, intake, &["message"], &mut faults);
    }
    let addition = Addition {
        message: intake.text("message"),
        once: intake.text("once"),
        faults,
        kept: kept::all(&shell, intake, "message"),
        trouble: kept::sentence(intake.trouble),
        file_again: intake.file_dropped && intake.trouble.is_some(),
    };
    let page = page(app, shell, ticket, key, addition).await?;
    Ok(unlisted(kept::answer(intake.trouble, page)))
}

/// Asks for the live checks again.
pub async fn check_again(
    State(app): State<App>,
    Path(code): Path<String>,
    Query(link): Query<Link>,
) -> Result<Redirect> {
    let ticket = find(&app, &code, &link.key).await?;
    app.desk.check_again(&Who::sender(), &ticket).await?;
    Ok(Redirect::to(&format!("{}#checks", status_path(&ticket.code, &link.key))))
}

/// Takes the request back; after a second click, or one that came too late, the page says how it ended.
pub async fn withdraw(State(app): State<App>, Path(code): Path<String>, Query(link): Query<Link>) -> Result<Redirect> {
    let ticket = find(&app, &code, &link.key).await?;
    match app.desk.withdraw(&ticket).await {
        Ok(()) | Err(Refusal::Stale) => Ok(Redirect::to(&status_path(&ticket.code, &link.key))),
        Err(refusal) => Err(refusal.into()),
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::ticket::{Resolution, State};
    use crate::locale::texts;

    #[test]
    fn every_stage_says_what_happens_next() {
        let texts = texts("en");
        for state in State::ALL.iter().filter(|s| **s != State::Resolved) {
            assert!(texts.has(&format!("status-next-{state}")), "{state}");
        }
        for resolution in Resolution::ALL {
            assert!(texts.has(&format!("status-next-resolved-{resolution}")), "{resolution}");
        }
    }
}
