//! Listeners and resolvers asked the way mail servers ask them: what they say of an address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr as _;
use std::time::Duration;

use hickory_proto::op::{Edns, Message, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, RecordType};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket, UnixStream};

use crate::domain::endpoint::Endpoint;

/// How long somebody may take to answer.
const PATIENCE: Duration = Duration::from_millis(800);

/// How often a question goes out over UDP, where it may be lost.
const TRIES: u32 = 2;

/// The most bytes of an answer.
const ANSWER_MOST: usize = 4_096;

/// Nobody's address: one that no setting names as always reached.
const NOBODY: &str = "effect@postern.invalid";

/// What somebody says of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// Not listed.
    Free,
    /// Listed; what was said, and over DNS how many seconds it may be kept.
    Listed(String, Option<u32>),
    /// Who asks may not.
    Refused,
    /// Something else.
    Odd(String),
    /// Nothing in time.
    Nothing,
}

/// The listeners of this process.
#[derive(Debug, Clone, Default)]
pub struct Doors {
    /// The policy service.
    pub policy: Option<Endpoint>,
    /// The socketmap service.
    pub socketmap: Option<Endpoint>,
    /// The DNSBL.
    pub dnsbl: Vec<SocketAddr>,
}

impl Doors {
    /// What each is called, as people set it.
    pub fn names(&self) -> impl Iterator<Item = String> {
        let policy = self.policy.iter().map(|at| format!("policy {at}"));
        let socketmap = self.socketmap.iter().map(|at| format!("socketmap {at}"));
        policy.chain(socketmap).chain(self.dnsbl.iter().map(|at| format!("dnsbl {at}")))
    }

    /// What each says of an address; only those that `wanted` takes by name are asked.
    pub async fn ask(&self, zone: &str, addr: IpAddr, wanted: impl Fn(&str) -> bool) -> Vec<(String, Said)> {
        let mut said = Vec::new();
        for (name, door) in self.names().zip(self.doors()).filter(|(name, _)| wanted(name)) {
            let answer = match door {
                Door::Policy(at) => policy(at, addr).await,
                Door::Socketmap(at) => socketmap(at, addr).await,
                Door::Dnsbl(at) => dnsbl(*at, zone, addr).await,
            };
            said.push((name, answer));
        }
        said
    }

    /// All of them, in the order of their names.
    fn doors(&self) -> impl Iterator<Item = Door<'_>> {
        let policy = self.policy.iter().map(Door::Policy);
        policy.chain(self.socketmap.iter().map(Door::Socketmap)).chain(self.dnsbl.iter().map(Door::Dnsbl))
    }
}

/// One listener.
enum Door<'a> {
    /// The policy service.
    Policy(&'a Endpoint),
    /// The socketmap service.
    Socketmap(&'a Endpoint),
    /// The DNSBL.
    Dnsbl(&'a SocketAddr),
}

/// What a policy service says of a client.
pub async fn policy(at: &Endpoint, client: IpAddr) -> Said {
    let request = format!(
        "request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\nclient_address={client}\n\
         sender=\nrecipient={NOBODY}\n\n"
    );
    let Some(answer) = converse(at, request.as_bytes(), |read| read.ends_with(b"\n\n")).await else {
        return Said::Nothing;
    };
    match answer.trim().strip_prefix("action=") {
        Some("DUNNO") => Said::Free,
        Some(action) if action.starts_with(['4', '5']) => Said::Listed(action.to_owned(), None),
        _ => Said::Odd(answer),
    }
}

/// What a socketmap service says of a client.
pub async fn socketmap(at: &Endpoint, client: IpAddr) -> Said {
    let asked = format!("clients {client}");
    let request = format!("{}:{asked},", asked.len());
    let Some(answer) = converse(at, request.as_bytes(), |read| read.ends_with(b",")).await else {
        return Said::Nothing;
    };
    match answer.split_once(':').map(|(_, held)| held.trim_end_matches(',')) {
        Some(held) if held.starts_with("NOTFOUND") => Said::Free,
        Some(held) if held.starts_with("OK ") => Said::Listed(held.to_owned(), None),
        _ => Said::Odd(answer),
    }
}

/// Sends a request and reads until `is_whole`; nothing when that takes too long.
async fn converse(at: &Endpoint, request: &[u8], is_whole: impl Fn(&[u8]) -> bool) -> Option<String> {
    let talk = async {
        match at {
            Endpoint::Tcp(addr) => exchange(TcpStream::connect(reachable(*addr)).await?, request, is_whole).await,
            Endpoint::Unix(path) => exchange(UnixStream::connect(path).await?, request, is_whole).await,
        }
    };
    tokio::time::timeout(PATIENCE, talk).await.ok()?.ok()
}

/// One request and its answer on a connection.
async fn exchange(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    request: &[u8],
    is_whole: impl Fn(&[u8]) -> bool,
) -> std::io::Result<String> {
    stream.write_all(request).await?;
    let mut read = Vec::new();
    let mut bounded = stream.take(ANSWER_MOST as u64);
    while !is_whole(&read) {
        if bounded.read_buf(&mut read).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(String::from_utf8_lossy(&read).into_owned())
}

/// Where a listener is reached that listens everywhere.
fn reachable(addr: SocketAddr) -> SocketAddr {
    match addr.ip() {
        ip if !ip.is_unspecified() => addr,
        IpAddr::V4(_) => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), addr.port()),
        IpAddr::V6(_) => SocketAddr::new(Ipv6Addr::LOCALHOST.into(), addr.port()),
    }
}

/// What a name server or resolver says of an address in a DNSBL.
pub async fn dnsbl(server: SocketAddr, zone: &str, addr: IpAddr) -> Said {
    let Ok(name) = Name::from_str(&name_in(zone, addr)) else { return Said::Odd(zone.to_owned()) };
    for _ in 0..TRIES {
        if let Ok(Ok(answer)) = tokio::time::timeout(PATIENCE / TRIES, question(reachable(server), &name)).await {
            return read(&answer);
        }
    }
    Said::Nothing
}

/// The name of an address in a DNSBL (RFC 5782 2.1 and 2.4).
fn name_in(zone: &str, addr: IpAddr) -> String {
    match addr {
        IpAddr::V4(addr) => {
            let [a, b, c, d] = addr.octets();
            format!("{d}.{c}.{b}.{a}.{zone}.")
        }
        IpAddr::V6(addr) => {
            let digits = format!("{:032x}", u128::from(addr));
            digits.chars().rev().flat_map(|digit| [digit, '.']).chain(zone.chars()).chain(['.']).collect()
        }
    }
}

/// Asks for the addresses of a name, and waits for the answer to just that.
async fn question(server: SocketAddr, name: &Name) -> anyhow::Result<Message> {
    let mut asked = Message::query();
    asked.metadata.recursion_desired = true;
    asked.add_query(Query::query(name.clone(), RecordType::A));
    asked.set_edns(Edns::new());
    let any: IpAddr = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0)).await?;
    // A connected socket hears nobody else.
    socket.connect(server).await?;
    socket.send(&asked.to_vec()?).await?;
    let mut buffer = vec![0; ANSWER_MOST];
    loop {
        let length = socket.recv(&mut buffer).await?;
        if let Ok(answer) = Message::from_vec(buffer.get(..length).unwrap_or_default())
            && answer.metadata.id == asked.metadata.id
            && answer.queries == asked.queries
        {
            return Ok(answer);
        }
    }
}

/// What a DNS answer says.
fn read(answer: &Message) -> Said {
    let listed = answer.answers.iter().find_map(|record| match &record.data {
        RData::A(address) => Some((address.to_string(), record.ttl)),
        _ => None,
    });
    match (answer.metadata.response_code, listed) {
        (ResponseCode::NoError, Some((address, ttl))) => Said::Listed(address, Some(ttl)),
        (ResponseCode::NXDomain | ResponseCode::NoError, None) => Said::Free,
        (ResponseCode::Refused, _) => Said::Refused,
        (code, _) => Said::Odd(code.to_str().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_back_to_front() {
        assert_eq!(name_in("bl.test", "203.0.113.7".parse().unwrap()), "7.113.0.203.bl.test.");
        let long = name_in("bl.test", "2001:db8::25".parse().unwrap());
        assert!(long.starts_with("5.2.0.0.") && long.ends_with(".8.b.d.0.1.0.0.2.bl.test."), "{long}");
    }

    #[test]
    fn who_listens_everywhere_is_reached_on_this_machine() {
        for (at, reached) in
            [("0.0.0.0:53", "127.0.0.1:53"), ("[::]:53", "[::1]:53"), ("192.0.2.53:53", "192.0.2.53:53")]
        {
            assert_eq!(reachable(at.parse().unwrap()).to_string(), reached);
        }
    }

    #[tokio::test]
    async fn who_is_not_there_says_nothing() {
        let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let client = "203.0.113.7".parse().unwrap();
        assert_eq!(policy(&Endpoint::Tcp(gone), client).await, Said::Nothing);
        assert_eq!(socketmap(&Endpoint::Unix("/nonexistent/socket".into()), client).await, Said::Nothing);
        assert_eq!(dnsbl(gone, "bl.test", client).await, Said::Nothing);
    }
}
