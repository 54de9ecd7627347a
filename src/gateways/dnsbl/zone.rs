//! The zone: what it answers to a question.

use std::net::{IpAddr, Ipv4Addr};

use hickory_proto::op::{Edns, Message, Metadata, OpCode, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, NS, SOA, TXT};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};

use super::place::{Place, place};
use crate::blocklist::Verdict;
use crate::blocklist::index::Hit;
use crate::gateways::Judge;

/// The test entry that every list has (RFC 5782 5).
const TEST_LISTED: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// The test entry that no list has.
const TEST_FREE: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// The most bytes of a text record's one string (RFC 1035 3.3.14).
const TEXT_MOST: usize = 255;

/// How long the zone's own records may be kept, in seconds.
const ZONE_TTL: u32 = 3_600;

/// The largest UDP answer that is promised not to be cut into pieces on its way (DNS Flag Day 2020).
const PAYLOAD: u16 = 1_232;

/// The zone and what it answers from.
#[derive(Debug)]
pub(super) struct Zone {
    /// The list and the settings.
    pub(super) judge: Judge,
    /// Its name.
    name: Name,
    /// Its name server.
    server: Name,
    /// The mailbox of its keeper, as a name.
    keeper: Name,
}

/// What is said of a name.
enum Said {
    /// Records of the kind that was asked for, in the order in which they are tried; maybe none.
    Records(Vec<RData>, u32),
    /// There is no such name.
    NoName,
    /// The list is not complete.
    NotYet,
}

impl Zone {
    /// The zone of these settings.
    ///
    /// # Errors
    /// When a name is none.
    pub(super) fn new(judge: Judge) -> anyhow::Result<Self> {
        let dnsbl = &judge.config.gateways.dnsbl;
        let name = absolute(&dnsbl.zone)?;
        let server = absolute(&dnsbl.nameserver)?;
        let from = &judge.config.mail.from;
        let local = from.as_str().rsplit_once('@').map_or("postmaster", |(local, _)| local);
        let keeper = absolute(from.domain())?.prepend_label(local.as_bytes())?;
        Ok(Self { judge, name, server, keeper })
    }

    /// The answer to a message; the caller has seen that it is a question.
    pub(super) fn answer(&self, asked: Message) -> Message {
        match self.fault(&asked) {
            Some(code) => with_code(blank(asked), code),
            None => self.say(blank(asked)),
        }
    }

    /// Why a message is not answered from the zone.
    fn fault(&self, asked: &Message) -> Option<ResponseCode> {
        if asked.edns.as_ref().is_some_and(|edns| edns.version() > 0) {
            return Some(ResponseCode::BADVERS);
        }
        if asked.metadata.op_code != OpCode::Query {
            return Some(ResponseCode::NotImp);
        }
        let [query] = asked.queries.as_slice() else { return Some(ResponseCode::FormErr) };
        let transfer = matches!(query.query_type(), RecordType::AXFR | RecordType::IXFR);
        let known = matches!(query.query_class(), DNSClass::IN | DNSClass::ANY) && self.name.zone_of(query.name());
        (transfer || !known).then_some(ResponseCode::Refused)
    }

    /// Fills in what is said of a name inside the zone. Names are given back in the letter case of the question.
    fn say(&self, mut reply: Message) -> Message {
        let Some((name, kind)) = reply.queries.first().map(|query| (query.name().clone(), query.query_type())) else {
            return reply;
        };
        reply.metadata.authoritative = true;
        match self.said(&name, kind) {
            Said::NotYet => {
                reply.metadata.authoritative = false;
                reply.metadata.response_code = ResponseCode::ServFail;
            }
            Said::NoName => {
                reply.metadata.response_code = ResponseCode::NXDomain;
                reply.add_authority(self.start(&name));
            }
            Said::Records(records, _) if records.is_empty() => {
                reply.add_authority(self.start(&name));
            }
            Said::Records(records, ttl) => {
                reply.add_answers(records.into_iter().map(|data| Record::from_rdata(name.clone(), ttl, data)));
            }
        }
        reply
    }

    /// What is said of a name.
    fn said(&self, name: &Name, kind: RecordType) -> Said {
        let below = name.iter().len().saturating_sub(self.name.iter().len());
        match place(name.iter().take(below)) {
            Place::Apex => Said::Records(pick(self.of_zone(), kind), ZONE_TTL),
            Place::Address(addr) => self.of_address(addr, kind, Said::NoName),
            Place::Shared(addr) => self.of_address(addr, kind, Said::Records(Vec::new(), 0)),
            Place::Inner => Said::Records(Vec::new(), 0),
            Place::Nothing if self.server == *name => Said::Records(pick(self.of_server(), kind), ZONE_TTL),
            Place::Nothing if name.zone_of(&self.server) => Said::Records(Vec::new(), 0),
            Place::Nothing => Said::NoName,
        }
    }

    /// What is said of an address; `unlisted` where it is not on the list.
    fn of_address(&self, addr: IpAddr, kind: RecordType, unlisted: Said) -> Said {
        let addr = crate::domain::net::fold(addr);
        let records = match self.judge.ask(addr) {
            Verdict::Unknown => return Said::NotYet,
            _ if addr == TEST_LISTED => test_entry(&self.judge.config.gateways.dnsbl.zone),
            _ if addr == TEST_FREE => return unlisted,
            Verdict::Free => return unlisted,
            Verdict::Blocked(hit) => {
                // A mail server asks for the reason (TXT) of what it refuses as well.
                if kind == RecordType::A {
                    self.judge.blocklist.hits.count(hit.block, self.judge.clock.now());
                }
                // Most ask for the address only, and the reason takes longer to write than all the rest.
                match kind {
                    RecordType::TXT => vec![text(&self.reason(&hit, addr))],
                    _ => vec![RData::A(A(self.judge.content.causes.answer(&hit.cause, hit.action)))],
                }
            }
        };
        Said::Records(pick(records, kind), self.judge.config.gateways.dnsbl.ttl)
    }

    /// The reason of a block with its case link: shortened when it is too long, the link kept as long as it can be.
    fn reason(&self, hit: &Hit, addr: IpAddr) -> String {
        let whole = self.judge.reason(hit, addr);
        if whole.len() <= TEXT_MOST {
            whole
        } else {
            format!("blocked ({}), see {}", hit.cause, self.judge.link(hit, addr))
        }
    }

    /// The records of the zone itself.
    fn of_zone(&self) -> Vec<RData> {
        vec![RData::SOA(self.soa()), RData::NS(NS(self.server.clone()))]
    }

    /// The addresses of the name server, where it lies in the zone: those that are listened at.
    fn of_server(&self) -> Vec<RData> {
        let addrs = self.judge.config.gateways.dnsbl.listen.iter().map(std::net::SocketAddr::ip);
        let named = addrs.filter(|addr| !addr.is_unspecified());
        named
            .map(|addr| match addr {
                IpAddr::V4(addr) => RData::A(A(addr)),
                IpAddr::V6(addr) => RData::AAAA(AAAA(addr)),
            })
            .collect()
    }

    /// The start of authority; its number is that of the last change of the list.
    fn soa(&self) -> SOA {
        let n = self.judge.blocklist.reached().unwrap_or_default() & i64::from(u32::MAX);
        let serial = u32::try_from(n).unwrap_or_default();
        let negative = self.judge.config.gateways.dnsbl.negative_ttl;
        SOA::new(self.server.clone(), self.keeper.clone(), serial, 3_600, 600, 86_400, negative)
    }

    /// The start of authority as it goes with an answer that says no of a name (RFC 2308 3).
    fn start(&self, name: &Name) -> Record {
        let zone = name.trim_to(self.name.iter().len());
        Record::from_rdata(zone, self.judge.config.gateways.dnsbl.negative_ttl, RData::SOA(self.soa()))
    }
}

/// A name from the settings, as one that is complete.
fn absolute(text: &str) -> anyhow::Result<Name> {
    let mut name = Name::from_ascii(text)?;
    name.set_fqdn(true);
    Ok(name)
}

/// An answer to `asked` that says nothing yet. An answer has EDNS when the question has.
pub(super) fn blank(asked: Message) -> Message {
    let mut reply = Message::response(asked.metadata.id, asked.metadata.op_code);
    reply.metadata = Metadata::response_from_request(&asked.metadata);
    reply.queries = asked.queries;
    reply.queries.truncate(1);
    if asked.edns.is_some() {
        let mut edns = Edns::new();
        edns.set_max_payload(PAYLOAD);
        reply.set_edns(edns);
    }
    reply
}

/// The answer with a code.
pub(super) fn with_code(mut reply: Message, code: ResponseCode) -> Message {
    reply.metadata.response_code = code;
    reply
}

/// How many bytes of UDP the asker takes: what it says, within reason; 512 when it says nothing.
pub(super) fn payload(asked: &Message) -> usize {
    asked.edns.as_ref().map_or(512, |edns| usize::from(edns.max_payload().clamp(512, PAYLOAD)))
}

/// The records of this kind; of all kinds the first only, so that nobody gets much for little (RFC 8482 4.1).
fn pick(records: Vec<RData>, kind: RecordType) -> Vec<RData> {
    match kind {
        RecordType::ANY => records.into_iter().take(1).collect(),
        kind => records.into_iter().filter(|data| data.record_type() == kind).collect(),
    }
}

/// What the test entry says.
fn test_entry(zone: &str) -> Vec<RData> {
    vec![RData::A(A(TEST_LISTED)), text(&format!("test entry of {zone} (RFC 5782)"))]
}

/// A text record of one string.
fn text(text: &str) -> RData {
    let bytes = text.as_bytes();
    RData::TXT(TXT::from_bytes(vec![bytes.get(..TEXT_MOST).unwrap_or(bytes)]))
}
