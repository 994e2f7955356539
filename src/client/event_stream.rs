//! Server-sent events out of the bytes of a stream: the parser of WHATWG HTML, sections 9.2.5 and 9.2.6. Pieces may be cut
//! anywhere.

use memchr::memchr2;

/// One event, as its blank line dispatches it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// "message" unless the stream names another.
    pub kind: String,
    /// Its data lines, joined by line feeds.
    pub data: String,
    /// The last that the stream has given, in this event or before it.
    pub id: String,
}

/// An event or a line is longer than the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

pub struct Parser {
    /// Bytes of one event at most, the line that is not complete yet included.
    limit: usize,
    /// What has come of the line that is not complete yet.
    line: Vec<u8>,
    is_comment: bool,
    is_first_line: bool,
    /// A line feed that comes next belongs to the line end before it.
    after_cr: bool,
    kind: String,
    data: String,
    id: Option<String>,
    last_event_id: Option<String>,
    retry_ms: Option<u64>,
}

impl Parser {
    pub fn new(limit: usize) -> Parser {
        Parser {
            limit,
            line: Vec::new(),
            is_comment: false,
            is_first_line: true,
            after_cr: false,
            kind: String::new(),
            data: String::new(),
            id: None,
            last_event_id: None,
            retry_ms: None,
        }
    }

    /// Another connection: what came of an event that was not complete is lost, and the server is to send it again. Events
    /// keep the last id until the stream gives another, as with browsers.
    pub fn begin(&mut self) {
        self.end_line();
        (self.is_first_line, self.after_cr) = (true, false);
        self.kind.clear();
        self.data.clear();
        self.id.clone_from(&self.last_event_id);
    }

    /// What to send as Last-Event-ID. `None`: the stream has given no id; empty: it has taken it back.
    pub fn last_event_id(&self) -> Option<&str> {
        self.last_event_id.as_deref()
    }

    /// How long the server wants to be left alone before another connection, if it has said so.
    pub fn retry_ms(&self) -> Option<u64> {
        self.retry_ms
    }

    /// Takes bytes up to the end of the next event; none of `bytes` is left when there is no event.
    pub fn next(&mut self, bytes: &mut &[u8]) -> Result<Option<Event>, TooLong> {
        while let Some(&first) = bytes.first() {
            if std::mem::take(&mut self.after_cr) && first == b'\n' {
                *bytes = &bytes[1..];
                continue;
            }
            let Some(end) = memchr2(b'\r', b'\n', bytes) else {
                self.extend_line(bytes)?;
                *bytes = &[];
                break;
            };
            self.extend_line(&bytes[..end])?;
            self.after_cr = bytes[end] == b'\r';
            *bytes = &bytes[end + 1..];
            if let Some(event) = self.take_line() {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    fn extend_line(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        // A byte order mark may stand before the first line: only whole is it known for a comment or not.
        if self.line.is_empty() && !self.is_first_line && bytes.first() == Some(&b':') {
            self.is_comment = true;
        }
        if self.is_comment {
            return Ok(());
        }
        let so_far = self.line.len() + self.data.len() + self.kind.len();
        if bytes.len() > self.limit.saturating_sub(so_far) {
            return Err(TooLong);
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn end_line(&mut self) {
        self.line.clear();
        self.is_comment = false;
    }

    fn take_line(&mut self) -> Option<Event> {
        let line = std::mem::take(&mut self.line);
        let is_first = std::mem::take(&mut self.is_first_line);
        let text = if is_first { line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&line) } else { &line };
        let event = match text {
            _ if self.is_comment => None,
            [] => self.dispatch(),
            text => {
                // Line ends are no part of any longer sequence, so a line at a time decodes as the whole does.
                self.field(&String::from_utf8_lossy(text));
                None
            }
        };
        self.line = line;
        self.end_line();
        event
    }

    fn field(&mut self, line: &str) {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "data" => {
                self.data.push_str(value);
                self.data.push('\n');
            }
            "event" => value.clone_into(&mut self.kind),
            "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                // Digits alone fail to parse when there are too many of them.
                self.retry_ms = Some(value.parse().unwrap_or(u64::MAX));
            }
            _ => {}
        }
    }

    fn dispatch(&mut self) -> Option<Event> {
        self.last_event_id.clone_from(&self.id);
        let kind = std::mem::take(&mut self.kind);
        let mut data = std::mem::take(&mut self.data);
        data.pop()?;
        let kind = if kind.is_empty() { "message".to_owned() } else { kind };
        Some(Event { kind, data, id: self.id.clone().unwrap_or_default() })
    }
}
