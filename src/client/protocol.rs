//! Which versions of HTTP a client speaks.

#![allow(non_camel_case_types)]

use crate::error::{Error, Result};

/// Which versions of HTTP a client speaks.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Submitted calls: HTTP/2 over TLS where the server agrees (ALPN, RFC 7301), else HTTP/1.1. Blocking calls: HTTP/1.1,
    /// unless submitted calls of the client have an HTTP/2 connection to the server open.
    HTTPC_PROTOCOL_AUTO = 0,
    /// HTTP/1.1 only.
    HTTPC_PROTOCOL_HTTP_1_1 = 1,
    /// As AUTO, also for blocking calls, which then go by the engine thread.
    HTTPC_PROTOCOL_HTTP_2 = 2,
    /// HTTP/2 without asking, also without TLS (RFC 9113 section 3.3), for servers that are known to speak it.
    HTTPC_PROTOCOL_HTTP_2_PRIOR_KNOWLEDGE = 3,
    HTTPC_PROTOCOL_FORCE_32_ = 0x7fff_ffff,
}

impl TryFrom<i32> for Protocol {
    type Error = Box<Error>;

    fn try_from(value: i32) -> Result<Protocol> {
        use Protocol::*;
        [HTTPC_PROTOCOL_AUTO, HTTPC_PROTOCOL_HTTP_1_1, HTTPC_PROTOCOL_HTTP_2, HTTPC_PROTOCOL_HTTP_2_PRIOR_KNOWLEDGE]
            .into_iter()
            .find(|known| *known as i32 == value)
            .ok_or_else(|| Error::invalid("protocol", format!("{value} is no httpc_protocol")))
    }
}
