//! All listeners under bytes that follow no rule: cut off, too long, slow, random. Others are served meanwhile, and what is
//! held is bounded.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hickory_proto::rr::RecordType;
use postern::gateways::dnsbl::{self, Door};
use postern::gateways::{policy, socketmap};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::support::dns::{datagram, name_of, question};
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
        assert!(over_udp(self.zone, &listed).await.ends_with(&[127, 0, 0, 2]));
    }
}

/// Asks over UDP like a resolver: what finds no room in the queue of the socket is lost, and is asked again.
async fn over_udp(addr: SocketAddr, asked: &[u8]) -> Vec<u8> {
    for _ in 0..20 {
        if let Some(answer) = datagram(addr, asked).await {
            return answer;
        }
    }
    panic!("no answer over UDP");
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

/// Questions to a DNSBL from 127.9.9.9, as fast as they go, until it is dropped.
struct Flood {
    /// How many there were; the sender holds it too, and ends when nobody else does.
    sent: Arc<AtomicUsize>,
}

impl Flood {
    /// Begins, and waits until some thousands have come.
    async fn of(zone: SocketAddr, datagram: Vec<u8>) -> Self {
        let sent = Arc::new(AtomicUsize::new(0));
        let (counter, socket) = (Arc::downgrade(&sent), std::net::UdpSocket::bind("127.9.9.9:0").unwrap());
        std::thread::spawn(move || {
            while let Some(counter) = counter.upgrade() {
                let _ = socket.send_to(&datagram, zone);
                counter.fetch_add(1, Ordering::Relaxed);
            }
        });
        let flood = Self { sent };
        flood.more(5_000).await;
        flood
    }

    /// Waits until so many more have come.
    async fn more(&self, count: usize) {
        let before = self.sent.load(Ordering::Relaxed);
        let coming = async {
            while self.sent.load(Ordering::Relaxed) < before + count {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, coming).await.expect("a flood");
    }
}

#[tokio::test]
async fn a_flood_of_datagrams_leaves_the_others_their_answers() {
    let doors = Doors::open(100).await;
    let asked = question(&name_of("203.0.113.7", "bl.test"), RecordType::A).to_vec().unwrap();
    let framed = [&u16::try_from(asked.len()).unwrap().to_be_bytes()[..], &asked].concat();
    for datagram in [asked.clone(), asked[..20].to_vec(), vec![0xff; 600], Vec::new()] {
        let flood = Flood::of(doors.zone, datagram).await;
        for _ in 0..5 {
            flood.more(100).await;
            assert!(exchange(doors.zone, &framed).await.ends_with(&[127, 0, 0, 2]), "over TCP");
            let by_policy = exchange(doors.policy, request("203.0.113.7", "carl@customer.example").as_bytes()).await;
            assert!(by_policy.starts_with(b"action=550"));
        }
        // While it lasts, the queue of the socket is full of it, and chance says whose question finds room.
        drop(flood);
        assert!(over_udp(doors.zone, &asked).await.ends_with(&[127, 0, 0, 2]));
    }
    doors.assert_served().await;
}

#[tokio::test]
async fn the_dnsbl_ends_at_once_and_gives_its_address_back() {
    let app = TestApp::with(&[("gateways.dnsbl.zone", "bl.test")]).await;
    let asked = question(&name_of("127.0.0.2", "bl.test"), RecordType::A).to_vec().unwrap();
    for is_flooded in [false, true] {
        let door = Door::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let (addr, stop) = (door.addr().unwrap(), CancellationToken::new());
        let serving = tokio::spawn(dnsbl::serve(vec![door], judge(&app), stop.clone()));
        over_udp(addr, &asked).await;
        let _flood = if is_flooded { Some(Flood::of(addr, asked.clone()).await) } else { None };
        stop.cancel();
        let ended = tokio::time::timeout(Duration::from_secs(2), serving).await.expect("it ends at once");
        ended.unwrap().unwrap();
        std::net::UdpSocket::bind(addr).expect("nobody holds the address");
    }
}
