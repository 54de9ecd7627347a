//! Events as JSON: SES, `SendGrid`, Mailgun, Postmark, `SparkPost`, `KumoMTA`, `ZoneMTA`, journald and any
//! object that names a refusal by the usual keys; also dialogues as lists of lines.

mod keys;

use serde_json::{Map, Value};

use crate::evidence::context::{Context, Work};
use crate::evidence::describe::describe;
use crate::evidence::findings::{Direction, Findings, Kind, Reply};
use crate::evidence::{MAX_REPLIES, reply, scan, transcript};
use keys::{Around, pick, software, speaks_of_mail, told};

/// Objects nested deeper are not looked at.
const MAX_DEPTH: usize = 12;
/// How much of an object is looked at for the line of a value.
const ROWS: usize = 64 << 10;
/// One JSON text longer than this is not parsed as a whole.
const MAX_JSON: usize = 16 << 20;

/// Reads a text of JSON: one value, or one value a line.
pub(super) fn read(text: &str, context: &Context, work: &mut Work) -> Option<Findings> {
    let start = text.trim_start();
    let shaped = start.starts_with('{')
        || (start.starts_with('[') && start.trim_start_matches(['[', ' ', '\n', '\r']).starts_with(['{', '"', ']']));
    if !shaped {
        return None;
    }
    let mut events = Events { context, findings: Findings { kind: Kind::Log, ..Findings::default() }, source: "" };
    let lead = text.len() - start.len();
    let first_line = text.get(..lead).map_or(0, |t| t.matches('\n').count()) + 1;
    if text.len() <= MAX_JSON
        && let Ok(value) = serde_json::from_str::<Value>(start)
    {
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
    let Ok(Value::Object(object)) = serde_json::from_str::<Value>(message.get(at..)?.trim()) else {
        return None;
    };
    let text = told(&object)?;
    reply::find_code(&text)?;
    let around = Around::default().with(&object);
    let client = pick(&object, &["srcip", "clientip", "remoteip", "remoteaddr"]);
    let server = pick(&object, &["remoteserver", "remotehost"]).filter(|h| scan::host_like(h));
    let known = Reply {
        ip: client.as_deref().and_then(scan::ip_of_end),
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
    /// The text of the object that is read, where it may span lines.
    source: &'a str,
}

impl<'a> Events<'a> {
    /// Reads one value a line; gives how many lines were JSON.
    fn lines(&mut self, text: &str) -> usize {
        let mut parsed = 0;
        for (number, line) in text.lines().enumerate() {
            let bare = line.trim().trim_end_matches(',');
            let shaped = bare.starts_with('{') && bare.ends_with('}') || bare.starts_with('[') && bare.ends_with(']');
            if !shaped {
                continue;
            }
            let Ok(value) = serde_json::from_str::<Value>(bare) else {
                continue;
            };
            parsed += 1;
            self.top(&value, number + 1, "");
        }
        parsed
    }

    /// Reads one value that stands alone; `source` is its text when it may span lines.
    fn top(&mut self, value: &Value, line: usize, source: &'a str) {
        match value {
            Value::Array(items) if items.iter().all(Value::is_string) => {
                self.dialogue(items, None, line);
            }
            Value::Array(items) => {
                let mut places = Places::new(source);
                for item in items.iter().take(100_000) {
                    let (at, text) = places.next();
                    self.top(item, line + at, text);
                }
            }
            Value::Object(object) => {
                self.findings.mta = self.findings.mta.take().or_else(|| software(object).map(str::to_owned));
                self.source = source;
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
                Value::Array(items) if items.len() > 1 && items.iter().all(Value::is_string) => {
                    self.dialogue(items, Some(key), line);
                }
                Value::Array(items) if items.iter().all(Value::is_array) && key == "values" => {
                    let lines = items.iter().filter_map(|pair| pair.get(1)).filter_map(Value::as_str);
                    lines.take(10_000).for_each(|message| self.wrapped(message, object, line));
                }
                Value::String(inner) if inner.starts_with('{') => {
                    if let Ok(Value::Object(inner)) = serde_json::from_str::<Value>(inner) {
                        self.findings.mta = self.findings.mta.take().or_else(|| software(&inner).map(str::to_owned));
                        self.object(&inner, line, &around, depth + 1);
                    }
                }
                Value::Array(items) => items
                    .iter()
                    .filter_map(Value::as_object)
                    .take(10_000)
                    .for_each(|o| self.object(o, line, &around, depth + 1)),
                _ => {}
            }
        }
        if self.findings.replies.len() == found {
            self.event(object, line, &around);
        }
    }

    /// Reads the log line that an envelope of JSON wraps.
    fn wrapped(&mut self, message: &str, object: &Map<String, Value>, line: usize) {
        let program = ["SYSLOG_IDENTIFIER", "ident", "program", "_COMM"]
            .iter()
            .find_map(|k| object.get(*k).and_then(Value::as_str))
            .unwrap_or("");
        let inner = if program.is_empty() { message.to_owned() } else { format!("{program}: {message}") };
        let inner = super::envelope::open(&inner, line);
        let mut memory = super::Memory::default();
        let Some(hit) = super::read_line(&inner, &mut memory) else {
            return;
        };
        let time = ["time", "timestamp", "@timestamp", "_SOURCE_REALTIME_TIMESTAMP"]
            .iter()
            .find_map(|k| object.get(*k).and_then(Value::as_str));
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
        let failed = [
            "bounce",
            "drop",
            "defer",
            "reject",
            "fail",
            "transient",
            "permanent",
            "block",
            "undeliver",
            "error",
            "suppress",
        ]
        .iter()
        .any(|k| kind.contains(k));
        let done = ["delivered", "delivery", "reception", "open", "click", "processed", "accepted", "complaint"]
            .contains(&kind);
        let sure = coded.is_some_and(|c| c.certainty == reply::Certainty::Confirmed);
        let of_mail = sure || around.recipient.is_some() || self.findings.mta.is_some() || speaks_of_mail(object);
        if done || (coded.is_none() && !failed) || !of_mail {
            return;
        }
        if self.findings.replies.len() >= MAX_REPLIES {
            self.findings.more_replies += 1;
            return;
        }
        let known = Reply {
            line: Some(line + self.row(&text)),
            time: around.time.clone(),
            queue_id: around.queue_id.clone(),
            recipient_domain: around.recipient.clone(),
            remote_host: around.remote_host.clone(),
            remote_ip: around.remote_ip.as_deref().and_then(scan::ip),
            ip: around.source_ip.as_deref().and_then(scan::ip_of_end),
            direction: Some(Direction::Out),
            ..Reply::default()
        };
        let mut reply = describe(&text, Reply { ip: None, ..known.clone() }, self.context);
        reply.ip = reply.ip.or(known.ip);
        if reply.enhanced_status.is_none() && coded.is_none_or(|c| c.start != 0) {
            reply.dsn_status.clone_from(&around.status);
        }
        self.push(reply);
    }

    /// In which line of its object a value stands, from 0; found by the value's end, since a code may be set before it.
    fn row(&self, value: &str) -> usize {
        let written = serde_json::to_string(value).unwrap_or_default();
        let end = written.trim_matches('"');
        let start = end.len().saturating_sub(60);
        let end = end.get(end.ceil_char_boundary(start)..).unwrap_or("");
        let source = scan::truncated(self.source, ROWS);
        let at = source.find(end).filter(|_| !end.is_empty()).unwrap_or(0);
        source.get(..at).map_or(0, |before| before.matches('\n').count())
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

/// Walks over the text of an array, to know in which line each item starts.
struct Places<'a> {
    /// What is left of the text.
    rest: &'a str,
    /// The line that `rest` starts in, from 0.
    line: usize,
}

impl<'a> Places<'a> {
    /// Starts behind the opening bracket.
    fn new(source: &'a str) -> Self {
        let mut places = Self { rest: source, line: 0 };
        places.skip(source.find('[').map_or(0, |at| at + 1));
        places
    }

    /// Goes on by some bytes, counting lines.
    fn skip(&mut self, bytes: usize) {
        let (head, tail) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.line += memchr::memchr_iter(b'\n', head.as_bytes()).count();
        self.rest = tail;
    }

    /// The line and the text of the next item, which is passed over.
    fn next(&mut self) -> (usize, &'a str) {
        let lead = self.rest.len() - self.rest.trim_start_matches([' ', '\t', '\r', '\n', ',']).len();
        self.skip(lead);
        let line = self.line;
        let mut values = serde_json::Deserializer::from_str(self.rest).into_iter::<serde::de::IgnoredAny>();
        let parsed = values.next().is_some_and(|v| v.is_ok());
        let length = if parsed { values.byte_offset() } else { self.rest.len() };
        let text = self.rest.get(..length).unwrap_or("");
        self.skip(length);
        (line, text)
    }
}

/// The message of a journald, Docker or other log envelope.
fn wrapped(object: &Map<String, Value>) -> Option<&str> {
    let journal = object.get("MESSAGE").and_then(Value::as_str);
    let docker =
        || object.get("log").and_then(Value::as_str).filter(|_| object.contains_key("stream") || object.len() <= 3);
    let collected = object.contains_key("@timestamp");
    let plain = |m: &&str| {
        let line = super::envelope::open(m, 0);
        let dated = line.time.is_some() && line.host.is_some() && !line.program.is_empty();
        dated || (collected && m.len() > 20 && (m.contains("postfix") || object.contains_key("program")))
    };
    let others = || {
        let keys = ["message", "line", "_raw", "raw", "full_message", "msg", "original", "log"];
        keys.iter().filter_map(|key| object.get(*key).and_then(Value::as_str)).find(plain)
    };
    journal.or_else(docker).or_else(others)
}
