//! Tells delivery reports from messages that only look like one.

use crate::evidence::findings::{Category, Findings, Kind};
use crate::evidence::input::mime::Message;
use crate::evidence::reply::{self, Certainty};
use crate::evidence::scan;

/// Whether a message is a delivery report.
pub(super) fn is_bounce(message: &Message) -> bool {
    let report = message.parts.iter().any(|p| p.kind.ends_with("delivery-status"));
    let daemon = from_daemon(message) || is_titled(message);
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
        || [
            "out of office",
            "auto:",
            "automatic reply",
            "autoreply",
            "auto-reply",
            "auto response",
            "abwesen",
            "vacation",
        ]
        .iter()
        .any(|s| subject.contains(s));
    let kind = if auto && message.has_body {
        Kind::AutoReply
    } else if message.has_body {
        Kind::Message
    } else {
        Kind::Header
    };
    let category = (kind != Kind::Header).then_some(Category::Other);
    Findings { kind, category, ..Findings::default() }
}
