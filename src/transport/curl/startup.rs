//! What must be settled before libcurl and OpenSSL start, which the `curl` crate makes them do when this library is loaded.
//!
//! Left to itself OpenSSL frees all it has in an atexit handler, while other threads still encrypt: exit() would crash.
//! Whoever starts OpenSSL first in a process decides, so this comes before `curl`'s own entry, which has no priority.

#[used]
#[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".init_array.00101"))]
#[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mod_init_func"))]
static BEFORE_CURL: extern "C" fn() = start;

extern "C" fn start() {
    // With OPENSSL_INIT_NO_ATEXIT.
    openssl_sys::init();
    #[cfg(all(feature = "bundled", feature = "mimalloc"))]
    allocate::with_mimalloc();
}

/// The bundled libcurl allocates as this library does. One that the program uses as well does not.
#[cfg(all(feature = "bundled", feature = "mimalloc"))]
mod allocate {
    use crate::allocator::{mi_malloc, mi_realloc};
    use std::ffi::{c_char, c_void};

    // Safe as those are.
    unsafe extern "C" {
        safe fn mi_free(block: *mut c_void);
        safe fn mi_strdup(text: *const c_char) -> *mut c_char;
        safe fn mi_calloc(count: usize, size: usize) -> *mut c_void;
    }

    pub fn with_mimalloc() {
        let flags = curl_sys::CURL_GLOBAL_ALL;
        // SAFETY: nobody has started libcurl, and there is one thread. What comes later finds it started. Should it fail,
        // `curl` tries again, and says so.
        unsafe { curl_sys::curl_global_init_mem(flags, mi_malloc, mi_free, mi_realloc, mi_strdup, mi_calloc) };
    }
}
