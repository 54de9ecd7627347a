//! Why a mail was refused, from the words of the reply.
//!
//! The phrases stand in `phrases.txt`, row by row in order of weight: the first row that fits wins.
//! Where no phrase fits, the enhanced status code (RFC 3463, RFC 5248 and the registry behind it)
//! decides, and at last nothing does: then it is `other`.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::blocklists::Named;
use super::findings::Category::{
    self, AuthDmarc, ContentSpam, Greylist, Helo, IpBlock, MailboxUnknown, Other, Policy, RateLimit, Rbl, Rdns, Tls,
};
use super::scan;

/// The table of phrases.
static PHRASES: &str = include_str!("phrases.txt");

/// How far apart the parts of a phrase with `*` may stand.
const REACH: usize = 120;

/// The category that a word of the table names.
fn category(word: &str) -> Option<Category> {
    Some(match word {
        "ip-block" => IpBlock,
        "rbl" => Rbl,
        "rdns" => Rdns,
        "helo" => Helo,
        "rate-limit" => RateLimit,
        "greylist" => Greylist,
        "auth-dmarc" => AuthDmarc,
        "content-spam" => ContentSpam,
        "mailbox-unknown" => MailboxUnknown,
        "policy" => Policy,
        "tls" => Tls,
        "other" => Other,
        _ => return None,
    })
}

/// The rows of some groups, in order: category and phrases.
fn rows(groups: &[&str]) -> Vec<(Category, Vec<&'static str>)> {
    let mut found: Vec<(usize, Category, Vec<&'static str>)> = Vec::new();
    let mut open = false;
    for line in PHRASES.lines().filter(|l| !l.starts_with('#')) {
        if let Some((group, word)) = line.split_once(' ').filter(|(g, _)| !g.is_empty()) {
            let rank = groups.iter().position(|g| *g == group);
            open = rank.is_some();
            if let (Some(rank), Some(category)) = (rank, category(word)) {
                found.push((rank, category, Vec::new()));
            }
        } else if let Some(row) = found.last_mut().filter(|_| open) {
            row.2.extend(line.split('|').map(str::trim).filter(|p| !p.is_empty()));
        }
    }
    found.sort_by_key(|(rank, _, _)| *rank);
    found.into_iter().map(|(_, category, phrases)| (category, phrases)).collect()
}

/// All phrases of some groups, with one automaton over their first parts.
struct Table {
    /// Finds the first parts.
    finder: AhoCorasick,
    /// For each pattern: the rank of its row, the category, and the parts behind the `*`.
    phrases: Vec<(usize, Category, Vec<&'static str>)>,
}

impl Table {
    /// Builds the automaton of some groups; the rank of a row is its place.
    fn new(groups: &[&str]) -> Option<Self> {
        let mut heads = Vec::new();
        let mut phrases = Vec::new();
        for (rank, (category, texts)) in rows(groups).into_iter().enumerate() {
            for text in texts {
                let mut parts = text.split('*').map(str::trim);
                heads.push(parts.next().unwrap_or(text));
                phrases.push((rank, category, parts.collect()));
            }
        }
        let finder = AhoCorasick::new(heads).ok()?;
        Some(Self { finder, phrases })
    }

    /// The category of the weightiest row that fits, with the rank of the row.
    fn best(&self, lower: &str) -> Option<(usize, Category)> {
        let hits = self.finder.find_overlapping_iter(lower).take(2000);
        hits.filter_map(|hit| {
            let (rank, category, tails) = self.phrases.get(hit.pattern().as_usize())?;
            let starts =
                lower.get(..hit.start()).and_then(|t| t.chars().next_back()).is_none_or(|c| !c.is_alphanumeric())
                    || !lower.as_bytes().get(hit.start()).is_some_and(u8::is_ascii_alphanumeric);
            (starts && tails_follow(lower, hit.end(), tails)).then_some((*rank, *category))
        })
        .min_by_key(|(rank, _)| *rank)
    }
}

/// Whether the further parts of a phrase follow one after the other.
fn tails_follow(lower: &str, mut from: usize, tails: &[&str]) -> bool {
    tails.iter().all(|part| {
        let window = scan::truncated(lower.get(from..).unwrap_or(""), REACH);
        let at = window.find(part);
        from += at.unwrap_or(0) + part.len();
        at.is_some()
    })
}

/// The phrases that outweigh a blocklist.
static FIRST_TABLE: LazyLock<Option<Table>> = LazyLock::new(|| Table::new(&["first"]));
/// The phrases that say little.
static VAGUE_TABLE: LazyLock<Option<Table>> = LazyLock::new(|| Table::new(&["vague"]));
/// All the others.
static TABLE: LazyLock<Option<Table>> = LazyLock::new(|| Table::new(&["full", "recipient", "rows", "later"]));

/// The category of a reply from its plain text (lower case), its codes and the blocklist that it names.
pub(crate) fn of(lower: &str, code: Option<u16>, enhanced: Option<&str>, list: Option<&Named>) -> Category {
    let words = lower.trim();
    if let Some((_, category)) = FIRST_TABLE.as_ref().and_then(|t| t.best(words)) {
        return category;
    }
    if list.is_some() {
        return Rbl;
    }
    if let Some(category) = enhanced.and_then(telling_status) {
        return category;
    }
    let phrase = TABLE.as_ref().and_then(|t| t.best(words));
    let vague = phrase.is_none_or(|(_, c)| matches!(c, Policy | MailboxUnknown | Other));
    if vague && nothing_said(words) {
        return enhanced.filter(|_| code.is_none()).and_then(status).unwrap_or(Other);
    }
    // An access table of Postfix refuses a recipient with these words; Microsoft's 5.4.1 means an unknown one.
    if enhanced.is_some_and(|e| e.ends_with("7.1")) && words.contains("recipient address rejected: access denied") {
        return Policy;
    }
    let temporary = code.is_some_and(|code| code < 500);
    let coded = enhanced.and_then(status).filter(|category| !(temporary && *category == MailboxUnknown));
    let vaguely = || VAGUE_TABLE.as_ref().and_then(|t| t.best(words)).map(|(_, c)| c);
    phrase.map(|(_, c)| c).or(coded.filter(|c| *c == MailboxUnknown)).or_else(vaguely).or(coded).unwrap_or(Other)
}

/// Whether a phrase of the table speaks in the text (lower case), rather than codes alone.
pub(crate) fn speaks(lower: &str) -> bool {
    [&FIRST_TABLE, &TABLE].iter().any(|table| table.as_ref().is_some_and(|table| table.best(lower).is_some()))
}

/// Whether the text only says that something failed, for a time or for good.
fn nothing_said(words: &str) -> bool {
    let phrases = [
        "service unavailable",
        "service not available",
        "service temporarily unavailable",
        "temporary failure",
        "try again later",
        "temporary server error",
        "service is currently unavailable",
        "temporarily rejected message",
        "come back later",
        "perm error",
        "temp error",
    ];
    let reasons = [
        "host",
        "client",
        "block",
        "listed",
        "spam",
        "polic",
        "too many",
        "because",
        "due to",
        "<",
        "reputation",
        "verif",
        "sender",
        "recipient",
        "mailbox",
        "user",
        "rate",
        "busy",
        "limit",
        "slow",
    ];
    words.len() < 140 && phrases.iter().any(|p| words.contains(p)) && !reasons.iter().any(|r| words.contains(r))
}

/// Status codes that say more than any text (Microsoft's and Google's own, RFC 7372, RFC 8461).
fn telling_status(status: &str) -> Option<Category> {
    let tail = status.get(2..)?;
    Some(match tail {
        "7.25" => Rdns,
        "7.26" | "7.27" | "7.30" | "7.32" | "7.20" | "7.21" | "7.22" | "7.24" | "7.40" | "7.509" | "7.515" => AuthDmarc,
        "7.28" | "7.650" | "7.651" | "7.652" | "7.705" | "7.232" | "7.233" => RateLimit,
        "7.13" | "7.124" | "7.129" | "7.133" | "7.134" | "7.135" | "7.136" | "7.507" | "7.510" | "7.57" | "7.64"
        | "7.750" => Policy,
        "7.29" | "7.10" => Tls,
        "7.506" => Helo,
        "7.511" | "7.606" | "7.607" | "7.608" | "7.609" | "7.513" | "7.708" => IpBlock,
        _ if tail.strip_prefix("7.6").is_some_and(|d| d.len() == 2) => IpBlock,
        "1.10" => MailboxUnknown,
        _ => return None,
    })
}

/// What a status code of the registry says when the words say nothing.
pub(crate) fn status(status: &str) -> Option<Category> {
    let tail = status.get(2..)?;
    Some(match tail {
        "1.1" | "1.3" | "1.4" | "1.6" | "1.10" | "2.1" | "1.0" => MailboxUnknown,
        "5.3" | "3.8" => RateLimit,
        "1.7" | "1.8" | "1.9" | "7.0" | "7.1" | "7.2" | "7.7" | "7.8" | "7.9" | "7.13" | "7.17" | "6.0" | "6.1"
        | "6.3" | "6.7" | "2.3" | "3.4" => Policy,
        "7.4" | "7.5" | "7.10" | "7.11" => Tls,
        "7.23" => AuthDmarc,
        _ if tail.starts_with("7.") => Policy,
        _ => Other,
    })
}

#[cfg(test)]
mod tests;
