//! Makes settings of values.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::read::{BadSetting, Values};
use super::values::{
    at_most_20s, database_url, domain_name, folder, list, listen_address, listen_addresses, number, open_recipients,
    optional_listen, optional_zone, origins, policy_checks, portal_url, public_url, resolvers, smtp_url, span,
    span_or_none, yes_no, zone_name,
};
use super::{Config, Database, Dnsbl, Edge, Gateways, Http, Limits, Mail};
use crate::domain::dns::{DnsSettings, ListZone};
use crate::domain::email::Email;
use crate::domain::net::Net;
use crate::domain::policy::Rules;
use crate::domain::proof::Way;
use crate::domain::protected::Protected;
use crate::domain::time::{DAY, HOUR, SECOND};

impl Values {
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

    /// The settings of the pages.
    fn http(&self, listen: SocketAddr, public_url: String) -> Result<Http, BadSetting> {
        Ok(Http {
            listen,
            public_url,
            trusted_proxies: self.get("http.trusted_proxies", list::<Net>)?,
            max_requests: self.get("http.max_requests", |t| number(t, 1, 100_000))?,
            connections: self.get("http.connections", |t| number(t, 1, 100_000))?,
        })
    }

    /// The settings of the listeners for mail servers.
    fn gateways(&self, dnsbl: Dnsbl, demo: bool) -> Result<Gateways, BadSetting> {
        Ok(Gateways {
            policy: self.get("gateways.policy.listen", |text| optional_listen(text, demo))?,
            policy_is_set: self.0.contains_key("gateways.policy.listen"),
            policy_first: self.get("gateways.policy.asked_first", yes_no)?,
            policy_connections: self.get("gateways.policy.connections", |t| number(t, 1, 1_000_000))?,
            socketmap: self.get("gateways.socketmap.listen", |text| optional_listen(text, demo))?,
            socketmap_connections: self.get("gateways.socketmap.connections", |t| number(t, 1, 1_000_000))?,
            dnsbl,
            open_recipients: self.get("gateways.open_recipients", open_recipients)?,
            resolvers: self.get("gateways.resolvers", |text| resolvers(text, demo))?,
            lag_alarm: self.get("gateways.lag_alarm", |t| span(t, SECOND))?,
        })
    }

    /// The settings of an edge.
    fn edge(&self) -> Result<Edge, BadSetting> {
        Ok(Edge {
            portal: self.get("edge.portal", portal_url)?,
            token: self.text("edge.token").to_owned(),
            name: self.text("edge.name").to_owned(),
            folder: PathBuf::from(self.text("edge.folder")),
            ca: Some(self.text("edge.ca")).filter(|path| !path.is_empty()).map(PathBuf::from),
        })
    }

    /// The settings of questions to the DNS.
    fn dns(&self) -> Result<DnsSettings, BadSetting> {
        Ok(DnsSettings {
            servers: self.get("dns.servers", str::parse)?,
            blocklists: self.get("dns.blocklists", list::<ListZone>)?,
            origin4: self.get("dns.origin4", optional_zone)?,
            origin6: self.get("dns.origin6", optional_zone)?,
            timeout: self.get("dns.timeout", |t| span(t, SECOND).and_then(at_most_20s))?,
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
            addresses: self.get("policy.addresses", |t| number(t, 0, 1_000_000))?,
            per_sender: self.get("policy.per_sender", |t| number(t, 0, 1_000_000))?,
            per_network: self.get("policy.per_network", |t| number(t, 0, 1_000_000))?,
            per_origin: self.get("policy.per_origin", |t| number(t, 0, 1_000_000))?,
        })
    }

    /// All settings, checked.
    pub(super) fn check(&self, demo: bool) -> Result<Config, BadSetting> {
        let listen = self.get("http.listen", |text| listen_address(text, demo))?;
        let public_url = self.get("http.public_url", |text| public_url(text, listen))?;
        let dnsbl = self.dnsbl(&public_url, demo)?;
        let http = self.http(listen, public_url)?;
        let own_networks = self.get("provider.networks", list::<Net>)?;
        let protected = self.get("blocklist.protected", list::<Net>)?;
        Ok(Config {
            demo,
            protected: Protected::new(&own_networks, &http.trusted_proxies, &protected),
            change_share: self.get("blocklist.change_share", |t| number(t, 1, 100))?,
            http,
            database: Database {
                url: self.get("database.url", |text| database_url(text, demo, self.0.contains_key("database.url")))?,
                connections: self.get("database.connections", |t| number(t, 1, 1_000))?,
            },
            provider: if demo && !self.0.contains_key("provider.name") {
                "Example Mail"
            } else {
                self.text("provider.name")
            }
            .to_owned(),
            own_hosts: self.get("provider.hosts", list::<String>)?,
            own_networks,
            mail: Mail {
                smtp_url: self.get("mail.smtp_url", smtp_url)?,
                from: self.get("mail.from", Email::parse)?,
                inbound: self.get("mail.inbound", yes_no)?,
                most_per_hour: self.get("mail.most_per_hour", |t| number(t, 1, 100_000))?,
            },
            gateways: self.gateways(dnsbl, demo)?,
            edge: self.edge()?,
            dns: self.dns()?,
            origins: self.get("dns.origin_file", origins)?,
            content_folder: self.get("content.folder", folder)?,
            retention: self.get("evidence.retention", |t| span(t, DAY))?,
            answer_within: self.get("tickets.answer_within", |t| if t == "0" { Ok(0) } else { span(t, HOUR) })?,
            probation: self.get("tickets.probation", |t| span(t, HOUR))?,
            policy: self.policy()?,
            lift_wait: self.get("mail.wait_for_effect", span_or_none)?,
            session: self.get("staff.session", |t| span(t, HOUR / 12))?,
            limits: Limits {
                requests_per_hour: self.get("limits.requests_per_hour", |t| number(t, 1, 1_000_000))?,
                requests_per_hour_mail: self.get("limits.requests_per_hour_mail", |t| number(t, 1, 1_000_000))?,
                requests_per_hour_network: self.get("limits.requests_per_hour_network", |t| number(t, 1, 1_000_000))?,
                requests_per_minute: self.get("limits.requests_per_minute", |t| number(t, 1, 1_000_000))?,
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
