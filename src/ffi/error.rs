//! Errors. Every call that can fail takes an optional `httpc_error **err` as its last argument. On failure it receives an
//! object that is yours to free; on success it is set to NULL. Pass NULL when the code is enough. All accessors read NULL
//! as success: code HTTPC_OK, an empty detail, no response.

use super::{attempt::httpc_attempt, response::httpc_response};
use crate::error::{Code, Error, Sent, Stop};
use crate::ffi::library::HTTPC_UNSET;
use std::ffi::c_char;

/// [immutable] Why a call failed: a code, a sentence, and what a program needs to decide what to do next. Any thread may
/// read it.
pub struct httpc_error {
    _opaque: (),
}

impl httpc_error {
    pub(crate) fn give(error: Box<Error>) -> *mut httpc_error {
        Box::into_raw(error).cast()
    }

    unsafe fn read<T>(this: *const httpc_error, neutral: T, f: impl FnOnce(&Error) -> T) -> T {
        super::quiet(None, || unsafe { this.cast::<Error>().as_ref() }.map(f)).unwrap_or(neutral)
    }
}

/// The code, the same that the failed call returned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_error_code(error: *const httpc_error) -> Code {
    unsafe { httpc_error::read(error, Code::HTTPC_OK, |e| e.code) }
}

/// What happened, in a sentence for a person: "GET https://api.example.com/items: connect timed out after 3 attempts in
/// 5.0 s". Valid UTF-8 without control characters, user-info, query string or secret. Never NULL; borrowed from the error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_error_detail(error: *const httpc_error) -> *const c_char {
    unsafe { httpc_error::read(error, c"".as_ptr(), |e| e.detail.as_ptr()) }
}

/// The HTTP status of the last response, or 0 when none came.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_error_status(error: *const httpc_error) -> i32 {
    unsafe { httpc_error::read(error, 0, |e| i32::from(e.status)) }
}

/// libcurl's CURLcode of the last attempt, for bug reports; 0 when libcurl saw no failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_error_curl_code(error: *const httpc_error) -> i32 {
    unsafe { httpc_error::read(error, 0, |e| e.curl_code) }
}

/// How many attempts were made; 0 when the request was refused before the first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_error_attempts(error: *const httpc_error) -> u32 {
    unsafe { httpc_error::read(error, 0, |e| e.attempts.len() as u32) }
}

/// The record of attempt `index` (0 is the first), or NULL past the last. Borrowed from the error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_error_attempt(error: *const httpc_error, index: usize) -> *const httpc_attempt {
    unsafe {
        httpc_error::read(error, std::ptr::null(), |e| {
            e.attempts.get(index).map_or(std::ptr::null(), httpc_attempt::lend)
        })
    }
}

/// Why no further attempt was made.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_error_stop_reason(error: *const httpc_error) -> Stop {
    unsafe { httpc_error::read(error, Stop::HTTPC_STOP_SUCCESS, |e| e.stop) }
}

/// Whether the server may have acted on the request. Taken over all attempts: HTTPC_SENT_NEVER_SENT is a proof.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_error_send_state(error: *const httpc_error) -> Sent {
    unsafe { httpc_error::read(error, Sent::HTTPC_SENT_NEVER_SENT, |e| e.sent) }
}

/// Milliseconds, counted from the failure, after which the server (Retry-After, RFC 9110 section 10.2.3) or a rate limiter
/// would let the request through; HTTPC_UNSET when neither said so.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_error_retry_after_ms(error: *const httpc_error) -> u64 {
    unsafe {
        httpc_error::read(error, HTTPC_UNSET, |e| e.retry_after_ms.map_or(HTTPC_UNSET, |ms| ms.min(HTTPC_UNSET - 1)))
    }
}

/// The final response with its headers and body, or NULL when none came. Borrowed from the error; to keep it longer,
/// httpc_response_ref() it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_error_response(error: *const httpc_error) -> *const httpc_response {
    unsafe {
        httpc_error::read(error, std::ptr::null(), |e| {
            e.response.as_ref().map_or(std::ptr::null(), httpc_response::lend)
        })
    }
}

/// Frees an error and what was borrowed from it. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_error_free(error: *mut httpc_error) {
    if !error.is_null() {
        super::quiet((), || drop(unsafe { Box::from_raw(error.cast::<Error>()) }));
    }
}
