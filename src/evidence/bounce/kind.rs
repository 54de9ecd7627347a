//! Tells delivery reports from messages that only look like one.

use crate::evidence::findings::{Category, Findings, Kind};
use crate::evidence::input::mime::Message;
use crate::evidence::reply::{self, Certainty};
use crate::evidence::scan;

/// Whether a message is a delivery report.
pub(super) fn is_bounce(message: &Message) -> bool {
    let report = message.parts.iter().any(|p| p.kind.ends_with("delivery-status"));
    let daemon = from_daemon(message) || is_titled(message);
    if !report && !message.has_body && message.has("received") {
        return false;
    }
    report
        || message.has("x-failed-recipients")
        || (daemon && speaks_of_failure(message))
        || (from_daemon(message) && quotes_refusal(message))
}

/// Whether the first text gives a reply with its status, or a reply behind an address, in whatever language it speaks of it.
fn quotes_refusal(message: &Message) -> bool {
    let auto = message.field("auto-submitted").is_some_and(|a| a.to_lowercase().contains("auto-replied"));
    let text = message.parts.first().map_or("", |part| scan::truncated(&part.text, 8000));
    !auto
        && text.lines().any(|line| {
            reply::find_code(line).is_some_and(|at| {
                let head = line.get(..at.start).unwrap_or("");
                at.certainty == Certainty::Confirmed || (scan::address(head).is_some() && reply::introduced(head))
            })
        })
}

/// Whether the subject is one that only delivery reports have, also when a person passed the report on.
fn is_titled(message: &Message) -> bool {
    let subject = message.field("subject").unwrap_or("").to_lowercase();
    let titles = [
        "undeliverable",
        "undelivered mail",
        "delivery status notification",
        "delivery failure",
        "mail delivery failed",
        "returned mail:",
        "failure notice",
        "unzustellbar",
        "non remis :",
        "no se puede entregar",
        "onbestelbaar",
        "non recapitabile",
        "impossibile recapitare",
        "mancata consegna",
        "não entregue",
        "no entregado",
        "niedostarczon",
        "недоставленное",
        "не доставлено",
        "退信",
        "配信不能",
        "配信エラー",
    ];
    titles.iter().any(|title| subject.contains(title)) && told(message)
}

/// Whether the sender is a mail system.
fn from_daemon(message: &Message) -> bool {
    let from = message.field("from").unwrap_or("").to_lowercase();
    let null_path = message.field("return-path").is_some_and(|p| p.trim() == "<>" || p.trim().is_empty());
    let named = [
        "mailer-daemon",
        "postmaster",
        "mail delivery",
        "mail administrator",
        "mdaemon",
        "mail-daemon",
        "maildaemon",
        "mail system",
        "mail router",
        "delivery subsystem",
        "smtp-gateway",
        "mailerdaemon",
        "system administrator",
        "systemadministrator",
        "bounce",
        "administrator",
        "mail deliver",
        "courier mail server",
        "noreply",
        "no-reply",
        "daemon",
    ];
    null_path || from.trim() == "<>" || named.iter().any(|n| from.contains(n))
}

/// Whether subject or text speak of a failed delivery.
fn speaks_of_failure(message: &Message) -> bool {
    let subject = message.field("subject").unwrap_or("").to_lowercase();
    let telling = [
        "undeliver",
        "failure",
        "failed",
        "returned mail",
        "return to sender",
        "returned to sender",
        "delivery status",
        "delivery report",
        "delivery error",
        "delivery problem",
        "non-delivery",
        "nondeliver",
        "could not be delivered",
        "not delivered",
        "mail error",
        "bounce",
        "rejected",
        "unzustellbar",
        "delayed",
        "warning: message",
        "could not send",
        "mail system error",
        "message status",
        "delivery notification",
        "error delivering",
        "unknown user",
        "user unknown",
        "delivery",
        "unable to deliver",
        "no se puede",
        "nicht zugestellt",
        "error in",
        "problem with",
        "devolvid",
        "non remis",
        "échec",
        "配信",
        "エラー",
        "recapit",
        "consegn",
        "entreg",
        "onbestelbaar",
        "niet afgeleverd",
        "niedostarcz",
        "не доставлен",
        "недоставлен",
        "退信",
        "无法",
        "投递",
    ];
    let auto = message.field("auto-submitted").is_some_and(|a| a.to_lowercase().contains("auto-replied"))
        && !message.field("from").unwrap_or("").to_lowercase().contains("daemon");
    (telling.iter().any(|t| subject.contains(t)) && (!auto || told(message))) || (!auto && told(message))
}

/// Whether the text speaks of a failed delivery.
fn told(message: &Message) -> bool {
    let words = [
        "could not be delivered",
        "wasn't able to deliver",
        "unable to deliver",
        "undeliverable",
        "delivery failed",
        "failed to deliver",
        "not be delivered",
        "permanent error",
        "fatal error",
        "was not delivered",
        "delivery to the following",
        "did not reach",
        "user unknown",
        "returned to sender",
        "returned message",
        "has failed",
        "message was rejected",
        "couldn't be delivered",
        "not delivered",
        "delivery error",
        "has been rejected",
        "refused",
        "undelivered",
        "nicht zugestellt",
        "konnte nicht",
        "n'a pas pu être",
        "n'a pu être",
        "non remis",
        "échec de la remise",
        "no se pudo entregar",
        "no se ha podido entregar",
        "non è stato recapitato",
        "non è stato possibile",
        "impossibile recapitare",
        "mancata consegna",
        "não pôde ser entregue",
        "não foi possível entregar",
        "niet worden bezorgd",
        "niet worden afgeleverd",
        "niet bezorgd",
        "nie została dostarczona",
        "nie można dostarczyć",
        "не доставлено",
        "не удалось доставить",
        "не может быть доставлено",
        "送信できませんでした",
        "配信できませんでした",
        "届けることができません",
        "被退回",
        "无法送达",
        "投递失败",
        "无法发送",
    ];
    message.parts.iter().take(3).any(|p| {
        let low = scan::truncated(&p.text, 4000).to_lowercase();
        words.iter().any(|w| low.contains(w))
    })
}

/// What a message that is no delivery report is: an automatic answer, a message, or a header alone.
pub(super) fn no_bounce(message: &Message) -> Findings {
    let field = |name: &str| message.field(name).unwrap_or("").to_lowercase();
    let subject = field("subject");
    let auto = field("auto-submitted").contains("auto-replied")
        || message.has("x-autoreply")
        || message.has("x-autorespond")
        || field("precedence") == "auto_reply"
        || ABSENT.iter().any(|s| subject.contains(s));
    let asks = asked(message);
    let auto = auto || asks.is_some();
    let kind = if auto && message.has_body {
        Kind::AutoReply
    } else if message.has_body {
        Kind::Message
    } else {
        Kind::Header
    };
    let category = (kind != Kind::Header).then_some(Category::Other);
    let mta = field("x-sieve");
    let mta = [("cmu sieve", "Cyrus Sieve"), ("pigeonhole sieve", "Dovecot")]
        .iter()
        .find(|(start, _)| mta.starts_with(start));
    let mta = mta.filter(|_| kind == Kind::AutoReply).map(|(_, name)| (*name).to_owned());
    Findings { kind, category, mta, url: asks, ..Findings::default() }
}

/// Words in the subjects of automatic answers.
const ABSENT: &[&str] = &[
    "out of office",
    "out of the office",
    "auto:",
    "automatic reply",
    "automated reply",
    "autoreply",
    "auto-reply",
    "auto reply",
    "auto response",
    "autoresponse",
    "abwesen",
    "automatische antwort",
    "autoantwort",
    "vacation",
    "réponse automatique",
    "absence du bureau",
    "respuesta automática",
    "fuera de la oficina",
    "risposta automatica",
    "fuori sede",
    "resposta automática",
    "automatisch antwoord",
    "afwezig",
    "automatyczna odpowied",
    "autoodpowiedź",
    "automatická odpověď",
    "automatiskt svar",
    "autosvar",
    "automaattinen vastaus",
    "автоответ",
    "автоматический ответ",
    "自動応答",
    "自动回复",
    "自動回覆",
];

/// Words with which a server asks the sender to confirm a mail, before it delivers it.
const CONFIRM: &[&str] = &[
    "allowed list",
    "list of allowed senders",
    "approved sender",
    "approved list",
    "whitelist",
    "prove you are",
    "confirm that you",
    "confirm your message",
    "confirm your email",
    "confirmation message",
    "verify that you",
    "verify your email",
    "verify yourself",
    "challenge",
    "one-time",
    "human being",
];

/// Whether a message asks its reader to confirm a mail before it is delivered (challenge and response), and where.
fn asked(message: &Message) -> Option<String> {
    let text = scan::truncated(&message.parts.first()?.text, 4000);
    let low = scan::folded(text, 4000).to_lowercase();
    let mail = ["your message", "your mail", "your email", "your e-mail", "message you sent", "the email you sent"];
    let act = ["click", "link", "reply to this", "visit"].iter().any(|word| low.contains(word));
    let protected = ["protect", "filter", "deliver", "hold", "held"].iter().any(|word| low.contains(word));
    let asks = mail.iter().any(|word| low.contains(word)) && CONFIRM.iter().any(|word| low.contains(word));
    let answers = ["in-reply-to", "references", "auto-submitted", "precedence"].iter().any(|name| message.has(name))
        || message.field("subject").is_some_and(|subject| subject.trim_start().to_lowercase().starts_with("re:"));
    (asks && act && protected && answers && !message.has("list-unsubscribe")).then(|| scan::url(text)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::context::{Budget, Work};
    use crate::evidence::input::mime;

    fn told(text: &str) -> Findings {
        no_bounce(&mime::message(text, &mut Work::new(Budget::default())))
    }

    #[test]
    fn challenges_and_absences_are_automatic_answers() {
        let found = told(
            "From: ann@example.org\nSubject: RE: Offer\nMessage-ID: <1@example.org>\n\nYour message of today was received.\nMy mailbox is protected. Please visit this link once to be put on the allowed\nlist:\n\nhttps://confirm.example.org/v/77\n",
        );
        assert_eq!((found.kind, found.url.as_deref()), (Kind::AutoReply, Some("https://confirm.example.org/v/77")));
        let found =
            told("From: ann@example.org\nX-Sieve: CMU Sieve 2.4\nSubject: Réponse automatique : Devis\n\nAbsent.\n");
        assert_eq!((found.kind, found.mta.as_deref()), (Kind::AutoReply, Some("Cyrus Sieve")));
        let found = told("From: ann@example.org\nSubject: Re: whitelist\n\nI read your message. Click on nothing.\n");
        assert_eq!((found.kind, found.url), (Kind::Message, None));
    }

    #[test]
    fn a_header_alone_is_no_report() {
        let text = "Received: from mx.example.org (mx.example.org [192.0.2.1]) by in.example.net with ESMTP id 1; Tue, 5 Mar 2024 20:01:00 +0000\nFrom: postmaster@example.org\nSubject: DELIVERY FAILURE: User ann not listed\nMessage-ID: <1@example.org>\n";
        assert!(!is_bounce(&mime::message(text, &mut Work::new(Budget::default()))));
    }
}
