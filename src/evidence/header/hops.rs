//! The chain of hops: order, delays and clocks.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::received::Received;
use crate::evidence::mask;

/// One hop of a mail, newest first in a [`super::Header`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Hop {
    /// Who sent, as written first behind `from`.
    pub from: Option<String>,
    /// Who received.
    pub by: Option<String>,
    /// The client's address.
    pub ip: Option<IpAddr>,
    /// What the client called itself.
    pub helo: Option<String>,
    /// The name of the client's address.
    pub rdns: Option<String>,
    /// The protocol.
    pub with: Option<String>,
    /// The link, such as `HTTP` or `Frontend Transport`.
    pub via: Option<String>,
    /// The queue id.
    pub id: Option<String>,
    /// The recipient, with its local part masked.
    #[serde(rename = "for")]
    pub recipient: Option<String>,
    /// When: RFC 3339, or as written if it cannot be read.
    pub time: Option<String>,
    /// Seconds since the hop before; negative where clocks differ.
    pub delay_s: Option<i64>,
    /// Whether this hop's clock and the one before it cannot both be right.
    pub clock_skew: bool,
    /// Whether the client had logged in.
    pub authenticated: bool,
    /// Line of the field in the pasted text.
    pub line: usize,
}

/// The longest text that a hop shows of a clause.
const LONGEST: usize = 255;

/// Clocks of servers differ by a second or two without meaning anything.
const TOLERANCE: i64 = 2;

/// Puts hops that were pasted oldest first into the usual order, newest first.
pub(super) fn newest_first(hops: &mut [(usize, Received<'_>)]) {
    let (mut usual, mut reversed) = (0_usize, 0_usize);
    for pair in hops.windows(2) {
        let [(_, upper), (_, lower)] = pair else {
            continue;
        };
        let (Some(up), Some(low)) = (upper.stamp, lower.stamp) else {
            continue;
        };
        usual += usize::from(up.epoch > low.epoch || sent_by(upper, lower));
        reversed += usize::from(up.epoch < low.epoch && !sent_by(upper, lower));
    }
    let linked =
        hops.windows(2).filter(|pair| matches!(pair, [(_, upper), (_, lower)] if sent_by(lower, upper))).count();
    if reversed > usual && linked > 0 {
        hops.reverse();
    }
}

/// Whether the client of the one hop is the server of the other.
fn sent_by(newer: &Received<'_>, older: &Received<'_>) -> bool {
    let Some(by) = older.by else { return false };
    [newer.from, newer.rdns, newer.helo].into_iter().flatten().any(|name| name.eq_ignore_ascii_case(by))
}

/// Makes what is shown of the hops, with the delay of each.
pub(super) fn show(hops: &[(usize, Received<'_>)]) -> Vec<Hop> {
    let older = hops.iter().skip(1).map(|(_, hop)| epoch(hop)).chain([None]);
    hops.iter().zip(older).map(|((line, hop), older)| shown(*line, hop, older)).collect()
}

/// Seconds since 1970, if the moment is known.
fn epoch(hop: &Received<'_>) -> Option<i64> {
    hop.stamp.filter(|stamp| stamp.zoned).map(|stamp| stamp.epoch)
}

/// The time between the first hop and the last, if all of the way is known.
pub(super) fn total(hops: &[(usize, Received<'_>)]) -> Option<i64> {
    let [(_, newest), .., (_, oldest)] = hops else {
        return None;
    };
    Some(epoch(newest)? - epoch(oldest)?)
}

/// One hop as it is shown.
fn shown(line: usize, hop: &Received<'_>, older: Option<i64>) -> Hop {
    let delay = epoch(hop).zip(older).map(|(now, before)| now - before);
    Hop {
        from: hop.from.map(short),
        by: hop.by.map(short),
        ip: hop.ip,
        helo: hop.helo.map(short),
        rdns: hop.rdns.map(short),
        with: hop.with.clone(),
        via: hop.via.clone(),
        id: hop.id.map(short),
        recipient: hop.recipient.map(|address| short(&mask::recipients(address))),
        time: hop.stamp.map(|stamp| stamp.rfc3339()).or_else(|| hop.written.map(short)),
        delay_s: delay,
        clock_skew: delay.is_some_and(|delay| delay < -TOLERANCE),
        authenticated: hop.authenticated,
        line,
    }
}

/// The beginning of a text.
pub(super) fn short(text: &str) -> String {
    text.get(..text.floor_char_boundary(LONGEST)).unwrap_or(text).to_owned()
}
