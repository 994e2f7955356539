//! libcurl reads the clock more than thirty times for each request, which is a twelfth of what one costs. Within one step into
//! it, the first reading is good for all: the linker leads its calls to `step_clock.c`. Where it does not, with the system's
//! libcurl or in a Rust program that is linked otherwise, nothing changes.

#[cfg(wrapped_clock)]
unsafe extern "C" {
    safe fn httpc_step_clock_begin();
    safe fn httpc_step_clock_end();
}

/// A step into libcurl, for which time stands still. It must not wait.
pub fn step<T>(work: impl FnOnce() -> T) -> T {
    #[cfg(wrapped_clock)]
    httpc_step_clock_begin();
    let done = work();
    #[cfg(wrapped_clock)]
    httpc_step_clock_end();
    done
}
