//! The response of one call on its way to its consumer, a piece at a time. A driver hands over what has come, outside of the
//! transport, and then lets that go on.

use super::{Consumer, Flow};
use crate::client::machine::Continuation;
use crate::client::response::{Head, Response};
use crate::client::url::Target;
use crate::error::{Code, Error, Result};
use crate::transport::inflow::Inflow;
use std::sync::Arc;

pub struct Delivery {
    consumer: Box<dyn Consumer>,
    /// There is somebody who can end a pause.
    pub may_pause: bool,
    /// The running attempt's body is for the consumer.
    is_open: bool,
    is_held: bool,
    /// The running attempt brings the rest of what the consumer has a part of.
    goes_on: bool,
    /// What the consumer gets next; kept for its memory.
    piece: Vec<u8>,
    delivered: u64,
}

impl Delivery {
    pub fn new(consumer: Box<dyn Consumer>) -> Delivery {
        Delivery {
            consumer,
            may_pause: false,
            is_open: false,
            is_held: false,
            goes_on: false,
            piece: Vec::new(),
            delivered: 0,
        }
    }

    /// Before each attempt. A pause lasts until the program ends it, whatever becomes of the attempt meanwhile. `goes_on`: it asks
    /// for the rest of what broke off.
    pub fn begin(&mut self, goes_on: bool) {
        (self.is_open, self.goes_on) = (false, goes_on);
    }

    /// The body of this response is for the consumer.
    pub fn open(&mut self, head: &Head, target: &Arc<Target>) -> Result<()> {
        self.is_open = true;
        if self.goes_on {
            return Ok(());
        }
        let head = Arc::new(Response::new(head.clone(), Vec::new(), target.clone()));
        let was_held = self.is_held;
        let flow = self.consumer.head(&head)?;
        self.follow(flow)?;
        self.is_held |= was_held;
        Ok(())
    }

    /// Hands over what has come, unless the consumer pauses. Whether there was anything.
    pub fn hand_over(&mut self, inflow: &mut Inflow) -> Result<bool> {
        let mut has_moved = false;
        while self.is_open && !self.is_held && !self.is_drained(inflow) {
            if self.consumer.is_behind() {
                let flow = self.consumer.catch_up()?;
                self.follow(flow)?;
                has_moved = true;
                continue;
            }
            inflow.take_body(&mut self.piece);
            if self.piece.is_empty() {
                continue;
            }
            has_moved = true;
            self.delivered += self.piece.len() as u64;
            let flow = self.consumer.write(&self.piece)?;
            self.follow(flow)?;
        }
        Ok(has_moved)
    }

    /// Nothing is left that waits for the consumer.
    pub fn is_drained(&self, inflow: &Inflow) -> bool {
        inflow.is_drained() && !(self.is_open && self.consumer.is_behind())
    }

    fn follow(&mut self, flow: Flow) -> Result<()> {
        self.is_held = flow == Flow::Pause;
        if self.is_held && !self.may_pause && !self.consumer.resumes() {
            let why = "the body sink said HTTPC_SINK_PAUSE in a blocking call, which nobody can resume";
            return Err(Error::new(Code::HTTPC_E_ABORTED, why));
        }
        Ok(())
    }

    /// The program takes more.
    pub fn resume(&mut self) {
        self.is_held = false;
    }

    pub fn is_held(&self) -> bool {
        self.is_open && self.is_held
    }

    /// Bytes that the consumer has got; `None`: it would take another response.
    pub fn delivered(&self) -> Option<u64> {
        let keeps_head = self.is_open && self.consumer.keeps_head();
        (keeps_head || self.delivered > 0).then_some(self.delivered)
    }

    pub fn last_event_id(&self) -> Option<&str> {
        self.consumer.last_event_id()
    }

    /// How the call goes on behind the running attempt.
    pub fn continuation(&self) -> Option<Continuation> {
        let continuation = self.consumer.continuation()?;
        Some(Continuation { is_alive: continuation.is_alive && self.is_open, ..continuation })
    }

    /// The attempt is over, and its response whole.
    pub fn finish(&mut self) -> Result<()> {
        if self.is_open { self.consumer.finish() } else { Ok(()) }
    }
}
