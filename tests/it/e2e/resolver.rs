//! Real name servers: rbldnsd serves what was exported. And a resolver before the DNSBL: it finds the listings in every mode, above all when it asks for one label more at a
//! time and believes the first "no such name" (RFC 9156).

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::RecordType;

use super::gateways::Portal;
use crate::support::dns::{ask, datagram, name_of, question};
use crate::support::eventually;
use crate::support::rbldnsd::Rbldnsd;
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

#[tokio::test(flavor = "multi_thread")]
async fn rbldnsd_serves_an_export_as_the_portal_itself_does() {
    let mut portal = Portal::start().await;
    portal.block("203.0.113.8", "PB-RATE");
    portal.block("198.51.100.200", "PB-HACK");
    let exported = portal.place.run(&["block", "export", "--format", "rbldnsd"]);
    let rbldnsd = Rbldnsd::start("bl.example.org", &exported.assert_ok("$DATASET ip6trie @").out);
    let first = question(&name_of("203.0.113.7", "bl.example.org"), RecordType::A).to_vec().unwrap();
    eventually("rbldnsd answers", async || datagram(rbldnsd.addr, &first).await.is_some()).await;
    assert!(!rbldnsd.log().contains("invalid"), "{}", rbldnsd.log());
    for addr in [
        "203.0.113.7",
        "203.0.113.8",
        "203.0.113.9",
        "198.51.100.9",
        "198.51.100.65",
        "198.51.100.200",
        "2001:db8:7::25",
        "2001:db8:8::25",
    ] {
        for kind in [RecordType::A, RecordType::TXT] {
            let asked = question(&name_of(addr, "bl.example.org"), kind);
            let [theirs, ours] = [ask(rbldnsd.addr, &asked).await, ask(portal.zone, &asked).await];
            let data = |answer: &Message| answer.answers.iter().map(|record| record.data.clone()).collect::<Vec<_>>();
            assert_eq!(theirs.metadata.response_code, ours.metadata.response_code, "{addr} {kind}");
            if kind == RecordType::A {
                assert_eq!(data(&theirs), data(&ours), "{addr}");
            } else if let Some(text) = data(&theirs).first() {
                assert!(text.to_string().contains("/c/") && text.to_string().ends_with(&format!("/{addr}")), "{text}");
            }
        }
    }
}
