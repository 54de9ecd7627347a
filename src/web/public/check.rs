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
use crate::domain::net::{BadNet, Net, parse_addr};
use crate::domain::time::MINUTE;
use crate::web::client::Client;
use crate::web::error::{Error, Result};
use crate::web::extract::Query;
use crate::web::form::Faults;
use crate::web::shell::Shell;
use crate::web::{guard, say};

/// How much of a pasted text is looked at.
const MOST: usize = 4_000;

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
    /// A case link, wherever it stands in the text.
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
    match meaning(&q) {
        Ok(Meaning::Nothing) => Ok(page(Faults::default(), None).into_response()),
        Ok(Meaning::Case(path)) => Ok(Redirect::to(&path).into_response()),
        Ok(Meaning::Address(addr)) => {
            count(&app, client).await?;
            let standing = standing::of(&app, shell.lang(), addr).await;
            let status = if standing.unknown { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
            Ok((status, page(Faults::default(), Some(standing))).into_response())
        }
        Err(bad) => {
            let faults = Faults::one("q", say::bad_net(&shell, &bad));
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page(faults, None)).into_response())
        }
    }
}

/// Counts a look-up. Answers come from memory, so a database that is away is no reason to refuse one.
pub(super) async fn count(app: &App, client: IpAddr) -> Result<()> {
    match guard::count(app, "check", client, MINUTE, app.desk.config.limits.checks_per_minute).await {
        Err(Error::Unavailable) => Ok(()),
        counted => counted,
    }
}

/// What a text in the box means: a case link in it goes first, then it is read as one address.
fn meaning(text: &str) -> std::result::Result<Meaning, BadNet> {
    if text.trim().is_empty() {
        return Ok(Meaning::Nothing);
    }
    if let Some(path) = case_path_in(text) {
        return Ok(Meaning::Case(path));
    }
    if text.contains('/') {
        match Net::parse(text) {
            Ok(net) if net.is_single() => return Ok(Meaning::Address(net.first())),
            Ok(_) | Err(BadNet::HostBits { .. }) => {
                return Err(BadNet::Network(text.trim().chars().take(60).collect()));
            }
            Err(_) => {}
        }
    }
    parse_addr(text).map(Meaning::Address)
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
