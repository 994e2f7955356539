//! Handles that the `curl` crate lacks, or makes in a way that panics when the process has no descriptor left.

use crate::client::url::Origin;
use crate::error::{Code, Error, Result};
use crate::transport::curl::settings::Settings;
use crate::transport::curl::step::{Common, step};
use crate::transport::curl::sys;
use curl_sys as ffi;
use std::ffi::{CString, c_int, c_long, c_uint};

pub struct Multi {
    handle: *mut ffi::CURLM,
    common: Common,
}

impl Multi {
    /// For no transfers at all.
    pub fn new() -> Result<Multi> {
        Multi::of(Common::new(CString::default(), false))
    }

    /// For transfers to one origin.
    pub fn to(origin: &Origin, settings: &Settings) -> Result<Multi> {
        let url = CString::new(format!("{origin}/")).unwrap_or_default();
        Multi::of(Common::new(url, settings.use_tls(origin)))
    }

    fn of(common: Common) -> Result<Multi> {
        let mut multi = Multi { handle: std::ptr::null_mut(), common };
        multi.renew()?;
        Ok(multi)
    }

    /// Closes its connection, and makes a new handle in place of the old one with what that leaves free: there may be no
    /// other descriptor. When it fails the handle is NULL, which libcurl refuses.
    pub fn renew(&mut self) -> Result<()> {
        // SAFETY: our own handle or NULL, and no easy handle is in it; then plain construction, checked below.
        unsafe {
            ffi::curl_multi_cleanup(self.handle);
            self.handle = ffi::curl_multi_init();
        }
        if self.handle.is_null() {
            return Err(Error::new(Code::HTTPC_E_RESOURCE, "no descriptor or memory for a connection"));
        }
        self.long(sys::CURLMOPT_QUICK_EXIT, 1);
        Ok(())
    }

    pub fn long(&self, option: ffi::CURLMoption, value: c_long) {
        // SAFETY: callers name options of type long. An unknown one is refused by libcurl and left out.
        unsafe { ffi::curl_multi_setopt(self.handle, option, value) };
    }

    pub fn add(&self, easy: *mut ffi::CURL) -> Result<()> {
        // SAFETY: our own handle, and an easy one that is in no multi.
        match unsafe { ffi::curl_multi_add_handle(self.handle, easy) } {
            ffi::CURLM_OK => Ok(()),
            other => Err(Error::new(Code::HTTPC_E_RESOURCE, format!("libcurl took no transfer (CURLMcode {other})"))),
        }
    }

    /// Ends the transfer where it is; its connection closes, unless it was over.
    pub fn remove(&self, easy: *mut ffi::CURL) {
        // SAFETY: both handles are ours.
        unsafe { ffi::curl_multi_remove_handle(self.handle, easy) };
    }

    /// curl_multi_socket_action(3) with an event on `fd`, or CURL_SOCKET_TIMEOUT. How many transfers run then.
    pub fn act(&self, fd: ffi::curl_socket_t, events: c_int) -> (ffi::CURLMcode, c_int) {
        // SAFETY: our own handle, and nobody else is inside it.
        self.step(|running| unsafe { ffi::curl_multi_socket_action(self.handle, fd, events, running) })
    }

    /// curl_multi_perform(3). How many transfers run then.
    pub fn perform(&self) -> (ffi::CURLMcode, c_int) {
        // SAFETY: as above.
        self.step(|running| unsafe { ffi::curl_multi_perform(self.handle, running) })
    }

    fn step(&self, work: impl FnOnce(&mut c_int) -> ffi::CURLMcode) -> (ffi::CURLMcode, c_int) {
        let mut running: c_int = 0;
        let outcome = step(&self.common, || work(&mut running));
        (outcome, running)
    }

    /// The next transfer that is over, and how it ended.
    pub fn next_ended(&self) -> Option<(*mut ffi::CURL, ffi::CURLcode)> {
        let mut left: c_int = 0;
        // SAFETY: our own handle; the message is read before the next call into libcurl. The result is the first member of
        // a union that curl-sys declares as a pointer.
        unsafe {
            let message = ffi::curl_multi_info_read(self.handle, &mut left);
            if message.is_null() {
                return None;
            }
            Some(((*message).easy_handle, *(&raw const (*message).data).cast::<ffi::CURLcode>()))
        }
    }

    /// curl_multi_poll(3).
    pub fn poll(&self, fds: &mut [ffi::curl_waitfd], ms: c_int) -> Result<c_int> {
        let mut ready: c_int = 0;
        let count = u32::try_from(fds.len()).unwrap_or(u32::MAX);
        // SAFETY: the array lives through the call and its length is told.
        match unsafe { ffi::curl_multi_poll(self.handle, fds.as_mut_ptr(), count, ms, &mut ready) } {
            ffi::CURLM_OK => Ok(ready),
            other => Err(Error::new(Code::HTTPC_E_RESOURCE, format!("libcurl could not wait (CURLMcode {other})"))),
        }
    }

    /// Ends a [`Multi::poll`] from any thread.
    pub fn wake_up(&self) {
        // SAFETY: the one function that other threads may call.
        unsafe { ffi::curl_multi_wakeup(self.handle) };
    }

    pub fn raw(&self) -> *mut ffi::CURLM {
        self.handle
    }
}

impl Drop for Multi {
    fn drop(&mut self) {
        // SAFETY: our own handle, and no easy handle is in it any more.
        unsafe { ffi::curl_multi_cleanup(self.handle) };
    }
}

/// For CURLOPT_CURLU: libcurl copies it for each transfer, so any number of easy handles may have the same.
pub struct Url(*mut sys::Curlu);

impl Url {
    pub fn of(origin: &Origin) -> Result<Url> {
        // SAFETY: plain construction; checked below.
        let url = Url(unsafe { sys::curl_url() });
        if url.0.is_null() {
            return Err(Error::new(Code::HTTPC_E_RESOURCE, "no memory for a URL"));
        }
        url.set(sys::CURLUPART_SCHEME, origin.scheme());
        url.set(sys::CURLUPART_HOST, &origin.host);
        if !origin.is_default_port() {
            url.set(sys::CURLUPART_PORT, &origin.port.to_string());
        }
        Ok(url)
    }

    /// What libcurl refuses makes the transfer fail, by a sentence of its own.
    fn set(&self, part: c_uint, value: &str) {
        let value = CString::new(value).unwrap_or_default();
        // SAFETY: our own handle, and a string that libcurl copies.
        unsafe { sys::curl_url_set(self.0, part, value.as_ptr(), 0) };
    }

    pub fn raw(&self) -> *mut sys::Curlu {
        self.0
    }
}

impl Drop for Url {
    fn drop(&mut self) {
        // SAFETY: our own handle or NULL; the easy handles that used it are gone or have let go of it.
        unsafe { sys::curl_url_cleanup(self.0) };
    }
}
