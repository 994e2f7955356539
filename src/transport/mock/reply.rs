//! What a rule answers: a response, perhaps one that breaks off, or none.

use crate::error::Code;
use std::fmt::Write;
use std::sync::Arc;

#[derive(Clone, Debug)]
pub struct Reply {
    /// From the request to the first byte, or to the failure.
    pub delay_us: u64,
    pub kind: Kind,
}

#[derive(Clone, Debug)]
pub enum Kind {
    Response(Response),
    Failure(Code),
}

#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Arc<[u8]>,
    /// How it ends after so many bytes of its body.
    pub broken: Option<(Code, usize)>,
}

/// Failures that an attempt without a response may have.
pub fn can_fail(code: Code) -> bool {
    use Code::*;
    failure_note(code).is_some()
        || matches!(code, HTTPC_E_TIMEOUT_CONNECT | HTTPC_E_TIMEOUT_READ | HTTPC_E_TIMEOUT_WRITE)
}

/// Ways in which a body may break off.
pub fn can_break(code: Code) -> bool {
    matches!(code, Code::HTTPC_E_IO | Code::HTTPC_E_TRUNCATED | Code::HTTPC_E_TIMEOUT_READ)
}

pub fn failure_note(code: Code) -> Option<&'static str> {
    Some(match code {
        Code::HTTPC_E_DNS => "could not resolve the host (mocked)",
        Code::HTTPC_E_CONNECT => "connection refused (mocked)",
        Code::HTTPC_E_TLS => "TLS failed (mocked)",
        Code::HTTPC_E_CERTIFICATE => "the server's certificate was refused (mocked)",
        Code::HTTPC_E_PROXY => "the proxy refused (mocked)",
        Code::HTTPC_E_IO => "the connection was reset before an answer came (mocked)",
        Code::HTTPC_E_PROTOCOL => "the answer is not valid HTTP (mocked)",
        _ => return None,
    })
}

impl Reply {
    pub fn response(status: u16, body: &[u8]) -> Reply {
        let response = Response { status, headers: Vec::new(), body: body.into(), broken: None };
        Reply { delay_us: 0, kind: Kind::Response(response) }
    }

    pub fn failure(code: Code) -> Reply {
        Reply { delay_us: 0, kind: Kind::Failure(code) }
    }

    /// A failure that is a proof that the request did not go out.
    pub fn is_before_sending(&self) -> bool {
        use Code::*;
        let Kind::Failure(code) = self.kind else { return false };
        matches!(
            code,
            HTTPC_E_DNS | HTTPC_E_CONNECT | HTTPC_E_TLS | HTTPC_E_CERTIFICATE | HTTPC_E_PROXY | HTTPC_E_TIMEOUT_CONNECT
        )
    }
}

impl Response {
    /// Its head as it would come.
    pub fn head(&self) -> String {
        let mut head = format!("HTTP/1.1 {}\r\n", self.status);
        for (name, value) in &self.headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        let named = |name: &str| self.headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
        if !matches!(self.status, 100..200 | 204 | 304) && !named("Content-Length") && !named("Transfer-Encoding") {
            let _ = write!(head, "Content-Length: {}\r\n", self.body.len());
        }
        head.push_str("\r\n");
        head
    }
}
