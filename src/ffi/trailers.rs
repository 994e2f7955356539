//! Trailers: fields that a server sends after a body, such as a checksum of it (RFC 9110 section 6.5). They are never among the
//! headers. Over HTTP/1.1 only chunked bodies have any. Those that are no valid fields are left out.

use super::response::httpc_response;
use super::{pointer_to, string};
use std::ffi::c_char;

/// The value of the first trailer of that name (letter case does not matter), or NULL. Bytes as the server sent them, so
/// perhaps no UTF-8; without control characters that could end a line or a string. Borrowed from the response.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_response_trailer(response: *const httpc_response, name: *const c_char) -> *const c_char {
    unsafe {
        httpc_response::read(response, std::ptr::null(), |r| {
            pointer_to(string(name, "name").ok().and_then(|name| r.trailer(name)))
        })
    }
}

/// How many trailers there are, repeated names counted each time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_response_trailer_count(response: *const httpc_response) -> usize {
    unsafe { httpc_response::read(response, 0, |r| r.trailers.as_ref().map_or(0, |trailers| trailers.len())) }
}

/// The name of trailer `index`, in the server's order and spelling, or NULL past the last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_response_trailer_name(response: *const httpc_response, index: usize) -> *const c_char {
    unsafe { httpc_response::read(response, std::ptr::null(), |r| pointer_to(r.trailer_name(index))) }
}

/// The value of trailer `index`, or NULL past the last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_response_trailer_value(response: *const httpc_response, index: usize) -> *const c_char {
    unsafe { httpc_response::read(response, std::ptr::null(), |r| pointer_to(r.trailer_value(index))) }
}
