//! The keys under which services and servers tell of refusals.

use serde_json::{Map, Value};

use crate::evidence::{reply, scan};

/// Whether a key is the wanted one, case and separators aside.
fn is_key(key: &str, want: &str) -> bool {
    key.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_lowercase()).eq(want.bytes())
}

/// The value of the first of the keys that an object has, as text.
pub(super) fn pick(object: &Map<String, Value>, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|want| {
        object.iter().find(|(k, _)| is_key(k, want)).and_then(|(_, v)| match v {
            Value::String(s) if !s.trim().is_empty() => Some(s.clone()),
            Value::Number(n) => Some(n.to_string()),
            Value::Array(items) => items.iter().find_map(Value::as_str).map(str::to_owned),
            _ => None,
        })
    })
}

/// The text of the refusal in an object, from the keys that providers use.
pub(super) fn told(object: &Map<String, Value>) -> Option<String> {
    let keys = [
        "smtpmsg",
        "diagnosticcode",
        "smtpresponse",
        "rawreason",
        "response",
        "content",
        "bouncereason",
        "reason",
        "description",
        "details",
        "lasterror",
        "errormessage",
        "error",
        "diag",
        "dsndiag",
        "diagnostic",
        "smtperror",
        "message",
        "msg",
        "text",
        "bounce",
        "statusmessage",
        "output",
        "err",
        "comment",
        "rejinfo",
        "rejtype",
        "delayreason",
        "summary",
    ];
    let texts: Vec<String> = keys.iter().filter_map(|k| pick(object, &[k])).collect();
    let coded = texts.iter().find(|t| reply::find_code(t).is_some());
    let text = coded.or_else(|| texts.first())?.clone();
    let code = pick(object, &["code", "smtpcode", "errorcode", "responsecode", "statuscode", "smtpstatus", "rejcode"])
        .filter(|c| c.len() == 3 && c.starts_with(['4', '5']));
    match code {
        Some(code) if reply::find_code(&text).is_none() => Some(format!("{code} {}{text}", enhanced(object))),
        _ => Some(text),
    }
}

/// The enhanced status code of a `KumoMTA` response (`{"class":5,"subject":1,"detail":1}`), with a blank.
fn enhanced(object: &Map<String, Value>) -> String {
    let Some(Value::Object(code)) = object.get("enhanced_code") else {
        return pick(object, &["enhancedcode", "enhancedstatus", "smtpenchcode"])
            .map(|c| format!("{c} "))
            .unwrap_or_default();
    };
    let part = |name: &str| code.get(name).and_then(Value::as_u64);
    match (part("class"), part("subject"), part("detail")) {
        (Some(a), Some(b), Some(c)) => format!("{a}.{b}.{c} "),
        _ => String::new(),
    }
}

/// What outer objects say about inner ones.
#[derive(Clone, Default)]
pub(super) struct Around {
    /// The kind of event in lower case.
    pub(super) kind: Option<String>,
    /// The time.
    pub(super) time: Option<String>,
    /// The queue or message id.
    pub(super) queue_id: Option<String>,
    /// The recipient's domain.
    pub(super) recipient: Option<String>,
    /// The refusing server.
    pub(super) remote_host: Option<String>,
    /// Its address.
    pub(super) remote_ip: Option<String>,
    /// The sending address.
    pub(super) source_ip: Option<String>,
    /// The status.
    pub(super) status: Option<String>,
}

impl Around {
    /// Adds what an object says; inner values win.
    pub(super) fn with(&self, object: &Map<String, Value>) -> Self {
        let or = |keys: &[&str], outer: &Option<String>| pick(object, keys).or_else(|| outer.clone());
        let part = |name: &str| object.get(name).and_then(Value::as_object);
        let sending = part("envelope").and_then(|e| pick(e, &["sendingip"]));
        let sending = sending.or_else(|| part("source_address").and_then(|s| pick(s, &["address"])));
        let refused = object.contains_key("RejCode").then(|| pick(object, &["ip"])).flatten();
        let sending = sending.or(refused);
        let peer = part("peer_address");
        let inner = |key: &str| {
            peer.and_then(|p| p.get(key)).and_then(Value::as_str).map(|h| h.trim_end_matches('.').to_owned())
        };
        let nested =
            object.get("message").and_then(Value::as_object).and_then(|m| pick(m, &["to", "rcptto", "recipient"]));
        let recipient =
            pick(object, &["emailaddress", "recipient", "rcptto", "rcpt", "email", "to", "recipients", "rcptaddress"])
                .or(nested)
                .and_then(|a| scan::domain_of(&a));
        Self {
            kind: pick(object, &["notificationtype", "eventtype", "event", "type", "recordtype", "action", "severity"])
                .map(|k| k.to_ascii_lowercase())
                .or_else(|| self.kind.clone()),
            time: or(&["timestamp", "time", "date", "bouncedat", "createdat", "eventtime", "datetime"], &self.time),
            queue_id: or(&["queueid", "qid", "msgid", "queue"], &self.queue_id)
                .filter(|q| !q.contains('@') && !q.contains('.'))
                .or_else(|| peer.and_then(|_| pick(object, &["id"]))),
            recipient: recipient.or_else(|| self.recipient.clone()),
            remote_host: inner("name").filter(|h| scan::host_like(h)).or_else(|| {
                or(&["mx", "mxhost", "remotemta", "host", "name", "hostname", "peer"], &self.remote_host)
                    .map(|h| h.trim_start_matches("dns;").trim().trim_end_matches('.').to_owned())
                    .filter(|h| scan::host_like(h))
            }),
            remote_ip: inner("addr").or_else(|| {
                let bounced = object.contains_key("bounce_class").then(|| pick(object, &["ipaddress"])).flatten();
                let keys = ["addr", "mxip", "remoteip", "remotemtaip", "remoteaddress", "destinationip", "dstip"];
                bounced.or_else(|| or(&keys, &self.remote_ip))
            }),
            source_ip: sending.or_else(|| {
                or(&["sourceip", "sendingip", "outboundip", "zoneaddress", "localaddress"], &self.source_ip)
            }),
            status: or(&["status", "enhancedstatus"], &self.status)
                .filter(|s| reply::enhanced_prefix(s).is_some_and(|p| p.len() == s.len())),
        }
    }
}

/// The software or service that writes events with such keys.
pub(super) fn software(object: &Map<String, Value>) -> Option<&'static str> {
    let has = |key: &str| object.contains_key(key);
    let rows: [(&str, bool); 10] = [
        ("Amazon SES", has("notificationType") || (has("eventType") && has("mail")) || (has("bounce") && has("mail"))),
        ("SendGrid", has("sg_event_id") || has("sg_message_id")),
        ("Mailgun", has("event-data") || (has("delivery-status") && has("message"))),
        ("Postmark", has("RecordType") || (has("BouncedAt") && has("TypeCode"))),
        ("SparkPost", has("msys")),
        ("KumoMTA", has("peer_address") || has("bounce_classification") || (has("response") && has("egress_pool"))),
        ("ZoneMTA", has("zone") && (has("seq") || has("category")) || has("_queue_id") && has("_seq")),
        ("Mimecast", has("RejCode") && has("aCode")),
        ("Mandrill", has("bounce_description") && has("_id")),
        ("SocketLabs", has("ServerId") && has("SecretKey")),
    ];
    rows.into_iter().find(|(_, fits)| *fits).map(|(name, _)| name)
}

/// Whether the keys or a text of an object speak of mail; a code alone may be one of HTTP.
pub(super) fn speaks_of_mail(object: &Map<String, Value>) -> bool {
    let words = ["smtp", "mail", "mx", "bounce", "rcpt", "recipient", "dsn", "envelope", "queue"];
    object.iter().any(|(key, value)| {
        let key = key.to_ascii_lowercase();
        let text = value.as_str().map(|text| scan::truncated(text, 2000).to_ascii_lowercase()).unwrap_or_default();
        words.iter().any(|word| key.contains(word) || text.contains(word)) || text.contains('@')
    })
}
