//! Addresses and networks: read leniently, kept in one form, compared the same on every database.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};

use super::words::quoted;

/// Why a text is no address or network: one sentence that says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadNet {
    /// Nothing was written.
    #[error("no address was given; write one such as 203.0.113.7 or 2001:db8::1")]
    Empty,
    /// It is something else than an address.
    #[error("“{0}” is no IP address; write one such as 203.0.113.7 or 2001:db8::1")]
    NotAddress(String),
    /// A number of the address begins with zero, which some programs read as octal.
    #[error("“{0}” has a number that begins with 0, which programs read differently; write it without leading zeros")]
    LeadingZero(String),
    /// The length after the slash does not exist.
    #[error("“{0}” has no valid prefix length; IPv4 has /0 to /32, IPv6 has /0 to /128")]
    Prefix(String),
    /// Bits are set behind the prefix.
    #[error("“{given}” has bits set behind its prefix length; the network is {network}")]
    HostBits {
        /// What was written.
        given: String,
        /// The network it lies in.
        network: Net,
    },
    /// A network stands where one address is wanted.
    #[error("“{0}” is a network; write one single address")]
    Network(String),
}

/// A network (an address is a network of full length). IPv4-mapped IPv6 is IPv4; no bits are set behind the prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Net(IpNet);

impl Net {
    /// The network that is just this address.
    #[must_use]
    pub fn single(addr: IpAddr) -> Self {
        Self(IpNet::from(fold(addr)))
    }

    /// The network of `len` bits around `addr`; a length that does not exist gives the address alone.
    #[must_use]
    pub fn around(addr: IpAddr, len: u8) -> Self {
        let addr = fold(addr);
        IpNet::new(addr, len).map_or_else(|_| Self::single(addr), |net| Self(net.trunc()))
    }

    /// The first address.
    #[must_use]
    pub fn first(self) -> IpAddr {
        self.0.network()
    }

    /// The last address.
    #[must_use]
    pub fn last(self) -> IpAddr {
        self.0.broadcast()
    }

    /// The prefix length, as written: 0 to 32 for IPv4, 0 to 128 for IPv6.
    #[must_use]
    pub fn prefix_len(self) -> u8 {
        self.0.prefix_len()
    }

    /// Whether it is one address only.
    #[must_use]
    pub fn is_single(self) -> bool {
        self.0.prefix_len() == self.0.max_prefix_len()
    }

    /// Whether it is IPv4.
    #[must_use]
    pub fn is_v4(self) -> bool {
        matches!(self.0, IpNet::V4(_))
    }

    /// Whether `other` lies in this network or is it.
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        self.0.contains(&other.0)
    }

    /// Whether only leads and admins may lift it: wider than /24 (IPv4) or /48 (IPv6).
    #[must_use]
    pub fn is_wide(self) -> bool {
        if self.is_v4() { self.prefix_len() < 24 } else { self.prefix_len() < 48 }
    }

    /// The first address as 32 hexadecimal digits, IPv4 mapped into IPv6: sorts and compares alike on every database.
    #[must_use]
    pub fn first_hex(self) -> String {
        hex(self.first())
    }

    /// The last address in the form of [`Net::first_hex`].
    #[must_use]
    pub fn last_hex(self) -> String {
        hex(self.last())
    }

    /// This network and all wider ones, narrowest first, each as text.
    pub fn and_wider(self) -> impl Iterator<Item = Self> {
        let addr = self.first();
        (0..=self.prefix_len()).rev().map(move |len| Self::around(addr, len))
    }

    /// Reads a network or an address. An address gives a network of full length.
    ///
    /// # Errors
    /// When the text is neither; bits behind the prefix are refused with the network they lie in.
    pub fn parse(text: &str) -> Result<Self, BadNet> {
        let cleaned = clean(text);
        let Some((addr, len)) = cleaned.split_once('/') else {
            return parse_addr(text).map(Self::single);
        };
        let addr = parse_addr(addr)?;
        let was_mapped = cleaned.to_ascii_lowercase().starts_with("::ffff:") && addr.is_ipv4();
        let bad = || BadNet::Prefix(quoted(text));
        if len.is_empty() || len.len() > 3 || !len.bytes().all(|b| b.is_ascii_digit()) {
            return Err(bad());
        }
        let mut len: u8 = len.parse().map_err(|_| bad())?;
        if was_mapped {
            len = len.checked_sub(96).ok_or_else(bad)?;
        }
        let net = IpNet::new(addr, len).map_err(|_| bad())?;
        if net.trunc() == net {
            Ok(Self(net))
        } else {
            Err(BadNet::HostBits { given: quoted(text), network: Self(net.trunc()) })
        }
    }
}

impl std::fmt::Display for Net {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.is_single() { self.first().fmt(f) } else { self.0.fmt(f) }
    }
}

impl std::str::FromStr for Net {
    type Err = BadNet;

    fn from_str(text: &str) -> Result<Self, BadNet> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Net {
    type Error = BadNet;

    fn try_from(text: String) -> Result<Self, BadNet> {
        Self::parse(&text)
    }
}

impl From<Net> for String {
    fn from(net: Net) -> Self {
        net.to_string()
    }
}

impl From<Net> for IpNet {
    fn from(net: Net) -> Self {
        net.0
    }
}

impl From<IpNet> for Net {
    fn from(net: IpNet) -> Self {
        match net {
            IpNet::V4(v4) => Self(IpNet::V4(v4.trunc())),
            IpNet::V6(v6) => Self(fold_net(v6.trunc())),
        }
    }
}

impl<DB: sqlx::Database> sqlx::Type<DB> for Net
where
    String: sqlx::Type<DB>,
{
    fn type_info() -> DB::TypeInfo {
        <String as sqlx::Type<DB>>::type_info()
    }

    fn compatible(ty: &DB::TypeInfo) -> bool {
        <String as sqlx::Type<DB>>::compatible(ty)
    }
}

impl<'q, DB: sqlx::Database> sqlx::Encode<'q, DB> for Net
where
    String: sqlx::Encode<'q, DB>,
{
    fn encode_by_ref(
        &self,
        buf: &mut <DB as sqlx::Database>::ArgumentBuffer,
    ) -> Result<sqlx::encode::IsNull, sqlx::error::BoxDynError> {
        <String as sqlx::Encode<'q, DB>>::encode(self.to_string(), buf)
    }
}

impl<'r, DB: sqlx::Database> sqlx::Decode<'r, DB> for Net
where
    String: sqlx::Decode<'r, DB>,
{
    fn decode(value: <DB as sqlx::Database>::ValueRef<'r>) -> Result<Self, sqlx::error::BoxDynError> {
        Ok(Self::parse(&<String as sqlx::Decode<'r, DB>>::decode(value)?)?)
    }
}

/// Reads one address in the spellings that logs, mail programs and people use:
/// `[203.0.113.7]`, `IPv6:2001:db8::1`, `203.0.113.7:25`, `203[.]0[.]113[.]7`, `fe80::1%eth0`, `::ffff:203.0.113.7`.
///
/// # Errors
/// When it is none, with a sentence that says what to write.
pub fn parse_addr(text: &str) -> Result<IpAddr, BadNet> {
    let cleaned = clean(text);
    if cleaned.is_empty() {
        return Err(BadNet::Empty);
    }
    if let Ok(addr) = cleaned.parse::<IpAddr>() {
        return Ok(fold(addr));
    }
    if let Ok(socket) = cleaned.parse::<std::net::SocketAddr>() {
        return Ok(fold(socket.ip()));
    }
    let octets: Vec<&str> = cleaned.split('.').collect();
    let numeric = octets.iter().all(|o| !o.is_empty() && o.bytes().all(|b| b.is_ascii_digit()));
    if octets.len() == 4 && numeric && octets.iter().any(|o| o.len() > 1 && o.starts_with('0')) {
        return Err(BadNet::LeadingZero(quoted(text)));
    }
    if cleaned.parse::<IpNet>().is_ok() {
        return Err(BadNet::Network(quoted(text)));
    }
    Err(BadNet::NotAddress(quoted(text)))
}

/// The address text without brackets, defanging, tags, zone and blanks.
fn clean(text: &str) -> String {
    let text = text.trim().trim_matches(|c| matches!(c, '"' | '\'' | '`' | ',' | ';' | '<' | '>'));
    let text: String = text.chars().take(120).filter(|c| !c.is_whitespace() && !is_invisible(*c)).collect();
    let text = text.replace("[.]", ".").replace("(.)", ".").replace("[:]", ":");
    let text = match text.strip_prefix("http://").or_else(|| text.strip_prefix("https://")) {
        Some(host) => host.trim_end_matches('/'),
        None => &text,
    };
    let text = text.strip_suffix('.').unwrap_or(text);
    let inner = match (text.strip_prefix('['), text.strip_suffix(']')) {
        (Some(rest), Some(_)) => rest.strip_suffix(']').unwrap_or(rest),
        _ => text,
    };
    let tagged = inner.get(..5).is_some_and(|tag| tag.eq_ignore_ascii_case("IPv6:"));
    let inner = if tagged { inner.get(5..).unwrap_or(inner) } else { inner };
    match inner.split_once('%') {
        Some((addr, _zone)) => addr.to_owned(),
        None => inner.to_owned(),
    }
}

/// Characters that are pasted along unseen: byte order mark, zero width and direction marks.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// IPv4-mapped IPv6 as the IPv4 it stands for.
#[must_use]
pub fn fold(addr: IpAddr) -> IpAddr {
    match addr {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(addr, IpAddr::V4),
        IpAddr::V4(_) => addr,
    }
}

/// A mapped IPv6 network as the IPv4 network it stands for.
fn fold_net(net: Ipv6Net) -> IpNet {
    let mapped = net.network().to_ipv4_mapped().filter(|_| net.prefix_len() >= 96);
    mapped.and_then(|v4| Ipv4Net::new(v4, net.prefix_len() - 96).ok()).map_or(IpNet::V6(net), IpNet::V4)
}

/// The address as a number, IPv4 mapped into IPv6.
#[must_use]
pub fn number(addr: IpAddr) -> u128 {
    match addr {
        IpAddr::V4(v4) => u128::from(v4.to_ipv6_mapped()),
        IpAddr::V6(v6) => u128::from(v6),
    }
}

/// The address that [`number`] makes this number of.
#[must_use]
pub fn from_number(number: u128) -> IpAddr {
    fold(IpAddr::V6(Ipv6Addr::from(number)))
}

/// The address as 32 hexadecimal digits.
fn hex(addr: IpAddr) -> String {
    format!("{:032x}", number(addr))
}

/// The network that a rate limit counts as one visitor: an IPv4 address, an IPv6 /64.
#[must_use]
pub fn visitor(addr: IpAddr) -> Net {
    match fold(addr) {
        v4 @ IpAddr::V4(_) => Net::single(v4),
        v6 @ IpAddr::V6(_) => Net::around(v6, 64),
    }
}

/// Whether an address can be somebody's on the Internet (documentation addresses count, for demonstrations).
#[must_use]
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            !(v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified() || v4.is_multicast())
        }
        IpAddr::V6(v6) => {
            !(v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unique_local()
                || v6.is_unicast_link_local())
        }
    }
}

/// The address that stands for "unknown" where one is needed.
pub const UNKNOWN: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_spellings_are_understood() {
        for (text, want) in [
            (" [203.0.113.7] ", "203.0.113.7"),
            ("IPv6:2001:DB8::1", "2001:db8::1"),
            ("[IPv6:2001:db8::1]", "2001:db8::1"),
            ("203.0.113.7:25", "203.0.113.7"),
            ("[2001:db8::1]:25", "2001:db8::1"),
            ("203[.]0[.]113[.]7", "203.0.113.7"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("fe80::1%eth0", "fe80::1"),
            ("203.0.113.7.", "203.0.113.7"),
            ("\u{200b}203.0.113.7,", "203.0.113.7"),
            ("2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"),
            ("https://203.0.113.7/", "203.0.113.7"),
        ] {
            assert_eq!(parse_addr(text).map(|a| a.to_string()), Ok(want.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_gets_a_sentence() {
        assert_eq!(parse_addr("  "), Err(BadNet::Empty));
        assert!(matches!(parse_addr("203.0.113.007"), Err(BadNet::LeadingZero(_))));
        assert!(matches!(parse_addr("203.0.113.0/24"), Err(BadNet::Network(_))));
        for text in ["mail.example.org", "203.0.113", "203.0.113.256", "::g", "é", "1", "'; DROP TABLE blocks"] {
            assert!(matches!(parse_addr(text), Err(BadNet::NotAddress(_))), "{text}");
        }
    }

    #[test]
    fn host_bits_are_refused_with_the_network() {
        let error = Net::parse("203.0.113.7/24").unwrap_err();
        assert!(error.to_string().contains("203.0.113.0/24"), "{error}");
        assert!(matches!(Net::parse("203.0.113.0/33"), Err(BadNet::Prefix(_))));
        assert!(matches!(Net::parse("203.0.113.0/"), Err(BadNet::Prefix(_))));
    }

    #[test]
    fn mapped_networks_are_ipv4() {
        assert_eq!(Net::parse("::ffff:203.0.113.0/120").unwrap().to_string(), "203.0.113.0/24");
        assert!(Net::parse("::ffff:203.0.113.0/24").is_err());
        assert_eq!(Net::from("::ffff:cb00:7100/120".parse::<IpNet>().unwrap()).to_string(), "203.0.113.0/24");
    }

    #[test]
    fn hex_sorts_like_the_addresses() {
        let net = Net::parse("203.0.113.0/24").unwrap();
        assert_eq!(net.first_hex(), "00000000000000000000ffffcb007100");
        assert_eq!(net.last_hex(), "00000000000000000000ffffcb0071ff");
        assert_eq!(net.and_wider().count(), 25);
        assert_eq!(from_number(number(net.first())), net.first());
    }

    #[test]
    fn wide_networks_are_told_apart() {
        let wide = |t: &str| Net::parse(t).unwrap().is_wide();
        assert!(!wide("192.0.2.0/24") && wide("192.0.0.0/23") && !wide("2001:db8::/48") && wide("2001:db8::/47"));
    }
}
