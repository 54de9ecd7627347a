//! A real DNS server on loopback with zones that a test writes, good ones and hostile ones.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use hickory_server::Server;
use hickory_server::net::runtime::Time;
use hickory_server::net::xfer::Protocol;
use hickory_server::proto::op::{Header, HeaderCounts, MessageType, Metadata, ResponseCode};
use hickory_server::proto::rr::{Name, RData, Record, RecordType};
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo};
use hickory_server::zone_handler::MessageResponseBuilder;
use tokio::net::{TcpListener, UdpSocket};

/// A server; ends with the test.
pub(crate) struct DnsServer {
    /// Where it listens.
    pub(crate) addr: SocketAddr,
    /// How many questions came.
    questions: Arc<AtomicUsize>,
    /// What it knows.
    zone: Arc<RwLock<Zone>>,
    /// What answers.
    _server: Server<Answers>,
}

/// What answers from a zone.
struct Answers(Arc<RwLock<Zone>>);

/// What the server knows.
#[derive(Default)]
struct Zone {
    /// The records by name.
    records: BTreeMap<String, Vec<Record>>,
    /// Endings of names that get a code instead of records.
    codes: Vec<(String, ResponseCode)>,
    /// Endings of names that get no answer.
    silent: Vec<String>,
    /// Endings of names that get the records of another name.
    lies: Vec<String>,
    /// Endings of names that get neither records nor a word of who has them.
    lame: Vec<String>,
    /// Endings of names whose answers are cut short over UDP.
    cut: Vec<String>,
    /// Names that fail for every type that they have no record of.
    failing: Vec<String>,
    /// How many questions came.
    questions: Arc<AtomicUsize>,
}

impl DnsServer {
    /// A server with these records, a line each: `name TYPE data`. `name SERVFAIL`, `name REFUSED`, `name SILENT`, `name LIES`,
    /// `name LAME` and `name CUT` hold for the name and all below it; a name that starts with `*.` stands for all names below.
    pub(crate) async fn start(zone: &str) -> Self {
        Self::serve(Zone::read(zone)).await
    }

    /// Replaces all that it knows.
    pub(crate) fn set(&self, zone: &str) {
        let mut known = self.zone.write().unwrap();
        *known = Zone { questions: Arc::clone(&known.questions), ..Zone::read(zone) };
    }

    /// A server with these records; names in `failing` have no answer for what is not there.
    pub(crate) async fn with_records(records: Vec<Record>, failing: Vec<String>) -> Self {
        let mut handler = Zone { failing, ..Zone::default() };
        for record in records {
            let name = record.name.to_string().to_ascii_lowercase().trim_end_matches('.').to_owned();
            handler.records.entry(name).or_default().push(record);
        }
        Self::serve(handler).await
    }

    /// Serves a zone on a free port.
    async fn serve(handler: Zone) -> Self {
        let questions = Arc::clone(&handler.questions);
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let addr = socket.local_addr().unwrap();
        let zone = Arc::new(RwLock::new(handler));
        let mut server = Server::new(Answers(Arc::clone(&zone)));
        server.register_socket(socket);
        if let Ok(listener) = TcpListener::bind(addr).await {
            server.register_listener(listener, Duration::from_secs(5), 64);
        }
        Self { addr, questions, zone, _server: server }
    }

    /// How many questions came.
    pub(crate) fn questions(&self) -> usize {
        self.questions.load(Ordering::SeqCst)
    }
}

impl Zone {
    /// Reads a zone.
    fn read(text: &str) -> Self {
        let mut zone = Self::default();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            zone.add(line);
        }
        zone
    }

    /// Takes one line.
    fn add(&mut self, line: &str) {
        let (name, rest) = line.split_once(' ').unwrap();
        let (kind, data) = rest.split_once(' ').unwrap_or((rest, ""));
        let name = name.to_owned();
        match kind {
            "SERVFAIL" => self.codes.push((name, ResponseCode::ServFail)),
            "REFUSED" => self.codes.push((name, ResponseCode::Refused)),
            "SILENT" => self.silent.push(name),
            "LIES" => self.lies.push(name),
            "LAME" => self.lame.push(name),
            "CUT" => self.cut.push(name),
            _ => {
                let kind: RecordType = kind.parse().unwrap();
                let data = RData::try_from_str(kind, data).unwrap();
                let record = Record::from_rdata(Name::from_ascii(format!("{name}.")).unwrap(), 300, data);
                self.records.entry(name).or_default().push(record);
            }
        }
    }

    /// The records of a name and type, those of a wildcard under the name that was asked for.
    fn find(&self, name: &str, asked: &Name, kind: RecordType) -> Option<Vec<Record>> {
        let own = self.records.get(name);
        let wild = self.records.iter().find(|(key, _)| key.strip_prefix('*').is_some_and(|end| name.ends_with(end)));
        let all = own.or(wild.map(|(_, records)| records));
        let below = format!(".{name}");
        let exists = all.is_some() || self.records.keys().any(|key| key.ends_with(&below));
        let mut found: Vec<Record> = all
            .into_iter()
            .flatten()
            .filter(|r| r.record_type() == kind || r.record_type() == RecordType::CNAME)
            .cloned()
            .collect();
        for record in &mut found {
            record.name = asked.clone();
        }
        exists.then_some(found)
    }
}

/// What a question gets.
struct Reply {
    /// The code.
    code: ResponseCode,
    /// The records.
    answers: Vec<Record>,
    /// Whether it is cut short.
    truncated: bool,
}

impl Zone {
    /// What a question gets; nothing where the server is silent.
    fn reply(&self, asked: &Name, kind: RecordType, is_udp: bool) -> Option<Reply> {
        self.questions.fetch_add(1, Ordering::SeqCst);
        let name = asked.to_string().to_ascii_lowercase().trim_end_matches('.').to_owned();
        let is_at = |ends: &[String]| ends.iter().any(|end| name == *end || name.ends_with(&format!(".{end}")));
        if is_at(&self.silent) {
            return None;
        }
        let found = self.find(&name, asked, kind);
        let fails = self.failing.contains(&name) && found.as_ref().is_none_or(Vec::is_empty);
        let code = self.codes.iter().find(|(end, _)| is_at(std::slice::from_ref(end))).map(|(_, code)| *code);
        let code = code.or(fails.then_some(ResponseCode::ServFail));
        let missing = if found.is_some() { ResponseCode::NoError } else { ResponseCode::NXDomain };
        let mut answers = if code.is_some() { Vec::new() } else { found.unwrap_or_default() };
        if is_at(&self.lies) {
            let other = Name::from_ascii("elsewhere.example.").unwrap();
            for record in &mut answers {
                record.name = other.clone();
            }
        }
        let truncated = is_udp && is_at(&self.cut);
        if truncated || is_at(&self.lame) {
            answers.clear();
        }
        let is_lame = is_at(&self.lame);
        Some(Reply { code: if is_lame { ResponseCode::NoError } else { code.unwrap_or(missing) }, answers, truncated })
    }
}

#[async_trait::async_trait]
impl RequestHandler for Answers {
    async fn handle_request<R: ResponseHandler, T: Time>(&self, request: &Request, mut response: R) -> ResponseInfo {
        let info = request.request_info().unwrap();
        let is_udp = info.protocol == Protocol::Udp;
        let asked = Name::from(info.query.name());
        let reply = self.0.read().unwrap().reply(&asked, info.query.query_type(), is_udp);
        let mut metadata = Metadata::response_from_request(&request.metadata);
        metadata.recursion_available = true;
        let Some(Reply { code, answers, truncated }) = reply else {
            return Header {
                metadata: Metadata::new(request.metadata.id, MessageType::Response, request.metadata.op_code),
                counts: HeaderCounts::default(),
            }
            .into();
        };
        metadata.response_code = code;
        metadata.truncation = truncated;
        let built = MessageResponseBuilder::from_message_request(request).build(metadata, answers.iter(), [], [], []);
        response.send_response(built).await.unwrap()
    }
}
