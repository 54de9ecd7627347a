//! Makes a full [`Reply`] of a reply text: codes, address, category, provider, list, whose it is.

use std::borrow::Cow;
use std::net::IpAddr;

use super::blocklists::{self, Named};
use super::context::Context;
use super::findings::{Category, Direction, Reply, Whose};
use super::{category, mask, provider, reply, scan};

/// The longest text of a reply that is kept, in bytes.
const LONGEST: usize = 2_000;

/// Fills in everything that the text of a reply tells; what the caller already knows stays.
pub(crate) fn describe(text: &str, mut known: Reply, context: &Context) -> Reply {
    let parsed = reply::parse(behind_own_words(text));
    let lower = parsed.plain.to_lowercase();
    let list = blocklists::named(&lower);
    known.smtp_code = known.smtp_code.or(parsed.code);
    known.enhanced_status = known.enhanced_status.or(parsed.enhanced);
    known.phase = known.phase.or(parsed.phase);
    known.url = known.url.or_else(|| scan::url(&parsed.plain));
    let remote = known.remote_ip;
    known.ip = known.ip.or_else(|| about(&parsed.plain, remote));
    let category = category::of(&nameless(&lower), known.smtp_code, known.enhanced_status.as_deref(), list.as_ref());
    let greeted = known.phase.as_deref().is_some_and(|p| matches!(p.split(' ').next(), Some("HELO" | "EHLO")));
    let category = if greeted && category == Category::Other { Category::Helo } else { category };
    known.category = known.category.or(Some(category));
    known.recipient_domain =
        known.recipient_domain.or_else(|| refused_recipient(&parsed.plain, &lower, known.category));
    if known.provider.is_none() {
        known.provider = speaker(&known, &lower);
    }
    known.text = if known.text.is_empty() { parsed.text } else { known.text };
    known.text = mask::without_secrets(known.text);
    known.text.truncate(known.text.floor_char_boundary(LONGEST));
    ours(&mut known, &parsed.plain, context);
    if known.whose.is_none() {
        known.whose = whose(&known, list.as_ref(), &lower);
    }
    if let Some(list) = list.filter(|_| known.category == Some(Category::Rbl)) {
        known.list = Some(list.name);
        known.removal_url = list.removal;
    }
    known
}

/// The reply behind the words that `IronPort` puts before it: `5.1.0 - Unknown address error 550-'no such user'`. The code
/// in front is its own.
fn behind_own_words(text: &str) -> &str {
    let inner = || {
        let (status, rest) = text.trim_start().split_once(" - ")?;
        reply::enhanced_prefix(status).filter(|found| *found == status)?;
        let at = rest.find(|c: char| c.is_ascii_digit()).filter(|at| *at <= 60)?;
        let (code, said) = rest.get(at..)?.split_once('-')?;
        let is_code = code.len() == 3 && code.starts_with(['4', '5']) && code.bytes().all(|b| b.is_ascii_digit());
        (is_code && said.starts_with(['\'', '"'])).then(|| rest.get(at..)).flatten()
    };
    inner().unwrap_or(text)
}

/// The domain of the recipient that a reply refuses: the one address in a reply about an unknown mailbox, or the one before
/// words that only a recipient gets.
fn refused_recipient(plain: &str, lower: &str, category: Option<Category>) -> Option<String> {
    let address = scan::address(plain)?;
    let (_, rest) = plain.split_once(address)?;
    let told = ["recipient address rejected", "relay access denied", "relaying denied", "user unknown", "unknown user"];
    let rest = rest.trim_start_matches(['>', ':', '.', ' ']).to_ascii_lowercase();
    let spoken = told.iter().any(|words| rest.starts_with(words));
    let alone =
        category == Some(Category::MailboxUnknown) && !lower.contains("sender") && scan::address(&rest).is_none();
    (spoken || alone).then(|| scan::domain_of(address)).flatten()
}

/// A reply in which `[ip]` stands for every address, so that phrases can name one.
fn nameless(lower: &str) -> Cow<'_, str> {
    let found = scan::ips(lower);
    if found.is_empty() {
        return Cow::Borrowed(lower);
    }
    let mut out = String::with_capacity(lower.len());
    let mut from = 0;
    for span in found.into_iter().map(|found| found.span) {
        let before = lower.get(from..span.start).unwrap_or("");
        out.push_str(before.strip_suffix('[').unwrap_or(before));
        out.push_str("[ip]");
        from = span.end + usize::from(lower.get(span.end..).is_some_and(|rest| rest.starts_with(']')));
    }
    out.push_str(lower.get(from..).unwrap_or(""));
    Cow::Owned(out)
}

/// Whose server said it, for logs of senders and bare replies.
fn speaker(known: &Reply, lower: &str) -> Option<String> {
    if known.direction == Some(Direction::In) {
        return None;
    }
    let host = known.remote_host.as_deref().and_then(provider::of_host);
    host.or_else(|| provider::of_text(lower)).map(str::to_owned)
}

/// The sending address that a reply names: not the receiver's, not a return code of a DNS list.
fn about(plain: &str, remote: Option<IpAddr>) -> Option<IpAddr> {
    let urls = scan::url_spans(plain);
    let found = scan::ips(plain);
    let usable = |f: &&scan::FoundIp| !excluded(plain, f) && Some(f.ip) != remote;
    let outside = |f: &&scan::FoundIp| !urls.iter().any(|u| u.contains(&f.span.start));
    let mut spoken: Vec<&scan::FoundIp> = found.iter().filter(usable).filter(outside).collect();
    spoken.sort_by_key(|f| local(f.ip));
    if let Some(first) = spoken.first() {
        return Some(first.ip);
    }
    if plain.to_lowercase().contains("resolver") || plain.contains("Query Refused") {
        return None;
    }
    found.iter().filter(usable).find(|f| !outside(f)).map(|f| f.ip)
}

/// Whether an address is private or link-local.
fn local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// Whether an address in a reply is certainly not the sender's.
fn excluded(plain: &str, found: &scan::FoundIp) -> bool {
    let unusable = found.ip.is_loopback()
        || found.ip.is_unspecified()
        || matches!(found.ip, IpAddr::V4(v4) if v4.is_broadcast() || v4.is_multicast() || v4.octets()[0] == 0);
    let head = plain.get(..found.span.start).unwrap_or("");
    let tail = plain.get(found.span.end..).unwrap_or("");
    unusable
        || not_reached(head, tail)
        || receiver_before(head)
        || receiver_behind(head, tail)
        || serial(head, tail)
        || no_address(head, tail)
}

/// Whether four numbers are a network (`192.0.2.0/24`), an end of a connection (`(TCP|192.0.2.1|25|…)`) or the section of a standard (`RFC 2821 4.1.1.1`).
fn no_address(head: &str, tail: &str) -> bool {
    let length =
        tail.strip_prefix('/').map_or("", |rest| rest.split(|c: char| !c.is_ascii_digit()).next().unwrap_or(""));
    let network = matches!(length.len(), 1..=3) && !matches!(length, "32" | "128");
    let connection = head.rsplit('(').next().is_some_and(|shown| shown.starts_with("TCP|"));
    let words = head.trim_end_matches(|c: char| !c.is_alphanumeric());
    let standard = words.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches([' ', '-']);
    let low = head.trim_end().to_ascii_lowercase();
    let section = low.ends_with("section") || low.ends_with('§');
    connection || section || network || standard.len() < words.len() && standard.to_ascii_lowercase().ends_with("rfc")
}

/// Whether the words before an address make it a receiving server's or a resolver's.
fn receiver_before(head: &str) -> bool {
    let near: String = head.chars().rev().take(28).collect::<Vec<_>>().into_iter().rev().collect();
    let near = near.to_lowercase();
    let near = near.trim_end_matches(['[', '(', ' ', ':', '=']);
    [
        "server",
        "called",
        "lastattemptedip",
        "dns ip",
        "dns server",
        "resolver",
        "nameserver",
        "name server",
        "connect to",
        "local ip",
        "i",
    ]
    .iter()
    .any(|w| {
        near.strip_suffix(w).is_some_and(|rest| {
            if *w == "i" {
                head.ends_with("I=[")
            } else {
                *w != "server" || head.ends_with("erver: (") || head.ends_with("erver: ") && !rest.ends_with("mail ")
            }
        })
    })
}

/// Whether `host[address] said` names the server behind the refusing one.
fn receiver_behind(head: &str, tail: &str) -> bool {
    let bracketed = head.ends_with('[');
    let rest = tail.trim_start_matches([']', ' ']);
    let rest = rest.strip_prefix(':').map_or(rest, |r| r.trim_start_matches(|c: char| c.is_ascii_digit()));
    let connecting = head.trim_end_matches('[').rsplit(char::is_whitespace).nth(1).is_some_and(|w| w == "to")
        && (head.contains("connect to") || head.contains("onnection to"));
    let by_host = head.trim_end_matches('[').rsplit(char::is_whitespace).take(3).collect::<Vec<_>>();
    let by_host = matches!(by_host.as_slice(), [_, "host", "by" | "to" | "with" | "from"]);
    let told = by_host && bracketed || tail.starts_with(" said ") || tail.starts_with(" refused to talk");
    let lost = head.trim_end_matches('[').rsplit(char::is_whitespace).nth(1).is_some_and(|w| w == "with")
        && head.contains("lost connection");
    told || bracketed
        && (connecting
            || gave_up_on(head, rest)
            || ["said", "refused to talk"].iter().any(|w| rest.trim_start_matches([':', ' ']).starts_with(w))
            || lost)
}

/// Whether `[mx.example. 192.0.2.1: timed out]` names the server that was not reached.
fn not_reached(head: &str, tail: &str) -> bool {
    let mut words = head.rsplit([' ', '[']);
    let named =
        words.next() == Some("") && words.next().is_some_and(|host| host.ends_with('.') && scan::host_like(host));
    named && tail.starts_with(": ") && tail.contains(']')
}

/// Whether `host mx.example [address]: Connection timed out` names the server that was not reached.
fn gave_up_on(head: &str, rest: &str) -> bool {
    let mut words = head.trim_end_matches('[').split_whitespace().rev();
    let host = words.next().is_some_and(scan::host_like) && words.next() == Some("host");
    host && ["Connection", "No route", "Operation", "Network", "retry", "SMTP ", "LMTP ", "TLS "]
        .iter()
        .any(|w| rest.trim_start().starts_with(w))
}

/// Whether four numbers are a serial (`- 4.16.55.1;`) behind the sentence.
fn serial(head: &str, tail: &str) -> bool {
    head.ends_with("- ") && tail.starts_with(';') && head.len() > 40
}

/// Looks for our cause codes, case links and host names.
fn ours(known: &mut Reply, plain: &str, context: &Context) {
    known.cause = context.cause_codes.iter().find(|c| word_in(plain, c)).cloned();
    known.case = context.case_link_base.as_deref().and_then(|base| case_code(plain, base));
    let host = known.remote_host.as_deref().or(if known.direction == Some(Direction::In) {
        known.local_host.as_deref()
    } else {
        None
    });
    let own_host = host.is_some_and(|h| own(h, context));
    if known.cause.is_some() || known.case.is_some() || own_host {
        known.whose = Some(Whose::Ours);
    }
}

/// Whether a host is one of ours.
fn own(host: &str, context: &Context) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    context.own_hosts.iter().any(|o| !o.is_empty() && provider::within(&host, &o.to_ascii_lowercase()))
}

/// Whether a code stands in the text as a word of its own.
fn word_in(text: &str, code: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    !code.is_empty()
        && text.match_indices(code).any(|(at, _)| {
            let before = text.get(..at).and_then(|t| t.chars().next_back());
            let behind = text.get(at + code.len()..).and_then(|t| t.chars().next());
            !before.is_some_and(part) && !behind.is_some_and(part)
        })
}

/// The code in a case link such as `https://postmaster.example/c/7K3FQ2XW/203.0.113.7`, tail cut off or not.
fn case_code(text: &str, base: &str) -> Option<String> {
    let link = format!("{}/c/", base.trim_end_matches('/'));
    let rest = scan::after(text, &link)?;
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
    rest.get(..end).filter(|c| (4..=16).contains(&c.len())).map(str::to_owned)
}

/// Words with which a server gives up by itself: no other server has said no.
const GAVE_UP: &[&str] = &[
    "timed out",
    "connection refused",
    "connection reset",
    "lost connection",
    "no route to host",
    "network is unreachable",
    "host not found",
    "name service error",
    "name or service not known",
    "host or domain name not found",
    "unrouteable address",
    "loops back to myself",
    "too many hops",
    "retry timeout exceeded",
    "retry time not reached",
];

/// Whose refusal it is when it is not ours. A log of incoming mail is the sender's own server refusing others; a sender's
/// log that tells of no server that answered is that server giving up. A bare reply that names nobody may be anybody's.
fn whose(known: &Reply, list: Option<&Named>, lower: &str) -> Option<Whose> {
    if known.category == Some(Category::Rbl) && list.is_some() {
        return Some(Whose::Blocklist);
    }
    if known.direction == Some(Direction::In) {
        return Some(Whose::OwnServer);
    }
    let unnamed = known.remote_host.is_none() && known.remote_ip.is_none() && known.provider.is_none();
    let gave_up = known.smtp_code.is_none() && GAVE_UP.iter().any(|words| lower.contains(words));
    let by_itself = unnamed && known.queue_id.is_some() && known.smtp_code.is_none();
    if gave_up || by_itself {
        return Some(Whose::OwnServer);
    }
    (!unnamed).then_some(Whose::Provider)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_gives_up_or_refuses_others_is_the_senders_own() {
        let of = |direction, text: &str, host: Option<&str>| {
            let known = Reply { direction, remote_host: host.map(str::to_owned), ..Reply::default() };
            describe(text, known, &Context::default()).whose
        };
        let (out, inward) = (Some(Direction::Out), Some(Direction::In));
        assert_eq!(
            of(out, "connect to mx.example.org[192.0.2.1]:25: Connection timed out", Some("mx.example.org")),
            Some(Whose::OwnServer)
        );
        assert_eq!(of(out, "550 5.1.1 unknown user", None), None);
        assert_eq!(of(inward, "554 5.7.1 Relay access denied", None), Some(Whose::OwnServer));
        assert_eq!(of(out, "550 5.7.1 go away", Some("mx.example.org")), Some(Whose::Provider));
        assert_eq!(of(None, "550 5.7.1 go away", None), None);
    }

    fn read(text: &str) -> Reply {
        let context = Context {
            own_hosts: vec!["mx.example".into()],
            cause_codes: vec!["PB-SPAM".into()],
            case_link_base: Some("https://postmaster.example".into()),
            ..Context::default()
        };
        describe(text, Reply::default(), &context)
    }

    #[test]
    fn our_own_refusals_are_known() {
        let reply = read(
            "550 5.7.1 Client host rejected: blocked (PB-SPAM), see https://postmaster.example/c/7K3FQ2XW/203.0.113.7",
        );
        assert_eq!(
            (reply.whose, reply.cause.as_deref(), reply.case.as_deref()),
            (Some(Whose::Ours), Some("PB-SPAM"), Some("7K3FQ2XW"))
        );
        assert_eq!(reply.ip.map(|i| i.to_string()).as_deref(), Some("203.0.113.7"));
        let cut = read("550 5.7.1 see https://postmaster.example/c/7K3FQ2XW");
        assert_eq!(cut.case.as_deref(), Some("7K3FQ2XW"));
    }

    #[test]
    fn words_of_the_writing_server_are_not_the_reply() {
        let found = read("5.1.0 - Unknown address error 550-'5.7.1 no mail from here'");
        assert_eq!((found.smtp_code, found.enhanced_status.as_deref()), (Some(550), Some("5.7.1")));
        let found = read("5.3.0 - Other mail system problem 554-'mx.example.org\\nbad reputation'");
        assert_eq!((found.smtp_code, found.enhanced_status), (Some(554), None));
    }

    #[test]
    fn only_the_senders_address_is_taken() {
        assert_eq!(read("451 please see RFC 5321 section 4.1.1.1").ip, None);
        assert_eq!(read("no answer [mx.example.org. 192.0.2.1: timed out]").ip, None);
        let ip = |t: &str| read(t).ip.map(|i| i.to_string());
        assert_eq!(ip("554 listed 127.0.0.4; client 192.0.2.1 blocked").as_deref(), Some("192.0.2.1"));
        assert_eq!(ip("450 address rejected: host mx.example.org[192.0.2.1] said: no"), None);
        assert_eq!(ip("554 see https://example.net/ip/192.0.2.9").as_deref(), Some("192.0.2.9"));
        assert_eq!(ip("421 deferred for a long while, we are so sorry - 4.16.55.1; see there"), None);
    }
}
