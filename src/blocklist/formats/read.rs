//! Reads entries, line by line. A line is a line of a hostile file: it says what it means, or what is wrong with it.

use std::net::Ipv4Addr;

use ipnet::{Ipv4Net, Ipv4Subnets};
use serde::Deserialize;

use super::{Format, NEVER};
use crate::domain::block::Ends;
use crate::domain::net::Net;
use crate::domain::time::Time;

/// The most networks that one range of addresses may fall into; an IPv4 range has at most 62.
const PIECES_MOST: usize = 64;

/// One entry of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// What is blocked: one network, or those that a range falls into.
    pub nets: Vec<Net>,
    /// Code of its cause, if the list says one.
    pub cause: Option<String>,
    /// A note.
    pub note: String,
    /// When its evidence was seen, if the list says so.
    pub evidence_at: Option<Time>,
    /// When it ends, if the list says so.
    pub ends: Option<Ends>,
}

/// Where the fields of a table stand.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Columns {
    /// What separates them.
    separator: u8,
    /// The network.
    net: usize,
    /// The cause.
    cause: Option<usize>,
    /// The note.
    note: Option<usize>,
    /// The time of the evidence.
    evidence_at: Option<usize>,
    /// The end.
    until: Option<usize>,
}

/// One object of JSON lines. Other members are not looked at.
#[derive(Debug, Deserialize)]
struct Object {
    /// What is blocked.
    #[serde(alias = "ip", alias = "cidr", alias = "network", alias = "address")]
    net: String,
    /// Code of its cause.
    cause: Option<String>,
    /// A note.
    #[serde(default, alias = "comment", alias = "reason")]
    note: Option<String>,
    /// When its evidence was seen (RFC 3339).
    evidence_at: Option<String>,
    /// When it ends (RFC 3339), or `never`.
    #[serde(default, alias = "expires", alias = "expires_at")]
    until: Option<String>,
}

/// Reads the lines of one list in their order.
#[derive(Debug)]
pub struct Reader<F> {
    /// How it is written.
    format: Format,
    /// Whether a word is the code of a cause.
    is_cause: F,
    /// The columns of a table, once its first line is read.
    columns: Option<Columns>,
    /// The text of rbldnsd's entries that have none of their own.
    text: String,
}

impl<F: Fn(&str) -> bool> Reader<F> {
    /// For a list of this format.
    #[must_use]
    pub fn new(format: Format, is_cause: F) -> Self {
        Self { format, is_cause, columns: None, text: String::new() }
    }

    /// What a line means; nothing for one without an entry.
    ///
    /// # Errors
    /// When it cannot be understood, with a sentence that says why.
    pub fn read(&mut self, line: &[u8]) -> Result<Option<Entry>, String> {
        let text = std::str::from_utf8(line).map_err(|_| "not UTF-8 text".to_owned())?;
        let text = text.trim_start_matches('\u{feff}').trim_end();
        if text.trim().is_empty() {
            return Ok(None);
        }
        match self.format {
            Format::Plain | Format::Set => plain(text),
            Format::Csv => self.table(text),
            Format::Rbldnsd => self.rbldnsd(text),
            Format::PostfixCidr => self.postfix(text),
            Format::JsonLines => object(text).map(Some),
        }
    }

    /// One line of a table.
    fn table(&mut self, text: &str) -> Result<Option<Entry>, String> {
        let is_first = self.columns.is_none();
        let columns = self.columns.get_or_insert_with(|| Columns::of(text)).clone();
        let fields = fields(text, columns.separator)?;
        let at = |place: Option<usize>| place.and_then(|p| fields.get(p)).map(|f| f.trim()).filter(|f| !f.is_empty());
        if is_first && Columns::named(&fields).is_some() {
            return Ok(None);
        }
        let net = Net::parse(at(Some(columns.net)).unwrap_or_default()).map_err(|bad| bad.to_string())?;
        let evidence_at = at(columns.evidence_at).map(time).transpose()?;
        let ends = at(columns.until).map(ends).transpose()?;
        let (cause, note) = (at(columns.cause).map(ToOwned::to_owned), at(columns.note).unwrap_or_default().to_owned());
        Ok(Some(Entry { nets: vec![net], cause, note, evidence_at, ends }))
    }

    /// One line of a data set of rbldnsd.
    fn rbldnsd(&mut self, text: &str) -> Result<Option<Entry>, String> {
        let text = text.trim();
        if text.starts_with(['#', ';', '$']) {
            return Ok(None);
        }
        if let Some(value) = text.strip_prefix(':') {
            value.split_once(':').map_or("", |(_, said)| said).trim().clone_into(&mut self.text);
            return Ok(None);
        }
        if text.starts_with('!') {
            return Err("exclusions are not imported; make an exemption of it and remove the line".to_owned());
        }
        let (what, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let rest = rest.split_once('#').map_or(rest, |(before, _)| before).trim();
        let own = match rest.strip_prefix(':') {
            Some(value) => value.split_once(':').map_or("", |(_, said)| said).trim(),
            None => rest,
        };
        let note = if own.is_empty() { self.text.clone() } else { own.to_owned() };
        Ok(Some(Entry { nets: range(what)?, cause: self.cause_in(&note), note, ..Entry::default() }))
    }

    /// One line of a `cidr:` table.
    fn postfix(&mut self, text: &str) -> Result<Option<Entry>, String> {
        if text.starts_with('#') || text.starts_with(char::is_whitespace) {
            return Ok(None);
        }
        let (net, action) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let (word, note) = action.trim().split_once(char::is_whitespace).unwrap_or((action.trim(), ""));
        let word = word.to_ascii_uppercase();
        let refuses = matches!(word.as_str(), "REJECT" | "DEFER" | "DEFER_IF_PERMIT" | "DEFER_IF_REJECT")
            || (word.len() == 3 && word.starts_with(['4', '5']) && word.bytes().all(|b| b.is_ascii_digit()));
        if net.starts_with('!') || matches!(net.to_ascii_lowercase().as_str(), "if" | "endif") {
            return Err("conditions (if, endif, !) are not imported".to_owned());
        }
        if !refuses {
            return Err(format!("“{word}” does not refuse; make an exemption of it and remove the line"));
        }
        let net = Net::parse(net).map_err(|bad| bad.to_string())?;
        let (cause, note) = (self.cause_in(note), note.trim().to_owned());
        Ok(Some(Entry { nets: vec![net], cause, note, ..Entry::default() }))
    }

    /// The code of a cause that a text names.
    fn cause_in(&self, text: &str) -> Option<String> {
        let mut words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
        words.find(|word| word.contains('-') && (self.is_cause)(word)).map(ToOwned::to_owned)
    }
}

impl Columns {
    /// Those of a table that begins with this line.
    fn of(first: &str) -> Self {
        let separator = [b';', b'\t'].into_iter().find(|s| first.as_bytes().contains(s)).unwrap_or(b',');
        let named = fields(first, separator).ok().and_then(|fields| Self::named(&fields));
        let named = named.map(|columns| Self { separator, ..columns });
        named.unwrap_or(Self { separator, net: 0, cause: Some(1), note: Some(2), evidence_at: Some(3), until: Some(4) })
    }

    /// Those that a line of names says, if it is one.
    fn named(fields: &[String]) -> Option<Self> {
        let place =
            |names: &[&str]| fields.iter().position(|f| names.contains(&f.trim().to_ascii_lowercase().as_str()));
        Some(Self {
            separator: b',',
            net: place(&["net", "network", "ip", "cidr", "address", "addr", "prefix"])?,
            cause: place(&["cause"]),
            note: place(&["note", "comment", "reason", "description"]),
            evidence_at: place(&["evidence_at", "seen", "last_seen"]),
            until: place(&["until", "expires", "expires_at"]),
        })
    }
}

/// A network, maybe a cause, maybe a note.
fn plain(text: &str) -> Result<Option<Entry>, String> {
    let (before, note) = text.split_once(['#', ';']).unwrap_or((text, ""));
    let mut words = before.split_whitespace();
    let Some(net) = words.next() else { return Ok(None) };
    let net = Net::parse(net).map_err(|bad| bad.to_string())?;
    let cause = words.next().map(ToOwned::to_owned);
    match words.next() {
        Some(extra) => Err(format!("“{extra}” is too much; write: network, cause, # note")),
        None => Ok(Some(Entry { nets: vec![net], cause, note: note.trim().to_owned(), ..Entry::default() })),
    }
}

/// One object.
fn object(text: &str) -> Result<Entry, String> {
    let object: Object = serde_json::from_str(text).map_err(|error| error.to_string())?;
    Ok(Entry {
        nets: vec![Net::parse(&object.net).map_err(|bad| bad.to_string())?],
        cause: object.cause.filter(|cause| !cause.trim().is_empty()),
        note: object.note.unwrap_or_default(),
        evidence_at: object.evidence_at.as_deref().map(time).transpose()?,
        ends: object.until.as_deref().filter(|text| !text.trim().is_empty()).map(ends).transpose()?,
    })
}

/// The fields of one line.
fn fields(line: &str, separator: u8) -> Result<Vec<String>, String> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).delimiter(separator).from_reader(line.as_bytes());
    match reader.records().next() {
        Some(Ok(record)) => Ok(record.iter().map(ToOwned::to_owned).collect()),
        Some(Err(error)) => Err(error.to_string()),
        None => Ok(Vec::new()),
    }
}

/// A time.
fn time(text: &str) -> Result<Time, String> {
    Time::parse_rfc3339(text).map_err(|error| error.to_string())
}

/// An end: a time, or `never`.
fn ends(text: &str) -> Result<Ends, String> {
    if text.eq_ignore_ascii_case(NEVER) { Ok(Ends::Never) } else { time(text).map(Ends::At) }
}

/// A network, a dotted beginning (`203.0.113`), or a range (`203.0.113.7-203.0.113.9`, `203.0.113.7-9`) of rbldnsd.
fn range(text: &str) -> Result<Vec<Net>, String> {
    if let Some((first, last)) = text.split_once('-').filter(|_| !text.contains(':')) {
        let known = first.rsplit_once('.').map_or("", |(known, _)| known);
        let last = if last.contains('.') { last.to_owned() } else { format!("{known}.{last}") };
        let bad = || format!("“{text}” is no range of addresses");
        let (first, last): (Ipv4Addr, Ipv4Addr) = (first.parse().map_err(|_| bad())?, last.parse().map_err(|_| bad())?);
        if last < first {
            return Err(bad());
        }
        return Ok(Ipv4Subnets::new(first, last, 0)
            .take(PIECES_MOST)
            .map(|net| Net::from(ipnet::IpNet::V4(net)))
            .collect());
    }
    let octets = text.split('.').count();
    if (1..4).contains(&octets) && !text.contains(['/', ':']) {
        let padded = format!("{text}{}", ".0".repeat(4 - octets));
        let addr: Ipv4Addr = padded.parse().map_err(|_| format!("“{text}” is no network"))?;
        let len = u8::try_from(octets * 8).unwrap_or(32);
        let net = Ipv4Net::new(addr, len).map_err(|_| format!("“{text}” is no network"))?;
        return Ok(vec![Net::from(ipnet::IpNet::V4(net))]);
    }
    Net::parse(text).map(|net| vec![net]).map_err(|bad| bad.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the lines of a list give, one text each.
    fn all(format: Format, lines: &[&str]) -> Vec<String> {
        let mut reader = Reader::new(format, |word: &str| word.starts_with("PB-"));
        let show = |entry: Entry| {
            let nets: Vec<String> = entry.nets.iter().map(ToString::to_string).collect();
            format!("{}|{}|{}", nets.join(" "), entry.cause.unwrap_or_default(), entry.note)
        };
        lines
            .iter()
            .filter_map(|line| reader.read(line.as_bytes()).transpose())
            .map(|read| read.map_or_else(|fault| format!("! {fault}"), show))
            .collect()
    }

    #[test]
    fn plain_lists_with_comments_are_read() {
        let lines = [
            "# list",
            "203.0.113.7",
            "203.0.113.0/24 PB-DYN # access range",
            "2001:db8::/32 ; S-1",
            "203.0.113.7/24",
            "203.0.113.7 PB-SPAM x",
        ];
        let got = all(Format::Plain, &lines);
        assert_eq!(got[..3], ["203.0.113.7||", "203.0.113.0/24|PB-DYN|access range", "2001:db8::/32||S-1"]);
        assert!(got[3].starts_with("! ") && got[3].contains("203.0.113.0/24") && got[4].contains("“x” is too much"));
    }

    #[test]
    fn tables_are_read_with_and_without_names() {
        let named = ["Comment,IP,Cause", "\"spam, much\",203.0.113.7,PB-SPAM", ",2001:db8::/64,"];
        assert_eq!(all(Format::Csv, &named), ["203.0.113.7|PB-SPAM|spam, much", "2001:db8::/64||"]);
        assert_eq!(
            all(Format::Csv, &["203.0.113.7;PB-SPAM;note", "203.0.113.8"]),
            ["203.0.113.7|PB-SPAM|note", "203.0.113.8||"]
        );
        assert!(all(Format::Csv, &["net,evidence_at", "203.0.113.7,yesterday"])[0].starts_with("! "));
    }

    #[test]
    fn ends_are_read() {
        let end = |format, lines: &[&str]| {
            let mut reader = Reader::new(format, |_: &str| false);
            // In the order of the lines: the first may name the columns.
            let read: Vec<_> = lines.iter().filter_map(|line| reader.read(line.as_bytes()).transpose()).collect();
            read.into_iter().next_back().unwrap().map(|entry| entry.ends)
        };
        let at = Ok(Some(Ends::At(Time::parse_rfc3339("2026-12-01T00:00:00Z").unwrap())));
        assert_eq!(end(Format::Csv, &["net,until", "203.0.113.7,2026-12-01T00:00:00Z"]), at);
        assert_eq!(end(Format::Csv, &["203.0.113.7;;;;2026-12-01T01:00:00+01:00"]), at);
        assert_eq!(end(Format::Csv, &["ip,expires", "203.0.113.7,never"]), Ok(Some(Ends::Never)));
        assert_eq!(end(Format::Csv, &["ip,expires", "203.0.113.7,"]), Ok(None));
        assert_eq!(end(Format::JsonLines, &[r#"{"net":"203.0.113.7","until":"2026-12-01T00:00:00Z"}"#]), at);
        assert_eq!(end(Format::JsonLines, &[r#"{"net":"203.0.113.7","until":null}"#]), Ok(None));
        assert!(end(Format::Csv, &["ip,until", "203.0.113.7,tomorrow"]).is_err());
    }

    #[test]
    fn data_sets_of_rbldnsd_are_read() {
        let lines = [
            "$SOA 60 ns.example.org. host.example.org. 0 60 60 60 60",
            ":127.0.0.3:traps of PB-TRAP $",
            "203.0.113.7",
            "203.0.113 :127.0.0.4:own text",
            "198.51.100.6-9",
            "198.51.100.7-198.51.100.8 words",
            "2001:db8::/32",
            "!203.0.113.9",
            "9-1.2.3",
        ];
        let got = all(Format::Rbldnsd, &lines);
        assert_eq!(got[0], "203.0.113.7|PB-TRAP|traps of PB-TRAP $");
        assert_eq!(got[1], "203.0.113.0/24||own text");
        assert_eq!(got[2], "198.51.100.6/31 198.51.100.8/31|PB-TRAP|traps of PB-TRAP $");
        assert_eq!(got[3], "198.51.100.7 198.51.100.8||words");
        assert!(got[4].starts_with("2001:db8::/32|") && got[5].contains("exclusions") && got[6].contains("no range"));
    }

    #[test]
    fn tables_of_postfix_and_json_lines_are_read() {
        let lines = [
            "# table",
            "203.0.113.0/24 REJECT blocked (PB-DYN), see x",
            "    folded",
            "2001:db8::/32 450 4.7.1 later",
            "192.0.2.1 OK",
            "if 192.0.2.0/24",
            "!192.0.2.0/24 REJECT",
        ];
        let got = all(Format::PostfixCidr, &lines);
        assert_eq!(got[..2], ["203.0.113.0/24|PB-DYN|blocked (PB-DYN), see x", "2001:db8::/32||4.7.1 later"]);
        assert!(got[2].contains("OK") && got[3].contains("conditions") && got[4].contains("conditions"));
        let got = all(
            Format::JsonLines,
            &[r#"{"ip":"203.0.113.7","cause":"PB-SPAM","reason":"r","more":1}"#, "{}", "[", "nonsense"],
        );
        assert_eq!(got[0], "203.0.113.7|PB-SPAM|r");
        assert!(got[1..].iter().all(|line| line.starts_with("! ")));
    }
}
