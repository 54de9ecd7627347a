//! What several pages of staff share: refusals, addresses of lists, events in words.

use crate::desk::Refusal;
use crate::domain::block::Lasts;
use crate::domain::email::Email;
use crate::domain::net::Net;
use crate::domain::policy::Assessment;
use crate::domain::ticket::{Actor, Event, visible};
use crate::locale::Texts;
use crate::web::assessed::unmet;
use crate::web::error::{Error, Result};
use crate::web::form::Faults;
use crate::web::say;
use crate::web::shell::Shell;

/// The sentence of a refusal that the form can show; other refusals get their own page.
pub fn mendable(shell: &Shell, refusal: Refusal) -> Result<String> {
    match refusal {
        Refusal::Invalid(what) => Ok(shell.say(&what)),
        other => Err(Error::from(other)),
    }
}

/// The network that was typed, or the fault of its field.
pub fn typed_net(shell: &Shell, faults: &mut Faults, field: &'static str, typed: &str) -> Option<Net> {
    faults.take(field, Net::parse(typed).map_err(|bad| say::bad_net(shell, &bad)))
}

/// The mail address that was typed, or the fault of its field.
pub fn typed_email(shell: &Shell, faults: &mut Faults, field: &'static str, typed: &str) -> Option<Email> {
    faults.take(field, Email::parse(typed).map_err(|bad| say::bad_email(shell, &bad)))
}

/// The length of time that was typed, or the fault of its field.
pub fn typed_lasts(shell: &Shell, faults: &mut Faults, field: &'static str, typed: &str) -> Option<Lasts> {
    faults.take(field, Lasts::parse(typed).map_err(|_| shell.t("bad-span")))
}

/// The address of a list with these filters; empty ones are left out.
#[must_use]
pub fn address(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs.iter().filter(|(_, value)| !value.is_empty()));
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// A network with its whole neighbourhood: the /24 or /64 around it, or itself when it is wider.
#[must_use]
pub fn around(net: Net) -> Net {
    let most = if net.is_v4() { 24 } else { 64 };
    Net::around(net.first(), net.prefix_len().min(most))
}

/// One line of hostile text for a table: signs made visible, cut.
#[must_use]
pub fn line(text: &str, most: usize) -> String {
    let one = visible(text).replace(['\n', '\t'], " ");
    if one.chars().count() <= most { one } else { one.chars().take(most).chain(['…']).collect() }
}

/// An event in words.
#[derive(Debug, Clone)]
pub struct Happening {
    /// The event.
    pub event: Event,
    /// Who did what.
    pub sentence: String,
    /// Why or how, when the sentence does not say it.
    pub detail: String,
}

/// Says an event in words.
#[must_use]
pub fn happening(texts: &Texts, event: Event) -> Happening {
    let actor = actor(texts, &event);
    let net = event.net.clone().unwrap_or_default();
    let (key, told) = key(&event);
    let detail = match event.what.as_str() {
        "ticket.resolved" => texts.t(&format!("resolution-{}", event.detail)),
        "policy.assessed" => return assessed(texts, event),
        _ => visible(&event.detail),
    };
    let sentence = if texts.has(&key) {
        texts.with(&key, &[("actor", &actor), ("net", &net), ("detail", &detail)])
    } else {
        texts.t2("event-other", "actor", actor, "what", &event.what)
    };
    Happening { event, sentence, detail: if told { String::new() } else { detail } }
}

/// Says what the policy decided, and which of its rules did not hold.
fn assessed(texts: &Texts, event: Event) -> Happening {
    let found = Assessment::recorded(&event.detail);
    let decision = found.as_ref().map_or("", |found| found.decision.as_str());
    let sentence = texts.t1("event-policy-assessed", "detail", decision);
    let detail = found.map(|found| unmet(texts, &found)).unwrap_or_default();
    Happening { event, sentence, detail }
}

/// The name of an event's sentence, and whether it tells the detail too.
fn key(event: &Event) -> (String, bool) {
    let key = format!("event-{}", event.what.replace('.', "-"));
    match event.what.as_str() {
        "ticket.assigned" if event.detail.is_empty() => ("event-ticket-unassigned".to_owned(), true),
        "ticket.assigned" if event.detail == event.actor => ("event-ticket-claimed".to_owned(), true),
        "ticket.received" if !event.detail.is_empty() => ("event-ticket-suspected".to_owned(), true),
        "ticket.assigned"
        | "ticket.resolved"
        | "ticket.blocked-again"
        | "block.end-set"
        | "probation.started"
        | "proof.met"
        | "list.drifted"
        | "import.undone"
        | "bulk.lifted"
        | "bulk.undone" => (key, true),
        _ => (key, false),
    }
}

/// Who did it, as a reader knows them.
fn actor(texts: &Texts, event: &Event) -> String {
    match event.actor_kind {
        Actor::Sender => texts.t("actor-sender"),
        Actor::System => texts.t("actor-system"),
        Actor::Operator => texts.t("actor-operator"),
        Actor::Program => texts.t1("actor-program", "name", line(&event.actor, 80)),
        Actor::Staff => line(&event.actor, 80),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Id;
    use crate::domain::time::Time;
    use crate::locale::texts;

    fn event(what: &str, detail: &str) -> Event {
        Event {
            id: Id(1),
            at: Time(0),
            actor_kind: Actor::Staff,
            actor: "Ann".to_owned(),
            what: what.to_owned(),
            detail: detail.to_owned(),
            ticket_id: None,
            block_id: None,
            net: Some("192.0.2.7".to_owned()),
        }
    }

    #[test]
    fn an_event_is_told_once() {
        let english = texts("en");
        let closed = happening(&english, event("ticket.resolved", "declined"));
        assert!(closed.sentence.contains("declined") && closed.detail.is_empty(), "{closed:?}");
        let lifted = happening(&english, event("block.lifted", "PTR is set"));
        assert!(lifted.sentence.contains("192.0.2.7") && lifted.detail == "PTR is set", "{lifted:?}");
        let later = happening(&english, event("comet.seen", ""));
        assert!(later.sentence.contains("comet.seen"), "{later:?}");
    }

    #[test]
    fn every_recorded_word_has_a_sentence() {
        let english = texts("en");
        for what in [
            "block.added",
            "block.carved",
            "block.end-set",
            "block.expired",
            "block.lifted",
            "block.renewed",
            "block.restored",
            "bulk.begun",
            "bulk.lifted",
            "bulk.undone",
            "exemption.added",
            "exemption.ended",
            "import.activated",
            "mail.retried",
            "probation.ended",
            "probation.started",
            "probation.undone",
            "staff.added",
            "staff.disabled",
            "staff.enabled",
            "staff.password-changed",
            "staff.password-reset",
            "staff.role-set",
            "staff.signed-in",
            "staff.signed-out",
            "ticket.added",
            "ticket.answered",
            "ticket.assigned",
            "ticket.cleared",
            "ticket.join-ended",
            "ticket.joined",
            "ticket.noted",
            "ticket.received",
            "ticket.reopened",
            "ticket.resolved",
            "token.added",
        ] {
            assert!(english.has(&format!("event-{}", what.replace('.', "-"))), "{what}");
        }
    }

    #[test]
    fn empty_filters_do_not_stand_in_addresses() {
        assert_eq!(address("/staff/tickets", &[("state", ""), ("q", "a b")]), "/staff/tickets?q=a+b");
        assert_eq!(address("/staff/tickets", &[("state", "")]), "/staff/tickets");
    }

    #[test]
    fn a_neighbourhood_is_never_narrower_than_its_network() {
        let around = |text: &str| around(Net::parse(text).unwrap()).to_string();
        assert_eq!(around("192.0.2.7"), "192.0.2.0/24");
        assert_eq!(around("10.0.0.0/8"), "10.0.0.0/8");
        assert_eq!(around("2001:db8::1:2"), "2001:db8::/64");
    }
}
