//! Responses are immutable and counted: any thread may read one, and httpc_response_ref() keeps it alive beyond its owner.
//! Everything an accessor returns is borrowed until the last reference is freed. NULL reads as an empty response.

use super::attempt::httpc_attempt;
use super::{borrow, clear_value, error::httpc_error, guard, pointer_to, string};
use crate::client::response::{Phase, Response};
use crate::error::{Code, Result};
use serde_json::Value;
use std::ffi::{c_char, c_void};
use std::sync::Arc;

/// [immutable] Status, headers, body, timings and the attempts it took.
pub struct httpc_response {
    _opaque: (),
}

/// The version of HTTP a response came in.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum httpc_http_version {
    HTTPC_HTTP_UNKNOWN = 0,
    HTTPC_HTTP_1_0 = 10,
    HTTPC_HTTP_1_1 = 11,
    HTTPC_HTTP_2 = 20,
    HTTPC_HTTP_3 = 30,
    HTTPC_HTTP_FORCE_32_ = 0x7fff_ffff,
}

/// A part of the final attempt's response or request, for httpc_response_size().
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum httpc_size {
    /// The head as it came, with interim responses and trailers. Over HTTP/2: written out as in HTTP/1.1.
    HTTPC_SIZE_HEAD = 0,
    /// The body as it came, without chunk sizes.
    HTTPC_SIZE_BODY_RECEIVED = 1,
    /// The body after its content codings were undone.
    HTTPC_SIZE_BODY_DECODED = 2,
    /// The request's head. Over HTTP/2: written out as in HTTP/1.1.
    HTTPC_SIZE_HEAD_SENT = 3,
    /// The request's body as it went out: compressed where it is, without chunk sizes, and no further than the server let it come.
    HTTPC_SIZE_BODY_SENT = 4,
    HTTPC_SIZE_FORCE_32_ = 0x7fff_ffff,
}

/// A moment of the final attempt, for httpc_response_time_us().
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum httpc_phase {
    /// The host name is resolved.
    HTTPC_PHASE_RESOLVED = 1,
    /// TCP is connected.
    HTTPC_PHASE_CONNECTED = 2,
    /// TLS is established.
    HTTPC_PHASE_SECURED = 3,
    /// The request is about to be sent.
    HTTPC_PHASE_SENDING = 4,
    /// The first byte of the response is here.
    HTTPC_PHASE_FIRST_BYTE = 5,
    /// The response is complete.
    HTTPC_PHASE_DONE = 6,
    HTTPC_PHASE_FORCE_32_ = 0x7fff_ffff,
}

/// What a JSON value is.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum httpc_json_type {
    /// The body is not JSON, or nothing stands at that place.
    HTTPC_JSON_MISSING = 0,
    HTTPC_JSON_NULL = 1,
    HTTPC_JSON_BOOL = 2,
    HTTPC_JSON_NUMBER = 3,
    HTTPC_JSON_STRING = 4,
    HTTPC_JSON_ARRAY = 5,
    HTTPC_JSON_OBJECT = 6,
    HTTPC_JSON_FORCE_32_ = 0x7fff_ffff,
}

impl httpc_response {
    pub(crate) fn give(response: Arc<Response>) -> *mut httpc_response {
        Arc::into_raw(response).cast_mut().cast()
    }

    pub(crate) fn lend(response: &Arc<Response>) -> *const httpc_response {
        Arc::as_ptr(response).cast()
    }

    pub(super) unsafe fn read<T>(this: *const httpc_response, neutral: T, f: impl FnOnce(&Response) -> T) -> T {
        super::quiet(None, || unsafe { this.cast::<Response>().as_ref() }.map(f)).unwrap_or(neutral)
    }
}

/// The status code, 200 to 599; with HTTPC_E_PROTOCOL whatever number the server sent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_response_status(response: *const httpc_response) -> i32 {
    unsafe { httpc_response::read(response, 0, |r| i32::from(r.status)) }
}

/// The reason phrase, made printable; "" when there is none (HTTP/2 has none).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_response_reason(response: *const httpc_response) -> *const c_char {
    unsafe { httpc_response::read(response, c"".as_ptr(), |r| r.reason().as_ptr()) }
}

/// The value of the first header of that name (letter case does not matter), or NULL. Bytes as the server sent them, so
/// not always UTF-8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_response_header(response: *const httpc_response, name: *const c_char) -> *const c_char {
    unsafe {
        httpc_response::read(response, std::ptr::null(), |r| {
            string(name, "name").ok().and_then(|name| r.header(name)).map_or(std::ptr::null(), |value| value.as_ptr())
        })
    }
}

/// The value number `index` (0 is the first) among the headers of that name, in the server's order, or NULL past the last:
/// for fields that are sent several times, such as Set-Cookie.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_response_header_nth(
    response: *const httpc_response,
    name: *const c_char,
    index: usize,
) -> *const c_char {
    unsafe {
        httpc_response::read(response, std::ptr::null(), |r| {
            pointer_to(string(name, "name").ok().and_then(|name| r.header_nth(name, index)))
        })
    }
}

/// How many headers there are, repeated names counted each time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_response_header_count(response: *const httpc_response) -> usize {
    unsafe { httpc_response::read(response, 0, |r| r.headers.len()) }
}

/// The name of header `index`, in the server's order and spelling, or NULL past the last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_response_header_name(response: *const httpc_response, index: usize) -> *const c_char {
    unsafe { httpc_response::read(response, std::ptr::null(), |r| pointer_to(r.header_name(index))) }
}

/// The value of header `index`, or NULL past the last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_response_header_value(response: *const httpc_response, index: usize) -> *const c_char {
    unsafe { httpc_response::read(response, std::ptr::null(), |r| pointer_to(r.header_value(index))) }
}

/// The body; never NULL. `len` may be NULL: a NUL follows the last byte, so a text body can be used as a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_response_body(response: *const httpc_response, len: *mut usize) -> *const c_void {
    let (pointer, length) = unsafe {
        httpc_response::read(response, (c"".as_ptr().cast(), 0), |r| (r.body_with_nul().as_ptr(), r.body().len()))
    };
    if !len.is_null() {
        unsafe { len.write(length) };
    }
    pointer.cast()
}

/// For a status of 400 or more: the server's own words from the body (RFC 9457 problem, OAuth, GraphQL, FastAPI, AWS and
/// common shapes), else the text, else "HTTP 404 Not Found". Made printable, 500 characters at most. "" below 400.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_response_error_detail(response: *const httpc_response) -> *const c_char {
    unsafe { httpc_response::read(response, c"".as_ptr(), |r| r.error_detail().as_ptr()) }
}

/// The URL that answered, without user-info. The query string is in it: mind where you print it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_response_url(response: *const httpc_response) -> *const c_char {
    unsafe { httpc_response::read(response, c"".as_ptr(), |r| r.url().as_ptr()) }
}

/// The URL of the first link with the relation `rel`, such as "next", in the Link headers (RFC 8288), or NULL. Absolute:
/// resolved against httpc_response_url(). Only http and https; links with an anchor, about something else, do not count. It may
/// lead to another origin, where the client's secrets do not go along. Borrowed from the response.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_response_link(response: *const httpc_response, rel: *const c_char) -> *const c_char {
    unsafe {
        httpc_response::read(response, std::ptr::null(), |r| {
            let link = string(rel, "rel").ok().and_then(|rel| r.link(rel));
            link.map_or(std::ptr::null(), |link| link.as_ptr().cast())
        })
    }
}

/// How many redirects were followed. Each is an attempt with its own URL and a status from 301 to 308, in order, in
/// httpc_response_attempt().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_response_redirects(response: *const httpc_response) -> u32 {
    unsafe { httpc_response::read(response, 0, |r| r.redirects() as u32) }
}

/// The version of HTTP it came in.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_response_http_version(response: *const httpc_response) -> httpc_http_version {
    unsafe {
        httpc_response::read(response, httpc_http_version::HTTPC_HTTP_UNKNOWN, |r| match r.version {
            10 => httpc_http_version::HTTPC_HTTP_1_0,
            11 => httpc_http_version::HTTPC_HTTP_1_1,
            20 => httpc_http_version::HTTPC_HTTP_2,
            30 => httpc_http_version::HTTPC_HTTP_3,
            _ => httpc_http_version::HTTPC_HTTP_UNKNOWN,
        })
    }
}

/// The peer's numeric address and port.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_response_peer(response: *const httpc_response) -> *const c_char {
    unsafe {
        httpc_response::read(response, c"".as_ptr(), |r| r.attempts.last().map_or(c"".as_ptr(), |a| a.peer().as_ptr()))
    }
}

/// Whether the final attempt used an idle connection again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_response_reused(response: *const httpc_response) -> bool {
    unsafe { httpc_response::read(response, false, |r| r.attempts.last().is_some_and(|a| a.reused)) }
}

/// How many bytes of the final attempt came in, or went out before the response was complete; `which` is an httpc_size. Before
/// encryption, and without what frames HTTP/2. Of a body that came in parts (httpc_request_set_body_sink()) all attempts that brought
/// one count.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_response_size(response: *const httpc_response, which: i32) -> u64 {
    unsafe {
        httpc_response::read(response, 0, |r| match which {
            0 => r.sizes.head,
            1 => r.sizes.body,
            2 => r.sizes.decoded,
            3 => r.sizes.sent_head,
            4 => r.sizes.sent_body,
            _ => 0,
        })
    }
}

/// How many attempts it took.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_response_attempts(response: *const httpc_response) -> u32 {
    unsafe { httpc_response::read(response, 0, |r| r.attempts.len() as u32) }
}

/// The record of attempt `index` (0 is the first), or NULL past the last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_response_attempt(response: *const httpc_response, index: usize) -> *const httpc_attempt {
    unsafe {
        httpc_response::read(response, std::ptr::null(), |r| {
            r.attempts.get(index).map_or(std::ptr::null(), httpc_attempt::lend)
        })
    }
}

/// Milliseconds from the start of the call to its end, all attempts and pauses included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_response_elapsed_ms(response: *const httpc_response) -> u64 {
    unsafe { httpc_response::read(response, 0, |r| r.elapsed_us / 1000) }
}

/// Microseconds from the start of the final attempt to `phase` (an httpc_phase); 0 for a phase that did not occur, such as
/// connecting on a reused connection (CURLINFO_*_TIME_T).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_response_time_us(response: *const httpc_response, phase: i32) -> u64 {
    let phase = match phase {
        1 => Phase::Resolved,
        2 => Phase::Connected,
        3 => Phase::Secured,
        4 => Phase::Sending,
        5 => Phase::FirstByte,
        6 => Phase::Done,
        _ => return 0,
    };
    unsafe { httpc_response::read(response, 0, |r| r.timings.at(phase)) }
}

/// What stands at `pointer`, a JSON pointer (RFC 6901): "" is the whole body, "/items/0/id" a member.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_response_json_type(
    response: *const httpc_response,
    pointer: *const c_char,
) -> httpc_json_type {
    unsafe {
        httpc_response::read(response, httpc_json_type::HTTPC_JSON_MISSING, |r| {
            match string(pointer, "pointer").and_then(|pointer| r.json_at(pointer)) {
                Err(_) => httpc_json_type::HTTPC_JSON_MISSING,
                Ok(Value::Null) => httpc_json_type::HTTPC_JSON_NULL,
                Ok(Value::Bool(_)) => httpc_json_type::HTTPC_JSON_BOOL,
                Ok(Value::Number(_)) => httpc_json_type::HTTPC_JSON_NUMBER,
                Ok(Value::String(_)) => httpc_json_type::HTTPC_JSON_STRING,
                Ok(Value::Array(_)) => httpc_json_type::HTTPC_JSON_ARRAY,
                Ok(Value::Object(_)) => httpc_json_type::HTTPC_JSON_OBJECT,
            }
        })
    }
}

/// The string at `pointer`, or NULL when none stands there. `len` may be NULL; it matters where the string contains NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_response_json_string(
    response: *const httpc_response,
    pointer: *const c_char,
    len: *mut usize,
) -> *const c_char {
    let found = unsafe {
        httpc_response::read(response, None, |r| {
            let text = r.json_string(string(pointer, "pointer").ok()?)?;
            Some((text.as_ptr(), text.len() - 1))
        })
    };
    let (text, length) = found.unwrap_or((std::ptr::null(), 0));
    if !len.is_null() {
        unsafe { len.write(length) };
    }
    text.cast()
}

unsafe fn json_value<T>(
    response: *const httpc_response,
    pointer: *const c_char,
    (out, zero): (*mut T, T),
    err: *mut *mut httpc_error,
    read: impl FnOnce(&Response, &str) -> Result<T>,
) -> Code {
    guard(err, || unsafe {
        clear_value(out, zero, "out")?;
        out.write(read(borrow(response.cast::<Response>(), "response")?, string(pointer, "pointer")?)?);
        Ok(())
    })
}

/// The integer at `pointer`. HTTPC_E_JSON, with a detail that says what stands there instead, when it is none or does not
/// fit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_response_json_int64(
    response: *const httpc_response,
    pointer: *const c_char,
    out: *mut i64,
    err: *mut *mut httpc_error,
) -> Code {
    unsafe { json_value(response, pointer, (out, 0), err, Response::json_int64) }
}

/// The number at `pointer`; errors as httpc_response_json_int64().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_response_json_double(
    response: *const httpc_response,
    pointer: *const c_char,
    out: *mut f64,
    err: *mut *mut httpc_error,
) -> Code {
    unsafe { json_value(response, pointer, (out, 0.0), err, Response::json_double) }
}

/// The boolean at `pointer`; errors as httpc_response_json_int64().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_response_json_bool(
    response: *const httpc_response,
    pointer: *const c_char,
    out: *mut bool,
    err: *mut *mut httpc_error,
) -> Code {
    unsafe { json_value(response, pointer, (out, false), err, Response::json_bool) }
}

/// The number of elements of the array, or of members of the object, at `pointer`; errors as httpc_response_json_int64().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_response_json_length(
    response: *const httpc_response,
    pointer: *const c_char,
    out: *mut usize,
    err: *mut *mut httpc_error,
) -> Code {
    unsafe { json_value(response, pointer, (out, 0), err, Response::json_length) }
}

/// One more reference, to be freed like the first. Outlives the error that held the response. NULL gives NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_response_ref(response: *const httpc_response) -> *mut httpc_response {
    if !response.is_null() {
        unsafe { Arc::increment_strong_count(response.cast::<Response>()) };
    }
    response.cast_mut()
}

/// Gives a reference back; the last one frees. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_response_free(response: *mut httpc_response) {
    if !response.is_null() {
        super::quiet((), || drop(unsafe { Arc::from_raw(response.cast_const().cast::<Response>()) }));
    }
}
