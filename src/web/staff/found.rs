//! Addresses in evidence, found by their spelling alone.

use std::net::IpAddr;

use crate::domain::net::fold;

/// How many different addresses are listed.
pub const MOST: usize = 40;

/// How much text is looked through, in bytes, over all pieces together.
const READ_MOST: usize = 1024 * 1024;

/// One address and how often it stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The address.
    pub addr: IpAddr,
    /// How often it stands there.
    pub times: usize,
}

/// The addresses in some texts, in the order in which they first appear. Addresses that no mail comes from
/// (loopback, unspecified, multicast) are left out.
pub fn addresses<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let mut left = READ_MOST;
    for text in texts {
        let text = text.get(..text.floor_char_boundary(left)).unwrap_or(text);
        left = left.saturating_sub(text.len());
        for addr in text.split(is_border).filter_map(address) {
            if let Some(known) = found.iter_mut().find(|known| known.addr == addr) {
                known.times += 1;
            } else if found.len() < MOST {
                found.push(Found { addr, times: 1 });
            }
        }
    }
    found
}

/// What stands between words of a log or header.
fn is_border(c: char) -> bool {
    c.is_whitespace() || matches!(c, '[' | ']' | '(' | ')' | '<' | '>' | '"' | '\'' | ',' | ';' | '=' | '/' | '|' | '{' | '}' | '#' | '%')
}

/// The address that a word is.
fn address(word: &str) -> Option<IpAddr> {
    let is_tagged = word.get(..5).is_some_and(|tag| tag.eq_ignore_ascii_case("ipv6:"));
    let word = if is_tagged { word.get(5..).unwrap_or(word) } else { word };
    let word = word.trim_end_matches(['.', ':', '!', '?']).trim_start_matches('@');
    let addr = fold(word.parse().ok().or_else(|| with_port(word))?);
    let is_sender = !addr.is_loopback() && !addr.is_unspecified() && !addr.is_multicast();
    (is_sender && !is_program_name(word)).then_some(addr)
}

/// An IPv4 address with a port behind it.
fn with_port(word: &str) -> Option<IpAddr> {
    let (addr, port) = word.rsplit_once(':')?;
    port.parse::<u16>().ok()?;
    addr.parse::<std::net::Ipv4Addr>().ok().map(IpAddr::V4)
}

/// Whether it is too short to be an IPv6 address that means one, such as `a::b` in the name of a program.
fn is_program_name(word: &str) -> bool {
    word.contains("::") && word.len() < 7
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> String {
        addresses([text].into_iter()).iter().map(|f| format!("{}x{}", f.addr, f.times)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn addresses_stand_between_many_signs() {
        let log = "Nov 23 12:34:56 mx postfix/smtp[4711]: to=<a@example.org>, relay=mx.example[203.0.113.7]:25, \
                   said: 550 see https://portal.example/c/7K3FQ2XW/203.0.113.7 (198.51.100.3:4125)";
        assert_eq!(found(log), "203.0.113.7x2 198.51.100.3x1");
        assert_eq!(found("from [IPv6:2001:db8::25] by ::ffff:192.0.2.9."), "2001:db8::25x1 192.0.2.9x1");
    }

    #[test]
    fn what_only_looks_like_one_is_left_out() {
        assert_eq!(found("12:34:56 std::fmt 127.0.0.1 ::1 0.0.0.0 1.2.3 a::b 300.1.1.1 Mail::SPF"), "");
    }

    #[test]
    fn the_list_is_bounded() {
        let many: String = (0..200).map(|n| format!("192.0.2.{n} ")).collect();
        assert_eq!(addresses([many.as_str()].into_iter()).len(), MOST);
    }
}
