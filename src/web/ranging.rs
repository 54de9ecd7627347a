//! Requests for many addresses of a proven range, as the page and the API tell of them.

use std::net::IpAddr;

use serde::Serialize;

use super::error::{Error, Result};
use super::say;
use super::shell::Shell;
use crate::app::App;
use crate::desk::ranges;
use crate::domain::block::case_path;
use crate::domain::filing::{Answer, BYTES_MOST, Fault, ROWS_MOST, Row};
use crate::domain::id::Id;
use crate::domain::policy::Assessment;
use crate::domain::proof::Proof;
use crate::domain::ticket::status_path;
use crate::locale::{FALLBACK, Sentence, texts};
use crate::store::tickets::{self, Filed};

/// Of how many requests the page and the API tell.
const SHOWN_MOST: i64 = 1_000;

/// One address, and how it stands now.
#[derive(Debug, Clone, Serialize)]
pub struct Told {
    /// The line of the list that was just sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The address.
    pub address: IpAddr,
    /// What came of it, a word of [`Answer`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    /// Whether it is blocked now.
    pub blocked: bool,
    /// The code of the cause.
    pub cause: Option<String>,
    /// The case link.
    pub case_link: Option<String>,
    /// The code of the request.
    pub ticket: Option<String>,
    /// The page of the request.
    pub ticket_link: Option<String>,
    /// Where the request stands: a state, or how it ended.
    pub state: Option<String>,
    /// What the policy says, as a word.
    pub decision: Option<&'static str>,
    /// The same in a sentence.
    pub policy: Option<String>,
}

impl Told {
    /// An address as the list has it now.
    fn of_addr(app: &App, addr: IpAddr) -> Self {
        let hit = app.desk.blocklist.find(addr, app.desk.now());
        let case = |code: &str| format!("{}{}", app.desk.config.http.public_url, case_path(code, Some(addr)));
        Self {
            line: None,
            address: addr,
            answer: None,
            blocked: hit.is_some(),
            case_link: hit.as_ref().map(|hit| case(&hit.case_code)),
            cause: hit.map(|hit| hit.cause.to_string()),
            ticket: None,
            ticket_link: None,
            state: None,
            decision: None,
            policy: None,
        }
    }

    /// An address with the request that was filed for it.
    fn of_ticket(app: &App, filed: &Filed) -> Self {
        let assessment: Option<Assessment> =
            filed.assessment.as_deref().and_then(|body| serde_json::from_str(body).ok());
        let secret = app.desk.filed_secret(filed.id);
        let link = format!("{}{}", app.desk.config.http.public_url, status_path(&filed.code, secret.reveal()));
        Self {
            ticket: Some(filed.code.clone()),
            ticket_link: Some(link),
            state: Some(filed.resolution.map_or_else(|| filed.state.to_string(), |end| end.to_string())),
            decision: assessment.as_ref().map(|found| found.decision.as_str()),
            policy: assessment.map(|found| {
                let until = found.until.map(|until| until.to_string()).unwrap_or_default();
                texts(FALLBACK).t1(&format!("policy-decision-{}", found.decision), "until", until)
            }),
            ..Self::of_addr(app, filed.net.first())
        }
    }

    /// The answer as a class of its mark.
    #[must_use]
    pub fn class(&self) -> &'static str {
        if self.blocked { "bad" } else { "good" }
    }
}

/// All requests that were filed by a proof, the newest first.
pub async fn told(app: &App, proof: Id) -> Result<Vec<Told>> {
    let all = tickets::of_range(app.desk.db.pool(), proof, SHOWN_MOST).await?;
    Ok(all.iter().map(|filed| Told::of_ticket(app, filed)).collect())
}

/// Files a list and tells of each of its addresses.
pub async fn file(
    app: &App,
    ticket: &crate::domain::ticket::Ticket,
    proof: &Proof,
    rows: &[Row],
    client: IpAddr,
) -> Result<Vec<Told>> {
    if app.desk.blocklist.reached().is_none() {
        return Err(Error::Unavailable);
    }
    let filed = app.desk.file(ticket, proof, rows, client).await?;
    let known = tickets::of_range(app.desk.db.pool(), proof.id, SHOWN_MOST).await?;
    let tell = |one: ranges::Filed| {
        let ticket = one.ticket.and_then(|id| known.iter().find(|filed| filed.id == id));
        let told = ticket.map_or_else(|| Told::of_addr(app, one.addr), |filed| Told::of_ticket(app, filed));
        Told { line: Some(one.line), answer: Some(one.answer), ..told }
    };
    Ok(filed.into_iter().map(tell).collect())
}

/// One mistake in a sentence without its line.
#[must_use]
pub fn fault(fault: &Fault, proof: &Proof) -> Sentence {
    match fault {
        Fault::Address(bad) => say::why_no_net(bad),
        Fault::Elsewhere(addr) => Sentence::new("range-elsewhere").with("addr", addr).with("net", proof.net),
        Fault::Again(addr, line) => Sentence::new("range-again").with("addr", addr).with("before", line),
        Fault::Unreadable => Sentence::new("range-unreadable"),
        Fault::Many => Sentence::new("range-many").with("count", ROWS_MOST),
        Fault::Nothing => Sentence::new("range-nothing"),
    }
}

/// One mistake with its line, for people.
#[must_use]
pub fn fault_text(shell: &Shell, line: u64, what: &Fault, proof: &Proof) -> String {
    shell.t2("range-line", "line", line, "what", shell.say(&fault(what, proof)))
}

/// How much a list may be, in words.
#[must_use]
pub fn bounds(shell: &Shell) -> String {
    shell.t2("range-bounds", "count", ROWS_MOST, "size", say::size(shell, BYTES_MOST))
}
