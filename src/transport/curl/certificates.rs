//! Certificates and keys out of files and memory, and OpenSSL's complaints about them in a person's words.

use crate::client::tls::Source;
use crate::error::{Code, Error, Result};
use crate::text;
use foreign_types::ForeignType;
use openssl::error::ErrorStack;
use openssl::x509::X509;
use openssl_sys as ffi;
use std::ffi::{c_int, c_void};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::ptr;

/// Far above any bundle: a device that never ends must not fill the memory.
const LONGEST_FILE: u64 = 16 << 20;

/// "client certificate /etc/app/client.pem", for details.
pub fn shown(what: &str, source: &Source) -> String {
    match source {
        Source::File(path) => shown_path(what, path),
        Source::Memory(_) => format!("{what} from memory"),
    }
}

pub fn shown_path(what: &str, path: &Path) -> String {
    format!("{what} {}", text::printable(path.as_os_str().as_encoded_bytes(), 200))
}

pub fn load(what: &str, source: &Source) -> Result<Vec<u8>> {
    match source {
        Source::File(path) => read(&shown_path(what, path), path),
        Source::Memory(bytes) => Ok(bytes.to_vec()),
    }
}

/// `shown`: what it is, with its path.
pub fn read(shown: &str, path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LONGEST_FILE + 1).read_to_end(&mut bytes))
        .map_err(|e| unreadable(shown, &e))?;
    if bytes.len() as u64 > LONGEST_FILE {
        return Err(Error::new(Code::HTTPC_E_FILE, format!("{shown}: longer than {LONGEST_FILE} bytes")));
    }
    Ok(bytes)
}

pub fn unreadable(shown: &str, e: &std::io::Error) -> Box<Error> {
    match e.raw_os_error() {
        Some(libc::EMFILE | libc::ENFILE) => {
            Error::new(Code::HTTPC_E_RESOURCE, format!("no descriptor to read the {shown}"))
        }
        _ => Error::new(Code::HTTPC_E_FILE, format!("{shown}: {e}")),
    }
}

/// One at least.
pub fn parse_pem(shown: &str, pem: &[u8]) -> Result<Vec<X509>> {
    let found = all_in(pem).map_err(|why| refused(shown, "not a good certificate in PEM form", &why))?;
    if found.is_empty() {
        return Err(Error::new(Code::HTTPC_E_TLS, format!("{shown}: no certificate in PEM form in it")));
    }
    Ok(found)
}

/// As X509::stack_from_pem, which for an encrypted certificate would ask for the password at the terminal.
pub fn all_in(pem: &[u8]) -> std::result::Result<Vec<X509>, ErrorStack> {
    let mut found = Vec::new();
    let length = c_int::try_from(pem.len()).unwrap_or(c_int::MAX);
    let no_password = c"".as_ptr().cast_mut().cast::<c_void>();
    // SAFETY: the bytes outlive the BIO, which reads them in place; each certificate comes with a reference of its own.
    unsafe {
        let bytes = ffi::BIO_new_mem_buf(pem.as_ptr().cast(), length);
        while !bytes.is_null() {
            let one = ffi::PEM_read_bio_X509(bytes, ptr::null_mut(), None, no_password);
            if one.is_null() {
                break;
            }
            found.push(X509::from_ptr(one));
        }
        ffi::BIO_free_all(bytes);
    }
    let why = ErrorStack::get();
    let is_end = |error: &openssl::error::Error| {
        error.library_code() == ffi::ERR_LIB_PEM as c_int && error.reason_code() == ffi::PEM_R_NO_START_LINE as c_int
    };
    if why.errors().last().is_some_and(is_end) { Ok(found) } else { Err(why) }
}

/// HTTPC_E_TLS with OpenSSL's reason, where it has one.
pub fn refused(shown: &str, what: &str, why: &ErrorStack) -> Box<Error> {
    let reason = why.errors().last().and_then(|error| error.reason());
    let reason = reason.map(|reason| format!(" ({})", text::printable(reason.as_bytes(), 100)));
    Error::new(Code::HTTPC_E_TLS, format!("{shown}: {what}{}", reason.unwrap_or_default()))
}
