//! What tests work with: a portal, a browser for it, people who use it.

mod browser;
pub(crate) mod chromium;
mod database;
pub(crate) mod dns;
mod dns_server;
pub(crate) mod docs;
pub(crate) mod edge;
pub(crate) mod exim;
mod gateway;
pub(crate) mod postfix;
pub(crate) mod program;
pub(crate) mod rbldnsd;
pub(crate) mod rspamd;
pub(crate) mod server;
mod sink;
pub(crate) mod smtp;
pub(crate) mod unbound;
pub(crate) mod wire;

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicU8, AtomicU16, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::ConnectInfo;
use postern::app::{self, App};
use postern::config::Config;
use postern::desk::request::{Request, Submitted};
use postern::domain::block::{Block, Lasts, NewBlock};
use postern::domain::email::Email;
use postern::domain::id::{Id, Secret};
use postern::domain::net::Net;
use postern::domain::staff::{Role, Staff};
use postern::domain::ticket::{Kind, Ticket, Who};
use postern::domain::time::{Clock, Time};
use postern::store::tickets;
use postern::web;

pub(crate) use browser::{Answer, Browser};
pub(crate) use database::Database;
pub(crate) use dns_server::DnsServer;
pub(crate) use gateway::{Gateway, PolicyService, idle_connections, judge, request};
pub(crate) use program::Place;
pub(crate) use sink::{Delivered, Sink};

/// When the clock of every test stands: 2026-11-23T12:00:00Z.
pub(crate) const START: Time = Time(1_795_435_200_000);

/// The password of everybody.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A portal with a database of its own.
pub(crate) struct TestApp {
    /// The portal.
    pub(crate) app: App,
    /// Its database; goes away with the test.
    pub(crate) database: Database,
}

impl TestApp {
    /// A portal with the usual settings.
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// A portal with some settings changed.
    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        let database = Database::create().await;
        let config = database.config(settings);
        let app = app::open(config, Clock::fixed(START)).await.unwrap();
        Self { app, database }
    }

    /// A second process on the same database, with the same clock.
    pub(crate) async fn second(&self) -> App {
        app::open((*self.desk().config).clone(), self.desk().clock.clone()).await.unwrap()
    }

    /// All acts.
    pub(crate) fn desk(&self) -> &postern::desk::Desk {
        &self.app.desk
    }

    /// The router, as if asked from `client`.
    pub(crate) fn router_from(&self, client: IpAddr) -> Router {
        web::router(self.app.clone()).layer(axum::Extension(ConnectInfo(SocketAddr::new(client, 40_000))))
    }

    /// A browser of somebody outside.
    pub(crate) fn visitor(&self) -> Browser {
        self.visitor_from("198.51.100.23")
    }

    /// A browser of somebody at this address.
    pub(crate) fn visitor_from(&self, client: &str) -> Browser {
        Browser::new(self.router_from(client.parse().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))))
    }

    /// A new member of the staff.
    pub(crate) async fn staff(&self, name: &str, role: Role) -> Staff {
        let email = Email::parse(&format!("{name}@postern.example")).unwrap();
        self.desk().add_staff(&Who::operator(), &email, name, role, PASSWORD).await.unwrap()
    }

    /// A browser of a new member of the staff who has signed in.
    pub(crate) async fn sign_in(&self, role: Role) -> Browser {
        let member = self.staff(role.as_str(), role).await;
        let mut browser = self.visitor();
        let answer = browser
            .post("/staff/sign-in", &[("email", member.email.as_str()), ("password", PASSWORD), ("next", "")])
            .await;
        answer.assert_redirect();
        browser
    }

    /// The key of the member of this name.
    pub(crate) async fn staff_named(&self, name: &str) -> Id {
        let all = postern::store::staff::list(self.desk().db.pool()).await.unwrap();
        all.iter().find(|member| member.name == name).expect("a member of this name").id
    }

    /// Blocks a network for a week, also one that is protected.
    pub(crate) async fn block(&self, net: &str, cause: &str) -> Block {
        let new = NewBlock {
            net: Net::parse(net).unwrap(),
            cause: cause.to_owned(),
            lasts: Some(Lasts::For(7 * postern::domain::time::DAY)),
            note: "seen by the detector".to_owned(),
            source: "staff".to_owned(),
            evidence_at: None,
        };
        let despite = Some(new.net);
        self.desk().add_block_despite(&Who::operator(), new, despite).await.unwrap().block
    }

    /// A request as the form makes it.
    pub(crate) fn request(email: &str, net: &str) -> Request {
        Request {
            kind: Kind::Unblock,
            email: Email::parse(email).unwrap(),
            name: "Ann Sender".to_owned(),
            message: "We cleaned the machine.".to_owned(),
            typed: vec![Net::parse(net).unwrap()],
            case_code: None,
            evidence: Vec::new(),
            once: None,
            client: "198.51.100.23".parse().unwrap(),
            lang: "en".to_owned(),
            suspected: None,
        }
    }

    /// Somebody asks to unblock; gives the ticket and the secret of its page.
    pub(crate) async fn ask(&self, email: &str, net: &str) -> (Ticket, Secret) {
        let Submitted { code, secret } = self.desk().submit(Self::request(email, net)).await.unwrap();
        let ticket = self.ticket(&code).await;
        assert!(ticket.joined_to.is_none(), "the request joined another");
        (ticket, secret)
    }

    /// The ticket of this code as it stands.
    pub(crate) async fn ticket(&self, code: &str) -> Ticket {
        tickets::find_by_code(self.desk().db.pool(), code).await.unwrap().expect("the ticket is there")
    }

    /// The ticket of this key as it stands.
    pub(crate) async fn ticket_by_id(&self, id: Id) -> Ticket {
        tickets::find(self.desk().db.pool(), id).await.unwrap().expect("the ticket is there")
    }

    /// Whether an address is blocked, as a gateway of this process is told.
    pub(crate) fn is_blocked(&self, addr: &str) -> bool {
        self.desk().blocklist.find(addr.parse().unwrap(), self.desk().now()).is_some()
    }

    /// Lets time pass.
    pub(crate) fn wait(&self, millis: i64) {
        self.desk().clock.advance(millis);
    }
}

/// A port of this machine where nobody listens just now, below those that outgoing connections get: one of these could
/// take it meanwhile, or even reach itself there.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 200).unwrap() * 100;
    loop {
        let port = 10_300 + (first + NEXT.fetch_add(1, Ordering::SeqCst)) % 20_000;
        let is_free = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
            && UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
        if is_free {
            return port;
        }
    }
}

/// A loopback address of this process's own, where the port 53 of name servers is free.
pub(crate) fn own_loopback() -> Ipv4Addr {
    static USED: AtomicU8 = AtomicU8::new(0);
    let [_, _, high, low] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, 54 + USED.fetch_add(1, Ordering::SeqCst), high, low)
}

/// Waits until somebody listens on a port of this machine.
pub(crate) fn until_listening(port: u16) {
    let begun = Instant::now();
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(30), "nobody listens on port {port}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A new member of the staff, added at the command line, with the password of everybody.
pub(crate) fn add_member(place: &Place, email: &str, role: Role) {
    let input = format!("{PASSWORD}\n");
    place
        .run_with(&["staff", "add", email, "--role", role.as_str(), "--password-stdin"], &[], &input)
        .assert_ok("Added");
}

/// Waits until something is so that other tasks or processes bring about; fails when it takes half a minute.
pub(crate) async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < Duration::from_secs(30), "in vain waited until {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The settings of a test, read the way a settings file is.
pub(crate) fn config(settings: &[(&str, &str)]) -> Config {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("postern.toml");
    let mut table = toml::Table::new();
    for (key, value) in settings {
        let (section, name) = key.rsplit_once('.').unwrap();
        let mut place = &mut table;
        for part in section.split('.') {
            let inner = place.entry(part).or_insert_with(|| toml::Value::Table(toml::Table::new()));
            place = inner.as_table_mut().unwrap();
        }
        place.insert(name.to_owned(), toml::Value::String((*value).to_owned()));
    }
    std::fs::write(&file, table.to_string()).unwrap();
    Config::read(Some(&file), false).unwrap()
}
