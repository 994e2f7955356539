//! What stays the same within one step into libcurl, and is not found out again: the linker leads libcurl's calls to `step.c`.
//! Where it does not, with the system's libcurl or in a Rust program that is linked otherwise, nothing changes.
//!
//! - It reads the clock more than thirty times for each request, which is a twelfth of what one costs: the first reading is good
//!   for all.
//! - It puts each request's URL together, of which nobody makes use: all transfers of a multi handle are to one origin.

use std::ffi::CStr;

#[cfg(wrapped)]
unsafe extern "C" {
    fn httpc_step_begin(url: *const std::ffi::c_char, url_size: usize);
    safe fn httpc_step_end();
}

/// A step into libcurl, for which time stands still. It must not wait. `url` is that of the origin's root.
pub fn step<T>(url: &CStr, work: impl FnOnce() -> T) -> T {
    #[cfg(wrapped)]
    // SAFETY: read until the end of the step.
    unsafe {
        httpc_step_begin(url.as_ptr(), url.to_bytes_with_nul().len());
    }
    #[cfg(not(wrapped))]
    let _ = url;
    let done = work();
    #[cfg(wrapped)]
    httpc_step_end();
    done
}
