//! The table of all settings.

use std::fmt::Write as _;

/// One setting.
#[derive(Debug)]
pub struct Setting {
    /// Its key.
    pub key: &'static str,
    /// What it is when nothing is said.
    pub default: &'static str,
    /// A value that could stand there.
    pub example: &'static str,
    /// What it does.
    pub help: &'static str,
}

/// All settings.
pub const SETTINGS: &[Setting] = &[
    Setting {
        key: "http.listen",
        default: "127.0.0.1:8080",
        example: "127.0.0.1:8080",
        help: "Address and port of the web pages.",
    },
    Setting {
        key: "http.public_url",
        default: "",
        example: "https://postmaster.example.org",
        help: "What people reach the portal by; case links and mails are made of it. Default: `http://` and `http.listen`.",
    },
    Setting {
        key: "http.trusted_proxies",
        default: "",
        example: "127.0.0.1, 2001:db8::/64",
        help: "Networks of reverse proxies whose `X-Forwarded-For` is believed.",
    },
    Setting {
        key: "http.max_requests",
        default: "256",
        example: "256",
        help: "How many requests are worked on at once; more wait or get 503.",
    },
    Setting {
        key: "http.connections",
        default: "500",
        example: "500",
        help: "How many connections are held at once; an eighth of them for one visitor. Keep it well below the limit of open files.",
    },
    Setting {
        key: "database.url",
        default: "sqlite:data/postern.db",
        example: "postgres://postern@db.example.org/postern",
        help: "`sqlite:` and a file, or `postgres://` and a server.",
    },
    Setting { key: "database.connections", default: "8", example: "8", help: "How many connections are held at most." },
    Setting {
        key: "provider.name",
        default: "our mail service",
        example: "Example Mail",
        help: "The provider's name on pages and in mails.",
    },
    Setting {
        key: "mail.smtp_url",
        default: "",
        example: "smtp://relay.example.org:587?tls=required",
        help: "Where mails are handed over: `smtp://user:password@host:port?tls=required`, `smtps://…`, or `smtp://127.0.0.1:25` without TLS. Without it mails stay in the outbox, where staff read them.",
    },
    Setting {
        key: "mail.from",
        default: "postmaster@localhost.localdomain",
        example: "postmaster@postmaster.example.org",
        help: "Sender of the mails. Its domain is the portal's mail domain (`bounce+…@`, `reply+…@`).",
    },
    Setting {
        key: "mail.inbound",
        default: "no",
        example: "yes",
        help: "Whether mail to the portal's domain is handed to `postern inbound`; then senders may answer by mail.",
    },
    Setting {
        key: "mail.most_per_hour",
        default: "20",
        example: "20",
        help: "How many mails one address gets in an hour; more wait.",
    },
    Setting {
        key: "mail.wait_for_effect",
        default: "10s",
        example: "10s",
        help: "How long the mail of a lift waits until all gateways confirm it; then it says what is missing. `0` for no wait.",
    },
    Setting {
        key: "gateways.policy.listen",
        default: "127.0.0.1:10031",
        example: "127.0.0.1:10031",
        help: "Address and port of the Postfix policy service, or `unix:/path`; `off` for none.",
    },
    Setting {
        key: "gateways.policy.asked_first",
        default: "no",
        example: "yes",
        help: "Whether gateways ask the policy service at RCPT before anything else refuses (no postscreen drop or DNSBL asked before). Only then a mail from the blocked address can show control over it.",
    },
    Setting {
        key: "gateways.policy.connections",
        default: "10000",
        example: "10000",
        help: "How many connections the policy service holds at once; one client, but for this machine, a quarter of them.",
    },
    Setting {
        key: "gateways.socketmap.listen",
        default: "off",
        example: "127.0.0.1:10032",
        help: "Address and port of the socketmap service (Postfix, postscreen, Sendmail), or `unix:/path`; `off` for none.",
    },
    Setting {
        key: "gateways.socketmap.connections",
        default: "10000",
        example: "10000",
        help: "How many connections the socketmap service holds at once; one client, but for this machine, a quarter of them.",
    },
    Setting {
        key: "gateways.dnsbl.listen",
        default: "off",
        example: "127.0.0.1:10053, 192.0.2.53:53",
        help: "Addresses and ports of the DNSBL, on UDP and TCP; `off` for none.",
    },
    Setting {
        key: "gateways.dnsbl.zone",
        default: "",
        example: "bl.example.org",
        help: "The zone of the DNSBL. Default: `bl.` and the host of `http.public_url`.",
    },
    Setting {
        key: "gateways.dnsbl.nameserver",
        default: "",
        example: "ns1.example.org",
        help: "The name server in the zone's NS and SOA. Default: `ns.` and the zone, at the addresses of `gateways.dnsbl.listen`.",
    },
    Setting {
        key: "gateways.dnsbl.allow",
        default: "127.0.0.0/8, ::1",
        example: "127.0.0.0/8, ::1, 192.0.2.0/24",
        help: "Networks that may ask; others are refused.",
    },
    Setting {
        key: "gateways.dnsbl.ttl",
        default: "0",
        example: "0",
        help: "How many seconds resolvers may keep that an address is listed: the longest that a lift takes to reach their clients.",
    },
    Setting {
        key: "gateways.dnsbl.negative_ttl",
        default: "10",
        example: "10",
        help: "How many seconds resolvers may keep that an address is not listed: the longest that a block takes.",
    },
    Setting {
        key: "gateways.dnsbl.rate",
        default: "20000",
        example: "20000",
        help: "How many UDP answers a network (IPv4 /24, IPv6 /56) gets in a second; beyond that it is sent to TCP.",
    },
    Setting {
        key: "gateways.resolvers",
        default: "",
        example: "127.0.0.1, 192.0.2.54:53",
        help: "Resolvers that the mail servers ask for the DNSBL: after a lift each is asked whether it forgot the entry.",
    },
    Setting {
        key: "gateways.lag_alarm",
        default: "30s",
        example: "30s",
        help: "How long a gateway may be behind the block list before staff are warned.",
    },
    Setting {
        key: "gateways.open_recipients",
        default: "postmaster@, abuse@",
        example: "postmaster@, abuse@",
        help: "Recipients that are reached from blocked addresses too: `local@` at any domain, or whole addresses (RFC 5321, 4.5.1).",
    },
    Setting {
        key: "edge.portal",
        default: "",
        example: "https://postmaster.example.org",
        help: "On a gateway with `postern edge`: the portal that it follows. `http://` is taken for this machine only.",
    },
    Setting {
        key: "edge.token",
        default: "",
        example: "abcdefghijklmnopqrstuvwxyz234567",
        help: "The edge's token, made on the portal by `postern token add NAME --scope feeds:write`.",
    },
    Setting {
        key: "edge.name",
        default: "",
        example: "mx1.example.org",
        help: "What the edge is called on the portal. Default: like its token.",
    },
    Setting {
        key: "edge.folder",
        default: "data/edge",
        example: "/var/lib/postern-edge",
        help: "Where the edge keeps the list over a restart.",
    },
    Setting {
        key: "edge.ca",
        default: "",
        example: "/etc/postern/ca.pem",
        help: "A file of certificates (PEM) that the edge trusts beside those that browsers know.",
    },
    Setting {
        key: "blocklist.protected",
        default: "",
        example: "192.0.2.0/24, 2001:db8:2::/48",
        help: "Networks of partners and own machines that nobody blocks by accident. `provider.networks`, `http.trusted_proxies`, loopback, and networks wider than /8 (IPv4) or /19 (IPv6) are protected as well.",
    },
    Setting {
        key: "blocklist.change_share",
        default: "20",
        example: "20",
        help: "How many percent of the list an import may add or end, or a bulk lift lift; beyond that somebody has to confirm it. `100` for no bound. Lists of less than 1,000 blocks have none.",
    },
    Setting {
        key: "provider.hosts",
        default: "",
        example: "mx1.example.org, example.org",
        help: "Host names or domains of the provider's own mail servers: how a pasted refusal is recognised as ours.",
    },
    Setting {
        key: "provider.networks",
        default: "",
        example: "192.0.2.0/24, 2001:db8:1::/48",
        help: "The provider's own networks.",
    },
    Setting {
        key: "dns.servers",
        default: "system",
        example: "192.0.2.53, [2001:db8::53]:5353",
        help: "DNS servers for the live checks: `system`, addresses with or without a port, or `off` for no checks.",
    },
    Setting {
        key: "dns.blocklists",
        default: "",
        example: "bl.example.org https://bl.example.org/removal, dnsbl.example.net",
        help: "Public blocklists to look addresses up in: zone, and after a blank the link for removal. Mind the terms of each list.",
    },
    Setting {
        key: "dns.origin4",
        default: "",
        example: "origin.asn.example.org",
        help: "Zone that tells the network origin of an IPv4 address as text: number of the operator, network and country, with bars between.",
    },
    Setting { key: "dns.origin6", default: "", example: "origin6.asn.example.org", help: "The same for IPv6." },
    Setting {
        key: "dns.origin_file",
        default: "",
        example: "/etc/postern/origins.csv",
        help: "File that tells the network origin instead, read at start: in each line a network, the number of its operator and a country, such as `203.0.113.0/24, 64496, DE`. What it does not know is asked of the zones.",
    },
    Setting {
        key: "dns.timeout",
        default: "3s",
        example: "3s",
        help: "How long all checks of one look-up may take together; what has no answer by then is unknown. At most 20s.",
    },
    Setting {
        key: "content.folder",
        default: "",
        example: "/etc/postern/content",
        help: "A folder whose articles, causes and answers stand in for the built-in ones.",
    },
    Setting {
        key: "evidence.retention",
        default: "180d",
        example: "180d",
        help: "How long evidence and senders' texts are kept after they came; tickets and figures stay.",
    },
    Setting {
        key: "tickets.answer_within",
        default: "2d",
        example: "1d",
        help: "How soon a person answers, as senders are told. `0` to tell them no time.",
    },
    Setting {
        key: "tickets.probation",
        default: "14d",
        example: "14d",
        help: "The length of probation that a lift suggests.",
    },
    Setting {
        key: "policy.automatic",
        default: "yes",
        example: "no",
        help: "Whether the published policy lifts blocks by itself; else it only advises.",
    },
    Setting {
        key: "policy.proofs",
        default: "mail, web, dns, mailbox",
        example: "dns, mailbox",
        help: "Which ways of showing control over an address count: a mail from it, a web request from it, a DNS record, a link mailed to the postmaster of its name.",
    },
    Setting {
        key: "policy.checks",
        default: "ptr, fcrdns",
        example: "ptr, fcrdns, generic, listed",
        help: "Which live checks have to be in order, by the names that `/check.json` gives.",
    },
    Setting {
        key: "policy.cooldown",
        default: "12h",
        example: "12h",
        help: "How long the first repeat waits, counted from the block; each further one waits twice as long.",
    },
    Setting {
        key: "policy.repeats",
        default: "3",
        example: "3",
        help: "After how many lifts within `policy.lookback` a person decides.",
    },
    Setting { key: "policy.lookback", default: "90d", example: "90d", help: "How far back lifts count as repeats." },
    Setting {
        key: "policy.addresses",
        default: "10",
        example: "10",
        help: "How many different addresses of one network (IPv4 /24, IPv6 /48), or of one mail address, the policy lifts within `policy.lookback`; then a person decides.",
    },
    Setting {
        key: "policy.per_sender",
        default: "5",
        example: "5",
        help: "How many lifts by policy one mail address gets in a day.",
    },
    Setting {
        key: "policy.per_network",
        default: "5",
        example: "5",
        help: "How many lifts by policy one network (IPv4 /24, IPv6 /48) gets in a day.",
    },
    Setting {
        key: "policy.per_origin",
        default: "50",
        example: "50",
        help: "How many lifts by policy all networks of one operator get in a day; known where `dns.origin_file`, `dns.origin4` or `dns.origin6` is set.",
    },
    Setting {
        key: "limits.requests_per_hour",
        default: "30",
        example: "30",
        help: "How many requests one visitor (IPv4 address, IPv6 /64) may send in an hour. What is beyond this and the next three is held until its mail address is confirmed; as much again is held, and beyond that nothing is taken.",
    },
    Setting {
        key: "limits.requests_per_hour_mail",
        default: "6",
        example: "6",
        help: "How many requests may give the same mail address in an hour: each is acknowledged by mail, which may go to somebody who sent none.",
    },
    Setting {
        key: "limits.requests_per_hour_network",
        default: "120",
        example: "120",
        help: "How many requests one neighbourhood (IPv4 /24, IPv6 /48) may send in an hour.",
    },
    Setting {
        key: "limits.requests_per_minute",
        default: "60",
        example: "60",
        help: "How many requests all visitors together may send in a minute.",
    },
    Setting {
        key: "limits.checks_per_minute",
        default: "60",
        example: "60",
        help: "How many addresses one visitor may look up in a minute.",
    },
    Setting {
        key: "limits.sign_ins_per_hour",
        default: "20",
        example: "20",
        help: "How many failed sign-ins one visitor or one account may have in an hour.",
    },
    Setting {
        key: "staff.session",
        default: "12h",
        example: "12h",
        help: "How long a session of staff lasts without being used.",
    },
    Setting { key: "log.format", default: "text", example: "json", help: "`text` for people or `json` for programs." },
    Setting {
        key: "log.level",
        default: "info",
        example: "postern=debug,info",
        help: "What is logged, as `tracing` directives.",
    },
];

/// All settings as a Markdown table: what the README shows.
#[must_use]
pub fn table() -> String {
    let mut out = "| setting | default | what it does |\n|---|---|---|\n".to_owned();
    for setting in SETTINGS {
        let default = if setting.default.is_empty() { "–".to_owned() } else { format!("`{}`", setting.default) };
        let _ = writeln!(out, "| `{}` | {default} | {} Example: `{}` |", setting.key, setting.help, setting.example);
    }
    out
}
