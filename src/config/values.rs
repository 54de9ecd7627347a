//! How the value of each kind of setting is read.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use url::Url;

use crate::domain::dns;
use crate::domain::endpoint::Endpoint;
use crate::domain::origin::Origins;
use crate::domain::policy::CHECKS;
use crate::domain::time::{HOUR, SECOND, parse_span};

/// What the demonstration says to an address that others reach.
const DEMO_STAYS: &str = "the demo has known passwords and listens on loopback only";

/// Reads where to listen; the demonstration stays on this machine.
pub(super) fn listen_address(text: &str, demo: bool) -> Result<SocketAddr, &'static str> {
    let addr: SocketAddr = text.parse().map_err(|_| "this is no address with a port")?;
    if demo && !addr.ip().is_loopback() { Err(DEMO_STAYS) } else { Ok(addr) }
}

/// Reads where a service for mail servers listens, or `off`.
pub(super) fn optional_listen(text: &str, demo: bool) -> Result<Option<Endpoint>, &'static str> {
    if text == "off" {
        return Ok(None);
    }
    let endpoint = Endpoint::parse(text)?;
    if demo && !endpoint.is_local() { Err(DEMO_STAYS) } else { Ok(Some(endpoint)) }
}

/// Reads where the DNSBL listens, or `off`.
pub(super) fn listen_addresses(text: &str, demo: bool) -> Result<Vec<SocketAddr>, &'static str> {
    if text == "off" {
        return Ok(Vec::new());
    }
    text.split(',').map(|item| listen_address(item.trim(), demo)).collect()
}

/// Reads the name of a DNS zone; without one it is made of the portal's host.
pub(super) fn zone_name(text: &str, public_url: &str) -> Result<String, &'static str> {
    if !text.is_empty() {
        return domain_name(text);
    }
    let url = Url::parse(public_url).ok();
    let host = url.as_ref().and_then(Url::domain).unwrap_or("localhost");
    domain_name(&format!("bl.{host}")).or_else(|_| Ok("bl.localhost".to_owned()))
}

/// Reads a domain name. It is short enough for the 64 bytes of an IPv6 address before it.
pub(super) fn domain_name(text: &str) -> Result<String, &'static str> {
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
pub(super) fn public_url(text: &str, listen: SocketAddr) -> Result<String, String> {
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

/// Reads where an edge finds its portal.
pub(super) fn portal_url(text: &str) -> Result<Option<Url>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let url: Url = text.parse().map_err(|error| format!("this is no URL ({error})"))?;
    let here = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(addr)) => addr.is_loopback(),
        Some(url::Host::Ipv6(addr)) => addr.is_loopback(),
        None => false,
    };
    let plain = url.query().is_none() && url.fragment().is_none() && url.path() == "/" && url.username().is_empty();
    match url.scheme() {
        "https" | "http" if !plain => Err("write https:// and a host, without a path".to_owned()),
        "https" => Ok(Some(url)),
        "http" if here => Ok(Some(url)),
        "http" => Err("without https others could read the token and change the list; write https://".to_owned()),
        _ => Err("write https:// and a host".to_owned()),
    }
}

/// Reads where the database is; the demonstration has one of its own, whose name says so.
pub(super) fn database_url(text: &str, demo: bool, is_set: bool) -> Result<String, &'static str> {
    match (demo, is_set) {
        (true, false) => return Ok("sqlite:data/demo.db".to_owned()),
        (true, true) if !is_demo_file(text) => {
            return Err("the demo has known passwords and a database of its own; leave this unset, or name an SQLite \
                        file that ends with demo.db");
        }
        _ => {}
    }
    let known = ["sqlite:", "postgres://", "postgresql://"].iter().any(|start| text.starts_with(start));
    if known && text != "sqlite:" {
        Ok(text.to_owned())
    } else {
        Err("write sqlite: and a file, or postgres:// and a server")
    }
}

/// Whether a database is an `SQLite` file with a name for the demonstration.
fn is_demo_file(url: &str) -> bool {
    let path = url.strip_prefix("sqlite:").map(|rest| rest.split_once('?').map_or(rest, |(path, _)| path));
    path.is_some_and(|path| path.ends_with("demo.db"))
}

/// Reads where mails are handed over.
pub(super) fn smtp_url(text: &str) -> Result<Option<Url>, String> {
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
pub(super) fn open_recipients(text: &str) -> Result<Vec<String>, String> {
    let items = text.split(',').map(|item| item.trim().to_lowercase()).filter(|item| !item.is_empty());
    items.map(|item| if item.contains('@') { Ok(item) } else { Err(format!("“{item}” has no @")) }).collect()
}

/// Reads a comma separated list.
pub(super) fn list<T: std::str::FromStr<Err: ToString>>(text: &str) -> Result<Vec<T>, String> {
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    items.map(|item| item.parse::<T>().map_err(|error| error.to_string())).collect()
}

/// Reads the names of live checks.
pub(super) fn policy_checks(text: &str) -> Result<Vec<String>, String> {
    let names = list::<String>(text)?;
    match names.iter().find(|name| !CHECKS.contains(&name.as_str())) {
        Some(name) => Err(format!("there is no check “{name}”; there are: {}", CHECKS.join(", "))),
        None => Ok(names),
    }
}

/// Reads a whole number between two bounds.
pub(super) fn number<T: std::str::FromStr + PartialOrd + std::fmt::Display + Copy>(
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
pub(super) fn span(text: &str, least: i64) -> Result<i64, String> {
    match parse_span(text).map_err(|e| e.to_string())? {
        Some(millis) if millis >= least => Ok(millis),
        Some(_) => Err("this is too short".to_owned()),
        None => Err("write a length of time such as 12h or 90d".to_owned()),
    }
}

/// Reads a length of time up to an hour, or `0`.
pub(super) fn span_or_none(text: &str) -> Result<i64, String> {
    match text {
        "0" => Ok(0),
        text => span(text, SECOND).and_then(|t| if t <= HOUR { Ok(t) } else { Err("an hour at most".to_owned()) }),
    }
}

/// Reads addresses of resolvers; without a port it is that of DNS. The demonstration asks on this machine only.
pub(super) fn resolvers(text: &str, demo: bool) -> Result<Vec<SocketAddr>, String> {
    let read = |item: &str| {
        let addr = item.parse().map(|ip| SocketAddr::new(ip, 53)).or_else(|_| item.parse::<SocketAddr>());
        let addr = addr.map_err(|_| format!("“{item}” is no address, and none with a port"))?;
        if demo && !addr.ip().is_loopback() { Err(DEMO_STAYS.to_owned()) } else { Ok(addr) }
    };
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(read).collect()
}

/// Holds a length of time to what a visitor waits for.
pub(super) fn at_most_20s(millis: i64) -> Result<i64, String> {
    if millis > 20 * SECOND { Err("this is too long".to_owned()) } else { Ok(millis) }
}

/// Reads the name of a zone, or nothing.
pub(super) fn optional_zone(text: &str) -> Result<Option<String>, String> {
    if text.is_empty() { Ok(None) } else { dns::zone_name(text).map(Some) }
}

/// Reads `yes` or `no`.
pub(super) fn yes_no(text: &str) -> Result<bool, &'static str> {
    match text {
        "yes" | "true" => Ok(true),
        "no" | "false" => Ok(false),
        _ => Err("write yes or no"),
    }
}

/// Reads a folder that must be there.
pub(super) fn folder(text: &str) -> Result<Option<PathBuf>, &'static str> {
    match text {
        "" => Ok(None),
        text if Path::new(text).is_dir() => Ok(Some(PathBuf::from(text))),
        _ => Err("there is no such folder"),
    }
}

/// Reads the file that tells the origin of networks.
pub(super) fn origins(text: &str) -> Result<Option<Arc<Origins>>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let file = std::fs::read_to_string(text).map_err(|error| format!("{text}: {error}"))?;
    Origins::parse(&file).map(|origins| Some(Arc::new(origins)))
}
