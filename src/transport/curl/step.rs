//! What stays the same within one step into libcurl, and is not found out again: the linker leads libcurl's calls to `step.c`.
//! Where it does not, with the system's libcurl or in a Rust program that is linked otherwise, nothing changes.
//!
//! - It reads the clock more than thirty times for each request, which is a twelfth of what one costs: the first reading is good
//!   for all.
//! - It puts each request's URL together, of which nobody makes use, and takes it apart again for its origin: all transfers of a
//!   multi handle are to one. Connections are told to be to the same origin without a look at its name.
//! - It looks through all addresses that it remembers, under a lock, for those that are too old: once a second will do.
//! - It gathers thirty options of TLS for each request, also where there is no TLS.

use libc::time_t;
use std::cell::Cell;
use std::ffi::{CString, c_char, c_void};

/// What all transfers of a multi handle have in common.
pub struct Common {
    shown: Shown,
    _url: CString,
}

/// To `step.c`.
#[repr(C)]
struct Shown {
    /// Of the origin's root.
    url: *const c_char,
    url_size: usize,
    /// To the origin or to its proxy.
    uses_tls: bool,
    /// libcurl's own idea of the origin, once it has one.
    peer: Cell<*mut c_void>,
    /// The second in which it threw old addresses away last.
    pruned_at: Cell<time_t>,
}

#[cfg(wrapped)]
unsafe extern "C" {
    fn httpc_step_begin(common: *const Shown);
    safe fn httpc_step_end();
    fn httpc_forget_peer(common: *const Shown);
}

impl Common {
    pub fn new(url: CString, uses_tls: bool) -> Common {
        let shown = Shown {
            url: url.as_ptr(),
            url_size: url.count_bytes() + 1,
            uses_tls,
            peer: Cell::new(std::ptr::null_mut()),
            pruned_at: Cell::new(0),
        };
        Common { shown, _url: url }
    }
}

impl Drop for Common {
    fn drop(&mut self) {
        #[cfg(wrapped)]
        // SAFETY: libcurl counts who has it, on one thread at a time, as its handles are used.
        unsafe {
            httpc_forget_peer(&self.shown);
        }
    }
}

/// A step into libcurl, for which time stands still. It must not wait.
pub fn step<T>(common: &Common, work: impl FnOnce() -> T) -> T {
    #[cfg(wrapped)]
    // SAFETY: looked at until the end of the step.
    unsafe {
        httpc_step_begin(&common.shown);
    }
    #[cfg(not(wrapped))]
    let _ = &common.shown;
    let done = work();
    #[cfg(wrapped)]
    httpc_step_end();
    done
}
