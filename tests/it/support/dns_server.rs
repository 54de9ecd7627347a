//! A real DNS server on loopback with zones that a test writes, good ones and hostile ones.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hickory_server::Server;
use hickory_server::net::runtime::Time;
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
    /// What answers.
    _server: Server<Zone>,
}

/// What the server knows.
#[derive(Default)]
struct Zone {
    /// The records by name.
    records: BTreeMap<String, Vec<Record>>,
    /// Endings of names that get a code instead of records.
    codes: Vec<(String, ResponseCode)>,
    /// Endings of names that get no answer.
    silent: Vec<String>,
    /// Names that fail for every type that they have no record of.
    failing: Vec<String>,
    /// How many questions came.
    questions: Arc<AtomicUsize>,
}

impl DnsServer {
    /// A server with these records, a line each: `name TYPE data`. `name SERVFAIL`, `name REFUSED` and `name SILENT` hold for
    /// the name and all below it; a name that starts with `*.` stands for all names below.
    pub(crate) async fn start(zone: &str) -> Self {
        let mut handler = Zone::default();
        for line in zone.lines().map(str::trim).filter(|line| !line.is_empty()) {
            handler.add(line);
        }
        Self::serve(handler).await
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
        let mut server = Server::new(handler);
        server.register_socket(socket);
        if let Ok(listener) = TcpListener::bind(addr).await {
            server.register_listener(listener, Duration::from_secs(5), 64);
        }
        Self { addr, questions, _server: server }
    }

    /// How many questions came.
    pub(crate) fn questions(&self) -> usize {
        self.questions.load(Ordering::SeqCst)
    }
}

impl Zone {
    /// Takes one line.
    fn add(&mut self, line: &str) {
        let (name, rest) = line.split_once(' ').unwrap();
        let (kind, data) = rest.split_once(' ').unwrap_or((rest, ""));
        let name = name.to_owned();
        match kind {
            "SERVFAIL" => self.codes.push((name, ResponseCode::ServFail)),
            "REFUSED" => self.codes.push((name, ResponseCode::Refused)),
            "SILENT" => self.silent.push(name),
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

#[async_trait::async_trait]
impl RequestHandler for Zone {
    async fn handle_request<R: ResponseHandler, T: Time>(&self, request: &Request, mut response: R) -> ResponseInfo {
        self.questions.fetch_add(1, Ordering::SeqCst);
        let info = request.request_info().unwrap();
        let name = info.query.name().to_string().to_ascii_lowercase().trim_end_matches('.').to_owned();
        let is_at = |end: &str| name == end || name.ends_with(&format!(".{end}"));
        let mut metadata = Metadata::response_from_request(&request.metadata);
        metadata.recursion_available = true;
        if self.silent.iter().any(|end| is_at(end)) {
            return Header {
                metadata: Metadata::new(request.metadata.id, MessageType::Response, request.metadata.op_code),
                counts: HeaderCounts::default(),
            }
            .into();
        }
        let found = self.find(&name, &Name::from(info.query.name()), info.query.query_type());
        let fails = self.failing.contains(&name) && found.as_ref().is_none_or(Vec::is_empty);
        let code = self.codes.iter().find(|(end, _)| is_at(end)).map(|(_, code)| *code);
        let code = code.or(fails.then_some(ResponseCode::ServFail));
        metadata.response_code =
            code.unwrap_or(if found.is_some() { ResponseCode::NoError } else { ResponseCode::NXDomain });
        let answers = if code.is_some() { Vec::new() } else { found.unwrap_or_default() };
        let built = MessageResponseBuilder::from_message_request(request).build(metadata, answers.iter(), [], [], []);
        response.send_response(built).await.unwrap()
    }
}
