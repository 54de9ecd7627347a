//! Looks up an address: blocked or not, why, since when, until when, and what to do.

use std::net::IpAddr;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::standing::{self, Standing};
use crate::app::App;
use crate::domain::id::fold_code;
use crate::domain::net::{BadNet, Net, is_public, parse_addr};
use crate::domain::time::MINUTE;
use crate::domain::words::quoted;
use crate::web::client::Client;
use crate::web::error::{Error, Result};
use crate::web::extract::Query;
use crate::web::form::Faults;
use crate::web::shell::Shell;
use crate::web::{guard, say};

/// How much of a pasted text is looked at.
const MOST: usize = 4_000;

/// How many addresses of a text with several are named.
const NAMED_MOST: usize = 5;

/// What is asked for.
#[derive(Debug, Deserialize)]
pub struct Asked {
    /// An address, or something with a case link in it.
    #[serde(default)]
    q: String,
}

/// The page.
#[derive(Template, WebTemplate)]
#[template(path = "public/check.html")]
struct Page {
    /// What all pages share.
    shell: Shell,
    /// What was asked for, as typed.
    q: String,
    /// What is wrong with it.
    faults: Faults,
    /// Where the address stands.
    standing: Option<Standing>,
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
}

/// Looks up what was typed; without anything shows the box.
pub async fn show(
    State(app): State<App>,
    Client(client): Client,
    Query(asked): Query<Asked>,
    shell: Shell,
) -> Result<Response> {
    let q: String = asked.q.chars().take(MOST).collect();
    let page = |faults, standing| Page { q: q.trim().to_owned(), faults, standing, shell: shell.clone() };
    let addr = match meaning(&q) {
        Ok(Meaning::Nothing) => return Ok(page(Faults::default(), None).into_response()),
        Ok(Meaning::Case(path)) => return Ok(Redirect::to(&path).into_response()),
        Ok(Meaning::Address(addr)) => {
            count(&app, client).await?;
            Ok(addr)
        }
        Err(bad @ BadNet::NotAddress(_)) => {
            count(&app, client).await?;
            only(&shell, &addresses_in(&app, &q).await?, &bad)
        }
        Err(bad) => Err(say::bad_net(&shell, &bad)),
    };
    match addr {
        Ok(addr) => {
            let standing = standing::of(&app, shell.lang(), addr).await;
            let status = if standing.unknown { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
            Ok((status, page(Faults::default(), Some(standing))).into_response())
        }
        Err(what) => Ok((StatusCode::UNPROCESSABLE_ENTITY, page(Faults::one("q", what), None)).into_response()),
    }
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

/// The addresses that a pasted refusal is about: those that the reader finds, else all that stand in it. Addresses
/// that never reach us count only where there is no other.
async fn addresses_in(app: &App, text: &str) -> Result<Vec<IpAddr>> {
    let told = app.desk.read_unstored(text.as_bytes().to_vec()).await?.ips;
    let mut all = if told.is_empty() { written_in(text) } else { told };
    if all.iter().any(|addr| is_public(*addr)) {
        all.retain(|addr| is_public(*addr));
    }
    Ok(all)
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

/// Counts a look-up. Answers come from memory, so a database that is away is no reason to refuse one.
pub(super) async fn count(app: &App, client: IpAddr) -> Result<()> {
    match guard::count(app, "check", client, MINUTE, app.desk.config.limits.checks_per_minute).await {
        Err(Error::Unavailable) => Ok(()),
        counted => counted,
    }
}

/// What a text in the box means: a case link in it goes first, then a case code, then it is read as one address.
fn meaning(text: &str) -> std::result::Result<Meaning, BadNet> {
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
    parse_addr(text).map(Meaning::Address)
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
        assert_eq!(meaning(refusal), Ok(case("/c/7K3FQ2XW/203.0.113.7")));
        assert_eq!(meaning("/c/7k3fq2xw"), Ok(case("/c/7K3FQ2XW")));
        assert_eq!(meaning("https://pm.example/c/7K3FQ2XW/2001:db8::1)"), Ok(case("/c/7K3FQ2XW/2001:db8::1")));
        assert_eq!(meaning("see https://pm.example/c/7K3FQ2XW/203.0."), Ok(case("/c/7K3FQ2XW")));
    }

    #[test]
    fn a_case_code_alone_is_a_case() {
        assert_eq!(meaning(" 7k3fq2xw "), Ok(case("/c/7K3FQ2XW")));
        for other in ["7K3FQ2X", "7K3FQ2XWA", "7K3F-2XW", "7K3FQ2XU"] {
            assert!(meaning(other).is_err(), "{other}");
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
        assert_eq!(meaning(" [203.0.113.7] "), Ok(Meaning::Address("203.0.113.7".parse().unwrap())));
        assert_eq!(meaning("2001:db8::1/128"), Ok(Meaning::Address("2001:db8::1".parse().unwrap())));
        assert_eq!(meaning("  "), Ok(Meaning::Nothing));
        for net in ["203.0.113.0/24", "203.0.113.7/24"] {
            assert_eq!(meaning(net), Err(BadNet::Network(net.to_owned())));
        }
        assert!(matches!(meaning("mx.example.org"), Err(BadNet::NotAddress(_))));
        assert!(matches!(meaning("203.0.113.007"), Err(BadNet::LeadingZero(_))));
    }
}
