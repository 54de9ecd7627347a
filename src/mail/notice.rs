//! What the mails say. No sender-written text stands in any of them.

use crate::domain::block::{Block, case_path};
use crate::domain::cause::Causes;
use crate::domain::id::Id;
use crate::domain::net::Net;
use crate::domain::ticket::{Resolution, Ticket, status_path};
use crate::domain::time::Time;
use crate::domain::watch::{News, Watch};
use crate::locale::{Texts, texts};
use crate::store::confirmations::Effect;

/// A mail before it is addressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What kind of notice it is, for staff.
    pub name: &'static str,
    /// Its subject.
    pub subject: String,
    /// Its text: paragraphs with empty lines between.
    pub body: String,
    /// The confirmation of a lift that it waits for.
    pub awaits: Option<Id>,
}

/// What every notice needs to know.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// The portal's address, without a slash at the end.
    pub public_url: &'a str,
    /// The provider's name.
    pub provider: &'a str,
    /// Whether answers by mail are read.
    pub inbound: bool,
    /// All causes.
    pub causes: &'a Causes,
}

/// What a lift did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiftFacts {
    /// What is free now.
    pub net: Net,
    /// The wider network it was taken out of.
    pub out_of: Option<Net>,
    /// The cause of the block.
    pub cause: String,
    /// Until when the probation runs.
    pub probation_until: Option<Time>,
    /// Its confirmation.
    pub confirmation: Id,
}

/// How far the effect of a lift is confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effectiveness {
    /// How far.
    pub state: Effect,
    /// At how many places it is seen.
    pub done: usize,
    /// At how many it has to be.
    pub total: usize,
    /// Since when it is seen everywhere.
    pub at: Option<Time>,
}

/// Puts the paragraphs of a mail together.
fn body(texts: &Texts, setting: Setting<'_>, paragraphs: &[String]) -> String {
    let mut all = vec![texts.t("mail-greeting")];
    all.extend(paragraphs.iter().filter(|p| !p.trim().is_empty()).cloned());
    all.push(format!("{}\n{}", texts.t1("mail-signature", "provider", setting.provider), setting.public_url));
    all.join("\n\n")
}

/// The paragraphs that lead to the status page. Without a secret at hand the page asks for the link mailed first.
fn status(texts: &Texts, setting: Setting<'_>, ticket: &Ticket, secret: Option<&str>) -> Vec<String> {
    let Some(secret) = secret else { return Vec::new() };
    let link = format!("{}{}", setting.public_url, status_path(&ticket.code, secret));
    let reply = if setting.inbound { "mail-reply-mail" } else { "mail-reply-web" };
    vec![format!("{}\n{link}", texts.t("mail-status-link")), texts.t(reply)]
}

/// "We have your request."
#[must_use]
pub fn received(setting: Setting<'_>, ticket: &Ticket, nets: &[Net], secret: &str) -> Notice {
    let texts = texts(&ticket.lang);
    let mut paragraphs = vec![texts.t1("mail-received-intro", "code", &ticket.code)];
    if !nets.is_empty() {
        let list = nets.iter().take(20).map(ToString::to_string).collect::<Vec<_>>().join(", ");
        paragraphs.push(texts.t1("mail-received-networks", "networks", list));
    }
    paragraphs.push(texts.t("mail-received-next"));
    paragraphs.extend(status(&texts, setting, ticket, Some(secret)));
    paragraphs.push(texts.t("mail-received-not-you"));
    Notice {
        name: "received",
        subject: texts.t1("mail-subject-received", "code", &ticket.code),
        body: body(&texts, setting, &paragraphs),
        awaits: None,
    }
}

/// The name of the notice that something was added to a request.
pub const JOINED: &str = "joined";

/// "Somebody added to your request, with your address."
#[must_use]
pub fn joined(setting: Setting<'_>, ticket: &Ticket, secret: &str) -> Notice {
    let texts = texts(&ticket.lang);
    let mut paragraphs = vec![texts.t1("mail-joined-intro", "code", &ticket.code)];
    paragraphs.extend(status(&texts, setting, ticket, Some(secret)));
    Notice {
        name: JOINED,
        subject: texts.t1("mail-subject-joined", "code", &ticket.code),
        body: body(&texts, setting, &paragraphs),
        awaits: None,
    }
}

/// What staff wrote.
#[must_use]
pub fn answered(setting: Setting<'_>, ticket: &Ticket, answer: &str, secret: &str) -> Notice {
    let texts = texts(&ticket.lang);
    let mut paragraphs = vec![answer.to_owned()];
    paragraphs.extend(status(&texts, setting, ticket, Some(secret)));
    Notice {
        name: "answered",
        subject: texts.t1("mail-subject-answered", "code", &ticket.code),
        body: body(&texts, setting, &paragraphs),
        awaits: None,
    }
}

/// How the request ended, and why.
#[must_use]
pub fn resolved(
    setting: Setting<'_>,
    ticket: &Ticket,
    resolution: Resolution,
    answer: &str,
    lifts: &[LiftFacts],
    secret: &str,
) -> Notice {
    let texts = texts(&ticket.lang);
    let mut paragraphs = vec![texts.t(&format!("mail-resolved-{resolution}"))];
    for facts in lifts {
        paragraphs.push(lifted(&texts, setting, ticket, facts, answer));
    }
    if !lifts.is_empty() {
        paragraphs.extend([texts.t("mail-effect-requested"), texts.t("mail-lifted-again")]);
    }
    paragraphs.push(answer.to_owned());
    paragraphs.push(texts.t("mail-reopen"));
    paragraphs.extend(status(&texts, setting, ticket, Some(secret)));
    Notice {
        name: "resolved",
        subject: texts.with("mail-subject-resolved", &[("code", &ticket.code), ("resolution", &resolution.as_str())]),
        body: body(&texts, setting, &paragraphs),
        awaits: lifts.first().map(|facts| facts.confirmation),
    }
}

/// What was lifted while the request goes on.
#[must_use]
pub fn part_lifted(setting: Setting<'_>, ticket: &Ticket, answer: &str, facts: &LiftFacts, secret: &str) -> Notice {
    let texts = texts(&ticket.lang);
    let mut paragraphs = vec![texts.t("mail-part-lifted"), lifted(&texts, setting, ticket, facts, answer)];
    paragraphs.extend([texts.t("mail-effect-requested"), texts.t("mail-lifted-again"), answer.to_owned()]);
    paragraphs.extend(status(&texts, setting, ticket, Some(secret)));
    Notice {
        name: "part-lifted",
        subject: texts.t1("mail-subject-part-lifted", "code", &ticket.code),
        body: body(&texts, setting, &paragraphs),
        awaits: Some(facts.confirmation),
    }
}

/// The text of a mail of a lift with what is known of its effect, in the place of the sentence that it is waited for.
#[must_use]
pub fn with_effect(texts: &Texts, body: &str, known: &Effectiveness) -> String {
    let said = texts.with(
        &format!("mail-effect-{}", known.state),
        &[
            ("done", &known.done),
            ("total", &known.total),
            ("at", &known.at.map(|at| at.to_string()).unwrap_or_default()),
        ],
    );
    body.replacen(&texts.t("mail-effect-requested"), &said, 1)
}

/// What was lifted, with its cause in words (unless the answer says them) and the probation.
fn lifted(texts: &Texts, setting: Setting<'_>, ticket: &Ticket, facts: &LiftFacts, answer: &str) -> String {
    let cause = setting.causes.find(&facts.cause).map(|c| c.text(&ticket.lang));
    let named = cause.map_or_else(|| facts.cause.clone(), |c| format!("{}, {}", facts.cause, c.title));
    let mut lines = match facts.out_of {
        Some(wider) => {
            vec![texts.with("mail-lifted-only", &[("net", &facts.net), ("wider", &wider), ("cause", &named)])]
        }
        None => vec![texts.t2("mail-lifted-entry", "net", facts.net, "cause", named)],
    };
    lines.extend(cause.map(|c| c.answer.clone()).filter(|sentence| !answer.contains(sentence.as_str())));
    lines.extend(facts.probation_until.map(|until| texts.t1("mail-lifted-probation", "until", until)));
    lines.join("\n")
}

/// The link to the status page, for whoever lost it.
#[must_use]
pub fn link_again(setting: Setting<'_>, ticket: &Ticket, secret: &str) -> Notice {
    let texts = texts(&ticket.lang);
    let mut paragraphs = vec![texts.t1("mail-link-intro", "code", &ticket.code)];
    paragraphs.extend(status(&texts, setting, ticket, Some(secret)));
    Notice {
        name: "link-again",
        subject: texts.t1("mail-subject-link", "code", &ticket.code),
        body: body(&texts, setting, &paragraphs),
        awaits: None,
    }
}

/// "It is blocked again."
#[must_use]
pub fn blocked_again(setting: Setting<'_>, ticket: &Ticket, block: &Block, is_same: bool, secret: &str) -> Notice {
    let texts = texts(&ticket.lang);
    let cause = setting.causes.find(&block.cause).map(|cause| cause.text(&ticket.lang).title.clone());
    let named = cause.map_or_else(|| block.cause.clone(), |title| format!("{}, {title}", block.cause));
    let intro = if is_same { "mail-again-same" } else { "mail-again-new" };
    let mut paragraphs = vec![
        texts.t2(intro, "net", block.net, "cause", named),
        format!("{}\n{}", texts.t("mail-again-case"), case_link(setting, &block.case_code)),
        texts.t("mail-again-next"),
    ];
    paragraphs.extend(status(&texts, setting, ticket, Some(secret)));
    Notice {
        name: "blocked-again",
        subject: texts.t1("mail-subject-again", "code", &ticket.code),
        body: body(&texts, setting, &paragraphs),
        awaits: None,
    }
}

/// The name of the notice that asks for the confirmation of a mail address.
pub const CONFIRM: &str = "confirm";

/// "Did you send a request?" Nothing of the request stands in it: it may go to somebody who did not send one.
#[must_use]
pub fn confirm(setting: Setting<'_>, lang: &str, secret: &str) -> Notice {
    let texts = texts(lang);
    let link = format!("{}/confirm/{secret}", setting.public_url);
    let paragraphs = [
        texts.t1("mail-confirm-intro", "provider", setting.provider),
        format!("{}\n{link}", texts.t("mail-confirm-link")),
        texts.t("mail-confirm-not-you"),
    ];
    Notice {
        name: CONFIRM,
        subject: texts.t1("mail-subject-confirm", "provider", setting.provider),
        body: body(&texts, setting, &paragraphs),
        awaits: None,
    }
}

/// "Is this machine yours?", to a mailbox of the domain that its name belongs to.
#[must_use]
pub fn proof_link(setting: Setting<'_>, ticket: &Ticket, net: Net, link: &str) -> Notice {
    let texts = texts(&ticket.lang);
    let paragraphs = [
        texts.t2("mail-proof-intro", "net", net, "provider", setting.provider),
        format!("{}\n{link}", texts.t("mail-proof-link")),
        texts.t("mail-proof-not-you"),
    ];
    Notice {
        name: "proof-link",
        subject: texts.t1("mail-subject-proof", "net", net),
        body: body(&texts, setting, &paragraphs),
        awaits: None,
    }
}

/// "Shall we tell you?", to the mail address of a request. Nothing that the sender wrote stands in it.
#[must_use]
pub fn watch_asked(setting: Setting<'_>, watch: &Watch, link: &str) -> Notice {
    let texts = texts(&watch.lang);
    let paragraphs = [
        texts.t2("mail-watch-asked", "net", watch.net, "provider", setting.provider),
        format!("{}\n{link}", texts.t("mail-watch-asked-link")),
        texts.t("mail-watch-not-you"),
    ];
    Notice {
        name: "watch-asked",
        subject: texts.t1("mail-subject-watch-asked", "net", watch.net),
        body: body(&texts, setting, &paragraphs),
        awaits: None,
    }
}

/// How many things a mail of a watch tells.
const NEWS_MOST: usize = 25;

/// What happened to a watched network, and until when no other such mail goes.
#[must_use]
pub fn watch_news(setting: Setting<'_>, watch: &Watch, news: &[News], until: Time, link: &str) -> Notice {
    let texts = texts(&watch.lang);
    let mut paragraphs = vec![texts.t2("mail-watch-intro", "net", watch.net, "provider", setting.provider)];
    paragraphs.extend(news.iter().take(NEWS_MOST).map(|one| {
        let named = news_words(&texts, setting, &watch.lang, one);
        format!("{named} ({})\n{}", one.at, case_link(setting, &one.case_code))
    }));
    let more = news.len().saturating_sub(NEWS_MOST);
    if more > 0 {
        paragraphs.push(texts.t1("mail-watch-more", "count", more));
    }
    paragraphs.push(texts.t1("mail-watch-quiet", "until", until));
    paragraphs.push(format!("{}\n{link}", texts.t("mail-watch-end")));
    let subject = match news {
        [one] => texts.with(&format!("mail-subject-watch-{}", one.what), &[("net", &one.net)]),
        _ => texts.with("mail-subject-watch-many", &[("net", &watch.net), ("count", &news.len())]),
    };
    Notice { name: "watch-news", subject, body: body(&texts, setting, &paragraphs), awaits: None }
}

/// One thing that happened to a watched network, in a sentence.
#[must_use]
pub fn news_words(texts: &Texts, setting: Setting<'_>, lang: &str, news: &News) -> String {
    let title = setting.causes.find(&news.cause).map(|cause| cause.text(lang).title.clone());
    let cause = title.map_or_else(|| news.cause.clone(), |title| format!("{}, {title}", news.cause));
    texts.with(&format!("watch-news-{}", news.what), &[("net", &news.net), ("cause", &cause)])
}

/// The address of a block's case page.
#[must_use]
pub fn case_link(setting: Setting<'_>, case_code: &str) -> String {
    format!("{}{}", setting.public_url, case_path(case_code, None))
}
