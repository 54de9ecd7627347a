//! The smaller fields: addresses, identifiers, signatures and lists.

use serde::{Deserialize, Serialize};

use super::authres::without_comments;

/// One DKIM signature, as far as a header shows it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DkimSignature {
    /// The signing domain, `d=`.
    pub domain: Option<String>,
    /// The selector, `s=`.
    pub selector: Option<String>,
    /// The algorithm, `a=`.
    pub algorithm: Option<String>,
}

/// The most URIs that a list field gives.
const MOST_URIS: usize = 20;

/// Reads a `DKIM-Signature` field (RFC 6376, 3.5).
pub(super) fn dkim(value: &str) -> DkimSignature {
    let tag = |name| tag(value, name).map(str::to_owned);
    DkimSignature { domain: tag("d"), selector: tag("s"), algorithm: tag("a") }
}

/// The value of a tag in a list of `name=value;`.
pub(crate) fn tag<'t>(value: &'t str, name: &str) -> Option<&'t str> {
    let pairs = value.split(';').filter_map(|pair| pair.split_once('='));
    let found = pairs.map(|(key, value)| (key.trim(), value.trim())).find(|(key, _)| *key == name);
    found
        .map(|(_, value)| value.get(..value.floor_char_boundary(255)).unwrap_or(value))
        .filter(|value| !value.is_empty())
}

/// The identifier of a message as written, with its angle brackets.
pub(super) fn message_id(value: &str) -> Option<String> {
    let value = value.trim();
    let bracketed = value.find('<').and_then(|start| {
        let end = value.get(start..)?.find('>')?;
        value.get(start..=start + end)
    });
    let plain = value.split([' ', '\t']).next();
    let id = bracketed.or(plain).filter(|id| !id.is_empty() && *id != "<>")?;
    Some(id.get(..id.floor_char_boundary(998)).unwrap_or(id).to_owned())
}

/// The domain of the first address of a field, lower case.
pub(super) fn domain(value: &str) -> Option<String> {
    let (plain, _) = without_comments(value);
    let bare = outside_quotes(&plain);
    let address = bare.rsplit_once('<').map_or(bare.as_str(), |(_, rest)| rest);
    let address = address.split(['>', ',']).next().unwrap_or("");
    let (_, domain) = address.rsplit_once('@')?;
    let domain = domain.trim().trim_end_matches('.').to_lowercase();
    let fits = !domain.is_empty() && domain.len() <= 255 && !domain.contains([' ', '<', '"']);
    fits.then_some(domain)
}

/// A text without its quoted strings, which may hold anything.
fn outside_quotes(text: &str) -> String {
    text.split('"').step_by(2).collect()
}

/// The URIs of a `List-Unsubscribe` field (RFC 2369): what stands in angle brackets.
pub(super) fn uris(value: &str) -> Vec<String> {
    let mut found: Vec<String> = value
        .split('<')
        .skip(1)
        .filter_map(|rest| rest.split_once('>'))
        .map(|(uri, _)| uri.split_whitespace().collect::<String>())
        .filter(|uri| !uri.is_empty() && uri.len() <= 2000)
        .take(MOST_URIS)
        .collect();
    let bare = value.trim();
    if found.is_empty() && ["http://", "https://", "mailto:"].iter().any(|start| bare.starts_with(start)) {
        found.extend(bare.split([' ', ',']).next().map(|uri| uri.chars().take(2000).collect()));
    }
    found
}

/// Whether a `List-Unsubscribe-Post` field asks for one-click unsubscription (RFC 8058).
pub(super) fn one_click(value: &str) -> bool {
    let plain: String = value.chars().filter(|c| !c.is_whitespace()).take(40).collect();
    plain.eq_ignore_ascii_case("List-Unsubscribe=One-Click")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_come_out_of_any_address() {
        let cases = [
            ("Ann <ann@Example.ORG>", Some("example.org")),
            ("ann@example.org (Ann)", Some("example.org")),
            ("\"Ann <x@y.example>\" <ann@example.org>", Some("example.org")),
            ("<>", None),
            ("undisclosed-recipients:;", None),
        ];
        for (value, want) in cases {
            assert_eq!(domain(value).as_deref(), want, "{value}");
        }
    }

    #[test]
    fn lists_give_their_uris() {
        assert_eq!(uris("<https://example.org/u?x=1,2>,\t<mailto:u@example.org> (comment)").len(), 2);
        assert_eq!(uris("https://example.org/u"), ["https://example.org/u"]);
        assert!(uris("nothing").is_empty());
        assert!(one_click("List-Unsubscribe=One-Click"));
        assert!(!one_click("yes"));
    }

    #[test]
    fn signatures_name_domain_and_selector() {
        let got = dkim("v=1; a=rsa-sha256; d=example.org; s= key1 ; h=from:to");
        assert_eq!((got.domain.as_deref(), got.selector.as_deref()), (Some("example.org"), Some("key1")));
    }

    #[test]
    fn message_ids_keep_their_brackets() {
        assert_eq!(message_id(" <a@example.org> (added)").as_deref(), Some("<a@example.org>"));
        assert_eq!(message_id("a@example.org").as_deref(), Some("a@example.org"));
        assert_eq!(message_id("  "), None);
    }
}
