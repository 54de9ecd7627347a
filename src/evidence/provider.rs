//! Whose server speaks: known by its host names, and by the marks that its replies carry.

/// One provider: name, ends of its receiving host names, and marks in the text (lower case).
struct Provider(&'static str, &'static [&'static str], &'static [&'static str]);

/// The providers that senders meet most.
static PROVIDERS: &[Provider] = &[
    Provider(
        "GMX/WEB.DE",
        &["gmx.net", "gmx.com", "gmx.de", "web.de", "mail.com"],
        &["gmx.net (mxgmx", "web.de (mxweb", "postmaster.gmx", "postmaster.web.de", "web.de/email", "gmx.net/mail"],
    ),
    Provider(
        "IONOS",
        &["kundenserver.de", "perfora.net", "1and1.com", "ionos.com", "ionos.de", "1und1.de", "schlund.de"],
        &[
            "kundenserver.de (mxeue",
            "perfora.net (mx",
            "nemesis esmtp",
            "1and1.com",
            "1und1.de",
            "ionos.com",
            "ionos.de",
        ],
    ),
    Provider(
        "Google",
        &["google.com", "googlemail.com", "gmail.com"],
        &["- gsmtp", "support.google.com", "gmail-smtp-in", "gmail's", "gmail does not", "mail.google.com"],
    ),
    Provider(
        "Microsoft",
        &["outlook.com", "hotmail.com", "live.com", "office365.us", "microsoft.com", "messaging.microsoft.com"],
        &[
            "outlook.com",
            "mail.live.com",
            "postmaster.live.com",
            "sender.office.com",
            "(s3140)",
            "(s3150)",
            "(as3140)",
            "(as3150)",
            "aka.ms/exo",
            "go.microsoft.com",
            "frontbridge.com",
            "resolver.adr",
            "store.drv",
        ],
    ),
    Provider("Yahoo Japan", &["yahoo.co.jp"], &["yahoo-help.jp"]),
    Provider(
        "Yahoo",
        &["yahoodns.net", "yahoo.com", "aol.com", "yahoo.net", "verizon.net"],
        &[
            "[tss0",
            "[tss1",
            "[ipts04",
            "[bl21]",
            "[bl23]",
            "[ph01]",
            "postmaster.yahoo",
            "yahooinc.com",
            "help.yahoo.com",
            "verizonmedia.com",
            "yahoo.com",
        ],
    ),
    Provider(
        "AOL",
        &["mx.aol.com"],
        &["postmaster.aol.com", "postmaster.info.aol.com", "(rly:", "(hvu:", "(cow:", "(dyn:", "(rtr:"],
    ),
    Provider(
        "Apple iCloud",
        &["icloud.com", "me.com", "mac.com", "apple.com"],
        &["support.apple.com", "[cs01]", "[hme1]", "[hm08]"],
    ),
    Provider("T-Online", &["t-online.de", "telekom.de"], &["t-online.de", "tosa@rx", "tobr@rx", "toda@rx"]),
    Provider("Comcast", &["comcast.net"], &["comcast.net", "xfinity.com"]),
    Provider("Cox", &["cox.net"], &["cxbl", "cxdns", "cxsndr", "cxmxrt", "cdrbl"]),
    Provider("Spectrum", &["charter.net", "rr.com", "spectrum.net", "twc.com"], &["aup#"]),
    Provider(
        "AT&T",
        &["att.net", "prodigy.net", "sbcglobal.net", "bellsouth.net"],
        &["rbl.att.net", "abuse_rbl@abuse-att.net", "att.net"],
    ),
    Provider("Orange", &["orange.fr", "wanadoo.fr"], &["ofr006", "ofr004", "ofr005", "mwinf", "orange.fr"]),
    Provider("La Poste", &["laposte.net"], &["lpn007", "laposte.net"]),
    Provider("Free", &["free.fr"], &["free.fr"]),
    Provider("SFR", &["sfr.fr", "neuf.fr"], &["sfr.fr"]),
    Provider("Mail.ru", &["mail.ru"], &["help.mail.ru", "mail.ru"]),
    Provider(
        "Yandex",
        &["yandex.ru", "yandex.net", "yandex.com"],
        &["ya.cc/", "yandex.ru", "yandex.com", "yandex.net"],
    ),
    Provider(
        "Proofpoint",
        &["pphosted.com", "ppe-hosted.com", "ppops.net"],
        &["ipcheck.proofpoint.com", "pphosted.com", "proofpoint"],
    ),
    Provider("Mimecast", &["mimecast.com", "mimecast.co.za", "mimecast-offshore.com"], &["mimecast"]),
    Provider(
        "Barracuda",
        &["barracudanetworks.com", "cudasvc.com", "cudamail.com"],
        &["cuda_nsu", "barracuda.com", "ess.barracuda", "permanent failure for one or more recipients"],
    ),
    Provider(
        "MessageLabs (Symantec)",
        &["messagelabs.com", "symanteccloud.com"],
        &["messagelabs.com", "symanteccloud.com"],
    ),
    Provider(
        "Trend Micro",
        &["tmes.trendmicro.com", "tmase.trendmicro.com", "in.hes.trendmicro.com", "trendmicro.eu"],
        &["trendmicro"],
    ),
    Provider("Cisco IronPort", &["iphmx.com"], &["iphmx.com"]),
    Provider("Sophos", &["sophos.com", "reflexion.net"], &["sophos.com"]),
    Provider("Cloudflare", &["mx.cloudflare.net"], &["mx.cloudflare.net"]),
    Provider("Zoho", &["zoho.com", "zoho.eu", "zohomail.com"], &["zoho.com", "zohomail"]),
    Provider("Fastmail", &["messagingengine.com", "fastmail.com"], &["messagingengine.com"]),
    Provider("Proton", &["protonmail.ch", "proton.ch", "protonmail.com"], &["protonmail"]),
    Provider("Amazon SES", &["amazonaws.com", "amazonses.com"], &["amazonses", "amazon ses", "amazonaws.com"]),
    Provider("SendGrid", &["sendgrid.net"], &["sendgrid"]),
    Provider("Mailgun", &["mailgun.org", "mailgun.net"], &["mailgun"]),
    Provider(
        "GoDaddy",
        &["secureserver.net"],
        &["x.co/sr", "ib605", "ib212", "unsubscribe.secureserver.net", "secureserver.net"],
    ),
    Provider("Rackspace", &["emailsrvr.com"], &["emailsrvr.com"]),
    Provider("OVH", &["ovh.net", "ovh.com"], &["ovh.net", "ovh.com"]),
    Provider("Strato", &["rzone.de", "strato.de"], &["rzone.de", "strato.de"]),
    Provider("freenet", &["freenet.de"], &["freenet.de", "freenet"]),
    Provider("mailbox.org", &["mailbox.org"], &["mailbox.org"]),
    Provider("Posteo", &["posteo.de"], &["posteo.de"]),
    Provider("Swisscom/Bluewin", &["bluewin.ch", "swisscom.com"], &["bluewin.ch"]),
    Provider("KPN", &["kpnmail.nl", "kpnxchange.com"], &["kpnmail"]),
    Provider("Ziggo", &["ziggo.nl"], &["ziggo.nl"]),
    Provider("Telenet", &["telenet.be", "telenet-ops.be"], &["telenet.be"]),
    Provider("Proximus/Skynet", &["skynet.be", "proximus.be"], &["skynet.be"]),
    Provider("Libero", &["libero.it", "iol.it", "italiaonline.it"], &["libero.it"]),
    Provider("Tiscali", &["tiscali.it"], &["tiscali.it"]),
    Provider("Aruba", &["aruba.it"], &["aruba.it"]),
    Provider("Register.it", &["register.it"], &["register.it"]),
    Provider("Seznam", &["seznam.cz"], &["seznam.cz"]),
    Provider("WP", &["wp.pl"], &["wp.pl"]),
    Provider("Onet", &["onet.pl"], &["onet.pl"]),
    Provider("Interia", &["interia.pl"], &["interia.pl"]),
    Provider("Telstra", &["bigpond.com"], &["bigpond.com"]),
    Provider("Tencent QQ", &["qq.com"], &["mail.qq.com", "service.mail.qq.com", "qq.com"]),
    Provider(
        "NetEase",
        &["163.com", "126.com", "netease.com", "yeah.net"],
        &["mail.163.com", "163.com", "netease", "dt:spm"],
    ),
    Provider("Alibaba", &["aliyun.com", "mxhichina.com"], &["aliyun.com"]),
    Provider("Sina", &["sina.com", "sina.cn"], &["sina.com"]),
    Provider("Naver", &["naver.com"], &["naver.com"]),
    Provider("Daum/Kakao", &["hanmail.net", "daum.net", "kakao.com"], &["hanmail", "daum.net"]),
    Provider("NTT DOCOMO", &["docomo.ne.jp"], &["docomo.ne.jp"]),
    Provider("KDDI au", &["ezweb.ne.jp", "au.com"], &["ezweb.ne.jp"]),
    Provider("UOL", &["uol.com.br"], &["uol.com.br"]),
    Provider("Terra", &["terra.com", "terra.com.br"], &["terra.com"]),
    Provider("Locaweb", &["locaweb.com.br"], &["locaweb"]),
    Provider("Virgin Media", &["virginmedia.com", "virgin.net", "ntlworld.com"], &["virginmedia.com"]),
    Provider("BT", &["btinternet.com", "bt.com"], &["btinternet.com", "bt.com"]),
    Provider("Sky", &["sky.com"], &["sky.com"]),
    Provider("TalkTalk", &["talktalk.net"], &["talktalk"]),
    Provider("Earthlink", &["earthlink.net"], &["earthlink.net"]),
    Provider("Optonline", &["optonline.net", "altice.net"], &["optonline.net"]),
    Provider("Rogers/Bell", &["bellnexxia.net", "bell.net", "rogers.com"], &["bell.net"]),
    Provider("Shaw", &["shaw.ca"], &["shaw.ca"]),
    Provider("Videotron", &["videotron.ca"], &["videotron"]),
    Provider("Facebook", &["facebook.com"], &["facebook.com/postmaster"]),
    Provider("ImprovMX", &["improvmx.com"], &["improvmx"]),
    Provider("Hornetsecurity", &["hornetsecurity.com", "antispameurope.com"], &["antispameurope", "hornetsecurity"]),
    Provider("Spamhero/MailChannels", &["mailchannels.net"], &["mailchannels"]),
    Provider("SpamExperts/N-able", &["spamexperts.com", "antispamcloud.com"], &["antispamcloud", "spamexperts"]),
    Provider("Forcepoint", &["mailcontrol.com"], &["mailcontrol.com"]),
    Provider("FireEye/Trellix", &["fireeyecloud.com"], &["fireeyecloud"]),
    Provider("Titan/Flock (mailhostbox)", &["mailhostbox.com", "titan.email"], &["mailhostbox.com"]),
    Provider("Namecheap", &["privateemail.com", "registrar-servers.com"], &["privateemail.com"]),
    Provider("Hostinger", &["hostinger.com"], &["hostinger"]),
    Provider("Gandi", &["gandi.net"], &["gandi.net"]),
    Provider("Infomaniak", &["infomaniak.ch", "infomaniak.com"], &["infomaniak"]),
    Provider("one.com", &["one.com"], &[]),
    Provider("Loopia", &["loopia.se"], &["loopia"]),
    Provider("LinuxMagic/MagicMail", &[], &["linuxmagic.com"]),
];

/// The provider that a receiving host belongs to.
pub(crate) fn of_host(host: &str) -> Option<&'static str> {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    PROVIDERS.iter().find(|p| p.1.iter().any(|d| within(&host, d))).map(|p| p.0)
}

/// The provider whose marks a (lower-cased) reply carries.
pub(crate) fn of_text(lower: &str) -> Option<&'static str> {
    PROVIDERS.iter().find(|p| p.2.iter().any(|m| marked(lower, m))).map(|p| p.0)
}

/// Whether the mark stands in the text, and not as the domain of an address that the reply is about.
fn marked(lower: &str, mark: &str) -> bool {
    lower.match_indices(mark).any(|(at, _)| {
        let before = lower.get(..at).and_then(|t| t.chars().next_back());
        !before.is_some_and(|c| c == '@' || (c.is_alphanumeric() && mark.starts_with(|m: char| m.is_alphanumeric())))
    })
}

/// Whether `host` is `domain` or below it.
pub(crate) fn within(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|head| head.is_empty() || head.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_marks() {
        assert_eq!(of_host("mx-ha03.web.de."), Some("GMX/WEB.DE"));
        assert_eq!(of_host("notweb.de"), None);
        assert_eq!(of_text("no such user ann@free.fr"), None);
        assert_eq!(of_text("more at https://support.google.com/x - gsmtp"), Some("Google"));
    }
}
