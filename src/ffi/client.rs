//! Clients and blocking calls. A client holds the connections, the defaults of its config and the retry policy; make one
//! and keep it. Every call runs on the caller's own thread, retries included, and returns when the outcome is final. On
//! success `*out` is a response that is yours to free; on failure it is NULL and `*err` tells why. `url` is a path under the
//! base URL or an absolute URL.

use super::request::{checked, httpc_request};
use super::request_body::named_file;
use super::response::httpc_response;
use super::{borrow, bytes, clear, config, config::httpc_config, error::httpc_error, guard, string};
use crate::client::body::Body;
use crate::client::request::Request;
use crate::client::sink::FileSink;
use crate::client::{Client, blocking};
use crate::error::{Code, Result};
use std::ffi::{c_char, c_void};
use std::sync::Arc;

/// [shared] A session: base URL, default headers, warm connections, retry policy. Any number of threads may call at once.
pub struct httpc_client {
    _opaque: (),
}

impl httpc_client {
    /// Calls hold a reference of their own, so that a callback may free the client they run on.
    ///
    /// # Safety
    /// `client` is NULL or came from httpc_client_new() and is not freed yet.
    pub(crate) unsafe fn retain(client: *mut httpc_client) -> Result<Arc<Client>> {
        unsafe { borrow(client.cast_const(), "client") }?;
        let client: *const Client = client.cast_const().cast();
        unsafe {
            Arc::increment_strong_count(client);
            Ok(Arc::from_raw(client))
        }
    }
}

/// Makes a client. `config` may be NULL for all defaults; it is copied. Opens no connection and starts no thread.
/// Errors: the config's first failure, HTTPC_E_FILE or HTTPC_E_TLS for a file of certificates, HTTPC_E_RESOURCE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_client_new(
    config: *const httpc_config,
    out: *mut *mut httpc_client,
    err: *mut *mut httpc_error,
) -> Code {
    guard(err, || {
        unsafe { clear(out) }?;
        super::watch_forks();
        let client = Arc::new(Client::new(unsafe { config::checked(config) }?)?);
        unsafe { out.write(Arc::into_raw(client).cast_mut().cast()) };
        Ok(())
    })
}

/// Ends a client's work: running and later calls end with HTTPC_E_CLOSED, idle connections close. Returns when every call
/// has ended, or HTTPC_E_AGAIN after `wait_ms` (0: do not wait; HTTPC_FOREVER: no limit); calling it again is fine. From
/// inside a callback of this client it does not wait: HTTPC_E_WOULD_DEADLOCK when `wait_ms` is not 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_client_close(
    client: *mut httpc_client,
    wait_ms: u64,
    err: *mut *mut httpc_error,
) -> Code {
    guard(err, || unsafe { httpc_client::retain(client) }?.close(wait_ms))
}

/// Closes, waits for running calls to end, and releases the client. From inside a callback of the client it does not
/// wait: the last call releases. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_client_free(client: *mut httpc_client) {
    if client.is_null() {
        return;
    }
    super::quiet((), || {
        let client = unsafe { Arc::from_raw(client.cast_const().cast::<Client>()) };
        client.retire();
    });
}

unsafe fn call(
    client: *mut httpc_client,
    out: *mut *mut httpc_response,
    err: *mut *mut httpc_error,
    request: impl FnOnce() -> Result<Request>,
) -> Code {
    guard(err, || {
        unsafe { clear(out) }?;
        let client = unsafe { httpc_client::retain(client) }?;
        let request = request()?;
        let response = blocking::send(&client, &request, || Arc::new(request.clone()))?;
        unsafe { out.write(httpc_response::give(response)) };
        Ok(())
    })
}

unsafe fn bodyless(
    method: &str,
    client: *mut httpc_client,
    url: *const c_char,
    out: *mut *mut httpc_response,
    err: *mut *mut httpc_error,
) -> Code {
    unsafe { call(client, out, err, || Request::new(method, string(url, "url")?)) }
}

#[allow(clippy::too_many_arguments, reason = "the C signature and the method")]
unsafe fn with_body(
    method: &str,
    client: *mut httpc_client,
    url: *const c_char,
    content_type: *const c_char,
    body: *const c_void,
    len: usize,
    out: *mut *mut httpc_response,
    err: *mut *mut httpc_error,
) -> Code {
    unsafe {
        call(client, out, err, || {
            let mut request = Request::new(method, string(url, "url")?)?;
            request.body = Body::bytes(bytes(body, len, "body")?);
            if !content_type.is_null() {
                request.set_content_type(string(content_type, "content_type")?)?;
            }
            Ok(request)
        })
    }
}

unsafe fn with_json(
    method: &str,
    client: *mut httpc_client,
    url: *const c_char,
    json: *const c_char,
    out: *mut *mut httpc_response,
    err: *mut *mut httpc_error,
) -> Code {
    unsafe {
        call(client, out, err, || {
            let mut request = Request::new(method, string(url, "url")?)?;
            request.set_json(string(json, "json")?)?;
            Ok(request)
        })
    }
}

/// GET (RFC 9110 section 9.3.1).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_get(
    client: *mut httpc_client,
    url: *const c_char,
    out: *mut *mut httpc_response,
    err: *mut *mut httpc_error,
) -> Code {
    unsafe { bodyless("GET", client, url, out, err) }
}

/// GET into the file `path`, see httpc_request_set_body_file_sink(): it is there only once the body is whole. The response has an
/// empty body.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_download(
    client: *mut httpc_client,
    url: *const c_char,
    path: *const c_char,
    out: *mut *mut httpc_response,
    err: *mut *mut httpc_error,
) -> Code {
    unsafe {
        call(client, out, err, || {
            let mut request = Request::new("GET", string(url, "url")?)?;
            request.sink = Some(Arc::new(FileSink(named_file(path)?)));
            Ok(request)
        })
    }
}

/// HEAD (RFC 9110 section 9.3.2): status and headers without a body.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_head(
    client: *mut httpc_client,
    url: *const c_char,
    out: *mut *mut httpc_response,
    err: *mut *mut httpc_error,
) -> Code {
    unsafe { bodyless("HEAD", client, url, out, err) }
}

/// DELETE (RFC 9110 section 9.3.5), without a body.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_delete(
    client: *mut httpc_client,
    url: *const c_char,
    out: *mut *mut httpc_response,
    err: *mut *mut httpc_error,
) -> Code {
    unsafe { bodyless("DELETE", client, url, out, err) }
}

/// OPTIONS (RFC 9110 section 9.3.7), without a body.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_options(
    client: *mut httpc_client,
    url: *const c_char,
    out: *mut *mut httpc_response,
    err: *mut *mut httpc_error,
) -> Code {
    unsafe { bodyless("OPTIONS", client, url, out, err) }
}

/// POST of a body of any type (RFC 9110 section 9.3.3). `content_type` may be NULL for none; (NULL, 0) is an empty body,
/// sent with "Content-Length: 0". The body is copied. Not retried once it may have reached the server, unless the request
/// has an idempotency key.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_post(
    client: *mut httpc_client,
    url: *const c_char,
    content_type: *const c_char,
    body: *const c_void,
    len: usize,
    out: *mut *mut httpc_response,
    err: *mut *mut httpc_error,
) -> Code {
    unsafe { with_body("POST", client, url, content_type, body, len, out, err) }
}

/// PUT of a body of any type (RFC 9110 section 9.3.4); arguments as httpc_post(). Idempotent, so retried.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_put(
    client: *mut httpc_client,
    url: *const c_char,
    content_type: *const c_char,
    body: *const c_void,
    len: usize,
    out: *mut *mut httpc_response,
    err: *mut *mut httpc_error,
) -> Code {
    unsafe { with_body("PUT", client, url, content_type, body, len, out, err) }
}

/// PATCH of a body of any type (RFC 5789); arguments and retries as httpc_post().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_patch(
    client: *mut httpc_client,
    url: *const c_char,
    content_type: *const c_char,
    body: *const c_void,
    len: usize,
    out: *mut *mut httpc_response,
    err: *mut *mut httpc_error,
) -> Code {
    unsafe { with_body("PATCH", client, url, content_type, body, len, out, err) }
}

/// POST of JSON text, with "Content-Type: application/json" and "Accept: application/json". Text that is not JSON is
/// HTTPC_E_INVALID_ARG with its line and column, and nothing is sent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_post_json(
    client: *mut httpc_client,
    url: *const c_char,
    json: *const c_char,
    out: *mut *mut httpc_response,
    err: *mut *mut httpc_error,
) -> Code {
    unsafe { with_json("POST", client, url, json, out, err) }
}

/// PUT of JSON text; as httpc_post_json().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_put_json(
    client: *mut httpc_client,
    url: *const c_char,
    json: *const c_char,
    out: *mut *mut httpc_response,
    err: *mut *mut httpc_error,
) -> Code {
    unsafe { with_json("PUT", client, url, json, out, err) }
}

/// PATCH of JSON text; as httpc_post_json().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_patch_json(
    client: *mut httpc_client,
    url: *const c_char,
    json: *const c_char,
    out: *mut *mut httpc_response,
    err: *mut *mut httpc_error,
) -> Code {
    unsafe { with_json("PATCH", client, url, json, out, err) }
}

/// Sends a request that httpc_request_new() made. The request is only read: it may be sent again, and changed afterwards. A body
/// that is a file or a source has rules of its own: see *Request bodies*.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_send(
    client: *mut httpc_client,
    request: *const httpc_request,
    out: *mut *mut httpc_response,
    err: *mut *mut httpc_error,
) -> Code {
    guard(err, || {
        unsafe { clear(out) }?;
        let client = unsafe { httpc_client::retain(client) }?;
        // Held: functions of the program's, which run meanwhile, may change or free it.
        let request = checked(unsafe { borrow(request, "request") }?)?.clone();
        let response = blocking::send(&client, &request, || request.clone())?;
        unsafe { out.write(httpc_response::give(response)) };
        Ok(())
    })
}
