//! Server-sent events, read from whatever pieces they come in.

/// The most bytes of one event.
const EVENT_MOST: usize = 1024 * 1024;

/// One event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Event {
    /// What happened.
    pub(super) name: String,
    /// The number that is reached with it.
    pub(super) id: Option<i64>,
    /// Of what.
    pub(super) data: String,
}

/// Reads events.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// Bytes of lines that are not complete.
    rest: Vec<u8>,
    /// The event that is not complete.
    event: Event,
}

impl Reader {
    /// Takes a piece; gives the events that it completes.
    ///
    /// # Errors
    /// `None` when an event is too long.
    pub(super) fn take(&mut self, piece: &[u8]) -> Option<Vec<Event>> {
        let mut complete = Vec::new();
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            self.rest.extend_from_slice(part);
            if self.rest.len() + self.event.data.len() > EVENT_MOST {
                return None;
            }
            if self.rest.ends_with(b"\n") {
                let line = std::mem::take(&mut self.rest);
                let line = String::from_utf8_lossy(&line);
                complete.extend(self.line(line.trim_end_matches(['\r', '\n'])));
            }
        }
        Some(complete)
    }

    /// Takes one line; gives the event that it ends. Comments and fields that are not known are left out.
    fn line(&mut self, line: &str) -> Option<Event> {
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            return (!event.name.is_empty()).then_some(event);
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event.name),
            "data" => self.event.data.push_str(value),
            "id" => self.event.id = value.parse().ok(),
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All events of a text that comes in pieces of this size.
    fn read(text: &str, size: usize) -> Option<Vec<Event>> {
        let mut reader = Reader::default();
        let mut events = Vec::new();
        for piece in text.as_bytes().chunks(size) {
            events.extend(reader.take(piece)?);
        }
        Some(events)
    }

    #[test]
    fn events_are_read_in_any_pieces() {
        let text = ": hello\n\nevent: add\nid: 7\ndata: {\"a\":1}\n\nevent:lift\r\ndata:x\r\n\r\nevent: cut\ndata: off";
        let want = [
            Event { name: "add".into(), id: Some(7), data: "{\"a\":1}".into() },
            Event { name: "lift".into(), id: None, data: "x".into() },
        ];
        for size in [1, 2, 7, 1_000] {
            assert_eq!(read(text, size).unwrap(), want, "{size}");
        }
    }

    #[test]
    fn an_event_without_end_is_refused() {
        assert_eq!(read(&"data: x".repeat(200_000), 4_096), None);
        assert_eq!(read(&"data: xxxxxxxx\n".repeat(200_000), 4_096), None);
    }
}
