//! Canned answers with their variables filled in.

use crate::app::App;
use crate::content::Answer;
use crate::domain::block::case_path;
use crate::domain::staff::Staff;
use crate::domain::ticket::Ticket;
use crate::locale::texts;

use super::facts::Facts;

/// The canned answers for a ticket, in its sender's language: those for its kind, and those of lifts only when one of
/// its networks is or was blocked.
#[must_use]
pub fn offered<'a>(app: &'a App, ticket: &Ticket, facts: &[&Facts]) -> Vec<&'a Answer> {
    let has_block = facts.iter().any(|f| !f.live.is_empty() || !f.past.is_empty());
    let is_for = |answer: &Answer| answer.kinds.is_empty() || answer.kinds.contains(&ticket.kind);
    let fits = |answer: &&Answer| is_for(answer) && (has_block || !answer.lifts);
    app.desk.content.answers(&ticket.lang).iter().filter(fits).collect()
}

/// The answer of this name, filled in; empty when there is none.
#[must_use]
pub fn filled(app: &App, ticket: &Ticket, facts: &[&Facts], me: &Staff, id: &str) -> String {
    let answer = app.desk.content.answers(&ticket.lang).iter().find(|answer| answer.id == id);
    answer.map_or_else(String::new, |answer| fill(&answer.body, &variables(app, ticket, facts, me)))
}

/// What the variables stand for.
fn variables(app: &App, ticket: &Ticket, facts: &[&Facts], me: &Staff) -> [(&'static str, String); 6] {
    let words = texts(&ticket.lang);
    let about = facts.iter().find(|f| f.hit().is_some()).or_else(|| facts.first()).copied();
    let block =
        about.and_then(|f| f.live.iter().find(|b| f.answers(b)).or_else(|| f.live.first()).or_else(|| f.past.first()));
    let cause = block.and_then(|b| app.desk.content.causes.find(&b.cause)).map(|c| c.text(&ticket.lang).title.clone());
    let addr = about.map(|f| f.net.first());
    let path = block.map_or_else(|| "/check".to_owned(), |b| case_path(&b.case_code, addr));
    [
        ("code", ticket.code.clone()),
        ("ip", about.map_or_else(|| words.t("answer-the-address"), |f| f.net.to_string())),
        ("cause", cause.unwrap_or_else(|| words.t("answer-no-cause"))),
        ("link", format!("{}{path}", app.desk.config.http.public_url)),
        ("provider", app.desk.config.provider.clone()),
        ("agent", me.name.clone()),
    ]
}

/// A text with its variables filled in, in one pass: what is filled in is not read again.
fn fill(body: &str, variables: &[(&str, String)]) -> String {
    let mut parts = body.split('{');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let known = part.split_once('}').and_then(|(name, rest)| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (value, rest))
        });
        match known {
            Some((value, rest)) => out.extend([value.as_str(), rest]),
            None => out.extend(["{", part]),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_filled_in_once() {
        let variables = [("ip", "{code}".to_owned()), ("code", "PM-1".to_owned())];
        assert_eq!(fill("{ip} of {code}, {other} {", &variables), "{code} of PM-1, {other} {");
        assert_eq!(fill("nothing", &variables), "nothing");
    }
}
