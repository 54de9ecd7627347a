//! Verdicts and scores of filters.

use super::{Explained, made, opaque};

/// Words that mean: this is spam (or worse).
const SPAM: &[&str] = &[
    "yes",
    "true",
    "spam",
    "junk",
    "reject",
    "quarantine",
    "add header",
    "rewrite subject",
    "soft reject",
    "phishing",
    "virus",
    "infected",
    "malware",
    "s",
    "fail",
    "detected",
    "suspicious",
    "bulk",
    "blocked",
];

/// Words that mean: this is no spam.
const HAM: &[&str] = &[
    "no",
    "false",
    "ham",
    "clean",
    "ok",
    "innocent",
    "whitelisted",
    "no action",
    "not_detected",
    "notjunk",
    "g",
    "pass",
    "not spam",
    "accept",
    "legit",
    "notspam",
    "trusted",
];

/// Whether the first words of a value are on a list.
fn begins_with(value: &str, list: &[&str]) -> bool {
    let lower = value.trim_start().to_ascii_lowercase();
    list.iter().any(|word| {
        let rest = lower.strip_prefix(word);
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
    })
}

/// Explains a field that holds a word.
pub(super) fn verdict(filter: &str, value: &str) -> Vec<Explained> {
    let (key, meaning) = match () {
        () if begins_with(value, HAM) => ("verdict-ham", format!("{filter} did not take the mail for spam.")),
        () if begins_with(value, SPAM) => {
            ("verdict-spam", format!("{filter} took the mail for spam or treated it as suspicious."))
        }
        () => return vec![opaque(filter, value)],
    };
    vec![made(key, &[filter], value, meaning)]
}

/// Explains a field that holds a number.
pub(super) fn score(filter: &str, value: &str) -> Vec<Explained> {
    match first_number(value) {
        Some(number) => {
            let words = format!("{filter} gave the mail a score of {number}; the higher, the more like spam.");
            vec![made("score", &[filter, number], value, words)]
        }
        None => bar(filter, value),
    }
}

/// The number at the start of a value, as written.
fn first_number(value: &str) -> Option<&str> {
    let value = value.trim_start();
    let end = value.find(|c: char| !c.is_ascii_digit() && !"+-.".contains(c)).unwrap_or(value.len());
    let number = value.get(..end)?.trim_end_matches(['.', '-', '+']);
    number.parse::<f64>().is_ok().then_some(number)
}

/// The value of `name=…` among the words of a field.
fn setting<'v>(value: &'v str, name: &str) -> Option<&'v str> {
    let words = value.split([' ', '\t', ',']).filter_map(|word| word.split_once('='));
    words.filter(|(key, _)| key.eq_ignore_ascii_case(name)).find_map(|(_, value)| first_number(value))
}

/// Explains `Yes, score=7.1 required=5.0 tests=…`.
pub(super) fn status(filter: &str, value: &str) -> Vec<Explained> {
    let mut found = verdict(filter, value);
    found.retain(|one| one.key != "opaque");
    let score = ["score", "hits"].iter().find_map(|name| setting(value, name));
    let limit =
        ["required", "required_score", "tagged_above", "QUARANTINE_LEVEL"].iter().find_map(|name| setting(value, name));
    match (score, limit) {
        (Some(score), Some(limit)) => {
            let words = format!("{filter} gave the mail a score of {score}; from {limit} on it counts as spam.");
            found.push(made("score-limit", &[filter, score, limit], value, words));
        }
        (Some(score), None) => {
            found.push(made("score", &[filter, score], value, format!("{filter} gave the mail a score of {score}.")));
        }
        _ => {}
    }
    if found.is_empty() { vec![opaque(filter, value)] } else { found }
}

/// Explains `default: False [1.20 / 15.00]; SYMBOL(1.00)[…]`.
pub(super) fn rspamd(filter: &str, value: &str) -> Vec<Explained> {
    let inside = value.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map(|(inside, _)| inside);
    let numbers = inside.and_then(|inside| inside.split_once('/')).map(|(score, limit)| (score.trim(), limit.trim()));
    let Some((score, limit)) =
        numbers.filter(|(score, limit)| first_number(score).is_some() && first_number(limit).is_some())
    else {
        return vec![opaque(filter, value)];
    };
    let words = format!("{filter} gave the mail a score of {score}; from {limit} on it is refused.");
    vec![made("score-limit", &[filter, score, limit], value, words)]
}

/// Explains marks that stand for a number.
pub(super) fn bar(filter: &str, value: &str) -> Vec<Explained> {
    let value = value.trim();
    let marks = value.chars().count();
    let mark = value.chars().next();
    if !mark.is_none_or(|mark| "*+-/sxI".contains(mark) && value.chars().all(|c| c == mark)) {
        return vec![opaque(filter, value)];
    }
    let number = match mark {
        Some('-') => format!("-{marks}"),
        Some('/') | None => "0".to_owned(),
        Some(_) => marks.to_string(),
    };
    let words = format!("{filter} gave the mail a score of about {number}.");
    vec![made("score-about", &[filter, &number], value, words)]
}

/// Explains Proofpoint's list of scores.
pub(super) fn proofpoint(filter: &str, value: &str) -> Vec<Explained> {
    let rule = value.split([' ', ',']).find_map(|word| word.strip_prefix("rule="));
    let score = setting(value, "score");
    let (Some(rule), Some(score)) = (rule, score) else {
        return vec![opaque(filter, value)];
    };
    let spam = rule.contains("spam") && !rule.contains("notspam");
    let key = if spam { "rule-spam" } else { "rule-ham" };
    let words = format!("{filter} applied the rule {rule} with a score of {score} of 100.");
    vec![made(key, &[filter, rule, score], value, words)]
}

/// Explains `notjunk:1;V03:…`.
pub(super) fn ui(filter: &str, value: &str) -> Vec<Explained> {
    let word = value.split([':', ';']).next().unwrap_or("").trim();
    let (key, meaning) = match word.to_ascii_lowercase().as_str() {
        "notjunk" | "trusted" => ("ui-ham", "no spam"),
        "junk" | "spam" => ("ui-spam", "spam"),
        "unknown" => ("ui-unknown", "neither spam nor trusted"),
        _ => return vec![opaque(filter, value)],
    };
    vec![made(key, &[filter, word], value, format!("The filter of {filter} took the mail for {meaning}."))]
}

/// Explains `0 (Mail was not recognized as spam); Detail=…`.
pub(super) fn sentence(filter: &str, value: &str) -> Vec<Explained> {
    let told = value.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map(|(inside, _)| inside);
    match (first_number(value), told) {
        (Some(number), Some(told)) => {
            let key = if number == "0" { "sentence-ham" } else { "sentence-spam" };
            vec![made(key, &[filter, number, told], value, format!("{filter} says: {told}."))]
        }
        _ => vec![opaque(filter, value)],
    }
}
