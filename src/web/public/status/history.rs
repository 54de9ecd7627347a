//! What happened to a request, as its sender may see it: their own words, ours, what was done.
//!
//! Notes of staff, names of staff, and what happened to other tickets never stand here. Nor do mails: who only added to
//! an open request sees a page that looks like any other, and its mails are not theirs.

use crate::domain::id::Id;
use crate::domain::policy::Assessment;
use crate::domain::ticket::{By, Event, Message, Resolution, visible};
use crate::domain::time::Time;
use crate::store::evidence::Evidence;
use crate::web::assessed::unmet;
use crate::web::say;
use crate::web::shell::Shell;

/// How many characters of a message are shown.
const SHOWN_MOST: usize = 20_000;

/// Events that the sender may see; their sentences are `history-<word>`.
const PUBLIC: &[&str] = &[
    "ticket.received",
    "ticket.joined",
    "ticket.reopened",
    "ticket.resolved",
    "block.lifted",
    "block.carved",
    "probation.started",
    "ticket.blocked-again",
    "proof.met",
    "policy.assessed",
];

/// One thing that happened.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// When.
    pub(super) at: Time,
    /// What tells things of the same moment apart: arrivals, words, files, acts, each in the order of their making.
    order: (u8, Id),
    /// Its class: whose doing, and whether it is good or bad news.
    pub(super) class: &'static str,
    /// What happened, in words.
    pub(super) what: String,
    /// A sentence beside it.
    pub(super) aside: String,
    /// What was written.
    pub(super) said: Option<String>,
}

/// All that the history is made of.
pub(super) struct Sources {
    /// When the request was made: files that came with it count from there.
    pub(super) since: Time,
    /// Whether it was added to an open request: to who sent it, it is a request of their own.
    pub(super) is_joined: bool,
    /// Messages.
    pub(super) messages: Vec<Message>,
    /// Events.
    pub(super) events: Vec<Event>,
    /// Evidence.
    pub(super) evidence: Vec<Evidence>,
}

/// The history, oldest first.
pub(super) fn history(shell: &Shell, sources: &Sources) -> Vec<Item> {
    let by = |kind| if sources.is_joined && kind == By::Unverified { By::Sender } else { kind };
    let messages = sources.messages.iter().filter_map(|m| message(shell, m, by(m.author_kind)));
    let events = sources.events.iter().filter_map(|e| event(shell, e, sources.since));
    let evidence = sources.evidence.iter().map(|e| piece(shell, e, by(e.author_kind), sources.since));
    let mut items: Vec<Item> = messages.chain(events).chain(evidence).collect();
    items.sort_by_key(|item| (item.at, item.order));
    items
}

/// A message, unless it is a note of staff or says nothing.
fn message(shell: &Shell, message: &Message, by: By) -> Option<Item> {
    let (class, what) = match by {
        By::Sender => ("sender", shell.t("history-by-sender")),
        By::Unverified => ("sender", shell.t("history-by-unverified")),
        By::Staff => ("staff", shell.t1("history-by-staff", "provider", &shell.provider)),
        By::Note => return None,
    };
    let aside = match (message.purged_at, by) {
        (Some(_), _) => shell.t("history-purged"),
        (None, By::Unverified) => shell.t("history-unverified-text"),
        _ => String::new(),
    };
    let said = Some(shown(&message.text)).filter(|text| !text.is_empty());
    (said.is_some() || message.purged_at.is_some()).then_some(Item {
        at: message.at,
        order: (1, message.id),
        class,
        what,
        aside,
        said,
    })
}

/// A text as it is shown: hidden characters visible, its length bounded.
fn shown(text: &str) -> String {
    let mut kept: String = text.chars().take(SHOWN_MOST).collect();
    if kept.len() < text.len() {
        kept.push_str("\n[…]");
    }
    visible(&kept)
}

/// An event, if the sender may see it. The arrival comes before all that arrived, though it was written down after it.
fn event(shell: &Shell, event: &Event, since: Time) -> Option<Item> {
    if !PUBLIC.contains(&event.what.as_str()) {
        return None;
    }
    let net = event.net.as_deref().unwrap_or_default();
    let what = match event.what.as_str() {
        "ticket.resolved" => shell.t1("history-ticket-resolved", "resolution", &event.detail),
        "policy.assessed" => {
            let found = Assessment::recorded(&event.detail)?;
            let decided = shell.t1("history-policy-assessed", "decision", found.decision.as_str());
            format!("{decided} {}", unmet(&shell.texts, &found)).trim_end().to_owned()
        }
        "probation.started" => shell.t2("history-probation-started", "net", net, "until", &event.detail),
        other => shell.t1(&format!("history-{}", other.replace('.', "-")), "net", net),
    };
    let class = match (event.what.as_str(), event.detail.parse::<Resolution>()) {
        ("block.lifted" | "block.carved", _) | (_, Ok(Resolution::Lifted)) => "good",
        (_, Ok(Resolution::Declined)) => "bad",
        _ => "",
    };
    let at = if event.what == "ticket.received" { since } else { event.at };
    let rank = if event.what.starts_with("ticket.") { 0 } else { 3 };
    Some(Item { at, order: (rank, event.id), class, what, aside: String::new(), said: None })
}

/// A piece of evidence: its name and size, not its content.
fn piece(shell: &Shell, piece: &Evidence, by: By, since: Time) -> Item {
    let size = say::size(shell, usize::try_from(piece.size).unwrap_or(0));
    let what = if piece.purged_at.is_some() {
        shell.t1("history-evidence-purged", "size", size)
    } else if piece.form == crate::store::evidence::Form::File {
        shell.t2("history-file", "name", visible(&piece.name), "size", size)
    } else {
        shell.t1("history-text", "size", size)
    };
    let aside = if by == By::Unverified { shell.t("history-unverified-text") } else { String::new() };
    Item { at: piece.created_at.max(since), order: (2, piece.id), class: "sender", what, aside, said: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ticket::Actor;
    use crate::locale::texts;

    fn shell() -> Shell {
        Shell {
            texts: texts("en"),
            provider: "Example Mail".to_owned(),
            public_url: String::new(),
            path: String::new(),
            demo: false,
            staff: None,
            now: Time(0),
        }
    }

    fn said(kind: By, text: &str) -> Message {
        Message {
            id: Id(1),
            ticket_id: Id(1),
            join_id: None,
            at: Time(1),
            author_kind: kind,
            author: "Ann Agent".to_owned(),
            text: text.to_owned(),
            purged_at: None,
        }
    }

    fn done(what: &str, detail: &str) -> Event {
        Event {
            id: Id(2),
            at: Time(2),
            actor_kind: Actor::Staff,
            actor: "Ann Agent".to_owned(),
            what: what.to_owned(),
            detail: detail.to_owned(),
            ticket_id: Some(Id(1)),
            block_id: None,
            net: Some("203.0.113.7".to_owned()),
        }
    }

    #[test]
    fn notes_and_names_of_staff_stay_inside() {
        let messages = vec![said(By::Note, "a liar"), said(By::Staff, "Hello"), said(By::Sender, "Hi")];
        let events =
            vec![done("ticket.assigned", "Ann Agent"), done("ticket.noted", ""), done("block.lifted", "seems honest")];
        let items =
            history(&shell(), &Sources { since: Time(0), is_joined: false, messages, events, evidence: Vec::new() });
        let all = format!("{items:?}");
        assert_eq!(items.len(), 3, "{all}");
        assert!(!all.contains("liar") && !all.contains("Ann Agent") && !all.contains("honest"), "{all}");
    }

    #[test]
    fn every_public_event_has_its_sentence() {
        for word in PUBLIC {
            assert!(texts("en").has(&format!("history-{}", word.replace('.', "-"))), "{word}");
        }
    }

    #[test]
    fn hostile_text_is_bounded_and_made_visible() {
        let text = format!("\u{202e}{}", "x".repeat(30_000));
        let item = message(&shell(), &said(By::Sender, &text), By::Sender).unwrap();
        let said = item.said.unwrap();
        assert!(said.starts_with('\u{fffd}') && said.ends_with("[…]") && said.len() < 20_100);
    }
}
