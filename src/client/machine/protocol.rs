//! What a driver and the machine say to each other.

use super::redirect::Redirects;
use crate::client::clock::Micros;
use crate::client::method::Method;
use crate::client::response::{Head, Response, Sizes, Timings};
use crate::client::retry_rules::RetryRules;
use crate::client::timeouts::Timeouts;
use crate::client::url::Target;
use crate::error::{Code, Error};
use crate::policy::budget::Budget;
use crate::sync::Mutex;
use std::net::SocketAddr;
use std::sync::Arc;

/// What the machine needs to know of a call. Fixed for its whole length.
#[derive(Clone)]
pub struct Rules {
    pub method: Method,
    pub target: Arc<Target>,
    pub timeouts: Timeouts,
    pub retry: Arc<RetryRules>,
    pub idempotent: bool,
    /// An Idempotency-Key goes along.
    pub own_key: bool,
    /// Until [`super::Machine::body_is_spent`].
    pub replayable: bool,
    /// Each attempt takes a token of the rate limiters first.
    pub limited: bool,
    pub status_errors: bool,
    pub max_body: u64,
    /// Where a body may go instead of into memory.
    pub sink: Option<SinkRules>,
    /// What breaks off on the way there may be asked for from there on: the program asks for no range itself.
    pub resumes: bool,
    pub redirects: Redirects,
    pub budget: Arc<Mutex<Budget>>,
}

/// Which bodies go to a request's sink.
#[derive(Clone, Copy, Debug)]
pub struct SinkRules {
    /// The longest.
    pub max_body: u64,
    /// Those of 2xx responses alone.
    pub only_success: bool,
}

/// How far the running attempt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    Connecting,
    Sending,
    /// All that the program gave so far is out, and it has not given the rest: nobody's silence is the server's.
    Starved,
    /// The program takes nothing more of the response for now.
    Held,
    /// The whole request is out.
    Waiting,
}

/// What a driver reports.
#[allow(clippy::large_enum_variant, reason = "made and moved once for each attempt: a box would cost more")]
pub enum Event<'a> {
    /// `queued`: it had to be waited for.
    TokenGranted {
        queued: bool,
    },
    /// The limiters would let it through only after so many microseconds, which is later than the call may wait.
    TokenRefused {
        wait_us: Micros,
    },
    /// `queued`: it had to be waited for.
    PermitGranted {
        queued: bool,
    },
    /// The final head of a response is complete; `unix_ms` reads the wall clock, should dates in it
    /// ask for that.
    Head {
        head: &'a Head,
        unix_ms: &'a dyn Fn() -> i64,
    },
    AttemptEnded(AttemptEnd),
    TimerFired,
    /// HTTPC_E_CANCELLED or HTTPC_E_CLOSED.
    Interrupted(Code),
    /// The program's side of the running attempt failed: its body, or a function that said stop.
    Aborted(Box<Error>),
    /// Something that no retry can mend kept the attempt from starting.
    Failed(Box<Error>),
}

/// What a driver does next.
#[derive(Debug)]
pub enum Action {
    /// Take a token of the rate limiters by [`Machine::deadline`]; report `TokenGranted` or `TokenRefused`.
    TakeToken,
    /// Wait for a connection permit; report `PermitGranted`.
    TakePermit,
    StartAttempt {
        fresh_connection: bool,
    },
    /// Go on with the attempt, and take at most `limit` bytes of the body, for the request's sink if `deliver`; report
    /// `AttemptEnded`.
    Body {
        limit: u64,
        deliver: bool,
    },
    /// End the attempt now; report `AttemptEnded` with what is known.
    AbortAttempt,
    /// Nothing but wait for the timer or an interruption.
    Wait,
    Finish(Result<Arc<Response>, Box<Error>>),
}

/// The facts of an ended attempt.
#[derive(Debug)]
pub struct AttemptEnd {
    /// HTTPC_OK when the response is complete.
    pub code: Code,
    pub curl_code: i32,
    /// What went wrong, in words that follow "GET https://…: ".
    pub note: String,
    /// The same would happen again, whatever was sent.
    pub hopeless: bool,
    /// The request, or a part of it, may have gone out. `false` is a proof.
    pub sent: bool,
    /// A byte of a response came.
    pub heard: bool,
    pub reused: bool,
    /// On a connection that all requests to the origin share (HTTP/2).
    pub shared: bool,
    /// The server said that it did not act on the request (HTTP/2 REFUSED_STREAM or GOAWAY, RFC 9113 section 8.7).
    pub unprocessed: bool,
    /// Bytes of the body that the request's sink has got, from all attempts; `None`: it would take another response.
    pub delivered: Option<u64>,
    pub peer: Option<SocketAddr>,
    pub connection_id: i64,
    pub timings: Timings,
    pub sizes: Sizes,
    /// Once its head was complete.
    pub response: Option<(Head, Vec<u8>)>,
}
