//! What stays the same within one step into libcurl, and is not found out again: the linker leads libcurl's calls to `step.c`.
//! Where it does not, with the system's libcurl or in a Rust program that is linked otherwise, nothing changes.
//!
//! - It reads the clock more than thirty times for each request, which is a twelfth of what one costs: the first reading is good
//!   for all.
//! - It puts each request's URL together, of which nobody makes use: all transfers of a multi handle are to one origin.
//! - It gathers thirty options of TLS for each request, where there is no TLS.

use std::ffi::CString;

/// Of all transfers of a multi handle.
#[derive(Default)]
pub struct Common {
    /// Of the origin's root.
    pub url: CString,
    /// To the origin or to its proxy.
    pub uses_tls: bool,
}

#[cfg(wrapped)]
unsafe extern "C" {
    fn httpc_step_begin(url: *const std::ffi::c_char, url_size: usize, uses_tls: bool);
    safe fn httpc_step_end();
}

/// A step into libcurl, for which time stands still. It must not wait.
pub fn step<T>(common: &Common, work: impl FnOnce() -> T) -> T {
    #[cfg(wrapped)]
    // SAFETY: read until the end of the step.
    unsafe {
        httpc_step_begin(common.url.as_ptr(), common.url.count_bytes() + 1, common.uses_tls);
    }
    #[cfg(not(wrapped))]
    let _ = (&common.url, common.uses_tls);
    let done = work();
    #[cfg(wrapped)]
    httpc_step_end();
    done
}
