//! `Received-SPF` (RFC 7208, 9.1) and what other fields tell about the client that was checked.

use std::net::IpAddr;

use super::authres::{AuthResults, without_comments};
use super::block::Field;
use super::net;

/// Who the receiving server says it talked to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Client {
    /// Its address.
    pub(super) ip: Option<IpAddr>,
    /// What it called itself.
    pub(super) helo: Option<String>,
    /// The name of its address.
    pub(super) rdns: Option<String>,
    /// How many `Received` fields stand above the field that tells this.
    pub(super) hops_above: usize,
}

/// The most clients that are looked for, and the most fields in which they are.
const MOST: (usize, usize) = (16, 2000);

/// The clients with outside addresses that servers say they checked, topmost first.
pub(super) fn clients(fields: &[Field<'_>], auth_fields: &[AuthResults]) -> Vec<Client> {
    let mut hops_above = 0;
    let mut results = auth_fields.iter();
    let mut found: Vec<Client> = Vec::new();
    for field in fields.iter().take(MOST.1) {
        hops_above += usize::from(field.is("Received"));
        let client = if field.is("Received-SPF") {
            client(&field.value)
        } else if field.is("Authentication-Results") {
            results.next().map_or_else(Client::default, |result| client_of(&field.value, result))
        } else if field.is("X-Forefront-Antispam-Report") {
            client_of_report(&field.value)
        } else {
            continue;
        };
        if client.ip.is_some_and(|ip| !net::is_private(ip)) && found.len() < MOST.0 {
            found.push(Client { hops_above, ..client });
        }
    }
    found
}

/// The results that the field can hold, also as older servers wrote them.
const RESULTS: &[&str] =
    &["pass", "fail", "softfail", "neutral", "none", "temperror", "permerror", "error", "unknown", "hardfail"];

/// The result: the first word.
pub(super) fn result(value: &str) -> Option<String> {
    let word: String = value.trim_start().chars().take_while(char::is_ascii_alphanumeric).collect();
    let lower = word.to_ascii_lowercase();
    RESULTS.contains(&lower.as_str()).then_some(lower)
}

/// The client that a `Received-SPF` field is about.
pub(super) fn client(value: &str) -> Client {
    let (plain, comments) = without_comments(value);
    let mut client = Client::default();
    for (name, value) in plain.split([';', ' ']).filter_map(|word| word.split_once('=')) {
        let value = value.trim_matches(['"', '<', '>', ' ']);
        match name.trim().to_ascii_lowercase().as_str() {
            "client-ip" => client.ip = client.ip.or_else(|| net::address(value)),
            "helo" => client.helo = client.helo.or_else(|| net::host(value).map(str::to_owned)),
            _ => {}
        }
    }
    client.ip = client.ip.or_else(|| comments.iter().find_map(|comment| told(comment)));
    client
}

/// The client that an `Authentication-Results` field is about, from its value and its results.
pub(super) fn client_of(value: &str, found: &AuthResults) -> Client {
    let property = |name: &str| found.results.iter().find_map(|one| one.properties.get(name));
    let addressed = ["policy.iprev", "smtp.remote-ip", "smtp.client-ip"];
    let (_, comments) = without_comments(value);
    let ip = addressed.iter().find_map(|name| property(name).and_then(|text| net::address(text)));
    let rdns = property("policy.iprev").and_then(|_| comments.iter().find_map(|comment| net::host(comment)));
    Client {
        ip: ip.or_else(|| comments.iter().find_map(|comment| told(comment))),
        helo: property("smtp.helo").and_then(|name| net::host(name)).map(str::to_owned),
        rdns: rdns.filter(|name| name.contains('.')).map(str::to_owned),
        hops_above: 0,
    }
}

/// The address in the sentences that servers write: `… designates 192.0.2.1 as permitted sender`,
/// `192.0.2.1 is neither permitted nor denied …`, `sender IP is 192.0.2.1`.
fn told(comment: &str) -> Option<IpAddr> {
    let near = comment.get(..comment.floor_char_boundary(600)).unwrap_or(comment);
    let spoken =
        ["designate", "permitted", "sender IP is", "neither", "client-ip"].iter().any(|word| near.contains(word));
    let mut words = near.split([' ', '\t', ',', '=']).filter(|word| word.len() >= 6);
    spoken.then(|| words.find_map(net::address)).flatten()
}

/// The client that Microsoft's filter report is about (`CIP`, `H`, `PTR`).
pub(super) fn client_of_report(value: &str) -> Client {
    let mut client = Client::default();
    for (name, value) in value.split(';').filter_map(|pair| pair.split_once(':')) {
        let value = value.trim();
        match name.trim() {
            "CIP" => client.ip = net::address(value).filter(|ip| !net::is_private(*ip)),
            "H" => client.helo = net::host(value).map(str::to_owned),
            "PTR" => {
                client.rdns = net::host(value).filter(|name| *name != "InfoDomainNonexistent").map(str::to_owned);
            }
            _ => {}
        }
    }
    client
}

#[cfg(test)]
mod tests {
    use super::super::authres;
    use super::*;

    #[test]
    fn the_result_is_the_first_word() {
        for (value, want) in
            [("Pass (x) client-ip=192.0.2.1", Some("pass")), ("None", Some("none")), ("hello", None), ("", None)]
        {
            assert_eq!(result(value).as_deref(), want, "{value}");
        }
    }

    #[test]
    fn the_client_is_told_by_pairs_or_by_a_sentence() {
        for value in [
            "pass (mx.example: domain of a@example.org designates 192.0.2.9 as permitted sender)",
            "fail identity=mailfrom; client-ip=192.0.2.9; helo=mail.example.org;",
            "neutral (google.com: 192.0.2.9 is neither permitted nor denied by a record) client-ip=192.0.2.9;",
        ] {
            assert_eq!(client(value).ip.map(|ip| ip.to_string()).as_deref(), Some("192.0.2.9"), "{value}");
        }
        assert_eq!(client("none (x does not designate permitted sender hosts)").ip, None);
    }

    #[test]
    fn authentication_results_name_the_client_too() {
        let value = "mx; iprev=pass policy.iprev=192.0.2.9 (mail.example.org); spf=pass smtp.helo=helo.example.org";
        let got = client_of(value, &authres::read(value));
        assert_eq!(got.rdns.as_deref(), Some("mail.example.org"));
        assert_eq!(got.helo.as_deref(), Some("helo.example.org"));
        assert_eq!(got.ip.map(|ip| ip.to_string()).as_deref(), Some("192.0.2.9"));
    }
}
