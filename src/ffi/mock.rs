//! Mocks, for tests: rules that answer in place of servers. A client with a mock (httpc_config_set_mock()) opens no
//! connection; everything else is the real thing: redirects, retries, timeouts, rate limits, the limits of the pool, logs.
//! With a virtual clock beside it (httpc_config_set_clock()) hours of backoff pass in microseconds.
//!
//! The first rule that matches a request answers it, with its answers in the order in which they were added; the last one
//! repeats. A rule without an answer gives an empty 200. A request that no rule matches fails with HTTPC_E_NOT_MOCKED, which
//! tells of the nearest rule and why it does not match. The setters of rules return a code, and the mock keeps the first
//! failure: httpc_client_new(), calls and httpc_mock_verify() then fail with it. docs/testing.md shows whole tests.

use super::{boolean, borrow, bytes, clear, duration_ms, error::httpc_error, guard, pointer_to, string};
use crate::client::headers::{check_name, check_value};
use crate::error::{Code, Error, Result};
use crate::transport::mock::har;
use crate::transport::mock::{Call, Mock, Reply, Rule, can_break, can_fail};
use std::ffi::{CStr, c_char, c_void};
use std::path::Path;
use std::sync::Arc;

/// [shared] Rules, and what was asked. One may serve many clients; each keeps a reference. Rules may be added at any time.
pub struct httpc_mock {
    _opaque: (),
}

/// [shared] One rule. Belongs to its mock, and lives until that is freed.
pub struct httpc_mock_rule {
    rule: *const Rule,
    mock: *const Mock,
}

/// A request as a mock got it. Immutable; belongs to its mock, and lives until that is freed.
pub struct httpc_mock_call {
    _opaque: (),
}

/// What a program holds of a mock.
struct Handle {
    mock: Arc<Mock>,
    rules: elsa::sync::FrozenVec<Box<httpc_mock_rule>>,
}

// SAFETY: the pointers in it are to what its own mock owns.
unsafe impl Send for httpc_mock_rule {}
unsafe impl Sync for httpc_mock_rule {}

impl httpc_mock {
    unsafe fn handle<'a>(mock: *const httpc_mock) -> Result<&'a Handle> {
        unsafe { borrow(mock.cast::<Handle>(), "mock") }
    }

    /// A reference of the library's own.
    ///
    /// # Safety
    /// `mock` is NULL, or came from httpc_mock_new() and is not freed yet.
    pub(crate) unsafe fn retain(mock: *mut httpc_mock) -> Option<Arc<Mock>> {
        unsafe { httpc_mock::handle(mock) }.ok().map(|handle| handle.mock.clone())
    }
}

/// Runs a setter of a rule, whose mock remembers the first failure.
unsafe fn set(rule: *mut httpc_mock_rule, setter: impl FnOnce(&Rule) -> Result<()>) -> Code {
    let Some(handle) = (unsafe { rule.as_ref() }) else { return Code::HTTPC_E_INVALID_ARG };
    let mut failure = None;
    let code = super::keep_first(&mut failure, || setter(unsafe { &*handle.rule }));
    if let Some(failure) = failure {
        unsafe { &*handle.mock }.keep(failure);
    }
    code
}

/// Makes a mock without rules.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_mock_new(out: *mut *mut httpc_mock, err: *mut *mut httpc_error) -> Code {
    guard(err, || {
        unsafe { clear(out) }?;
        let handle = Handle { mock: Arc::default(), rules: elsa::sync::FrozenVec::new() };
        unsafe { out.write(Box::into_raw(Box::new(handle)).cast()) };
        Ok(())
    })
}

/// Adds a rule for requests with this method (NULL: any) and this URL: an absolute one, or a path, which is meant at any
/// server. In it `*` stands for any text, also for none, slashes included. A URL without "?" takes requests with any query,
/// and one with "?" only those with just that query. `*out`, which may not be NULL, belongs to the mock. Errors:
/// HTTPC_E_INVALID_ARG, HTTPC_E_URL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_mock_on(
    mock: *mut httpc_mock,
    method: *const c_char,
    url: *const c_char,
    out: *mut *mut httpc_mock_rule,
    err: *mut *mut httpc_error,
) -> Code {
    guard(err, || {
        unsafe { clear(out) }?;
        let handle = unsafe { httpc_mock::handle(mock) }?;
        let added = (|| {
            let method = if method.is_null() { None } else { Some(unsafe { string(method, "method") }?) };
            Rule::new(method, unsafe { string(url, "url") }?)
        })();
        let rule = added.inspect_err(|failure| handle.mock.keep(failure.again()))?;
        let rule = httpc_mock_rule { rule: handle.mock.add(rule), mock: Arc::as_ptr(&handle.mock) };
        let rule = handle.rules.push_get(Box::new(rule));
        unsafe { out.write(std::ptr::from_ref(rule).cast_mut()) };
        Ok(())
    })
}

/// Adds rules that answer as the servers did in a recording: one of httpc_config_set_record(), or of a browser (HAR 1.2).
/// `strict` 1: each exchange once, in the order of the recording, with method, whole URL and body; httpc_mock_verify() wants
/// all of them. 0: by method and whole URL, in any order; of several the next one each time, and the last one repeats.
/// Headers are not compared, and what was redacted may be anything. Answers come at once. Errors: HTTPC_E_FILE,
/// HTTPC_E_INVALID_ARG when it is no archive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_mock_add_har(
    mock: *mut httpc_mock,
    path: *const c_char,
    strict: i32,
    err: *mut *mut httpc_error,
) -> Code {
    guard(err, || {
        let handle = unsafe { httpc_mock::handle(mock) }?;
        let rules = har::rules(Path::new(unsafe { string(path, "path") }?), boolean(strict, "strict")?);
        for rule in rules.inspect_err(|failure| handle.mock.keep(failure.again()))? {
            handle.mock.add(rule);
        }
        Ok(())
    })
}

/// The rule takes only requests with a header of this name whose value is `pattern`, in which `*` stands for any text.
/// NULL: only requests without such a header. May be called for several headers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_mock_rule_match_header(
    rule: *mut httpc_mock_rule,
    name: *const c_char,
    pattern: *const c_char,
) -> Code {
    unsafe {
        set(rule, |rule| {
            let name = string(name, "name")?;
            check_name(name).map_err(|why| Error::invalid("name", why))?;
            let pattern = if pattern.is_null() { None } else { Some(string(pattern, "pattern")?) };
            rule.match_header(name, pattern);
            Ok(())
        })
    }
}

/// The rule takes only requests with exactly this body.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_mock_rule_match_body(
    rule: *mut httpc_mock_rule,
    body: *const c_void,
    len: usize,
) -> Code {
    unsafe {
        set(rule, |rule| {
            rule.match_body(bytes(body, len, "body")?);
            Ok(())
        })
    }
}

/// The rule takes only requests whose body is this JSON, however it is written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_mock_rule_match_json(rule: *mut httpc_mock_rule, json: *const c_char) -> Code {
    unsafe { set(rule, |rule| rule.match_json(string(json, "json")?)) }
}

/// The rule answers `times` requests and then no more, and httpc_mock_verify() wants it to have done so. 0: it answers none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_mock_rule_times(rule: *mut httpc_mock_rule, times: u32) -> Code {
    unsafe {
        set(rule, |rule| {
            rule.set_times(times);
            Ok(())
        })
    }
}

/// Adds an answer: a response with this status, 200 to 599, and body, which is copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_mock_rule_reply(
    rule: *mut httpc_mock_rule,
    status: i32,
    body: *const c_void,
    len: usize,
) -> Code {
    unsafe {
        set(rule, |rule| {
            rule.add(Reply::response(checked_status(status)?, bytes(body, len, "body")?));
            Ok(())
        })
    }
}

/// Adds an answer: a response with this status and JSON, which is checked, and Content-Type: application/json.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_mock_rule_reply_json(
    rule: *mut httpc_mock_rule,
    status: i32,
    json: *const c_char,
) -> Code {
    unsafe {
        set(rule, |rule| {
            let json = string(json, "json")?;
            crate::client::json::well_formed(json).map_err(|why| Error::invalid("json", why))?;
            rule.add(Reply::response(checked_status(status)?, json.as_bytes()));
            rule.change_response(|last| last.headers.push(("Content-Type".into(), "application/json".into())))
        })
    }
}

fn checked_status(status: i32) -> Result<u16> {
    match u16::try_from(status) {
        Ok(known @ 200..600) => Ok(known),
        _ => Err(Error::invalid("status", format!("{status} is not between 200 and 599"))),
    }
}

/// Adds an answer that is none: the attempt fails with `code`. HTTPC_E_DNS, HTTPC_E_CONNECT, HTTPC_E_TLS,
/// HTTPC_E_CERTIFICATE and HTTPC_E_PROXY: before anything was sent. HTTPC_E_IO: the connection is reset after the request
/// was sent. HTTPC_E_PROTOCOL: the answer is not HTTP. HTTPC_E_TIMEOUT_CONNECT, HTTPC_E_TIMEOUT_WRITE and
/// HTTPC_E_TIMEOUT_READ: nothing happens any more while connecting, sending or waiting, until a timeout of the client ends
/// the attempt, by its clock.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_mock_rule_fail(rule: *mut httpc_mock_rule, code: i32) -> Code {
    unsafe {
        set(rule, |rule| {
            rule.add(Reply::failure(checked_code(code, can_fail, "fail")?));
            Ok(())
        })
    }
}

/// Adds a header to the answer that was added last. Several of one name may be added. Content-Length is derived from the
/// body unless it is set here.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_mock_rule_reply_header(
    rule: *mut httpc_mock_rule,
    name: *const c_char,
    value: *const c_char,
) -> Code {
    unsafe {
        set(rule, |rule| {
            let (name, value) = (string(name, "name")?, string(value, "value")?);
            check_name(name).map_err(|why| Error::invalid("name", why))?;
            check_value(value.as_bytes()).map_err(|why| Error::invalid("value", why))?;
            rule.change_response(|last| last.headers.push((name.to_owned(), value.to_owned())))
        })
    }
}

/// The answer that was added last comes, or fails, only after so many milliseconds by the client's clock.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_mock_rule_reply_delay(rule: *mut httpc_mock_rule, ms: u64) -> Code {
    unsafe {
        set(rule, |rule| {
            let delay_us = duration_ms(ms, "ms")? * 1000;
            rule.change(|last| {
                last.delay_us = delay_us;
                Ok(())
            })
        })
    }
}

/// The body of the answer that was added last breaks off after so many bytes. HTTPC_E_IO: the connection is reset.
/// HTTPC_E_TRUNCATED: it closes. HTTPC_E_TIMEOUT_READ: nothing more comes, until a timeout of the client ends the attempt.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_mock_rule_reply_break(rule: *mut httpc_mock_rule, code: i32, after: usize) -> Code {
    unsafe {
        set(rule, |rule| {
            let code = checked_code(code, can_break, "break off")?;
            rule.change_response(|last| last.broken = Some((code, after)))
        })
    }
}

fn checked_code(code: i32, is_fit: fn(Code) -> bool, verb: &str) -> Result<Code> {
    let known = Code::ALL.iter().find(|(known, _)| *known as i32 == code);
    match known {
        Some((known, _)) if is_fit(*known) => Ok(*known),
        Some((_, name)) => {
            Err(Error::invalid("code", format!("an answer cannot {verb} with {}", name.to_string_lossy())))
        }
        None => Err(Error::invalid("code", format!("{code} is not an httpc_code"))),
    }
}

/// How many requests the rule has answered. NULL reads as 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_mock_rule_answered(rule: *const httpc_mock_rule) -> u32 {
    super::quiet(0, || unsafe { rule.as_ref() }.map_or(0, |handle| unsafe { &*handle.rule }.answered()))
}

/// Whether every rule with httpc_mock_rule_times() has answered so often, and every request was answered. If not,
/// HTTPC_E_NOT_MOCKED, with a line for each in the detail; or the first failure of a setter.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_mock_verify(mock: *const httpc_mock, err: *mut *mut httpc_error) -> Code {
    guard(err, || unsafe { httpc_mock::handle(mock) }?.mock.verify())
}

/// How many requests came so far; each attempt is one. NULL reads as 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_mock_calls(mock: *const httpc_mock) -> usize {
    super::quiet(0, || unsafe { httpc_mock::handle(mock) }.map_or(0, |handle| handle.mock.calls()))
}

/// The request that came at this place, the first at 0; NULL beyond the last. Borrowed from the mock.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_mock_call_at(mock: *const httpc_mock, index: usize) -> *const httpc_mock_call {
    super::quiet(std::ptr::null(), || {
        let call = unsafe { httpc_mock::handle(mock) }.ok().and_then(|handle| handle.mock.call(index));
        call.map_or(std::ptr::null(), |call| std::ptr::from_ref(call).cast())
    })
}

unsafe fn call<'a>(call: *const httpc_mock_call) -> Option<&'a Call> {
    unsafe { call.cast::<Call>().as_ref() }
}

/// "GET". NULL reads as NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_mock_call_method(request: *const httpc_mock_call) -> *const c_char {
    super::quiet(std::ptr::null(), || pointer_to(unsafe { call(request) }.map(|call| call.method.as_c_str())))
}

/// The whole URL with its query, without user-info. NULL reads as NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_mock_call_url(request: *const httpc_mock_call) -> *const c_char {
    super::quiet(std::ptr::null(), || pointer_to(unsafe { call(request) }.map(|call| call.url.as_c_str())))
}

/// The value of the first header of this name, in whatever case; NULL where there is none. Secrets are shown.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_mock_call_header(request: *const httpc_mock_call, name: *const c_char) -> *const c_char {
    super::quiet(std::ptr::null(), || {
        let name = unsafe { string(name, "name") }.unwrap_or_default();
        pointer_to(unsafe { call(request) }.and_then(|call| call.header(name)))
    })
}

/// How many headers went along, without those that the transport itself would add (Host, Content-Length).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_mock_call_header_count(request: *const httpc_mock_call) -> usize {
    super::quiet(0, || unsafe { call(request) }.map_or(0, |call| call.headers().len()))
}

unsafe fn header_at<'a>(request: *const httpc_mock_call, index: usize) -> Option<(&'a CStr, &'a CStr)> {
    unsafe { call(request) }?.headers().get(index).map(|(name, value)| (name.as_c_str(), value.as_c_str()))
}

/// The name of the header at this place; NULL beyond the last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_mock_call_header_name(request: *const httpc_mock_call, index: usize) -> *const c_char {
    super::quiet(std::ptr::null(), || pointer_to(unsafe { header_at(request, index) }.map(|(name, _)| name)))
}

/// The value of the header at this place; NULL beyond the last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_mock_call_header_value(request: *const httpc_mock_call, index: usize) -> *const c_char {
    super::quiet(std::ptr::null(), || pointer_to(unsafe { header_at(request, index) }.map(|(_, value)| value)))
}

/// The body, with its length in `*len`, which may be NULL. A NUL follows it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_mock_call_body(request: *const httpc_mock_call, len: *mut usize) -> *const c_void {
    super::quiet(std::ptr::null(), || {
        let call = unsafe { call(request) };
        if !len.is_null() {
            unsafe { len.write(call.map_or(0, |call| call.body().len())) };
        }
        call.map_or(std::ptr::null(), |call| call.body_with_nul().as_ptr().cast())
    })
}

/// Gives your reference back, and with it the rules and calls that you know of; clients go on with the mock. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_mock_free(mock: *mut httpc_mock) {
    if !mock.is_null() {
        super::quiet((), || drop(unsafe { Box::from_raw(mock.cast::<Handle>()) }));
    }
}
