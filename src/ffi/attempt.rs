//! Attempts: one record for each time a call went to the network, kept on the response and on the error alike
//! (httpc_response_attempt(), httpc_error_attempt()). NULL reads as zeros.

use crate::client::attempt::Attempt;
use crate::error::{Code, DelaySource, Sent, Stop};
use std::ffi::c_char;

/// [immutable] One attempt of a call: what was waited for, how it ended, and why the next one followed or not. Borrowed
/// from the response or error that holds it.
pub struct httpc_attempt {
    _opaque: (),
}

impl httpc_attempt {
    pub(crate) fn lend(attempt: &Attempt) -> *const httpc_attempt {
        std::ptr::from_ref(attempt).cast()
    }

    unsafe fn read<T>(this: *const httpc_attempt, neutral: T, f: impl FnOnce(&Attempt) -> T) -> T {
        super::quiet(None, || unsafe { this.cast::<Attempt>().as_ref() }.map(f)).unwrap_or(neutral)
    }
}

/// How it ended: HTTPC_OK when a response came (whatever its status), else the failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_attempt_code(attempt: *const httpc_attempt) -> Code {
    unsafe { httpc_attempt::read(attempt, Code::HTTPC_OK, |a| a.code) }
}

/// The status of its response, or 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_attempt_status(attempt: *const httpc_attempt) -> i32 {
    unsafe { httpc_attempt::read(attempt, 0, |a| i32::from(a.status)) }
}

/// libcurl's CURLcode, or 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_attempt_curl_code(attempt: *const httpc_attempt) -> i32 {
    unsafe { httpc_attempt::read(attempt, 0, |a| a.curl_code) }
}

/// The request method of this attempt; "" when it is a run of a function, httpc_retry_run().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_attempt_method(attempt: *const httpc_attempt) -> *const c_char {
    unsafe { httpc_attempt::read(attempt, c"".as_ptr(), |a| a.method().as_ptr()) }
}

/// The URL of this attempt without user-info and query string; "" when it is a run of a function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_attempt_url(attempt: *const httpc_attempt) -> *const c_char {
    unsafe { httpc_attempt::read(attempt, c"".as_ptr(), |a| a.url().as_ptr()) }
}

/// Milliseconds from the start of the call to the start of this attempt.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_attempt_start_ms(attempt: *const httpc_attempt) -> u64 {
    unsafe { httpc_attempt::read(attempt, 0, |a| a.start_us / 1000) }
}

/// Milliseconds that this attempt took.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_attempt_duration_ms(attempt: *const httpc_attempt) -> u64 {
    unsafe { httpc_attempt::read(attempt, 0, |a| a.duration_us / 1000) }
}

/// Milliseconds of pause before this attempt; httpc_attempt_delay_source() says why.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_attempt_delay_ms(attempt: *const httpc_attempt) -> u64 {
    unsafe { httpc_attempt::read(attempt, 0, |a| a.delay_ms) }
}

/// Where the pause before this attempt came from.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_attempt_delay_source(attempt: *const httpc_attempt) -> DelaySource {
    unsafe { httpc_attempt::read(attempt, DelaySource::HTTPC_DELAY_NONE, |a| a.delay_source) }
}

/// How far the request got in this attempt.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_attempt_send_state(attempt: *const httpc_attempt) -> Sent {
    unsafe { httpc_attempt::read(attempt, Sent::HTTPC_SENT_NEVER_SENT, |a| a.sent) }
}

/// HTTPC_STOP_NONE when another attempt followed, else why none did.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_attempt_stop_reason(attempt: *const httpc_attempt) -> Stop {
    unsafe { httpc_attempt::read(attempt, Stop::HTTPC_STOP_NONE, |a| a.stop) }
}

/// The peer's numeric address and port, "192.0.2.1:443" or "[2001:db8::1]:443"; "" when no connection was made.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_attempt_peer(attempt: *const httpc_attempt) -> *const c_char {
    unsafe { httpc_attempt::read(attempt, c"".as_ptr(), |a| a.peer().as_ptr()) }
}

/// A number for the connection used, the same for attempts and calls of one client that shared it; -1 when none was made.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_attempt_connection_id(attempt: *const httpc_attempt) -> i64 {
    unsafe { httpc_attempt::read(attempt, -1, |a| a.connection_id) }
}

/// Whether an idle connection was used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_attempt_reused(attempt: *const httpc_attempt) -> bool {
    unsafe { httpc_attempt::read(attempt, false, |a| a.reused) }
}
