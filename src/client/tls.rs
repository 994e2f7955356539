//! TLS as a client's configuration has it: whom to trust, who the client is itself, what a connection must be like. And what
//! a connection turned out to be. Files are read when the client is made.

#![allow(non_camel_case_types)]

use crate::error::{Error, Result};
use base64::prelude::{BASE64_STANDARD, Engine};
use std::ffi::{CStr, CString};
use std::path::PathBuf;
use std::sync::Arc;

/// A version of TLS.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsVersion {
    /// Of a response: it came without TLS.
    HTTPC_TLS_NONE = 0,
    /// RFC 5246.
    #[default]
    HTTPC_TLS_1_2 = 12,
    /// RFC 8446.
    HTTPC_TLS_1_3 = 13,
    HTTPC_TLS_FORCE_32_ = 0x7fff_ffff,
}

impl TryFrom<i32> for TlsVersion {
    type Error = Box<Error>;

    fn try_from(value: i32) -> Result<TlsVersion> {
        let known = [TlsVersion::HTTPC_TLS_1_2, TlsVersion::HTTPC_TLS_1_3];
        known
            .into_iter()
            .find(|version| *version as i32 == value)
            .ok_or_else(|| Error::invalid("version", format!("{value} is neither HTTPC_TLS_1_2 nor HTTPC_TLS_1_3")))
    }
}

/// Where certificates and keys come from.
#[derive(Clone)]
pub enum Source {
    File(PathBuf),
    Memory(Arc<[u8]>),
}

impl Source {
    pub fn file(path: &str, argument: &str) -> Result<Source> {
        if path.is_empty() {
            return Err(Error::invalid(argument, "is empty"));
        }
        Ok(Source::File(PathBuf::from(path)))
    }

    pub fn memory(bytes: &[u8], argument: &str) -> Result<Source> {
        if bytes.is_empty() {
            return Err(Error::invalid(argument, "is empty"));
        }
        Ok(Source::Memory(Arc::from(bytes)))
    }
}

#[derive(Clone)]
pub enum Form {
    /// A chain, and the key where that is not behind it.
    Pem {
        certificates: Source,
        key: Option<Source>,
    },
    Pkcs12(Source),
}

/// What the client proves to be. Nothing prints it, for the sake of the password.
#[derive(Clone)]
pub struct ClientCertificate {
    pub form: Form,
    pub password: Option<String>,
}

/// OpenSSL hands a PEM file's password over in a buffer of 1024 bytes.
const LONGEST_PASSWORD: usize = 1023;

#[derive(Clone, Default)]
pub struct Tls {
    ca_file: Option<PathBuf>,
    ca_directory: Option<PathBuf>,
    ca_pem: Vec<Arc<[u8]>>,
    /// The system's authorities as well as those above.
    pub system_too: bool,
    pub client_certificate: Option<ClientCertificate>,
    pub min_version: TlsVersion,
    /// As CURLOPT_PINNEDPUBLICKEY takes them.
    pub pins: Option<CString>,
    pub skips_verification: bool,
    pub skips_host_name: bool,
    pub keeps_certificates: bool,
}

/// Authorities that a program names.
pub enum Authorities<'t> {
    File(&'t PathBuf),
    Directory(&'t PathBuf),
    Pem(&'t [u8]),
}

impl Tls {
    /// None: the system's.
    pub fn authorities(&self) -> impl Iterator<Item = Authorities<'_>> {
        let file = self.ca_file.iter().map(Authorities::File);
        let directory = self.ca_directory.iter().map(Authorities::Directory);
        file.chain(directory).chain(self.ca_pem.iter().map(|pem| Authorities::Pem(pem)))
    }

    pub fn set_ca_file(&mut self, path: &str) -> Result<()> {
        self.ca_file = Some(path_of(path)?);
        Ok(())
    }

    pub fn set_ca_directory(&mut self, path: &str) -> Result<()> {
        self.ca_directory = Some(path_of(path)?);
        Ok(())
    }

    pub fn add_ca_pem(&mut self, pem: &[u8]) -> Result<()> {
        if pem.is_empty() {
            return Err(Error::invalid("pem", "is empty"));
        }
        self.ca_pem.push(Arc::from(pem));
        Ok(())
    }

    pub fn set_client_certificate(&mut self, form: Form, password: Option<&str>) -> Result<()> {
        if password.is_some_and(|password| password.len() > LONGEST_PASSWORD) {
            return Err(Error::invalid("password", format!("is longer than {LONGEST_PASSWORD} bytes")));
        }
        self.client_certificate = Some(ClientCertificate { form, password: password.map(str::to_owned) });
        Ok(())
    }

    pub fn set_pinned_keys(&mut self, pins: &str) -> Result<()> {
        if !pins.is_empty() {
            pins.split(';').enumerate().try_for_each(|(at, pin)| check_pin(pin).map_err(|why| bad_pin(at, why)))?;
        }
        self.pins = Some(pins).filter(|pins| !pins.is_empty()).and_then(|pins| CString::new(pins).ok());
        Ok(())
    }
}

fn path_of(path: &str) -> Result<PathBuf> {
    if path.is_empty() {
        return Err(Error::invalid("path", "is empty"));
    }
    Ok(PathBuf::from(path))
}

/// libcurl would take what it does not understand for the name of a file, or for a pin that nothing matches.
fn check_pin(pin: &str) -> std::result::Result<(), &'static str> {
    let hash = pin.strip_prefix("sha256//").ok_or("does not begin with sha256//")?;
    match BASE64_STANDARD.decode(hash) {
        Ok(hash) if hash.len() == 32 => Ok(()),
        Ok(_) => Err("is not the base64 of 32 bytes"),
        Err(_) => Err("is not base64 behind its sha256//"),
    }
}

fn bad_pin(at: usize, why: &str) -> Box<Error> {
    Error::invalid("pins", format!("pin {} {why}", at + 1))
}

/// The TLS that a response came by.
#[derive(Clone, Debug)]
pub struct Secured {
    pub version: TlsVersion,
    pub cipher: &'static CStr,
    /// The server's chain in DER, as it sent it, where the client keeps it.
    pub certificates: Vec<Box<[u8]>>,
}

/// RFC 7468.
pub fn pem_certificate(der: &[u8]) -> CString {
    let base64 = BASE64_STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    CString::new(pem).unwrap_or_default()
}
