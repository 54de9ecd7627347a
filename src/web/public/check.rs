//! Looks up an address, a host name, a domain or a pasted refusal: our verdict first, then the checks, then what to do.

use std::net::IpAddr;
use std::sync::Arc;

use askama::Template;
use askama_web::WebTemplate;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::standing::{self, Standing};
use crate::app::App;
use crate::checks::{Named, Snapshot, Subject};
use crate::desk::snapshot::subject;
use crate::domain::dns::public_host;
use crate::domain::id::fold_code;
use crate::domain::net::{BadNet, Net, is_public, parse_addr};
use crate::domain::time::{MINUTE, Time};
use crate::domain::words::quoted;
use crate::evidence::Findings;
use crate::web::checked::{self, Told};
use crate::web::client::Client;
use crate::web::error::{Error, Result, is_for_program};
use crate::web::extract::Query;
use crate::web::form::Faults;
use crate::web::shell::Shell;
use crate::web::{guard, say};

/// How much of a pasted text is looked at.
const MOST: usize = 4_000;

/// How much of a name is shown again.
const NAME_MOST: usize = 255;

/// How many addresses of a text with several are named.
const NAMED_MOST: usize = 5;

/// What is asked for.
#[derive(Debug, Deserialize)]
pub struct Asked {
    /// An address, a name, or something with a case link or an address in it.
    #[serde(default)]
    q: String,
    /// The name that the server says in HELO.
    #[serde(default)]
    helo: String,
    /// The domain of the sender.
    #[serde(default)]
    domain: String,
}

/// The page.
#[derive(Template, WebTemplate)]
#[template(path = "public/check.html")]
struct Page {
    /// What all pages share.
    shell: Shell,
    /// What was asked for, as typed.
    q: String,
    /// The name in HELO, as typed.
    helo: String,
    /// The domain of the sender, as typed.
    domain: String,
    /// What is wrong with it.
    faults: Faults,
    /// What was found.
    seen: Option<Seen>,
}

impl Page {
    /// The page of what was asked for, with what was found.
    fn new(shell: Shell, q: String, asked: Asked, seen: Option<Seen>) -> Self {
        let short = |text: String| text.chars().take(NAME_MOST).collect();
        Self { shell, q, helo: short(asked.helo), domain: short(asked.domain), faults: Faults::default(), seen }
    }

    /// Whether more than the box is filled in.
    fn has_more(&self) -> bool {
        !self.helo.is_empty() || !self.domain.is_empty()
    }
}

/// What was found.
struct Seen {
    /// The name that was asked for, if it was one.
    name: Option<String>,
    /// Where its addresses stand.
    standings: Vec<Standing>,
    /// The checks in words.
    checks: Vec<Told>,
    /// What is to be done.
    to_do: Vec<Told>,
    /// The checks as they came.
    snapshot: Option<Arc<Snapshot>>,
    /// How the checks ended, in a sentence.
    summary: String,
}

/// What a text in the box means.
#[derive(Debug, PartialEq, Eq)]
enum Meaning {
    /// Nothing was typed.
    Nothing,
    /// A case link, wherever it stands in the text, or a case code alone.
    Case(String),
    /// One address.
    Address(IpAddr),
    /// A refusal, with what the reader found in it.
    Refusal(Box<Subject>),
    /// A host name or a domain.
    Name(String),
}

/// Looks up what was typed, for people or programs; without anything shows the box.
pub async fn show(
    State(app): State<App>,
    Client(client): Client,
    uri: Uri,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
    shell: Shell,
) -> Result<Response> {
    let json = is_for_program(uri.path(), &headers);
    let q: String = asked.q.chars().take(MOST).collect();
    let q = q.trim().to_owned();
    let seen = match understood(&app, &shell, client, &q).await? {
        Ok(Meaning::Nothing) if json => return Ok(refused(&shell.t("bad-net-empty"))),
        Ok(Meaning::Nothing) => None,
        Ok(Meaning::Case(path)) => return Ok(Redirect::to(&path).into_response()),
        Ok(Meaning::Address(addr)) => {
            let subject = Subject::new(Some(addr), Some(&asked.helo), Some(&asked.domain));
            Some(look(&app, &shell, None, &[addr], subject).await)
        }
        Ok(Meaning::Refusal(found)) => {
            let typed = Subject::new(found.addr, Some(&asked.helo), Some(&asked.domain));
            let subject = Subject { helo: typed.helo.or(found.helo), domain: typed.domain.or(found.domain), ..*found };
            Some(look(&app, &shell, None, subject.addr.as_slice(), subject.clone()).await)
        }
        Ok(Meaning::Name(name)) => Some(look_up_name(&app, &shell, name, &asked).await),
        Err(what) if json => return Ok(refused(&what)),
        Err(what) => {
            let page = Page { faults: Faults::one("q", what), ..Page::new(shell, q, asked, None) };
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    let unknown = seen.iter().any(|seen| seen.is_lost() || seen.standings.iter().any(|standing| standing.unknown));
    let status = if unknown { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    Ok(match seen {
        Some(seen) if json => (status, Json(seen.to_json(&q))).into_response(),
        seen => (status, Page::new(shell, q, asked, seen)).into_response(),
    })
}

/// What was typed means, or what is wrong with it. All but nothing and a case counts as a look-up.
async fn understood(app: &App, shell: &Shell, client: IpAddr, q: &str) -> Result<std::result::Result<Meaning, String>> {
    let meaning = meaning(q, app.desk.checks.are_on());
    if matches!(meaning, Ok(Meaning::Address(_) | Meaning::Name(_)) | Err(BadNet::NotAddress(_))) {
        count(app, client).await?;
    }
    Ok(match meaning {
        Err(bad @ BadNet::NotAddress(_)) => {
            let found = app.desk.read_unstored(q.as_bytes().to_vec()).await?;
            let addr = only(shell, &addresses_in(&found, q), &bad);
            addr.map(|addr| Meaning::Refusal(Box::new(subject(Some(addr), &[found]))))
        }
        other => other.map_err(|bad| say::bad_net(shell, &bad)),
    })
}

/// The one address of a text, or what is wrong with it.
fn only(shell: &Shell, found: &[IpAddr], bad: &BadNet) -> std::result::Result<IpAddr, String> {
    match found {
        [] => Err(say::bad_net(shell, bad)),
        [addr] => Ok(*addr),
        several => {
            let named: Vec<String> = several.iter().take(NAMED_MOST).map(ToString::to_string).collect();
            Err(shell.t1("check-several", "found", named.join(", ")))
        }
    }
}

/// Tells a program what is wrong with what it asked for.
fn refused(what: &str) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "error": "invalid", "detail": what }))).into_response()
}

/// Finds out what a name is, then looks it up as a host or as a domain.
async fn look_up_name(app: &App, shell: &Shell, name: String, asked: &Asked) -> Seen {
    match app.desk.checks.name(&name, &app.desk.clock).await {
        Some(Named::Host(addrs)) => {
            let subject = Subject::new(addrs.first().copied(), Some(&name), Some(&asked.domain));
            look(app, shell, Some(name), &addrs, subject).await
        }
        Some(Named::Domain) => {
            let subject = Subject::new(None, None, Some(&name));
            look(app, shell, Some(name), &[], subject).await
        }
        None => Seen {
            name: Some(name),
            standings: Vec::new(),
            checks: Vec::new(),
            to_do: Vec::new(),
            snapshot: None,
            summary: String::new(),
        },
    }
}

/// The addresses that a pasted refusal is about: those that the reader finds, else all that stand in it. Addresses
/// that never reach us count only where there is no other.
fn addresses_in(found: &Findings, text: &str) -> Vec<IpAddr> {
    let mut all = if found.ips.is_empty() { written_in(text) } else { found.ips.clone() };
    if all.iter().any(|addr| is_public(*addr)) {
        all.retain(|addr| is_public(*addr));
    }
    all
}

/// All addresses that stand in a text, each once.
fn written_in(text: &str) -> Vec<IpAddr> {
    let mut all = Vec::new();
    for word in text.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | ':' | '-' | '_' | '/')) {
        let looks = word.matches('.').count() > 2 || word.matches(':').count() > 1;
        let read = || parse_addr(word).or_else(|_| parse_addr(word.trim_matches(['.', ':', '-', '/'])));
        if let Some(addr) = looks.then(read).and_then(std::result::Result::ok)
            && !all.contains(&addr)
        {
            all.push(addr);
        }
    }
    all
}

/// Where addresses stand, and the checks of a subject.
async fn look(app: &App, shell: &Shell, name: Option<String>, addrs: &[IpAddr], subject: Subject) -> Seen {
    let mut standings = Vec::new();
    for addr in addrs {
        standings.push(standing::of(app, shell.lang(), *addr).await);
    }
    let snapshot = app.desk.checks.run(&subject, &app.desk.clock).await;
    let texts = &shell.texts;
    let (checks, to_do, summary) = snapshot.as_ref().map_or_else(Default::default, |snapshot| {
        (checked::all(texts, snapshot), checked::to_do(texts, snapshot), checked::summary(texts, snapshot))
    });
    Seen { name, standings, checks, to_do, snapshot, summary }
}

impl Seen {
    /// Whether the name led nowhere because there was no answer.
    fn is_lost(&self) -> bool {
        self.name.is_some() && self.standings.is_empty() && self.snapshot.is_none()
    }

    /// The name, when it was asked for as one.
    fn host(&self) -> Option<&str> {
        self.name.as_deref().filter(|_| !self.is_lost())
    }

    /// The address whose checks are shown.
    fn first(&self) -> Option<&Standing> {
        self.standings.first()
    }

    /// The same for programs.
    fn to_json(&self, q: &str) -> Value {
        let verdict = |standing: &Standing| {
            let blocked = (!standing.unknown).then_some(standing.entry.is_some());
            let entry = standing.entry.as_ref().map(|entry| {
                json!({ "network": entry.net.to_string(), "cause": entry.code, "title": entry.title, "action": entry.action.as_str(),
                        "since": entry.since.map(Time::rfc3339), "until": entry.until.map(Time::rfc3339), "case": entry.link })
            });
            json!({ "address": standing.addr, "blocked": blocked, "block": entry, "probation_until": standing.probation.map(Time::rfc3339) })
        };
        json!({
            "q": q,
            "name": self.name,
            "addresses": self.standings.iter().map(verdict).collect::<Vec<_>>(),
            "checked_at": self.snapshot.as_ref().map(|snapshot| snapshot.at.rfc3339()),
            "checked": self.snapshot.as_ref().map(|snapshot| &snapshot.subject),
            "checks": self.snapshot.as_ref().map(|_| &self.checks),
        })
    }
}

/// Counts a look-up. Answers come from memory, so a database that is away is no reason to refuse one.
pub(super) async fn count(app: &App, client: IpAddr) -> Result<()> {
    match guard::count(app, "check", client, MINUTE, app.desk.config.limits.checks_per_minute).await {
        Err(Error::Unavailable) => Ok(()),
        counted => counted,
    }
}

/// What a text in the box means: a case link in it goes first, then a case code, then it is read as one address, then as
/// a name where names can be asked for.
fn meaning(text: &str, names: bool) -> std::result::Result<Meaning, BadNet> {
    if text.trim().is_empty() {
        return Ok(Meaning::Nothing);
    }
    if let Some(path) = case_path_in(text) {
        return Ok(Meaning::Case(path));
    }
    if is_case_code(text.trim()) {
        return Ok(Meaning::Case(format!("/c/{}", fold_code(text))));
    }
    if text.contains('/') {
        match Net::parse(text) {
            Ok(net) if net.is_single() => return Ok(Meaning::Address(net.first())),
            Ok(_) | Err(BadNet::HostBits { .. }) => {
                return Err(BadNet::Network(quoted(text)));
            }
            Err(_) => {}
        }
    }
    parse_addr(text)
        .map(Meaning::Address)
        .or_else(|bad| public_host(text).filter(|_| names).map(Meaning::Name).ok_or(bad))
}

/// Whether a word is nothing but a case code.
fn is_case_code(word: &str) -> bool {
    word.len() == 8 && word.bytes().all(|b| b.is_ascii_alphanumeric() && !matches!(b, b'u' | b'U'))
}

/// The path of the first case link in a text; its tail, if it is no address, is left out.
fn case_path_in(text: &str) -> Option<String> {
    text.match_indices("/c/").find_map(|(at, start)| {
        let rest = text.get(at + start.len()..)?;
        let code: String = rest.chars().take_while(char::is_ascii_alphanumeric).take(20).collect();
        let tail = rest.get(code.len()..).and_then(|tail| tail.strip_prefix('/')).unwrap_or_default();
        let tail: String =
            tail.chars().take_while(|c| c.is_ascii_hexdigit() || matches!(c, '.' | ':')).take(45).collect();
        let path = format!("/c/{}", fold_code(&code));
        let client = parse_addr(&tail).ok().map(|addr| format!("{path}/{addr}"));
        (code.len() >= 6).then(|| client.unwrap_or(path))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(path: &str) -> Meaning {
        Meaning::Case(path.to_owned())
    }

    #[test]
    fn a_case_link_is_found_in_whatever_is_pasted() {
        let refusal = "550 5.7.1 <mx.example[203.0.113.7]>: blocked (PB-SPAM), see https://pm.example/c/7K3FQ2XW/203.0.113.7; from=<>";
        assert_eq!(meaning(refusal, true), Ok(case("/c/7K3FQ2XW/203.0.113.7")));
        assert_eq!(meaning("/c/7k3fq2xw", true), Ok(case("/c/7K3FQ2XW")));
        assert_eq!(meaning("https://pm.example/c/7K3FQ2XW/2001:db8::1)", true), Ok(case("/c/7K3FQ2XW/2001:db8::1")));
        assert_eq!(meaning("see https://pm.example/c/7K3FQ2XW/203.0.", true), Ok(case("/c/7K3FQ2XW")));
    }

    #[test]
    fn names_are_read() {
        assert_eq!(meaning("Mail.Example.org.", true), Ok(Meaning::Name("mail.example.org".to_owned())));
        assert!(matches!(meaning("hello", true), Err(BadNet::NotAddress(_))));
    }

    #[test]
    fn a_case_code_alone_is_a_case() {
        assert_eq!(meaning(" 7k3fq2xw ", true), Ok(case("/c/7K3FQ2XW")));
        for other in ["7K3FQ2X", "7K3FQ2XWA", "7K3F-2XW", "7K3FQ2XU"] {
            assert!(meaning(other, true).is_err(), "{other}");
        }
    }

    #[test]
    fn addresses_are_found_wherever_they_stand() {
        let found = |text: &str| written_in(text).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(found("mx.example[203.0.113.7]: rejected, 203.0.113.7."), ["203.0.113.7"]);
        assert_eq!(found("helo=<[IPv6:2001:db8::1]> at 12:00:00, 5.7.1"), ["2001:db8::1"]);
        assert_eq!(found("from 203.0.113.7:25 to 192.0.2.1;"), ["203.0.113.7", "192.0.2.1"]);
        assert!(found("203.0.113.0/24, std::vec, 7-203.0.113.7.example").is_empty());
    }

    #[test]
    fn one_address_is_read_and_a_network_is_not() {
        assert_eq!(meaning(" [203.0.113.7] ", true), Ok(Meaning::Address("203.0.113.7".parse().unwrap())));
        assert_eq!(meaning("2001:db8::1/128", true), Ok(Meaning::Address("2001:db8::1".parse().unwrap())));
        assert_eq!(meaning("  ", true), Ok(Meaning::Nothing));
        for net in ["203.0.113.0/24", "203.0.113.7/24"] {
            assert_eq!(meaning(net, true), Err(BadNet::Network(net.to_owned())));
        }
        assert!(matches!(meaning("mx.example.org", false), Err(BadNet::NotAddress(_))));
        assert!(matches!(meaning("203.0.113.007", true), Err(BadNet::LeadingZero(_))));
    }
}
