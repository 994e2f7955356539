//! A sink for server-sent events.

use super::{Consumer, Flow, Sink};
use crate::client::event_stream::{Event, Parser};
use crate::client::headers::check_value;
use crate::client::machine::Continuation;
use crate::client::request::Request;
use crate::client::response::Response;
use crate::error::{Code, Error, Result};
use crate::text;
use std::sync::Arc;

/// How a request wants its events.
#[derive(Clone, Copy, Debug)]
pub struct EventRules {
    /// Connect again when the stream ends.
    pub reconnects: bool,
    /// After so long, unless the server says how long.
    pub pause_ms: u64,
    /// Bytes of one event.
    pub max_event: u64,
}

impl EventRules {
    fn parser(&self) -> Parser {
        Parser::new(usize::try_from(self.max_event).unwrap_or(usize::MAX))
    }
}

impl Default for EventRules {
    fn default() -> EventRules {
        EventRules { reconnects: true, pause_ms: 3000, max_event: 1 << 20 }
    }
}

type OnEvent = dyn Fn(Event) -> Result<Flow> + Send + Sync;

pub struct EventSink {
    on_event: Arc<OnEvent>,
}

impl EventSink {
    pub fn new(on_event: impl Fn(Event) -> Result<Flow> + Send + Sync + 'static) -> EventSink {
        EventSink { on_event: Arc::new(on_event) }
    }
}

impl Sink for EventSink {
    fn open(&self) -> Result<Box<dyn Consumer>> {
        let rules = EventRules::default();
        Ok(Box::new(Events {
            on_event: self.on_event.clone(),
            rules,
            parser: rules.parser(),
            rest: Vec::new(),
            is_alive: false,
        }))
    }

    fn only_success(&self) -> bool {
        true
    }
}

struct Events {
    on_event: Arc<OnEvent>,
    rules: EventRules,
    parser: Parser,
    /// What came behind the event at which the program paused.
    rest: Vec<u8>,
    /// Something of the running attempt's stream has come.
    is_alive: bool,
}

impl Consumer for Events {
    fn prepare(&mut self, request: &Request) {
        self.rules = request.events;
        self.parser = self.rules.parser();
    }

    fn head(&mut self, head: &Arc<Response>) -> Result<Flow> {
        self.parser.begin();
        self.is_alive = false;
        // "No Content" tells to stay away (WHATWG HTML, section 9.2.1).
        if head.status == 204 {
            return Ok(Flow::GoOn);
        }
        let kind = head.header("Content-Type").map(|value| text::printable(value.to_bytes(), 80));
        let essence = kind.as_deref().unwrap_or_default().split(';').next().unwrap_or_default();
        if head.status == 200 && essence.trim().eq_ignore_ascii_case("text/event-stream") {
            return Ok(Flow::GoOn);
        }
        let what = match kind {
            _ if head.status != 200 => format!("its status is {}, not 200", head.status),
            Some(kind) => format!("its Content-Type is {kind}, not text/event-stream"),
            None => "it has no Content-Type".to_owned(),
        };
        Err(Error::new(Code::HTTPC_E_PROTOCOL, format!("the answer is no event stream: {what}")))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<Flow> {
        self.is_alive = true;
        let mut left = bytes;
        loop {
            let event = self.parser.next(&mut left).map_err(|_| self.too_long())?;
            let Some(event) = event else { return Ok(Flow::GoOn) };
            if (self.on_event)(event)? == Flow::Pause {
                self.rest = left.to_vec();
                return Ok(Flow::Pause);
            }
        }
    }

    fn is_behind(&self) -> bool {
        !self.rest.is_empty()
    }

    fn catch_up(&mut self) -> Result<Flow> {
        let rest = std::mem::take(&mut self.rest);
        self.write(&rest)
    }

    fn last_event_id(&self) -> Option<&str> {
        let id = self.parser.last_event_id()?;
        // RFC 9110 section 5.5: no header can hold control characters.
        Some(if check_value(id.as_bytes()).is_ok() { id } else { "" })
    }

    fn continuation(&self) -> Option<Continuation> {
        let pause_ms = self.parser.retry_ms().unwrap_or(self.rules.pause_ms);
        self.rules.reconnects.then_some(Continuation { pause_ms, is_alive: self.is_alive })
    }
}

impl Events {
    fn too_long(&self) -> Box<Error> {
        let why = format!("an event is longer than the limit of {} bytes", self.rules.max_event);
        Error::new(Code::HTTPC_E_BODY_TOO_LARGE, why)
    }
}
