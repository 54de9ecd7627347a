//! The socketmap service over real sockets, TCP and unix, and the bounds that all listeners share.

use std::os::unix::fs::FileTypeExt as _;
use std::sync::Arc;
use std::time::Duration;

use postern::blocklist::BlockList;
use postern::domain::endpoint::Endpoint;
use postern::gateways::listener::Listener;
use postern::gateways::{Judge, policy, socketmap};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio_util::sync::CancellationToken;

use crate::support::{TestApp, judge};

/// How long an answer may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection of a mail server.
struct Client<S>(S);

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// Sends a request and reads the answer; nothing when the connection ended.
    async fn ask(&mut self, request: &str) -> Option<String> {
        self.send(format!("{}:{request},", request.len()).as_bytes()).await;
        self.answer().await
    }

    /// Sends bytes.
    async fn send(&mut self, bytes: &[u8]) {
        let _ = self.0.write_all(bytes).await;
    }

    /// Reads one answer.
    async fn answer(&mut self) -> Option<String> {
        let reading = async {
            let mut length = 0;
            loop {
                match self.0.read_u8().await.ok()? {
                    b':' => break,
                    digit => length = length * 10 + usize::from(digit - b'0'),
                }
            }
            let mut text = vec![0; length + 1];
            self.0.read_exact(&mut text).await.ok()?;
            assert_eq!(text.pop(), Some(b','));
            Some(String::from_utf8(text).unwrap())
        };
        tokio::time::timeout(PATIENCE, reading).await.expect("an answer in time")
    }
}

/// A portal with a socketmap service of `most` places, and where it listens.
async fn service(most: usize) -> (TestApp, std::net::SocketAddr, CancellationToken) {
    let app = TestApp::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (addr, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
    tokio::spawn(socketmap::serve(listener, judge(&app), most, stop.clone()));
    (app, addr, stop)
}

#[tokio::test]
async fn a_blocked_client_gets_the_reply_and_a_lift_holds_at_the_next_question() {
    let (app, addr, _stop) = service(10).await;
    let mut postfix = Client(TcpStream::connect(addr).await.unwrap());
    let block = app.block("203.0.113.0/24", "PB-SPAM").await;
    app.block("2001:db8:7::/64", "PB-SPAM").await;
    let reply = postfix.ask("clients 203.0.113.7").await.unwrap();
    let cause = app.desk().content.causes.find("PB-SPAM").unwrap();
    assert_eq!(
        reply,
        format!("OK {}", cause.reply_line(&format!("https://portal.example/c/{}/203.0.113.7", block.case_code)))
    );
    assert!(postfix.ask("clients 2001:db8:7::25").await.unwrap().starts_with("OK 550 5.7.1 "));
    for free in [
        "clients 203.0.114.7",
        "clients unknown",
        "clients mx.sender.example",
        "clients 203.0.113",
        "clients ",
        "clients 203.0.113.0/24",
    ] {
        assert_eq!(postfix.ask(free).await.unwrap(), "NOTFOUND ", "{free}");
    }
    app.desk().lift_net(&postern::domain::ticket::Who::operator(), block.net, "cleaned").await.unwrap();
    assert_eq!(postfix.ask("clients 203.0.113.7").await.unwrap(), "NOTFOUND ");
}

#[tokio::test]
async fn postscreen_is_told_to_reject_and_left_to_go_on_where_a_block_defers() {
    let (app, addr, _stop) = service(10).await;
    let mut postscreen = Client(TcpStream::connect(addr).await.unwrap());
    app.block("203.0.113.7", "PB-SPAM").await;
    app.block("203.0.113.8", "PB-RATE").await;
    assert_eq!(postscreen.ask("postscreen 203.0.113.7").await.unwrap(), "OK reject");
    assert_eq!(postscreen.ask("postscreen 203.0.113.8").await.unwrap(), "OK dunno");
    assert_eq!(postscreen.ask("postscreen 203.0.113.9").await.unwrap(), "NOTFOUND ");
    let deferred = postscreen.ask("clients 203.0.113.8").await.unwrap();
    assert!(deferred.starts_with("OK 4"), "{deferred}");
}

#[tokio::test]
async fn what_is_not_understood_is_said_and_an_incomplete_list_answers_nothing() {
    let app = TestApp::start().await;
    let judge = judge(&app);
    for request in [&b""[..], b"clients", b"other 203.0.113.7", b"\xff\xfe 203.0.113.7"] {
        assert!(socketmap::answer(&judge, request).starts_with("PERM "), "{request:?}");
    }
    let unready = Judge { blocklist: Arc::new(BlockList::default()), ..judge };
    for map in ["clients", "postscreen"] {
        assert!(socketmap::answer(&unready, format!("{map} 203.0.113.7").as_bytes()).starts_with("TEMP "), "{map}");
    }
}

#[tokio::test]
async fn broken_and_silent_clients_do_not_stand_in_the_way_of_others() {
    let (app, addr, _stop) = service(60).await;
    app.block("203.0.113.7", "PB-SPAM").await;
    let mut idle = Vec::new();
    for bytes in [&b""[..], b"19:clients", b"1"].iter().cycle().take(45) {
        let mut client = Client(TcpStream::connect(addr).await.unwrap());
        client.send(bytes).await;
        idle.push(client);
    }
    for bytes in [&b"x"[..], b"99999:a", b"3:abcd", b":,", b"\0\0\0\0"] {
        let mut client = Client(TcpStream::connect(addr).await.unwrap());
        client.send(bytes).await;
        assert_eq!(client.answer().await, None, "{bytes:?}");
    }
    let mut client = Client(TcpStream::connect(addr).await.unwrap());
    assert!(client.ask("clients 203.0.113.7").await.unwrap().starts_with("OK 550"));
    // Requests may come in one piece; each is answered in turn.
    client.send(b"19:clients 203.0.113.8,22:postscreen 203.0.113.7,").await;
    assert_eq!(client.answer().await.unwrap(), "NOTFOUND ");
    assert_eq!(client.answer().await.unwrap(), "OK reject");
}

#[tokio::test]
async fn who_finds_no_place_waits_for_one() {
    let (_app, addr, stop) = service(1).await;
    let mut first = Client(TcpStream::connect(addr).await.unwrap());
    assert_eq!(first.ask("clients 203.0.113.7").await.unwrap(), "NOTFOUND ");
    let mut second = Client(TcpStream::connect(addr).await.unwrap());
    second.send(b"19:clients 203.0.113.7,").await;
    assert!(tokio::time::timeout(Duration::from_millis(200), second.answer()).await.is_err(), "the place is taken");
    drop(first);
    assert_eq!(second.answer().await.unwrap(), "NOTFOUND ");
    stop.cancel();
    assert_eq!(second.answer().await, None, "an idle connection ends with the service");
}

#[tokio::test]
async fn both_services_listen_on_sockets_in_the_file_system() {
    let app = TestApp::start().await;
    app.block("203.0.113.7", "PB-SPAM").await;
    let folder = tempfile::tempdir().unwrap();
    let (map, policy) = (folder.path().join("map.sock"), folder.path().join("policy.sock"));
    let stop = CancellationToken::new();
    // What a program that was killed has left behind is no hindrance.
    drop(std::os::unix::net::UnixListener::bind(&map).unwrap());
    let serving = tokio::spawn(socketmap::serve(
        Listener::bind(&Endpoint::Unix(map.clone())).await.unwrap(),
        judge(&app),
        10,
        stop.clone(),
    ));
    tokio::spawn(policy::serve(
        Listener::bind(&Endpoint::Unix(policy.clone())).await.unwrap(),
        judge(&app),
        10,
        stop.clone(),
    ));
    assert!(
        Client(UnixStream::connect(&map).await.unwrap())
            .ask("clients 203.0.113.7")
            .await
            .unwrap()
            .starts_with("OK 550")
    );
    let mut asking = UnixStream::connect(&policy).await.unwrap();
    asking
        .write_all(b"request=smtpd_access_policy\nclient_address=203.0.113.7\nrecipient=ben@example.org\n\n")
        .await
        .unwrap();
    let mut answer = [0; 10];
    asking.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"action=550");
    let taken = Listener::bind(&Endpoint::Unix(map.clone())).await.unwrap_err();
    assert_eq!(taken.kind(), std::io::ErrorKind::AddrInUse);
    stop.cancel();
    serving.await.unwrap();
    assert!(!map.exists(), "the socket goes away with the service");
    let file = folder.path().join("notes.txt");
    std::fs::write(&file, "kept").unwrap();
    assert!(Listener::bind(&Endpoint::Unix(file.clone())).await.is_err());
    assert!(!std::fs::metadata(&file).unwrap().file_type().is_socket(), "a file is never replaced");
}
