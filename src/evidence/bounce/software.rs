//! Which software wrote a delivery report, by the sentences and fields that are its own.

use crate::evidence::input::mime::Message;
use crate::evidence::scan;

/// Where a mark stands.
#[derive(Clone, Copy)]
enum At {
    /// In a header field, written `name: value`, or any part of one.
    Head,
    /// In the From field.
    From,
    /// In the prose of the report.
    Body,
    /// In the machine-readable part.
    Report,
}

/// One row: the software, and the marks that must all be there (lower case).
struct Row(&'static str, &'static [(At, &'static str)]);

use At::{Body, From, Head, Report};

/// The table; the first row whose marks are all there wins, so special ones come first.
static TABLE: &[Row] = &[
    Row("SmarterMail", &[(Body, "failed recipient:"), (Body, "reason: remote host said:")]),
    Row("Haraka", &[(Body, "haraka mailer program")]),
    Row("GoogleGroups", &[(From, "googlemail.com"), (Body, "we're writing to let you know that the group")]),
    Row("Google", &[(From, "mailer-daemon@google.com")]),
    Row("Google Workspace", &[(From, "googlemail.com"), (Report, "reporting-mta: dns; googlemail.com")]),
    Row("Google Workspace", &[(From, "google.com"), (Report, "reporting-mta: dns; googlemail.com")]),
    Row("Gmail", &[(From, "googlemail.com")]),
    Row("Gmail", &[(From, "mailer-daemon@google")]),
    Row("Gmail", &[(Body, "technical details of permanent failure")]),
    Row("Gmail", &[(Body, "technical details of temporary failure")]),
    Row("Google", &[(From, "gmail.com")]),
    Row("ReceivingSES", &[(From, "amazonses.com"), (Body, "this message could not be delivered")]),
    Row("ReceivingSES", &[(Head, "x-ses-outgoing"), (Body, "this message could not be delivered")]),
    Row("AmazonWorkMail", &[(Head, "amazon workmail")]),
    Row("AmazonSES", &[(From, "amazonses.com")]),
    Row("AmazonSES", &[(Head, "x-ses-outgoing"), (Body, "an error occurred while trying to deliver")]),
    Row("AmazonSES", &[(Report, "amazonses.com")]),
    Row("SendGrid", &[(Body, "generated message from sendgrid")]),
    Row("SendGrid", &[(Report, "x-smtpapi")]),
    Row("Facebook", &[(From, "facebook")]),
    Row("Verizon", &[(From, "vtext.com")]),
    Row("Verizon", &[(From, "vzwpix.com")]),
    Row("EinsUndEins", &[(From, "kundenserver")]),
    Row("EinsUndEins", &[(From, "perfora")]),
    Row("EinsUndEins", &[(Head, "x-ui-out-filterresults"), (Body, "for the following reason:")]),
    Row("GMX", &[(From, "gmx")]),
    Row("GMX", &[(Head, "x-gmx-"), (Body, "this message was created automatically by mail delivery software")]),
    Row("Yahoo", &[(From, "yahoo.")]),
    Row("Yahoo", &[(Body, "sorry, we were unable to deliver your message to the following address")]),
    Row("AOL", &[(From, "@aol.com")]),
    Row("Aol", &[(Head, "x-aol-"), (Body, "aol")]),
    Row("Yandex", &[(From, "yandex")]),
    Row("Activehunter", &[(Head, "x-ahmailid")]),
    Row("Postfix", &[(Report, "x-postfix-")]),
    Row("Postfix", &[(Body, "this is the mail system at host")]),
    Row("Sendmail", &[(Body, "transcript of session follows"), (Report, "reporting-mta")]),
    Row("MailRu", &[(From, "mail.ru"), (Body, "created automatically by")]),
    Row("MailRu", &[(From, "mail.ru"), (Body, "создано автоматически")]),
    Row("Mailgun", &[(From, "mailgun")]),
    Row("Zoho", &[(Head, "x-zoho")]),
    Row("Zoho", &[(From, "zoho")]),
    Row("MessageLabs", &[(From, "messagelabs")]),
    Row("MXLogic", &[(Head, "x-mxl-")]),
    Row("MXLogic", &[(From, "mxl~")]),
    Row("Mimecast", &[(Head, "mimecast")]),
    Row("TrendMicro", &[(Head, "trendmicro")]),
    Row("InterScanMSS", &[(From, "interscan")]),
    Row("InterScanMSS", &[(Head, "subject: mail could not be delivered")]),
    Row("SurfControl", &[(Head, "x-sef-")]),
    Row("SurfControl", &[(Body, "surfcontrol")]),
    Row("EZweb", &[(From, "ezweb.ne.jp")]),
    Row("KDDI", &[(From, "dion.ne.jp")]),
    Row("Biglobe", &[(From, "biglobe.ne.jp")]),
    Row("NTT DOCOMO", &[(From, "docomo.ne.jp")]),
    Row("Bigfoot", &[(From, "bigfoot.com")]),
    Row("McAfee", &[(Head, "mcafee")]),
    Row("McAfee", &[(Body, "--- the following addresses had delivery problems ---")]),
    Row("MailMarshalSMTP", &[(Head, "mailmarshal")]),
    Row("MailMarshalSMTP", &[(Body, "mailmarshal")]),
    Row("MailMarshalSMTP", &[(Body, "your message:"), (Body, "could not be delivered because of")]),
    Row("MailFoundry", &[(Head, "mailfoundry")]),
    Row("mFILTER", &[(Head, "m-filter")]),
    Row("mFILTER", &[(Body, "-------server message")]),
    Row("Barracuda", &[(Body, "spam firewall")]),
    Row("Barracuda", &[(From, "barracuda")]),
    Row("Barracuda", &[(Head, "barracuda")]),
    Row("Symantec Messaging Gateway", &[(Body, "symantec messaging gateway")]),
    Row("Activehunter", &[(Head, "x-ahmailid")]),
    Row("FML", &[(Head, "x-mlserver: fml")]),
    Row("ApacheJames", &[(Head, "james smtp server")]),
    Row("ApacheJames", &[(Head, "subject: [bounce]")]),
    Row("ApacheJames", &[(Body, "this is the james mail server")]),
    Row("Hotmail/Outlook.com", &[(From, "hotmail.")]),
    Row(
        "Hotmail/Outlook.com",
        &[(Report, "hotmail.com"), (Body, "this is an automatically generated delivery status notification")],
    ),
    Row("Office365", &[(Head, "prod.outlook.com")]),
    Row("Office365", &[(Head, "x-ms-exchange-crosstenant")]),
    Row("Office365", &[(Body, "office 365")]),
    Row("Office365", &[(Body, "microsoft 365")]),
    Row("Office365", &[(Report, "outlook.com")]),
    Row("Domino", &[(Head, "delivery failure"), (Report, "x-notes")]),
    Row("Domino", &[(Head, "subject: delivery failure:")]),
    Row("Domino", &[(Report, "x-notes")]),
    Row("Domino", &[(Head, "lotus domino")]),
    Row("Notes", &[(Body, "failure reasons")]),
    Row("Exchange2003", &[(Body, "did not reach the following recipient(s)")]),
    Row("Exchange2003", &[(Head, "x-ms-embedded-report")]),
    Row("Exchange2003", &[(Head, "internet mail service")]),
    Row("Exchange2003", &[(Head, "exchange v6")]),
    Row("Exchange2007", &[(Body, "generating server:")]),
    Row("Exchange2007", &[(Body, "diagnostic information for administrators")]),
    Row("Exchange2007", &[(Body, "diagnoseinformationen für administratoren")]),
    Row("Exchange2007", &[(Body, "informations de diagnostic pour les administrateurs")]),
    Row("Exchange2007", &[(Body, "información de diagnóstico para los administradores")]),
    Row("Exchange2007", &[(Body, "información de diagnóstico para administradores")]),
    Row("Exchange2007", &[(Body, "informazioni di diagnostica per amministratori")]),
    Row("Exchange2007", &[(Body, "informações de diagnóstico para os administradores")]),
    Row("Exchange2007", &[(Body, "diagnostiska uppgifter för administratörer")]),
    Row("Exchange2007", &[(Body, "diagnostiske oplysninger til administratorer")]),
    Row("Exchange2007", &[(Body, "diagnostické informace pro správce")]),
    Row("Exchange2007", &[(Body, "rendszergazdáknak szóló diagnosztikai")]),
    Row("Exchange2007", &[(Body, "yöneticiler için tanılama bilgileri")]),
    Row("Exchange2007", &[(Body, "관리자를 위한 진단 정보")]),
    Row("Exchange2007", &[(Body, "系統管理員的診斷資訊")]),
    Row("Exchange2007", &[(Body, "generierender server:")]),
    Row("Exchange2007", &[(Body, "serveur de génération")]),
    Row("Exchange2007", &[(Body, "servidor de generación")]),
    Row("Exchange2007", &[(Body, "generando servidor")]),
    Row("Exchange2007", &[(Body, "server di generazione")]),
    Row("Exchange2007", &[(Body, "server che ha generato")]),
    Row("Exchange2007", &[(Body, "genererende server")]),
    Row("Exchange2007", &[(Body, "servidor de geração")]),
    Row("Exchange2007", &[(Body, "servidor de origem do erro")]),
    Row("Exchange2007", &[(Body, "informazioni di diagnostica per gli amministratori")]),
    Row("Exchange2007", &[(Body, "diagnostische gegevens voor beheerders")]),
    Row("Exchange2007", &[(Body, "informações de diagnóstico para administradores")]),
    Row("Exchange2007", &[(Body, "informacje diagnostyczne dla administratorów")]),
    Row("Exchange2007", &[(Body, "диагностические сведения для администраторов")]),
    Row("Exchange2007", &[(Body, "管理者向けの診断情報")]),
    Row("Exchange2007", &[(Body, "管理员的诊断信息")]),
    Row("Exchange2007", &[(Head, "x-ms-exchange")]),
    Row("Exchange2007", &[(Body, "#550 "), (Body, "##rfc822")]),
    Row("Exchange", &[(Head, "microsoft smtpsvc")]),
    Row("Exchange", &[(Head, "microsoft exchange")]),
    Row("Exchange", &[(Head, "x-dsncontext")]),
    Row("Exchange", &[(Head, "boundary=\"9b095b5adsn=")]),
    Row("Cisco IronPort", &[(Body, "the following message to <"), (Body, "the reason for the problem:")]),
    Row("GroupWise", &[(Head, "groupwise")]),
    Row("GroupWise", &[(Body, "groupwise")]),
    Row(
        "MessagingServer",
        &[(Body, "your message cannot be delivered to the following recipients"), (Body, "recipient address:")],
    ),
    Row("MessagingServer", &[(Head, "boundary_(id_")]),
    Row("MessagingServer", &[(Body, "sun java(tm) system messaging server")]),
    Row("MessagingServer", &[(Body, "iplanet messaging server")]),
    Row("IMailServer", &[(Head, "x-mailer: <smtp32")]),
    Row("IMailServer", &[(Body, "body of message generated response")]),
    Row("MDaemon", &[(Head, "mdaemon")]),
    Row("MDaemon", &[(Body, "mdaemon")]),
    Row("MailEnable", &[(Body, "mailenable")]),
    Row("MailEnable", &[(Head, "mailenable")]),
    Row("hMailServer", &[(Body, "hmailserver")]),
    Row("SmarterMail", &[(Head, "smartermail")]),
    Row("SmarterMail", &[(Body, "smartermail")]),
    Row("IceWarp", &[(Head, "icewarp")]),
    Row("IceWarp", &[(Body, "icewarp")]),
    Row("Merak", &[(Head, "merak")]),
    Row("Axigen", &[(Head, "axigen")]),
    Row("Axigen", &[(Body, "axigen")]),
    Row("Kerio", &[(Head, "kerio")]),
    Row("Kerio", &[(Body, "kerio")]),
    Row("CommuniGate", &[(Head, "communigate")]),
    Row("CommuniGate", &[(Body, "communigate")]),
    Row("MagicMail", &[(Head, "magicmail")]),
    Row("Mercury", &[(Body, "mercury mail transport")]),
    Row("Momentum", &[(Body, "(ecelerity")]),
    Row("Momentum", &[(Head, "ecelerity")]),
    Row("PowerMTA", &[(Head, "powermta")]),
    Row("PowerMTA", &[(Body, "hello, this is the mail server on")]),
    Row("PowerMTA", &[(Report, "x-powermta")]),
    Row("KumoMTA", &[(Head, "kumomta")]),
    Row("KumoMTA", &[(Body, "kumomta")]),
    Row("Stalwart", &[(Head, "stalwart")]),
    Row("Stalwart", &[(Body, "stalwart")]),
    Row("ZoneMTA", &[(Body, "zonemta")]),
    Row("ZoneMTA", &[(Head, "zonemta")]),
    Row("Postal", &[(Body, "postal")]),
    Row("maddy", &[(Body, "maddy mail server")]),
    Row(
        "maddy",
        &[
            (Body, "this is the mail delivery system at"),
            (Body, "unfortunately, your message could not be delivered to one or more recipients. the usual cause"),
        ],
    ),
    Row("chasquid", &[(Body, "chasquid")]),
    Row("chasquid", &[(Head, "chasquid")]),
    Row("Cyrus", &[(Body, "cyrus")]),
    Row("Dovecot", &[(Body, "sieve")]),
    Row("Dovecot", &[(From, "mail delivery subsystem"), (Body, "was automatically rejected")]),
    Row("Dovecot", &[(Body, "dovecot")]),
    Row("Dovecot", &[(Head, "dovecot"), (Body, "automatically rejected")]),
    Row("Courier", &[(Body, "courier mail server")]),
    Row("Courier", &[(Head, "boundary=\"=_courier")]),
    Row("Courier", &[(Head, "<courier.")]),
    Row("DragonFly", &[(Body, "this is the dragonfly mail agent")]),
    Row("DragonFly", &[(Body, "dma (dragonfly")]),
    Row("OpenSMTPD", &[(Body, "this is the mailer-daemon, please do not reply")]),
    Row("OpenSMTPD", &[(Report, "opensmtpd")]),
    Row("Plesk", &[(Body, "plesk")]),
    Row("qmail", &[(Body, "this is the qmail-send program")]),
    Row("qmail", &[(Body, "qmail-send")]),
    Row("qmail", &[(Head, "(qmail"), (Body, "wasn't able to deliver your message")]),
    Row("qmail", &[(Head, "invoked for bounce")]),
    Row("qmail", &[(Body, "i'm afraid i wasn't able to deliver your message")]),
    Row("Zimbra", &[(Head, "zimbra")]),
    Row("Postfix", &[(Body, "the postfix program")]),
    Row("Postfix", &[(Body, "                   the mail system")]),
    Row("Postfix", &[(Head, "(postfix)"), (From, "mail delivery system")]),
    Row("Sendmail", &[(Body, "transcript of session follows")]),
    Row("Sendmail", &[(Body, "permanent fatal errors")]),
    Row("Sendmail", &[(Body, "session transcript follows")]),
    Row("Sendmail", &[(Body, "transient non-fatal errors")]),
    Row("Exim", &[(Body, "this message was created automatically by mail delivery software")]),
    Row("Exim", &[(Head, "x-failed-recipients"), (Body, "a message that you sent")]),
    Row("Exim", &[(Body, "a message that you sent could not be delivered to")]),
    Row("Exim", &[(Body, "a message that you sent has not yet been delivered")]),
    Row("Sendmail", &[(Head, "sendmail"), (From, "mail delivery subsystem")]),
    Row("Sendmail", &[(From, "mail delivery subsystem"), (Head, "subject: returned mail")]),
];

/// The software that wrote a delivery report, as a message.
pub(super) fn of(message: &Message, prose: &str, report: &str) -> Option<String> {
    let mut head = String::new();
    for field in message.fields.iter().take(200) {
        head.push_str(&field.name);
        head.push_str(": ");
        head.push_str(&scan::truncated(&field.value, 500).to_lowercase());
        head.push('\n');
    }
    let from = message.field("from").unwrap_or("").to_lowercase();
    let body = scan::truncated(prose, 20_000).to_lowercase();
    let report = scan::truncated(report, 20_000).to_lowercase();
    let holds = |(at, mark): &(At, &str)| match at {
        Head => head.contains(mark),
        From => from.contains(mark),
        Body => body.contains(mark),
        Report => report.contains(mark),
    };
    TABLE.iter().find(|row| row.1.iter().all(holds)).map(|row| row.0.to_owned())
}

/// The software that wrote a pasted text, by what only its reports and replies to users say.
pub(in crate::evidence) fn named(text: &str) -> Option<&'static str> {
    let low = scan::truncated(text, 20_000).to_lowercase();
    let named = |row: &&Row| {
        row.1.iter().all(|(at, mark)| matches!(at, Body | Report) && mark.len() > 12 && low.contains(mark))
    };
    let office = OFFICE.iter().all(|marks| marks.iter().any(|mark| low.contains(mark)));
    let own = office.then_some("Office365").or_else(|| TABLE.iter().find(named).map(|row| row.0));
    own.or_else(|| MARKS.iter().find(|(mark, _)| low.contains(mark)).map(|(_, name)| *name))
}

/// Turns of phrase in pasted replies that only one software has.
static MARKS: &[(&str, &str)] = &[
    ("plesk_info", "Plesk"),
    ("status=deferred (", "Postfix"),
    ("status=bounced (", "Postfix"),
    ("smtp error from remote mail server after", "Exim"),
    ("smtp error from remote mailer after", "Exim"),
    ("remote host said:", "qmail"),
    ("(in reply to ", "Postfix"),
    ("refused to talk to me:", "Postfix"),
    ("refused to talk\n", "Postfix"),
    ("(in reply\n", "Postfix"),
    ("remote server returned '", "Exchange"),
    ("remote server returned \"", "Exchange"),
    ("resolver.adr.", "Exchange"),
    ("resolver.rst.", "Exchange"),
    ("storedrv.submit", "Exchange"),
    ("storedrv.deliver", "Exchange"),
    ("{led=", "Exchange"),
    ("[{led=", "Exchange"),
];

/// What the reports of Exchange Online hold: words of an Exchange, and a name that only the service has.
const OFFICE: &[&[&str]] = &[
    &[
        "remote server returned '",
        "generating server:",
        "generierender server:",
        "serveur de génération",
        "servidor de generación",
    ],
    &["prod.outlook.com", "office 365", "office365", "microsoft 365", "go.microsoft.com/fwlink/?linkid=526"],
];

/// Programs and libraries that send mail and show what the server answered.
static CLIENTS: &[(&str, &str)] = &[
    ("org.eclipse.angus.mail", "Angus Mail"),
    ("com.sun.mail.smtp", "JavaMail"),
    ("javax.mail.", "JavaMail"),
    ("jakarta.mail.", "JavaMail"),
    ("smtprecipientsrefused", "Python smtplib"),
    ("smtpsenderrefused", "Python smtplib"),
    ("smtpdataerror", "Python smtplib"),
    ("smtpauthenticationerror", "Python smtplib"),
    ("smtplib.", "Python smtplib"),
    ("system.net.mail.smtp", ".NET SmtpClient"),
    ("expected response code 250 but got", "SwiftMailer"),
    ("expected response code 354 but got", "SwiftMailer"),
    ("swift_transportexception", "SwiftMailer"),
    ("swift_", "SwiftMailer"),
    ("phpmailer", "PHPMailer"),
    ("smtp error: data not accepted", "PHPMailer"),
    ("smtp error: the following recipients failed", "PHPMailer"),
    ("nodemailer", "nodemailer"),
    ("smtp-connection.", "nodemailer"),
    ("net::smtp", "Ruby Net::SMTP"),
    ("=== connected to ", "swaks"),
    ("<~* ", "swaks"),
    ("<** ", "swaks"),
];

/// The program that showed a reply, where no server names itself.
pub(in crate::evidence) fn client(text: &str) -> Option<&'static str> {
    let low = scan::truncated(text, 20_000).to_lowercase();
    CLIENTS.iter().find(|(mark, _)| low.contains(mark)).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pasted_reports_tell_their_software() {
        assert_eq!(named("Hi. This is the qmail-send program at example.org."), Some("qmail"));
        assert_eq!(named("host mx.example.org[192.0.2.1] said: 550 no (in reply to RCPT TO command)"), Some("Postfix"));
        assert_eq!(named("550 no"), None);
        assert_eq!(named("Failed Recipient: a@b.example\nReason: Remote host said: 550 no"), Some("SmarterMail"));
        let spanish = "Información de diagnóstico para administradores:\n\nGenerando servidor: EX1.firma.example";
        assert_eq!(named(spanish), Some("Exchange2007"));
        let online =
            "Generierender Server: AB1PR02MB1.eurprd02.prod.outlook.com\n\nRemote Server returned '550 5.7.1 no'";
        assert_eq!(named(online), Some("Office365"));
        assert_eq!(client("org.eclipse.angus.mail.smtp.SMTPSendFailedException: 550 no"), Some("Angus Mail"));
        assert_eq!(client("550 no"), None);
    }
}
