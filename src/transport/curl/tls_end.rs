//! Whether TLS was ended by the peer's close_notify (RFC 8446 section 6.1) or cut off by whoever sits in between. For a body
//! that only the end of the connection ends it is the difference between a whole one and a part, and an older libcurl does
//! not tell.

use super::sys;
use curl_sys as ffi;
use openssl_sys as ssl;
use std::ffi::{c_int, c_long, c_void};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

/// Of one connection. The other reference is OpenSSL's: the connection may go before or after its transfer.
#[derive(Default)]
pub struct TlsEnd {
    notified: Arc<AtomicBool>,
}

impl TlsEnd {
    /// Watches the connection that the transfer runs on, whose end has not come yet. `None` where that is no OpenSSL.
    ///
    /// # Safety
    /// The handle's transfer is running.
    pub unsafe fn watch(easy: *mut ffi::CURL) -> Option<TlsEnd> {
        let index = ex_data_index()?;
        // SAFETY: the info's type is that of curl_easy_getinfo(3). The connection lives while its transfer runs; the
        // reference that it gets is given back by `release`.
        unsafe {
            let connection = openssl_of(easy)?.as_ptr();
            let end = TlsEnd::default();
            let theirs = Arc::into_raw(end.notified.clone()).cast_mut().cast();
            if ssl::SSL_set_ex_data(connection, index, theirs) != 1 {
                drop(Arc::from_raw(theirs.cast::<AtomicBool>()));
                return None;
            }
            sys::SSL_set_info_callback(connection, note_alert);
            Some(end)
        }
    }

    pub fn was_notified(&self) -> bool {
        self.notified.load(Ordering::Relaxed)
    }
}

/// OpenSSL's side of the connection that a transfer is on.
///
/// # Safety
/// The handle is alive; the result lives as long as the connection.
pub unsafe fn openssl_of(easy: *mut ffi::CURL) -> Option<NonNull<ssl::SSL>> {
    let mut session: *const sys::TlsSession = ptr::null();
    // SAFETY: the info's type is that of curl_easy_getinfo(3), which may be called in a callback; what it points to is the
    // handle's own.
    unsafe {
        ffi::curl_easy_getinfo(easy, sys::CURLINFO_TLS_SSL_PTR, &mut session as *mut *const sys::TlsSession);
        let session = session.as_ref().filter(|session| session.backend == sys::CURLSSLBACKEND_OPENSSL)?;
        NonNull::new(session.internals.cast())
    }
}

fn ex_data_index() -> Option<c_int> {
    static INDEX: OnceLock<c_int> = OnceLock::new();
    // SAFETY: no argument but the function that frees what is kept under the index.
    let index =
        *INDEX.get_or_init(|| unsafe { ssl::SSL_get_ex_new_index(0, ptr::null_mut(), None, None, Some(release)) });
    (index >= 0).then_some(index)
}

/// For SSL_set_info_callback(3).
extern "C" fn note_alert(connection: *const ssl::SSL, event: c_int, value: c_int) {
    if event & sys::SSL_CB_READ_ALERT != sys::SSL_CB_READ_ALERT || value & 0xff != sys::SSL_AD_CLOSE_NOTIFY {
        return;
    }
    // SAFETY: what `watch` has put there, alive as long as the connection.
    unsafe {
        let notified = ex_data_index().map(|index| ssl::SSL_get_ex_data(connection, index).cast::<AtomicBool>());
        if let Some(notified) = notified.and_then(|notified| notified.as_ref()) {
            notified.store(true, Ordering::Relaxed);
        }
    }
}

/// CRYPTO_EX_free, for every connection of the process that ends.
unsafe extern "C" fn release(
    _: *mut c_void,
    notified: *mut c_void,
    _: *mut ssl::CRYPTO_EX_DATA,
    _: c_int,
    _: c_long,
    _: *mut c_void,
) {
    if !notified.is_null() {
        // SAFETY: the reference that `watch` gave away.
        drop(unsafe { Arc::from_raw(notified.cast_const().cast::<AtomicBool>()) });
    }
}
