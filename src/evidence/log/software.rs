//! Which software wrote a log, by its program names and the shape of its lines.

use super::envelope;

/// How many lines are looked at.
const LINES: usize = 200;

/// Program names (parts of them) and the software they belong to; the first that fits wins.
static PROGRAMS: &[(&str, &str)] = &[
    ("postfix", "Postfix"),
    ("postscreen", "Postfix"),
    ("exim", "Exim"),
    ("sm-mta", "Sendmail"),
    ("sm-msp", "Sendmail"),
    ("sm-accept", "Sendmail"),
    ("sendmail", "Sendmail"),
    ("qmail-queue-handlers", "Plesk (qmail)"),
    ("greylisting filter", "Plesk (qmail)"),
    ("haraka", "Haraka"),
    ("opensmtpd", "OpenSMTPD"),
    ("courier", "Courier"),
    ("qmail", "qmail"),
    ("rblsmtpd", "qmail"),
    ("stalwart", "Stalwart"),
    ("maddy", "maddy"),
    ("chasquid", "chasquid"),
    ("nullmailer", "nullmailer"),
    ("msmtp", "msmtp"),
    ("ssmtp", "sSMTP"),
    ("dma", "dma"),
    ("zone-mta", "ZoneMTA"),
    ("kumod", "KumoMTA"),
    ("inbound/pass", "Barracuda"),
    ("inbound/smtp", "Barracuda"),
    ("outbound/smtp", "Barracuda"),
    ("outbound/qmgr", "Barracuda"),
    ("rspamd", "Rspamd"),
    ("amavis", "amavis"),
    ("dovecot", "Dovecot"),
];

/// Pieces of lines that only one software writes.
static SHAPES: &[(&str, &str)] = &[
    ("postfix/", "Postfix"),
    ("NOQUEUE: reject: ", "Postfix"),
    ("NOQUEUE: ", "Postfix"),
    ("status=deferred (", "Postfix"),
    ("status=bounced (", "Postfix"),
    ("refused to talk to me:", "Postfix"),
    ("PREGREET ", "Postfix"),
    (" authenticator failed for ", "Exim"),
    (" rejected RCPT ", "Exim"),
    (" rejected MAIL ", "Exim"),
    (" rejected after DATA", "Exim"),
    (" rejected by local_scan()", "Exim"),
    ("SMTP protocol synchronization error", "Exim"),
    ("SMTP protocol violation", "Exim"),
    ("SMTP protocol error in ", "Exim"),
    ("SMTP call from ", "Exim"),
    ("SMTP error from remote mail", "Exim"),
    ("no host name found for IP address", "Exim"),
    ("rejected EHLO or HELO", "Exim"),
    ("rejected HELO or EHLO", "Exim"),
    (" Unrouteable address", "Exim"),
    ("ruleset=check_", "Sendmail"),
    (", mailer=esmtp, pri=", "Sendmail"),
    ("smtp-out: ", "OpenSMTPD"),
    ("smtp-in: ", "OpenSMTPD"),
    ("relay: PermFail for ", "OpenSMTPD"),
    ("relay: TempFail for ", "OpenSMTPD"),
    ("evpid=", "OpenSMTPD"),
    ("mta: received ", "OpenSMTPD"),
    ("smtp: 0x", "OpenSMTPD"),
    ("[outbound] ", "Haraka"),
    ("[-] [core]", "Haraka"),
    ("courieresmtp", "Courier"),
    ("smtp::queue", "Stalwart"),
    ("(delivery.", "Stalwart"),
    ("(queue.", "Stalwart"),
    ("(smtp.", "Stalwart"),
    ("(limit.", "Stalwart"),
    ("rblsmtpd: ", "qmail"),
    ("new msg ", "qmail"),
    ("starting delivery ", "qmail"),
    ("qmail-smtpd", "qmail"),
    ("qmail-remote", "qmail"),
    ("Support Ref: ", "Postal"),
    ("\"SMTPD\"\t", "hMailServer"),
    ("\"SMTPC\"\t", "hMailServer"),
    ("Remote_host_said:", "qmail"),
    (" smtpstatus=", "msmtp"),
    ("exitcode=EX_", "msmtp"),
    ("] [core] disconnect ip=", "Haraka"),
    ("] [core] deny ip=", "Haraka"),
    ("New SMTP ICID ", "IronPort"),
    ("Info: ICID ", "IronPort"),
    ("Info: MID ", "IronPort"),
    (" DCID ", "IronPort"),
    ("Attempt to deliver to unknown recipient <", "Kerio Connect"),
    (" found in DNS blacklist ", "Kerio Connect"),
    ("  SMTP Server: ", "Domino"),
    ("  Router: ", "Domino"),
    ("|RejCode=", "Mimecast"),
    ("rspamd_task_write_log: ", "Rspamd"),
    ("(rspamd_proxy) <", "Rspamd"),
    ("\"smtp_enchcode\":", "maddy"),
    ("\"msg_id\":\"", "maddy"),
    ("zone-mta/", "ZoneMTA"),
    (" o.a.j.", "ApacheJames"),
    ("org.apache.james.", "ApacheJames"),
    ("com.zimbra.", "Zimbra"),
    ("pflogsumm", "Postfix"),
    ("\tSMTP-OU\t", "MailEnable"),
    ("\tSMTP-IN\t", "MailEnable"),
    ("MSExchangeTransport", "Exchange"),
    ("] Initiating connection to ", "SmarterMail"),
    ("] Sending remote mail for ", "SmarterMail"),
    ("] RSP: ", "SmarterMail"),
    ("] CMD: ", "SmarterMail"),
    ("] rsp: ", "SmarterMail"),
    ("] cmd: ", "SmarterMail"),
];

/// The software that wrote most of the first lines that tell, and whether most lines are those of a log.
pub(super) fn sniff(text: &str) -> (Option<&'static str>, bool) {
    let (mut lines, mut timed) = (0_usize, 0_usize);
    let mut votes: Vec<(&'static str, usize)> = Vec::new();
    for raw in text.lines().take(LINES) {
        let raw = crate::evidence::scan::truncated(raw, 2000);
        if raw.trim().is_empty() {
            continue;
        }
        lines += 1;
        timed += usize::from(envelope::open(raw, 0).time.is_some());
        let Some(name) = of_line(raw) else { continue };
        match votes.iter_mut().find(|(n, _)| *n == name) {
            Some(vote) => vote.1 += 1,
            None => votes.push((name, 1)),
        }
    }
    let best = votes.iter().map(|(_, count)| *count).max();
    let name = votes.into_iter().find(|(_, count)| Some(*count) == best).map(|(name, _)| name);
    (name, timed * 2 >= lines.max(1))
}

/// The software that one line tells.
fn of_line(raw: &str) -> Option<&'static str> {
    let line = envelope::open(raw, 0);
    let program = line.program.to_ascii_lowercase();
    let by_program =
        PROGRAMS.iter().find(|(p, _)| program.contains(p) && (*p != "dma" || program == *p)).map(|(_, n)| *n);
    let exim = || (line.time.is_some() && exim_id(line.message)).then_some("Exim");
    let icewarp = || is_icewarp(&line).then_some("IceWarp");
    let mdaemon = || is_mdaemon(raw).then_some("MDaemon");
    let communigate = || is_communigate(line.message).then_some("CommuniGate Pro");
    by_program
        .or_else(exim)
        .or_else(mdaemon)
        .or_else(icewarp)
        .or_else(communigate)
        .or_else(|| SHAPES.iter().find(|(s, _)| raw.contains(s)).map(|(_, n)| *n))
}

/// Whether a line is one of `IceWarp`, which puts the peer's address before the time, then arrows.
fn is_icewarp(line: &envelope::Line<'_>) -> bool {
    let first = line.message.split([' ', '\t']).next().unwrap_or("");
    let arrows = ["] ", " <<< ", " >>> "].iter().filter(|mark| line.message.contains(**mark)).count() == 2;
    arrows && line.time.is_some() && crate::evidence::scan::ip(first).is_some()
}

/// Whether a line starts as only `MDaemon`'s do: `Mon 2024-05-01 10:11:12.123: [00123:1] --> …`.
fn is_mdaemon(raw: &str) -> bool {
    let (Some(date), Some(rest)) = (raw.get(4..14), raw.get(15..)) else { return false };
    let dated = date.split('-').map(str::len).eq([4, 2, 2]) && date.starts_with(|c: char| c.is_ascii_digit());
    let marks = [": [", ": --> ", ": <-- ", ": * ", ": Session "];
    dated
        && raw.get(..3).is_some_and(|day| day.bytes().all(|b| b.is_ascii_alphabetic()))
        && marks.iter().any(|m| crate::evidence::scan::truncated(rest, 24).contains(m))
}

/// Whether a message is one of `CommuniGate Pro`: a level, then `SMTP-000123(dest.example)` or `SMTPI-…`.
fn is_communigate(message: &str) -> bool {
    let word = message.split(' ').find(|w| w.starts_with("SMTP-") || w.starts_with("SMTPI-"));
    let number = word.and_then(|w| w.split_once('-')).map_or("", |(_, rest)| rest);
    number.starts_with(|c: char| c.is_ascii_digit()) && number.contains('(') && number.ends_with([')', ':'])
}

/// Whether a message starts with a message id of Exim and one of its signs.
fn exim_id(message: &str) -> bool {
    let message = message.strip_prefix('[').and_then(|m| m.split_once("] ")).map_or(message, |(_, rest)| rest);
    let (id, rest) = message.split_once(' ').unwrap_or((message, ""));
    super::exim::is_id(id)
        && (["<=", "=>", "->", "**", "==", "*>", "Completed"].iter().any(|s| rest.starts_with(s))
            || rest.contains("H=")
            || rest.contains("R="))
}
