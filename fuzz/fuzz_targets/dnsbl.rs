//! Any datagram to the DNSBL: an answer is one, belongs to its question, and is short.
#![no_main]

mod portal;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use postern::gateways::dnsbl::Dnsbl;

/// The zone.
static DNSBL: LazyLock<Dnsbl> = LazyLock::new(|| Dnsbl::new(portal::JUDGE.clone()).unwrap());

fuzz_target!(|bytes: &[u8]| {
    for peer in [Ipv4Addr::LOCALHOST, Ipv4Addr::new(203, 0, 113, 9)] {
        let Some(answer) = DNSBL.over_udp(bytes, IpAddr::V4(peer)) else { continue };
        assert!(answer.len() >= 12 && answer.len() <= 1_232, "{}", answer.len());
        assert_eq!(answer[..2], bytes[..2], "the number of the question");
        assert!(answer[2] & 0x80 != 0 && bytes[2] & 0x80 == 0, "an answer, to no answer");
        let refused = matches!(answer[3] & 0x0f, 1 | 5);
        assert!(peer.is_loopback() || refused || answer[6..8] == [0, 0], "no records for strangers");
    }
});
