//! The C skin: pointers in, codes out. One file per C object; each file's first comment heads its section of the header.
//!
//! Every function that C calls runs inside a [`guard`]: outputs are cleared on entry, a panic becomes
//! `HTTPC_E_INTERNAL`, and a failure becomes an error object when the caller wants one.

#![allow(unsafe_code, non_camel_case_types, clippy::missing_safety_doc)]

pub mod attempt;
pub mod call;
pub mod cancel_token;
pub mod client;
pub mod clock;
pub mod config;
pub mod error;
pub mod library;
pub mod mock;
pub mod queue;
pub mod rate_limiter;
pub mod request;
pub mod request_body;
mod request_events;
mod request_sink;
pub mod response;
pub mod retry;
pub mod retry_policy;
pub mod stats;
pub mod stream;
pub mod tls;
pub mod trailers;

use crate::client::fork;
use crate::error::{Code, Error, Result};
use error::httpc_error;
use std::ffi::{CStr, c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

/// Longest duration an option takes: a hundred years, so that no sum of durations overflows.
pub const MAX_DURATION_MS: u64 = 100 * 366 * 24 * 3_600_000;

/// Runs `body` and reports its failure through `err`.
fn guard(err: *mut *mut httpc_error, body: impl FnOnce() -> Result<()>) -> Code {
    if !err.is_null() {
        // SAFETY: the contract of every `err` argument: NULL or writable.
        unsafe { err.write(std::ptr::null_mut()) };
    }
    match catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| Err(panicked(&*panic))) {
        Ok(()) => Code::HTTPC_OK,
        Err(failure) => {
            let code = failure.code;
            if !err.is_null() {
                // SAFETY: as above.
                unsafe { err.write(httpc_error::give(failure)) };
            }
            code
        }
    }
}

/// For accessors, which cannot fail: a panic gives the neutral answer.
fn quiet<T>(neutral: T, body: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(neutral)
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> Box<Error> {
    let message = crate::text::panic_message(panic);
    Error::new(Code::HTTPC_E_INTERNAL, format!("internal error, please report: {message}"))
}

/// # Safety
/// `pointer` is NULL or lives, unchanged, as long as the result is used.
unsafe fn borrow<'a, T>(pointer: *const T, argument: &str) -> Result<&'a T> {
    unsafe { pointer.as_ref() }.ok_or_else(|| is_null(argument))
}

/// Checks and clears an output argument.
///
/// # Safety
/// `out` is NULL or writable.
unsafe fn clear<T>(out: *mut *mut T) -> Result<()> {
    if out.is_null() {
        return Err(is_null("out"));
    }
    unsafe { out.write(std::ptr::null_mut()) };
    Ok(())
}

fn is_null(argument: &str) -> Box<Error> {
    Error::invalid(argument, "is NULL")
}

/// # Safety
/// `text` is NULL or NUL-terminated and lives as long as the result is used.
unsafe fn string<'a>(text: *const c_char, argument: &str) -> Result<&'a str> {
    if text.is_null() {
        return Err(is_null(argument));
    }
    let bytes = unsafe { CStr::from_ptr(text) };
    bytes.to_str().map_err(|e| Error::invalid(argument, format!("is not UTF-8 at byte {}", e.valid_up_to())))
}

/// # Safety
/// `data` is NULL or readable for `len` bytes while the result is used.
unsafe fn bytes<'a>(data: *const c_void, len: usize, argument: &str) -> Result<&'a [u8]> {
    match (data.is_null(), len) {
        (_, 0) => Ok(&[]),
        (true, _) => Err(Error::invalid(argument, format!("is NULL, with a length of {len}"))),
        (false, _) if len > isize::MAX as usize => {
            Err(Error::invalid(argument, format!("a length of {len} bytes is impossible")))
        }
        (false, _) => Ok(unsafe { std::slice::from_raw_parts(data.cast(), len) }),
    }
}

/// # Safety
/// As [`string`].
unsafe fn optional<'a>(text: *const c_char, argument: &str) -> Result<Option<&'a str>> {
    if text.is_null() { Ok(None) } else { unsafe { string(text, argument) }.map(Some) }
}

fn boolean(value: i32, argument: &str) -> Result<bool> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(Error::invalid(argument, format!("is {other}; 0 or 1 is wanted"))),
    }
}

fn duration_ms(ms: u64, argument: &str) -> Result<u64> {
    if ms > MAX_DURATION_MS {
        return Err(Error::invalid(argument, format!("{ms} ms is more than 100 years (0 means no limit)")));
    }
    Ok(ms)
}

/// The text a server or the library wrote, for C: NULL where there is none.
fn pointer_to(text: Option<&CStr>) -> *const c_char {
    text.map_or(std::ptr::null(), CStr::as_ptr)
}

/// Runs a setter and remembers the first failure of its object, so that a chain of setters may be checked once.
fn keep_first(failure: &mut Option<Box<Error>>, setter: impl FnOnce() -> Result<()>) -> Code {
    let result = catch_unwind(AssertUnwindSafe(setter)).unwrap_or_else(|panic| Err(panicked(&*panic)));
    let Err(error) = result else { return Code::HTTPC_OK };
    let code = error.code;
    failure.get_or_insert(error);
    code
}

fn lend_failure(failure: &Option<Box<Error>>) -> *const httpc_error {
    failure.as_deref().map_or(std::ptr::null(), |error| std::ptr::from_ref(error).cast())
}

/// # Safety
/// `items` is NULL or readable for `count` items while the result is used.
unsafe fn list<'a, T>(items: *const T, count: usize, argument: &str) -> Result<&'a [T]> {
    match (items.is_null(), count) {
        (_, 0) => Ok(&[]),
        (true, _) => Err(Error::invalid(argument, format!("is NULL, with a count of {count}"))),
        (false, _) if count > 100_000 => Err(Error::invalid(argument, format!("a count of {count} is impossible"))),
        (false, _) => Ok(unsafe { std::slice::from_raw_parts(items, count) }),
    }
}

/// A callback's userdata with the function that frees it: runs it exactly once, when the last holder is gone.
struct Userdata {
    data: *mut c_void,
    drop: Option<unsafe extern "C" fn(*mut c_void)>,
}

// SAFETY: the contract of every callback: its userdata may be used and dropped on any thread.
unsafe impl Send for Userdata {}
unsafe impl Sync for Userdata {}

impl Userdata {
    fn new(data: *mut c_void, drop: Option<unsafe extern "C" fn(*mut c_void)>) -> Userdata {
        Userdata { data, drop }
    }

    fn get(&self) -> *mut c_void {
        self.data
    }
}

impl Drop for Userdata {
    fn drop(&mut self) {
        if let Some(drop) = self.drop {
            // SAFETY: the pair came from the program together, and this runs once.
            unsafe { drop(self.data) };
        }
    }
}

/// So that clients and tokens know when they are used in a child that fork() made.
fn watch_forks() {
    static ONCE: Once = Once::new();
    extern "C" fn in_child() {
        fork::count();
    }
    // SAFETY: the handler is async-signal-safe, and the library is never unmapped (-z nodelete).
    ONCE.call_once(|| unsafe {
        libc::pthread_atfork(None, None, Some(in_child));
    });
}

/// # Safety
/// `out` is NULL or writable.
unsafe fn clear_value<T>(out: *mut T, zero: T, argument: &str) -> Result<()> {
    if out.is_null() {
        return Err(is_null(argument));
    }
    unsafe { out.write(zero) };
    Ok(())
}
