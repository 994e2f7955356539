//! Who a client proves to be: its certificate, the chain below it, and the key, parsed once for all connections.

use super::certificates::{load, parse_pem, refused, shown};
use crate::client::tls::{ClientCertificate, Form, Source};
use crate::error::{Code, Error, Result};
use openssl::asn1::Asn1Time;
use openssl::error::ErrorStack;
use openssl::pkcs12::Pkcs12;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{SslContextBuilder, SslMethod};
use openssl::x509::{X509, X509VerifyResult};
use std::cmp::Ordering;
use std::ffi::c_void;
use std::mem::ManuallyDrop;

const CERTIFICATE: &str = "client certificate";
const KEY: &str = "client key";
const KEY_OF_ANOTHER: &str = "the key does not belong to this certificate";

pub struct Identity {
    certificate: X509,
    key: PKey<Private>,
    chain: Vec<X509>,
}

impl Identity {
    pub fn new(wanted: &ClientCertificate) -> Result<Identity> {
        let password = wanted.password.as_deref();
        let (identity, source) = match &wanted.form {
            Form::Pem { certificates, key } => (from_pem(certificates, key.as_ref(), password)?, certificates),
            Form::Pkcs12(source) => (from_pkcs12(source, password)?, source),
        };
        identity.check(&shown(CERTIFICATE, source))?;
        Ok(identity)
    }

    /// What a handshake would fail of later, and say less clearly.
    fn check(&self, shown: &str) -> Result<()> {
        let ends = self.certificate.not_after();
        let is_over = Asn1Time::days_from_now(0).and_then(|now| ends.compare(&now)).is_ok_and(Ordering::is_lt);
        if is_over {
            return Err(bad(shown, &format!("it expired on {ends}")));
        }
        SslContextBuilder::new(SslMethod::tls_client())
            .and_then(|mut context| self.give_to(&mut context))
            .map_err(|why| refused(shown, "OpenSSL does not take it", &why))
    }

    fn give_to(&self, context: &mut SslContextBuilder) -> std::result::Result<(), ErrorStack> {
        context.set_certificate(&self.certificate)?;
        context.set_private_key(&self.key)?;
        self.chain.iter().try_for_each(|issuer| context.add_extra_chain_cert(issuer.clone()))
    }

    /// For CURLOPT_SSL_CTX_FUNCTION.
    ///
    /// # Safety
    /// `context` is the SSL_CTX that libcurl handed to its callback.
    pub unsafe fn install(&self, context: *mut c_void) -> std::result::Result<(), ErrorStack> {
        // libcurl keeps the context.
        let mut context = ManuallyDrop::new(unsafe { SslContextBuilder::from_ptr(context.cast()) });
        self.give_to(&mut context)
    }
}

fn from_pem(certificates: &Source, key: Option<&Source>, password: Option<&str>) -> Result<Identity> {
    let pem = load(CERTIFICATE, certificates)?;
    let found = parse_pem(&shown(CERTIFICATE, certificates), &pem)?;
    let key = match key {
        Some(source) => private_key(&shown(KEY, source), &load(KEY, source)?, password)?,
        None => private_key(&shown(CERTIFICATE, certificates), &pem, password)?,
    };
    arranged(found, key).ok_or_else(|| bad(&shown(CERTIFICATE, certificates), KEY_OF_ANOTHER))
}

/// Files hold them in any order, handshakes want each before its issuer (RFC 5246 section 7.4.2). `None`: the key belongs
/// to none of them.
fn arranged(mut found: Vec<X509>, key: PKey<Private>) -> Option<Identity> {
    let belongs = |one: &X509| one.public_key().is_ok_and(|public| public.public_eq(&key));
    let certificate = found.remove(found.iter().position(belongs)?);
    let mut chain: Vec<X509> = Vec::new();
    loop {
        let last = chain.last().unwrap_or(&certificate);
        let Some(at) = found.iter().position(|one| one.issued(last) == X509VerifyResult::OK) else { break };
        chain.push(found.remove(at));
    }
    Some(Identity { certificate, key, chain })
}

fn private_key(shown: &str, pem: &[u8], password: Option<&str>) -> Result<PKey<Private>> {
    let mut is_asked = false;
    // Without a function of ours OpenSSL would ask at the terminal.
    let parsed = PKey::private_key_from_pem_callback(pem, |buffer| {
        is_asked = true;
        let given = password.unwrap_or_default().as_bytes();
        let Some(room) = buffer.get_mut(..given.len()) else { return Ok(0) };
        room.copy_from_slice(given);
        Ok(given.len())
    });
    parsed.map_err(|_| match (is_asked, password) {
        (true, None) => bad(shown, "the key is encrypted, and no password was given"),
        (true, Some(_)) => bad(shown, "the password is wrong, or the key is damaged"),
        (false, _) => bad(shown, "no good private key in PEM form in it"),
    })
}

fn from_pkcs12(source: &Source, password: Option<&str>) -> Result<Identity> {
    let shown = shown(CERTIFICATE, source);
    let container = Pkcs12::from_der(&load(CERTIFICATE, source)?);
    let container = container.map_err(|why| refused(&shown, "not in PKCS#12 form", &why))?;
    let parsed = container.parse2(password.unwrap_or_default()).map_err(|why| {
        let says = |reason| why.errors().iter().any(|error| error.reason() == Some(reason));
        match password {
            None if says("mac verify failure") => bad(&shown, "it is encrypted, and no password was given"),
            Some(_) if says("mac verify failure") => bad(&shown, "the password is wrong, or it is damaged"),
            _ if says("unsupported") => bad(&shown, "it is encrypted in an old way that this OpenSSL refuses"),
            _ => refused(&shown, "not a good PKCS#12 file", &why),
        }
    })?;
    let (Some(certificate), Some(key)) = (parsed.cert, parsed.pkey) else {
        return Err(bad(&shown, "a certificate with its key is not in it"));
    };
    let found = std::iter::once(certificate).chain(parsed.ca.into_iter().flatten()).collect();
    arranged(found, key).ok_or_else(|| bad(&shown, KEY_OF_ANOTHER))
}

/// Never with the password.
fn bad(shown: &str, why: &str) -> Box<Error> {
    Error::new(Code::HTTPC_E_TLS, format!("{shown}: {why}"))
}
