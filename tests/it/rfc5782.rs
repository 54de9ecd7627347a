//! The DNSBL against RFC 5782 and what resolvers and mail servers expect of one, point by point, over UDP and TCP, with and
//! without EDNS. Only the test entries that every list has are used.

use std::net::SocketAddr;

use hickory_proto::op::{Edns, Message, ResponseCode};
use hickory_proto::rr::{RData, Record, RecordType};
use postern::gateways::dnsbl::{self, Door};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use crate::support::dns::{ask, name_of, over_tcp, question};
use crate::support::{TestApp, judge};

use Expect::{Data, NoData, NoName, Refused};

/// What is expected of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    /// Records.
    Data,
    /// A name without records of this kind, with the start of authority.
    NoData,
    /// No such name, with the start of authority.
    NoName,
    /// A refusal.
    Refused,
}

/// The names, kinds and what is expected.
fn points() -> Vec<(String, RecordType, Expect)> {
    let (v4, v6) = (name_of("127.0.0.2", "bl.test"), name_of("::ffff:7f00:2", "bl.test"));
    let own = [
        (v4.clone(), RecordType::A, Data),
        (v4.clone(), RecordType::TXT, Data),
        (v4.clone(), RecordType::AAAA, NoData),
        (v4.replace("bl.test", "BL.tEsT"), RecordType::A, Data),
        (name_of("127.0.0.1", "bl.test"), RecordType::A, NoName),
        (v6.clone(), RecordType::A, Data),
        (v6.clone(), RecordType::TXT, Data),
        (v6.clone(), RecordType::MX, NoData),
        (v6.to_uppercase(), RecordType::A, Data),
        (name_of("::ffff:7f00:1", "bl.test"), RecordType::A, NoName),
        (format!("1.{v4}"), RecordType::A, NoName),
        (format!("1.{v6}"), RecordType::A, NoName),
    ];
    let fixed = [
        ("bl.test.", RecordType::SOA, Data),
        ("bl.test.", RecordType::NS, Data),
        ("bl.test.", RecordType::A, NoData),
        ("0.0.127.bl.test.", RecordType::A, NoData),
        ("0.127.bl.test.", RecordType::NS, NoData),
        ("127.bl.test.", RecordType::A, NoData),
        ("127.bl.test.", RecordType::NS, NoData),
        ("0.bl.test.", RecordType::A, NoData),
        ("0.0.0.0.bl.test.", RecordType::A, NoData),
        ("f.f.f.f.0.0.0.bl.test.", RecordType::A, NoData),
        ("foo.bl.test.", RecordType::A, NoName),
        ("999.0.0.127.bl.test.", RecordType::A, NoName),
        ("example.org.", RecordType::A, Refused),
        ("test.", RecordType::SOA, Refused),
        (".", RecordType::NS, Refused),
    ];
    own.into_iter().chain(fixed.map(|(name, kind, expect)| (name.to_owned(), kind, expect))).collect()
}

/// Fails unless the answer is as expected; `what` says to what.
fn check(answer: &Message, expect: Expect, what: &str) {
    let code = match expect {
        Data | NoData => ResponseCode::NoError,
        NoName => ResponseCode::NXDomain,
        Refused => ResponseCode::Refused,
    };
    assert_eq!(answer.metadata.response_code, code, "{what}");
    assert_eq!(answer.metadata.authoritative, expect != Refused, "{what}");
    assert!(!answer.metadata.recursion_available && !answer.metadata.truncation, "{what}");
    assert_eq!(!answer.answers.is_empty(), expect == Data, "{what}");
    let start = answer.authorities.iter().map(Record::record_type).collect::<Vec<_>>();
    let says_no = matches!(expect, NoData | NoName);
    assert_eq!(start, if says_no { vec![RecordType::SOA] } else { Vec::new() }, "{what}");
    for record in &answer.answers {
        assert!(record.name.eq_case(answer.queries[0].name()), "{what}: letter case is kept");
        match &record.data {
            RData::A(addr) => {
                let [first, second, third, last] = addr.0.octets();
                assert_eq!((first, second, third), (127, 0, 0), "{what}");
                assert!((2..=15).contains(&last), "{what}");
                assert_eq!(record.ttl, 0, "{what}: a lift is not delayed by caches");
            }
            RData::TXT(text) => {
                assert_eq!(text.txt_data.len(), 1, "{what}: one string");
                assert!((1..=255).contains(&text.txt_data[0].len()), "{what}");
                assert_eq!(record.ttl, 0, "{what}");
            }
            _ => {}
        }
    }
}

/// Asks each point in each way.
async fn check_all(addr: SocketAddr) {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    for (name, kind, expect) in points() {
        for with_edns in [false, true] {
            let mut asked = question(&name, kind);
            if with_edns {
                asked.set_edns(Edns::new());
            }
            for (way, answer) in [("UDP", ask(addr, &asked).await), ("TCP", over_tcp(&mut stream, &asked).await)] {
                let what = format!("{name} {kind} over {way}, EDNS {with_edns}");
                assert_eq!(answer.metadata.id, asked.metadata.id, "{what}");
                assert_eq!(answer.edns.is_some(), with_edns, "{what}");
                check(&answer, expect, &what);
            }
        }
    }
}

#[tokio::test]
async fn the_zone_is_as_the_standard_says() {
    let app = TestApp::with(&[("gateways.dnsbl.zone", "bl.test")]).await;
    let door = Door::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let (addr, stop) = (door.addr().unwrap(), CancellationToken::new());
    tokio::spawn(dnsbl::serve(vec![door], judge(&app), stop.clone()));
    let _guard = stop.drop_guard();
    check_all(addr).await;
    // The test entries stay as they are, whatever is blocked.
    app.block("127.0.0.0/8", "PB-SPAM").await;
    app.block("127.0.0.1", "PB-SPAM").await;
    let listed = ask(addr, &question(&name_of("127.0.0.1", "bl.test"), RecordType::A)).await;
    check(&listed, NoName, "127.0.0.1 is never listed");
}
