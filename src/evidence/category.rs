//! Why a mail was refused, from the words of the reply.
//!
//! One table of phrases in order of weight: the first row that fits wins. A `*` in a phrase stands
//! for a few words in between. Where no phrase fits, the enhanced status code (RFC 3463, RFC 5248
//! and the registry behind it) decides, and at last nothing does: then it is `other`.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use super::blocklists::Named;
use super::findings::Category::{self, AuthDmarc, ContentSpam, Greylist, Helo, IpBlock, MailboxUnknown, Other, Policy, RateLimit, Rbl, Rdns, Tls};

/// How far apart the parts of a phrase with `*` may stand.
const REACH: usize = 120;

/// One row: what the phrases mean. Earlier rows weigh more.
struct Row(Category, &'static [&'static str]);

/// Phrases that outweigh the naming of a blocklist.
static FIRST: &[Row] = &[
    Row(Greylist, &["greylist", "graylist", "grey list", "gray list", "grey-list", "gray-list", "greylisted", "postgrey", "come back in * minutes", "you are being delayed", "first-time sender", "first time sender",
        "not yet been seen", "new sender triplet", "please wait * minutes before retrying"]),
    Row(Tls, &["must issue a starttls", "starttls command first", "starttls is required", "starttls required", "must use tls", "tls is required", "tls required", "requires tls", "require tls", "requires a tls", "encryption required",
        "encrypted connection required", "tls handshake", "tls negotiation", "requiretls", "session encryption is required", "session encryption required", "unencrypted connection", "tls not available", "starttls refused", "tls is not available",
        "certificate verif", "untrusted certificate", "server certificate not", "certificate has expired", "certificate expired", "certificate not trusted", "cannot start tls", "starttls failed", "starttls before", "not offer* starttls", "tls-policy", "mta-sts", "encryption needed",
        "without tls", "no tls", "over tls", "insecure connection", "tls session", "tls protocol", "verschlüssel", "ssl/tls"]),
    Row(Policy, &["due to policy restrictions (header", "duplicate header", "headers are not", "header based", "rfc compliant", "multiple * headers", "domain of sender", "sender address rejected", "sender verify", "sender verification"]),
    Row(Other, &["loop detected", "mail loop", "too many hops", "mail forwarding loop", "message is looping", "hop count exceeded"]),
    Row(ContentSpam, &["reputation of the sending domain", "spam classification", "banned content", "ofr_506", "ofr006_506", "url in message", "spam url", "blacklisted url", "url blacklist", "link in message", "message contains * listed in", "body contains", "urls listed", "url * listed by", "uri * listed", "contains a url", "contains url", "blocked url", "links * listed"]),
    Row(IpBlock, &["ofr006_10", "ofr_10", "ofr004_", "lpn007_510", "our block list", "bloquee pour incident de spam", "on our blocklist", "on our blacklist", "our blacklist", "our local blacklist", "our own blacklist", "banned sending ip", "our internal block", "ip you're using to send mail is not authorized", "mail sent from your ip address has been blocked"]),
    Row(RateLimit, &["deferred due to * user complaints", "deferred due to excessive", "temporarily deferred due", "has been temporarily rate limited", "[tss04", "[ipts04", "[tss09", "[tss11", "daily * quota"]),
    Row(AuthDmarc, &["5.7.515", "5.7.509"]),
];

/// The phrases proper.
static ROWS: &[Row] = &[
    Row(Other, &["mailbox full", "mailbox is full", "mail box full", "mailbox size", "over quota", "overquota", "quota exceed", "exceeded * quota", "quota full", "quotaexceeded", "exceeded storage", "storage allocation", "inbox is full", "inbox full",
        "user is over", "insufficient storage", "insufficient system storage", "insufficient disk", "disk full", "disk quota", "out of storage", "full mailbox", "mailbox has exceeded", "mailbox exceeded", "not enough storage", "storage limit", "maildir over",
        "maildir delivery failed", "mailbox quota", "account is full", "boîte pleine", "boite pleine", "postfach ist voll", "postfach voll", "speicherplatz", "casella piena", "buzón lleno", "mailfolder is full", "user quota", "recipient storage full", "no space left", "user has too many messages", "quota violation"]),
    Row(RateLimit, &["receiving mail at a rate", "receiving mail too quickly", "unusual rate", "rate limit", "rate-limit", "ratelimit", "rate limited", "too many connections", "too many concurrent", "too many simultaneous", "too many sessions", "too many messages", "too many mails", "too many emails",
        "too many recipients", "too many rcpt", "too many errors", "too many invalid", "too many unknown", "too many bad", "too many commands", "too much mail", "too many requests", "too many transactions", "too many deliveries", "too fast", "slow down", "throttl", "exceeded the limit", "exceeded the maximum number of", "exceeded its", "limit exceeded for", "max message per connection",
        "max messages per connection", "maximum number of connections", "connection limit", "connections limit", "concurrent connections", "hourly limit", "daily limit", "per hour", "per minute", "message limit", "messages limit", "connection rate", "message rate", "exceeds the * limit for", "sending limit", "send limit", "mail limit",
        "outgoing * limit", "unexpected volume", "excessive volume", "high volume", "volume of", "excessive message", "sending too", "connecting too", "quota reached", "queue quota", "all server ports busy", "server busy", "server is busy", "too busy", "ofr006_104", "ofr_104", "frequency", "burst", "recipients per", "max * per hour", "daily user sending", "daily quota", "sending quota",
        "zu viele", "trop de", "demasiad", "too many open connections", "too many * from your", "concurrency limit", "reached a limit", "reduce the rate", "backing off", "many messages in"]),
    Row(Rdns, &["ptr record", "ptr resource record", "no ptr", "ptr lookup", "missing ptr", "ptr records", "without ptr", "valid ptr", "invalid ptr", "bad ptr", "dns ptr", "ptr or", "ptr name", "ptr entry", "reverse dns", "reverse-dns", "rdns", "rDNS", "reverse host", "reverse lookup", "reverse name", "reverse resolution", "reverse address", "reverse mapping", "reverse record", "reverse ip", "cannot find your", "can't find your",
        "cannot resolve ptr", "cannot resolve your", "could not resolve your", "unable to resolve your", "does not resolve to", "doesn't resolve to", "not resolve to an ip", "fcrdns", "full circle dns", "fully circular", "forward confirmed", "forward-confirmed", "ip name lookup failed", "ip name possibly forged", "name possibly forged", "possibly forged hostname", "hostname lookup failed", "host name lookup failed for",
        "client host rejected: cannot find", "does not match * ptr", "mismatches client ip", "no reverse", "unresolvable * host", "unresolvable client", "no dns name", "dns name not", "no hostname", "host lookup did not match", "must resolve", "generic hostname", "generic reverse", "generic rdns", "dynamic hostname", "in-addr.arpa", "forward dns", "dns entry does not point", "fix reverse", "unable to look up your", "unable to lookup your",
        "rückwärtsauflösung", "has no valid dns", "missing dns record for your ip", "hostname verification failed", "matching hostname", "aup#1100", "cxdns", "no rdns", "dns checks failed", "poor rdns", "inverse dns", "dns inverse", "dns inverso", "unverifyable sending ip", "unverifiable sending ip"]),
    Row(Helo, &["helo command rejected", "ehlo command rejected", "helo hostname", "helo name", "ehlo name", "helo rejected", "ehlo rejected", "bad helo", "bad ehlo", "invalid helo", "invalid ehlo", "invalid host name in helo", "helo/ehlo", "ehlo/helo", "helo or ehlo", "ehlo or helo", "in helo", "in ehlo", "helo argument", "ehlo argument",
        "your helo", "your ehlo", "helo/hostname", "helo does not", "helo string", "syntactically invalid ehlo", "syntactically invalid helo", "invalid greeting", "helo domain", "bogus helo", "forged helo", "helo greeting", "helo host", "ehlo host", "fully-qualified hostname", "spoofed helo", "helo first", "ehlo first", "hello first", "polite people", "5.7.506", "faked helo", "numeric helo", "helo message", "helo ip", "helo is", "helo lookup",
        "provided helo", "used in helo", "send helo", "send hello", "requires helo", "requires valid hostname"]),
    Row(AuthDmarc, &["dmarc", "spf", "dkim", "unauthenticated", "not authenticated", "unauthorized to send", "not permitted by the domain owner", "required authentication level", "sender id", "sender-id", "senderid", "email authentication", "domain's policy", "domain authentication", "sender policy framework", "authentication checks", "fails authentication", "failed authentication check",
        "is not allowed to send mail from", "not allowed to send mail for", "is not authorized to send", "not authorized to send from", "not authorized to use the domain", "not designated", "sender domain * not authorized", "authorized ip", "not a permitted sender", "pass authentication", "authres", "message authentication", "domainkeys", "arc chain", "not authorized sender", "authentication-results", "sender * not aligned", "sender authentication"]),
    Row(Policy, &["relay access denied", "relaying denied", "relay not permitted", "relaying not", "relay denied", "unable to relay", "not permitted to relay", "relay to", "no relay", "relaying is", "as a relay", "relaying mail", "relaying temporarily", "we do not relay", "we don't relay", "rcpthosts", "not a relay", "cannot relay", "can't relay", "open relay", "no relaying", "relay operation", "relaying disallowed", "will not relay", "not relay", "prohibited relay", "relaying prohibited",
        "domain isn't in my list", "isn't allowed to be relayed", "not configured to let you", "client host rejected: access denied", "sender address rejected", "sender rejected", "sender denied", "sender verify failed", "sender verification failed", "sender verify", "verifying sender", "sender verification", "domain of sender", "sender domain", "sender's domain", "invalid sender", "bad sender", "sender address * not", "sender address has been", "sender unknown", "unknown sender",
        "sender not allowed", "sender is not", "return address", "envelope sender", "mail from domain", "mailfrom", "from address", "from: address", "from header", "header from", "missing * header", "headers are not", "rfc compliant", "rfc 5322", "rfc5322", "rfc2822", "rfc 2822", "rfc 822", "rfc-compliant", "not compliant", "non-compliant", "multiple * headers", "duplicate header", "invalid header", "malformed * header", "bad header", "header syntax", "header based", "message-id", "message id header",
        "restricted address", "only accepts mail", "not accept mail from", "doesn't accept mail", "does not accept mail", "not allowed to post", "posting to", "not a member", "members only", "subscribers", "moderat", "you do not have permission", "permission to", "you are not allowed", "is not allowed to", "requires authentication", "authentication required", "authentication is required", "not logged in", "proper authentication", "please authenticate", "smtp auth",
        "message size", "size limit", "too large", "too big", "maximum size", "exceeds maximum", "exceeds the maximum", "exceeds fixed", "size exceeds", "max message size", "message too long", "line too long", "line length", "attachment", "8bit", "8-bit", "non-ascii", "bare lf", "bare newline", "stray newline", "pipelining", "protocol error", "protocol violation", "improper command", "synchronization error", "command rejected", "data command rejected",
        "unroutable sender", "verdict * policy", "multi-recipient bounce", "null sender", "bounce", "local policy", "policy reasons", "policy restriction", "policy reject", "policy violation", "security policies", "security policy", "administrative policy", "site policy", "due to policy", "for policy", "policy", "administratively prohibited", "administrative reject", "administrative prohibition", "prohibited", "not permitted", "transport rule", "transport.rules", "aup#", "unauthorized", "not accept", "customfromdenied", "ipv6", "reject by behaviour", "unable to verify sender", "unverified identity", "email address is not verified", "identity * not verified", "verified sender"]),
];

/// Phrases about recipients: they outweigh what the rows above make of the same reply.
static RECIPIENT: &[Row] = &[
    Row(Policy, &["due to policy restrictions", "policy rejection"]),
    Row(Other, &["mailbox temporarily", "mailbox is temporarily", "temporarily disabled", "address verification in progress", "verification in progress"]),
    Row(MailboxUnknown, &["user unknown", "user * unknown", "recipient * unknown", "mailbox * unknown", "user * not found", "recipient * not found", "unknown user", "unknown recipient", "recipient unknown", "unknown address", "unknown mailbox", "unknown local", "no such user", "no such recipient", "no such mailbox", "no such address", "no such person", "no such local", "no such account", "no such email", "no such domain user", "no mailbox", "no user", "no account", "not a valid mailbox", "not a valid recipient", "not a valid user",
        "user doesn't", "user does not exist", "user not exist", "user not found", "user not known", "user is not", "user invalid", "invalid user", "invalid recipient", "invalid mailbox", "invalid address", "invalid local", "recipient not found", "recipient does not exist", "recipient doesn't exist", "recipient no longer", "recipient not", "recipient invalid", "recipient is not", "recipientnotfound", "recipient name is not recognized", "recipient rejected",
        "mailbox not found", "mailbox unavailable", "mailbox does not exist", "mailbox doesn't exist", "mailbox is disabled", "mailbox disabled", "mailbox is inactive", "mailbox inactive", "mailbox unknown", "mailbox invalid", "mailbox not available", "mailbox is unavailable", "mailbox name not allowed", "mailbox name invalid", "mailbox is not", "mailbox has been", "mailbox for * does not", "mailbox currently", "mailbox not",
        "account does not exist", "account doesn't exist", "account that you tried to reach does not", "account that you tried to reach is disabled", "account that you tried to reach is inactive", "account is disabled", "account disabled", "account has been disabled", "account is inactive", "account inactive", "account has been", "account not found", "account is not", "account unavailable", "account deactivated", "account closed", "account expired", "account suspended", "account is suspended", "account is locked", "account locked",
        "address does not exist", "address doesn't exist", "address unknown", "address not found", "address no longer", "address is not valid", "address is invalid", "address not exist", "address not present", "addressee unknown", "address rejected: user", "address rejected: undeliverable", "address rejected: unverified address: host", "address rejected: invalid", "address rejected: not", "address rejected: no", "address rejected: unknown", "address rejected: mailbox", "address rejected: access denied", "address rejected: address",
        "undeliverable address", "does not exist", "doesn't exist", "doesn't have a", "doesn't have an account", "no longer valid", "no longer active", "no longer available", "no longer exists", "no longer in use", "no longer accept", "is no longer", "no longer on server", "not our customer", "not a known user", "not listed in", "not in our", "not found in directory", "not known", "not known here", "is unknown", "unrouteable address", "unroutable address", "unknown in", "unknown or", "not valid email", "not a valid email",
        "marked as invalid", "email address could not be found", "email address is * invalid", "could not be found", "couldn't be found", "wasn't found", "cannot be found", "isn't a valid", "is not a valid", "has been deactivated", "has been disabled", "has been suspended", "discontinued", "inactive user", "inactive", "deactivated", "suspended", "disabled user", "user disabled", "user is disabled", "user suspended", "user terminated", "this user doesn't",
        "not active", "mailbox unaccessible", "resolver.adr", "no valid recipients", "no valid recipient", "invalid destination", "bad destination mailbox", "bad recipient", "illegal recipient", "rejected by recipient", "not registered", "not a registered", "non-existent", "nonexistent", "not exist", "unbekannt", "existiert nicht", "nicht bekannt", "inconnu", "n'existe pas", "desconocid", "no existe", "inexistant", "non esiste", "sconosciuto", "bestaat niet", "does not like recipient", "unable to find recipient", "not local", "no matches to nameserver", "esta cuenta", "can't create output", "nosuchuser", "no here by that name", "by that name", "not handle mail for", "couldn't find any", "見つかりません", "存在しません", "不存在"]),
];

/// Phrases about addresses, content and the rest.
static LATER: &[Row] = &[
    Row(IpBlock, &["ip address is block", "ip address is black", "ip address black", "ip address has been blocked", "ip address blocked", "ip is blocked", "ip blocked", "ip block", "blocked ip", "block list", "blocklist", "blacklist", "black list", "blacklisted", "blocklisted", "denylist", "deny list", "block-list", "poor reputation", "bad reputation", "low reputation of the sending ip", "ip reputation", "reputation of * ip", "ip's reputation", "sending mta's", "reputation of your ip",
        "reputation", "(ip based)", "ip based", "from your ip", "your ip address", "your ip", "ip * blocked", "ip * rejected", "ip * denied", "ip * banned", "host blocked", "client host blocked", "client blocked", "host is blocked", "server blocked", "your host", "your server", "your mail server", "banned", "bad host", "not authorized to send email directly", "send email directly to our servers", "access to this mail system has been rejected", "access denied * ip", "dialup", "dial-up", "dynamic ip", "dynamic address", "dynamic range", "residential",
        "network is blocked", "network blocked", "connection refused * abuse", "connections from your", "mail from your", "messages from your", "has been blocked for", "blocked for abuse", "blocked for spam", "for spamming", "you are blocked", "you have been blocked", "refused * your ip", "host * blocked", "host rejected", "access denied, * ip", "a problem occurred", "adresse ip", "dirección ip", "ihre ip", "blocked - see", "source address", "unsolicited mail originating from your", "aup#in", "aup#i-", "connection rejected", "listed", "is refused", "your network", "spam source", "spamming", "spammer"]),
    Row(ContentSpam, &["spam", "virus", "malware", "phish", "junk", "unsolicited", "infected", "trojan", "malicious", "suspicious", "content reject", "content filter", "content not", "content is", "content violat", "message content", "banned content", "bad content", "local_scan", "message rejected by filter", "bulk mail", "bulk email", "looks like", "unwanted", "scored", "score of", "score too", "message scored", "hits=", "inappropriate", "offensive", "illegal attachment", "advertis", "mailfilter", "mail filter", "dangerous", "low reputation", "message blocked", "content", "rspamd", "high-probability", "probability of", "blocked by filter"]),
];

/// Phrases that only say that it was refused.
static VAGUE: &[Row] = &[
    Row(Policy, &["access denied", "denied by", "not allowed", "rejected due to", "forbidden", "refused by", "blocked", "go away", "command rejected", "message refused", "message rejected", "rejected by", "mail rejected", "transaction failed", "message not accepted", "not accepted for", "by rule", "restricted", "rejected for", "rejected", "denied", "refused", "reject", "not delivered"]),
    Row(Tls, &["starttls", "encryption", "certificate"]),
];

/// All rows in order, with one automaton over the first parts of their phrases.
struct Table {
    /// Finds the first parts.
    finder: AhoCorasick,
    /// For each pattern: the rank of its row, the category, and the parts behind the `*`.
    phrases: Vec<(usize, Category, Vec<&'static str>)>,
}

impl Table {
    /// Builds the automaton of some rows; their rank is their order.
    fn new(groups: &[&'static [Row]]) -> Option<Self> {
        let mut heads = Vec::new();
        let mut phrases = Vec::new();
        for (rank, Row(category, texts)) in groups.iter().flat_map(|g| g.iter()).enumerate() {
            for text in *texts {
                let mut parts = text.split('*').map(str::trim);
                heads.push(parts.next().unwrap_or(text));
                phrases.push((rank, *category, parts.collect()));
            }
        }
        let finder = AhoCorasick::builder().match_kind(MatchKind::Standard).build(heads).ok()?;
        Some(Self { finder, phrases })
    }

    /// The category of the weightiest row that fits, with the rank of the row.
    fn best(&self, lower: &str) -> Option<(usize, Category)> {
        let hits = self.finder.find_overlapping_iter(lower).take(2000);
        hits.filter_map(|hit| {
            let (rank, category, tails) = self.phrases.get(hit.pattern().as_usize())?;
            let starts = lower.get(..hit.start()).and_then(|t| t.chars().next_back()).is_none_or(|c| !c.is_alphanumeric()) || !lower.as_bytes().get(hit.start()).is_some_and(u8::is_ascii_alphanumeric);
            (starts && tails_follow(lower, hit.end(), tails)).then_some((*rank, *category))
        })
        .min_by_key(|(rank, _)| *rank)
    }
}

/// Whether the further parts of a phrase follow one after the other.
fn tails_follow(lower: &str, mut from: usize, tails: &[&str]) -> bool {
    tails.iter().all(|part| {
        let window = super::scan::truncated(lower.get(from..).unwrap_or(""), REACH);
        let at = window.find(part);
        from += at.unwrap_or(0) + part.len();
        at.is_some()
    })
}

/// The phrases that outweigh a blocklist.
static FIRST_TABLE: LazyLock<Option<Table>> = LazyLock::new(|| Table::new(&[FIRST]));
/// The phrases that say little.
static VAGUE_TABLE: LazyLock<Option<Table>> = LazyLock::new(|| Table::new(&[VAGUE]));
/// All the others.
static TABLE: LazyLock<Option<Table>> = LazyLock::new(|| Table::new(&[RECIPIENT, ROWS, LATER]));

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
    let coded = enhanced.and_then(status);
    let vaguely = || VAGUE_TABLE.as_ref().and_then(|t| t.best(words)).map(|(_, c)| c);
    phrase.map(|(_, c)| c).or(coded.filter(|c| *c == MailboxUnknown)).or_else(vaguely).or(coded).unwrap_or(Other)
}

/// Whether the text only says that something failed, for a time or for good.
fn nothing_said(words: &str) -> bool {
    let phrases = ["service unavailable", "service not available", "service temporarily unavailable", "temporary failure", "try again later", "temporary server error", "service is currently unavailable", "temporarily rejected message", "come back later", "perm error", "temp error"];
    let reasons = ["host", "client", "block", "listed", "spam", "polic", "too many", "because", "due to", "<", "reputation", "verif", "sender", "recipient", "mailbox", "user", "rate", "busy", "limit", "slow"];
    words.len() < 140 && phrases.iter().any(|p| words.contains(p)) && !reasons.iter().any(|r| words.contains(r))
}

/// Status codes that say more than any text (Microsoft's and Google's own, RFC 7372, RFC 8461).
fn telling_status(status: &str) -> Option<Category> {
    let tail = status.get(2..)?;
    Some(match tail {
        "7.25" | "7.23" => Rdns,
        "7.26" | "7.27" | "7.30" | "7.32" | "7.20" | "7.21" | "7.22" | "7.24" | "7.40" | "7.509" | "7.515" => AuthDmarc,
        "7.28" | "7.650" | "7.651" | "7.652" => RateLimit,
        "7.29" | "7.10" => Tls,
        "7.506" => Helo,
        "7.511" | "7.606" | "7.607" | "7.608" | "7.609" | "7.513" => IpBlock,
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
        "1.7" | "1.8" | "1.9" => Policy,
        "5.3" | "3.8" => RateLimit,
        "7.0" | "7.1" | "7.2" | "7.7" | "7.8" | "7.9" | "7.13" | "7.17" | "6.0" | "6.1" | "6.3" | "6.7" | "2.3" | "3.4" => Policy,
        "7.4" | "7.5" | "7.10" | "7.11" => Tls,
        _ => Other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::blocklists;

    fn category(text: &str) -> Category {
        let parsed = crate::evidence::reply::parse(text);
        let lower = parsed.plain.to_lowercase();
        of(&lower, parsed.code, parsed.enhanced.as_deref(), blocklists::named(&lower).as_ref())
    }

    #[test]
    fn categories_of_replies() {
        let cases = [
            ("450 4.2.0 <a@example.org>: Recipient address rejected: Greylisted", Greylist),
            ("530 5.7.0 Must issue a STARTTLS command first", Tls),
            ("554 5.7.1 Client host [192.0.2.1] blocked using bl.example.net", Rbl),
            ("550 Your IP address is on our block list", IpBlock),
            ("550 no PTR record for 192.0.2.1", Rdns),
            ("504 5.5.2 <x>: Helo command rejected: need fully-qualified hostname", Helo),
            ("421 4.7.0 Too many connections from your host", RateLimit),
            ("550 5.7.1 SPF check failed", AuthDmarc),
            ("554 5.7.1 Message looks like spam", ContentSpam),
            ("550 5.1.1 No such user here", MailboxUnknown),
            ("552 5.2.2 Mailbox full", Other),
            ("554 5.7.1 Relay access denied", Policy),
            ("451 4.3.0 Temporary lookup failure", Other),
        ];
        for (text, want) in cases {
            assert_eq!(category(text), want, "{text}");
        }
    }
}
