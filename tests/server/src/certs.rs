//! Throw-away certificates, made anew by every server.

use crate::date;
use openssl::{
    asn1::Asn1Time,
    bn::{BigNum, MsbOption},
    ec::{EcGroup, EcKey},
    error::ErrorStack,
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    rsa::Rsa,
    x509::{
        X509, X509Builder, X509NameBuilder,
        extension::{
            AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName,
            SubjectKeyIdentifier,
        },
    },
};
use std::ops::Range;

const DAY: i64 = 86_400;
const VALID: Range<i64> = -30..30;

pub struct Identity {
    pub certificate: X509,
    pub key: PKey<Private>,
}

impl Identity {
    /// The certificate, then the key.
    pub fn to_pem(&self) -> Result<Vec<u8>, ErrorStack> {
        Ok([self.certificate.to_pem()?, self.key.private_key_to_pem_pkcs8()?].concat())
    }
}

#[derive(Clone, Copy, PartialEq)]
pub enum Purpose {
    Authority,
    Server,
    Client,
}

/// What a certificate says. The default is right in every respect.
pub struct Wish {
    pub name: &'static str,
    pub purpose: Purpose,
    /// Days from now.
    pub valid: Range<i64>,
    pub weak_key: bool,
}

impl Wish {
    pub fn new(name: &'static str, purpose: Purpose) -> Self {
        Wish { name, purpose, valid: VALID, weak_key: false }
    }
}

/// Signed by `issuer`, or by itself when there is none.
pub fn issue(wish: &Wish, issuer: Option<&Identity>) -> Result<Identity, ErrorStack> {
    let key = if wish.weak_key { PKey::from_rsa(Rsa::generate(1024)?)? } else { new_key()? };
    let mut name = X509NameBuilder::new()?;
    name.append_entry_by_nid(Nid::COMMONNAME, wish.name)?;
    let name = name.build();
    let mut serial = BigNum::new()?;
    serial.rand(127, MsbOption::MAYBE_ZERO, false)?;

    let mut builder = X509::builder()?;
    builder.set_version(2)?;
    builder.set_serial_number(serial.to_asn1_integer()?.as_ref())?;
    builder.set_subject_name(&name)?;
    builder.set_issuer_name(issuer.map_or(&*name, |issuer| issuer.certificate.subject_name()))?;
    builder.set_not_before(Asn1Time::from_unix(date::now() + wish.valid.start * DAY)?.as_ref())?;
    builder.set_not_after(Asn1Time::from_unix(date::now() + wish.valid.end * DAY)?.as_ref())?;
    builder.set_pubkey(&key)?;
    add_extensions(&mut builder, wish, issuer)?;
    builder.sign(issuer.map_or(&key, |issuer| &issuer.key), MessageDigest::sha256())?;
    Ok(Identity { certificate: builder.build(), key })
}

fn add_extensions(builder: &mut X509Builder, wish: &Wish, issuer: Option<&Identity>) -> Result<(), ErrorStack> {
    let identifier = SubjectKeyIdentifier::new().build(&builder.x509v3_context(None, None))?;
    builder.append_extension(identifier)?;
    if let Some(issuer) = issuer {
        let context = builder.x509v3_context(Some(&issuer.certificate), None);
        let identifier = AuthorityKeyIdentifier::new().keyid(true).build(&context)?;
        builder.append_extension(identifier)?;
    }
    if wish.purpose == Purpose::Authority {
        builder.append_extension(BasicConstraints::new().critical().ca().build()?)?;
        return builder.append_extension(KeyUsage::new().critical().key_cert_sign().crl_sign().build()?);
    }
    builder.append_extension(BasicConstraints::new().critical().build()?)?;
    let mut usage = ExtendedKeyUsage::new();
    let usage = if wish.purpose == Purpose::Server { usage.server_auth() } else { usage.client_auth() };
    builder.append_extension(usage.build()?)?;
    let mut names = SubjectAlternativeName::new();
    names.dns(wish.name);
    if wish.name == "localhost" {
        names.ip("127.0.0.1");
    }
    let names = names.build(&builder.x509v3_context(None, None))?;
    builder.append_extension(names)
}

fn new_key() -> Result<PKey<Private>, ErrorStack> {
    PKey::from_ec_key(EcKey::generate(&*EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?)?)
}
