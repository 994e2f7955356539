//! Retry without HTTP: the same rules, pauses and budget around any function (httpc_retry_run()), or in a loop of the
//! program's own (httpc_retry_new(), httpc_retry_next()). The program says how an attempt ended; the library says whether,
//! when and how often to try again.
//!
//! Of the policy's settings those that speak of requests play no part: methods and decider. Everything run under one
//! policy object shares one retry budget (httpc_retry_policy_set_budget()), in several threads too, as long as none of
//! them changes the policy.

use super::cancel_token::httpc_cancel_token;
use super::clock::httpc_clock;
use super::library::HTTPC_UNSET;
use super::retry_policy::httpc_retry_policy;
use super::{boolean, clear, clear_value, duration_ms, error::httpc_error, guard};
use crate::client::retry_loop::{self, Report, RetryLoop};
use crate::error::{Code, Error, Result, Stop};
use crate::policy::retry::{Outcome, Verdict};
use crate::policy::retry_after;
use std::ffi::{CStr, c_char, c_void};

/// How an attempt ended.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum httpc_outcome {
    /// Done.
    HTTPC_OUTCOME_SUCCESS = 0,
    /// Not a byte went out: trying again is safe, and costs nothing of the budget.
    HTTPC_OUTCOME_NEVER_SENT = 1,
    /// It may have had its effect, and no usable answer came. Tried again only where that is harmless (idempotent).
    HTTPC_OUTCOME_MAYBE_SENT = 2,
    /// It got there and certainly was not acted on.
    HTTPC_OUTCOME_UNPROCESSED = 3,
    /// The other side answered with an HTTP status. Where none is given, in httpc_retry_run(), it counts as a 500.
    HTTPC_OUTCOME_STATUS = 4,
    /// Refused for load, and not acted on.
    HTTPC_OUTCOME_THROTTLED = 5,
    /// It would fail in the same way again.
    HTTPC_OUTCOME_FATAL = 6,
    HTTPC_OUTCOME_FORCE_32_ = 0x7fff_ffff,
}

/// One attempt of httpc_retry_run(), made on the calling thread; returns an httpc_outcome. `attempt` counts from 1;
/// `left_ms` is what is left of the total time in milliseconds, rounded up and never 0, or HTTPC_UNSET when there is no
/// limit. `*retry_after_ms` is HTTPC_UNSET on entry; set it when the other side asks for a pause.
pub type httpc_attempt_fn =
    Option<unsafe extern "C" fn(userdata: *mut c_void, attempt: u32, left_ms: u64, retry_after_ms: *mut u64) -> i32>;

/// [single] A retry loop in progress.
pub struct httpc_retry {
    inner: RetryLoop,
}

fn outcome_from(outcome: i32, status: impl FnOnce() -> Result<u16>) -> Result<Outcome> {
    Ok(match outcome {
        0 => Outcome::Success,
        1 => Outcome::NeverSent,
        2 => Outcome::MaybeSent,
        3 => Outcome::Unprocessed,
        4 => Outcome::Status(status()?),
        5 => Outcome::Throttled,
        6 => Outcome::Fatal,
        other => return Err(Error::invalid("outcome", format!("{other} is no httpc_outcome"))),
    })
}

fn hint(retry_after_ms: u64) -> Option<u64> {
    Some(retry_after_ms).filter(|ms| *ms != HTTPC_UNSET)
}

/// Microseconds of a clock whose origin is the program's own.
fn micros(now_ms: u64) -> u64 {
    now_ms.saturating_mul(1000)
}

/// Runs `attempt` until it succeeds or the policy says stop, with the policy's pauses in between. `policy` NULL is the
/// defaults. `total_ms` bounds it all: no attempt begins later, and a pause that would not end before is not begun; a
/// running attempt is not ended, it gets told how much time is left. 0 means no limit. `token` and `clock` may be NULL.
///
/// HTTPC_OUTCOME_MAYBE_SENT and HTTPC_OUTCOME_STATUS end it, unless httpc_retry_policy_set_idempotent() says that running
/// the function twice does no harm.
///
/// Errors: HTTPC_E_ABORTED when the last attempt failed and the policy allows no other; HTTPC_E_TIMEOUT_TOTAL when the
/// total time allows no other; HTTPC_E_CANCELLED; HTTPC_E_INVALID_ARG, also when the function returns something else than
/// an httpc_outcome. The error's detail says how the last attempt ended and why no other followed
/// (httpc_error_stop_reason()), and it holds the record of all: httpc_error_attempt(), with the pauses between them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_retry_run(
    policy: *const httpc_retry_policy,
    total_ms: u64,
    token: *mut httpc_cancel_token,
    clock: *mut httpc_clock,
    attempt: httpc_attempt_fn,
    userdata: *mut c_void,
    err: *mut *mut httpc_error,
) -> Code {
    guard(err, || {
        let function = attempt.ok_or_else(|| super::is_null("attempt"))?;
        let rules = unsafe { httpc_retry_policy::copy_or_default(policy) }?;
        let total_ms = duration_ms(total_ms, "total_ms")?;
        let token = unsafe { httpc_cancel_token::retain_any(token) };
        let clock = unsafe { httpc_clock::retain(clock) };
        retry_loop::run(rules, total_ms, token.as_deref(), &clock, |number, left_ms| {
            let mut retry_after_ms = HTTPC_UNSET;
            // SAFETY: the function and its userdata came from the program together, for the length of this call.
            let said = unsafe { function(userdata, number, left_ms.unwrap_or(HTTPC_UNSET), &mut retry_after_ms) };
            let outcome = outcome_from(said, || Ok(500)).map_err(|_| {
                Error::invalid("attempt", format!("the function returned {said}, which is no httpc_outcome"))
            })?;
            Ok(Report { outcome, retry_after_ms: hint(retry_after_ms) })
        })
    })
}

/// Begins a loop that the program drives itself: make an attempt, report it with httpc_retry_next(), wait as it says, and
/// so on. `policy` NULL is the defaults; it is copied. `idempotent`: whether an attempt that may have had its effect may
/// be repeated. `total_ms` counts from `now_ms`, and 0 means no limit. `now_ms` is milliseconds on any clock that never
/// goes back; the loop reads none itself.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_retry_new(
    policy: *const httpc_retry_policy,
    idempotent: i32,
    total_ms: u64,
    now_ms: u64,
    out: *mut *mut httpc_retry,
    err: *mut *mut httpc_error,
) -> Code {
    guard(err, || {
        unsafe { clear(out) }?;
        let rules = unsafe { httpc_retry_policy::copy_or_default(policy) }?;
        let idempotent = boolean(idempotent, "idempotent")?;
        let inner = RetryLoop::new(rules, idempotent, duration_ms(total_ms, "total_ms")?, micros(now_ms));
        unsafe { out.write(Box::into_raw(Box::new(httpc_retry { inner }))) };
        Ok(())
    })
}

/// Reports how an attempt ended at `now_ms`, and asks what is next. `*stop` HTTPC_STOP_NONE: try again after `*delay_ms`
/// milliseconds. Else the loop is over, for that reason (HTTPC_STOP_SUCCESS among them), and `*delay_ms` is 0. `outcome`
/// is an httpc_outcome; `status` counts with HTTPC_OUTCOME_STATUS only, 100 to 599; `retry_after_ms` is what the other
/// side asked for, see httpc_retry_after_parse(), or HTTPC_UNSET. HTTPC_OK for either answer. Errors:
/// HTTPC_E_INVALID_ARG, also once the loop is over; then nothing counts as reported.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_retry_next(
    retry: *mut httpc_retry,
    outcome: i32,
    status: i32,
    retry_after_ms: u64,
    now_ms: u64,
    delay_ms: *mut u64,
    stop: *mut i32,
    err: *mut *mut httpc_error,
) -> Code {
    guard(err, || {
        unsafe { clear_value(delay_ms, 0, "delay_ms") }?;
        unsafe { clear_value(stop, Stop::HTTPC_STOP_NOT_RETRYABLE as i32, "stop") }?;
        let retry = &mut unsafe { retry.as_mut() }.ok_or_else(|| super::is_null("retry"))?.inner;
        if retry.has_ended() {
            return Err(Error::invalid("retry", "this loop is over; begin a new one"));
        }
        let outcome = outcome_from(outcome, || {
            let code = u16::try_from(status).ok().filter(|code| (100..600).contains(code));
            code.ok_or_else(|| Error::invalid("status", format!("{status} is no HTTP status (100 to 599)")))
        })?;
        let (pause_ms, reason) = match retry.next(outcome, hint(retry_after_ms), micros(now_ms)) {
            Verdict::Retry { delay_ms, .. } => (delay_ms, Stop::HTTPC_STOP_NONE),
            Verdict::Stop { reason, .. } => (0, reason),
        };
        unsafe {
            delay_ms.write(pause_ms);
            stop.write(reason as i32);
        }
        Ok(())
    })
}

/// How many attempts were reported. NULL reads as 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_retry_attempts(retry: *const httpc_retry) -> u32 {
    super::quiet(0, || unsafe { retry.as_ref() }.map_or(0, |retry| retry.inner.attempts()))
}

/// What is left of the total time at `now_ms`, in milliseconds: the limit for the next attempt. 0 when it has passed,
/// HTTPC_UNSET when there is none. NULL reads as HTTPC_UNSET.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_retry_left_ms(retry: *const httpc_retry, now_ms: u64) -> u64 {
    super::quiet(HTTPC_UNSET, || {
        unsafe { retry.as_ref() }.and_then(|retry| retry.inner.left_ms(micros(now_ms))).unwrap_or(HTTPC_UNSET)
    })
}

/// Frees a loop. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_retry_free(retry: *mut httpc_retry) {
    if !retry.is_null() {
        super::quiet((), || drop(unsafe { Box::from_raw(retry) }));
    }
}

/// Reads the value of a Retry-After header (RFC 9110 section 10.2.3), seconds or any of the three forms of an HTTP-date,
/// into milliseconds from now; more seconds than fit saturate. 0 means "now" or a date in the past. A date is measured
/// against `date`, the same response's Date header, where that is within a day of `unix_now_ms`, the wall clock in
/// milliseconds since 1970, else against the wall clock; `date` may be NULL. Errors: HTTPC_E_PROTOCOL when the value is
/// neither; `*out_ms` is then HTTPC_UNSET, "no hint", so that it may be handed on without a look at the code.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_retry_after_parse(
    value: *const c_char,
    date: *const c_char,
    unix_now_ms: i64,
    out_ms: *mut u64,
    err: *mut *mut httpc_error,
) -> Code {
    guard(err, || {
        unsafe { clear_value(out_ms, HTTPC_UNSET, "out_ms") }?;
        if value.is_null() {
            return Err(super::is_null("value"));
        }
        let value = unsafe { CStr::from_ptr(value) }.to_bytes();
        let date = (!date.is_null()).then(|| unsafe { CStr::from_ptr(date) }.to_bytes());
        let ms = retry_after::parse(value, date, unix_now_ms).ok_or_else(|| {
            let shown = crate::text::printable(value, 60);
            Error::new(Code::HTTPC_E_PROTOCOL, format!("Retry-After is neither seconds nor an HTTP-date: {shown}"))
        })?;
        // Without end, and yet a demand: not to be taken for "no hint".
        unsafe { out_ms.write(ms.min(HTTPC_UNSET - 1)) };
        Ok(())
    })
}
