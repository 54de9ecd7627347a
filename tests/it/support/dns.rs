//! A client that reads and writes DNS by itself where it matters.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr as _;
use std::time::Duration;

use hickory_proto::op::{Message, Query};
use hickory_proto::rr::{Name, RecordType};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};

/// How long an answer may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long nothing has to come for it to count as no answer.
const SILENCE: Duration = Duration::from_millis(300);

/// The name of an address in a zone.
pub(crate) fn name_of(addr: &str, zone: &str) -> String {
    match addr.parse().unwrap() {
        IpAddr::V4(addr) => {
            let [a, b, c, d] = addr.octets();
            format!("{d}.{c}.{b}.{a}.{zone}.")
        }
        IpAddr::V6(addr) => {
            let digits = format!("{:032x}", u128::from(addr));
            digits.chars().rev().flat_map(|digit| [digit, '.']).collect::<String>() + zone + "."
        }
    }
}

/// A question.
pub(crate) fn question(name: &str, kind: RecordType) -> Message {
    let mut asked = Message::query();
    asked.add_query(Query::query(Name::from_str(name).unwrap(), kind));
    asked
}

/// Sends bytes by UDP; gives what comes back.
pub(crate) async fn datagram(addr: SocketAddr, bytes: &[u8]) -> Option<Vec<u8>> {
    datagram_within(addr, bytes, SILENCE).await
}

/// Sends bytes by UDP; gives what comes back in this time.
async fn datagram_within(addr: SocketAddr, bytes: &[u8], time: Duration) -> Option<Vec<u8>> {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(bytes, addr).await.unwrap();
    let mut buffer = vec![0; 65_536];
    let length = tokio::time::timeout(time, socket.recv(&mut buffer)).await.ok()?.unwrap();
    Some(buffer[..length].to_vec())
}

/// Asks a server that answers; a resolver has time to ask others.
pub(crate) async fn ask(addr: SocketAddr, asked: &Message) -> Message {
    let bytes = datagram_within(addr, &asked.to_vec().unwrap(), PATIENCE).await.expect("an answer");
    Message::from_vec(&bytes).unwrap()
}

/// Writes a question to a TCP connection and reads the answer.
pub(crate) async fn over_tcp(stream: &mut TcpStream, asked: &Message) -> Message {
    let bytes = asked.to_vec().unwrap();
    stream.write_u16(u16::try_from(bytes.len()).unwrap()).await.unwrap();
    stream.write_all(&bytes).await.unwrap();
    let length = tokio::time::timeout(PATIENCE, stream.read_u16()).await.unwrap().unwrap();
    let mut answer = vec![0; usize::from(length)];
    stream.read_exact(&mut answer).await.unwrap();
    Message::from_vec(&answer).unwrap()
}
