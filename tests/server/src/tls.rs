//! What can be particular about the TLS of a listener.

use crate::{
    certs::{Identity, Purpose, Wish, issue},
    names::Pem,
};
use base64::prelude::{BASE64_STANDARD, Engine};
use openssl::{
    error::ErrorStack,
    pkcs12::Pkcs12,
    ssl::{AlpnError, Ssl, SslContext, SslContextBuilder, SslMethod, SslMode, SslStream, SslVerifyMode, SslVersion},
    stack::Stack,
    symm::Cipher,
    x509::store::X509StoreBuilder,
};
use std::net::TcpStream;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Flavour {
    Good,
    /// Speaks HTTP/2 as well.
    Http2,
    Expired,
    NotYet,
    WrongHost,
    SelfSigned,
    UnknownAuthority,
    NoIntermediate,
    /// A certificate that is for clients only.
    WrongUsage,
    /// RSA with 1024 bits.
    WeakKey,
    /// At most TLS 1.1.
    OldVersion,
    /// TLS 1.2 alone.
    Version12,
    /// A certificate of the intermediate authority, with that.
    Chain,
    ClientCertificate,
    OptionalClientCertificate,
    /// `ClientCertificate` with TLS 1.2, where the client learns of a refusal in the handshake.
    ClientCertificate12,
    /// The routes are replaced by one answer without length that ends without close_notify.
    Truncate,
}

/// The authority that clients trust, and those that they do not know.
pub struct Pki {
    root: Identity,
    unknown: Identity,
    intermediate: Identity,
    good: Identity,
    client: Identity,
    client_of_intermediate: Identity,
}

/// What opens the client's encrypted files.
const PASSWORD: &str = "s3cr3t-7f1c";

impl Pki {
    pub fn new() -> Result<Self, ErrorStack> {
        let root = issue(&Wish::new("testserver authority", Purpose::Authority), None)?;
        let intermediate = issue(&Wish::new("testserver intermediate", Purpose::Authority), Some(&root))?;
        Ok(Pki {
            unknown: issue(&Wish::new("unknown authority", Purpose::Authority), None)?,
            client_of_intermediate: issue(&Wish::new("test client 2", Purpose::Client), Some(&intermediate))?,
            intermediate,
            good: issue(&Wish::new("localhost", Purpose::Server), Some(&root))?,
            client: issue(&Wish::new("test client", Purpose::Client), Some(&root))?,
            root,
        })
    }

    pub fn pem(&self, file: Pem) -> Result<Vec<u8>, ErrorStack> {
        match file {
            Pem::Authority => self.root.certificate.to_pem(),
            Pem::ClientCertificate => self.client.certificate.to_pem(),
            Pem::ClientKey => self.client.key.private_key_to_pem_pkcs8(),
            Pem::ClientKeyEncrypted => {
                self.client.key.private_key_to_pem_pkcs8_passphrase(Cipher::aes_256_cbc(), PASSWORD.as_bytes())
            }
            Pem::ClientChain => {
                let chain = self.client_of_intermediate.certificate.to_pem()?;
                let key = self.client_of_intermediate.key.private_key_to_pem_pkcs8()?;
                Ok([chain, self.intermediate.certificate.to_pem()?, key].concat())
            }
            Pem::ClientPkcs12 => self.pkcs12(),
            Pem::ClientExpired => {
                let wish = Wish { valid: -20..-10, ..Wish::new("test client", Purpose::Client) };
                issue(&wish, Some(&self.root))?.to_pem()
            }
            Pem::ClientWeak => {
                let wish = Wish { weak_key: true, ..Wish::new("test client", Purpose::Client) };
                issue(&wish, Some(&self.root))?.to_pem()
            }
            Pem::ClientUnknown => issue(&Wish::new("test client", Purpose::Client), Some(&self.unknown))?.to_pem(),
        }
    }

    fn pkcs12(&self) -> Result<Vec<u8>, ErrorStack> {
        let client = &self.client_of_intermediate;
        let mut chain = Stack::new()?;
        chain.push(self.intermediate.certificate.clone())?;
        Pkcs12::builder().cert(&client.certificate).pkey(&client.key).ca(chain).build2(PASSWORD)?.to_der()
    }

    /// Under which OpenSSL looks for the authority in a directory.
    pub fn hashed_name(&self) -> String {
        format!("{:08x}.0", self.root.certificate.subject_name_hash())
    }

    /// As CURLOPT_PINNEDPUBLICKEY takes it.
    pub fn pin(&self) -> Result<String, ErrorStack> {
        let hash = openssl::sha::sha256(&self.good.key.public_key_to_der()?);
        Ok(format!("sha256//{}", BASE64_STANDARD.encode(hash)))
    }

    pub fn context(&self, flavour: Flavour) -> Result<SslContext, ErrorStack> {
        let mut builder = SslContextBuilder::new(SslMethod::tls_server())?;
        match flavour {
            Flavour::OldVersion => {
                weaken(&mut builder)?;
                builder.set_min_proto_version(Some(SslVersion::TLS1))?;
                builder.set_max_proto_version(Some(SslVersion::TLS1_1))?;
            }
            Flavour::WeakKey => weaken(&mut builder)?,
            Flavour::Version12 => builder.set_max_proto_version(Some(SslVersion::TLS1_2))?,
            Flavour::Chain => builder.add_extra_chain_cert(self.intermediate.certificate.clone())?,
            Flavour::ClientCertificate | Flavour::ClientCertificate12 | Flavour::OptionalClientCertificate => {
                if flavour == Flavour::ClientCertificate12 {
                    builder.set_max_proto_version(Some(SslVersion::TLS1_2))?;
                }
                let mut store = X509StoreBuilder::new()?;
                store.add_cert(self.root.certificate.clone())?;
                builder.set_verify_cert_store(store.build())?;
                builder.add_client_ca(&self.root.certificate)?;
                let demanded = SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT;
                let is_optional = flavour == Flavour::OptionalClientCertificate;
                builder.set_verify(if is_optional { SslVerifyMode::PEER } else { demanded });
                builder.set_session_id_context(b"testserver")?;
            }
            _ => {}
        }
        let special = self.special_identity(flavour)?;
        let identity = special.as_ref().unwrap_or(&self.good);
        builder.set_certificate(&identity.certificate)?;
        builder.set_private_key(&identity.key)?;
        let spoken: &[u8] = if flavour == Flavour::Http2 { b"\x02h2\x08http/1.1" } else { b"\x08http/1.1" };
        builder.set_alpn_select_callback(|_, offered| {
            openssl::ssl::select_next_proto(spoken, offered).ok_or(AlpnError::NOACK)
        });
        // For sockets that do not block.
        builder.set_mode(SslMode::ENABLE_PARTIAL_WRITE | SslMode::ACCEPT_MOVING_WRITE_BUFFER);
        Ok(builder.build())
    }

    fn special_identity(&self, flavour: Flavour) -> Result<Option<Identity>, ErrorStack> {
        let good = Wish::new("localhost", Purpose::Server);
        let (wish, issuer) = match flavour {
            Flavour::Expired => (Wish { valid: -20..-10, ..good }, Some(&self.root)),
            Flavour::NotYet => (Wish { valid: 10..20, ..good }, Some(&self.root)),
            Flavour::WrongHost => (Wish { name: "other.example", ..good }, Some(&self.root)),
            Flavour::SelfSigned => (good, None),
            Flavour::UnknownAuthority => (good, Some(&self.unknown)),
            Flavour::NoIntermediate | Flavour::Chain => (good, Some(&self.intermediate)),
            Flavour::WrongUsage => (Wish { purpose: Purpose::Client, ..good }, Some(&self.root)),
            Flavour::WeakKey => (Wish { weak_key: true, ..good }, Some(&self.root)),
            _ => return Ok(None),
        };
        issue(&wish, issuer).map(Some)
    }
}

/// OpenSSL 3 refuses to serve old versions and short keys above security level 0.
fn weaken(builder: &mut SslContextBuilder) -> Result<(), ErrorStack> {
    builder.set_cipher_list("ALL:@SECLEVEL=0")
}

/// The stream comes back also when the handshake failed, so that the connection can be ended in an orderly way.
pub fn accept(context: &SslContext, tcp: TcpStream) -> (SslStream<TcpStream>, bool) {
    let ssl = Ssl::new(context).expect("OpenSSL fails here only for want of memory");
    let mut stream = SslStream::new(ssl, tcp).expect("OpenSSL fails here only for want of memory");
    let agreed = stream.accept().is_ok();
    (stream, agreed)
}

pub fn chose_http2(stream: &SslStream<TcpStream>) -> bool {
    stream.ssl().selected_alpn_protocol() == Some(b"h2")
}
