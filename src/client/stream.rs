//! A response whose body the program reads when it likes. An engine thread carries the call out, a little ahead of the reader.

use super::Client;
use super::reactor::engine::Prepared;
use super::reactor::pending::{Pending, Receiver};
use super::request::Request;
use super::response::Response;
use super::sink::{Piece, Pipe, PipeSink};
use super::virtual_clock::VirtualClock;
use crate::error::{Error, Result};
use std::sync::Arc;

pub struct Stream {
    pipe: Arc<Pipe>,
    pending: Arc<Pending>,
    head: Arc<Response>,
    outcome: Option<Result<Arc<Response>>>,
}

impl Stream {
    /// Returns when the head has come of the response that the call ends with.
    pub fn open(client: &Arc<Client>, request: &Request) -> Result<Stream> {
        if request.sink.is_some() {
            return Err(Error::invalid("request", "has a body sink, so there would be nothing to read"));
        }
        let _inside = client.config.clock.enter();
        let pipe = Arc::<Pipe>::default();
        let request = Request { sink: Some(Arc::new(PipeSink(pipe.clone()))), ..request.clone() };
        let prepared = Prepared::new(client, Arc::new(request), Receiver::Owner, false)?;
        let pending = prepared.pending().clone();
        pending.check_waiting()?;
        prepared.launch()?;
        match pipe.head(pending.clock()) {
            Some(head) => Ok(Stream { pipe, pending, head, outcome: None }),
            None => {
                pending.wait(u64::MAX)?;
                let head = pending.take()?;
                Ok(Stream { pipe, pending, head: head.clone(), outcome: Some(Ok(head)) })
            }
        }
    }

    /// The head without the body, and once that has ended well the response with all that is known then.
    pub fn response(&self) -> &Arc<Response> {
        match &self.outcome {
            Some(Ok(response)) => response,
            _ => &self.head,
        }
    }

    /// The next bytes, as many as there are; 0 at the end.
    pub fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        if into.is_empty() {
            return Err(Error::invalid("size", "is 0, which would look like the end"));
        }
        let _inside = self.pending.clock().map(VirtualClock::enter);
        loop {
            match self.pipe.read(into) {
                Piece::Bytes { count, resume } => {
                    if resume {
                        self.pending.resume();
                    }
                    return Ok(count);
                }
                Piece::Over => return self.end(),
                Piece::Nothing => {
                    self.pending.check_waiting()?;
                    self.pipe.wait(self.pending.clock());
                }
            }
        }
    }

    fn end(&mut self) -> Result<usize> {
        if self.outcome.is_none() {
            self.pending.wait(u64::MAX)?;
            self.outcome = Some(self.pending.take());
        }
        match &self.outcome {
            Some(Err(error)) => Err(error.again()),
            _ => Ok(0),
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.pending.cancel();
    }
}
