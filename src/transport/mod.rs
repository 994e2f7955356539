//! One attempt on the wire. Knows nothing of retries or deadlines: the call machine decides, a driver carries out.

pub mod curl;
mod framing;
pub mod inflow;
pub mod outflow;

use crate::client::body::Memory;
use crate::client::method::Method;
use crate::client::url::Target;
use crate::error::Code;
use inflow::Expected;
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
