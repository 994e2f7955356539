//! Rate limiters: so many tokens in a period, for any number of threads and clients together. Alone, around whatever a
//! program does (httpc_rate_limiter_acquire()), or in a client, where every attempt takes a token first
//! (httpc_config_add_rate_limiter()).
//!
//! Tokens come one by one, period / tokens apart; up to `burst` of them are kept for later. So in any stretch of time of
//! length t at most burst + t * tokens / period are handed out. The distance is rounded up to whole microseconds, so that
//! the rate is never exceeded (GCRA). Whoever waits is served first come, first served; who gives up leaves no hole.

use super::cancel_token::httpc_cancel_token;
use super::clock::httpc_clock;
use super::{borrow, clear, clear_value, duration_ms, error::httpc_error, guard};
use crate::client::clock::Micros;
use crate::client::rate_limiter::{Entry, RateLimiter};
use crate::error::{Code, Error, Result};
use std::sync::Arc;

/// [shared] A rate limiter. One may serve many clients. After fork() it serves the parent only: in the child whoever wants
/// its tokens gets HTTPC_E_FORKED.
pub struct httpc_rate_limiter {
    _opaque: (),
}

impl httpc_rate_limiter {
    /// A reference of the library's own.
    ///
    /// # Safety
    /// `limiter` is NULL, or came from httpc_rate_limiter_new() and is not freed yet.
    pub(crate) unsafe fn retain(limiter: *mut httpc_rate_limiter) -> Result<Arc<RateLimiter>> {
        unsafe { borrow(limiter.cast_const(), "limiter") }?;
        let limiter: *const RateLimiter = limiter.cast_const().cast();
        unsafe {
            Arc::increment_strong_count(limiter);
            Ok(Arc::from_raw(limiter))
        }
    }
}

/// Makes a limiter of `tokens` per `period_ms` milliseconds that keeps up to `burst` unused tokens, and has them all at
/// the start. A burst of 1 means a minimum distance of period / tokens between any two. At most one token per microsecond:
/// for more, count in larger units. `clock` NULL is the real time; else the limiter keeps a reference. Errors:
/// HTTPC_E_INVALID_ARG.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_rate_limiter_new(
    tokens: u64,
    period_ms: u64,
    burst: u64,
    clock: *mut httpc_clock,
    out: *mut *mut httpc_rate_limiter,
    err: *mut *mut httpc_error,
) -> Code {
    guard(err, || {
        unsafe { clear(out) }?;
        super::watch_forks();
        let period_us = duration_ms(period_ms, "period_ms")? * 1000;
        let clock = unsafe { httpc_clock::retain(clock) };
        let limiter = Arc::new(RateLimiter::new(tokens, period_us, burst, clock)?);
        unsafe { out.write(Arc::into_raw(limiter).cast_mut().cast()) };
        Ok(())
    })
}

/// The longest wait that anybody accepts here, in milliseconds, whatever they say themselves; 0 (default) means no limit.
/// Who would have to wait longer gets HTTPC_E_RATE_LIMITED at once. Holds for those who come after this call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_rate_limiter_set_max_wait(limiter: *mut httpc_rate_limiter, ms: u64) -> Code {
    guard(std::ptr::null_mut(), || {
        let limiter = unsafe { httpc_rate_limiter::retain(limiter) }?;
        limiter.set_max_wait_ms(duration_ms(ms, "ms")?);
        Ok(())
    })
}

/// Takes `weight` tokens, at least 1 and at most the burst, and waits for them for up to `wait_ms` milliseconds (0: not at
/// all; HTTPC_FOREVER: as long as it takes). `token` may be NULL. Errors: HTTPC_E_RATE_LIMITED when the wait would be
/// longer, at once and without waiting: httpc_error_retry_after_ms() says when the tokens will be there.
/// HTTPC_E_CANCELLED; HTTPC_E_INVALID_ARG; HTTPC_E_RESOURCE when no descriptor is left to wait on. Any number of threads
/// may wait at once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_rate_limiter_acquire(
    limiter: *mut httpc_rate_limiter,
    weight: u32,
    wait_ms: u64,
    token: *mut httpc_cancel_token,
    err: *mut *mut httpc_error,
) -> Code {
    guard(err, || {
        let limiter = unsafe { httpc_rate_limiter::retain(limiter) }?;
        let token = unsafe { httpc_cancel_token::retain_any(token) };
        limiter.acquire(u64::from(weight), wait_ms, token.as_deref()).map(drop)
    })
}

/// Takes `weight` tokens if they are there and nobody waits for them. HTTPC_OK: they are yours. HTTPC_E_AGAIN: they are
/// not, and will be in `*wait_ms` milliseconds, rounded up, if those who wait before you go then; ask again. `*wait_ms` is
/// 0 otherwise. Never waits. For loops with a timer of their own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_rate_limiter_try(
    limiter: *mut httpc_rate_limiter,
    weight: u32,
    wait_ms: *mut u64,
    err: *mut *mut httpc_error,
) -> Code {
    guard(err, || {
        unsafe { clear_value(wait_ms, 0, "wait_ms") }?;
        let limiter = unsafe { httpc_rate_limiter::retain(limiter) }?;
        let now = limiter.clock().now();
        if limiter.take_at_once(u64::from(weight), now) {
            return Ok(());
        }
        let ms = match limiter.request(u64::from(weight), now, now)? {
            Entry::Granted(_) => return Ok(()),
            Entry::TooLate { due } => to_ms(due, now),
            Entry::Queued(place) => to_ms(place.due(), now),
        };
        unsafe { wait_ms.write(ms) };
        let mut error = Error::new(Code::HTTPC_E_AGAIN, format!("the tokens will be there in {ms} ms"));
        error.retry_after_ms = Some(ms);
        Err(error)
    })
}

fn to_ms(due: Micros, now: Micros) -> u64 {
    due.saturating_sub(now).div_ceil(1000).max(1)
}

/// Gives your reference back; configs and clients that hold the limiter keep theirs. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_rate_limiter_free(limiter: *mut httpc_rate_limiter) {
    if !limiter.is_null() {
        super::quiet((), || drop(unsafe { Arc::from_raw(limiter.cast_const().cast::<RateLimiter>()) }));
    }
}
