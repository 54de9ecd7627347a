//! Which software received a mail, by the marks it leaves in its `Received` field.

use super::net;
use super::received::Received;

/// Beginnings of comments that servers leave behind their name or protocol, lower case.
const MARKS: &[(&str, &str)] = &[
    ("postfix", "Postfix"),
    ("exim ", "Exim"),
    ("exim)", "Exim"),
    ("haraka", "Haraka"),
    ("opensmtpd", "OpenSMTPD"),
    ("stalwart", "Stalwart"),
    ("kumomta", "KumoMTA"),
    ("zonemta", "ZoneMTA"),
    ("powermta", "PowerMTA"),
    ("lotus domino", "Domino"),
    ("ibm domino", "Domino"),
    ("hcl domino", "Domino"),
    ("mdaemon", "MDaemon"),
    ("icewarp", "IceWarp"),
    ("merak", "IceWarp"),
    ("communigate", "CommuniGate Pro"),
    ("hmailserver", "hMailServer"),
    ("oracle communications", "Oracle Messaging Server"),
    ("sun java", "Oracle Messaging Server"),
    ("iplanet", "Oracle Messaging Server"),
    ("kerio", "Kerio Connect"),
    ("axigen", "Axigen"),
    ("momentum", "Momentum"),
    ("ecelerity", "Momentum"),
    ("smartermail", "SmarterMail"),
    ("mailenable", "MailEnable"),
    ("james", "James"),
    ("apache james", "James"),
    ("maddy", "maddy"),
    ("chasquid", "chasquid"),
    ("halon", "Halon"),
    ("surgemail", "SurgeMail"),
    ("surgesmtp", "SurgeMail"),
    ("mercury", "Mercury"),
    ("groupwise", "GroupWise"),
    ("mimedefang", "Sendmail"),
    ("courier", "Courier"),
    ("netqmail", "qmail"),
    ("qmail", "qmail"),
    ("postal", "Postal"),
    ("xmail", "XMail"),
    ("imail", "IMailServer"),
    ("ntmail", "NTMail"),
    ("post.office", "Post.Office"),
    ("intermail", "InterMail"),
    ("openwave", "InterMail"),
    ("mail2world", "Mail2World"),
    ("barracuda", "Barracuda"),
    ("yandex", "Yandex"),
    ("mxfront/yandex", "Yandex"),
    ("mxback/yandex", "Yandex"),
];

/// Operators that run software of their own.
const HOUSES: &[(&str, &str)] = &[
    ("google.com", "Gmail"),
    ("outlook.com", "Exchange"),
    ("yandex.net", "Yandex"),
    ("yandex.ru", "Yandex"),
    ("yandex.com", "Yandex"),
    ("mail.ru", "Mail.ru"),
    ("me.com", "iCloud"),
    ("icloud.com", "iCloud"),
    ("t-online.de", "T-Online"),
    ("messagingengine.com", "Fastmail"),
    ("protonmail.ch", "Proton"),
    ("proton.ch", "Proton"),
    ("proton.me", "Proton"),
    ("yahoo.com", "Yahoo"),
    ("yahoodns.net", "Yahoo"),
    ("amazonses.com", "AmazonSES"),
];

/// The software that took a hop; `above` is the next newer hop.
pub(super) fn of(hop: &Received<'_>, above: Option<&Received<'_>>) -> Option<String> {
    let by = hop.by.map(|by| by.trim_end_matches('.').to_ascii_lowercase()).unwrap_or_default();
    house(&by, hop).or_else(|| marked(hop)).or_else(|| qmail(hop, above)).map(str::to_owned)
}

/// Houses by the name of the receiving host; domains of one house have marks of their own.
fn house(by: &str, hop: &Received<'_>) -> Option<&'static str> {
    let under = |domain: &str| by.strip_suffix(domain).is_some_and(|head| head.is_empty() || head.ends_with('.'));
    if ["gmx.net", "gmx.com", "gmx.de"].iter().any(|domain| under(domain)) {
        return Some("GMX");
    }
    if under("web.de") || hop.marks.iter().any(|mark| mark == "Nemesis") {
        return Some("GMX/WEB.DE");
    }
    if under("amazonaws.com") && by.starts_with("inbound-smtp.") {
        return Some("AmazonSES");
    }
    if under("aol.com") {
        return Some("AOL");
    }
    let organisation = net::organisation(by)?;
    HOUSES.iter().find(|(domain, _)| *domain == organisation).map(|(_, name)| *name)
}

/// Software that names itself in a comment or in the protocol.
fn marked(hop: &Received<'_>) -> Option<&'static str> {
    let with = hop.with.as_deref().unwrap_or("").to_ascii_lowercase();
    if with.starts_with("microsoft smtp") || with.starts_with("microsoft exchange") {
        return Some("Exchange");
    }
    let lower =
        hop.marks.iter().map(|mark| mark.get(..mark.floor_char_boundary(40)).unwrap_or(mark).to_ascii_lowercase());
    lower.into_iter().find_map(|mark| {
        let known = MARKS.iter().find(|(start, _)| mark.starts_with(start.trim_end_matches(')')));
        known.map(|(_, name)| *name).or_else(|| is_sendmail(&mark).then_some("Sendmail"))
    })
}

/// Sendmail gives its version and that of its settings, nothing else: `8.18.1/8.18.1`.
fn is_sendmail(mark: &str) -> bool {
    let (version, settings) = mark.split_once('/').unwrap_or((mark, ""));
    let third = version.split('.').nth(2).is_some();
    version.starts_with("8.") && third && !settings.is_empty()
}

/// qmail leaves a field of its own above the one of its network daemon, which names nothing.
fn qmail(hop: &Received<'_>, above: Option<&Received<'_>>) -> Option<&'static str> {
    let smtp = hop
        .with
        .as_deref()
        .is_some_and(|with| with.to_ascii_uppercase().ends_with("SMTP") || with.starts_with("ESMTP"));
    let invoked = above.is_some_and(|above| above.marks.iter().any(|mark| mark.starts_with("qmail ")));
    (smtp && invoked && hop.via.is_none() && hop.by_ip.is_none()).then_some("qmail")
}
