//! What was asked, for rules to look at and for the program to inspect.

use crate::client::method::Method;
use crate::text;
use crate::transport::{Outgoing, Payload};
use std::ffi::{CStr, CString};

pub struct Call {
    pub method: Method,
    /// Whole, with its query.
    pub url: CString,
    headers: Vec<(CString, CString)>,
    /// Once it is complete, a NUL follows.
    body: Vec<u8>,
}

impl Call {
    pub fn new(out: &Outgoing<'_>) -> Call {
        let mut headers = Vec::new();
        (out.headers)(&mut |name, value, _| headers.push((text::c_string(name), text::c_string(value))));
        if let Some(encoding) = out.accept_encoding {
            headers.push((c"Accept-Encoding".to_owned(), encoding.to_owned()));
        }
        // A stream adds to it.
        let body = match out.body {
            Payload::Bytes(bytes) => bytes.to_vec(),
            Payload::None | Payload::Stream(_) => Vec::new(),
        };
        Call { method: out.method.clone(), url: text::c_string(&out.target.full()), headers, body }
    }

    pub(super) fn push_body(&mut self, data: &[u8]) {
        self.body.extend_from_slice(data);
    }

    pub(super) fn end_body(&mut self) {
        self.body.push(0);
    }

    pub(super) fn received(&self) -> u64 {
        self.body.len() as u64
    }

    pub fn header(&self, name: &str) -> Option<&CStr> {
        let named = |(own, _): &&(CString, CString)| own.as_bytes().eq_ignore_ascii_case(name.as_bytes());
        self.headers.iter().find(named).map(|(_, value)| value.as_c_str())
    }

    /// The URL for details: without its query.
    pub fn shown(&self) -> String {
        let url = self.url.to_bytes();
        text::printable(url.split(|byte| *byte == b'?').next().unwrap_or_default(), 300)
    }

    pub fn headers(&self) -> &[(CString, CString)] {
        &self.headers
    }

    pub fn body(&self) -> &[u8] {
        &self.body[..self.body.len() - 1]
    }

    pub fn body_with_nul(&self) -> &[u8] {
        &self.body
    }
}
