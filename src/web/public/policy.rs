//! The published unblock policy, made of the rules that decide.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;

use crate::app::App;
use crate::domain::cause::Cause;
use crate::domain::policy::{Rule, Rules};
use crate::domain::time::span_text;
use crate::locale::Arg;
use crate::web::shell::Shell;

/// How many steps of waiting are told.
const STEPS_MOST: i64 = 6;

/// The page.
#[derive(Template, WebTemplate)]
#[template(path = "public/policy.html")]
pub struct Page {
    /// What all pages share.
    shell: Shell,
    /// Whether it lifts by itself.
    is_automatic: bool,
    /// The rules in words.
    rules: Vec<String>,
    /// Code and title of the causes that it may lift.
    lifts: Vec<(String, String)>,
    /// Code and title of those that are left to a person.
    leaves: Vec<(String, String)>,
}

/// Shows the policy.
pub async fn show(State(app): State<App>, shell: Shell) -> Page {
    let rules = &app.desk.config.policy;
    let named = |cause: &Cause| (cause.code.clone(), cause.text(shell.lang()).title.clone());
    let (lifts, leaves): (Vec<&Cause>, Vec<&Cause>) =
        app.desk.content.causes.iter().partition(|cause| cause.policy_lift && !cause.protected);
    Page {
        is_automatic: rules.automatic,
        rules: Rule::ALL.iter().map(|rule| sentence(&shell, rules, *rule)).collect(),
        lifts: lifts.into_iter().map(named).collect(),
        leaves: leaves.into_iter().map(named).collect(),
        shell,
    }
}

/// One rule in words.
fn sentence(shell: &Shell, rules: &Rules, rule: Rule) -> String {
    match rule {
        Rule::Proof if rules.proofs.is_empty() => return shell.t("policy-no-proofs"),
        Rule::Checks if rules.checks.is_empty() => return shell.t("policy-no-checks"),
        _ => {}
    }
    let words = |prefix: &str, all: &mut dyn Iterator<Item = String>| {
        all.map(|word| shell.t(&format!("{prefix}-{word}"))).collect::<Vec<_>>().join(", ")
    };
    let value = match rule {
        Rule::Proof => words("proof-way", &mut rules.proofs.iter().map(ToString::to_string)),
        Rule::Checks => words("checks", &mut rules.checks.iter().map(|name| format!("{name}-title"))),
        Rule::Repeats => rules.repeats.to_string(),
        Rule::Cooldown => {
            let steps = (1..rules.repeats.min(STEPS_MOST + 1)).map(|n| span_text(rules.wait(n)));
            steps.collect::<Vec<_>>().join(", ")
        }
        Rule::Addresses => rules.addresses.to_string(),
        Rule::Sender => rules.per_sender.to_string(),
        Rule::Network => rules.per_network.to_string(),
        Rule::Origin => rules.per_origin.to_string(),
        Rule::Address | Rule::Person | Rule::Cause | Rule::Shared | Rule::Declined => String::new(),
    };
    let back = span_text(rules.lookback);
    let values: [(&str, &dyn Arg); 2] = [("value", &value), ("lookback", &back)];
    shell.texts.with(&format!("policy-rule-{rule}"), &values)
}
