//! The text of an answer without the mail that it answers.

/// What mail programs write before the mail that is answered, where they do not mark each line of it.
const DIVIDERS: [&str; 7] = [
    "-----original message-----",
    "-----ursprüngliche nachricht-----",
    "-----message d'origine-----",
    "-----mensaje original-----",
    "-----messaggio originale-----",
    "-----oorspronkelijk bericht-----",
    "-----wiadomość oryginalna-----",
];

/// What the line before a quote says: “On Monday, Ann wrote:”.
const WROTE: [&str; 9] =
    ["wrote", "schrieb", "a écrit", "escribió", "scritto", "schreef", "escreveu", "napisał", "skrev"];

/// What that line begins with.
const ON: [&str; 9] = ["on ", "am ", "le ", "el ", "il ", "op ", "em ", "w dniu ", "den "];

/// The fields that Outlook copies before the mail that is answered: the first one, and what one of the next begins with.
const COPIED: [(&str, &str); 5] =
    [("from:", "sent:"), ("von:", "gesendet:"), ("de :", "envoyé :"), ("de:", "enviado"), ("da:", "inviato:")];

/// How many lines after the first copied field the second one may stand.
const COPIED_WITHIN: usize = 4;

/// The part of `text` above the mail that it answers. An answer between the lines of a quote keeps them: without them
/// it would say nothing.
#[must_use]
pub fn above(text: &str) -> &str {
    let lines: Vec<&str> = text.lines().collect();
    let mut end = (0..lines.len()).find(|n| divides(&lines, *n)).unwrap_or(lines.len());
    let is_quoted = |line: &str| line.starts_with('>');
    let written = |n: &usize| lines.get(*n).is_some_and(|line| !line.trim().is_empty() && !is_quoted(line));
    if let Some(last) = (0..end).rev().find(written) {
        let quote_follows = lines.get(last + 1..end).is_some_and(|rest| rest.iter().any(|line| is_quoted(line)));
        end = last + 1;
        if quote_follows {
            end -= attribution(lines.get(..end).unwrap_or_default());
        }
    } else {
        end = 0;
    }
    let kept: usize = text.split_inclusive('\n').take(end).map(str::len).sum();
    text.get(..kept).unwrap_or(text).trim()
}

/// Whether the mail that is answered begins at this line.
fn divides(lines: &[&str], n: usize) -> bool {
    let folded = |n: usize| lines.get(n).map(|line| line.trim().to_lowercase()).unwrap_or_default();
    let line = folded(n);
    let squeezed = line.replace("- ", "-").replace(" -", "-");
    let is_divider = |line: &str| DIVIDERS.iter().any(|divider| line.starts_with(divider));
    let is_rule = line.len() >= 20 && line.bytes().all(|b| b == b'_');
    is_divider(&line)
        || is_divider(&squeezed)
        || (is_rule && COPIED.iter().any(|(first, _)| folded(n + 1).starts_with(first)))
        || COPIED.iter().any(|(first, second)| {
            line.starts_with(first) && (n + 1..=n + COPIED_WITHIN).any(|next| folded(next).starts_with(second))
        })
}

/// How many lines at the end say who wrote what is quoted after them: one, or two when it was wrapped.
fn attribution(lines: &[&str]) -> usize {
    let folded = |back: usize| {
        lines
            .len()
            .checked_sub(back)
            .and_then(|n| lines.get(n))
            .map(|line| line.trim().to_lowercase())
            .unwrap_or_default()
    };
    let (last, before) = (folded(1), folded(2));
    let says = |line: &str| WROTE.iter().any(|wrote| line.contains(wrote));
    let begins = |line: &str| ON.iter().any(|on| line.starts_with(on));
    let is_wrapped = !begins(&last) && begins(&before) && (says(&last) || says(&before));
    match last.ends_with(':') {
        true if is_wrapped => 2,
        true if says(&last) => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quote_below_an_answer_goes() {
        for text in [
            "We closed it.\n\nOn Mon, 23 Nov 2026 at 12:00, Example Mail wrote:\n> Please say\n> what you did.\n",
            "We closed it.\n\nAm 23.11.2026 um 12:00 schrieb Example Mail\n<postmaster@portal.example>:\n> Please",
            "We closed it.\n\nOn Mon, 23 Nov 2026 at 12:00,\nExample Mail <p@portal.example> wrote:\n\n> Please\n>\n> x\n\n",
            "We closed it.\n\n-----Original Message-----\nFrom: Example Mail\nPlease say",
            "We closed it.\n\n----- Original Message -----\nFrom: x",
            "We closed it.\n\n________________________________\nVon: Example Mail <p@portal.example>\nGesendet: Montag\n",
            "We closed it.\n\nFrom: Example Mail <p@portal.example>\nSent: Monday\nTo: Ann\nSubject: x\n\nPlease",
            "We closed it.\n> Please",
            "We closed it.",
        ] {
            let kept = above(text);
            assert!(
                kept.starts_with("We closed it.") && !kept.contains("Please") && !kept.contains("portal"),
                "{kept:?}"
            );
        }
    }

    #[test]
    fn an_answer_between_the_lines_keeps_them() {
        let text =
            "On Monday, Example Mail wrote:\n> Which machine?\nmail.sender.example\n> Since when?\nSince May.\n> Bye\n";
        assert_eq!(above(text), text.trim_end().trim_end_matches("> Bye").trim());
    }

    #[test]
    fn what_only_looks_like_a_quote_stays() {
        for text in ["From: our log, line 3\nThe rest is fine.", "He wrote:\nnothing", "5 > 3\nand so on", ""] {
            assert_eq!(above(text), text);
        }
    }

    #[test]
    fn a_mail_that_only_quotes_says_nothing() {
        assert_eq!(above("> all\n> of it\n"), "");
    }
}
