//! Virtual clocks, for tests: what waits by such a clock waits in no time at all. Rate limiters and httpc_retry_run() may go
//! by one, and whole clients with a mock (httpc_config_set_clock()). By itself the clock moves on whenever the library
//! waits, straight to the end of that wait; an engine thread waits when all its calls do. Set to manual it stands still
//! until the program advances it. It begins at 0. With several threads that wait at once manual is the mode to use: an automatic clock goes to the end of
//! whichever wait it learns of first.

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
        guard(std::ptr::null_mut(), || act(unsafe { borrow(clock.cast_const().cast(), "clock") }?))
    }
}

/// Makes a clock that moves on by itself.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_clock_new(out: *mut *mut httpc_clock, err: *mut *mut httpc_error) -> Code {
    guard(err, || {
        unsafe { clear(out) }?;
        let clock = Arc::new(VirtualClock::default());
        unsafe { out.write(Arc::into_raw(clock).cast_mut().cast()) };
        Ok(())
    })
}

/// 1: time stands still until httpc_clock_advance(), and waits really wait for that. 0 (default): it moves on by itself.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_clock_set_manual(clock: *mut httpc_clock, on: i32) -> Code {
    unsafe {
        httpc_clock::with(clock, |clock| {
            clock.set_manual(boolean(on, "on")?);
            Ok(())
        })
    }
}

/// Moves the time on, in either mode, and wakes what waits for it. At most 100 years at once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_clock_advance(clock: *mut httpc_clock, ms: u64) -> Code {
    unsafe {
        httpc_clock::with(clock, |clock| {
            clock.advance(duration_ms(ms, "ms")? * 1000);
            Ok(())
        })
    }
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
