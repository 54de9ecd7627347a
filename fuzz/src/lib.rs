//! What must hold for any bytes: the bodies of the fuzz targets, which the tests run on a few inputs as well.

mod portal;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;

use postern::evidence::{self, Context, mask};
use postern::gateways::dnsbl::Dnsbl;
use postern::gateways::{policy, socketmap};

/// Any bytes to the evidence reader: it does not panic, and what it finds stays small.
pub fn evidence(bytes: &[u8]) {
    let found = evidence::read(bytes, &Context::default());
    assert!(found.replies.len() <= 1000);
    assert!(found.replies.iter().all(|reply| reply.text.len() <= 2000));
    let text = String::from_utf8_lossy(bytes);
    let (kept, _) = mask::kept(&text, &found);
    assert!(kept.lines().count() <= 2 * text.lines().count() + 2);
}

/// Any bytes: reading, linting and masking end without a panic, and masking changes no line end.
pub fn header(bytes: &[u8]) {
    let context = Context::default();
    if let Some(found) = evidence::header::read(bytes, &context) {
        assert!(found.hops.len() <= evidence::header::MOST_HOPS);
        assert!(found.border_hop.is_none_or(|hop| hop < found.hops.len()));
    }
    let _ = evidence::lint::check(bytes, 1, &context);
    let _ = mask::recipients(&String::from_utf8_lossy(bytes));
    let mut masked = bytes.to_vec();
    mask::secrets(&mut masked);
    assert_eq!(masked.len(), bytes.len());
    let same_ends = masked.iter().zip(bytes).all(|(new, old)| (*new == b'\n') == (*old == b'\n'));
    assert!(same_ends);
}

/// Any bytes on a connection of the policy service: each answer is one line that never says `OK`.
pub fn policy(bytes: &[u8]) {
    let mut reader = bytes;
    while let Some(request) = portal::wait(policy::read_request(&mut reader)) {
        let Some(query) = policy::parse(&request) else { break };
        let action = policy::action(&portal::JUDGE, &query).expect("the list is complete");
        assert!(action == "DUNNO" || action.starts_with("550 5.7.1 "), "{action}");
        assert!(action.len() < 512 && action.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    }
}

/// Any bytes on a connection of the socketmap service: each answer has a status and nothing that permits.
pub fn socketmap(bytes: &[u8]) {
    let mut reader = bytes;
    while let Some(request) = portal::wait(socketmap::read_netstring(&mut reader)) {
        assert!(request.len() <= 4_096);
        let answer = socketmap::answer(&portal::JUDGE, &request);
        let known = ["OK 550 5.7.1 ", "OK reject", "NOTFOUND ", "PERM "];
        assert!(known.iter().any(|start| answer.starts_with(start)), "{answer}");
        assert!(answer.len() < 512 && answer.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    }
}

/// The zone.
static DNSBL: LazyLock<Dnsbl> = LazyLock::new(|| Dnsbl::new(portal::JUDGE.clone()).unwrap());

/// Any datagram to the DNSBL: an answer is one, belongs to its question, and is short.
pub fn dnsbl(bytes: &[u8]) {
    for peer in [Ipv4Addr::LOCALHOST, Ipv4Addr::new(203, 0, 113, 9)] {
        let Some(answer) = DNSBL.over_udp(bytes, IpAddr::V4(peer)) else { continue };
        assert!(answer.len() >= 12 && answer.len() <= 1_232, "{}", answer.len());
        assert_eq!(answer[..2], bytes[..2], "the number of the question");
        assert!(answer[2] & 0x80 != 0 && bytes[2] & 0x80 == 0, "an answer, to no answer");
        let refused = matches!(answer[3] & 0x0f, 1 | 5);
        assert!(peer.is_loopback() || refused || answer[6..8] == [0, 0], "no records for strangers");
    }
}
