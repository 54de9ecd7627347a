//! A real resolver before the DNSBL: it finds the listings in every mode, above all when it asks for one label more at a
//! time and believes the first "no such name" (RFC 9156).

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;

use super::gateways::Portal;
use crate::support::dns::{ask, name_of, question};
use crate::support::unbound::Unbound;

#[tokio::test(flavor = "multi_thread")]
async fn unbound_finds_listings_in_every_mode_and_obeys_a_lift_at_once() {
    let mut portal = Portal::start().await;
    // 2.0.0.9 is at the same time a name above IPv6 addresses.
    portal.block("2.0.0.9", "PB-SPAM");
    let zone = portal.zone.to_string().replace(':', "@");
    let modes = [
        " qname-minimisation: no\n",
        " qname-minimisation: yes\n",
        " qname-minimisation: yes\n qname-minimisation-strict: yes\n",
        " qname-minimisation: yes\n qname-minimisation-strict: yes\n use-caps-for-id: yes\n harden-below-nxdomain: yes\n",
    ];
    for (round, mode) in modes.into_iter().enumerate() {
        let unbound = Unbound::start(&zone, mode);
        let code = async |addr: &str| {
            let mut asked = question(&name_of(addr, "bl.example.org"), RecordType::A);
            asked.metadata.recursion_desired = true;
            let answer = ask((unbound.addr, 53).into(), &asked).await;
            (answer.metadata.response_code, answer.answers.len())
        };
        for free in ["203.0.113.9", "2001:db8:9::25", "2.0.0.1"] {
            assert_eq!(code(free).await.1, 0, "{mode}: {free}");
        }
        for listed in ["203.0.113.7", "198.51.100.9", "2001:db8:7::25", "2001:db8:7::ffff", "2.0.0.9", "127.0.0.2"] {
            assert_eq!(code(listed).await, (ResponseCode::NoError, 1), "{mode}: {listed}");
        }
        let client = format!("203.0.113.{}", 20 + round);
        portal.block(&client, "PB-SPAM");
        assert_eq!(code(&client).await, (ResponseCode::NoError, 1), "{mode}");
        portal.lift(&client);
        assert_eq!(code(&client).await, (ResponseCode::NXDomain, 0), "{mode}: after the lift");
        portal.block(&client, "PB-SPAM");
        assert_eq!(code(&client).await, (ResponseCode::NoError, 1), "{mode}: blocked again");
    }
}
