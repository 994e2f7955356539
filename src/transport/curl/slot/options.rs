//! Every option that a slot sets: the constant ones once, the others all of them for each request.

use super::{Slot, ffi, prereq, ptr, sys};
use crate::error::{Code, Error, Result};
use crate::transport::Outgoing;
use crate::transport::curl::exchange::Exchange;
use std::ffi::{CString, c_char, c_int, c_long};

impl Slot {
    fn long(&self, option: ffi::CURLoption, value: c_long) {
        // SAFETY: callers name options of type long. An unknown one is refused by libcurl and left out.
        unsafe { ffi::curl_easy_setopt(self.easy.raw(), option, value) };
    }

    fn pointer<T>(&self, option: ffi::CURLoption, value: *const T) {
        // SAFETY: callers name options of type pointer; what it points to outlives the transfer or is copied.
        unsafe { ffi::curl_easy_setopt(self.easy.raw(), option, value) };
    }

    pub(super) fn set_multi_constants(&self) {
        // SAFETY: options of type long.
        unsafe {
            ffi::curl_multi_setopt(self.multi.raw(), sys::CURLMOPT_QUICK_EXIT, 1 as c_long);
            // libcurl 8.22 churns through connections with its default.
            ffi::curl_multi_setopt(self.multi.raw(), ffi::CURLMOPT_MAXCONNECTS, 1 as c_long);
        }
    }

    pub(super) fn set_constants(&self) {
        self.set_multi_constants();
        // SAFETY: a callback of the type that CURLOPT_PREREQFUNCTION wants.
        unsafe { ffi::curl_easy_setopt(self.easy.raw(), sys::CURLOPT_PREREQFUNCTION, prereq as sys::PrereqCallback) };
        self.pointer(sys::CURLOPT_PREREQDATA, self.easy.get_ref() as *const Exchange);
        self.pointer::<c_char>(ffi::CURLOPT_CAINFO, ptr::null());
        self.pointer::<c_char>(ffi::CURLOPT_CAPATH, ptr::null());
        self.pointer(ffi::CURLOPT_SHARE, self.settings.share.raw());
        self.long(sys::CURLOPT_QUICK_EXIT, 1);
        self.long(ffi::CURLOPT_HTTP_VERSION, ffi::CURL_HTTP_VERSION_1_1 as c_long);
        self.long(sys::CURLOPT_SUPPRESS_CONNECT_HEADERS, 1);
        self.long(ffi::CURLOPT_HTTP_CONTENT_DECODING, 0);
        self.long(ffi::CURLOPT_PATH_AS_IS, 1);
        self.long(ffi::CURLOPT_TCP_KEEPALIVE, 1);
        self.long(ffi::CURLOPT_SSLVERSION, ffi::CURL_SSLVERSION_TLSv1_2 as c_long);
        // The machine keeps the time; 0 would mean libcurl's own 300 s.
        self.long(ffi::CURLOPT_CONNECTTIMEOUT_MS, c_long::from(c_int::MAX));
        self.pointer(ffi::CURLOPT_PROXY, self.settings.proxy_for(&self.origin).as_ptr());
        self.pointer(ffi::CURLOPT_NOPROXY, self.settings.no_proxy().as_ptr());
        self.pointer(ffi::CURLOPT_RESOLVE, self.settings.resolve_list());
        self.set_origin();
    }

    fn set_origin(&self) {
        let port = CString::new(self.origin.port.to_string()).unwrap_or_default();
        let host = CString::new(self.origin.host.as_str()).unwrap_or_default();
        let scheme = if self.origin.https { c"https" } else { c"http" };
        // SAFETY: NUL-terminated strings, which libcurl copies.
        unsafe {
            sys::curl_url_set(self.url.raw(), sys::CURLUPART_SCHEME, scheme.as_ptr(), 0);
            sys::curl_url_set(self.url.raw(), sys::CURLUPART_HOST, host.as_ptr(), 0);
            sys::curl_url_set(self.url.raw(), sys::CURLUPART_PORT, port.as_ptr(), 0);
        }
    }

    pub(super) fn set_request(&mut self, out: &Outgoing<'_>, fresh: bool) -> Result<()> {
        self.set_url(out)?;
        self.set_method_and_body(out);
        self.set_headers(out);
        self.long(ffi::CURLOPT_FRESH_CONNECT, c_long::from(fresh));
        Ok(())
    }

    fn set_url(&mut self, out: &Outgoing<'_>) -> Result<()> {
        let query = out.target.query.as_deref();
        let failed = self.set_part(sys::CURLUPART_PATH, Some(&out.target.path)) != 0
            || self.set_part(sys::CURLUPART_QUERY, query) != 0;
        if failed {
            return Err(Error::new(Code::HTTPC_E_URL, "libcurl does not take this path or query"));
        }
        self.pointer(sys::CURLOPT_CURLU, self.url.raw());
        Ok(())
    }

    fn set_part(&mut self, part: u32, text: Option<&str>) -> u32 {
        let content = match text {
            None => ptr::null(),
            Some(text) => {
                self.scratch.clear();
                self.scratch.extend_from_slice(text.as_bytes());
                self.scratch.push(0);
                self.scratch.as_ptr().cast()
            }
        };
        // SAFETY: NULL or NUL-terminated, and copied.
        unsafe { sys::curl_url_set(self.url.raw(), part, content, 0) }
    }

    fn set_method_and_body(&mut self, out: &Outgoing<'_>) {
        self.body = out.body.cloned();
        let (implied, length) = match &self.body {
            Some(body) => {
                self.long(ffi::CURLOPT_POST, 1);
                (c"POST", body.len() as ffi::curl_off_t)
            }
            None => (c"GET", -1),
        };
        // SAFETY: the option's type is curl_off_t.
        unsafe { ffi::curl_easy_setopt(self.easy.raw(), ffi::CURLOPT_POSTFIELDSIZE_LARGE, length) };
        let data = self.body.as_ref().map_or(ptr::null(), |body| body.as_ptr());
        self.pointer(ffi::CURLOPT_POSTFIELDS, data);
        let method = out.method.as_c_str();
        if out.body.is_none() {
            // POSTFIELDS turns the method into POST, even when it is NULL.
            self.long(ffi::CURLOPT_HTTPGET, 1);
            if method == c"HEAD" {
                self.long(ffi::CURLOPT_NOBODY, 1);
            }
        }
        let custom =
            if method == implied || method == c"HEAD" && out.body.is_none() { ptr::null() } else { method.as_ptr() };
        self.pointer(ffi::CURLOPT_CUSTOMREQUEST, custom);
    }

    fn set_headers(&mut self, out: &Outgoing<'_>) {
        self.headers.clear();
        let headers = &mut self.headers;
        let mut typed = false;
        (out.headers)(&mut |name, value, _| {
            typed |= name.eq_ignore_ascii_case("Content-Type");
            headers.push(name, value);
        });
        if out.body.is_some() {
            // Neither a form's type that nobody named nor a wait for an interim answer.
            if !typed {
                headers.suppress("Content-Type");
            }
            headers.suppress("Expect");
        }
        let list = self.headers.link();
        self.pointer(ffi::CURLOPT_HTTPHEADER, list);
    }
}
