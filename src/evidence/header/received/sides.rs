//! The two sides of a hop: who sent, who received, and under which names and addresses.

use std::net::IpAddr;

use super::super::net;
use super::{Part, Parts, Received};

impl<'t> Part<'t> {
    /// The first word.
    fn first(&self) -> Option<&'t str> {
        let word = self.words.first()?;
        Some(word.trim_end_matches([',', ';']))
    }

    /// The first address in a comment.
    fn told(&self) -> Option<IpAddr> {
        self.comments.iter().find_map(address_in)
    }

    /// The first address among the further words: `by mx.example.org [192.0.2.1]`.
    fn literal(&self) -> Option<IpAddr> {
        self.words.iter().skip(1).find_map(net::address)
    }
}

/// Reads both sides: names, addresses and what the client called itself.
pub(super) fn read<'t>(received: &mut Received<'t>, parts: &Parts<'t>) {
    let (from, by) = (&parts.from, &parts.by);
    received.from = from.first();
    received.by = by.first();
    let named_by_address = || received.by.and_then(net::address);
    received.by_ip = by.literal().or_else(|| by.told()).or_else(named_by_address);
    if !from.seen {
        return;
    }
    let bare = received.from.and_then(net::address);
    let told = from.told().or_else(|| from.literal());
    received.ip = told.or(bare);
    let said = from.comments.iter().find_map(helo_in);
    // An address that stands alone behind `from` is the client's, and not what it called itself.
    let greeting = received.from.filter(|_| bare.is_none() || told.is_some());
    received.helo = said.or(greeting);
    received.rdns = rdns(received, from, said.is_some());
}

/// The name of the client's address. Where the HELO stands in a comment, the first word is the name;
/// else the comment holds it, beside the address.
fn rdns<'t>(received: &Received<'t>, from: &Part<'t>, helo_in_comment: bool) -> Option<&'t str> {
    let named = from.comments.iter().find_map(name_beside_address);
    let word = || {
        let word = received.from.filter(|_| helo_in_comment)?;
        net::host(word).filter(|host| net::address(host).is_none())
    };
    named.or_else(word)
}

/// The words of a comment, also divided at the marks that cling to addresses.
fn comment_words(comment: &str) -> impl Iterator<Item = &str> {
    let near = comment.get(..comment.floor_char_boundary(400)).unwrap_or(comment);
    near.split([' ', '\t', ',', '(', ')', '=', '@']).filter(|word| !word.is_empty()).take(24)
}

/// The address in a comment: `name [192.0.2.1]`, `192.0.2.1:4711`, `user@[192.0.2.1]`. What follows
/// a HELO is the client's own word and no address.
fn address_in(comment: &str) -> Option<IpAddr> {
    let Some((before, helo)) = split_helo(comment) else {
        return plain_address(comment);
    };
    let after = helo.split_once([' ', '\t', ')']).map_or("", |(_, rest)| rest);
    plain_address(before).or_else(|| plain_address(after))
}

/// The address in a comment without HELO.
fn plain_address(comment: &str) -> Option<IpAddr> {
    let bracketed = comment.find('[').and_then(|at| {
        let rest = comment.get(at..)?;
        let end = rest.find(']')?;
        net::address(rest.get(..=end)?)
    });
    bracketed.or_else(|| comment_words(comment).find_map(net::address))
}

/// What a comment says the client called itself: `HELO x`, `EHLO x`, `helo=x`; empty if it said nothing.
fn helo_in(comment: &str) -> Option<&str> {
    let (_, rest) = split_helo(comment)?;
    rest.split([' ', '\t', ')', ';', ',', '"']).next()
}

/// Divides a comment before and behind the word HELO or EHLO.
fn split_helo(comment: &str) -> Option<(&str, &str)> {
    let near = comment.get(..comment.floor_char_boundary(400)).unwrap_or(comment);
    let bytes = near.as_bytes();
    let ends = memchr::memchr2_iter(b'o', b'O', bytes);
    let at = ends.filter_map(|end| end.checked_sub(3)).find(|at| is_helo(bytes, *at))?;
    Some((near.get(..at)?, near.get(at + 5..).unwrap_or("").trim_start()))
}

/// Whether a HELO or EHLO is told at this place, as a word of its own.
fn is_helo(bytes: &[u8], at: usize) -> bool {
    let word = bytes.get(at..at + 4).unwrap_or(b"");
    let told = word.eq_ignore_ascii_case(b"helo") || word.eq_ignore_ascii_case(b"ehlo");
    let before = at.checked_sub(1).and_then(|before| bytes.get(before));
    let after = bytes.get(at + 4);
    told && !before.is_some_and(u8::is_ascii_alphanumeric)
        && after.is_none_or(|b| matches!(b, b' ' | b'=' | b':' | b')'))
}

/// The host name that stands beside an address in a comment, on either side of it.
fn name_beside_address(comment: &str) -> Option<&str> {
    address_in(comment)?;
    let mut words = comment.split([' ', '\t']).filter(|word| !word.is_empty());
    let first = words.next()?;
    if !first.starts_with('[') {
        return named(first);
    }
    words.next().and_then(named).filter(|name| name.contains('.'))
}

/// The host name in a word of a comment, also behind an `IDENT:user@`.
fn named(word: &str) -> Option<&str> {
    const REMARKS: &[&str] =
        &["helo", "ehlo", "account", "may", "port", "using", "unverified", "verified", "tls", "user", "port:"];
    let host = word.rsplit_once('@').map_or(word, |(_, host)| host);
    let remark = REMARKS.iter().any(|known| known.eq_ignore_ascii_case(host));
    if remark || net::address(host).is_some() { None } else { net::host(host) }
}
