//! The live checks in words, for pages, programs and the command line.

use serde::Serialize;

use super::shell::Shell;
use crate::checks::{Asked, Check, Outcome, Snapshot};
use crate::desk::snapshot::Snapshots;
use crate::domain::time::Time;
use crate::locale::{Arg, Texts};

/// One check in words.
#[derive(Debug, Clone, Serialize)]
pub struct Told {
    /// Its name, such as `ptr`.
    pub name: String,
    /// What of several alike it is about.
    pub about: Option<String>,
    /// How it ended: `pass`, `warn`, `fail` or `unknown`.
    pub outcome: &'static str,
    /// The finding as a word for programs.
    pub finding: String,
    /// Its name in words.
    pub title: String,
    /// What was found.
    pub text: String,
    /// Why it matters.
    pub why: String,
    /// How to mend it, when there is something to mend.
    pub mend: Option<String>,
    /// Where to mend it.
    pub link: Option<String>,
    /// What was asked and answered.
    pub asked: Vec<Asked>,
}

/// The live checks of a ticket in words.
#[derive(Debug, Default)]
pub struct Checked {
    /// When they were made; nothing before the first time.
    pub at: Option<Time>,
    /// What was checked: address, name and domain.
    pub about: Vec<String>,
    /// How many ended in which way.
    pub summary: String,
    /// All of them.
    pub told: Vec<Told>,
    /// What is to be done.
    pub to_do: Vec<Told>,
    /// What ended otherwise than the time before.
    pub changes: Vec<String>,
    /// Whether they are being made at this moment.
    pub is_coming: bool,
}

impl Checked {
    /// The snapshots of a ticket in words.
    #[must_use]
    pub fn new(shell: &Shell, snapshots: &Snapshots) -> Self {
        let texts = &shell.texts;
        let coming = Self { is_coming: snapshots.is_coming, ..Self::default() };
        let Some(snapshot) = &snapshots.now else { return coming };
        let subject = &snapshot.subject;
        let parts = [subject.addr.map(|addr| addr.to_string()), subject.helo.clone(), subject.domain.clone()];
        let changes = snapshots.before.as_ref().map(|before| changes(texts, snapshot, before)).unwrap_or_default();
        Self {
            at: Some(snapshot.at),
            about: parts.into_iter().flatten().collect(),
            summary: summary(texts, snapshot),
            told: all(texts, snapshot),
            to_do: to_do(texts, snapshot),
            changes,
            ..coming
        }
    }

    /// Whether there is anything to show.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.at.is_some() || self.is_coming
    }
}

/// What ended otherwise than the time before, and what was not made again.
fn changes(texts: &Texts, now: &Snapshot, before: &Snapshot) -> Vec<String> {
    let changed = now.changed_since(before);
    let mut all: Vec<String> = changed.into_iter().map(|(old, check)| change(texts, old, check)).collect();
    all.extend(now.gone_since(before).into_iter().map(|check| {
        let about = check.about.as_ref().map(|about| format!(" {about}")).unwrap_or_default();
        texts.t1("checks-gone", "title", format!("{}{about}", tell(texts, check).title))
    }));
    all
}

/// How a check ended before and how it ends now.
fn change(texts: &Texts, before: Option<&Check>, check: &Check) -> String {
    let word = |outcome: Outcome| texts.t(&format!("checks-outcome-{}", outcome.as_str()));
    let then = before.map_or_else(|| texts.t("checks-new"), |check| word(check.outcome));
    let told = tell(texts, check);
    let values: [(&str, &dyn Arg); 4] =
        [("title", &told.title), ("before", &then), ("now", &word(check.outcome)), ("text", &told.text)];
    texts.with("checks-change", &values)
}

impl Told {
    /// The sign beside the word, for those who do not see colours.
    #[must_use]
    pub fn sign(&self) -> &'static str {
        match self.outcome {
            "pass" => "✓",
            "warn" => "▲",
            "fail" => "■",
            _ => "?",
        }
    }
}

/// All checks of a snapshot in words, in their order.
#[must_use]
pub fn all(texts: &Texts, snapshot: &Snapshot) -> Vec<Told> {
    snapshot.checks.iter().map(|check| tell(texts, check)).collect()
}

/// What is to be done, the worst first.
#[must_use]
pub fn to_do(texts: &Texts, snapshot: &Snapshot) -> Vec<Told> {
    snapshot.to_do().into_iter().map(|check| tell(texts, check)).collect()
}

/// How many checks ended in which way, as a sentence.
#[must_use]
pub fn summary(texts: &Texts, snapshot: &Snapshot) -> String {
    let [pass, warn, fail, unknown] =
        [Outcome::Pass, Outcome::Warn, Outcome::Fail, Outcome::Unknown].map(|end| snapshot.count(end));
    texts.with("checks-summary", &[("pass", &pass), ("warn", &warn), ("fail", &fail), ("unknown", &unknown)])
}

/// One check in words.
fn tell(texts: &Texts, check: &Check) -> Told {
    let values: Vec<(&str, &dyn Arg)> =
        check.values.iter().map(|(name, value)| (name.as_ref(), value as &dyn Arg)).collect();
    let part = |part: &str| texts.t(&format!("checks-{}-{part}", check.name));
    Told {
        name: check.name.to_string(),
        about: check.about.clone(),
        outcome: check.outcome.as_str(),
        finding: check.finding.to_string(),
        title: part("title"),
        text: texts.with(&format!("checks-{}", check.finding), &values),
        why: part("why"),
        mend: matches!(check.outcome, Outcome::Fail | Outcome::Warn).then(|| part("mend")),
        link: check.link.clone(),
        asked: check.asked.clone(),
    }
}
