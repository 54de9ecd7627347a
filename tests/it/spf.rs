//! SPF agrees with the test suite of RFC 7208, which `scripts/test` fetches with the package that it ships in.

use std::collections::BTreeMap;
use std::path::Path;

use hickory_server::proto::rr::rdata::{MX, TXT};
use hickory_server::proto::rr::{Name, RData, Record, RecordType};
use postern::checks::Checks;
use postern::domain::dns::{DnsSettings, Servers};
use serde::Deserialize;
use serde_yaml_ng::Value;

use crate::support::DnsServer;

/// One part of the suite: questions and the zones that they are asked of.
#[derive(Deserialize)]
struct Part {
    /// The questions by name.
    tests: BTreeMap<String, Question>,
    /// The records by name.
    zonedata: BTreeMap<String, Vec<Value>>,
}

/// A question, and the answers that are right.
#[derive(Deserialize)]
struct Question {
    /// The name in HELO.
    helo: String,
    /// The address that sends.
    host: String,
    /// The sender.
    mailfrom: String,
    /// A word or several.
    result: Value,
}

/// The suite as text.
fn suite() -> String {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rfc7208-tests.yml");
    std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{}: {error}; `scripts/test suite` fetches it", file.display()))
}

/// A value as text.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        other => panic!("no text: {other:?}"),
    }
}

/// A name with whatever signs it has.
fn name(text: &str) -> Name {
    let labels = text.trim_end_matches('.').split('.').filter(|label| !label.is_empty());
    let mut name = Name::from_labels(labels.map(str::as_bytes)).unwrap();
    name.set_fqdn(true);
    name
}

/// A text record of one piece or several, in the bytes of Latin-1.
fn txt(value: &Value) -> RData {
    let pieces = value.as_sequence().map_or_else(|| vec![text(value)], |all| all.iter().map(text).collect());
    let bytes = |piece: &String| piece.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(0xfe)).collect::<Vec<u8>>();
    let pieces: Vec<Vec<u8>> = pieces.iter().map(bytes).collect();
    RData::TXT(TXT::from_bytes(pieces.iter().flat_map(|piece| piece.chunks(255)).collect()))
}

/// The data of one entry.
fn data(kind: &str, value: &Value) -> RData {
    match kind {
        "SPF" | "TXT" => txt(value),
        "MX" => RData::MX(MX::new(u16::try_from(value[0].as_u64().unwrap()).unwrap(), name(&text(&value[1])))),
        "PTR" => RData::PTR(hickory_server::proto::rr::rdata::PTR(name(&text(value)))),
        "CNAME" => RData::CNAME(hickory_server::proto::rr::rdata::CNAME(name(&text(value)))),
        "A" => RData::try_from_str(RecordType::A, &text(value)).unwrap(),
        "AAAA" => RData::try_from_str(RecordType::AAAA, &text(value)).unwrap(),
        other => panic!("an unknown type {other}"),
    }
}

/// The records of a name. What stands under `SPF` holds as text, unless there is a text or the word `NONE`.
fn records(owner: &str, entries: &[Value]) -> Vec<Record> {
    let pairs: Vec<(String, &Value)> =
        entries.iter().filter_map(Value::as_mapping).flatten().map(|(kind, value)| (text(kind), value)).collect();
    let has_text = pairs.iter().any(|(kind, _)| kind == "TXT");
    let counts = |(kind, value): &&(String, &Value)| {
        !(kind == "SPF" && has_text)
            && value.as_str() != Some("NONE")
            && !value.as_sequence().is_some_and(Vec::is_empty)
    };
    pairs.iter().filter(counts).map(|(kind, value)| Record::from_rdata(name(owner), 300, data(kind, value))).collect()
}

#[tokio::test]
async fn spf_agrees_with_the_suite_of_the_standard() {
    let mut wrong = Vec::new();
    let mut asked = 0;
    for document in serde_yaml_ng::Deserializer::from_str(&suite()) {
        let part = Part::deserialize(document).unwrap();
        let all = part.zonedata.iter().flat_map(|(owner, entries)| records(owner, entries)).collect();
        let fails = |entries: &[Value]| entries.iter().any(|entry| entry.as_str() == Some("TIMEOUT"));
        let failing =
            part.zonedata.iter().filter(|(_, entries)| fails(entries)).map(|(name, _)| name.to_lowercase()).collect();
        let server = DnsServer::with_records(all, failing).await;
        let settings = DnsSettings {
            servers: Servers::These(vec![server.addr]),
            blocklists: Vec::new(),
            origin4: None,
            origin6: None,
            timeout: 3_000,
        };
        let checks = Checks::new(settings);
        for (title, question) in &part.tests {
            let right = question
                .result
                .as_sequence()
                .map_or_else(|| vec![text(&question.result)], |all| all.iter().map(text).collect());
            let addr = question.host.parse().unwrap();
            let answer = checks.spf(addr, &question.helo, &question.mailfrom).await.unwrap();
            asked += 1;
            if !right.iter().any(|word| word == answer) {
                wrong.push(format!("{title}: {answer} instead of {right:?}"));
            }
        }
    }
    assert!(asked > 190, "only {asked} questions were asked");
    assert!(wrong.is_empty(), "{} of {asked}: {wrong:#?}", wrong.len());
}
