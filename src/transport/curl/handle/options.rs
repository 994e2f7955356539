//! Every option that a handle sets: the constant ones once, the others for each request, all of them in one place. What the
//! request before set in the same way already is left as it is.

use super::{Handle, MOST_SENT_AT_ONCE, ffi, ptr, sys};
use crate::client::method::Method;
use crate::error::{Code, Error, Result};
use crate::transport::curl::exchange::{self, Exchange};
use crate::transport::curl::{is_older, sockets};
use crate::transport::outflow::ROOM;
use crate::transport::{Outgoing, Payload};
use std::ffi::{CStr, c_char, c_int, c_long};

impl Handle {
    pub(super) fn long(&self, option: ffi::CURLoption, value: c_long) {
        // SAFETY: callers name options of type long. An unknown one is refused by libcurl and left out.
        unsafe { ffi::curl_easy_setopt(self.easy.raw(), option, value) };
    }

    pub(super) fn pointer<T>(&self, option: ffi::CURLoption, value: *const T) {
        // SAFETY: callers name options of type pointer; what it points to outlives the transfer or is copied.
        unsafe { ffi::curl_easy_setopt(self.easy.raw(), option, value) };
    }

    pub(super) fn set_constants(&mut self) {
        self.set_callbacks();
        self.pointer(ffi::CURLOPT_SHARE, self.settings.share.raw());
        self.long(sys::CURLOPT_QUICK_EXIT, 1);
        self.long(ffi::CURLOPT_HTTP_VERSION, ffi::CURL_HTTP_VERSION_1_1 as c_long);
        self.long(sys::CURLOPT_SUPPRESS_CONNECT_HEADERS, 1);
        self.long(ffi::CURLOPT_HTTP_CONTENT_DECODING, 0);
        self.long(ffi::CURLOPT_PATH_AS_IS, 1);
        self.long(ffi::CURLOPT_TCP_KEEPALIVE, 1);
        // The machine keeps the time; 0 would mean libcurl's own 300 s.
        self.long(ffi::CURLOPT_CONNECTTIMEOUT_MS, c_long::from(c_int::MAX));
        self.set_tls();
        self.set_proxy();
        self.pointer(ffi::CURLOPT_RESOLVE, self.settings.resolve_list());
        self.pointer(sys::CURLOPT_CURLU, self.url.raw());
    }

    /// Beside those that the `curl` crate has set.
    fn set_callbacks(&self) {
        // SAFETY: callbacks of the types that these options want.
        unsafe {
            let easy = self.easy.raw();
            ffi::curl_easy_setopt(easy, sys::CURLOPT_PREREQFUNCTION, exchange::prereq as sys::PrereqCallback);
            ffi::curl_easy_setopt(easy, ffi::CURLOPT_HEADERFUNCTION, exchange::header as sys::HeaderCallback);
            ffi::curl_easy_setopt(easy, ffi::CURLOPT_CLOSESOCKETFUNCTION, sockets::close as sys::CloseSocketCallback);
        }
        self.pointer(sys::CURLOPT_PREREQDATA, self.easy.get_ref() as *const Exchange);
        self.pointer(ffi::CURLOPT_HEADERDATA, self.easy.get_ref() as *const Exchange);
    }

    /// Whom to trust and who we are is told in CURLOPT_SSL_CTX_FUNCTION.
    fn set_tls(&self) {
        self.pointer::<c_char>(ffi::CURLOPT_CAINFO, ptr::null());
        self.pointer::<c_char>(ffi::CURLOPT_CAPATH, ptr::null());
        for (option, value) in self.settings.tls_options() {
            self.long(option, value);
        }
        if let Some(pins) = self.settings.pins() {
            self.pointer(ffi::CURLOPT_PINNEDPUBLICKEY, pins.as_ptr());
        }
    }

    /// In every case one that keeps libcurl from asking the environment for each request.
    fn set_proxy(&self) {
        let proxy = self.settings.proxy_for(&self.origin);
        if proxy.is_empty() {
            self.pointer(ffi::CURLOPT_NOPROXY, c"*".as_ptr());
        } else {
            self.pointer(ffi::CURLOPT_PROXY, proxy.as_ptr());
            self.pointer(ffi::CURLOPT_NOPROXY, c"".as_ptr()); // the exceptions are made already
        }
    }

    pub(super) fn set_request(&mut self, out: &Outgoing<'_>) -> Result<()> {
        self.set_target(out)?;
        self.set_method_and_body(out);
        self.tell_progress(match out.body {
            Payload::None => false,
            Payload::Bytes(body) => body.len() as u64 > MOST_SENT_AT_ONCE,
            Payload::Stream(length) => length.is_none_or(|length| length > MOST_SENT_AT_ONCE),
        });
        self.accept(out.accept_encoding);
        self.set_headers(out);
        Ok(())
    }

    /// The URL stays that of the origin: libcurl puts a URL together several times for each request, character by
    /// character, and writes escapes in capitals. A proxy is told the whole URL.
    fn set_target(&mut self, out: &Outgoing<'_>) -> Result<()> {
        let base = if self.is_direct { String::new() } else { self.origin.to_string() };
        let (path, query) = (out.target.path.as_bytes(), out.target.query.as_deref().map(str::as_bytes));
        let given = self.target.strip_prefix(base.as_bytes()).and_then(|rest| rest.strip_prefix(path));
        let given = given.and_then(|rest| rest.strip_suffix(b"\0"));
        if given.is_some_and(|rest| rest.strip_prefix(b"?") == query && rest.is_empty() == query.is_none()) {
            return Ok(());
        }
        self.target.clear();
        self.target.extend_from_slice(base.as_bytes());
        self.target.extend_from_slice(path);
        if let Some(query) = query {
            self.target.push(b'?');
            self.target.extend_from_slice(query);
        }
        self.target.push(0);
        // SAFETY: NUL-terminated, and copied.
        let set = unsafe { ffi::curl_easy_setopt(self.easy.raw(), sys::CURLOPT_REQUEST_TARGET, self.target.as_ptr()) };
        if set != ffi::CURLE_OK {
            self.target.clear();
            return Err(Error::new(Code::HTTPC_E_URL, "libcurl does not take this path and query"));
        }
        Ok(())
    }

    fn set_method_and_body(&mut self, out: &Outgoing<'_>) {
        let method = out.method.as_c_str();
        self.body = match out.body {
            Payload::Bytes(body) => Some(body.clone()),
            Payload::None | Payload::Stream(_) => None,
        };
        if let Payload::Stream(length) = out.body {
            return self.set_stream(method, length);
        }
        let is_plain_get = self.body.is_none() && *out.method == Method::GET;
        if is_plain_get && self.is_plain_get {
            return; // nothing of it to undo, nothing to set
        }
        self.is_plain_get = is_plain_get;
        let (implied, length) = match &self.body {
            Some(body) => {
                self.long(ffi::CURLOPT_POST, 1);
                self.set_upload_buffer(body.len().min(64 << 10));
                (c"POST", body.len() as ffi::curl_off_t)
            }
            None => (c"GET", -1),
        };
        // SAFETY: the option's type is curl_off_t.
        unsafe { ffi::curl_easy_setopt(self.easy.raw(), ffi::CURLOPT_POSTFIELDSIZE_LARGE, length) };
        let data = self.body.as_ref().map_or(ptr::null(), |body| body.as_ptr());
        self.pointer(ffi::CURLOPT_POSTFIELDS, data);
        if self.body.is_none() {
            // POSTFIELDS turns the method into POST, even when it is NULL.
            self.long(ffi::CURLOPT_HTTPGET, 1);
            if method == c"HEAD" {
                self.long(ffi::CURLOPT_NOBODY, 1);
            }
        }
        let custom =
            if method == implied || method == c"HEAD" && self.body.is_none() { ptr::null() } else { method.as_ptr() };
        self.pointer(ffi::CURLOPT_CUSTOMREQUEST, custom);
    }

    /// A body that libcurl takes from the exchange. Without a length it goes in chunks, or as plain DATA frames.
    fn set_stream(&mut self, method: &CStr, length: Option<u64>) {
        self.is_plain_get = false;
        let size = length.and_then(|length| ffi::curl_off_t::try_from(length).ok()).unwrap_or(-1);
        self.set_upload_buffer(length.map_or(ROOM, |length| length.min(ROOM as u64) as usize));
        self.long(ffi::CURLOPT_UPLOAD, 1);
        // SAFETY: the option's type is curl_off_t.
        unsafe { ffi::curl_easy_setopt(self.easy.raw(), ffi::CURLOPT_INFILESIZE_LARGE, size) };
        let custom = if method == c"PUT" { ptr::null() } else { method.as_ptr() };
        self.pointer(ffi::CURLOPT_CUSTOMREQUEST, custom);
    }

    /// A body that goes out without a callback of its own, as one in memory does, would else not be seen to get on.
    fn tell_progress(&mut self, tells: bool) {
        if self.tells_progress != tells {
            self.tells_progress = tells;
            self.long(ffi::CURLOPT_NOPROGRESS, c_long::from(!tells));
        }
    }

    /// libcurl keeps the largest that it was told, and fills it in one step: what the body needs and no more, within its own
    /// limits.
    fn set_upload_buffer(&self, body: usize) {
        let size = body.max(16 << 10) as c_long;
        self.long(ffi::CURLOPT_UPLOAD_BUFFERSIZE, size);
    }

    /// Cheaper than in the list. libcurl decodes nothing all the same (CURLOPT_HTTP_CONTENT_DECODING); but an older one has a
    /// look at the answer's codings then, and judges them.
    fn accept(&mut self, encoding: Option<&'static CStr>) {
        if self.accept_encoding != encoding && !is_older() {
            self.accept_encoding = encoding;
            self.pointer(ffi::CURLOPT_ACCEPT_ENCODING, encoding.map_or(ptr::null(), CStr::as_ptr));
        }
    }

    fn set_headers(&mut self, out: &Outgoing<'_>) {
        self.headers.clear();
        let headers = &mut self.headers;
        let (mut typed, mut agent) = (false, false);
        (out.headers)(&mut |name, value, _| {
            typed |= name.eq_ignore_ascii_case("Content-Type");
            let is_agent = name.eq_ignore_ascii_case("User-Agent");
            if is_agent && !agent && name == "User-Agent" && !value.is_empty() {
                agent = true;
                headers.set_agent(value);
            } else {
                // libcurl leaves its option out when the list has one as well.
                if is_agent && agent {
                    headers.list_agent();
                }
                headers.push(name, value);
            }
        });
        if let Some(Ok(encoding)) = out.accept_encoding.filter(|_| is_older()).map(CStr::to_str) {
            headers.push("Accept-Encoding", encoding);
        }
        if !matches!(out.body, Payload::None) {
            // Neither a form's type that nobody named nor a wait for an interim answer.
            if !typed {
                headers.suppress("Content-Type");
            }
            headers.suppress("Expect");
        }
        if !agent {
            headers.set_agent("");
        }
        let list = headers.link();
        // Cheaper than in the list, which libcurl reads word by word for every request.
        let agent = headers.changed_agent();
        if let Some(agent) = agent {
            self.pointer(ffi::CURLOPT_USERAGENT, agent);
        }
        self.pointer(ffi::CURLOPT_HTTPHEADER, list);
    }
}
