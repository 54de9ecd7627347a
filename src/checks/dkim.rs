//! Whether the key of a DKIM signature in the evidence is published and strong enough (RFC 6376, 3.6.1; RFC 8301; RFC 8463).

use super::dns::{Inquiry, Miss};
use super::{Found, Outcome, Signature, end};

/// The bits of an RSA key that receivers want.
const BITS_GOOD: usize = 2_048;

/// The bits below which receivers take a key for none.
const BITS_LEAST: usize = 1_024;

/// Asks for the key.
pub(super) async fn check(inquiry: &Inquiry<'_>, signature: &Signature) -> Found {
    let name = format!("{}._domainkey.{}", signature.selector, signature.domain);
    let texts = match inquiry.txt(&name).await {
        Ok(texts) => texts,
        Err(Miss::Failed) => return end(Outcome::Unknown, "no-answer", Vec::new()),
        Err(_) => return end(Outcome::Fail, "dkim-none", vec![("name", name)]),
    };
    match texts.as_slice() {
        [one] => judge(one, &name),
        _ => end(Outcome::Fail, "dkim-many", vec![("name", name)]),
    }
}

/// Judges the text of a key.
fn judge(text: &str, name: &str) -> Found {
    let tag = |wanted: &str| {
        let mut pairs = text.split(';').filter_map(|part| part.split_once('='));
        pairs.find(|(tag, _)| tag.trim() == wanted).map(|(_, value)| value.split_whitespace().collect::<String>())
    };
    let values = |bits: usize| vec![("name", name.to_owned()), ("bits", bits.to_string())];
    let Some(key) = tag("p") else { return end(Outcome::Fail, "dkim-bad", values(0)) };
    if key.is_empty() {
        return end(Outcome::Fail, "dkim-revoked", values(0));
    }
    let testing = tag("t").is_some_and(|flags| flags.split(':').any(|flag| flag == "y"));
    let bits = match tag("k").as_deref() {
        None | Some("rsa") => rsa_bits(&key),
        Some("ed25519") => return end(Outcome::Pass, "dkim-ed25519", values(256)),
        Some(_) => None,
    };
    match bits {
        None => end(Outcome::Fail, "dkim-bad", values(0)),
        Some(bits) if bits < BITS_LEAST => end(Outcome::Fail, "dkim-weak", values(bits)),
        Some(bits) if bits < BITS_GOOD => end(Outcome::Warn, "dkim-short", values(bits)),
        Some(bits) if testing => end(Outcome::Warn, "dkim-testing", values(bits)),
        Some(bits) => end(Outcome::Pass, "dkim-found", values(bits)),
    }
}

/// The bits of an RSA key in base 64, bare or with its kind before it.
fn rsa_bits(key: &str) -> Option<usize> {
    let bytes = data_encoding::BASE64.decode(key.as_bytes()).ok()?;
    let (tag, outer, _) = element(&bytes)?;
    let (inner, first, rest) = element(outer)?;
    let modulus = match (tag, inner) {
        (0x30, 0x02) => first,
        (0x30, 0x30) => {
            let (_, bits, _) = element(rest).filter(|(tag, _, _)| *tag == 0x03)?;
            let (_, key, _) = element(bits.get(1..)?)?;
            element(key).filter(|(tag, _, _)| *tag == 0x02)?.1
        }
        _ => return None,
    };
    let significant = modulus.iter().skip_while(|byte| **byte == 0);
    let top = significant.clone().next()?;
    Some(significant.count() * 8 - usize::try_from(top.leading_zeros()).ok()?)
}

/// The first element of a DER text: its tag, its content, what follows.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, length) = (*bytes.first()?, *bytes.get(1)?);
    let many = usize::from(length & 0x7f);
    let (start, length) = if length & 0x80 == 0 {
        (2, many)
    } else {
        let digits = bytes.get(2..2 + many).filter(|digits| digits.len() <= 3)?;
        (2 + many, digits.iter().fold(0, |all, digit| (all << 8) | usize::from(*digit)))
    };
    Some((tag, bytes.get(start..start + length)?, bytes.get(start + length..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key of so many bytes, in the form with its kind before it; no real one.
    fn key(bytes: usize) -> String {
        let wrap = |tag: u8, content: Vec<u8>| {
            let length = u16::try_from(content.len()).unwrap().to_be_bytes();
            [vec![tag, 0x82, length[0], length[1]], content].concat()
        };
        let number = [vec![0, 0xc1], vec![0x55; bytes - 1]].concat();
        let inner = wrap(0x30, [wrap(0x02, number), vec![0x02, 3, 1, 0, 1]].concat());
        let kind = vec![0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
        data_encoding::BASE64.encode(&wrap(0x30, [kind, wrap(0x03, [vec![0], inner].concat())].concat()))
    }

    #[test]
    fn keys_are_judged() {
        for (text, want) in [
            (format!("v=DKIM1; k=rsa; p={}", key(256)), "dkim-found"),
            (format!("p={}", key(256)), "dkim-found"),
            (format!("v=DKIM1; t=s:y; p={}", key(256)), "dkim-testing"),
            (format!("v=DKIM1; p={}", key(128)), "dkim-short"),
            (format!("v=DKIM1; p={}", key(96)), "dkim-weak"),
            ("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=".to_owned(), "dkim-ed25519"),
            ("v=DKIM1; p=".to_owned(), "dkim-revoked"),
            ("v=DKIM1; p=MIIB".to_owned(), "dkim-bad"),
            ("v=DKIM1; k=dsa; p=MIIB".to_owned(), "dkim-bad"),
            ("v=DKIM1".to_owned(), "dkim-bad"),
        ] {
            assert_eq!(judge(&text, "").finding, want, "{text}");
        }
        assert_eq!(rsa_bits(&key(256)), Some(2_048));
    }
}
