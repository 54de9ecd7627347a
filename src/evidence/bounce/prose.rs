//! The part of a delivery report that is written for people.

use crate::evidence::input::mime::Message;
use crate::evidence::scan;

/// The lines of a prose report that tell the reason, with their place: from the recipient on, or all.
pub(super) fn reason(prose: &str) -> (usize, String) {
    let markers = [
        "the following address",
        "following recipient",
        "recipient address",
        "following reason",
        "reason:",
        "because",
        "failed:",
        "failed to",
        "could not be delivered",
        "was not delivered",
        "did not reach",
        "undeliverable to",
        "wasn't delivered",
        "rilevato un errore",
        "wurde nicht zugestellt",
        "nicht zugestellt werden",
    ];
    let lower = prose.to_lowercase();
    let at = markers.iter().filter_map(|m| lower.find(m)).min().unwrap_or(0);
    let at = if lower.len() == prose.len() { at } else { 0 };
    let head = prose.get(..at).unwrap_or("");
    let tail = prose.get(at..).unwrap_or(prose);
    (head.matches('\n').count(), scan::truncated(tail, 3000).to_owned())
}

/// The prose of a report and the line where it starts: the text parts before the returned message.
pub(super) fn prose(message: &Message) -> (String, usize) {
    let texts = message.parts.iter().take_while(|p| {
        !p.kind.ends_with("rfc822") && !p.kind.ends_with("rfc822-headers") && !p.kind.ends_with("delivery-status")
    });
    let mut out = String::new();
    let mut line = message.header_lines + 2;
    let plain = message.parts.iter().any(|p| p.kind == "text/plain" && !p.text.trim().is_empty());
    for part in texts.filter(|p| p.kind.starts_with("text/") && (p.kind != "text/html" || !plain)) {
        if out.is_empty() {
            line = part.line + 1;
        }
        out.push_str(before_original(&part.text));
        out.push('\n');
    }
    (out, line)
}

/// Lines that announce the returned message.
const ORIGINAL: &[&str] = &[
    "the header of the original",
    "this is a copy of the message",
    "original message follows",
    "original message -----",
    "original message header",
    "below this line is a copy",
    "below is a copy of",
    "original message headers",
    "unsent message below",
    "returned message",
    "message header",
    "the body of the message is",
    "message headers follow",
    "included is a copy",
    "copy of the original message",
    "start of returned",
    "original mail",
    "header of the message",
    "---- message header",
    "----- original",
    "--- original",
    "returned content",
    "the original message was received from",
    "original text follows",
    "undelivered message follows",
    "------ this is a copy",
    "message text follows",
    "headers of the message",
    "the message you sent",
    "your original message",
    "body of the original",
    "text of your message",
    "your message follows",
];

/// The text before the copy of the original message.
fn before_original(text: &str) -> &str {
    let mut end = 0;
    let mut previous = 0;
    for line in text.split_inclusive('\n') {
        let low = line.trim().to_lowercase();
        let marked = low.len() < 100
            && ORIGINAL.iter().any(|m| low.contains(m))
            && (low.starts_with(['-', '*', '=', '_', '+', '#']) || low.ends_with([':', '-', '.', '*', '=']))
            && end > 0;
        let header = ["received: ", "return-path: ", "message-id: "].iter().any(|f| low.starts_with(f)) && end > 0;
        let header = header && !line.starts_with([' ', '\t']);
        if marked || header {
            return text.get(..if header { previous.max(end) } else { end }).unwrap_or(text);
        }
        previous = end;
        end += line.len();
    }
    text
}
