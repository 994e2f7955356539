//! Retry policies: what is tried again, how often, and after how long. The defaults suit most APIs: three attempts; pauses
//! of up to 0.5 s and 1 s (full jitter); never a request again that could repeat a side effect; Retry-After obeyed; a
//! budget per origin, so that retries cannot multiply an outage.

use super::attempt::httpc_attempt;
use super::{boolean, borrow, clear, duration_ms, error::httpc_error, guard, string};
use crate::client::attempt::Attempt;
use crate::client::retry_rules::{Decider, Decision, RetryRules};
use crate::error::{Code, Error, Result};
use crate::policy::backoff::Jitter;
use std::ffi::{c_char, c_void};
use std::sync::Arc;

/// [single] Retry rules. Copied when given to a config or request.
pub struct httpc_retry_policy {
    inner: RetryRules,
    failure: Option<Box<Error>>,
}

/// How a pause d of the exponential backoff is spread, so that clients do not come back in step.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum httpc_jitter {
    /// d.
    HTTPC_JITTER_NONE = 0,
    /// d and up to 10 % more.
    HTTPC_JITTER_ADDITIVE = 1,
    /// Uniform in 0 to d (default).
    HTTPC_JITTER_FULL = 2,
    /// d/2, and uniform in 0 to d/2 more.
    HTTPC_JITTER_EQUAL = 3,
    /// Uniform in base to 3 times the pause before, at most the cap.
    HTTPC_JITTER_DECORRELATED = 4,
    HTTPC_JITTER_FORCE_32_ = 0x7fff_ffff,
}

/// What a decider says of an attempt that failed.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum httpc_decision {
    /// As the policy's other rules say.
    HTTPC_DECISION_DEFAULT = 0,
    /// Try again, also where the rules would not: the number of attempts, the deadline and the budget still bound it.
    HTTPC_DECISION_RETRY = 1,
    /// Give up; the stop reason is HTTPC_STOP_DECIDER.
    HTTPC_DECISION_STOP = 2,
    HTTPC_DECISION_FORCE_32_ = 0x7fff_ffff,
}

/// Judges a failed attempt; returns an httpc_decision. Runs on the calling thread of a blocking call, on an engine thread for
/// a submitted one and over HTTP/2. `attempt` is borrowed for the duration of the call; for a status it is judged at the head of
/// the response.
pub type httpc_decider_fn = Option<unsafe extern "C" fn(userdata: *mut c_void, attempt: *const httpc_attempt) -> i32>;

/// Called exactly once with a callback's userdata, when the library holds it no longer. Any thread.
pub type httpc_drop_fn = Option<unsafe extern "C" fn(userdata: *mut c_void)>;

unsafe fn set(policy: *mut httpc_retry_policy, setter: impl FnOnce(&mut RetryRules) -> Result<()>) -> Code {
    let Some(policy) = (unsafe { policy.as_mut() }) else { return Code::HTTPC_E_INVALID_ARG };
    super::keep_first(&mut policy.failure, || setter(&mut policy.inner))
}

impl httpc_retry_policy {
    /// For loops without HTTP. NULL: the defaults, with a budget of their own.
    ///
    /// # Safety
    /// `policy` is NULL or alive.
    pub(crate) unsafe fn copy_or_default(policy: *const httpc_retry_policy) -> Result<Arc<RetryRules>> {
        if policy.is_null() { Ok(Arc::default()) } else { unsafe { httpc_retry_policy::copy(policy) } }
    }

    /// NULL: no retries.
    ///
    /// # Safety
    /// `policy` is NULL or alive.
    pub(crate) unsafe fn copy(policy: *const httpc_retry_policy) -> Result<Arc<RetryRules>> {
        if policy.is_null() {
            return Ok(Arc::new(RetryRules::off()));
        }
        let policy = unsafe { borrow(policy, "policy") }?;
        match &policy.failure {
            Some(failure) => Err(failure.again()),
            None => Ok(Arc::new(policy.inner.clone())),
        }
    }
}

/// Makes a policy with the defaults.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_retry_policy_new(out: *mut *mut httpc_retry_policy, err: *mut *mut httpc_error) -> Code {
    guard(err, || {
        unsafe { clear(out) }?;
        let policy = httpc_retry_policy { inner: RetryRules::default(), failure: None };
        unsafe { out.write(Box::into_raw(Box::new(policy))) };
        Ok(())
    })
}

/// The first failure of a setter, or NULL. Borrowed from the policy.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_retry_policy_error(policy: *const httpc_retry_policy) -> *const httpc_error {
    unsafe { policy.as_ref() }.map_or(std::ptr::null(), |p| super::lend_failure(&p.failure))
}

/// How often a request is tried in all; 1 means no retries, 0 is an error. Default 3.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_retry_policy_set_max_attempts(policy: *mut httpc_retry_policy, attempts: u32) -> Code {
    unsafe { set(policy, |p| p.set_max_attempts(attempts)) }
}

/// The pause before retry i (from 0): min(cap, base * multiplier^i), in milliseconds, then jitter. The multiplier is 1 to
/// 1000. Defaults: 500 ms, 2, 20 s.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_retry_policy_set_backoff(
    policy: *mut httpc_retry_policy,
    base_ms: u64,
    multiplier: f64,
    cap_ms: u64,
) -> Code {
    unsafe {
        set(policy, |p| p.set_backoff(duration_ms(base_ms, "base_ms")?, multiplier, duration_ms(cap_ms, "cap_ms")?))
    }
}

/// How the pauses are spread; `jitter` is an httpc_jitter. Default HTTPC_JITTER_FULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_retry_policy_set_jitter(policy: *mut httpc_retry_policy, jitter: i32) -> Code {
    unsafe {
        set(policy, |p| {
            p.policy.backoff.jitter = match jitter {
                0 => Jitter::None,
                1 => Jitter::Additive,
                2 => Jitter::Full,
                3 => Jitter::Equal,
                4 => Jitter::Decorrelated,
                other => return Err(Error::invalid("jitter", format!("{other} is no httpc_jitter"))),
            };
            Ok(())
        })
    }
}

/// The statuses that are retried, each 100 to 599, in place of the default {408, 429, 500, 502, 503, 504}. (NULL, 0) is
/// none. Those are retried for methods that may be sent twice; 429, and a listed 413 or 425, for every method, since they say
/// that nothing was done.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_retry_policy_set_statuses(
    policy: *mut httpc_retry_policy,
    statuses: *const i32,
    count: usize,
) -> Code {
    unsafe { set(policy, |p| p.set_statuses(super::list(statuses, count, "statuses")?)) }
}

/// The methods that may be sent twice, in place of the default {GET, HEAD, OPTIONS, TRACE, PUT, DELETE}. A method listed
/// here is retried like GET, POST too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_retry_policy_set_methods(
    policy: *mut httpc_retry_policy,
    methods: *const *const c_char,
    count: usize,
) -> Code {
    unsafe {
        set(policy, |p| {
            let methods = super::list(methods, count, "methods")?;
            p.set_methods(&methods.iter().map(|name| string(*name, "methods")).collect::<Result<Vec<_>>>()?)
        })
    }
}

/// Whether Retry-After (RFC 9110 section 10.2.3) is obeyed (`on`, default 1), and the longest pause in milliseconds that
/// is: a longer one ends the call at once with HTTPC_STOP_RETRY_AFTER_TOO_LONG. 0 (default): no limit but the total
/// timeout.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_retry_policy_set_retry_after(
    policy: *mut httpc_retry_policy,
    on: i32,
    max_ms: u64,
) -> Code {
    unsafe {
        set(policy, |p| {
            p.policy.respect_retry_after = boolean(on, "on")?;
            p.policy.retry_after_max_ms = Some(duration_ms(max_ms, "max_ms")?).filter(|ms| *ms > 0);
            Ok(())
        })
    }
}

/// Whether a 429 is retried for every method, POST too, because it says that the request was not acted on (1, default).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_retry_policy_set_retry_throttled(policy: *mut httpc_retry_policy, on: i32) -> Code {
    unsafe {
        set(policy, |p| {
            p.policy.retry_throttled = boolean(on, "on")?;
            Ok(())
        })
    }
}

/// A larger base of the backoff, in milliseconds, after a 429, or a 503 with Retry-After, that gives no usable hint. 0
/// (default): the ordinary base.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_retry_policy_set_throttled_base(policy: *mut httpc_retry_policy, base_ms: u64) -> Code {
    unsafe {
        set(policy, |p| {
            p.policy.throttled_base_ms = Some(duration_ms(base_ms, "base_ms")?).filter(|ms| *ms > 0);
            Ok(())
        })
    }
}

/// The retry budget of each origin, a token bucket: a retry takes `retry_cost`, after a throttled answer
/// `throttled_cost`; success pays back; when it is empty nothing is retried (HTTPC_STOP_BUDGET). A request that was never
/// sent costs nothing. Defaults 500, 14, 5. A capacity of 0 turns the budget off. httpc_retry_run() and httpc_retry_new()
/// know no origins: all that is run under one policy object draws on one bucket, which this call fills anew.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_retry_policy_set_budget(
    policy: *mut httpc_retry_policy,
    capacity: u32,
    retry_cost: u32,
    throttled_cost: u32,
) -> Code {
    unsafe {
        set(policy, |p| {
            p.set_budget(capacity, retry_cost, throttled_cost);
            Ok(())
        })
    }
}

/// How many tokens are left in the bucket that httpc_retry_run() and httpc_retry_new() draw on under this policy. NULL
/// reads as 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_retry_policy_budget_left(policy: *const httpc_retry_policy) -> u32 {
    super::quiet(0, || unsafe { policy.as_ref() }.map_or(0, |p| p.inner.budget.lock().tokens()))
}

/// For httpc_retry_run() only: whether the function may be run again although an earlier run may have had its effect
/// (HTTPC_OUTCOME_MAYBE_SENT, HTTPC_OUTCOME_STATUS). Default 0. Requests say it by their method, or with
/// httpc_request_set_idempotent().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_retry_policy_set_idempotent(policy: *mut httpc_retry_policy, on: i32) -> Code {
    unsafe {
        set(policy, |p| {
            p.idempotent = boolean(on, "on")?;
            Ok(())
        })
    }
}

/// A function of the program's that judges failed attempts before the other rules do. NULL takes it away. `drop` may be
/// NULL; it runs once, when the last copy of the policy is gone, also when this call fails. Not asked where there is no
/// request: the function given to httpc_retry_run() judges by its outcome.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_retry_policy_set_decider(
    policy: *mut httpc_retry_policy,
    decider: httpc_decider_fn,
    userdata: *mut c_void,
    drop: httpc_drop_fn,
) -> Code {
    let userdata = super::Userdata::new(userdata, drop);
    unsafe {
        set(policy, move |p| {
            p.decider = decider.map(|decider| {
                let judge = move |attempt: &Attempt| match decider(userdata.get(), httpc_attempt::lend(attempt)) {
                    1 => Decision::Retry,
                    2 => Decision::Stop,
                    _ => Decision::Default,
                };
                Arc::new(judge) as Arc<Decider>
            });
            Ok(())
        })
    }
}

/// Frees a policy; copies in configs, clients and requests live on. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_retry_policy_free(policy: *mut httpc_retry_policy) {
    if !policy.is_null() {
        super::quiet((), || drop(unsafe { Box::from_raw(policy) }));
    }
}
