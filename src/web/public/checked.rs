//! The live checks in words, for pages, programs and the command line.

use serde::Serialize;

use crate::checks::{Asked, Check, Outcome, Snapshot};
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
