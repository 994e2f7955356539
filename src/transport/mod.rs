//! One attempt on the wire. Knows nothing of retries or deadlines: the call machine decides, a driver carries out.

pub mod curl;
mod framing;
pub mod inflow;
pub mod mock;
pub mod outflow;

use crate::client::body::Memory;
use crate::client::clock::Micros;
use crate::client::machine::{AttemptEnd, Progress};
use crate::client::meter::Transferred;
use crate::client::method::Method;
use crate::client::signal::Signal;
use crate::client::url::Target;
use crate::error::Code;
use inflow::{Expected, Inflow};
use outflow::Outflow;
use std::ffi::CStr;

/// Calls its argument with name and value of each header that goes along, and whether the value is a secret.
pub type EachHeader<'a> = dyn Fn(&mut dyn FnMut(&str, &str, bool)) + 'a;

/// What goes out behind the head.
#[derive(Clone, Copy)]
pub enum Payload<'a> {
    None,
    Bytes(&'a Memory),
    /// Of this length, if that is known; through the transport's [`outflow::Outflow`].
    Stream(Option<u64>),
}

/// A request in the form that goes out.
pub struct Outgoing<'a> {
    pub method: &'a Method,
    pub target: &'a Target,
    pub body: Payload<'a>,
    pub headers: &'a EachHeader<'a>,
    /// What is sent as Accept-Encoding beside the headers.
    pub accept_encoding: Option<&'static CStr>,
    pub expected: Expected,
}

/// Why an attempt has no complete response.
pub struct Failure {
    pub code: Code,
    /// What went wrong, in words that follow "GET https://…: ".
    pub note: String,
    /// The same would happen again, whatever was sent.
    pub hopeless: bool,
}

/// An attempt that runs, as the blocking driver sees it: libcurl's on a slot, or a mocked one.
pub trait Attempt {
    /// Goes as far as it goes without waiting. Once it has ended: with what, for [`Attempt::finish`].
    fn advance(&mut self) -> Option<u32>;

    fn inflow(&mut self) -> &mut Inflow;

    /// The request's body, where it is a stream, to be filled; then [`Attempt::go_on_sending`].
    fn outflow(&mut self) -> &mut Outflow;

    /// Goes on with a body that it waited for, once there is some of it. Whether it does.
    fn go_on_sending(&mut self) -> bool;

    /// Goes on with a response that waited for room, once there is some. Whether it does; with what it ends, if it does that.
    fn go_on_receiving(&mut self) -> Result<bool, u32>;

    /// How far the bodies are.
    fn transferred(&mut self) -> Transferred;

    /// How far it is, and a count of bytes that grows when it gets on.
    fn progress(&mut self) -> (Progress, u64);

    /// When some of the request's body last went on its way, where that can be told. It is later than the last progress when
    /// it lay in a buffer.
    fn last_sent(&self, _now: Micros) -> Option<Micros> {
        None
    }

    /// Waits for something to do, for one of `others`, or for `us` microseconds (`None`: no limit). Whether there is
    /// something to do.
    fn wait(&mut self, others: &[&Signal], us: Option<u64>) -> bool;

    /// Ends it, complete or not, and says what is known of it. `ended`: what [`Attempt::advance`] returned.
    fn finish(&mut self, ended: Option<u32>) -> AttemptEnd;
}
