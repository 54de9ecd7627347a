//! The filter reports of Microsoft 365, Outlook.com and Exchange.

use super::{Explained, made};

/// A code, its stable key and what it means.
type Meaning = (&'static str, &'static str);

/// Spam filtering verdicts (`SFV`).
const SFV: &[Meaning] = &[
    ("BLK", "filtering was skipped: the recipient has blocked this sender"),
    ("NSPM", "the filter found the mail to be no spam"),
    ("SFE", "filtering was skipped: the recipient trusts this sender"),
    ("SKA", "filtering was skipped: sender or domain is on an allow list of the receiving organisation"),
    ("SKB", "sender or domain is on a block list of the receiving organisation"),
    ("SKI", "filtering was skipped: the mail did not leave the organisation"),
    ("SKN", "filtering was skipped: marked as no spam beforehand, for instance by a transport rule"),
    ("SKQ", "the mail was released from quarantine"),
    ("SKS", "marked as spam beforehand, for instance by a transport rule"),
    ("SPM", "the filter found the mail to be spam"),
];

/// Categories of protection (`CAT`).
const CAT: &[Meaning] = &[
    ("AMP", "malware"),
    ("BIMP", "imitation of a brand"),
    ("BULK", "bulk mail"),
    ("DIMP", "imitation of a domain"),
    ("FTBP", "a forbidden kind of attachment"),
    ("GIMP", "imitation, found by mailbox intelligence"),
    ("HPHISH", "phishing, high confidence"),
    ("HPHSH", "phishing, high confidence"),
    ("HSPM", "spam, high confidence"),
    ("INTOS", "phishing inside the organisation"),
    ("MALW", "malware"),
    ("NONE", "nothing in particular"),
    ("OSPM", "outgoing spam"),
    ("PHSH", "phishing"),
    ("SAP", "a dangerous attachment"),
    ("SPM", "spam"),
    ("SPOOF", "a forged sender address"),
    ("UIMP", "imitation of a person"),
];

/// Verdicts on the address (`IPV`).
const IPV: &[Meaning] = &[
    ("CAL", "filtering was skipped: the address is on the receiver's allow list"),
    ("NLI", "the address is on no reputation list"),
];

/// Explains a list of `NAME:value;`.
pub(super) fn report(filter: &str, value: &str) -> Vec<Explained> {
    let pairs = value.split(';').filter_map(|pair| pair.split_once(':'));
    pairs.take(40).filter_map(|(name, value)| part(filter, name.trim(), value.trim())).collect()
}

/// Explains one pair, if it says something about the mail.
fn part(filter: &str, name: &str, value: &str) -> Option<Explained> {
    if value.is_empty() {
        return None;
    }
    match name {
        "SCL" => scl(filter, value),
        "BCL" => bcl(filter, value),
        "PCL" => number(value)
            .map(|level| made("pcl", &[value], value, format!("Phishing confidence level {level} of 8 at {filter}."))),
        "SFV" => listed("sfv", SFV, value, "Verdict of the spam filter"),
        "CAT" => listed("cat", CAT, value, "Category"),
        "IPV" => listed("ipv", IPV, value, "Address"),
        "SRV" if value == "BULK" => {
            Some(made("srv-bulk", &[], value, "The filter takes this for bulk mail.".to_owned()))
        }
        "SFTY" => Some(made(
            "sfty",
            &[value],
            value,
            format!("Marked as a possible forgery or phishing (safety code {value})."),
        )),
        _ => None,
    }
}

/// Explains a code by its list.
fn listed(key: &str, list: &[Meaning], value: &str, what: &str) -> Option<Explained> {
    let (code, meaning) = list.iter().find(|(code, _)| code.eq_ignore_ascii_case(value))?;
    Some(made(&format!("{key}-{}", code.to_ascii_lowercase()), &[code], value, format!("{what}: {meaning}.")))
}

/// A small number, also negative.
fn number(value: &str) -> Option<i8> {
    value.parse().ok()
}

/// Explains the spam confidence level.
pub(super) fn scl(filter: &str, value: &str) -> Option<Explained> {
    let (key, meaning) = match number(value)? {
        -1 => ("scl-skipped", "the filter was skipped, because sender or recipient is trusted"),
        0 | 1 => ("scl-ham", "no spam"),
        2..=4 => ("scl-low", "little suspicion"),
        5 | 6 => ("scl-spam", "spam; it usually goes to the junk folder"),
        7..=9 => ("scl-high", "spam with high confidence"),
        _ => return None,
    };
    Some(made(key, &[value], value, format!("Spam confidence level {value} at {filter}: {meaning}.")))
}

/// Explains the bulk complaint level.
fn bcl(filter: &str, value: &str) -> Option<Explained> {
    let (key, meaning) = match number(value)? {
        0 => ("bcl-none", "not from a bulk sender"),
        1..=3 => ("bcl-few", "from a bulk sender with few complaints"),
        4..=7 => ("bcl-some", "from a bulk sender with a mixed number of complaints"),
        8 | 9 => ("bcl-many", "from a bulk sender with many complaints"),
        _ => return None,
    };
    Some(made(key, &[value], value, format!("Bulk complaint level {value} at {filter}: {meaning}.")))
}
