//! The named blocklists: how they are called in replies, and where to ask for removal.

use super::scan;

/// One operator of blocklists.
pub(crate) struct Blocklist {
    /// The name that people know.
    pub(crate) name: &'static str,
    /// Parts of its DNS zones and pages, lower case.
    zones: &'static [&'static str],
    /// How texts call it, lower case; counted only where a listing is told.
    words: &'static [&'static str],
    /// Where to ask for removal.
    pub(crate) removal: Option<&'static str>,
}

/// Makes one row of the table.
const fn row(
    name: &'static str,
    zones: &'static [&'static str],
    words: &'static [&'static str],
    removal: &'static str,
) -> Blocklist {
    Blocklist { name, zones, words, removal: if removal.is_empty() { None } else { Some(removal) } }
}

/// The lists that receivers name most.
static LISTS: &[Blocklist] = &[
    row(
        "Spamhaus",
        &["spamhaus.org", "spamhaus.net", "spamhaus.com", "dq.spamhaus"],
        &["spamhaus", "sbl-xbl", "spl-xbl"],
        "https://check.spamhaus.org/",
    ),
    row("SpamCop", &["spamcop.net"], &["spamcop"], "https://www.spamcop.net/bl.shtml"),
    row(
        "Barracuda",
        &["barracudacentral.org", "barracudanetworks.com/reputation", "bb.barracudacentral"],
        &["barracuda rbl", "barracuda reputation", "barracudacentral"],
        "https://www.barracudacentral.org/rbl/removal-request",
    ),
    row("SORBS", &["sorbs.net"], &["sorbs"], ""),
    row(
        "UCEPROTECT",
        &["uceprotect.net", "uceprotect.de"],
        &["uceprotect"],
        "https://www.uceprotect.net/en/rblcheck.php",
    ),
    row("Abusix", &["abusix.zone", "mail.abusix", "lookup.abusix.com"], &["abusix"], "https://lookup.abusix.com/"),
    row(
        "Cloudmark CSI",
        &["csi.cloudmark.com", "cdl.cloudmark"],
        &["cloudmark sender intelligence", "cloudmark csi"],
        "https://csi.cloudmark.com/reset-request/",
    ),
    row(
        "Proofpoint PDR",
        &["ipcheck.proofpoint.com"],
        &["proofpoint dynamic reputation"],
        "https://ipcheck.proofpoint.com/",
    ),
    row("Invaluement", &["invaluement.com"], &["invaluement", "ivmsip"], "https://www.invaluement.com/removal/"),
    row(
        "Trend Micro ERS",
        &["mail-abuse.org", "mail-abuse.com", "ers.trendmicro.com", "rbl.trendmicro", "r.mail-abuse", "q.mail-abuse"],
        &["trend micro email reputation", "trend micro rbl"],
        "https://servicecentral.trendmicro.com/en-us/ers/ip-lookup",
    ),
    row("PSBL", &["psbl.surriel.com", "psbl.org"], &["passive spam block list"], "https://psbl.org/remove"),
    row("DroneBL", &["dronebl.org"], &["dronebl"], "https://dronebl.org/lookup"),
    row("NiX Spam", &["ix.dnsbl.manitu.net", "nixspam.org"], &["nixspam", "nix spam"], "https://www.nixspam.org/"),
    row("Backscatterer", &["backscatterer.org"], &["backscatterer"], "https://www.backscatterer.org/?target=test"),
    row(
        "SenderScore",
        &["senderscore.com", "senderscore.org", "score.senderscore", "senderscore.net"],
        &["senderscore", "sender score", "return path reputation"],
        "https://senderscore.org/",
    ),
    row("SURBL", &["surbl.org"], &["surbl"], "https://surbl.org/surbl-analysis"),
    row("URIBL", &["uribl.com"], &["uribl"], "https://lookup.uribl.com/"),
    row("WPBL", &["wpbl.info"], &["wpbl"], "https://wpbl.info/"),
    row("Truncate (GBUdb)", &["gbudb.net"], &["gbudb"], "https://www.gbudb.com/"),
    row("MAPS", &["rbl-plus.mail-abuse"], &["rbl-plus"], ""),
    row(
        "Mailspike",
        &["mailspike.net", "mailspike.org", "mailspike.io"],
        &["mailspike"],
        "https://mailspike.io/ip_verify",
    ),
    row("Blocklist.de", &["blocklist.de"], &["blocklist.de"], "https://www.blocklist.de/en/delist.html"),
    row("s5h.net", &["all.s5h.net", "s5h.net"], &[], "https://www.usenix.org.uk/content/rbl.html"),
    row("Hostkarma", &["junkemailfilter.com"], &["hostkarma"], "https://ipadmin.junkemailfilter.com/remove.php"),
    row("Lashback", &["lashback.com"], &["lashback"], "https://blacklist.lashback.com/"),
    row("RATS", &["spamrats.com"], &["spamrats"], "https://www.spamrats.com/removal.php"),
    row("CBL", &["cbl.abuseat.org", "abuseat.org"], &["composite blocking list"], "https://check.spamhaus.org/"),
    row("NJABL", &["njabl.org"], &["njabl"], ""),
    row("ORDB", &["ordb.org"], &["ordb"], ""),
    row("AHBL", &["ahbl.org"], &["ahbl"], ""),
    row("Fiveten", &["five-ten-sg.com", "fiveten"], &[], ""),
    row("SPEWS", &["spews.org", "spews.bl"], &["spews"], ""),
    row("DSBL", &["dsbl.org"], &["dsbl.org"], ""),
    row("Manitu", &["manitu.net"], &[], ""),
    row("0spam", &["0spam.org", "0spam.net", "0spam.fusionzero"], &["0spam"], "https://www.0spam.org/"),
    row(
        "SpamEatingMonkey",
        &["spameatingmonkey.net", "spameatingmonkey.com"],
        &["spameatingmonkey"],
        "https://spameatingmonkey.com/lookup",
    ),
    row("Woody's", &["woody.ch"], &[], ""),
    row("Tiopan", &["tiopan.com"], &[], ""),
    row("Swinog", &["swinog.ch", "antispam.imp.ch"], &["swinog"], ""),
    row("Kempt", &["kempt.net"], &[], ""),
    row("JustSpam", &["justspam.org"], &["justspam"], ""),
    row("Anonmails", &["anonmails.de"], &[], ""),
    row("Interserver", &["interserver.net"], &[], "https://rbl.interserver.net/"),
    row("Nordspam", &["nordspam.com"], &["nordspam"], ""),
    row(
        "KISA",
        &["kisarbl.or.kr", "spamlist.or.kr"],
        &["kisa-rbl", "kisarbl", "kisa rbl"],
        "https://www.kisarbl.or.kr/",
    ),
    row("Anti-Spam China", &["anti-spam.org.cn"], &[], ""),
    row("Polspam", &["rbl.polspam.pl", "polspam.pl"], &["polspam"], ""),
    row("SpamSources Fabel", &["fabel.dk"], &[], ""),
    row("Team Cymru", &["cymru.com"], &[], ""),
    row("ROTA DNSBL", &["rota.lv"], &["rota dnsbl"], ""),
    row("countries.nerd.dk", &["countries.nerd.dk"], &[], ""),
    row("MailHosts/LogonBox (mailhostbox)", &["mailhostbox.com"], &[], ""),
    row("EFnet RBL", &["efnetrbl.org", "rbl.efnet"], &[], "https://rbl.efnetrbl.org/"),
    row("DNSWL", &["dnswl.org"], &[], ""),
    row(
        "Cisco Talos",
        &["talosintelligence.com/reputation", "senderbase.org"],
        &["senderbase", "talos"],
        "https://talosintelligence.com/support",
    ),
    row("MXRate", &["mxrate.net"], &["mxrate"], ""),
    row("CYREN", &["cyren.com"], &["cyren ip reputation", "commtouch"], ""),
    row(
        "Symantec IP reputation",
        &["ipremoval.sms.symantec.com", "investigate.brightmail.com"],
        &["brightmail reputation"],
        "https://ipremoval.sms.symantec.com/",
    ),
    row("MX-Toolbox", &["mxtoolbox.com/blacklists"], &[], ""),
    row("SpamRATS", &["dyna.spamrats", "noptr.spamrats"], &[], "https://www.spamrats.com/removal.php"),
    row("McAfee", &["trustedsource.org", "bl.mcafee.com"], &["trustedsource"], "https://trustedsource.org/"),
    row("FortiGuard", &["fortiguard"], &["fortiguard"], "https://www.fortiguard.com/learnmore#as"),
    row("Sophos", &["sophosxl.net", "reputation.sophos"], &["sophos"], ""),
    row("Cloudfilter/OpenBL", &["openbl.org"], &["openbl"], ""),
];

/// Which list a reply names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// The name of the list, or its zone when it is not in the table.
    pub(crate) name: String,
    /// Where to ask for removal.
    pub(crate) removal: Option<String>,
    /// Whether only a URL names it.
    pub(crate) url_only: bool,
}

/// The blocklist that a (lower-cased) reply names.
pub(crate) fn named(lower: &str) -> Option<Named> {
    let words = without_urls(lower);
    let spoken = LISTS.iter().find(|l| l.zones.iter().chain(l.words).any(|w| whole(&words, w)));
    if let Some(list) = spoken {
        return Some(known(list, false));
    }
    if let Some(zone) = blocked_using(&words) {
        return Some(Named { name: zone.to_owned(), removal: None, url_only: false });
    }
    LISTS.iter().find(|l| l.zones.iter().any(|w| lower.contains(w))).map(|l| known(l, true))
}

/// A list of the table as the answer.
fn known(list: &Blocklist, url_only: bool) -> Named {
    Named { name: list.name.to_owned(), removal: list.removal.map(str::to_owned), url_only }
}

/// Whether `word` stands in the text and is not the middle of a longer word.
fn whole(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|t| t.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || c == '@')
    })
}

/// The text with its URLs taken out.
fn without_urls(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for span in scan::url_spans(text) {
        out.push_str(text.get(from..span.start).unwrap_or(""));
        from = span.end;
    }
    out.push_str(text.get(from..).unwrap_or(""));
    out
}

/// Phrases after which a receiver names the zone that it asked.
static USING: &[&str] = &[
    "blocked using ",
    "blocked by ",
    "rejected using ",
    "listed at ",
    "listed in ",
    "listed on ",
    "listed by ",
    "found in dnsbl ",
    "found on ",
    "blacklisted at ",
    "blacklisted by ",
    "blacklisted in ",
    "black list at ",
    "blacklist at ",
    "denied by ",
    "blocklisted by ",
    "block list provider ",
    "rbl ",
    "dnsbl ",
    "rbl: ",
    "dnsbl: ",
    "according to ",
    "blacklist ",
    "listed as spam source in ",
    "rbl/dnsbl ",
];

/// The DNS zone after one of the phrases that announce it, if it looks like one.
fn blocked_using(words: &str) -> Option<&str> {
    let places =
        USING.iter().flat_map(|phrase| words.match_indices(phrase).take(20).map(|(at, found)| at + found.len()));
    places.take(200).find_map(|at| {
        let rest = words.get(at..)?;
        let rest = rest.strip_prefix("the ").unwrap_or(rest).trim_start_matches(['\'', '"', '(', '[']);
        let end =
            rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))).unwrap_or(rest.len());
        let zone = rest.get(..end)?.trim_end_matches('.');
        let addressed = rest.get(end..).is_some_and(|t| t.starts_with(['@', '[']));
        (listable(zone) && !addressed).then_some(zone)
    })
}

/// Whether a word may be the zone of a DNS list.
fn listable(zone: &str) -> bool {
    let listed = ["bl", "rbl", "list", "spam", "block", "black", "rep", "policy"].iter().any(|w| zone.contains(w));
    scan::host_like(zone) || (zone.contains('.') && listed && !zone.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_known_by_zone_word_and_phrase() {
        let name = |t: &str| named(t).map(|n| n.name);
        assert_eq!(name("client host [192.0.2.1] blocked using zen.spamhaus.org").as_deref(), Some("Spamhaus"));
        assert_eq!(name("blocked using rbl.example.net; see there").as_deref(), Some("rbl.example.net"));
        assert_eq!(name("ip is blocked by our policy"), None);
        assert!(named("see https://www.spamhaus.org/query/").unwrap().url_only);
    }
}
