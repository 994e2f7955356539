//! Virtual clocks, for tests: what waits by such a clock waits in no time at all. Rate limiters and httpc_retry_run() may go
//! by one, and whole clients with a mock (httpc_config_set_clock()). It begins at 0.
//!
//! By itself the clock moves on when everything that goes by it waits, straight to the end of the wait that ends first. What
//! goes by it are the calls of its clients, blocking, submitted and as streams, and threads inside httpc_retry_run(),
//! httpc_rate_limiter_acquire() and the functions that wait for such calls to end. A callback is part of its call: while it
//! runs, time stands still. What a thread does between two calls the library does not see, unless the program says that it
//! is there: httpc_clock_add_threads(). Set to manual the clock stands still until the program advances it.
//!
//! The `wait_ms` of httpc_call_wait(), httpc_queue_next() and httpc_client_close() is real time. After fork() a clock serves
//! the parent only.

use super::library::HTTPC_FOREVER;
use super::{boolean, borrow, clear, duration_ms, error::httpc_error, guard};
use crate::client::clock::Clock;
use crate::client::virtual_clock::VirtualClock;
use crate::error::{Code, Result};
use std::sync::Arc;

/// [shared] A virtual clock.
pub struct httpc_clock {
    _opaque: (),
}

impl httpc_clock {
    /// NULL: the real one.
    ///
    /// # Safety
    /// `clock` is NULL, or came from httpc_clock_new() and is not freed yet.
    pub(crate) unsafe fn retain(clock: *const httpc_clock) -> Clock {
        if clock.is_null() {
            return Clock::Real;
        }
        let clock: *const VirtualClock = clock.cast();
        unsafe {
            Arc::increment_strong_count(clock);
            Clock::Virtual(Arc::from_raw(clock))
        }
    }

    unsafe fn with(clock: *mut httpc_clock, act: impl FnOnce(&VirtualClock) -> Result<()>) -> Code {
        guard(std::ptr::null_mut(), || {
            let clock: &VirtualClock = unsafe { borrow(clock.cast_const().cast(), "clock") }?;
            clock.check_fork()?;
            act(clock)
        })
    }
}

/// Makes a clock that moves on by itself.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_clock_new(out: *mut *mut httpc_clock, err: *mut *mut httpc_error) -> Code {
    guard(err, || {
        unsafe { clear(out) }?;
        super::watch_forks();
        let clock = Arc::new(VirtualClock::default());
        unsafe { out.write(Arc::into_raw(clock).cast_mut().cast()) };
        Ok(())
    })
}

/// 1: time stands still until httpc_clock_advance(), and waits really wait for that. 0 (default): it moves on by itself.
/// HTTPC_E_FORKED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_clock_set_manual(clock: *mut httpc_clock, on: i32) -> Code {
    unsafe {
        httpc_clock::with(clock, |clock| {
            clock.set_manual(boolean(on, "on")?);
            Ok(())
        })
    }
}

/// Moves the time on, in either mode, and wakes what waits for it. At most 100 years at once. HTTPC_E_FORKED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_clock_advance(clock: *mut httpc_clock, ms: u64) -> Code {
    unsafe {
        httpc_clock::with(clock, |clock| {
            clock.advance(duration_ms(ms, "ms")? * 1000);
            Ok(())
        })
    }
}

/// Says that `n` more threads of the program use the clock, or fewer where it is negative: by itself it then moves on only
/// while at least so many wait in functions of the library. Engine threads do not count; none do at first, so that time
/// passes while the program is busy with other things. With one, a thread submits calls at the same instant and then waits
/// for them. For several threads add them before they start, and take each away when it has ended what it does. A thread
/// that is counted and waits elsewhere (for a mutex, in poll()) keeps time standing still. HTTPC_E_INVALID_ARG when fewer
/// than none would be left, or more than a million; HTTPC_E_FORKED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_clock_add_threads(clock: *mut httpc_clock, n: i32) -> Code {
    unsafe { httpc_clock::with(clock, |clock| clock.add_threads(n)) }
}

/// The time in milliseconds since the clock was made. It counts microseconds and shows whole milliseconds, rounded down.
/// NULL reads as HTTPC_FOREVER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_clock_now_ms(clock: *const httpc_clock) -> u64 {
    super::quiet(HTTPC_FOREVER, || {
        unsafe { clock.cast::<VirtualClock>().as_ref() }.map_or(HTTPC_FOREVER, |clock| clock.now() / 1000)
    })
}

/// Gives your reference back; limiters and clients that go by the clock keep theirs. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_clock_free(clock: *mut httpc_clock) {
    if !clock.is_null() {
        super::quiet((), || drop(unsafe { Arc::from_raw(clock.cast_const().cast::<VirtualClock>()) }));
    }
}
