//! The list as programs fetch it over HTTP: only networks that really are blocked, so that a reader that knows neither
//! exemptions nor probations makes no mistake.

use serde::Serialize;

use super::cut::Holes;
use crate::blocklist::item::{Item, Line};
use crate::domain::block::{Action, case_path};
use crate::domain::cause::Causes;
use crate::domain::net::Net;
use crate::domain::time::Time;
use crate::domain::words::words;

words! {
    /// How a feed is written.
    Feed {
        /// One address or network a line and nothing else.
        Plain = "plain",
        /// One network a line, single addresses with their length too.
        Cidr = "cidr",
        /// A map of rspamd.
        Rspamd = "rspamd",
        /// A `cidr:` table of Postfix.
        PostfixCidr = "postfix-cidr",
        /// The IPv4 part for rbldnsd (`ip4trie`).
        Rbldnsd4 = "rbldnsd4",
        /// The IPv6 part for rbldnsd (`ip6trie`).
        Rbldnsd6 = "rbldnsd6",
        /// One JSON document.
        Json = "json",
        /// The list as it stands, one JSON object a line: blocks, exemptions and probations, for those who follow.
        JsonLines = "jsonl",
    }
}

impl Feed {
    /// The media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::JsonLines => "application/x-ndjson",
            _ => "text/plain; charset=utf-8",
        }
    }

    /// What stands before the entries.
    #[must_use]
    pub fn head(self, epoch: &str, n: i64) -> String {
        match self {
            Self::Plain | Self::Cidr | Self::JsonLines => String::new(),
            Self::Json => {
                format!("{{\"epoch\":{},\"number\":{n},\"entries\":[", serde_json::Value::from(epoch))
            }
            Self::PostfixCidr => format!("# postern, change {n}; exemptions are cut out; the first match wins\n"),
            Self::Rspamd | Self::Rbldnsd4 | Self::Rbldnsd6 => {
                format!("# postern, change {n}; exemptions are cut out\n")
            }
        }
    }

    /// What stands behind the entries.
    #[must_use]
    pub fn foot(self) -> &'static str {
        if self == Self::Json { "\n]}\n" } else { "" }
    }

    /// Whether networks of this family belong into it.
    fn takes(self, net: Net) -> bool {
        match self {
            Self::Rbldnsd4 => net.is_v4(),
            Self::Rbldnsd6 => !net.is_v4(),
            _ => true,
        }
    }
}

/// One entry of the JSON document.
#[derive(Serialize)]
struct Shown<'a> {
    /// What is blocked.
    net: String,
    /// Code of the cause.
    cause: &'a str,
    /// What gateways do.
    action: Action,
    /// When its newest evidence was seen (RFC 3339).
    evidence_at: String,
    /// When it ends by itself.
    until: Option<String>,
    /// The case link.
    case_link: &'a str,
}

/// Writes entries of a feed.
#[derive(Debug)]
pub struct Writer<'a> {
    /// How.
    pub feed: Feed,
    /// The portal's address, for case links.
    pub portal: &'a str,
    /// The causes and their replies.
    pub causes: &'a Causes,
    /// What is cut out.
    pub holes: &'a Holes,
    /// When the list is judged: what has ended by then is left out.
    pub at: Time,
    /// Whether nothing was written yet.
    pub first: bool,
}

impl Writer<'_> {
    /// Writes things of the list, one block in as many entries as it takes.
    pub fn write(&mut self, items: Vec<Item>, out: &mut String) {
        for item in items {
            if self.feed == Feed::JsonLines {
                out.push_str(&Line::from(item).json());
                out.push('\n');
            } else {
                self.write_block(&item, out);
            }
        }
    }

    /// Writes what a block really blocks.
    fn write_block(&mut self, item: &Item, out: &mut String) {
        let Item::Block { id, net, evidence_at, until, .. } = item else { return };
        if until.is_some_and(|end| end <= self.at) || !self.feed.takes(*net) {
            return;
        }
        for piece in self.holes.cut(*id, *net, *evidence_at) {
            if self.feed == Feed::Json {
                out.push_str(if self.first { "\n" } else { ",\n" });
                self.first = false;
            }
            out.push_str(&self.entry(item, piece));
            if self.feed != Feed::Json {
                out.push('\n');
            }
        }
    }

    /// One entry: `net` is the block or a piece of it.
    fn entry(&self, item: &Item, net: Net) -> String {
        let Item::Block { cause, action, case, evidence_at, until, .. } = item else { return String::new() };
        let client = net.is_single().then(|| net.first());
        let link = format!("{}{}", self.portal, case_path(case, client));
        let known = self.causes.find(cause);
        let text = |link: &str| known.map_or_else(|| format!("blocked ({cause}), see {link}"), |c| c.reply_text(link));
        match self.feed {
            Feed::Cidr => format!("{}/{}", net.first(), net.prefix_len()),
            Feed::PostfixCidr => {
                let reply = match (known.filter(|c| c.action == *action), action) {
                    (Some(cause), _) => cause.reply_line(&link),
                    (None, Action::Reject) => format!("550 5.7.1 {}", text(&link)),
                    (None, Action::Defer) => format!("450 4.7.1 {}", text(&link)),
                };
                format!("{}/{} {reply}", net.first(), net.prefix_len())
            }
            Feed::Rbldnsd4 | Feed::Rbldnsd6 => {
                // rbldnsd puts the address that was asked for in the place of the dollar sign.
                let link = format!("{}{}/$", self.portal, case_path(case, None));
                format!("{net} :{}:{}", self.causes.answer(cause, *action), text(&link))
            }
            Feed::Json => {
                let (evidence_at, until) = (evidence_at.rfc3339(), until.map(Time::rfc3339));
                let shown =
                    Shown { net: net.to_string(), cause, action: *action, evidence_at, until, case_link: &link };
                serde_json::to_string(&shown).unwrap_or_default()
            }
            Feed::Plain | Feed::Rspamd | Feed::JsonLines => net.to_string(),
        }
    }
}
