//! What the TLS of one origin's connections has in common, and what one of them turned out to be.

use super::identity::Identity;
use super::sockets::Tls;
use super::trust::Trust;
use crate::client::tls::{Secured, TlsVersion};
use curl_sys as ffi;
use foreign_types::ForeignTypeRef;
use openssl::ssl::{SslRef, SslVersion};
use openssl_sys as ssl;
use std::ffi::{CStr, c_long, c_void};
use std::sync::Arc;

pub struct Secure {
    pub trust: Arc<Trust>,
    /// For the origin; never for its proxy.
    pub identity: Option<Arc<Identity>>,
    pub tls_to_proxy: bool,
    pub tls_to_origin: bool,
    pub keeps_certificates: bool,
}

impl Secure {
    /// CURLOPT_SSL_CTX_FUNCTION's work. False: it could not be done.
    ///
    /// # Safety
    /// Both are what libcurl handed to that callback.
    pub unsafe fn install(&self, easy: *mut ffi::CURL, context: *mut c_void) -> bool {
        unsafe { self.trust.install(context) };
        match &self.identity {
            Some(identity) if !self.tls_to_proxy || unsafe { has_tunnel(easy) } => {
                unsafe { identity.install(context) }.is_ok()
            }
            _ => true,
        }
    }

    /// A connection whose handshake is over. `None`: it is that with a proxy.
    pub fn describe(&self, tls: Tls) -> Option<Box<Secured>> {
        if !self.tls_to_origin {
            return None;
        }
        // SAFETY: the connection is alive, since a request is about to go out on it; OpenSSL's names of ciphers are static.
        let (session, cipher) = unsafe {
            let raw = tls.0.as_ptr();
            let name = ssl::SSL_CIPHER_get_name(ssl::SSL_get_current_cipher(raw));
            (SslRef::from_ptr(raw), if name.is_null() { c"" } else { CStr::from_ptr(name) })
        };
        let version = match session.version2() {
            Some(SslVersion::TLS1_3) => TlsVersion::HTTPC_TLS_1_3,
            Some(SslVersion::TLS1_2) => TlsVersion::HTTPC_TLS_1_2,
            _ => TlsVersion::HTTPC_TLS_NONE,
        };
        let chain = session.peer_cert_chain().filter(|_| self.keeps_certificates);
        let certificates = chain.into_iter().flatten().filter_map(|one| one.to_der().ok().map(Vec::into_boxed_slice));
        Some(Box::new(Secured { version, cipher, certificates: certificates.collect() }))
    }
}

/// Whether a proxy has agreed to a tunnel, so that the handshake which begins is one with the server at its other end.
///
/// # Safety
/// The handle is alive.
unsafe fn has_tunnel(easy: *mut ffi::CURL) -> bool {
    let mut status: c_long = 0;
    // SAFETY: the info's type is that of curl_easy_getinfo(3), which may be called in a callback.
    unsafe { ffi::curl_easy_getinfo(easy, ffi::CURLINFO_HTTP_CONNECTCODE, &mut status as *mut c_long) };
    status / 100 == 2
}
