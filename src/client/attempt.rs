//! The record of one attempt, kept on the response and on the error.

use crate::client::method::Method;
use crate::client::url::{Origin, Target};
use crate::error::{Code, DelaySource, Sent, Stop};
use crate::text;
use std::ffi::{CStr, CString};
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

#[derive(Debug)]
pub struct Attempt {
    pub method: Method,
    pub target: Arc<Target>,
    pub code: Code,
    pub status: u16,
    pub curl_code: i32,
    pub start_us: u64,
    pub duration_us: u64,
    pub delay_ms: u64,
    pub delay_source: DelaySource,
    pub sent: Sent,
    pub stop: Stop,
    pub peer: Option<SocketAddr>,
    /// -1 when no connection was made.
    pub connection_id: i64,
    pub reused: bool,
    pub shown: Shown,
}

/// Texts that few callers ask for, made when they do.
#[derive(Debug, Default)]
pub struct Shown {
    url: OnceLock<CString>,
    peer: OnceLock<CString>,
}

impl Attempt {
    /// Of something that is no request: no method, no URL, no connection.
    pub fn without_http(target: &Arc<Target>, start_us: u64, delay_ms: u64, delay_source: DelaySource) -> Attempt {
        Attempt {
            method: Method::NONE,
            target: target.clone(),
            code: Code::HTTPC_OK,
            status: 0,
            curl_code: 0,
            start_us,
            duration_us: 0,
            delay_ms,
            delay_source,
            sent: Sent::HTTPC_SENT_NEVER_SENT,
            stop: Stop::HTTPC_STOP_NONE,
            peer: None,
            connection_id: -1,
            reused: false,
            shown: Shown { url: CString::default().into(), peer: OnceLock::new() },
        }
    }

    /// What such records share.
    pub fn no_target() -> Arc<Target> {
        let origin = Arc::new(Origin::new(false, String::new(), 0));
        Arc::new(Target { origin, path: String::new(), query: None, userinfo: None })
    }

    pub fn method(&self) -> &CStr {
        self.method.as_c_str()
    }

    pub fn url(&self) -> &CStr {
        self.shown.url.get_or_init(|| text::c_string(&self.target.shown()))
    }

    pub fn peer(&self) -> &CStr {
        self.shown.peer.get_or_init(|| self.peer.map(|peer| text::c_string(&peer.to_string())).unwrap_or_default())
    }
}
