//! The DNSBL over real sockets, asked by a client that reads and writes DNS by itself where it matters.

use std::net::SocketAddr;
use std::str::FromStr as _;
use std::sync::Arc;

use hickory_proto::op::{Edns, Message, OpCode, ResponseCode};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use postern::blocklist::BlockList;
use postern::domain::ticket::Who;
use postern::gateways::Judge;
use postern::gateways::dnsbl::{self, Door};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::support::dns::{self, datagram, over_tcp, question};
use crate::support::{TestApp, judge};

/// A portal with a DNSBL.
struct Zone {
    /// The portal.
    app: TestApp,
    /// Where the DNSBL listens.
    addr: SocketAddr,
    /// Ends it with the test.
    _guard: DropGuard,
}

/// The name of an address in the zone of the tests.
fn name_of(addr: &str) -> String {
    dns::name_of(addr, "bl.test")
}

impl Zone {
    /// Starts a portal and its DNSBL for `bl.test`, with some settings changed.
    async fn start(settings: &[(&str, &str)]) -> Self {
        let mut all = vec![("gateways.dnsbl.zone", "bl.test")];
        all.extend_from_slice(settings);
        let app = TestApp::with(&all).await;
        Self::serve(judge(&app), app).await
    }

    /// Starts the DNSBL of a portal.
    async fn serve(judge: Judge, app: TestApp) -> Self {
        let door = Door::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let (addr, stop) = (door.addr().unwrap(), CancellationToken::new());
        tokio::spawn(dnsbl::serve(vec![door], judge, stop.clone()));
        Self { app, addr, _guard: stop.drop_guard() }
    }

    /// Asks by UDP.
    async fn ask(&self, name: &str, kind: RecordType) -> Message {
        let asked = question(name, kind);
        let answer = dns::ask(self.addr, &asked).await;
        assert_eq!(answer.metadata.id, asked.metadata.id);
        answer
    }

    /// The address that stands for a listing; nothing when there is no such name.
    async fn code(&self, addr: &str) -> Option<String> {
        let answer = self.ask(&name_of(addr), RecordType::A).await;
        assert!(answer.metadata.authoritative);
        let found = answer.answers.first().map(|record| record.data.to_string());
        let code = answer.metadata.response_code;
        assert_eq!(code, if found.is_some() { ResponseCode::NoError } else { ResponseCode::NXDomain });
        found
    }
}

/// The one string of a text record.
fn text(answer: &Message) -> String {
    match &answer.answers.first().expect("a record").data {
        RData::TXT(txt) => {
            assert_eq!(txt.txt_data.len(), 1, "one string");
            String::from_utf8(txt.txt_data[0].to_vec()).unwrap()
        }
        other => panic!("{other:?}"),
    }
}

/// Fails unless the name exists and has no records of the kind, with the start of authority.
fn assert_no_data(answer: &Message, what: &str) {
    assert_eq!((answer.metadata.response_code, answer.answers.len()), (ResponseCode::NoError, 0), "{what}");
    assert_eq!(answer.authorities.first().map(Record::record_type), Some(RecordType::SOA), "{what}");
}

#[tokio::test]
async fn addresses_and_ranges_are_listed_by_cause_and_a_lift_holds_at_the_next_question() {
    let zone = Zone::start(&[]).await;
    let block = zone.app.block("203.0.113.7", "PB-TRAP").await;
    zone.app.block("203.0.113.0/24", "PB-SPAM").await;
    zone.app.block("2001:db8:7::/64", "PB-TRAP").await;
    zone.app.block("198.51.100.8", "PB-RATE").await;
    let causes = &zone.app.desk().content.causes;
    let trap = causes.find("PB-TRAP").unwrap();
    assert_eq!(zone.code("203.0.113.7").await, Some(trap.dnsbl.to_string()));
    assert_eq!(zone.code("203.0.113.8").await, Some(causes.find("PB-SPAM").unwrap().dnsbl.to_string()));
    assert_eq!(zone.code("2001:db8:7::ab:25").await, Some(trap.dnsbl.to_string()));
    assert_eq!(zone.code("198.51.100.8").await.as_deref(), Some("127.0.0.15"), "a block that defers");
    assert_eq!(zone.code("203.0.114.7").await, None);
    assert_eq!(zone.code("2001:db8:8::25").await, None);
    let reason = text(&zone.ask(&name_of("203.0.113.7"), RecordType::TXT).await);
    assert_eq!(reason, trap.reply_text(&format!("https://portal.example/c/{}/203.0.113.7", block.case_code)));
    let desk = zone.app.desk();
    desk.lift_only(&Who::operator(), block.net, "cleaned").await.unwrap();
    assert_eq!(zone.code("203.0.113.7").await, None, "taken out of the range too");
    assert!(zone.code("203.0.113.8").await.is_some());
}

#[tokio::test]
async fn the_test_entries_are_there_whatever_is_blocked() {
    let zone = Zone::start(&[]).await;
    for round in 0..2 {
        assert_eq!(zone.code("127.0.0.2").await.as_deref(), Some("127.0.0.2"), "{round}");
        assert_eq!(zone.code("::ffff:7f00:2").await.as_deref(), Some("127.0.0.2"), "{round}");
        assert_eq!(zone.code("127.0.0.1").await, None, "{round}");
        assert_eq!(zone.code("::ffff:7f00:1").await, None, "{round}");
        assert!(text(&zone.ask(&name_of("127.0.0.2"), RecordType::TXT).await).contains("RFC 5782"));
        zone.app.block("127.0.0.0/8", "PB-SPAM").await;
    }
}

#[tokio::test]
async fn names_above_addresses_exist() {
    let zone = Zone::start(&[]).await;
    zone.app.block("2001:db8:7::/64", "PB-SPAM").await;
    zone.app.block("2.0.0.9", "PB-SPAM").await;
    let whole = name_of("2001:db8:7::25");
    let mut rest = whole.as_str();
    assert_eq!(zone.ask(rest, RecordType::A).await.answers.len(), 1);
    while let Some((_, shorter)) = rest.split_once('.').filter(|(_, shorter)| *shorter != "bl.test.") {
        assert_no_data(&zone.ask(shorter, RecordType::A).await, shorter);
        rest = shorter;
    }
    for name in ["203.bl.test.", "0.203.bl.test.", "113.0.203.bl.test.", "1.0.0.2.bl.test.", "f.bl.test."] {
        assert_no_data(&zone.ask(name, RecordType::NS).await, name);
        assert_no_data(&zone.ask(name, RecordType::A).await, name);
    }
    assert_eq!(zone.ask("9.0.0.2.bl.test.", RecordType::A).await.answers.len(), 1, "listed, and above IPv6 addresses");
    assert_no_data(&zone.ask(&whole, RecordType::AAAA).await, "another kind");
    for name in ["foo.bl.test.", "256.0.0.1.bl.test.", "01.113.0.203.bl.test.", "1.7.113.0.203.bl.test."] {
        let answer = zone.ask(name, RecordType::A).await;
        assert_eq!(answer.metadata.response_code, ResponseCode::NXDomain, "{name}");
        assert_eq!(answer.authorities.len(), 1, "{name}");
    }
}

#[tokio::test]
async fn the_zone_has_a_start_and_a_name_server_and_times_as_set() {
    let zone = Zone::start(&[("gateways.dnsbl.negative_ttl", "7"), ("gateways.dnsbl.ttl", "3")]).await;
    zone.app.block("203.0.113.7", "PB-SPAM").await;
    let start = zone.ask("bl.test.", RecordType::SOA).await;
    let RData::SOA(soa) = &start.answers[0].data else { panic!("{start:?}") };
    assert_eq!(
        (soa.mname.to_string().as_str(), soa.rname.to_string().as_str()),
        ("ns.bl.test.", "postmaster.portal.example.")
    );
    assert_eq!(soa.minimum, 7);
    assert_eq!(i64::from(soa.serial), zone.app.desk().blocklist.reached().unwrap());
    let servers = zone.ask("bl.test.", RecordType::NS).await;
    assert_eq!(servers.answers[0].data.to_string(), "ns.bl.test.");
    assert_no_data(&zone.ask("bl.test.", RecordType::A).await, "the zone has no address");
    assert_eq!(zone.ask("ns.bl.test.", RecordType::A).await.metadata.response_code, ResponseCode::NoError);
    assert_eq!(zone.ask(&name_of("203.0.113.7"), RecordType::A).await.answers[0].ttl, 3);
    assert_eq!(zone.ask(&name_of("203.0.113.8"), RecordType::A).await.authorities[0].ttl, 7);
}

#[tokio::test]
async fn other_zones_classes_and_operations_are_refused_and_letter_case_is_kept() {
    let zone = Zone::start(&[]).await;
    assert_eq!(zone.ask("example.org.", RecordType::A).await.metadata.response_code, ResponseCode::Refused);
    assert_eq!(zone.ask("notbl.test.", RecordType::A).await.metadata.response_code, ResponseCode::Refused);
    assert_eq!(zone.ask("bl.test.", RecordType::AXFR).await.metadata.response_code, ResponseCode::Refused);
    let mut notify = question("bl.test.", RecordType::SOA);
    notify.metadata.op_code = OpCode::Notify;
    let answer = datagram(zone.addr, &notify.to_vec().unwrap()).await.unwrap();
    assert_eq!(Message::from_vec(&answer).unwrap().metadata.response_code, ResponseCode::NotImp);
    let answer = zone.ask("2.0.0.127.bL.TeSt.", RecordType::A).await;
    assert!(answer.answers[0].name.eq_case(&Name::from_str("2.0.0.127.bL.TeSt.").unwrap()));
    let nothing = zone.ask("3.0.0.127.Bl.tEst.", RecordType::A).await;
    assert!(nothing.queries[0].name().eq_case(&Name::from_str("3.0.0.127.Bl.tEst.").unwrap()));
    assert!(nothing.authorities[0].name.eq_case(&Name::from_str("Bl.tEst.").unwrap()));
}

#[tokio::test]
async fn edns_is_answered_with_edns() {
    let zone = Zone::start(&[]).await;
    let mut asked = question(&name_of("127.0.0.2"), RecordType::A);
    asked.set_edns(Edns::new());
    let answer = Message::from_vec(&datagram(zone.addr, &asked.to_vec().unwrap()).await.unwrap()).unwrap();
    assert_eq!(answer.edns.as_ref().map(Edns::max_payload), Some(1_232));
    assert_eq!(answer.answers.len(), 1);
    let mut edns = Edns::new();
    edns.set_version(1);
    asked.set_edns(edns);
    let answer = Message::from_vec(&datagram(zone.addr, &asked.to_vec().unwrap()).await.unwrap()).unwrap();
    assert_eq!(u16::from(answer.metadata.response_code), 16, "a version that is not known");
    assert!(zone.ask(&name_of("127.0.0.2"), RecordType::A).await.edns.is_none());
    assert_eq!(zone.ask(&name_of("127.0.0.2"), RecordType::ANY).await.answers.len(), 1, "of all kinds one");
}

#[tokio::test]
async fn a_long_reason_is_one_string_and_comes_whole_where_there_is_room() {
    let label = "a".repeat(55);
    let (host, below) = (format!("{label}.{label}.{label}.example"), format!("{label}.{label}.{label}.test"));
    let url = format!("https://{host}");
    let zone = Zone::start(&[("http.public_url", &url), ("gateways.dnsbl.zone", &below)]).await;
    zone.app.block("2001:db8:7::/64", "PB-TRAP").await;
    let name = name_of("2001:db8:7:0:1234:5678:9abc:def0").replace("bl.test", &below);
    let cut = zone.ask(&name, RecordType::TXT).await;
    assert!(cut.metadata.truncation && cut.answers.is_empty());
    let mut asked = question(&name, RecordType::TXT);
    let whole = over_tcp(&mut TcpStream::connect(zone.addr).await.unwrap(), &asked).await;
    assert!(text(&whole).starts_with(&format!("blocked (PB-TRAP), see {url}/c/")), "{}", text(&whole));
    assert!(text(&whole).len() <= 255);
    let mut edns = Edns::new();
    edns.set_max_payload(4_096);
    asked.set_edns(edns);
    let whole = Message::from_vec(&datagram(zone.addr, &asked.to_vec().unwrap()).await.unwrap()).unwrap();
    assert_eq!(whole.answers.len(), 1);
}

#[tokio::test]
async fn many_questions_come_over_one_tcp_connection() {
    let zone = Zone::start(&[]).await;
    zone.app.block("203.0.113.7", "PB-SPAM").await;
    let mut stream = TcpStream::connect(zone.addr).await.unwrap();
    for _ in 0..5 {
        assert_eq!(over_tcp(&mut stream, &question(&name_of("203.0.113.7"), RecordType::A)).await.answers.len(), 1);
        let free = over_tcp(&mut stream, &question(&name_of("203.0.113.8"), RecordType::A)).await;
        assert_eq!(free.metadata.response_code, ResponseCode::NXDomain);
    }
    stream.write_all(b"\0\x03abc").await.unwrap();
    assert_eq!(stream.read(&mut [0; 16]).await.unwrap_or(0), 0, "the connection ends");
}

#[tokio::test]
async fn who_may_not_ask_is_refused() {
    let zone = Zone::start(&[("gateways.dnsbl.allow", "192.0.2.0/24")]).await;
    let asked = question(&name_of("127.0.0.2"), RecordType::A).to_vec().unwrap();
    let answer = Message::from_vec(&datagram(zone.addr, &asked).await.unwrap()).unwrap();
    assert_eq!((answer.metadata.response_code, answer.answers.len()), (ResponseCode::Refused, 0));
    let mut stream = TcpStream::connect(zone.addr).await.unwrap();
    assert_eq!(stream.read(&mut [0; 16]).await.unwrap_or(0), 0, "not heard over TCP");
}

#[tokio::test]
async fn beyond_its_rate_a_network_is_sent_to_tcp_or_hears_nothing() {
    let zone = Zone::start(&[("gateways.dnsbl.rate", "1")]).await;
    let asked = question(&name_of("127.0.0.2"), RecordType::TXT).to_vec().unwrap();
    let (mut whole, mut cut, mut silent) = (0, 0, 0);
    for _ in 0..6 {
        match datagram(zone.addr, &asked).await.map(|bytes| (bytes.len(), Message::from_vec(&bytes).unwrap())) {
            Some((length, answer)) if answer.metadata.truncation => {
                assert!(answer.answers.is_empty() && length <= asked.len());
                cut += 1;
            }
            Some(_) => whole += 1,
            None => silent += 1,
        }
    }
    assert!(whole >= 1 && cut >= 1 && silent >= 1, "{whole} {cut} {silent}");
    let mut stream = TcpStream::connect(zone.addr).await.unwrap();
    assert_eq!(over_tcp(&mut stream, &question(&name_of("127.0.0.2"), RecordType::A)).await.answers.len(), 1);
}

#[tokio::test]
async fn an_incomplete_list_says_that_it_cannot_answer() {
    let app = TestApp::with(&[("gateways.dnsbl.zone", "bl.test")]).await;
    let unready = Judge { blocklist: Arc::new(BlockList::default()), ..judge(&app) };
    let zone = Zone::serve(unready, app).await;
    for addr in ["203.0.113.7", "127.0.0.2", "2001:db8::1"] {
        let answer = zone.ask(&name_of(addr), RecordType::A).await;
        assert_eq!(answer.metadata.response_code, ResponseCode::ServFail, "{addr}");
    }
    assert_eq!(zone.ask("bl.test.", RecordType::SOA).await.answers.len(), 1);
}

#[tokio::test]
async fn what_is_no_question_does_no_harm() {
    let zone = Zone::start(&[]).await;
    let good = question(&name_of("127.0.0.2"), RecordType::A).to_vec().unwrap();
    for bytes in [&b""[..], b"x", &good[..11]] {
        assert_eq!(datagram(zone.addr, bytes).await, None, "{bytes:?}");
    }
    let mut answer = good.clone();
    answer[2] |= 0x80;
    assert_eq!(datagram(zone.addr, &answer).await, None, "an answer is never answered");
    let broken = datagram(zone.addr, &good[..20]).await.unwrap();
    assert_eq!((broken.len(), &broken[..2], broken[2] & 0x80, broken[3] & 0x0f), (12, &good[..2], 0x80, 1));
    let looping = [&good[..12], b"\xc0\x0c\0\x01\0\x01"].concat();
    assert_eq!(datagram(zone.addr, &looping).await.unwrap()[3] & 0x0f, 1, "a name that points at itself");
    // Bytes that follow no rule, the same in each run.
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for round in 0..3_000 {
        if round % 100 == 0 {
            assert_eq!(zone.code("127.0.0.2").await.as_deref(), Some("127.0.0.2"), "others are served");
        }
        let mut bytes = good.clone();
        for _ in 0..4 {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            let place = usize::try_from(seed % bytes.len() as u64).unwrap();
            bytes[place] = u8::try_from(seed >> 56).unwrap();
        }
        socket.send_to(&bytes, zone.addr).await.unwrap();
    }
    assert_eq!(zone.code("127.0.0.2").await.as_deref(), Some("127.0.0.2"), "others are served");
}

#[tokio::test]
async fn a_listed_address_counts_as_refused_once_although_its_reason_is_asked_for_too() {
    let zone = Zone::start(&[]).await;
    let block = zone.app.block("203.0.113.7", "PB-SPAM").await;
    for kind in [RecordType::A, RecordType::TXT, RecordType::AAAA] {
        zone.ask(&name_of("203.0.113.7"), kind).await;
    }
    zone.code("203.0.113.8").await;
    zone.code("127.0.0.2").await;
    assert_eq!(zone.app.desk().flush_hits().await.unwrap(), 1);
    let told = postern::store::blocks::find(zone.app.desk().db.pool(), block.id).await.unwrap().unwrap();
    assert_eq!(told.hits, 1);
}
