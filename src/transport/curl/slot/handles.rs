//! Handles that the `curl` crate lacks, or makes in a way that panics when the process has no descriptor left.

use crate::error::{Code, Error, Result};
use crate::transport::curl::sys;
use curl_sys as ffi;

pub struct Multi(*mut ffi::CURLM);

impl Multi {
    pub fn new() -> Result<Multi> {
        let mut multi = Multi(std::ptr::null_mut());
        multi.renew()?;
        Ok(multi)
    }

    /// Closes its connection, and makes a new handle in place of the old one with what that leaves free: there may be no
    /// other descriptor. When it fails the handle is NULL, which libcurl refuses.
    pub fn renew(&mut self) -> Result<()> {
        // SAFETY: our own handle or NULL, and no easy handle is in it; then plain construction, checked below.
        unsafe {
            ffi::curl_multi_cleanup(self.0);
            self.0 = ffi::curl_multi_init();
        }
        if self.0.is_null() {
            return Err(Error::new(Code::HTTPC_E_RESOURCE, "no descriptor or memory for a connection"));
        }
        Ok(())
    }

    pub fn raw(&self) -> *mut ffi::CURLM {
        self.0
    }
}

impl Drop for Multi {
    fn drop(&mut self) {
        // SAFETY: our own handle, and no easy handle is in it any more.
        unsafe { ffi::curl_multi_cleanup(self.0) };
    }
}

pub struct Url(*mut sys::Curlu);

impl Url {
    pub fn new() -> Result<Url> {
        // SAFETY: plain construction; checked below.
        let handle = unsafe { sys::curl_url() };
        if handle.is_null() {
            return Err(Error::new(Code::HTTPC_E_RESOURCE, "no memory for a URL"));
        }
        Ok(Url(handle))
    }

    pub fn raw(&self) -> *mut sys::Curlu {
        self.0
    }
}

impl Drop for Url {
    fn drop(&mut self) {
        // SAFETY: our own handle; the easy handle that used it is gone or has let go of it.
        unsafe { sys::curl_url_cleanup(self.0) };
    }
}
