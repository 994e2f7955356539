//! One attempt on the wire. Knows nothing of retries or deadlines: the call machine decides, a driver carries out.

pub mod curl;
mod framing;
pub mod inflow;

use crate::client::method::Method;
use crate::client::url::Target;
use crate::error::Code;
use inflow::Expected;
use std::ffi::CStr;
use std::sync::Arc;

/// Calls its argument with name and value of each header that goes along, and whether the value is a secret.
pub type EachHeader<'a> = dyn Fn(&mut dyn FnMut(&str, &str, bool)) + 'a;

/// A request in the form that goes out.
pub struct Outgoing<'a> {
    pub method: &'a Method,
    pub target: &'a Target,
    pub body: Option<&'a Arc<[u8]>>,
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
