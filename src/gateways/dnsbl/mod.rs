//! The list as a DNS zone (DNSBL, RFC 5782), over UDP and TCP.
//!
//! Answers come from memory, for IPv4 and IPv6 in one zone. Only networks that the settings name are heard; others are
//! refused. What a network gets over UDP in a second is bounded; beyond that it is sent to TCP, where addresses cannot be
//! forged. An answer is hardly longer than its question and never in pieces.
//!
//! What can go wrong: bytes that are no question (no answer, or `FORMERR` when at least the header was one); an answer
//! that comes back as a question (never answered, so that two servers cannot talk for ever).

mod place;
mod rate;
mod udp;
mod zone;

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use hickory_proto::op::{Message, ResponseCode};
use tokio::io::{AsyncBufRead, AsyncReadExt as _};
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::rate::{Grant, Rate};
use self::zone::Zone;
use super::Judge;
use super::listener::{self, Protocol};
use crate::domain::net::Net;

/// The most bytes of a question: a name has 255, EDNS options some more.
const QUESTION_MOST: usize = 2_048;

/// The bytes of a message's header.
const HEADER: usize = 12;

/// How many TCP connections are held.
const CONNECTIONS: usize = 500;

/// How many refusals a network gets in a second.
const REFUSALS: u32 = 10;

/// One address that is listened at, on UDP and TCP.
#[derive(Debug)]
pub struct Door {
    /// For UDP.
    udp: UdpSocket,
    /// For TCP.
    tcp: TcpListener,
}

impl Door {
    /// Listens; with port 0 at one that is free.
    ///
    /// # Errors
    /// When the address is taken or not ours.
    pub async fn bind(addr: SocketAddr) -> std::io::Result<Self> {
        let tcp = TcpListener::bind(addr).await?;
        let udp = udp::bind(tcp.local_addr()?)?;
        Ok(Self { udp, tcp })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the operating system does not say.
    pub fn addr(&self) -> std::io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

/// What all doors share: bytes in, bytes out.
#[derive(Debug, Clone)]
pub struct Dnsbl {
    /// The zone.
    zone: Arc<Zone>,
    /// How many answers went where.
    rate: Arc<Rate>,
    /// When counting of seconds began.
    started: Instant,
}

/// Serves at all doors until `stop`.
///
/// # Errors
/// When the settings hold a name that is none, or there can be no thread.
pub async fn serve(doors: Vec<Door>, judge: Judge, stop: CancellationToken) -> anyhow::Result<()> {
    let dnsbl = Dnsbl::new(judge)?;
    let tasks = tokio_util::task::TaskTracker::new();
    for door in doors {
        tasks.spawn(udp::start(dnsbl.clone(), door.udp, stop.clone())?);
        tasks.spawn(listener::serve(door.tcp.into(), dnsbl.clone(), CONNECTIONS, stop.clone()));
    }
    tasks.close();
    tasks.wait().await;
    Ok(())
}

impl Dnsbl {
    /// The zone that the settings name.
    ///
    /// # Errors
    /// When they hold a name that is none.
    pub fn new(judge: Judge) -> anyhow::Result<Self> {
        Ok(Self { zone: Arc::new(Zone::new(judge)?), rate: Arc::new(Rate::new()), started: Instant::now() })
    }

    /// The answer to a datagram.
    #[must_use]
    pub fn over_udp(&self, question: &[u8], peer: IpAddr) -> Option<Vec<u8>> {
        let second = u32::try_from(self.started.elapsed().as_secs()).unwrap_or(u32::MAX);
        let allowed = self.is_allowed(peer);
        let most = if allowed { self.zone.judge.config.gateways.dnsbl.rate } else { REFUSALS };
        match self.rate.take(peer, second, most) {
            Grant::Silence => None,
            Grant::Truncated => reply(question, allowed, |asked| (zone::blank(asked), 0)),
            Grant::Answer => reply(question, allowed, |asked| {
                let most = zone::payload(&asked);
                (self.zone.answer(asked), most)
            }),
        }
    }

    /// Whether this client may ask.
    fn is_allowed(&self, peer: IpAddr) -> bool {
        let client = Net::single(peer);
        self.zone.judge.config.gateways.dnsbl.allow.iter().any(|net| net.covers(client))
    }
}

impl Protocol for Dnsbl {
    const NAME: &'static str = "the DNSBL over TCP";

    // A resolver that has more to ask asks at once (RFC 7766 6.2.3).
    const IDLE: Duration = Duration::from_secs(10);

    fn admits(&self, peer: Option<IpAddr>) -> bool {
        peer.is_some_and(|peer| self.is_allowed(peer))
    }

    async fn read(reader: &mut (impl AsyncBufRead + Unpin + Send)) -> Option<Vec<u8>> {
        let length = usize::from(reader.read_u16().await.ok()?);
        if !(HEADER..=QUESTION_MOST).contains(&length) {
            return None;
        }
        let mut question = vec![0; length];
        reader.read_exact(&mut question).await.ok()?;
        Some(question)
    }

    fn answer(&self, question: &[u8], peer: Option<IpAddr>) -> Option<Vec<u8>> {
        let answer = reply(question, self.admits(peer), |asked| (self.zone.answer(asked), usize::from(u16::MAX)))?;
        let mut framed = u16::try_from(answer.len()).ok()?.to_be_bytes().to_vec();
        framed.extend(answer);
        Some(framed)
    }
}

/// The bytes of what `answer` makes of a question, cut when longer than it says; nothing for what is none.
fn reply(question: &[u8], allowed: bool, answer: impl FnOnce(Message) -> (Message, usize)) -> Option<Vec<u8>> {
    if !is_question(question) {
        return None;
    }
    let Ok(asked) = Message::from_vec(question) else { return format_error(question) };
    if !allowed {
        return zone::with_code(zone::blank(asked), ResponseCode::Refused).to_vec().ok();
    }
    let (reply, most) = answer(asked);
    let bytes = reply.to_vec().ok()?;
    if bytes.len() <= most { Some(bytes) } else { reply.truncate().to_vec().ok() }
}

/// Whether these bytes have a header, and it is that of a question.
fn is_question(bytes: &[u8]) -> bool {
    bytes.len() >= HEADER && bytes.get(2).is_some_and(|flags| flags & 0x80 == 0)
}

/// The answer to what has a header and is broken behind it: the same number, kind of operation and wish, `FORMERR`.
fn format_error(question: &[u8]) -> Option<Vec<u8>> {
    let [first, second, flags, ..] = question else { return None };
    let mut reply = vec![*first, *second, (flags & 0x79) | 0x80, 1];
    reply.resize(HEADER, 0);
    Some(reply)
}
