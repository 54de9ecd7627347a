//! Settings: one table says what there is, one reader takes file and environment, one message says what is wrong.
//!
//! This is the only place that reads the environment. A setting `http.listen` stands in `postern.toml` as `listen` in
//! the section `[http]`, and is overridden by the environment variable `POSTERN_HTTP__LISTEN`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use url::Url;

use crate::domain::dns::{self, DnsSettings, ListZone};
use crate::domain::email::Email;
use crate::domain::endpoint::Endpoint;
use crate::domain::net::Net;
use crate::domain::policy::{CHECKS, Rules};
use crate::domain::proof::Way;
use crate::domain::time::{DAY, HOUR, SECOND, parse_span};

/// One setting.
#[derive(Debug)]
pub struct Setting {
    /// Its key.
    pub key: &'static str,
    /// What it is when nothing is said.
    pub default: &'static str,
    /// A value that could stand there.
    pub example: &'static str,
    /// What it does.
    pub help: &'static str,
}

/// All settings.
pub const SETTINGS: &[Setting] = &[
    Setting {
        key: "http.listen",
        default: "127.0.0.1:8080",
        example: "127.0.0.1:8080",
        help: "Address and port of the web pages.",
    },
    Setting {
        key: "http.public_url",
        default: "",
        example: "https://postmaster.example.org",
        help: "What people reach the portal by; case links and mails are made of it. Default: `http://` and `http.listen`.",
    },
    Setting {
        key: "http.trusted_proxies",
        default: "",
        example: "127.0.0.1, 2001:db8::/64",
        help: "Networks of reverse proxies whose `X-Forwarded-For` is believed.",
    },
    Setting {
        key: "http.max_requests",
        default: "256",
        example: "256",
        help: "How many requests are worked on at once; more wait or get 503.",
    },
    Setting {
        key: "database.url",
        default: "sqlite:data/postern.db",
        example: "postgres://postern@db.example.org/postern",
        help: "`sqlite:` and a file, or `postgres://` and a server.",
    },
    Setting { key: "database.connections", default: "8", example: "8", help: "How many connections are held at most." },
    Setting {
        key: "provider.name",
        default: "our mail service",
        example: "Example Mail",
        help: "The provider's name on pages and in mails.",
    },
    Setting {
        key: "mail.smtp_url",
        default: "",
        example: "smtp://relay.example.org:587?tls=required",
        help: "Where mails are handed over: `smtp://user:password@host:port?tls=required`, `smtps://…`, or `smtp://127.0.0.1:25` without TLS. Without it mails stay in the outbox, where staff read them.",
    },
    Setting {
        key: "mail.from",
        default: "postmaster@localhost.localdomain",
        example: "postmaster@postmaster.example.org",
        help: "Sender of the mails. Its domain is the portal's mail domain (`bounce+…@`, `reply+…@`).",
    },
    Setting {
        key: "mail.inbound",
        default: "no",
        example: "yes",
        help: "Whether mail to the portal's domain is handed to `postern inbound`; then senders may answer by mail.",
    },
    Setting {
        key: "mail.most_per_hour",
        default: "20",
        example: "20",
        help: "How many mails one address gets in an hour; more wait.",
    },
    Setting {
        key: "gateways.policy.listen",
        default: "127.0.0.1:10031",
        example: "127.0.0.1:10031",
        help: "Address and port of the Postfix policy service, or `unix:/path`; `off` for none.",
    },
    Setting {
        key: "gateways.policy.asked_first",
        default: "no",
        example: "yes",
        help: "Whether gateways ask the policy service at RCPT before anything else refuses (no postscreen drop or DNSBL asked before). Only then a mail from the blocked address can show control over it.",
    },
    Setting {
        key: "gateways.policy.connections",
        default: "10000",
        example: "10000",
        help: "How many connections the policy service holds at once.",
    },
    Setting {
        key: "gateways.socketmap.listen",
        default: "off",
        example: "127.0.0.1:10032",
        help: "Address and port of the socketmap service (Postfix, postscreen, Sendmail), or `unix:/path`; `off` for none.",
    },
    Setting {
        key: "gateways.socketmap.connections",
        default: "10000",
        example: "10000",
        help: "How many connections the socketmap service holds at once.",
    },
    Setting {
        key: "gateways.dnsbl.listen",
        default: "off",
        example: "127.0.0.1:10053, 192.0.2.53:53",
        help: "Addresses and ports of the DNSBL, on UDP and TCP; `off` for none.",
    },
    Setting {
        key: "gateways.dnsbl.zone",
        default: "",
        example: "bl.example.org",
        help: "The zone of the DNSBL. Default: `bl.` and the host of `http.public_url`.",
    },
    Setting {
        key: "gateways.dnsbl.nameserver",
        default: "",
        example: "ns1.example.org",
        help: "The name server in the zone's NS and SOA. Default: `ns.` and the zone, at the addresses of `gateways.dnsbl.listen`.",
    },
    Setting {
        key: "gateways.dnsbl.allow",
        default: "127.0.0.0/8, ::1",
        example: "127.0.0.0/8, ::1, 192.0.2.0/24",
        help: "Networks that may ask; others are refused.",
    },
    Setting {
        key: "gateways.dnsbl.ttl",
        default: "0",
        example: "0",
        help: "How many seconds resolvers may keep that an address is listed: the longest that a lift takes to reach their clients.",
    },
    Setting {
        key: "gateways.dnsbl.negative_ttl",
        default: "10",
        example: "10",
        help: "How many seconds resolvers may keep that an address is not listed: the longest that a block takes.",
    },
    Setting {
        key: "gateways.dnsbl.rate",
        default: "20000",
        example: "20000",
        help: "How many UDP answers a network (IPv4 /24, IPv6 /56) gets in a second; beyond that it is sent to TCP.",
    },
    Setting {
        key: "gateways.open_recipients",
        default: "postmaster@, abuse@",
        example: "postmaster@, abuse@",
        help: "Recipients that are reached from blocked addresses too: `local@` at any domain, or whole addresses (RFC 5321, 4.5.1).",
    },
    Setting {
        key: "provider.hosts",
        default: "",
        example: "mx1.example.org, example.org",
        help: "Host names or domains of the provider's own mail servers: how a pasted refusal is recognised as ours.",
    },
    Setting {
        key: "provider.networks",
        default: "",
        example: "192.0.2.0/24, 2001:db8:1::/48",
        help: "The provider's own networks.",
    },
    Setting {
        key: "dns.servers",
        default: "system",
        example: "192.0.2.53, [2001:db8::53]:5353",
        help: "DNS servers for the live checks: `system`, addresses with or without a port, or `off` for no checks.",
    },
    Setting {
        key: "dns.blocklists",
        default: "",
        example: "bl.example.org https://bl.example.org/removal, dnsbl.example.net",
        help: "Public blocklists to look addresses up in: zone, and after a blank the link for removal. Mind the terms of each list.",
    },
    Setting {
        key: "dns.origin4",
        default: "",
        example: "origin.asn.example.org",
        help: "Zone that tells the network origin of an IPv4 address as text: number of the operator, network and country, with bars between.",
    },
    Setting { key: "dns.origin6", default: "", example: "origin6.asn.example.org", help: "The same for IPv6." },
    Setting {
        key: "dns.timeout",
        default: "3s",
        example: "3s",
        help: "How long all checks of one look-up may take together; what has no answer by then is unknown. At most 20s.",
    },
    Setting {
        key: "content.folder",
        default: "",
        example: "/etc/postern/content",
        help: "A folder whose articles, causes and answers stand in for the built-in ones.",
    },
    Setting {
        key: "evidence.retention",
        default: "180d",
        example: "180d",
        help: "How long evidence and senders' texts are kept after they came; tickets and figures stay.",
    },
    Setting {
        key: "tickets.probation",
        default: "14d",
        example: "14d",
        help: "The length of probation that a lift suggests.",
    },
    Setting {
        key: "policy.automatic",
        default: "yes",
        example: "no",
        help: "Whether the published policy lifts blocks by itself; else it only advises.",
    },
    Setting {
        key: "policy.proofs",
        default: "mail, web, dns, mailbox",
        example: "dns, mailbox",
        help: "Which ways of showing control over an address count: a mail from it, a web request from it, a DNS record, a link mailed to the postmaster of its name.",
    },
    Setting {
        key: "policy.checks",
        default: "ptr, fcrdns",
        example: "ptr, fcrdns, generic, listed",
        help: "Which live checks have to be in order, by the names that `/check.json` gives.",
    },
    Setting {
        key: "policy.cooldown",
        default: "12h",
        example: "12h",
        help: "How long the first repeat waits, counted from the block; each further one waits twice as long.",
    },
    Setting {
        key: "policy.repeats",
        default: "3",
        example: "3",
        help: "After how many lifts within `policy.lookback` a person decides.",
    },
    Setting { key: "policy.lookback", default: "90d", example: "90d", help: "How far back lifts count as repeats." },
    Setting {
        key: "policy.per_network",
        default: "5",
        example: "5",
        help: "How many lifts by policy one network (IPv4 /24, IPv6 /48) gets in a day.",
    },
    Setting {
        key: "policy.per_origin",
        default: "50",
        example: "50",
        help: "How many lifts by policy all networks of one operator get in a day; known where `dns.origin4` and `dns.origin6` are set.",
    },
    Setting {
        key: "limits.requests_per_hour",
        default: "30",
        example: "30",
        help: "How many requests one visitor (IPv4 address, IPv6 /64) may send in an hour.",
    },
    Setting {
        key: "limits.checks_per_minute",
        default: "60",
        example: "60",
        help: "How many addresses one visitor may look up in a minute.",
    },
    Setting {
        key: "limits.sign_ins_per_hour",
        default: "20",
        example: "20",
        help: "How many failed sign-ins one visitor or one account may have in an hour.",
    },
    Setting {
        key: "staff.session",
        default: "12h",
        example: "12h",
        help: "How long a session of staff lasts without being used.",
    },
    Setting { key: "log.format", default: "text", example: "json", help: "`text` for people or `json` for programs." },
    Setting {
        key: "log.level",
        default: "info",
        example: "postern=debug,info",
        help: "What is logged, as `tracing` directives.",
    },
];

/// What is wrong with a setting.
#[derive(Debug, thiserror::Error)]
pub enum BadSetting {
    /// The file cannot be read.
    #[error("the settings file {path} cannot be read: {error}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file is no TOML.
    #[error("the settings file {path} is not valid TOML: {error}")]
    Toml {
        /// Which file.
        path: PathBuf,
        /// Where and why.
        error: Box<toml::de::Error>,
    },
    /// There is no such setting.
    #[error("there is no setting {key} ({place}){hint}\nAll settings are listed by: postern settings")]
    Unknown {
        /// The key.
        key: String,
        /// Where it stands.
        place: String,
        /// What may have been meant.
        hint: String,
    },
    /// The value makes no sense.
    #[error("{key} = \"{value}\" ({place}): {what}\nExample: {key} = \"{example}\"")]
    Value {
        /// The key.
        key: &'static str,
        /// What was set.
        value: String,
        /// Where it stands.
        place: String,
        /// What is wrong with it.
        what: String,
        /// A value that could stand there.
        example: &'static str,
    },
}

/// Web pages.
#[derive(Debug, Clone)]
pub struct Http {
    /// Where to listen.
    pub listen: SocketAddr,
    /// What people reach the portal by, without a slash at the end.
    pub public_url: String,
    /// Proxies that are believed.
    pub trusted_proxies: Vec<Net>,
    /// How many requests are worked on at once.
    pub max_requests: usize,
}

/// The database.
#[derive(Debug, Clone)]
pub struct Database {
    /// Where it is.
    pub url: String,
    /// How many connections are held at most.
    pub connections: u32,
}

/// Mail that is sent and taken.
#[derive(Debug, Clone)]
pub struct Mail {
    /// Where mails are handed over; none: they stay in the outbox.
    pub smtp_url: Option<Url>,
    /// The sender.
    pub from: Email,
    /// Whether mail to the portal's domain comes in.
    pub inbound: bool,
    /// How many mails one address gets in an hour.
    pub most_per_hour: i64,
}

/// The listeners for mail servers.
#[derive(Debug, Clone)]
pub struct Gateways {
    /// Where the policy service listens.
    pub policy: Option<Endpoint>,
    /// Whether the address was set by hand; a default one that is taken is no reason to refuse to start.
    pub policy_is_set: bool,
    /// Whether gateways ask it before anything else refuses.
    pub policy_first: bool,
    /// How many connections the policy service holds.
    pub policy_connections: usize,
    /// Where the socketmap service listens.
    pub socketmap: Option<Endpoint>,
    /// How many connections the socketmap service holds.
    pub socketmap_connections: usize,
    /// The DNSBL.
    pub dnsbl: Dnsbl,
    /// Recipients that are always reached.
    pub open_recipients: Vec<String>,
}

/// The list as a DNS zone.
#[derive(Debug, Clone)]
pub struct Dnsbl {
    /// Where it listens, on UDP and TCP; nowhere when it is off.
    pub listen: Vec<SocketAddr>,
    /// The zone.
    pub zone: String,
    /// Its name server.
    pub nameserver: String,
    /// Who may ask.
    pub allow: Vec<Net>,
    /// How many seconds a listing may be kept.
    pub ttl: u32,
    /// How many seconds it may be kept that there is none.
    pub negative_ttl: u32,
    /// How many UDP answers a network gets in a second.
    pub rate: u32,
}

/// Bounds on what one visitor may do.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Requests in an hour.
    pub requests_per_hour: i64,
    /// Look-ups in a minute.
    pub checks_per_minute: i64,
    /// Failed sign-ins in an hour.
    pub sign_ins_per_hour: i64,
}

/// All settings, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Whether this is the demonstration, with known passwords.
    pub demo: bool,
    /// Web pages.
    pub http: Http,
    /// The database.
    pub database: Database,
    /// The provider's name.
    pub provider: String,
    /// Host names or domains of the provider's own mail servers.
    pub own_hosts: Vec<String>,
    /// The provider's own networks.
    pub own_networks: Vec<Net>,
    /// Mail.
    pub mail: Mail,
    /// Listeners for mail servers.
    pub gateways: Gateways,
    /// Questions to the DNS.
    pub dns: DnsSettings,
    /// The operator's own content.
    pub content_folder: Option<PathBuf>,
    /// How long evidence is kept, in milliseconds.
    pub retention: i64,
    /// The suggested probation, in milliseconds.
    pub probation: i64,
    /// The published unblock policy.
    pub policy: Rules,
    /// How long a session lasts, in milliseconds.
    pub session: i64,
    /// Bounds.
    pub limits: Limits,
    /// Whether the log is JSON.
    pub log_json: bool,
    /// What is logged.
    pub log_level: String,
}

impl Config {
    /// Reads the settings from `file`, or from `postern.toml` here if there is one, and from the environment.
    ///
    /// # Errors
    /// When a setting is unknown or makes no sense; the message names the key, what is wrong, and an example.
    pub fn read(file: Option<&Path>, demo: bool) -> Result<Self, BadSetting> {
        let mut values = Values::default();
        let found = file.map(Path::to_path_buf).or_else(|| Some(PathBuf::from("postern.toml")).filter(|p| p.exists()));
        if let Some(path) = found.filter(|_| file.is_some() || !demo) {
            values.add_file(&path)?;
        }
        values.add_environment(std::env::vars())?;
        values.check(demo)
    }
}

/// Values as they were written, each with the place where it stands.
#[derive(Debug, Default)]
struct Values(BTreeMap<&'static str, (String, String)>);

impl Values {
    /// Takes the settings of a file.
    fn add_file(&mut self, path: &Path) -> Result<(), BadSetting> {
        let text = std::fs::read_to_string(path).map_err(|error| BadSetting::File { path: path.into(), error })?;
        let table: toml::Table =
            text.parse().map_err(|error| BadSetting::Toml { path: path.into(), error: Box::new(error) })?;
        self.add_table("", &table, &path.display().to_string())
    }

    /// Takes the settings of one section of a file.
    fn add_table(&mut self, prefix: &str, table: &toml::Table, place: &str) -> Result<(), BadSetting> {
        for (name, value) in table {
            let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            match value {
                toml::Value::Table(inner) => self.add_table(&key, inner, place)?,
                other => self.add(&key, plain(other), place)?,
            }
        }
        Ok(())
    }

    /// Takes the settings of the environment.
    fn add_environment(&mut self, variables: impl Iterator<Item = (String, String)>) -> Result<(), BadSetting> {
        for (name, value) in variables {
            if let Some(rest) = name.strip_prefix("POSTERN_").filter(|rest| rest.contains("__")) {
                let key = rest.to_ascii_lowercase().replace("__", ".");
                self.add(&key, value, &format!("environment variable {name}"))?;
            }
        }
        Ok(())
    }

    /// Takes one setting.
    fn add(&mut self, key: &str, value: String, place: &str) -> Result<(), BadSetting> {
        let Some(setting) = SETTINGS.iter().find(|s| s.key == key) else {
            let hint = nearest(key).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
            return Err(BadSetting::Unknown { key: key.to_owned(), place: place.to_owned(), hint });
        };
        self.0.insert(setting.key, (value, place.to_owned()));
        Ok(())
    }

    /// The value of a setting, set or default.
    fn text(&self, key: &str) -> &str {
        let default = SETTINGS.iter().find(|s| s.key == key).map_or("", |s| s.default);
        self.0.get(key).map_or(default, |(value, _)| value.trim())
    }

    /// The value of a setting, read by `read`.
    fn get<T, E: ToString>(&self, key: &'static str, read: impl Fn(&str) -> Result<T, E>) -> Result<T, BadSetting> {
        let value = self.text(key);
        read(value).map_err(|what| BadSetting::Value {
            key,
            value: value.to_owned(),
            place: self.0.get(key).map_or("default", |(_, place)| place).to_owned(),
            what: what.to_string(),
            example: SETTINGS.iter().find(|s| s.key == key).map_or("", |s| s.example),
        })
    }

    /// The settings of the DNSBL.
    fn dnsbl(&self, public_url: &str, demo: bool) -> Result<Dnsbl, BadSetting> {
        let zone = self.get("gateways.dnsbl.zone", |text| zone_name(text, public_url))?;
        let server = |text: &str| if text.is_empty() { Ok(format!("ns.{zone}")) } else { domain_name(text) };
        Ok(Dnsbl {
            listen: self.get("gateways.dnsbl.listen", |text| listen_addresses(text, demo))?,
            nameserver: self.get("gateways.dnsbl.nameserver", server)?,
            allow: self.get("gateways.dnsbl.allow", list::<Net>)?,
            ttl: self.get("gateways.dnsbl.ttl", |t| number(t, 0, 86_400))?,
            negative_ttl: self.get("gateways.dnsbl.negative_ttl", |t| number(t, 0, 86_400))?,
            rate: self.get("gateways.dnsbl.rate", |t| number(t, 1, 100_000_000))?,
            zone,
        })
    }

    /// The rules of the published policy.
    fn policy(&self) -> Result<Rules, BadSetting> {
        Ok(Rules {
            automatic: self.get("policy.automatic", yes_no)?,
            proofs: self.get("policy.proofs", list::<Way>)?,
            checks: self.get("policy.checks", policy_checks)?,
            cooldown: self.get("policy.cooldown", |t| span(t, 0))?,
            repeats: self.get("policy.repeats", |t| number(t, 0, 1_000))?,
            lookback: self.get("policy.lookback", |t| span(t, HOUR))?,
            per_network: self.get("policy.per_network", |t| number(t, 0, 1_000_000))?,
            per_origin: self.get("policy.per_origin", |t| number(t, 0, 1_000_000))?,
        })
    }

    /// All settings, checked.
    fn check(&self, demo: bool) -> Result<Config, BadSetting> {
        let listen = self.get("http.listen", |text| listen_address(text, demo))?;
        let public_url = self.get("http.public_url", |text| public_url(text, listen))?;
        let dnsbl = self.dnsbl(&public_url, demo)?;
        Ok(Config {
            demo,
            http: Http {
                listen,
                public_url,
                trusted_proxies: self.get("http.trusted_proxies", list::<Net>)?,
                max_requests: self.get("http.max_requests", |t| number(t, 1, 100_000))?,
            },
            database: Database {
                url: self
                    .get("database.url", |text| database_url(text, demo && !self.0.contains_key("database.url")))?,
                connections: self.get("database.connections", |t| number(t, 1, 1_000))?,
            },
            provider: if demo && !self.0.contains_key("provider.name") {
                "Example Mail"
            } else {
                self.text("provider.name")
            }
            .to_owned(),
            own_hosts: self.get("provider.hosts", list::<String>)?,
            own_networks: self.get("provider.networks", list::<Net>)?,
            mail: Mail {
                smtp_url: self.get("mail.smtp_url", smtp_url)?,
                from: self.get("mail.from", Email::parse)?,
                inbound: self.get("mail.inbound", yes_no)?,
                most_per_hour: self.get("mail.most_per_hour", |t| number(t, 1, 100_000))?,
            },
            gateways: Gateways {
                policy: self.get("gateways.policy.listen", |text| optional_listen(text, demo))?,
                policy_is_set: self.0.contains_key("gateways.policy.listen"),
                policy_first: self.get("gateways.policy.asked_first", yes_no)?,
                policy_connections: self.get("gateways.policy.connections", |t| number(t, 1, 1_000_000))?,
                socketmap: self.get("gateways.socketmap.listen", |text| optional_listen(text, demo))?,
                socketmap_connections: self.get("gateways.socketmap.connections", |t| number(t, 1, 1_000_000))?,
                dnsbl,
                open_recipients: self.get("gateways.open_recipients", open_recipients)?,
            },
            dns: DnsSettings {
                servers: self.get("dns.servers", str::parse)?,
                blocklists: self.get("dns.blocklists", list::<ListZone>)?,
                origin4: self.get("dns.origin4", optional_zone)?,
                origin6: self.get("dns.origin6", optional_zone)?,
                timeout: self.get("dns.timeout", |t| span(t, SECOND).and_then(at_most_20s))?,
            },
            content_folder: self.get("content.folder", folder)?,
            retention: self.get("evidence.retention", |t| span(t, DAY))?,
            probation: self.get("tickets.probation", |t| span(t, HOUR))?,
            policy: self.policy()?,
            session: self.get("staff.session", |t| span(t, HOUR / 12))?,
            limits: Limits {
                requests_per_hour: self.get("limits.requests_per_hour", |t| number(t, 1, 1_000_000))?,
                checks_per_minute: self.get("limits.checks_per_minute", |t| number(t, 1, 1_000_000))?,
                sign_ins_per_hour: self.get("limits.sign_ins_per_hour", |t| number(t, 1, 1_000_000))?,
            },
            log_json: self.get("log.format", |t| match t {
                "text" => Ok(false),
                "json" => Ok(true),
                _ => Err("write text or json"),
            })?,
            log_level: self.get("log.level", |t| match t.parse::<tracing_subscriber::EnvFilter>() {
                Ok(_) => Ok(t.to_owned()),
                Err(error) => Err(error.to_string()),
            })?,
        })
    }
}

/// A TOML value as the text that an environment variable would hold.
fn plain(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        toml::Value::Boolean(true) => "yes".to_owned(),
        toml::Value::Boolean(false) => "no".to_owned(),
        other => other.to_string(),
    }
}

/// The setting whose name is most alike, if one is.
fn nearest(key: &str) -> Option<&'static str> {
    let last = |k: &str| k.rsplit('.').next().unwrap_or_default().to_owned();
    let alike = |s: &&Setting| last(s.key) == last(key) || s.key.replace('_', "") == key.replace(['_', '-'], "");
    SETTINGS.iter().find(alike).map(|s| s.key)
}

/// What the demonstration says to an address that others reach.
const DEMO_STAYS: &str = "the demo has known passwords and listens on loopback only";

/// Reads where to listen; the demonstration stays on this machine.
fn listen_address(text: &str, demo: bool) -> Result<SocketAddr, &'static str> {
    let addr: SocketAddr = text.parse().map_err(|_| "this is no address with a port")?;
    if demo && !addr.ip().is_loopback() { Err(DEMO_STAYS) } else { Ok(addr) }
}

/// Reads where a service for mail servers listens, or `off`.
fn optional_listen(text: &str, demo: bool) -> Result<Option<Endpoint>, &'static str> {
    if text == "off" {
        return Ok(None);
    }
    let endpoint = Endpoint::parse(text)?;
    if demo && !endpoint.is_local() { Err(DEMO_STAYS) } else { Ok(Some(endpoint)) }
}

/// Reads where the DNSBL listens, or `off`.
fn listen_addresses(text: &str, demo: bool) -> Result<Vec<SocketAddr>, &'static str> {
    if text == "off" {
        return Ok(Vec::new());
    }
    text.split(',').map(|item| listen_address(item.trim(), demo)).collect()
}

/// Reads the name of a DNS zone; without one it is made of the portal's host.
fn zone_name(text: &str, public_url: &str) -> Result<String, &'static str> {
    if !text.is_empty() {
        return domain_name(text);
    }
    let url = Url::parse(public_url).ok();
    let host = url.as_ref().and_then(Url::domain).unwrap_or("localhost");
    domain_name(&format!("bl.{host}")).or_else(|_| Ok("bl.localhost".to_owned()))
}

/// Reads a domain name. It is short enough for the 64 bytes of an IPv6 address before it.
fn domain_name(text: &str) -> Result<String, &'static str> {
    let name = text.trim_end_matches('.').to_ascii_lowercase();
    let inside = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let is_label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(inside);
    if name.len() <= 180 && name.split('.').all(is_label) {
        Ok(name)
    } else {
        Err("write a domain name of letters, digits and hyphens, at most 180 bytes")
    }
}

/// Reads the public address of the portal.
fn public_url(text: &str, listen: SocketAddr) -> Result<String, String> {
    if text.is_empty() {
        return Ok(format!("http://{listen}"));
    }
    let url: Url = text.parse().map_err(|error| format!("this is no URL ({error})"))?;
    let plain = url.query().is_none() && url.fragment().is_none() && matches!(url.path(), "/" | "");
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() || !plain {
        return Err("write http:// or https:// and a host, without a path".to_owned());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// Reads where the database is; the demonstration has one of its own.
fn database_url(text: &str, demo_default: bool) -> Result<String, &'static str> {
    if demo_default {
        return Ok("sqlite:data/demo.db".to_owned());
    }
    let known = ["sqlite:", "postgres://", "postgresql://"].iter().any(|start| text.starts_with(start));
    if known && text != "sqlite:" {
        Ok(text.to_owned())
    } else {
        Err("write sqlite: and a file, or postgres:// and a server")
    }
}

/// Reads where mails are handed over.
fn smtp_url(text: &str) -> Result<Option<Url>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let url: Url = text.parse().map_err(|error| format!("this is no URL ({error})"))?;
    if !matches!(url.scheme(), "smtp" | "smtps") || url.host().is_none() {
        return Err("write smtp:// or smtps:// and a host".to_owned());
    }
    Ok(Some(url))
}

/// Reads recipients that are always reached: `local@` or a whole address.
fn open_recipients(text: &str) -> Result<Vec<String>, String> {
    let items = text.split(',').map(|item| item.trim().to_lowercase()).filter(|item| !item.is_empty());
    items.map(|item| if item.contains('@') { Ok(item) } else { Err(format!("“{item}” has no @")) }).collect()
}

/// Reads a comma separated list.
fn list<T: std::str::FromStr<Err: ToString>>(text: &str) -> Result<Vec<T>, String> {
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    items.map(|item| item.parse::<T>().map_err(|error| error.to_string())).collect()
}

/// Reads the names of live checks.
fn policy_checks(text: &str) -> Result<Vec<String>, String> {
    let names = list::<String>(text)?;
    match names.iter().find(|name| !CHECKS.contains(&name.as_str())) {
        Some(name) => Err(format!("there is no check “{name}”; there are: {}", CHECKS.join(", "))),
        None => Ok(names),
    }
}

/// Reads a whole number between two bounds.
fn number<T: std::str::FromStr + PartialOrd + std::fmt::Display + Copy>(
    text: &str,
    least: T,
    most: T,
) -> Result<T, String> {
    match text.parse::<T>() {
        Ok(n) if n >= least && n <= most => Ok(n),
        _ => Err(format!("write a whole number from {least} to {most}")),
    }
}

/// Reads a length of time of at least `least` milliseconds.
fn span(text: &str, least: i64) -> Result<i64, String> {
    match parse_span(text).map_err(|e| e.to_string())? {
        Some(millis) if millis >= least => Ok(millis),
        Some(_) => Err("this is too short".to_owned()),
        None => Err("write a length of time such as 12h or 90d".to_owned()),
    }
}

/// Holds a length of time to what a visitor waits for.
fn at_most_20s(millis: i64) -> Result<i64, String> {
    if millis > 20 * SECOND { Err("this is too long".to_owned()) } else { Ok(millis) }
}

/// Reads the name of a zone, or nothing.
fn optional_zone(text: &str) -> Result<Option<String>, String> {
    if text.is_empty() { Ok(None) } else { dns::zone_name(text).map(Some) }
}

/// Reads `yes` or `no`.
fn yes_no(text: &str) -> Result<bool, &'static str> {
    match text {
        "yes" | "true" => Ok(true),
        "no" | "false" => Ok(false),
        _ => Err("write yes or no"),
    }
}

/// Reads a folder that must be there.
fn folder(text: &str) -> Result<Option<PathBuf>, &'static str> {
    match text {
        "" => Ok(None),
        text if Path::new(text).is_dir() => Ok(Some(PathBuf::from(text))),
        _ => Err("there is no such folder"),
    }
}

/// All settings as a Markdown table: what the README shows.
#[must_use]
pub fn table() -> String {
    let mut out = "| setting | default | what it does |\n|---|---|---|\n".to_owned();
    for setting in SETTINGS {
        let default = if setting.default.is_empty() { "–".to_owned() } else { format!("`{}`", setting.default) };
        let _ = writeln!(out, "| `{}` | {default} | {} Example: `{}` |", setting.key, setting.help, setting.example);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(&str, &str)], demo: bool) -> Result<Config, BadSetting> {
        let mut values = Values::default();
        values.add_environment(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))?;
        values.check(demo)
    }

    #[test]
    fn nothing_at_all_is_enough() {
        let config = with(&[], false).unwrap();
        assert_eq!(config.http.public_url, "http://127.0.0.1:8080");
        assert_eq!(config.database.url, "sqlite:data/postern.db");
        assert!(config.mail.smtp_url.is_none() && !config.gateways.policy_is_set);
    }

    #[test]
    fn the_demo_has_its_own_database_and_stays_at_home() {
        assert_eq!(with(&[], true).unwrap().database.url, "sqlite:data/demo.db");
        let error = with(&[("POSTERN_HTTP__LISTEN", "0.0.0.0:8080")], true).unwrap_err().to_string();
        assert!(error.contains("http.listen") && error.contains("loopback"), "{error}");
    }

    #[test]
    fn a_wrong_setting_names_key_fault_and_example() {
        for (name, value, want) in [
            ("POSTERN_HTTP__LISTEN", "localhost", "http.listen"),
            ("POSTERN_HTTP__PUBLIC_URL", "postmaster.example.org", "https://postmaster.example.org"),
            ("POSTERN_HTTP__TRUSTED_PROXIES", "10.0.0.1/8", "10.0.0.0/8"),
            ("POSTERN_DATABASE__URL", "mysql://x", "sqlite:"),
            ("POSTERN_MAIL__FROM", "nobody", "mail.from"),
            ("POSTERN_EVIDENCE__RETENTION", "0", "evidence.retention"),
            ("POSTERN_LIMITS__REQUESTS_PER_HOUR", "many", "whole number"),
            ("POSTERN_LOG__FORMAT", "xml", "text or json"),
            ("POSTERN_HTTP__LISTEM", "x", "there is no setting http.listem"),
            ("POSTERN_WEB__LISTEN", "x", "did you mean http.listen?"),
        ] {
            let error = with(&[(name, value)], false).unwrap_err().to_string();
            assert!(error.contains(want), "{name}: {error}");
            assert!(error.contains(name), "the place is named: {error}");
        }
    }

    #[test]
    fn file_and_environment_are_layers() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("postern.toml");
        std::fs::write(
            &path,
            "[http]\nlisten = \"127.0.0.1:9\"\ntrusted_proxies = [\"192.0.2.1\"]\n[mail]\ninbound = true\n",
        )
        .unwrap();
        let mut values = Values::default();
        values.add_file(&path).unwrap();
        values.add_environment([("POSTERN_HTTP__LISTEN".to_owned(), "127.0.0.1:10".to_owned())].into_iter()).unwrap();
        let config = values.check(false).unwrap();
        assert_eq!(config.http.listen.port(), 10);
        assert!(config.mail.inbound && config.http.trusted_proxies.len() == 1);
    }

    #[test]
    fn every_default_and_example_is_valid() {
        for setting in SETTINGS.iter().filter(|s| s.key != "content.folder") {
            let name = format!("POSTERN_{}", setting.key.to_ascii_uppercase().replace('.', "__"));
            with(&[(&name, setting.example)], false).unwrap_or_else(|e| panic!("{e}"));
        }
    }
}
