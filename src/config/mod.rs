//! Settings: one table says what there is, one reader takes file and environment, one message says what is wrong.
//!
//! This is the only place that reads the environment. A setting `http.listen` stands in `postern.toml` as `listen` in
//! the section `[http]`, and is overridden by the environment variable `POSTERN_HTTP__LISTEN`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use url::Url;

use self::read::Values;
use crate::domain::dns::DnsSettings;
use crate::domain::email::Email;
use crate::domain::endpoint::Endpoint;
use crate::domain::net::Net;
use crate::domain::policy::Rules;
use crate::domain::protected::Protected;

mod check;
mod read;
mod table;
#[cfg(test)]
mod tests;
mod values;

pub use self::read::BadSetting;
pub use self::table::{SETTINGS, Setting, table};

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
    /// How many connections are held at once.
    pub connections: usize,
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
    /// Resolvers that the mail servers ask.
    pub resolvers: Vec<SocketAddr>,
    /// How long a gateway may be behind, in milliseconds.
    pub lag_alarm: i64,
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

/// A follower on a gateway's own machine.
#[derive(Clone)]
pub struct Edge {
    /// The portal.
    pub portal: Option<Url>,
    /// Its token.
    pub token: String,
    /// What it calls itself; empty: like its token.
    pub name: String,
    /// Where it keeps the list.
    pub folder: PathBuf,
    /// Certificates that it trusts.
    pub ca: Option<PathBuf>,
}

impl std::fmt::Debug for Edge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { portal, name, folder, ca, token: _ } = self;
        write!(f, "Edge {{ portal: {portal:?}, name: {name:?}, folder: {folder:?}, ca: {ca:?} }}")
    }
}

/// Bounds on what one visitor may do.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Requests of a visitor in an hour.
    pub requests_per_hour: i64,
    /// Requests with the same mail address in an hour.
    pub requests_per_hour_mail: i64,
    /// Requests of a visitor's neighbourhood in an hour.
    pub requests_per_hour_network: i64,
    /// Requests of all in a minute.
    pub requests_per_minute: i64,
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
    /// A follower on a gateway's own machine.
    pub edge: Edge,
    /// Questions to the DNS.
    pub dns: DnsSettings,
    /// The operator's own content.
    pub content_folder: Option<PathBuf>,
    /// How long evidence is kept, in milliseconds.
    pub retention: i64,
    /// How soon a person answers, in milliseconds; 0: that is not told.
    pub answer_within: i64,
    /// The suggested probation, in milliseconds.
    pub probation: i64,
    /// The published unblock policy.
    pub policy: Rules,
    /// How long a session lasts, in milliseconds.
    pub session: i64,
    /// Networks that nobody blocks by accident.
    pub protected: Protected,
    /// How many percent of the list an import may change.
    pub change_share: i64,
    /// How long the mail of a lift waits for its confirmation, in milliseconds.
    pub lift_wait: i64,
    /// Bounds.
    pub limits: Limits,
    /// Where networks are, from the file of the operator.
    pub origins: Option<std::sync::Arc<crate::domain::origin::Origins>>,
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
