//! Whose certificates a client trusts: one parsed store for all its connections. Left to itself libcurl parses the bundle
//! anew for every handle, at 17 ms and 0.9 MB each.

use super::certificates::{all_in, parse_pem, read, shown_path, unreadable};
use super::sys;
use crate::client::tls::{Authorities, Tls};
use crate::error::{Code, Error, Result};
use foreign_types::ForeignType;
use openssl::error::ErrorStack;
use openssl::x509::X509;
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::verify::X509VerifyFlags;
use openssl_sys as ffi;
use std::ffi::{CString, c_char, c_void};
use std::path::Path;
use std::ptr;

pub struct Trust(X509Store);

/// Of TLS 1.2 with everything that may be in it.
const LONGEST_RECORD: usize = 0x4000 + 0x800 + 5;

impl Trust {
    /// Whom the program names, and the system's where it wants them as well. `None`: it names nobody.
    pub fn named(tls: &Tls) -> Result<Option<Trust>> {
        let mut store = empty()?;
        let mut is_named = false;
        for authorities in tls.authorities() {
            is_named = true;
            let found = match authorities {
                Authorities::File(path) => {
                    let shown = shown_path("CA file", path);
                    parse_pem(&shown, &read(&shown, path)?)?
                }
                Authorities::Directory(path) => in_directory(path)?,
                Authorities::Pem(pem) => parse_pem("CA certificates from memory", pem)?,
            };
            found.into_iter().try_for_each(|authority| store.add_cert(authority)).map_err(no_store)?;
        }
        if is_named && tls.system_too {
            add_system(&store)?;
        }
        Ok(is_named.then(|| Trust(store.build())))
    }

    pub fn system() -> Result<Trust> {
        let store = empty()?;
        add_system(&store)?;
        Ok(Trust(store.build()))
    }

    /// Where nothing is verified.
    pub fn nobody() -> Result<Trust> {
        Ok(Trust(empty()?.build()))
    }

    /// For CURLOPT_SSL_CTX_FUNCTION.
    ///
    /// # Safety
    /// `context` is the SSL_CTX that libcurl handed to its callback.
    pub unsafe fn install(&self, context: *mut c_void) {
        unsafe {
            sys::SSL_CTX_set1_cert_store(context.cast(), self.0.as_ptr());
            // libcurl reads up to four ahead, which takes 64 KB for as long as the connection lives.
            sys::SSL_CTX_set_default_read_buffer_len(context.cast(), 2 * LONGEST_RECORD);
        }
    }
}

fn empty() -> Result<X509StoreBuilder> {
    // As libcurl does: prefer what is trusted, and let an intermediate that is trusted end the chain.
    let flags = X509VerifyFlags::TRUSTED_FIRST | X509VerifyFlags::PARTIAL_CHAIN;
    let store = X509StoreBuilder::new().and_then(|mut store| store.set_flags(flags).map(|()| store));
    store.map_err(no_store)
}

fn no_store(_: ErrorStack) -> Box<Error> {
    Error::new(Code::HTTPC_E_RESOURCE, "no memory for the certificate store")
}

/// Where this system keeps its authorities, found at run time: a portable build must not carry a path.
fn add_system(store: &X509StoreBuilder) -> Result<()> {
    let found = openssl_probe::probe();
    let file = found.cert_file.as_deref().map(c_path);
    let directory = found.cert_dir.as_deref().map(c_path);
    let pointer = |path: &Option<CString>| path.as_ref().map_or(ptr::null::<c_char>(), |path| path.as_ptr());
    // SAFETY: the store and both strings live through the calls. A file that is not there leaves the store empty, and
    // the handshake then says that the issuer is unknown.
    unsafe {
        if file.is_some() || directory.is_some() {
            sys::X509_STORE_load_locations(store.as_ptr(), pointer(&file), pointer(&directory));
        } else {
            ffi::X509_STORE_set_default_paths(store.as_ptr());
        }
    }
    // One that could not be read for now is another matter: the store is for the client's whole life.
    let lacks_descriptor = |error: &openssl::error::Error| {
        let errno = (error.code() & 0xfff) as i32; // OpenSSL 1.1 and 3 differ in what is above
        error.library_code() == ffi::ERR_LIB_SYS && matches!(errno, libc::EMFILE | libc::ENFILE)
    };
    match ErrorStack::get().errors().iter().any(lacks_descriptor) {
        true => Err(Error::new(Code::HTTPC_E_RESOURCE, "no descriptor to read the certificate authorities")),
        false => Ok(()),
    }
}

/// Of every file in it that holds some, whatever its name: nobody needs to prepare the directory (c_rehash), and nothing is
/// looked up in it during a handshake.
fn in_directory(path: &Path) -> Result<Vec<X509>> {
    let shown = shown_path("CA directory", path);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).map_err(|e| unreadable(&shown, &e))? {
        let file = entry.map_err(|e| unreadable(&shown, &e))?.path();
        // What c_rehash leaves there is another name of a file beside it.
        let is_alias = std::fs::read_link(&file).is_ok_and(|target| target.components().count() == 1);
        if is_alias || !file.is_file() {
            continue;
        }
        let pem = read(&shown_path("CA file", &file), &file)?;
        found.extend(all_in(&pem).unwrap_or_default());
    }
    if found.is_empty() {
        return Err(Error::new(Code::HTTPC_E_TLS, format!("{shown}: no file with a certificate in PEM form in it")));
    }
    Ok(found)
}

fn c_path(path: &Path) -> CString {
    CString::new(path.as_os_str().as_encoded_bytes()).unwrap_or_default()
}
