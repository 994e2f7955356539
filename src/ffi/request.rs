//! Requests, for what the short calls cannot say: other methods, query parameters, headers, and options that differ from
//! the client's. Setters copy their arguments and return a code; the request keeps its first failure, and httpc_send() then
//! fails with it and sends nothing.

use super::cancel_token::httpc_cancel_token;
use super::response::httpc_response;
use super::retry_policy::httpc_retry_policy;
use super::{boolean, borrow, bytes, clear, duration_ms, error::httpc_error, guard, optional, string};
use crate::client::body::Body;
use crate::client::request::Request;
use crate::client::response::Response;
use crate::client::timeouts::Timeout;
use crate::error::{Code, Error, Result};
use std::ffi::{c_char, c_void};
use std::sync::Arc;

/// [single] One request: method, URL, headers, body and options. Reusable; sending only reads it.
pub struct httpc_request {
    /// Submitted calls hold it too: later changes copy.
    inner: Arc<Request>,
    failure: Option<Box<Error>>,
}

/// The request as it is now, unless one of its setters failed.
pub(super) fn shared(request: &httpc_request) -> Result<Arc<Request>> {
    checked(request).cloned()
}

pub(super) fn checked(request: &httpc_request) -> Result<&Arc<Request>> {
    request.failure.as_ref().map_or(Ok(&request.inner), |failure| Err(failure.again()))
}

pub(super) unsafe fn set(request: *mut httpc_request, setter: impl FnOnce(&mut Request) -> Result<()>) -> Code {
    let Some(request) = (unsafe { request.as_mut() }) else { return Code::HTTPC_E_INVALID_ARG };
    super::keep_first(&mut request.failure, || setter(Arc::make_mut(&mut request.inner)))
}

/// Makes a request. `method` is any method token ("GET", "POST", "PROPFIND"; case matters); CONNECT is refused. `url` is a
/// path under the client's base URL or an absolute URL, with or without a query.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_request_new(
    method: *const c_char,
    url: *const c_char,
    out: *mut *mut httpc_request,
    err: *mut *mut httpc_error,
) -> Code {
    guard(err, || {
        unsafe { clear(out) }?;
        let inner = Arc::new(unsafe { Request::new(string(method, "method")?, string(url, "url")?) }?);
        unsafe { out.write(Box::into_raw(Box::new(httpc_request { inner, failure: None }))) };
        Ok(())
    })
}

/// The first failure of a setter, or NULL. Borrowed from the request.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_request_error(request: *const httpc_request) -> *const httpc_error {
    unsafe { request.as_ref() }.map_or(std::ptr::null(), |r| super::lend_failure(&r.failure))
}

/// Appends a query parameter, percent-encoded here (RFC 3986 section 2.1; a space becomes %20): pass plain text. A name
/// may be added several times. Control characters are refused: nearly always they are a mistake or an attack; one that is
/// meant goes percent-encoded into the URL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_request_add_query(
    request: *mut httpc_request,
    name: *const c_char,
    value: *const c_char,
) -> Code {
    unsafe { set(request, |r| r.add_query(string(name, "name")?, string(value, "value")?)) }
}

/// Sets a header, in place of the client's and of earlier ones of that name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_request_set_header(
    request: *mut httpc_request,
    name: *const c_char,
    value: *const c_char,
) -> Code {
    unsafe { set(request, |r| r.set_header(string(name, "name")?, string(value, "value")?, false)) }
}

/// Adds a header beside earlier ones of that name; the client's of that name is still replaced.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_request_add_header(
    request: *mut httpc_request,
    name: *const c_char,
    value: *const c_char,
) -> Code {
    unsafe { set(request, |r| r.add_header(string(name, "name")?, string(value, "value")?)) }
}

/// As httpc_request_set_header(), for a secret value: never logged, dropped when a redirect leaves the origin.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_request_set_secret_header(
    request: *mut httpc_request,
    name: *const c_char,
    value: *const c_char,
) -> Code {
    unsafe { set(request, |r| r.set_header(string(name, "name")?, string(value, "value")?, true)) }
}

/// The body, copied. `content_type` may be NULL for none; (NULL, 0) is an empty body.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_request_set_body(
    request: *mut httpc_request,
    content_type: *const c_char,
    body: *const c_void,
    len: usize,
) -> Code {
    unsafe {
        set(request, |r| r.set_body(Body::bytes(bytes(body, len, "body")?), optional(content_type, "content_type")?))
    }
}

/// JSON text as the body, checked, with "Content-Type: application/json" and "Accept: application/json".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_request_set_json(request: *mut httpc_request, json: *const c_char) -> Code {
    unsafe { set(request, |r| r.set_json(string(json, "json")?)) }
}

/// Sets one timeout of this request, in milliseconds; 0 means no limit. `which` is an httpc_timeout. Others are the
/// client's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_request_set_timeout(request: *mut httpc_request, which: i32, ms: u64) -> Code {
    unsafe {
        set(request, |r| {
            r.timeouts.set(Timeout::try_from(which)?, duration_ms(ms, "ms")?);
            Ok(())
        })
    }
}

/// Retry rules of this request, copied; NULL turns retries off.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_request_set_retry(
    request: *mut httpc_request,
    policy: *const httpc_retry_policy,
) -> Code {
    unsafe {
        set(request, |r| {
            r.retry = Some(httpc_retry_policy::copy(policy)?);
            Ok(())
        })
    }
}

/// Whether a final status of 400 or more is HTTPC_E_STATUS (1) or an ordinary response (0).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_request_set_status_errors(request: *mut httpc_request, on: i32) -> Code {
    unsafe {
        set(request, |r| {
            r.status_errors = Some(boolean(on, "on")?);
            Ok(())
        })
    }
}

/// Longest response body of this request, in bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_request_set_max_body(request: *mut httpc_request, bytes: u64) -> Code {
    unsafe {
        set(request, |r| {
            r.max_body = Some(bytes);
            Ok(())
        })
    }
}

/// Whether this response's content codings are undone, see httpc_config_set_content_decoding().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_request_set_content_decoding(request: *mut httpc_request, on: i32) -> Code {
    unsafe {
        set(request, |r| {
            r.content_decoding = Some(boolean(on, "on")?);
            Ok(())
        })
    }
}

/// Most redirects that this request follows; 0 follows none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_request_set_max_redirects(request: *mut httpc_request, redirects: u32) -> Code {
    unsafe {
        set(request, |r| {
            r.max_redirects = Some(redirects);
            Ok(())
        })
    }
}

/// Whether a redirect in answer to this POST is followed (1) or an ordinary response (0).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_request_set_redirect_post(request: *mut httpc_request, on: i32) -> Code {
    unsafe {
        set(request, |r| {
            r.redirect_post = Some(boolean(on, "on")?);
            Ok(())
        })
    }
}

/// Sends "Idempotency-Key: KEY" with every attempt. The server then recognises a repeated request, so a POST is retried
/// like a PUT. NULL makes a fresh random key (UUID version 4, RFC 9562) for each send; its attempts share it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_request_set_idempotency_key(request: *mut httpc_request, key: *const c_char) -> Code {
    unsafe {
        set(request, |r| {
            let key = if key.is_null() { None } else { Some(string(key, "key")?) };
            r.set_idempotency_key(key)
        })
    }
}

/// Says that sending this request twice does no harm (1), or that it does (0), whatever its method.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_request_set_idempotent(request: *mut httpc_request, on: i32) -> Code {
    unsafe {
        set(request, |r| {
            r.idempotent = Some(boolean(on, "on")?);
            Ok(())
        })
    }
}

/// Asks only for what has changed since `response`: If-None-Match with its ETag, If-Modified-Since with its Last-Modified
/// (RFC 9110 section 13.1). A server that has nothing newer answers 304, which is an ordinary response without a body: go on
/// using the one you have. HTTPC_E_INVALID_ARG when `response` has neither header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_request_set_if_changed(
    request: *mut httpc_request,
    response: *const httpc_response,
) -> Code {
    unsafe { set(request, |r| r.set_if_changed(borrow(response.cast::<Response>(), "response")?)) }
}

/// Acts only on what has not changed since `response`, so that nobody else's change is overwritten: If-Match with its ETag,
/// If-Unmodified-Since with its Last-Modified (RFC 9110 section 13.1). Otherwise the server answers 412: HTTPC_E_STATUS.
/// HTTPC_E_INVALID_ARG when `response` has neither a strong ETag nor a Last-Modified.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_request_set_if_unchanged(
    request: *mut httpc_request,
    response: *const httpc_response,
) -> Code {
    unsafe { set(request, |r| r.set_if_unchanged(borrow(response.cast::<Response>(), "response")?)) }
}

/// The token that cancels this request. The request keeps a reference; NULL takes the token away again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_request_set_cancel_token(
    request: *mut httpc_request,
    token: *mut httpc_cancel_token,
) -> Code {
    unsafe {
        set(request, |r| {
            r.cancel = if token.is_null() {
                None
            } else {
                borrow(token, "token")?;
                Some(httpc_cancel_token::retain(token))
            };
            Ok(())
        })
    }
}

/// Frees a request. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_request_free(request: *mut httpc_request) {
    if !request.is_null() {
        super::quiet((), || drop(unsafe { Box::from_raw(request) }));
    }
}
