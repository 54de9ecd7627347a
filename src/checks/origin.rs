//! Where the address is in the Internet: number of the network operator, prefix and country, from the file of the
//! operator or a DNS zone.
//!
//! The zone answers with a text such as `64496 | 203.0.113.0/24 | DE | registry | 2010-01-31`.

use std::net::IpAddr;

use super::dns::{Inquiry, Miss};
use super::{Found, Outcome, end};
use crate::domain::dns::reversed;
use crate::domain::net::Net;

/// What a zone tells of an address.
#[derive(Debug, PartialEq, Eq)]
struct Origin {
    /// Numbers of the autonomous systems that announce it.
    asn: String,
    /// The announced network.
    net: Net,
    /// The country of the registration.
    country: String,
}

/// Asks the zone; the narrowest network that has the address counts.
pub(super) async fn check(inquiry: &Inquiry<'_>, addr: IpAddr, zone: &str) -> Found {
    let texts = match inquiry.txt(&format!("{}.{zone}", reversed(addr))).await {
        Ok(texts) => texts,
        Err(Miss::Failed) => return end(Outcome::Unknown, "no-answer", Vec::new()),
        Err(_) => return end(Outcome::Warn, "origin-none", vec![("ip", addr.to_string())]),
    };
    let all = texts.iter().filter_map(|text| read(text));
    match all.filter(|origin| origin.net.covers(Net::single(addr))).max_by_key(|origin| origin.net.prefix_len()) {
        Some(Origin { asn, net, country }) => {
            end(Outcome::Pass, "origin-found", vec![("asn", asn), ("net", net.to_string()), ("country", country)])
        }
        None => end(Outcome::Unknown, "origin-unread", Vec::new()),
    }
}

/// Tells what the file of the operator says.
pub(super) fn told(known: crate::domain::origin::Origin) -> Found {
    let (asn, country) = (format!("AS{}", known.asn), known.country().to_owned());
    end(Outcome::Pass, "origin-found", vec![("asn", asn), ("net", known.net.to_string()), ("country", country)])
}

/// Reads one text.
fn read(text: &str) -> Option<Origin> {
    let mut fields = text.split('|').map(str::trim);
    let numbers: Vec<&str> = fields.next()?.split_whitespace().take(5).collect();
    let numeric = !numbers.is_empty() && numbers.iter().all(|n| n.len() <= 10 && n.bytes().all(|b| b.is_ascii_digit()));
    let net = Net::parse(fields.next()?).ok()?;
    let country = fields.next().filter(|c| c.len() == 2 && c.bytes().all(|b| b.is_ascii_alphabetic())).unwrap_or("?");
    numeric.then(|| Origin {
        asn: numbers.iter().map(|n| format!("AS{n}")).collect::<Vec<_>>().join(", "),
        net,
        country: country.to_ascii_uppercase(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_the_zone_are_read() {
        let origin = read("64496 64497 | 203.0.113.0/24 | de | registry | 2010-01-31").unwrap();
        assert_eq!(
            (origin.asn.as_str(), origin.country.as_str(), origin.net.prefix_len()),
            ("AS64496, AS64497", "DE", 24)
        );
        assert_eq!(read("hello | 203.0.113.0/24 | DE"), None);
        assert_eq!(read("64496"), None);
    }
}
