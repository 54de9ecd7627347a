//! Many addresses at once, as the operator of a range lists them: CSV with an address and what was done, or JSON.

use std::collections::HashMap;
use std::net::IpAddr;

use serde::Deserialize;

use super::net::{BadNet, Net, parse_addr};
use super::ticket::storable;
use super::words::words;

/// How many addresses one list may have.
pub const ROWS_MOST: usize = 500;

/// How many bytes.
pub const BYTES_MOST: usize = 256 * 1024;

/// How many mistakes are told.
const FAULTS_MOST: usize = 20;

/// How many characters of what was done are kept for each address.
const MESSAGE_MOST: usize = 2_000;

/// Names that the column of addresses may have in a first line.
const HEADINGS: [&str; 4] = ["address", "ip", "ip address", "addr"];

words! {
    /// What came of one address.
    Answer {
        /// It became a request.
        Filed = "filed",
        /// It is an open request already.
        Open = "open",
        /// It is not blocked.
        NotBlocked = "not-blocked",
        /// It was not taken: too many were filed today.
        Later = "later",
    }
}

/// One address of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The line it stands in.
    pub line: u64,
    /// The address.
    pub addr: IpAddr,
    /// What was done about it.
    pub message: String,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It has no good address.
    Address(BadNet),
    /// The address lies elsewhere.
    Elsewhere(IpAddr),
    /// The address stands in this line already.
    Again(IpAddr, u64),
    /// It cannot be read at all.
    Unreadable,
    /// There are more than [`ROWS_MOST`].
    Many,
    /// There is none.
    Nothing,
}

/// The mistakes of a list, each with its line.
pub type Faults = Vec<(u64, Fault)>;

/// One address of a list in JSON.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    /// The address.
    address: String,
    /// What was done about it.
    #[serde(default)]
    message: String,
}

/// A list that is being read.
struct Reading {
    /// The range that all have to lie in.
    range: Net,
    /// What was read.
    rows: Vec<Row>,
    /// In which line each address stands.
    lines: HashMap<IpAddr, u64>,
    /// What is wrong.
    faults: Faults,
}

impl Reading {
    /// Takes one line; says whether more may come.
    fn take(&mut self, line: u64, address: &str, message: &str) -> bool {
        if self.rows.len() >= ROWS_MOST {
            self.faults.push((line, Fault::Many));
            return false;
        }
        match parse_addr(address) {
            Err(bad) => self.faults.push((line, Fault::Address(bad))),
            Ok(addr) if !self.range.covers(Net::single(addr)) => self.faults.push((line, Fault::Elsewhere(addr))),
            Ok(addr) => {
                if let Some(before) = self.lines.insert(addr, line) {
                    self.faults.push((line, Fault::Again(addr, before)));
                } else {
                    let message = storable(message.trim(), MESSAGE_MOST);
                    self.rows.push(Row { line, addr, message });
                }
            }
        }
        self.faults.len() < FAULTS_MOST
    }

    /// What was read, if nothing is wrong.
    fn end(mut self) -> Result<Vec<Row>, Faults> {
        if self.rows.is_empty() && self.faults.is_empty() {
            self.faults.push((1, Fault::Nothing));
        }
        if self.faults.is_empty() { Ok(self.rows) } else { Err(self.faults) }
    }
}

/// Begins to read.
fn reading(range: Net) -> Reading {
    Reading { range, rows: Vec::new(), lines: HashMap::new(), faults: Vec::new() }
}

/// Reads CSV: an address a line, behind a comma or semicolon what was done. Empty lines, lines that begin with `#` and a first
/// line with names of columns are passed over.
///
/// # Errors
/// All that is wrong, with the lines; then nothing of it counts.
pub fn read_csv(bytes: &[u8], range: Net) -> Result<Vec<Row>, Faults> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
    let first = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#')).unwrap_or_default();
    let delimiter = if first.contains(';') && !first.contains(',') { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .comment(Some(b'#'))
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut found = reading(range);
    for (n, record) in reader.records().enumerate() {
        let Ok(record) = record else {
            found.faults.push((0, Fault::Unreadable));
            break;
        };
        let line = record.position().map_or(0, |at| line_of(&text, at));
        let address = record.get(0).unwrap_or_default();
        let is_heading = n == 0 && HEADINGS.contains(&address.to_ascii_lowercase().as_str());
        let is_empty = record.iter().all(str::is_empty);
        if !is_heading && !is_empty && !found.take(line, address, record.get(1).unwrap_or_default()) {
            break;
        }
    }
    found.end()
}

/// The line in which a record begins: the reader's position is before the lines that it passed over.
fn line_of(text: &str, at: &csv::Position) -> u64 {
    let rest = usize::try_from(at.byte()).ok().and_then(|byte| text.get(byte..)).unwrap_or_default();
    let passed_over = rest.lines().take_while(|line| line.is_empty() || line.starts_with('#')).count();
    at.line() + u64::try_from(passed_over).unwrap_or_default()
}

/// Reads JSON: an array of objects with `address` and, if you like, `message`. The first is in line 1.
///
/// # Errors
/// As [`read_csv`].
pub fn read_json(bytes: &[u8], range: Net) -> Result<Vec<Row>, Faults> {
    let items: Vec<Item> = serde_json::from_slice(bytes).map_err(|bad| {
        let line = u64::try_from(bad.line()).unwrap_or_default();
        vec![(line, Fault::Unreadable)]
    })?;
    let mut found = reading(range);
    for (line, item) in (1..).zip(&items) {
        if !found.take(line, &item.address, &item.message) {
            break;
        }
    }
    found.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range() -> Net {
        Net::parse("203.0.113.0/24").unwrap()
    }

    fn read(text: &str) -> Result<Vec<(u64, String, String)>, Faults> {
        let rows = read_csv(text.as_bytes(), range())?;
        Ok(rows.into_iter().map(|row| (row.line, row.addr.to_string(), row.message)).collect())
    }

    #[test]
    fn lists_are_read_as_they_come() {
        let row = |line, addr: &str, message: &str| (line, addr.to_owned(), message.to_owned());
        for (text, want) in [
            ("203.0.113.7", vec![row(1, "203.0.113.7", "")]),
            (
                "\u{feff}Address,What\r\n203.0.113.7,\"cleaned, closed\"\r\n\r\n# x\r\n203[.]0.113.8\r\n",
                vec![row(2, "203.0.113.7", "cleaned, closed"), row(5, "203.0.113.8", "")],
            ),
            ("ip;note;more\n203.0.113.9; done ;x\n", vec![row(2, "203.0.113.9", "done")]),
            (
                "::ffff:203.0.113.7,\"two\nlines\"\n203.0.113.8",
                vec![row(1, "203.0.113.7", "two\nlines"), row(3, "203.0.113.8", "")],
            ),
        ] {
            assert_eq!(read(text).unwrap(), want, "{text}");
        }
    }

    #[test]
    fn mistakes_name_their_lines() {
        let addr = |text: &str| text.parse::<IpAddr>().unwrap();
        let faults = read("203.0.113.7\nmail.example\n198.51.100.1\n203.0.113.7\n203.0.113.0/30").unwrap_err();
        assert!(matches!(faults[0], (2, Fault::Address(BadNet::NotAddress(_)))), "{faults:?}");
        assert_eq!(faults[1], (3, Fault::Elsewhere(addr("198.51.100.1"))));
        assert_eq!(faults[2], (4, Fault::Again(addr("203.0.113.7"), 1)));
        assert!(matches!(faults[3], (5, Fault::Address(BadNet::Network(_)))));
        assert_eq!(read("\n# nothing\naddress\n").unwrap_err(), [(1, Fault::Nothing)]);
        assert_eq!(read(&"x\n".repeat(1_000)).unwrap_err().len(), FAULTS_MOST);
        let wide = Net::parse("10.0.0.0/16").unwrap();
        let many = (0..=ROWS_MOST).map(|n| format!("10.0.{}.{}\n", n / 256, n % 256)).collect::<Vec<_>>().concat();
        assert_eq!(read_csv(many.as_bytes(), wide).unwrap_err(), [(501, Fault::Many)]);
    }

    #[test]
    fn json_is_the_same_list() {
        let rows = read_json(br#"[{"address":"203.0.113.7","message":"a\u0000b"},{"address":"203.0.113.8"}]"#, range())
            .unwrap();
        assert_eq!((rows.len(), rows[1].line), (2, 2));
        assert!(!rows[0].message.contains('\0'));
        for bad in ["{}", "[1]", "[{\"address\":\"203.0.113.7\",\"x\":1}]", "[\n{", "\u{fffd}"] {
            assert!(matches!(read_json(bad.as_bytes(), range()).unwrap_err()[..], [(_, Fault::Unreadable)]), "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_comes_is_read_or_refused(text in "[0-9.:,;#\"\\n\\ra-z\\x00é]{0,300}") {
            match read_csv(text.as_bytes(), range()) {
                Ok(rows) => proptest::prop_assert!(rows.iter().all(|row| range().covers(Net::single(row.addr)))),
                Err(faults) => proptest::prop_assert!(!faults.is_empty() && faults.len() <= FAULTS_MOST),
            }
        }
    }
}
