//! What must be settled before libcurl starts OpenSSL, which the `curl` crate makes it do when this library is loaded.
//!
//! Left to itself OpenSSL frees all it has in an atexit handler, while other threads still encrypt: exit() would crash.
//! Whoever starts OpenSSL first in a process decides, so this comes before `curl`'s own entry, which has no priority.

#[used]
#[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".init_array.00101"))]
#[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mod_init_func"))]
static BEFORE_CURL: extern "C" fn() = start_openssl;

extern "C" fn start_openssl() {
    // With OPENSSL_INIT_NO_ATEXIT.
    openssl_sys::init();
}
