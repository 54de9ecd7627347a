//! All listeners under bytes that follow no rule: cut off, too long, slow, random. Others are served meanwhile, and what is
//! held is bounded.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hickory_proto::rr::RecordType;
use postern::gateways::dnsbl::{self, Door};
use postern::gateways::{policy, socketmap};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::support::dns::{name_of, question};
use crate::support::{TestApp, idle_connections, judge, request};

/// How long an answer may take while others misbehave.
const PATIENCE: Duration = Duration::from_secs(5);

/// All listeners of a portal in which 203.0.113.7 is blocked.
struct Doors {
    /// The portal.
    _app: TestApp,
    /// The policy service.
    policy: SocketAddr,
    /// The socketmap service.
    map: SocketAddr,
    /// The DNSBL.
    zone: SocketAddr,
    /// Ends them with the test.
    _guard: DropGuard,
}

impl Doors {
    /// Opens them with this many places.
    async fn open(most: usize) -> Self {
        let app = TestApp::with(&[("gateways.dnsbl.zone", "bl.test")]).await;
        app.block("203.0.113.7", "PB-SPAM").await;
        let stop = CancellationToken::new();
        let [first, second] =
            [TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap()];
        let door = Door::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let (policy, map, zone) = (first.local_addr().unwrap(), second.local_addr().unwrap(), door.addr().unwrap());
        tokio::spawn(policy::serve(first, judge(&app), most, stop.clone()));
        tokio::spawn(socketmap::serve(second, judge(&app), most, stop.clone()));
        tokio::spawn(dnsbl::serve(vec![door], judge(&app), stop.clone()));
        Self { _app: app, policy, map, zone, _guard: stop.drop_guard() }
    }

    /// Fails unless each listener answers a good question in time, by a new connection.
    async fn assert_served(&self) {
        let listed = question(&name_of("203.0.113.7", "bl.test"), RecordType::A).to_vec().unwrap();
        let framed = [&u16::try_from(listed.len()).unwrap().to_be_bytes()[..], &listed].concat();
        let asked = request("203.0.113.7", "carl@customer.example");
        let answers = [
            (self.policy, asked.as_bytes(), "action=550"),
            (self.map, b"19:clients 203.0.113.7,".as_slice(), ":OK 550"),
            (self.zone, &framed, "\x7f\0\0\x02"),
        ];
        for (addr, asked, want) in answers {
            let answer = exchange(addr, asked).await;
            assert!(String::from_utf8_lossy(&answer).contains(want), "{addr}: {answer:?}");
        }
        let answer = crate::support::dns::datagram(self.zone, &listed).await.expect("an answer over UDP");
        assert!(answer.ends_with(&[127, 0, 0, 2]));
    }
}

/// Sends a question by a new connection; gives the first piece of the answer.
async fn exchange(addr: SocketAddr, asked: &[u8]) -> Vec<u8> {
    let exchanging = async {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        stream.write_all(asked).await.unwrap();
        let mut answer = vec![0; 4_096];
        let read = stream.read(&mut answer).await.unwrap();
        answer.truncate(read);
        // The DNSBL may send the length and the rest apart.
        if read == 2 {
            let more = stream.read_buf(&mut answer).await.unwrap();
            answer.truncate(2 + more);
        }
        answer
    };
    tokio::time::timeout(PATIENCE, exchanging).await.expect("an answer in time")
}

/// Numbers that follow no rule, the same in each run.
struct Random(u64);

impl Random {
    /// The next.
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// So many bytes.
    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| u8::try_from(self.next() >> 56).unwrap()).collect()
    }

    /// A good text with some of its bytes changed, cut off somewhere.
    fn broken(&mut self, good: &[u8]) -> Vec<u8> {
        let mut bytes = good.to_vec();
        for _ in 0..self.next() % 4 {
            let place = usize::try_from(self.next() % bytes.len() as u64).unwrap();
            bytes[place] = u8::try_from(self.next() >> 56).unwrap();
        }
        bytes.truncate(usize::try_from(self.next() % (bytes.len() as u64 + 1)).unwrap());
        bytes
    }
}

/// Sends bytes and goes; whether anybody hears them does not matter.
async fn throw(addr: SocketAddr, bytes: &[u8]) {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let _ = tokio::time::timeout(Duration::from_secs(1), stream.write_all(bytes)).await;
}

#[tokio::test]
async fn random_and_broken_bytes_harm_nobody() {
    let doors = Doors::open(500).await;
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let good_dns = question(&name_of("203.0.113.7", "bl.test"), RecordType::TXT).to_vec().unwrap();
    let framed = [&u16::try_from(good_dns.len()).unwrap().to_be_bytes()[..], &good_dns].concat();
    let good_policy = request("203.0.113.7", "carl@customer.example");
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for round in 0..200 {
        let length = usize::try_from(random.next() % 3_000).unwrap();
        let noise = random.bytes(length);
        for addr in [doors.policy, doors.map, doors.zone] {
            throw(addr, &noise).await;
        }
        throw(doors.policy, &random.broken(good_policy.as_bytes())).await;
        throw(doors.map, &random.broken(b"19:clients 203.0.113.7,22:postscreen 203.0.113.7,")).await;
        throw(doors.zone, &random.broken(&framed)).await;
        for bytes in [&noise[..], &random.broken(&good_dns)] {
            socket.send_to(bytes, doors.zone).await.unwrap();
        }
        if round % 50 == 0 {
            doors.assert_served().await;
        }
    }
    doors.assert_served().await;
}

#[tokio::test]
async fn endless_bytes_are_cut_off() {
    let doors = Doors::open(100).await;
    let endless = [
        (doors.policy, b"a=b\n".as_slice()),
        (doors.policy, b"x"),
        (doors.map, b"9"),
        (doors.map, b"4096:a"),
        (doors.zone, b"\xff\xff"),
        (doors.zone, b"\0\x0c"),
    ];
    for (addr, piece) in endless {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        let (begun, bytes) = (Instant::now(), piece.repeat(65_536 / piece.len()));
        while stream.write_all(&bytes).await.is_ok() {
            assert!(begun.elapsed() < Duration::from_secs(8), "{addr} takes {piece:?} for ever");
        }
    }
    doors.assert_served().await;
}

#[tokio::test]
async fn slow_clients_are_sent_away_and_nobody_waits_for_them() {
    let doors = Doors::open(100).await;
    let begun = Instant::now();
    let mut slow = Vec::new();
    for (addr, piece) in [(doors.policy, b"r"), (doors.map, b"1"), (doors.zone, b"\0")] {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        stream.write_all(piece).await.unwrap();
        slow.push(stream);
    }
    doors.assert_served().await;
    for mut stream in slow {
        let ended = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut [0; 16])).await;
        assert!(matches!(ended, Ok(Ok(0) | Err(_))), "{ended:?}");
    }
    assert!(begun.elapsed() < Duration::from_secs(25), "all at the same time");
}

#[tokio::test]
async fn thousands_of_idle_connections_are_held_by_the_socketmap() {
    let count = idle_connections();
    let doors = Doors::open(count + 50).await;
    let mut idle = Vec::with_capacity(count);
    for n in 0..count {
        let mut stream = TcpStream::connect(doors.map).await.unwrap();
        if n % 3 == 0 {
            stream.write_all(b"1").await.unwrap();
        }
        idle.push(stream);
    }
    doors.assert_served().await;
    let ended = idle.iter().filter(|stream| matches!(stream.try_read(&mut [0; 1]), Ok(0))).count();
    assert_eq!(ended, 0, "idle clients are kept");
}
