//! What the published policy says of a ticket, in words, for its sender and for staff.

use super::shell::Shell;
use crate::domain::policy::{Assessment, Line, Met, Rule};
use crate::locale::{Arg, Texts};

/// One rule in words.
#[derive(Debug)]
pub struct Said {
    /// How it stands, as a word.
    pub met: &'static str,
    /// What there is to say.
    pub text: String,
}

impl Said {
    /// The sign beside it, for those who do not see colours.
    #[must_use]
    pub fn sign(&self) -> &'static str {
        match self.met {
            "yes" => "✓",
            "later" => "…",
            "missing" => "▲",
            _ => "■",
        }
    }
}

/// An assessment in words.
#[derive(Debug)]
pub struct Assessed {
    /// What follows, for the sender.
    pub decision: String,
    /// What staff are advised to do.
    pub advice: String,
    /// All rules.
    pub lines: Vec<Said>,
}

impl Assessed {
    /// The same before there is a request: without the rules that are about the request itself.
    #[must_use]
    pub fn outlook(shell: &Shell, found: &Assessment) -> Self {
        let is_of_request = |rule: Rule| matches!(rule, Rule::Address | Rule::Person | Rule::Shared | Rule::Sender);
        let lines =
            found.lines.iter().filter(|line| !is_of_request(line.rule)).map(|line| say(&shell.texts, line)).collect();
        Self { lines, ..Self::new(shell, found) }
    }

    /// Puts an assessment into words.
    #[must_use]
    pub fn new(shell: &Shell, found: &Assessment) -> Self {
        let until = found.until.map(|until| until.to_string()).unwrap_or_default();
        let decision = shell.t1(&format!("policy-decision-{}", found.decision), "until", &until);
        let advice = shell.t1(&format!("policy-advice-{}", found.decision), "until", until);
        Self { decision, advice, lines: found.lines.iter().map(|line| say(&shell.texts, line)).collect() }
    }

    /// The rules that do not hold: the reasons of an advice to do something else than lift.
    pub fn unmet(&self) -> impl Iterator<Item = &Said> {
        self.lines.iter().filter(|line| line.met != "yes")
    }
}

/// The rules of a recorded assessment that do not hold, in words.
#[must_use]
pub fn unmet(texts: &Texts, found: &Assessment) -> String {
    let unmet = found.lines.iter().filter(|line| line.met != Met::Yes);
    unmet.map(|line| say(texts, line).text).collect::<Vec<_>>().join(" ")
}

/// One rule in words.
fn say(texts: &Texts, line: &Line) -> Said {
    if line.rule == Rule::Proof && line.met == Met::Yes && line.value.is_empty() {
        return Said { met: line.met.as_str(), text: texts.t("policy-no-proofs") };
    }
    let value = match line.rule {
        Rule::Proof if line.met == Met::Yes && !line.value.is_empty() => texts.t(&format!("proof-way-{}", line.value)),
        Rule::Checks => {
            let names = line.value.split(',').filter(|name| !name.is_empty());
            names.map(|name| texts.t(&format!("checks-{name}-title"))).collect::<Vec<_>>().join(", ")
        }
        _ => line.value.clone(),
    };
    let until = line.until.map(|until| until.to_string()).unwrap_or_default();
    let values: [(&str, &dyn Arg); 2] = [("value", &value), ("until", &until)];
    Said { met: line.met.as_str(), text: texts.with(&format!("policy-{}-{}", line.rule, line.met), &values) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::Decision;
    use crate::locale::texts;

    #[test]
    fn every_rule_and_decision_has_its_sentences() {
        let texts = texts("en");
        for rule in Rule::ALL {
            assert!(texts.has(&format!("policy-rule-{rule}")), "{rule}");
            let ends: &[Met] = match rule {
                Rule::Proof => &[Met::Yes, Met::Missing],
                Rule::Checks => &[Met::Yes, Met::Missing, Met::Later],
                Rule::Cooldown => &[Met::Yes, Met::Later],
                _ => &[Met::Yes, Met::Never],
            };
            for met in ends {
                assert!(texts.has(&format!("policy-{rule}-{met}")), "{rule} {met}");
            }
        }
        for decision in Decision::ALL {
            assert!(texts.has(&format!("policy-decision-{decision}")), "{decision}");
            assert!(texts.has(&format!("policy-advice-{decision}")), "{decision}");
        }
    }
}
