//! Events as JSON: SES, SendGrid, Mailgun, Postmark, SparkPost, KumoMTA, ZoneMTA, journald and any
//! object that names a refusal by the usual keys; also dialogues as lists of lines.

use serde_json::{Map, Value};

use crate::evidence::context::{Context, Work};
use crate::evidence::describe::describe;
use crate::evidence::findings::{Direction, Findings, Kind, Reply};
use crate::evidence::{MAX_REPLIES, reply, scan, transcript};

/// Objects nested deeper are not looked at.
const MAX_DEPTH: usize = 12;
/// One JSON text longer than this is not parsed as a whole.
const MAX_JSON: usize = 16 << 20;

/// Reads a text of JSON: one value, or one value a line.
pub(super) fn read(text: &str, context: &Context, work: &mut Work) -> Option<Findings> {
    let start = text.trim_start();
    let shaped = start.starts_with('{') || (start.starts_with('[') && start.trim_start_matches(['[', ' ', '\n', '\r']).starts_with(['{', '"', ']']));
    if !shaped {
        return None;
    }
    let mut events = Events { context, findings: Findings { kind: Kind::Log, ..Findings::default() } };
    let lead = text.len() - start.len();
    let first_line = text.get(..lead).map_or(0, |t| t.matches('\n').count()) + 1;
    if text.len() <= MAX_JSON && let Ok(value) = serde_json::from_str::<Value>(start) {
        work.spend(text.len()).then_some(())?;
        events.top(&value, first_line, start);
        return Some(events.findings);
    }
    let parsed = events.lines(text);
    (parsed > 0).then_some(events.findings)
}

/// The refusal in a JSON object at the end of a log line (maddy, caddy-like loggers).
pub(super) fn embedded(message: &str) -> Option<super::Hit> {
    let at = message.find('{').filter(|_| message.trim_end().ends_with('}'))?;
    let Ok(Value::Object(object)) = serde_json::from_str::<Value>(message.get(at..)?.trim()) else { return None };
    let text = told(&object)?;
    reply::find_code(&text)?;
    let around = Around::default().with(&object);
    let client = pick(&object, &["srcip", "clientip", "remoteip", "remoteaddr"]);
    let server = pick(&object, &["remoteserver", "remotehost"]).filter(|h| scan::host_like(h));
    let known = Reply {
        ip: client.as_deref().and_then(|c| scan::ip(c.rsplit_once(':').filter(|(h, _)| !h.contains(':')).map_or(c, |(h, _)| h))),
        queue_id: around.queue_id,
        recipient_domain: around.recipient,
        remote_host: server.clone().or(around.remote_host).filter(|_| client.is_none()),
        direction: Some(if client.is_some() { Direction::In } else { Direction::Out }),
        ..Reply::default()
    };
    Some(super::Hit { known, text, mta: "", weight: super::Weight::Sure })
}

/// The events read so far.
struct Events<'a> {
    /// The circumstances.
    context: &'a Context,
    /// What was found.
    findings: Findings,
}

impl Events<'_> {
    /// Reads one value a line; gives how many lines were JSON.
    fn lines(&mut self, text: &str) -> usize {
        let mut parsed = 0;
        for (number, line) in text.lines().enumerate() {
            let bare = line.trim().trim_end_matches(',');
            let shaped = bare.starts_with('{') && bare.ends_with('}') || bare.starts_with('[') && bare.ends_with(']');
            if !shaped {
                continue;
            }
            let Ok(value) = serde_json::from_str::<Value>(bare) else { continue };
            parsed += 1;
            self.top(&value, number + 1, "");
        }
        parsed
    }

    /// Reads one value that stands alone; `source` is its text when it may span lines.
    fn top(&mut self, value: &Value, line: usize, source: &str) {
        match value {
            Value::Array(items) if items.iter().all(Value::is_string) => self.dialogue(items, None, line),
            Value::Array(items) => {
                let mut from = 0;
                for item in items.iter().take(100_000) {
                    let at = locate(item, source, &mut from);
                    self.top(item, line + at, "");
                }
            }
            Value::Object(object) => {
                self.findings.mta = self.findings.mta.take().or_else(|| software(object).map(str::to_owned));
                self.object(object, line, &Around::default(), 0);
            }
            _ => {}
        }
    }

    /// Reads an object and the objects in it; outer values hold for inner ones.
    fn object(&mut self, object: &Map<String, Value>, line: usize, outer: &Around, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        if let Some(message) = wrapped(object) {
            self.wrapped(message, object, line);
            return;
        }
        let around = outer.with(object);
        let found = self.findings.replies.len();
        for (key, value) in object {
            match value {
                Value::Object(inner) => self.object(inner, line, &around, depth + 1),
                Value::Array(items) if items.len() > 1 && items.iter().all(Value::is_string) => self.dialogue(items, Some(key), line),
                Value::Array(items) => items.iter().filter_map(Value::as_object).take(10_000).for_each(|o| self.object(o, line, &around, depth + 1)),
                _ => {}
            }
        }
        if self.findings.replies.len() == found {
            self.event(object, line, &around);
        }
    }

    /// Reads the log line that an envelope of JSON wraps.
    fn wrapped(&mut self, message: &str, object: &Map<String, Value>, line: usize) {
        let program = ["SYSLOG_IDENTIFIER", "ident", "program", "_COMM"].iter().find_map(|k| object.get(*k).and_then(Value::as_str)).unwrap_or("");
        let inner = if program.is_empty() { message.to_owned() } else { format!("{program}: {message}") };
        let inner = super::envelope::open(&inner, line);
        let mut memory = super::Memory::default();
        let Some(hit) = super::read_line(&inner, &mut memory) else { return };
        let time = ["time", "timestamp", "@timestamp", "_SOURCE_REALTIME_TIMESTAMP"].iter().find_map(|k| object.get(*k).and_then(Value::as_str));
        let host = object.get("_HOSTNAME").or_else(|| object.get("host")).and_then(Value::as_str);
        let known = Reply {
            line: Some(line),
            time: inner.time.or(time).map(str::to_owned),
            local_host: inner.host.or(host).map(str::to_owned),
            ..hit.known
        };
        self.findings.mta = self.findings.mta.take().or_else(|| (!hit.mta.is_empty()).then(|| hit.mta.to_owned()));
        self.push(describe(&hit.text, known, self.context));
    }

    /// Reads a list of strings as the lines of a session or of one reply.
    fn dialogue(&mut self, items: &[Value], key: Option<&str>, line: usize) {
        let text: String = items.iter().filter_map(Value::as_str).take(10_000).collect::<Vec<_>>().join("\n");
        let spoken = transcript::replies(&text, line, self.context);
        let host = key.filter(|k| scan::host_like(k));
        for mut reply in spoken {
            reply.line = Some(line);
            reply.remote_host = host.map(str::to_owned).or(reply.remote_host);
            self.push(reply);
        }
    }

    /// Reads one object as an event.
    fn event(&mut self, object: &Map<String, Value>, line: usize, around: &Around) {
        let Some(text) = told(object) else { return };
        let coded = reply::find_code(&text);
        let kind = around.kind.as_deref().unwrap_or("");
        let failed = ["bounce", "drop", "defer", "reject", "fail", "transient", "block", "undeliver", "error"].iter().any(|k| kind.contains(k));
        let done = ["delivered", "delivery", "reception", "open", "click", "processed", "accepted", "complaint"].contains(&kind);
        if done || (coded.is_none() && !failed) {
            return;
        }
        let known = Reply {
            line: Some(line),
            time: around.time.clone(),
            queue_id: around.queue_id.clone(),
            recipient_domain: around.recipient.clone(),
            remote_host: around.remote_host.clone(),
            remote_ip: around.remote_ip.as_deref().and_then(scan::ip),
            ip: around.source_ip.as_deref().and_then(scan::ip),
            direction: Some(Direction::Out),
            ..Reply::default()
        };
        let mut reply = describe(&text, Reply { ip: None, ..known.clone() }, self.context);
        reply.ip = reply.ip.or(known.ip);
        if reply.enhanced_status.is_none() && !coded.is_some_and(|c| c.start == 0) {
            reply.dsn_status.clone_from(&around.status);
        }
        self.push(reply);
    }

    /// Keeps a reply, or counts it.
    fn push(&mut self, reply: Reply) {
        if self.findings.replies.len() >= MAX_REPLIES {
            self.findings.more_replies += 1;
        } else {
            self.findings.replies.push(reply);
        }
    }
}

/// How many lines into `source` an item of an array stands, found by the text of its first string.
fn locate(item: &Value, source: &str, from: &mut usize) -> usize {
    let Some((key, _)) = item.as_object().and_then(|o| o.iter().next()) else { return 0 };
    let needle = format!("\"{key}\"");
    let rest = source.get(*from..).unwrap_or("");
    let open = rest.find('{').unwrap_or(0);
    let at = rest.get(open..).and_then(|r| r.find(&needle)).map_or(0, |i| open + i);
    let stands = rest.get(..at).and_then(|t| t.rfind('{')).unwrap_or(open);
    let line = source.get(..*from + stands).map_or(0, |t| t.matches('\n').count());
    *from += item_length(rest, stands);
    line
}

/// The length up to the end of the object that opens at `open`.
fn item_length(rest: &str, open: usize) -> usize {
    let mut values = serde_json::Deserializer::from_str(rest.get(open..).unwrap_or("")).into_iter::<serde::de::IgnoredAny>();
    let parsed = values.next().is_some_and(|v| v.is_ok());
    if parsed { open + values.byte_offset() } else { rest.len() }
}

/// The message of a journald, Docker or other log envelope.
fn wrapped(object: &Map<String, Value>) -> Option<&str> {
    let journal = object.get("MESSAGE").and_then(Value::as_str);
    let docker = || object.get("log").and_then(Value::as_str).filter(|_| object.contains_key("stream") || object.len() <= 3);
    let plain = || object.get("message").and_then(Value::as_str).filter(|m| object.contains_key("@timestamp") && m.len() > 20 && (m.contains("postfix") || object.contains_key("program")));
    journal.or_else(docker).or_else(plain)
}

/// The lower-cased key without separators.
fn plain_key(key: &str) -> String {
    key.chars().filter(|c| c.is_ascii_alphanumeric()).collect::<String>().to_ascii_lowercase()
}

/// The value of the first of the keys that an object has, as text.
fn pick(object: &Map<String, Value>, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|want| {
        object.iter().find(|(k, _)| plain_key(k) == *want).and_then(|(_, v)| match v {
            Value::String(s) if !s.trim().is_empty() => Some(s.clone()),
            Value::Number(n) => Some(n.to_string()),
            Value::Array(items) => items.iter().find_map(Value::as_str).map(str::to_owned),
            _ => None,
        })
    })
}

/// The text of the refusal in an object, from the keys that providers use.
fn told(object: &Map<String, Value>) -> Option<String> {
    let keys = ["smtpmsg", "diagnosticcode", "smtpresponse", "rawreason", "response", "content", "bouncereason", "reason", "description", "details", "lasterror", "errormessage", "error", "diag", "dsndiag", "diagnostic", "smtperror", "message", "msg", "text", "bounce", "statusmessage", "output", "err"];
    let texts: Vec<String> = keys.iter().filter_map(|k| pick(object, &[k])).collect();
    let coded = texts.iter().find(|t| reply::find_code(t).is_some());
    let text = coded.or_else(|| texts.first())?.clone();
    let code = pick(object, &["code", "smtpcode", "errorcode", "responsecode", "statuscode", "smtpstatus"]).filter(|c| c.len() == 3 && c.starts_with(['4', '5']));
    match code {
        Some(code) if reply::find_code(&text).is_none() => Some(format!("{code} {}{text}", enhanced(object))),
        _ => Some(text),
    }
}

/// The enhanced status code of a KumoMTA response (`{"class":5,"subject":1,"detail":1}`), with a blank.
fn enhanced(object: &Map<String, Value>) -> String {
    let Some(Value::Object(code)) = object.get("enhanced_code") else {
        return pick(object, &["enhancedcode", "enhancedstatus", "smtpenchcode"]).map(|c| format!("{c} ")).unwrap_or_default();
    };
    let part = |name: &str| code.get(name).and_then(Value::as_u64);
    match (part("class"), part("subject"), part("detail")) {
        (Some(a), Some(b), Some(c)) => format!("{a}.{b}.{c} "),
        _ => String::new(),
    }
}

/// What outer objects say about inner ones.
#[derive(Clone, Default)]
struct Around {
    /// The kind of event in lower case.
    kind: Option<String>,
    /// The time.
    time: Option<String>,
    /// The queue or message id.
    queue_id: Option<String>,
    /// The recipient's domain.
    recipient: Option<String>,
    /// The refusing server.
    remote_host: Option<String>,
    /// Its address.
    remote_ip: Option<String>,
    /// The sending address.
    source_ip: Option<String>,
    /// The status.
    status: Option<String>,
}

impl Around {
    /// Adds what an object says; inner values win.
    fn with(&self, object: &Map<String, Value>) -> Self {
        let or = |keys: &[&str], outer: &Option<String>| pick(object, keys).or_else(|| outer.clone());
        let peer = object.get("peer_address").and_then(Value::as_object);
        let inner = |key: &str| peer.and_then(|p| p.get(key)).and_then(Value::as_str).map(|h| h.trim_end_matches('.').to_owned());
        let recipient = pick(object, &["emailaddress", "recipient", "rcptto", "rcpt", "email", "to", "recipients", "rcptaddress"]).and_then(|a| scan::domain_of(&a));
        Self {
            kind: pick(object, &["notificationtype", "eventtype", "event", "type", "recordtype", "action", "severity"]).map(|k| k.to_ascii_lowercase()).or_else(|| self.kind.clone()),
            time: or(&["timestamp", "time", "date", "bouncedat", "createdat", "eventtime", "datetime"], &self.time),
            queue_id: or(&["queueid", "qid", "msgid", "queue"], &self.queue_id).filter(|q| !q.contains('@') && !q.contains('.')),
            recipient: recipient.or_else(|| self.recipient.clone()),
            remote_host: inner("name").filter(|h| scan::host_like(h)).or_else(|| or(&["mx", "mxhost", "remotemta", "host", "name", "hostname", "peer"], &self.remote_host).map(|h| h.trim_start_matches("dns;").trim().trim_end_matches('.').to_owned()).filter(|h| scan::host_like(h))),
            remote_ip: inner("addr").or_else(|| or(&["addr", "mxip", "remoteip", "remoteaddress", "destinationip", "dstip"], &self.remote_ip)),
            source_ip: or(&["sourceip", "sendingip", "outboundip", "zoneaddress", "localaddress"], &self.source_ip),
            status: or(&["status", "enhancedstatus"], &self.status).filter(|s| reply::enhanced_prefix(s).is_some_and(|p| p.len() == s.len())),
        }
    }
}

/// The software or service that writes events with such keys.
fn software(object: &Map<String, Value>) -> Option<&'static str> {
    let has = |key: &str| object.contains_key(key);
    let rows: [(&str, bool); 9] = [
        ("Amazon SES", has("notificationType") || (has("eventType") && has("mail")) || (has("bounce") && has("mail"))),
        ("SendGrid", has("sg_event_id") || has("sg_message_id")),
        ("Mailgun", has("event-data") || (has("delivery-status") && has("message"))),
        ("Postmark", has("RecordType") || (has("BouncedAt") && has("TypeCode"))),
        ("SparkPost", has("msys")),
        ("KumoMTA", has("peer_address") || has("bounce_classification") || (has("response") && has("egress_pool"))),
        ("ZoneMTA", has("zone") && (has("seq") || has("category"))),
        ("Mandrill", has("bounce_description") && has("_id")),
        ("SocketLabs", has("ServerId") && has("SecretKey")),
    ];
    rows.into_iter().find(|(_, fits)| *fits).map(|(name, _)| name)
}
