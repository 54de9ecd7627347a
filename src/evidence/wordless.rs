//! Refusals pasted in words only, without a reply code; and texts that are none, whatever words they hold.

use super::context::Context;
use super::findings::{Category, Findings, Kind, Reply};
use super::{describe, transcript};

/// A refusal pasted without its code: only when the words say that one is.
pub(super) fn read(text: &str, mta: Option<String>, context: &Context) -> Option<Findings> {
    let short = text.len() <= 4000 && !text.trim().is_empty() && super::header_at(text).is_none();
    if !short || text.lines().any(transcript::in_column) || is_no_mail(text) {
        return None;
    }
    let mut reply = describe::describe(text, Reply::default(), context);
    let status = reply.enhanced_status.as_deref();
    let telling = |line: &str| status.map_or(!line.trim().is_empty(), |status| line.contains(status));
    reply.line = text.lines().position(telling).map(|at| at + 1);
    let refused = || reply.category != Some(Category::Other) && text.lines().any(|line| tells_refusal(line, context));
    let alone = text.trim().lines().count() == 1 && UNREACHED.iter().any(|start| text.trim_start().starts_with(start));
    let says = alone || status.map_or_else(refused, |status| says_status(text, status)) || mta.is_some();
    says.then(|| Findings { kind: Kind::Reply, mta, replies: vec![reply], ..Findings::default() })
}

/// Whether a text is about log-ins, web requests, records of the DNS or the checks of a monitor, or is a report in XML: what
/// is denied there is no mail.
fn is_no_mail(text: &str) -> bool {
    let low = text.to_lowercase();
    let record = ["\"v=spf1 ", "\"v=dmarc1", "\"v=dkim1"].iter().any(|start| low.contains(start));
    if record || low.contains("rw-r--r--") || low.starts_with("<?xml") || low.contains(" and port 25: ") {
        return true;
    }
    let web = ["http/1.", "http/2"].iter().any(|version| low.contains(version))
        && ["get /", "post /", "head /"].iter().any(|request| low.contains(request));
    let login = ["authentication", "login", "logon", "password"].iter().any(|word| low.contains(word));
    web || login && ["fail", "denied", "incorrect", "invalid"].iter().any(|word| low.contains(word))
}

/// How the lines of a server start that could not reach another one.
const UNREACHED: &[&str] = &[
    "lost connection with ",
    "conversation with ",
    "connect to ",
    "delivery temporarily suspended: ",
    "Host or domain name not found",
];

/// Words of which a text without any code holds at least one when it tells of a refusal.
const REFUSED: &[&str] = &[
    "reject",
    "refus",
    "block",
    "denied",
    "deny",
    "bounce",
    "fail",
    "undeliver",
    "not accept",
    "not allow",
    "not permit",
    "not exist",
    "not found",
    "not deliver",
    "no longer",
    "no such",
    "listed",
    "reputation",
    "too low",
    "not yet",
    "not authorized",
    "not authorised",
    "unable",
    "could",
    "unknown",
    "exceed",
    "full",
    "disabled",
    "inactive",
    "suspen",
    "greylist",
    "try again",
    "defer",
    "invalid",
    "too many",
    "too large",
    "required",
    "must ",
    "prohibit",
    "error",
    "expired",
    "gesperrt",
    "abgelehnt",
    "nicht",
    "unbekannt",
    "abgewiesen",
    "zurück",
    "bloqu",
    "rejet",
    "inconnu",
    "rechaz",
    "no existe",
    "desconocid",
    "respint",
    "sconosciut",
    "geweiger",
    "odrzuc",
    "zablok",
    "отклон",
    "заблок",
    "拒",
    "被退",
    "ブロック",
    "エラー",
    "不明",
];

/// Whether a line speaks of something refused and says why; names of techniques alone do not.
fn tells_refusal(line: &str, context: &Context) -> bool {
    let low = line.to_lowercase();
    let spoken = !line.is_ascii() || line.split_whitespace().nth(2).is_some();
    let asked = low.contains("? ") || low.trim_end().ends_with('?');
    let refused = spoken && !asked && REFUSED.iter().any(|word| low.contains(word));
    refused && describe::describe(line, Reply::default(), context).category != Some(Category::Other)
}

/// Whether three numbers are given as a status code: at the start, in brackets or behind a word for one; not as a version
/// or a section.
fn says_status(text: &str, status: &str) -> bool {
    let Some(at) = text.find(status) else { return false };
    let head = text.get(..at).unwrap_or("");
    let line = head.rsplit('\n').next().unwrap_or("").to_lowercase();
    let before = line.trim_end_matches([' ', ':', '=', '[', '(', '#', '"', '\'']);
    let named = ["status", "code", "error", "said", "smtp", "reason", "dsn", "response was", "fehler", "erreur"];
    let quoted = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '>' | '“' | '„');
    let alone =
        line.trim_matches(quoted).is_empty() && (head.trim_matches(quoted).is_empty() || head.trim().ends_with(':'));
    alone || head.ends_with(['(', '[']) || head.ends_with("(#") || named.iter().any(|n| before.ends_with(n))
}

/// Whether a text is source code, its history or a difference, which may speak of any reply.
pub(super) fn is_of_developers(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim_end).skip_while(|line| line.is_empty());
    let (Some(first), second) = (lines.next(), lines.next().unwrap_or("")) else { return false };
    let hash = first.strip_prefix("commit ").and_then(|rest| rest.split(' ').next()).unwrap_or("");
    let commit = hash.len() >= 7 && hash.bytes().all(|b| b.is_ascii_hexdigit());
    commit && (second.starts_with("Author: ") || second.starts_with("Merge: "))
        || [
            "Version ",
            "import ",
            "export ",
            "function ",
            "SELECT ",
            "INSERT ",
            "CREATE TABLE",
            "BEGIN:VC",
            "# HELP ",
            "#include ",
            "#!/",
            "<?php",
            "package ",
            "def ",
            "fn ",
            "const ",
        ]
        .iter()
        .any(|start| first.starts_with(start))
        || first.starts_with("from ") && first.contains(" import ")
        || first.starts_with("diff --git ")
        || first.starts_with("--- a/") && second.starts_with("+++ b/")
}
