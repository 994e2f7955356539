//! What neither the `curl` nor the `curl-sys` crate declares. Numbers from curl/curl.h and curl/multi.h; an option that an
//! older libcurl does not know answers CURLE_UNKNOWN_OPTION and is left out.

use curl_sys::{CURLINFO, CURLMoption, CURLoption};
use std::ffi::{c_char, c_int, c_long, c_uint, c_void};

pub const CURLOPT_PREREQFUNCTION: CURLoption = 20_312;
pub const CURLOPT_PREREQDATA: CURLoption = 10_313;
pub const CURLOPT_CURLU: CURLoption = 10_282;
pub const CURLOPT_REQUEST_TARGET: CURLoption = 10_266;
pub const CURLOPT_SUPPRESS_CONNECT_HEADERS: CURLoption = 265;
/// Since 7.87: do not wait for resolver threads when a handle is taken down.
pub const CURLOPT_QUICK_EXIT: CURLoption = 322;
/// Since 8.17: the same for a multi handle.
pub const CURLMOPT_QUICK_EXIT: CURLMoption = 21;
pub const CURLMOPT_MAX_CONCURRENT_STREAMS: CURLMoption = 16;
/// Since 8.22: resolver threads of a multi handle.
pub const CURLMOPT_RESOLVE_THREADS_MAX: CURLMoption = 20;

const OFF_T: CURLINFO = 0x60_0000;
pub const CURLINFO_SIZE_UPLOAD_T: CURLINFO = OFF_T + 7;
pub const CURLINFO_TOTAL_TIME_T: CURLINFO = OFF_T + 50;
pub const CURLINFO_NAMELOOKUP_TIME_T: CURLINFO = OFF_T + 51;
pub const CURLINFO_CONNECT_TIME_T: CURLINFO = OFF_T + 52;
pub const CURLINFO_PRETRANSFER_TIME_T: CURLINFO = OFF_T + 53;
pub const CURLINFO_STARTTRANSFER_TIME_T: CURLINFO = OFF_T + 54;
pub const CURLINFO_APPCONNECT_TIME_T: CURLINFO = OFF_T + 56;
/// Since 8.10.
pub const CURLINFO_POSTTRANSFER_TIME_T: CURLINFO = OFF_T + 67;

pub const CURLSSLBACKEND_OPENSSL: c_uint = 1;

pub const CURLINFO_TLS_SSL_PTR: CURLINFO = 0x40_0000 + 45;

pub const CURL_HTTP_VERSION_2TLS: c_long = 4;
pub const CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE: c_long = 5;

pub const CURLUPART_SCHEME: c_uint = 1;
pub const CURLUPART_HOST: c_uint = 5;
pub const CURLUPART_PORT: c_uint = 6;

pub enum Curlu {}

/// `struct curl_tlssessioninfo`.
#[repr(C)]
pub struct TlsSession {
    pub backend: c_uint,
    /// The `SSL *`.
    pub internals: *mut c_void,
}

/// CURLOPT_PREREQFUNCTION's arguments; 0 lets the request go out.
pub type PrereqCallback = extern "C" fn(
    user: *mut c_void,
    peer: *mut c_char,
    local: *mut c_char,
    peer_port: c_int,
    local_port: c_int,
) -> c_int;

/// CURLOPT_HEADERFUNCTION's.
pub type HeaderCallback = extern "C" fn(line: *mut c_char, size: usize, count: usize, user: *mut c_void) -> usize;

/// CURLMOPT_SOCKETFUNCTION's.
pub type SocketCallback = extern "C" fn(
    easy: *mut curl_sys::CURL,
    fd: curl_sys::curl_socket_t,
    what: c_int,
    user: *mut c_void,
    assigned: *mut c_void,
) -> c_int;

/// CURLMOPT_TIMERFUNCTION's.
pub type TimerCallback = extern "C" fn(multi: *mut curl_sys::CURLM, ms: c_long, user: *mut c_void) -> c_int;

/// CURLOPT_CLOSESOCKETFUNCTION's.
pub type CloseSocketCallback = extern "C" fn(user: *mut c_void, socket: curl_sys::curl_socket_t) -> c_int;

unsafe extern "C" {
    pub fn curl_url() -> *mut Curlu;
    pub fn curl_url_cleanup(handle: *mut Curlu);
    pub fn curl_url_set(handle: *mut Curlu, part: c_uint, content: *const c_char, flags: c_uint) -> c_uint;
}

// OpenSSL, beyond the `openssl-sys` crate.
pub const SSL_CB_READ_ALERT: c_int = 0x4004;
pub const SSL_AD_CLOSE_NOTIFY: c_int = 0;

unsafe extern "C" {
    pub fn SSL_set_info_callback(
        connection: *mut openssl_sys::SSL,
        callback: extern "C" fn(*const openssl_sys::SSL, c_int, c_int),
    );
    pub fn X509_STORE_load_locations(
        store: *mut openssl_sys::X509_STORE,
        file: *const c_char,
        directory: *const c_char,
    ) -> c_int;
    pub fn SSL_CTX_set_default_read_buffer_len(context: *mut openssl_sys::SSL_CTX, length: usize);
    pub fn SSL_has_pending(ssl: *const openssl_sys::SSL) -> c_int;
    pub fn SSL_CTX_set1_cert_store(context: *mut openssl_sys::SSL_CTX, store: *mut openssl_sys::X509_STORE);
}
