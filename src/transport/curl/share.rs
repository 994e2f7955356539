//! What the handles of one client share: resolved names and TLS sessions. Not connections, which libcurl does not support
//! sharing between threads (CURL_LOCK_DATA_CONNECT).

use crate::error::{Code, Error, Result};
use curl_sys as ffi;
use parking_lot::RawMutex;
use parking_lot::lock_api::RawMutex as _;
use std::ffi::c_void;

/// One lock for each kind of data; libcurl numbers seven.
type Locks = [RawMutex; 8];

pub struct Share {
    handle: *mut ffi::CURLSH,
    locks: *mut Locks,
}

// SAFETY: libcurl takes the locks below around every access to what is shared.
unsafe impl Send for Share {}
unsafe impl Sync for Share {}

impl Share {
    pub fn new() -> Result<Share> {
        ::curl::init();
        // SAFETY: plain construction; the options' types are those of curl_share_setopt(3).
        unsafe {
            let handle = ffi::curl_share_init();
            if handle.is_null() {
                return Err(Error::new(Code::HTTPC_E_RESOURCE, "no memory for the share handle"));
            }
            let locks = Box::into_raw(Box::new([const { RawMutex::INIT }; 8]));
            let (lock_fn, unlock_fn): (ffi::curl_lock_function, ffi::curl_unlock_function) = (lock, unlock);
            ffi::curl_share_setopt(handle, ffi::CURLSHOPT_LOCKFUNC, lock_fn);
            ffi::curl_share_setopt(handle, ffi::CURLSHOPT_UNLOCKFUNC, unlock_fn);
            ffi::curl_share_setopt(handle, ffi::CURLSHOPT_USERDATA, locks.cast::<c_void>());
            ffi::curl_share_setopt(handle, ffi::CURLSHOPT_SHARE, ffi::CURL_LOCK_DATA_DNS);
            ffi::curl_share_setopt(handle, ffi::CURLSHOPT_SHARE, ffi::CURL_LOCK_DATA_SSL_SESSION);
            Ok(Share { handle, locks })
        }
    }

    pub fn raw(&self) -> *mut ffi::CURLSH {
        self.handle
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        // SAFETY: every handle that uses the share holds it alive, so none is left.
        unsafe {
            ffi::curl_share_cleanup(self.handle);
            drop(Box::from_raw(self.locks));
        }
    }
}

extern "C" fn lock(_: *mut ffi::CURL, data: ffi::curl_lock_data, _: ffi::curl_lock_access, locks: *mut c_void) {
    // SAFETY: the userdata set above, alive as long as the share.
    if let Some(lock) = unsafe { (*locks.cast::<Locks>()).get(data as usize) } {
        lock.lock();
    }
}

extern "C" fn unlock(_: *mut ffi::CURL, data: ffi::curl_lock_data, locks: *mut c_void) {
    // SAFETY: as above; libcurl unlocks on the thread that locked.
    unsafe {
        if let Some(lock) = (*locks.cast::<Locks>()).get(data as usize) {
            lock.unlock();
        }
    }
}
