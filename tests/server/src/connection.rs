//! One connection that speaks HTTP/1.1: requests in, answers or faults out.

use crate::{
    body,
    gate::Gates,
    request::{Fault, Request, bad},
    response::Response,
    routes,
    shared::Shared,
    socket::{self, End, Stream},
};
use openssl::ssl::SslRef;
use serde_json::json;
use std::{
    io,
    time::{Duration, Instant},
};

const LONGEST_HEAD: usize = 1 << 20;

/// What follows an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Then {
    Keep,
    End(End),
}

pub type Answer = Result<Then, Fault>;
pub type Route = fn(&mut Exchange) -> Answer;

pub struct Connection {
    stream: Stream,
    buffer: Vec<u8>,
    id: u64,
    pub requests: u32,
    /// What happens on the idle connection, and when, although the client was told nothing of it.
    pub later: Option<(Instant, Later)>,
}

#[derive(Clone, Debug)]
pub enum Later {
    End(End),
    /// Bytes that nobody asked for.
    Say(Vec<u8>, Then),
}

/// One request, and the means to answer it.
pub struct Exchange<'a> {
    pub connection: &'a mut Connection,
    pub request: &'a Request,
    pub shared: &'a Shared,
}

impl Exchange<'_> {
    pub fn reply(&mut self, response: Response) -> Answer {
        self.connection.send(&response.render(self.request.is_head()))?;
        Ok(Then::Keep)
    }
}

pub fn serve(stream: Stream, id: u64, shared: &Shared, route: Route) -> (Stream, End) {
    let mut connection = Connection { stream, buffer: Vec::new(), id, requests: 0, later: None };
    let end = loop {
        match exchange(&mut connection, shared, route) {
            Ok(Then::Keep) => {}
            Ok(Then::End(end)) => break end,
            Err(Fault::Gone) => break End::Fin,
            Err(Fault::Bad(message)) => {
                let response = Response::json(400, &json!({"error": message})).header("Connection", "close");
                // The client may have left meanwhile; the connection ends either way.
                let _ = connection.send(&response.render(false));
                break End::Fin;
            }
        }
    };
    (connection.stream, end)
}

fn exchange(connection: &mut Connection, shared: &Shared, route: Route) -> Answer {
    if let Some((when, later)) = connection.later.clone()
        && (Instant::now() >= when || (connection.nothing_buffered() && !connection.stream.readable(Some(when))))
    {
        connection.later = None;
        return match later {
            Later::End(end) => Ok(Then::End(end)),
            Later::Say(bytes, then) => connection.send(&bytes).map(|()| then).map_err(Fault::from),
        };
    }
    let Some(head) = connection.read_head()? else { return Ok(Then::End(End::Fin)) };
    let mut request = Request::parse(&head)?;
    connection.requests += 1;
    let logged = !request.path.starts_with("/_");
    let place = logged.then(|| shared.journal.write(&request, connection.id, connection.requests));
    let wants_body = routes::wants_body(&request.path);
    if wants_body {
        request.body = body::read(connection, &request)?;
        if let Some(place) = place {
            shared.journal.add_body(place, request.body.clone());
        }
    }
    let then = route(&mut Exchange { connection, request: &request, shared })?;
    if !wants_body && then == Then::Keep {
        body::read(connection, &request)?;
    }
    Ok(if then == Then::Keep && request.wants_close() { Then::End(End::Fin) } else { then })
}

impl Connection {
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.send(bytes)
    }

    pub fn ssl(&self) -> Option<&SslRef> {
        match &self.stream {
            Stream::Plain(_) => None,
            Stream::Tls(tls) => Some(tls.ssl()),
        }
    }

    pub fn finish_sending(&mut self) {
        self.stream.finish_sending();
    }

    pub fn set_receive_buffer(&self, bytes: i32) {
        socket::set_receive_buffer(self.stream.tcp(), bytes);
    }

    /// Silence; ends early when the client leaves.
    pub fn pause(&self, duration: Duration) -> io::Result<()> {
        match socket::peer_left(self.stream.tcp(), Some(Instant::now() + duration)) {
            true => Err(io::ErrorKind::ConnectionAborted.into()),
            false => Ok(()),
        }
    }

    /// Silence until the gate lets it through; ends early when the client leaves.
    pub fn pass_gate(&self, gates: &Gates, key: &str) -> io::Result<()> {
        gates.pass(key, self.stream.tcp())
    }

    /// Takes what still comes, until the client leaves.
    pub fn hear_out(&mut self) {
        while matches!(self.fill(), Ok(1..)) {
            self.buffer.clear();
        }
    }

    /// Silence until the client leaves.
    pub fn hold(&self) -> Answer {
        socket::peer_left(self.stream.tcp(), None);
        Ok(Then::End(End::Fin))
    }

    pub fn nothing_buffered(&self) -> bool {
        self.buffer.is_empty()
    }

    /// The bytes before the empty line, or nothing when the client closed between requests.
    fn read_head(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        let mut seen = 0_usize;
        loop {
            let start = seen.saturating_sub(3);
            if let Some(length) = self.buffer[start..].windows(4).position(|window| window == b"\r\n\r\n") {
                let head = self.buffer[..start + length].to_vec();
                self.buffer.drain(..start + length + 4);
                return Ok(Some(head));
            }
            if self.buffer.len() > LONGEST_HEAD {
                return bad("head too long");
            }
            seen = self.buffer.len();
            if self.fill()? == 0 {
                return if self.buffer.is_empty() { Ok(None) } else { Err(Fault::Gone) };
            }
        }
    }

    /// A line of chunked framing, without its end.
    pub fn read_line(&mut self) -> Result<String, Fault> {
        loop {
            if let Some(length) = self.buffer.windows(2).position(|window| window == b"\r\n") {
                let line = String::from_utf8_lossy(&self.buffer[..length]).into_owned();
                self.buffer.drain(..length + 2);
                return Ok(line);
            }
            if self.buffer.len() > LONGEST_HEAD {
                return bad("line too long");
            }
            if self.fill()? == 0 {
                return Err(Fault::Gone);
            }
        }
    }

    /// At least one byte and at most `length`.
    pub fn read_up_to(&mut self, length: usize) -> Result<Vec<u8>, Fault> {
        if self.buffer.is_empty() && self.fill()? == 0 {
            return Err(Fault::Gone);
        }
        let length = length.min(self.buffer.len());
        Ok(self.buffer.drain(..length).collect())
    }

    fn fill(&mut self) -> io::Result<usize> {
        let mut part = [0; 16 * 1024];
        let length = self.stream.receive(&mut part)?;
        self.buffer.extend_from_slice(&part[..length]);
        Ok(length)
    }
}
