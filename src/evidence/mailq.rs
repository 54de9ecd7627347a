//! The queue as Postfix lists it (`mailq`, `postqueue -p`, `postqueue -j`): whose entry a reason belongs to.

use super::findings::Findings;

/// How many lines above a reason its entry may stand.
const NEAR: usize = 3;

/// Gives the replies that stand below an entry of the queue its name.
pub(super) fn complete(findings: &mut Findings, text: &str) {
    if !findings.replies.iter().any(|reply| reply.queue_id.is_none()) {
        return;
    }
    let mut entries: Vec<(usize, &str)> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        entries.extend(entry(line).map(|id| (at + 1, id)));
    }
    if entries.is_empty() {
        return;
    }
    for reply in findings.replies.iter_mut().filter(|reply| reply.queue_id.is_none()) {
        let Some(line) = reply.line else { continue };
        let above = entries.partition_point(|(at, _)| *at <= line);
        let near = above.checked_sub(1).and_then(|at| entries.get(at)).filter(|(at, _)| line - at <= NEAR);
        reply.queue_id = near.map(|(_, id)| (*id).to_owned());
    }
    if findings.replies.iter().any(|reply| entries.iter().any(|(_, id)| reply.queue_id.as_deref() == Some(id))) {
        findings.mta.get_or_insert_with(|| "Postfix".to_owned());
    }
}

/// The name of an entry: `4Vabc1Xyz*  1248 Thu Aug  6 19:10:12  ann@example.org`; `*` is being sent, `!` is on hold.
fn entry(line: &str) -> Option<&str> {
    let mut words = line.trim_start_matches(['>', ' ']).split_whitespace();
    let id = words.next()?.trim_end_matches(['*', '!', '#']);
    let number =
        |word: Option<&str>| word.is_some_and(|word| word.len() < 12 && word.bytes().all(|b| b.is_ascii_digit()));
    let named = |word: Option<&str>, names: &str| word.is_some_and(|word| word.len() == 3 && names.contains(word));
    let told = (6..=20).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric())
        && number(words.next())
        && named(words.next(), "Mon Tue Wed Thu Fri Sat Sun")
        && named(words.next(), "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec")
        && number(words.next())
        && words.next().is_some_and(|time| time.len() == 8 && time.bytes().filter(|b| *b == b':').count() == 2);
    told.then_some(id)
}

#[cfg(test)]
mod tests {
    use crate::evidence::{Context, read};

    #[test]
    fn a_reason_belongs_to_the_entry_above() {
        let text = "-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------\n5F1A2B3C4D*     998 Mon Mar  4 09:12:33  ann@example.org\n(host mx.example.net[192.0.2.9] said: 450 4.2.0 Greylisted, try again later (in reply to RCPT TO command))\n                                         bob@example.net\n\n-- 1 Kbytes in 1 Request.\n";
        let found = read(text.as_bytes(), &Context::default());
        assert_eq!(found.mta.as_deref(), Some("Postfix"));
        assert_eq!(found.queue_id.as_deref(), Some("5F1A2B3C4D"));
        assert_eq!(found.replies.len(), 1);
    }

    #[test]
    fn other_lines_name_no_entry() {
        for line in ["", "Mon Mar 4 09:12:33", "5F1A2B3C4D 998 bytes", "a-b-c-d-e 998 Mon Mar 4 09:12:33 x"] {
            assert_eq!(super::entry(line), None);
        }
    }
}
