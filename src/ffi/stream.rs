//! Responses that the program reads piece by piece when it likes, on its own thread. An engine thread of the client fetches the
//! body, at most 256 KiB ahead of the reader; when nobody reads, the server waits.

use super::client::httpc_client;
use super::request::{checked, httpc_request};
use super::response::httpc_response;
use super::{borrow, clear, clear_value, error::httpc_error, guard, is_null};
use crate::client::stream::Stream;
use crate::error::{Code, Error};
use std::ffi::c_void;

/// [single] A response whose body is still to be read.
pub struct httpc_stream {
    inner: Stream,
}

/// Sends a request and returns when the head has come of the response that the call ends with: redirects and retries are over, a
/// status of 400 or more is HTTPC_E_STATUS as in httpc_send(). The body is read by httpc_stream_read(); what breaks off is not
/// retried any more. HTTPC_TIMEOUT_TOTAL counts until the last byte is read, HTTPC_TIMEOUT_READ not while the body waits for its
/// reader. The request's body sink must not be set. Errors: as httpc_send(); HTTPC_E_WOULD_DEADLOCK on an engine thread of the
/// client, so inside the callbacks of its submitted calls.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_open(
    client: *mut httpc_client,
    request: *const httpc_request,
    out: *mut *mut httpc_stream,
    err: *mut *mut httpc_error,
) -> Code {
    guard(err, || {
        unsafe { clear(out) }?;
        let client = unsafe { httpc_client::retain(client) }?;
        let inner = Stream::open(&client, checked(unsafe { borrow(request, "request") }?)?)?;
        unsafe { out.write(Box::into_raw(Box::new(httpc_stream { inner }))) };
        Ok(())
    })
}

/// The response, with an empty body; borrowed from the stream. After httpc_stream_read() has told the end it is another one, with
/// all that is known only then (trailers, timings, the last attempt); the earlier one stays valid as long. NULL for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_stream_response(stream: *const httpc_stream) -> *const httpc_response {
    super::quiet(std::ptr::null(), || {
        unsafe { stream.as_ref() }.map_or(std::ptr::null(), |stream| httpc_response::lend(stream.inner.response()))
    })
}

/// Puts the next bytes of the body, decoded, into `buffer`: as many as there are, at most `size`; waits for one at least. `*count`
/// tells how many, 0 at the end of a whole body. Everything else is an error, as httpc_send() would have ended with it, also every
/// later time: HTTPC_E_TRUNCATED, HTTPC_E_TIMEOUT_READ, HTTPC_E_CANCELLED by the request's token, … HTTPC_E_WOULD_DEADLOCK on an
/// engine thread of the client, where it would wait.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_stream_read(
    stream: *mut httpc_stream,
    buffer: *mut c_void,
    size: usize,
    count: *mut usize,
    err: *mut *mut httpc_error,
) -> Code {
    guard(err, || {
        unsafe { clear_value(count, 0, "count") }?;
        let stream = unsafe { stream.as_mut() }.ok_or_else(|| is_null("stream"))?;
        if buffer.is_null() {
            return Err(is_null("buffer"));
        }
        if size > isize::MAX as usize {
            return Err(Error::invalid("size", format!("{size} bytes are impossible")));
        }
        // SAFETY: writable for `size` bytes, by the contract; only written to.
        let into = unsafe { std::slice::from_raw_parts_mut(buffer.cast::<u8>(), size) };
        let read = stream.inner.read(into)?;
        unsafe { count.write(read) };
        Ok(())
    })
}

/// Frees a stream; what is unread is not fetched. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_stream_free(stream: *mut httpc_stream) {
    if !stream.is_null() {
        super::quiet((), || drop(unsafe { Box::from_raw(stream) }));
    }
}
