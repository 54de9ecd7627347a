//! Questions to the DNS: bounded in time, number and size, and each one written down.
//!
//! Answers come from strangers. Records beyond [`RECORDS_MOST`] are dropped, texts are cut to [`TEXT_MOST`] bytes, alias
//! chains end in the resolver, and names are asked with their final dot, so no search list of this machine is tried.

use std::net::{IpAddr, SocketAddr};
use std::sync::Mutex;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::system_conf::read_system_conf;
use serde::{Deserialize, Serialize};

use crate::domain::dns::{Servers, reverse_name};
use crate::domain::net::fold;

/// How many records of one answer are looked at; large firms have dozens of texts beside the one that matters.
pub(super) const RECORDS_MOST: usize = 100;

/// How much of a text record is looked at, in bytes.
const TEXT_MOST: usize = 4_096;

/// How much of an answer is shown, in characters.
const SHOWN_MOST: usize = 300;

/// How many questions one check may ask.
const QUESTIONS_MOST: usize = 40;

/// How many answers are remembered; an answer has at most 64 KB.
const CACHE_MOST: u64 = 512;

/// The resolver.
pub(super) struct Dns(TokioResolver);

/// Why there are no records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Miss {
    /// The name does not exist.
    NoName,
    /// The name exists and has no records of this type.
    NoData,
    /// No usable answer came.
    Failed,
}

/// Records, or why there are none.
pub(super) type Answer<T> = Result<Vec<T>, Miss>;

/// A question and its answer, as shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Name and type.
    pub question: String,
    /// The records, or why there are none.
    pub answer: String,
}

/// A mail exchanger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Exchanger {
    /// Its preference; the lowest is tried first.
    pub(super) preference: u16,
    /// Its name without the last dot; empty for the null MX.
    pub(super) host: String,
}

impl std::fmt::Debug for Dns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Dns")
    }
}

impl Dns {
    /// Gets ready to ask these servers; nothing when there shall be no questions.
    ///
    /// # Errors
    /// When the settings of this machine cannot be read.
    pub(super) fn new(servers: &Servers) -> Result<Option<Self>, NetError> {
        let config = match servers {
            Servers::Off => return Ok(None),
            Servers::System => read_system_conf()?.0,
            Servers::These(addrs) => {
                ResolverConfig::from_name_servers(addrs.iter().copied().map(name_server).collect())
            }
        };
        let builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        builder.with_options(options()).build().map(|resolver| Some(Self(resolver)))
    }

    /// Forgets all answers.
    pub(super) fn forget(&self) {
        self.0.clear_cache();
    }

    /// The records of a name.
    async fn records(&self, name: &str, kind: RecordType) -> Answer<RData> {
        let Ok(mut name) = Name::from_labels(name.split('.').map(str::as_bytes)) else { return Err(Miss::NoName) };
        name.set_fqdn(true);
        let lookup = self.0.lookup(name, kind).await.map_err(|error| miss(&error))?;
        let records = lookup.answers().iter().filter(|record| record.record_type() == kind);
        let found: Vec<RData> = records.take(RECORDS_MOST).map(|record| record.data.clone()).collect();
        if found.is_empty() { Err(Miss::NoData) } else { Ok(found) }
    }
}

/// One server, asked by UDP and, for long answers, by TCP.
fn name_server(addr: SocketAddr) -> NameServerConfig {
    let mut connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
    for connection in &mut connections {
        connection.port = addr.port();
    }
    NameServerConfig::new(addr.ip(), true, connections)
}

/// How the resolver asks: soon giving up, believing nothing for long, never reading this machine's table of hosts.
fn options() -> ResolverOpts {
    let mut options = ResolverOpts::default();
    options.timeout = Duration::from_millis(1_200);
    options.attempts = 1;
    options.cache_size = CACHE_MOST;
    options.positive_max_ttl = Some(Duration::from_mins(5));
    options.negative_max_ttl = Some(Duration::from_mins(1));
    options.use_hosts_file = ResolveHosts::Never;
    options.max_active_requests = 256;
    options
}

/// Why there are no records.
fn miss(error: &NetError) -> Miss {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) if none.response_code == ResponseCode::NXDomain => Miss::NoName,
        NetError::Dns(DnsError::NoRecordsFound(none)) if none.response_code == ResponseCode::NoError => Miss::NoData,
        _ => Miss::Failed,
    }
}

/// The questions of one check.
#[derive(Debug)]
pub(super) struct Inquiry<'a> {
    /// Who is asked.
    pub(super) dns: &'a Dns,
    /// What was asked so far.
    asked: Mutex<Vec<Asked>>,
}

impl<'a> Inquiry<'a> {
    /// Begins to ask.
    pub(super) fn new(dns: &'a Dns) -> Self {
        Self { dns, asked: Mutex::new(Vec::new()) }
    }

    /// What was asked and answered.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().map(|asked| asked.clone()).unwrap_or_default()
    }

    /// Writes a question down.
    pub(super) fn note(&self, question: String, answer: &str) {
        if let Ok(mut asked) = self.asked.lock() {
            asked.push(Asked { question, answer: shown(answer) });
        }
    }

    /// Asks for records and writes question and answer down.
    async fn ask<T: ToString>(&self, name: &str, kind: RecordType, read: impl Fn(RData) -> Option<T>) -> Answer<T> {
        if self.asked.lock().map_or(0, |asked| asked.len()) >= QUESTIONS_MOST {
            return Err(Miss::Failed);
        }
        let answer = self.dns.records(name, kind).await.map(|all| all.into_iter().filter_map(read).collect::<Vec<T>>());
        let said = match &answer {
            Ok(found) => found.iter().map(ToString::to_string).collect::<Vec<_>>().join(" · "),
            Err(Miss::NoName) => "NXDOMAIN".to_owned(),
            Err(Miss::NoData) => "NODATA".to_owned(),
            Err(Miss::Failed) => "—".to_owned(),
        };
        self.note(format!("{name} {kind}"), &said);
        answer
    }

    /// The names of an address.
    pub(super) async fn ptr(&self, addr: IpAddr) -> Answer<String> {
        let read = |data| if let RData::PTR(ptr) = data { Some(plain(&ptr.0)) } else { None };
        self.ask(&reverse_name(addr), RecordType::PTR, read).await
    }

    /// The name that the reverse name of an address stands for, where a zone is delegated without an octet cut (RFC 2317).
    pub(super) async fn alias(&self, addr: IpAddr) -> Vec<String> {
        let read = |data| if let RData::CNAME(alias) = data { Some(plain(&alias.0)) } else { None };
        self.ask(&reverse_name(addr), RecordType::CNAME, read).await.unwrap_or_default()
    }

    /// The IPv4 addresses of a name.
    pub(super) async fn v4(&self, name: &str) -> Answer<IpAddr> {
        self.ask(name, RecordType::A, |data| if let RData::A(a) = data { Some(IpAddr::V4(a.0)) } else { None }).await
    }

    /// The IPv6 addresses of a name.
    async fn v6(&self, name: &str) -> Answer<IpAddr> {
        self.ask(
            name,
            RecordType::AAAA,
            |data| if let RData::AAAA(a) = data { Some(fold(IpAddr::V6(a.0))) } else { None },
        )
        .await
    }

    /// The addresses of a name in the family of `addr`.
    pub(super) async fn like(&self, name: &str, addr: IpAddr) -> Answer<IpAddr> {
        if fold(addr).is_ipv4() { self.v4(name).await } else { self.v6(name).await }
    }

    /// All addresses of a name.
    pub(super) async fn addrs(&self, name: &str) -> Answer<IpAddr> {
        let (v4, v6) = tokio::join!(self.v4(name), self.v6(name));
        match (v4, v6) {
            (Ok(mut all), Ok(more)) => {
                all.extend(more);
                Ok(all)
            }
            (Ok(all), _) | (_, Ok(all)) => Ok(all),
            (Err(Miss::Failed), _) | (_, Err(Miss::Failed)) => Err(Miss::Failed),
            (Err(miss), _) => Err(miss),
        }
    }

    /// The text records of a name, each one joined from its pieces.
    pub(super) async fn txt(&self, name: &str) -> Answer<String> {
        let read = |data| if let RData::TXT(txt) = data { Some(joined(&txt.txt_data)) } else { None };
        self.ask(name, RecordType::TXT, read).await
    }

    /// The mail exchangers of a domain.
    pub(super) async fn mx(&self, domain: &str) -> Answer<Exchanger> {
        let read = |data| {
            if let RData::MX(mx) = data {
                Some(Exchanger { preference: mx.preference, host: plain(&mx.exchange) })
            } else {
                None
            }
        };
        let mut found = self.ask(domain, RecordType::MX, read).await?;
        found.sort_by_key(|mx| mx.preference);
        Ok(found)
    }

    /// The certificate bindings at a name.
    pub(super) async fn tlsa(&self, name: &str) -> Answer<String> {
        self.ask(
            name,
            RecordType::TLSA,
            |data| if let RData::TLSA(tlsa) = data { Some(tlsa.to_string()) } else { None },
        )
        .await
    }
}

impl std::fmt::Display for Exchanger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}.", self.preference, self.host)
    }
}

/// A name without its last dot, in lower case; blanks, controls and what is no ASCII stay escaped.
fn plain(name: &Name) -> String {
    let is_plain = |label: &[u8]| label.iter().all(|b| b.is_ascii_graphic() && !matches!(b, b'.' | b'\\'));
    let text = if name.iter().all(is_plain) {
        name.iter().map(String::from_utf8_lossy).collect::<Vec<_>>().join(".")
    } else {
        name.to_ascii()
    };
    text.strip_suffix('.').unwrap_or(&text).to_ascii_lowercase()
}

/// The pieces of a text record as one text of bounded length.
fn joined(pieces: &[Box<[u8]>]) -> String {
    let bytes: Vec<u8> = pieces.iter().flat_map(|piece| piece.iter().copied()).take(TEXT_MOST).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// An answer as it can be shown: cut, and without characters that steer terminals or turn the direction of text.
pub(super) fn shown(text: &str) -> String {
    let harmless = |c: char| {
        if c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
        {
            '\u{fffd}'
        } else {
            c
        }
    };
    let mut shown: String = text.chars().take(SHOWN_MOST).map(harmless).collect();
    if text.chars().nth(SHOWN_MOST).is_some() {
        shown.push('…');
    }
    shown
}
