//! The two sides of a hop: who sent, who received, and under which names and addresses.

use std::net::IpAddr;

use super::super::net;
use super::{Parts, Received};

/// Reads both sides: names, addresses and what the client called itself.
pub(super) fn read<'t>(received: &mut Received<'t>, parts: &Parts<'t>) {
    received.from = parts
        .from
        .words
        .first()
        .copied()
        .map(|word| word.trim_end_matches([',', ';']));
    received.by = parts
        .by
        .words
        .first()
        .copied()
        .map(|word| word.trim_end_matches([',', ';']));
    received.by_ip = parts
        .by
        .words
        .iter()
        .skip(1)
        .find_map(|word| net::address(word))
        .or_else(|| {
            parts
                .by
                .comments
                .iter()
                .find_map(|comment| address_in(comment))
        })
        .or_else(|| received.by.and_then(net::address));
    if !parts.from.seen {
        return;
    }
    let told = parts
        .from
        .comments
        .iter()
        .find_map(|comment| address_in(comment));
    let bracketed = || {
        parts
            .from
            .words
            .iter()
            .skip(1)
            .find_map(|word| net::address(word))
    };
    received.ip = told
        .or_else(bracketed)
        .or_else(|| received.from.and_then(net::address));
    let from_is_only_source = told.is_none()
        && received
            .from
            .is_some_and(|from| net::address(from).is_some());
    let said = parts
        .from
        .comments
        .iter()
        .find_map(|comment| helo_in(comment));
    received.helo = said.or(if from_is_only_source {
        None
    } else {
        received.from
    });
    received.rdns = rdns(received, parts, said.is_some());
}

/// The name of the client's address. Where the HELO stands in a comment, the first word is the name;
/// else the comment holds it, beside the address.
fn rdns<'t>(received: &Received<'t>, parts: &Parts<'t>, helo_in_comment: bool) -> Option<&'t str> {
    let named = parts
        .from
        .comments
        .iter()
        .find_map(|comment| name_beside_address(comment));
    if named.is_some() {
        return named;
    }
    let from = received.from.filter(|_| helo_in_comment)?;
    if net::address(from).is_some() {
        None
    } else {
        net::host(from)
    }
}

/// The words of a comment, also divided at the marks that cling to addresses.
fn comment_words(comment: &str) -> impl Iterator<Item = &str> {
    let near = comment
        .get(..comment.floor_char_boundary(400))
        .unwrap_or(comment);
    near.split([' ', '\t', ',', '(', ')', '='])
        .filter(|word| !word.is_empty())
        .take(24)
}

/// The address in a comment: `name [192.0.2.1]`, `192.0.2.1:4711`, `user@[192.0.2.1]`. What follows
/// a HELO is the client's own word and no address.
fn address_in(comment: &str) -> Option<IpAddr> {
    let Some((before, helo)) = split_helo(comment) else {
        return plain_address(comment);
    };
    let after = helo
        .split_once([' ', '\t', ')'])
        .map_or("", |(_, rest)| rest);
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
    rest.split([' ', '\t', ')', ';', ',']).next()
}

/// Divides a comment before and behind the word HELO or EHLO.
fn split_helo(comment: &str) -> Option<(&str, &str)> {
    let near = comment
        .get(..comment.floor_char_boundary(400))
        .unwrap_or(comment);
    let bytes = near.as_bytes();
    let at = (0..bytes.len().saturating_sub(3)).find(|at| is_helo(bytes, *at))?;
    Some((
        near.get(..at)?,
        near.get(at + 5..).unwrap_or("").trim_start(),
    ))
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
    words
        .next()
        .and_then(named)
        .filter(|name| name.contains('.'))
}

/// The host name in a word of a comment, also behind an `IDENT:user@`.
fn named(word: &str) -> Option<&str> {
    const REMARKS: &[&str] = &[
        "helo",
        "ehlo",
        "account",
        "may",
        "port",
        "using",
        "unverified",
        "verified",
        "tls",
        "user",
        "port:",
    ];
    let host = word.rsplit_once('@').map_or(word, |(_, host)| host);
    let remark = REMARKS.iter().any(|known| known.eq_ignore_ascii_case(host));
    if remark || net::address(host).is_some() {
        None
    } else {
        net::host(host)
    }
}
