//! Attempts by libcurl: the only place that names it, and beside `ffi` the only one with `unsafe`.
//!
//! A blocking call runs on its caller's thread, on a warm [`slot`] of its origin out of the [`pool`]; submitted ones run on
//! engine threads, many at once in a [`multiplexer`], under the same pool's limits. Both use a [`handle`]. libcurl's callbacks only
//! write down what they see, in an [`exchange`]; [`failure`] puts its codes into our words.

#![allow(unsafe_code)]

mod certificates;
mod exchange;
mod failure;
mod handle;
mod header_list;
mod http2_origins;
mod identity;
mod idle;
mod kernel_buffer;
pub mod multiplexer;
pub mod pool;
mod raw;
mod secure;
mod settings;
mod share;
pub mod slot;
mod sockets;
mod startup;
mod step;
mod sys;
mod tls_end;
mod trust;

use crate::sync::OnceLock;
use crate::text;
use std::ffi::{CStr, CString};

/// Whether HTTP/2 can be spoken with the libcurl in use: one built with nghttp2, and no older one, which does not hold back
/// what comes before the server's SETTINGS.
pub fn speaks_http2() -> bool {
    facts().has_http2 && !facts().is_older
}

/// Whether the libcurl in use is older than the bundled one, the first that is known.
pub(crate) fn is_older() -> bool {
    facts().is_older
}

struct Facts {
    has_http2: bool,
    is_older: bool,
    version: CString,
}

/// Asked for once: curl_version() and curl_version_info() write what they tell into one place for all threads.
fn facts() -> &'static Facts {
    static FACTS: OnceLock<Facts> = OnceLock::new();
    FACTS.get_or_init(|| {
        ::curl::init();
        let known = ::curl::Version::get();
        // SAFETY: a static string of libcurl's.
        let version = unsafe { CStr::from_ptr(curl_sys::curl_version()) };
        Facts {
            has_http2: known.feature_http2(),
            is_older: known.version_num() < 0x08_16_00,
            version: text::c_string(&text::printable(version.to_bytes(), 300)),
        }
    })
}

/// "libcurl/8.22.0 OpenSSL/3.0.17 zlib/1.2.13", as linked at run time.
pub fn version() -> &'static CStr {
    &facts().version
}
