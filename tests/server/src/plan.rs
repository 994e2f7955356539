//! What a route wants to happen, where that is the same in every version of HTTP.

use crate::{
    request::{Fault, Request},
    response::Response,
    shared::Shared,
};
use std::time::Duration;

pub enum Plan {
    Reply(Response),
    /// Silence, then the answer.
    After(Duration, Response),
    /// Silence until the gate of the request's key opens, then the answer.
    Gated(Response),
    /// Silence until the client leaves.
    Silence,
    /// The client is cut off in an answer of 100 bytes.
    BreakOff(How, Place),
    /// So many bytes of this body, then the end.
    Cut(Response, usize),
    /// 50 of 100 bytes, then an end that claims to be orderly.
    Truncate,
    /// Proof that nothing was done; HTTP/1.1 has none.
    Refuse,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum How {
    Reset,
    Close,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    BeforeHead,
    InHead,
    AfterHead,
    InBody,
}

pub type Planned = Result<Plan, Fault>;

/// One request, and what the server knows of earlier ones.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    pub request: &'a Request,
    pub shared: &'a Shared,
}

impl Asked<'_> {
    pub fn reply(&self, response: Response) -> Planned {
        Ok(Plan::Reply(response))
    }

    pub fn turn(&self) -> u64 {
        self.shared.turns.next(&self.request.key, &self.request.path)
    }
}
