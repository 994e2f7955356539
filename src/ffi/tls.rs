//! TLS: whom a client trusts, who it is itself, and what a response came by. Every client verifies the server's
//! certificate and its host name, by default against the system's authorities, which are found at run time
//! (SSL_CERT_FILE and SSL_CERT_DIR, else where the distribution keeps them). Files are read once, by
//! httpc_client_new(): one that is missing or unreadable is HTTPC_E_FILE there, one that holds something else
//! HTTPC_E_TLS, with a detail that names it. A proxy that is spoken to over TLS (https://) is verified against the same
//! authorities and has the same least version, whatever else is set: pins, the client's certificate and the switches
//! against verification are for the server behind it.

use super::config::{httpc_config, set};
use super::response::httpc_response;
use super::{boolean, bytes, pointer_to, string};
use crate::client::tls::{Form, Source, TlsVersion};
use crate::error::{Code, Result};
use std::ffi::{c_char, c_void};

/// A PEM file of certificate authorities to trust instead of the system's. Several kinds of setter may be combined:
/// this file, httpc_config_set_ca_directory(), httpc_config_add_ca_pem(), and httpc_config_set_system_ca(). Errors:
/// HTTPC_E_INVALID_ARG.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_set_ca_file(config: *mut httpc_config, path: *const c_char) -> Code {
    unsafe { set(config, |c| c.tls.set_ca_file(string(path, "path")?)) }
}

/// A directory whose files hold certificate authorities to trust, in PEM form, instead of the system's. Every file
/// counts, whatever its name, and files without a certificate are passed over; it need not be prepared by c_rehash, as
/// it is read once and not looked into again. Errors: HTTPC_E_INVALID_ARG.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_set_ca_directory(config: *mut httpc_config, path: *const c_char) -> Code {
    unsafe { set(config, |c| c.tls.set_ca_directory(string(path, "path")?)) }
}

/// Certificate authorities to trust instead of the system's, as `len` bytes in PEM form, one or several; copied. May be
/// called again for more. Errors: HTTPC_E_INVALID_ARG.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_add_ca_pem(config: *mut httpc_config, pem: *const c_void, len: usize) -> Code {
    unsafe { set(config, |c| c.tls.add_ca_pem(bytes(pem, len, "pem")?)) }
}

/// 1: the system's authorities are trusted beside those that the other setters name, as a program with a private
/// authority wants that calls public servers too. 0 (default): only where none is named.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_set_system_ca(config: *mut httpc_config, on: i32) -> Code {
    unsafe {
        set(config, |c| {
            c.tls.system_too = boolean(on, "on")?;
            Ok(())
        })
    }
}

unsafe fn password_of<'a>(password: *const c_char) -> Result<Option<&'a str>> {
    if password.is_null() { Ok(None) } else { unsafe { string(password, "password") }.map(Some) }
}

/// The certificate to show to servers that want one (mutual TLS): a PEM file with the certificate and those of its
/// intermediate authorities, if any. `key_file`: a PEM file with its private key; NULL where that is in the same file.
/// `password` opens an encrypted key, NULL for none; it is in no detail and no log. Like a secret header it is for the
/// base URL's server only; without a base URL for every server that asks. The setter called last counts.
/// httpc_client_new() fails with HTTPC_E_TLS when the password is wrong, the key belongs to another certificate, or the
/// certificate has expired. Errors: HTTPC_E_INVALID_ARG.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_set_client_certificate(
    config: *mut httpc_config,
    certificate_file: *const c_char,
    key_file: *const c_char,
    password: *const c_char,
) -> Code {
    unsafe {
        set(config, |c| {
            let certificates = Source::file(string(certificate_file, "certificate_file")?, "certificate_file")?;
            let key = match key_file.is_null() {
                true => None,
                false => Some(Source::file(string(key_file, "key_file")?, "key_file")?),
            };
            c.tls.set_client_certificate(Form::Pem { certificates, key }, password_of(password)?)
        })
    }
}

/// As httpc_config_set_client_certificate(), from memory: `pem_len` and `key_len` bytes in PEM form, copied. `key`
/// NULL: it is behind the certificates.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_set_client_certificate_pem(
    config: *mut httpc_config,
    pem: *const c_void,
    pem_len: usize,
    key: *const c_void,
    key_len: usize,
    password: *const c_char,
) -> Code {
    unsafe {
        set(config, |c| {
            let certificates = Source::memory(bytes(pem, pem_len, "pem")?, "pem")?;
            let key = match key.is_null() && key_len == 0 {
                true => None,
                false => Some(Source::memory(bytes(key, key_len, "key")?, "key")?),
            };
            c.tls.set_client_certificate(Form::Pem { certificates, key }, password_of(password)?)
        })
    }
}

/// As httpc_config_set_client_certificate(), from a PKCS#12 file (.p12, .pfx) with certificate, key and intermediate
/// authorities. `password` may be NULL. Files that are encrypted with RC2, as old programs write them, are refused by
/// OpenSSL 3: HTTPC_E_TLS.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_set_client_pkcs12(
    config: *mut httpc_config,
    file: *const c_char,
    password: *const c_char,
) -> Code {
    unsafe {
        set(config, |c| {
            let source = Source::file(string(file, "file")?, "file")?;
            c.tls.set_client_certificate(Form::Pkcs12(source), password_of(password)?)
        })
    }
}

/// As httpc_config_set_client_pkcs12(), from `len` bytes in memory, copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_set_client_pkcs12_data(
    config: *mut httpc_config,
    data: *const c_void,
    len: usize,
    password: *const c_char,
) -> Code {
    unsafe {
        set(config, |c| {
            let source = Source::memory(bytes(data, len, "data")?, "data")?;
            c.tls.set_client_certificate(Form::Pkcs12(source), password_of(password)?)
        })
    }
}

/// The least version of TLS to speak: HTTPC_TLS_1_2 (default) or HTTPC_TLS_1_3. A server that has none so new is
/// HTTPC_E_TLS. Errors: HTTPC_E_INVALID_ARG.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_set_min_tls_version(config: *mut httpc_config, version: i32) -> Code {
    unsafe {
        set(config, |c| {
            c.tls.min_version = TlsVersion::try_from(version)?;
            Ok(())
        })
    }
}

/// Wants every server's public key to be one of these, beside a certificate that verifies:
/// "sha256//BASE64;sha256//BASE64", each the SHA-256 of a SubjectPublicKeyInfo in DER (RFC 7469 section 2.4,
/// CURLOPT_PINNEDPUBLICKEY). Name the next key as well, or its day will lock the program out. Another key is
/// HTTPC_E_CERTIFICATE: nothing was sent, nothing is tried again. "" takes all pins away. Errors: HTTPC_E_INVALID_ARG
/// for a malformed one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_set_pinned_keys(config: *mut httpc_config, pins: *const c_char) -> Code {
    unsafe { set(config, |c| c.tls.set_pinned_keys(string(pins, "pins")?)) }
}

/// 1: takes every certificate from everybody. Whoever can get in between then reads and changes all that is sent,
/// tokens and passwords included: for tests on one machine, never for production. A private authority is what
/// httpc_config_set_ca_file() is for; for one known key httpc_config_set_pinned_keys(), which holds all the same. A log
/// line at HTTPC_LOG_WARN tells of each such client. Default: 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_dangerously_skip_certificate_verification(
    config: *mut httpc_config,
    on: i32,
) -> Code {
    unsafe {
        set(config, |c| {
            c.tls.skips_verification = boolean(on, "on")?;
            Ok(())
        })
    }
}

/// 1: takes a certificate of a trusted authority whatever host it is for. Whoever has any certificate of a trusted
/// authority can get in between: only for a private authority, each of whose certificates is trusted with everything.
/// Where just a name has to be bent, httpc_config_add_resolve() does it without danger. Logged like
/// httpc_config_dangerously_skip_certificate_verification(). Default: 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_dangerously_skip_host_name_check(config: *mut httpc_config, on: i32) -> Code {
    unsafe {
        set(config, |c| {
            c.tls.skips_host_name = boolean(on, "on")?;
            Ok(())
        })
    }
}

/// 1: responses keep the chain of certificates that the server sent, for httpc_response_certificate_der(). New
/// connections then never resume a session, whose handshake would be without a chain. Default: 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_set_keep_certificates(config: *mut httpc_config, on: i32) -> Code {
    unsafe {
        set(config, |c| {
            c.tls.keeps_certificates = boolean(on, "on")?;
            Ok(())
        })
    }
}

/// The version of TLS that the response came by; HTTPC_TLS_NONE without TLS to the server.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_response_tls_version(response: *const httpc_response) -> TlsVersion {
    let none = TlsVersion::HTTPC_TLS_NONE;
    unsafe { httpc_response::read(response, none, |r| r.secured.as_ref().map_or(none, |secured| secured.version)) }
}

/// The cipher suite that the response came by, as OpenSSL names it: "TLS_AES_256_GCM_SHA384"; "" without TLS to the
/// server.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_response_tls_cipher(response: *const httpc_response) -> *const c_char {
    let none = c"".as_ptr();
    unsafe { httpc_response::read(response, none, |r| r.secured.as_ref().map_or(none, |s| s.cipher.as_ptr())) }
}

/// How many certificates the server sent for the connection that the response came by, also where that was used again;
/// 0 without TLS, or without httpc_config_set_keep_certificates().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_response_certificate_count(response: *const httpc_response) -> usize {
    unsafe { httpc_response::read(response, 0, |r| r.certificates().len()) }
}

/// Certificate `index` in DER, or NULL past the last: 0 is the server's own, the others follow as it sent them,
/// commonly without the root. `len` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_response_certificate_der(
    response: *const httpc_response,
    index: usize,
    len: *mut usize,
) -> *const c_void {
    let (der, length) = unsafe {
        httpc_response::read(response, (std::ptr::null(), 0), |r| {
            r.certificates().get(index).map_or((std::ptr::null(), 0), |der| (der.as_ptr(), der.len()))
        })
    };
    if !len.is_null() {
        unsafe { len.write(length) };
    }
    der.cast()
}

/// The same in PEM form, or NULL past the last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_response_certificate_pem(
    response: *const httpc_response,
    index: usize,
) -> *const c_char {
    unsafe { httpc_response::read(response, std::ptr::null(), |r| pointer_to(r.certificate_pem(index))) }
}
