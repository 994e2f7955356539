//! Server-sent events (WHATWG HTML, section 9.2), one by one while they come in, over any number of connections.

use super::request::{httpc_request, set};
use super::request_sink::flow;
use super::retry_policy::httpc_drop_fn;
use super::{Userdata, boolean, duration_ms, is_null, quiet};
use crate::client::event_stream::Event;
use crate::client::sink::EventSink;
use crate::error::{Code, Error};
use std::ffi::{c_char, c_void};

/// [immutable] One event. Borrowed by the function that receives it, until that returns.
pub struct httpc_sse_event {
    /// Each with a NUL behind it.
    kind: String,
    data: String,
    id: String,
}

/// Receives an event. 0 goes on, HTTPC_SINK_PAUSE goes on after httpc_call_resume() (in submitted calls only), and every other number
/// ends the call with HTTPC_E_ABORTED and the number in its detail. Runs where a httpc_write_fn does. It may call the library.
pub type httpc_event_fn = Option<unsafe extern "C" fn(userdata: *mut c_void, event: *const httpc_sse_event) -> i32>;

/// Gives the events of the response to `on_event`. `drop` (may be NULL) runs once, when neither the request nor a call uses `userdata`
/// any more; also when this fails. Takes the place of a body sink, and sets "Accept: text/event-stream" and "Cache-Control: no-store"
/// unless the request has such headers (but not the Accept of httpc_request_set_json()).
///
/// A stream that ends, breaks off or is silent for HTTPC_TIMEOUT_READ is connected to again, after the pause that the server asked for
/// (`retry:`), else after 3 s, with the last event's id as Last-Event-ID. Connections that fail before a byte of a stream came are
/// retried as the request's retry policy says; once a stream has come, that counts anew. A status of 204 ends the call with HTTPC_OK, and an answer
/// that is no event stream with HTTPC_E_PROTOCOL. HTTPC_TIMEOUT_TOTAL bounds the whole, pauses included, and then ends it with
/// HTTPC_E_TIMEOUT_TOTAL: set it to 0 for streams without end. The history of attempts keeps the newest. Only requests that may be sent
/// any number of times are connected to again: of other methods than GET see httpc_request_set_idempotent(), and their call ends with
/// the stream, with HTTPC_OK.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_request_set_event_sink(
    request: *mut httpc_request,
    on_event: httpc_event_fn,
    userdata: *mut c_void,
    drop: httpc_drop_fn,
) -> Code {
    let userdata = Userdata::new(userdata, drop);
    unsafe {
        set(request, |r| {
            let on_event = on_event.ok_or_else(|| is_null("on_event"))?;
            r.set_event_sink(EventSink::new(move |event| {
                let event = httpc_sse_event::new(event);
                // SAFETY: the program's own pair, with an event that lives until the function returns.
                flow("event function", on_event(userdata.get(), &raw const event))
            }))
        })
    }
}

/// Whether an event stream is connected to again (1, the default) or its end is the end of the call (0), and after how many
/// milliseconds where the server has not said so: 3000 by default.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_request_set_event_reconnect(
    request: *mut httpc_request,
    on: i32,
    pause_ms: u64,
) -> Code {
    unsafe {
        set(request, |r| {
            r.events.reconnects = boolean(on, "on")?;
            r.events.pause_ms = duration_ms(pause_ms, "pause_ms")?;
            Ok(())
        })
    }
}

/// The longest event in bytes, 1 MiB by default. A longer one ends the call with HTTPC_E_BODY_TOO_LARGE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_request_set_max_event(request: *mut httpc_request, bytes: u64) -> Code {
    unsafe {
        set(request, |r| {
            if bytes == 0 {
                return Err(Error::invalid("bytes", "is 0, which no event fits in"));
            }
            r.events.max_event = bytes;
            Ok(())
        })
    }
}

impl httpc_sse_event {
    fn new(event: Event) -> httpc_sse_event {
        let terminated = |mut text: String| {
            text.push('\0');
            text
        };
        httpc_sse_event { kind: terminated(event.kind), data: terminated(event.data), id: terminated(event.id) }
    }
}

unsafe fn read(
    event: *const httpc_sse_event,
    len: *mut usize,
    field: impl FnOnce(&httpc_sse_event) -> &str,
) -> *const c_char {
    quiet(c"".as_ptr(), || {
        let text = unsafe { event.as_ref() }.map_or("\0", field);
        if let Some(len) = unsafe { len.as_mut() } {
            *len = text.len() - 1;
        }
        text.as_ptr().cast()
    })
}

/// Its type, "message" unless the server named another. `len` may be NULL; a NUL may occur inside.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_sse_event_type(event: *const httpc_sse_event, len: *mut usize) -> *const c_char {
    unsafe { read(event, len, |event| &event.kind) }
}

/// Its data, the lines joined by line feeds; UTF-8, where what was none is U+FFFD. `len` may be NULL; a NUL may occur inside.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_sse_event_data(event: *const httpc_sse_event, len: *mut usize) -> *const c_char {
    unsafe { read(event, len, |event| &event.data) }
}

/// The last id that the stream has given, in this event or before it; "" when none. Without NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_sse_event_id(event: *const httpc_sse_event) -> *const c_char {
    unsafe { read(event, std::ptr::null_mut(), |event| &event.id) }
}
