//! Certificates and keys out of files and memory, and OpenSSL's complaints about them in a person's words.

use crate::client::tls::Source;
use crate::error::{Code, Error, Result};
use crate::text;
use openssl::error::ErrorStack;
use openssl::x509::X509;
use std::fs::File;
use std::io::Read;
use std::path::Path;

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
    let found = X509::stack_from_pem(pem).map_err(|why| refused(shown, "not a good certificate in PEM form", &why))?;
    if found.is_empty() {
        return Err(Error::new(Code::HTTPC_E_TLS, format!("{shown}: no certificate in PEM form in it")));
    }
    Ok(found)
}

/// HTTPC_E_TLS with OpenSSL's reason, where it has one.
pub fn refused(shown: &str, what: &str, why: &ErrorStack) -> Box<Error> {
    let reason = why.errors().last().and_then(|error| error.reason());
    let reason = reason.map(|reason| format!(" ({})", text::printable(reason.as_bytes(), 100)));
    Error::new(Code::HTTPC_E_TLS, format!("{shown}: {what}{}", reason.unwrap_or_default()))
}
