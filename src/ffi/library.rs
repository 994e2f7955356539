//! The library itself: versions and the names of codes. All functions here may be called from any thread, at any time.

use crate::error::{Code, DelaySource, Stop};
use std::ffi::c_char;

/// A waiting function's wait_ms: no limit.
pub const HTTPC_FOREVER: u64 = u64::MAX;

/// "No hint" or "length unknown", in results and in arguments that say so.
pub const HTTPC_UNSET: u64 = u64::MAX;

/// A code's name, "HTTPC_E_TLS" for example; "HTTPC_E_?" for a number that is none. Static; never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn httpc_code_name(code: i32) -> *const c_char {
    Code::ALL.iter().find(|(known, _)| *known as i32 == code).map_or(c"HTTPC_E_?", |(_, name)| name).as_ptr()
}

/// Whether a code is one of the HTTPC_E_TIMEOUT_… codes.
#[unsafe(no_mangle)]
pub extern "C" fn httpc_code_is_timeout(code: i32) -> bool {
    Code::ALL.iter().any(|(known, _)| *known as i32 == code && known.is_timeout())
}

/// A stop reason's name, "HTTPC_STOP_DEADLINE" for example; "HTTPC_STOP_?" for a number that is none. Static; never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn httpc_stop_name(stop: i32) -> *const c_char {
    Stop::ALL.iter().find(|(known, _)| *known as i32 == stop).map_or(c"HTTPC_STOP_?", |(_, name)| name).as_ptr()
}

/// A delay source's name, "HTTPC_DELAY_BACKOFF" for example; "HTTPC_DELAY_?" for a number that is none. Static; never
/// NULL.
#[unsafe(no_mangle)]
pub extern "C" fn httpc_delay_source_name(source: i32) -> *const c_char {
    DelaySource::ALL
        .iter()
        .find(|(known, _)| *known as i32 == source)
        .map_or(c"HTTPC_DELAY_?", |(_, name)| name)
        .as_ptr()
}

/// "httpclient/0.1.0 libcurl/8.22.0 OpenSSL/3.0.17": this library and what it was built on. Static.
#[unsafe(no_mangle)]
pub extern "C" fn httpc_version() -> *const c_char {
    crate::client::version().as_ptr()
}

/// This library's version as one number, 0xMMmmpp: 0x000100 is 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn httpc_version_number() -> u32 {
    let part = |text: &str| text.parse::<u32>().unwrap_or(0);
    part(env!("CARGO_PKG_VERSION_MAJOR")) << 16
        | part(env!("CARGO_PKG_VERSION_MINOR")) << 8
        | part(env!("CARGO_PKG_VERSION_PATCH"))
}
