//! "Read it first": what the reader understands of the evidence in the form, before anything is sent.

use super::typed::{Typed, file_fault};
use crate::app::App;
use crate::desk::evidence::addresses;
use crate::domain::net::Net;
use crate::evidence::Findings;
use crate::web::error::Result;
use crate::web::findings::Understood;
use crate::web::form::Faults;
use crate::web::intake::Intake;
use crate::web::public::standing::{self, Standing};
use crate::web::shell::Shell;

/// How many addresses are offered, and how many are looked up.
const FOUND_MOST: usize = 20;

/// What was understood.
#[derive(Debug)]
pub(super) struct Reading {
    /// Piece by piece; those in which nothing was found are left out.
    pub(super) understood: Vec<Understood>,
    /// Addresses that stand in the evidence and not yet in the form.
    pub(super) found: Vec<Net>,
    /// What the list says of the addresses that were typed and of those in the evidence.
    pub(super) standings: Vec<Standing>,
}

/// Why there is nothing to read, in words.
pub(super) fn fault(shell: &Shell, typed: &Typed, intake: &Intake) -> Option<Faults> {
    if intake.lost {
        return Some(Faults::one("file", shell.t("file-lost")));
    }
    if let Some(bad) = &intake.file_fault {
        return Some(Faults::one("file", file_fault(shell, bad)));
    }
    let nothing = typed.evidence.trim().is_empty() && intake.held.is_empty();
    nothing.then(|| Faults::one("evidence", shell.t("request-read-empty")))
}

/// Reads what waits and what was pasted; stores nothing.
///
/// # Errors
/// When the reader breaks down.
pub(super) async fn read(app: &App, shell: &Shell, intake: &Intake, typed: &Typed) -> Result<Reading> {
    let mut all: Vec<Findings> = intake.held.iter().map(|piece| piece.findings.clone()).collect();
    if let Some(bytes) = intake.bytes("evidence").filter(|bytes| !bytes.trim_ascii().is_empty()) {
        all.push(app.desk.read_unstored(bytes.to_vec()).await?);
    }
    let causes = &app.desk.content.causes;
    let pieces = all.iter().enumerate();
    let understood = pieces.filter_map(|(n, found)| Understood::of(shell, found, causes, &n.to_string(), false));
    let understood = understood.collect();
    let mut standings = Vec::new();
    for net in looked_up(&all, typed) {
        standings.push(standing::of(app, shell.lang(), net.first()).await);
    }
    Ok(Reading { understood, found: offered(&all, typed), standings })
}

/// The single addresses that were typed, then those of the evidence, each once.
fn looked_up(all: &[Findings], typed: &Typed) -> Vec<Net> {
    let typed = typed.words().filter_map(|word| Net::parse(word).ok()).filter(|net| net.is_single());
    let mut nets: Vec<Net> = Vec::new();
    for net in typed.chain(all.iter().flat_map(addresses)) {
        if nets.len() < FOUND_MOST && !nets.contains(&net) {
            nets.push(net);
        }
    }
    nets
}

/// The addresses of the evidence that nothing typed covers, each once.
fn offered(all: &[Findings], typed: &Typed) -> Vec<Net> {
    let known: Vec<Net> = typed.words().filter_map(|word| Net::parse(word).ok()).collect();
    let mut offered: Vec<Net> = Vec::new();
    for net in all.iter().flat_map(addresses) {
        if offered.len() < FOUND_MOST && !offered.contains(&net) && !known.iter().any(|k| k.covers(net)) {
            offered.push(net);
        }
    }
    offered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_offered_once_and_not_when_it_was_typed() {
        let found =
            |ips: &[&str]| Findings { ips: ips.iter().map(|ip| ip.parse().unwrap()).collect(), ..Findings::default() };
        let all = [found(&["203.0.113.7", "192.0.2.1", "10.0.0.1"]), found(&["192.0.2.1", "2001:db8::1"])];
        let typed = Typed { ips: "203.0.113.0/24 nonsense".to_owned(), ..Typed::default() };
        let nets: Vec<String> = offered(&all, &typed).iter().map(ToString::to_string).collect();
        assert_eq!(nets, ["192.0.2.1", "2001:db8::1"]);
        let typed = Typed { ips: "198.51.100.9, 192.0.2.1 203.0.113.0/24".to_owned(), ..Typed::default() };
        let nets: Vec<String> = looked_up(&all, &typed).iter().map(ToString::to_string).collect();
        assert_eq!(nets, ["198.51.100.9", "192.0.2.1", "203.0.113.7", "2001:db8::1"]);
    }
}
