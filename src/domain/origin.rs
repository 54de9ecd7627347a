//! Where networks are in the Internet, from a file of the operator: number of the network operator and country by prefix.

use std::collections::HashMap;
use std::net::IpAddr;

use super::net::{Net, fold};

/// What is known of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The announced network.
    pub net: Net,
    /// The number of the autonomous system that announces it.
    pub asn: u32,
    /// The country of the registration, as two capital letters.
    country: [u8; 2],
}

impl Origin {
    /// The country, `?` when the file does not tell it.
    #[must_use]
    pub fn country(&self) -> &str {
        std::str::from_utf8(&self.country).ok().filter(|country| !country.starts_with('-')).unwrap_or("?")
    }
}

/// All networks of a file.
#[derive(Default)]
pub struct Origins(HashMap<Net, Origin>);

impl std::fmt::Debug for Origins {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Origins({})", self.0.len())
    }
}

impl Origins {
    /// Reads a network, a number and, if it is there, a country in each line, with blanks, commas, semicolons or bars
    /// between; `#` begins a remark.
    ///
    /// # Errors
    /// Names the first line that cannot be read.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut all = HashMap::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let origin = read(line).ok_or_else(|| {
                let shown: String = line.chars().take(60).collect();
                format!("line {} is “{shown}”; write `203.0.113.0/24, 64496, DE`", number + 1)
            })?;
            all.insert(origin.net, origin);
        }
        Ok(Self(all))
    }

    /// The narrowest network that has an address.
    #[must_use]
    pub fn find(&self, addr: IpAddr) -> Option<&Origin> {
        let addr = fold(addr);
        let whole = if addr.is_ipv4() { 32 } else { 128 };
        (0..=whole).rev().find_map(|len| self.0.get(&Net::around(addr, len)))
    }
}

/// Reads one line.
fn read(line: &str) -> Option<Origin> {
    let separates = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|');
    let mut fields = line.split(separates).map(|field| field.trim_matches('"')).filter(|field| !field.is_empty());
    let net = Net::parse(fields.next()?).ok()?;
    let number = fields.next()?;
    let asn = number.strip_prefix("AS").unwrap_or(number).parse().ok()?;
    let country = match fields.next().map(|country| country.to_ascii_uppercase().into_bytes()) {
        Some(letters) if letters.len() == 2 && letters.iter().all(u8::is_ascii_alphabetic) => {
            letters.try_into().ok()?
        }
        Some(_) => return None,
        None => *b"--",
    };
    Some(Origin { net, asn, country })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrowest_network_counts() {
        let file = "# ours\n203.0.113.0/24, 64496, DE\n203.0.113.128/25 | AS64497 | fr\n\n2001:db8::/32\t64498\n";
        let origins = Origins::parse(file).unwrap();
        let find =
            |addr: &str| origins.find(addr.parse().unwrap()).map(|origin| (origin.asn, origin.country().to_owned()));
        assert_eq!(find("203.0.113.7"), Some((64496, "DE".to_owned())));
        assert_eq!(find("203.0.113.200"), Some((64497, "FR".to_owned())));
        assert_eq!(find("::ffff:203.0.113.7"), Some((64496, "DE".to_owned())));
        assert_eq!(find("2001:db8::25"), Some((64498, "?".to_owned())));
        assert_eq!(find("192.0.2.1"), None);
    }

    #[test]
    fn a_bad_line_is_named() {
        for bad in ["203.0.113.0/24, DE, 64496", "203.0.113.0/24", "x, 64496", "203.0.113.0/24 64496 Germany"] {
            let error = Origins::parse(&format!("192.0.2.0/24 1\n{bad}")).unwrap_err();
            assert!(error.starts_with("line 2 is"), "{error}");
        }
    }
}
