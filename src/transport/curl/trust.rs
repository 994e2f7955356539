//! Whose certificates a client trusts: one parsed store for all its connections. Left to itself libcurl parses the bundle
//! anew for every handle, at 17 ms and 0.9 MB each.

use super::sys;
use crate::error::{Code, Error, Result};
use crate::text;
use openssl_sys as ffi;
use std::ffi::{CStr, CString, c_char, c_void};
use std::path::Path;
use std::ptr;

#[derive(Debug)]
pub struct Trust(*mut ffi::X509_STORE);

// SAFETY: an X509_STORE is reference-counted and locks itself; this one is not changed after it is made.
unsafe impl Send for Trust {}
unsafe impl Sync for Trust {}

/// Of TLS 1.2 with everything that may be in it.
const LONGEST_RECORD: usize = 0x4000 + 0x800 + 5;

impl Trust {
    /// The authorities of a PEM file, and no others.
    pub fn file(path: &Path) -> Result<Trust> {
        let shown = text::printable(path.as_os_str().as_encoded_bytes(), 200);
        std::fs::File::open(path).map_err(|e| match e.raw_os_error() {
            Some(libc::EMFILE | libc::ENFILE) => no_descriptor(),
            _ => Error::new(Code::HTTPC_E_FILE, format!("CA file {shown}: {e}")),
        })?;
        let name = c_path(path);
        let trust = Trust::empty()?;
        // SAFETY: both pointers are valid for the call.
        if unsafe { sys::X509_STORE_load_locations(trust.0, name.as_ptr(), ptr::null()) } != 1 {
            let why = last_openssl_error()?;
            return Err(Error::new(
                Code::HTTPC_E_TLS,
                format!("CA file {shown}: no certificate in PEM form in it{why}"),
            ));
        }
        Ok(trust)
    }

    /// Where this system keeps its authorities, found at run time: a portable build must not carry a path.
    pub fn system() -> Result<Trust> {
        let found = openssl_probe::probe();
        let trust = Trust::empty()?;
        let file = found.cert_file.as_deref().map(c_path);
        let directory = found.cert_dir.as_deref().map(c_path);
        let pointer = |path: &Option<CString>| path.as_ref().map_or(ptr::null::<c_char>(), |path| path.as_ptr());
        // SAFETY: the store and both strings live through the calls. A file that is not there leaves the store empty, and
        // the handshake then says that the issuer is unknown.
        unsafe {
            if file.is_some() || directory.is_some() {
                sys::X509_STORE_load_locations(trust.0, pointer(&file), pointer(&directory));
            } else {
                ffi::X509_STORE_set_default_paths(trust.0);
            }
        }
        // One that could not be read for now is another matter: the store is for the client's whole life.
        last_openssl_error()?;
        Ok(trust)
    }

    fn empty() -> Result<Trust> {
        // SAFETY: plain construction; checked below.
        let store = unsafe { ffi::X509_STORE_new() };
        if store.is_null() {
            return Err(Error::new(Code::HTTPC_E_RESOURCE, "no memory for the certificate store"));
        }
        // As libcurl does: prefer what is trusted, and let an intermediate that is trusted end the chain.
        let flags = ffi::X509_V_FLAG_TRUSTED_FIRST | ffi::X509_V_FLAG_PARTIAL_CHAIN;
        unsafe { ffi::X509_STORE_set_flags(store, flags) };
        Ok(Trust(store))
    }

    /// For CURLOPT_SSL_CTX_FUNCTION.
    ///
    /// # Safety
    /// `context` is the SSL_CTX that libcurl handed to its callback.
    pub unsafe fn install(&self, context: *mut c_void) {
        unsafe {
            sys::SSL_CTX_set1_cert_store(context.cast(), self.0);
            // libcurl reads up to four ahead, which takes 64 KB for as long as the connection lives.
            sys::SSL_CTX_set_default_read_buffer_len(context.cast(), 2 * LONGEST_RECORD);
        }
    }
}

impl Drop for Trust {
    fn drop(&mut self) {
        // SAFETY: our own reference, given back once.
        unsafe { ffi::X509_STORE_free(self.0) };
    }
}

fn c_path(path: &Path) -> CString {
    CString::new(path.as_os_str().as_encoded_bytes()).unwrap_or_default()
}

/// In words, or empty; fails when there was no descriptor for a file. None is left behind.
fn last_openssl_error() -> Result<String> {
    // SAFETY: the string is static, or NULL for a code without words.
    let reason = unsafe {
        let reason = ffi::ERR_reason_error_string(ffi::ERR_peek_last_error());
        loop {
            let error = ffi::ERR_get_error();
            let errno = (error & 0xfff) as i32; // OpenSSL 1.1 and 3 differ in what is above
            if ffi::ERR_GET_LIB(error) == ffi::ERR_LIB_SYS && matches!(errno, libc::EMFILE | libc::ENFILE) {
                ffi::ERR_clear_error();
                return Err(no_descriptor());
            }
            if error == 0 {
                break;
            }
        }
        if reason.is_null() { None } else { Some(CStr::from_ptr(reason)) }
    };
    Ok(reason.map(|reason| format!(" ({})", text::printable(reason.to_bytes(), 100))).unwrap_or_default())
}

fn no_descriptor() -> Box<Error> {
    Error::new(Code::HTTPC_E_RESOURCE, "no descriptor to read the certificate authorities")
}
