//! The one table of names: placeholders, environment variables and listeners all come from it.

use crate::{http2, tls::Flavour, traps::Trap};

/// What stands behind a name.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// The routes over plain HTTP.
    Http,
    /// The routes over TLS, with something particular about the TLS.
    Tls(Flavour),
    /// The routes over HTTP/2: without TLS to clients that know, with it to those that choose it.
    Http2 { tls: bool, settings: http2::Settings },
    /// A listener that agrees to HTTP/2 and then breaks off.
    Http2Trap(http2::Trap),
    /// A listener that breaks off below HTTP.
    Trap(Trap),
    /// A port that refuses connections.
    Refused,
    /// A listener whose backlog is full, so that connecting hangs.
    Blackhole,
    /// A proxy over TLS.
    Proxy,
    /// The path of a file with certificates or keys.
    File(Pem),
    /// A directory with the authority, under the name that OpenSSL looks for.
    Directory,
    /// The pin of the good certificate's key.
    Pin,
}

#[derive(Clone, Copy, Debug)]
pub enum Pem {
    Authority,
    ClientCertificate,
    ClientKey,
    /// An intermediate authority's, with that and the key behind it.
    ClientChain,
    /// `ClientKey`, encrypted.
    ClientKeyEncrypted,
    /// What is in `ClientChain` as PKCS#12, encrypted.
    ClientPkcs12,
    /// With the key behind it.
    ClientExpired,
    /// RSA with 1024 bits, with the key behind it.
    ClientWeak,
    /// Of an authority that the server does not know, with the key behind it.
    ClientUnknown,
}

impl Pem {
    pub fn suffix(self) -> &'static str {
        if matches!(self, Pem::ClientPkcs12) { "p12" } else { "pem" }
    }
}

const ORDERLY: http2::Settings = http2::Settings { max_concurrent_streams: None, initial_window_size: None };
const TWO_STREAMS: http2::Settings = http2::Settings { max_concurrent_streams: Some(2), ..ORDERLY };
const NO_STREAMS: http2::Settings = http2::Settings { max_concurrent_streams: Some(0), ..ORDERLY };
const NO_WINDOW: http2::Settings = http2::Settings { initial_window_size: Some(0), ..ORDERLY };

pub const NAMES: &[(&str, Kind)] = &[
    ("url", Kind::Http),
    ("tls", Kind::Tls(Flavour::Good)),
    ("ca", Kind::File(Pem::Authority)),
    ("client_cert", Kind::File(Pem::ClientCertificate)),
    ("client_key", Kind::File(Pem::ClientKey)),
    ("client_chain", Kind::File(Pem::ClientChain)),
    ("client_key_encrypted", Kind::File(Pem::ClientKeyEncrypted)),
    ("client_p12", Kind::File(Pem::ClientPkcs12)),
    ("client_expired", Kind::File(Pem::ClientExpired)),
    ("client_weak", Kind::File(Pem::ClientWeak)),
    ("client_unknown", Kind::File(Pem::ClientUnknown)),
    ("ca_dir", Kind::Directory),
    ("tls_pin", Kind::Pin),
    ("tls_expired", Kind::Tls(Flavour::Expired)),
    ("tls_not_yet", Kind::Tls(Flavour::NotYet)),
    ("tls_wrong_host", Kind::Tls(Flavour::WrongHost)),
    ("tls_self_signed", Kind::Tls(Flavour::SelfSigned)),
    ("tls_unknown_ca", Kind::Tls(Flavour::UnknownAuthority)),
    ("tls_no_intermediate", Kind::Tls(Flavour::NoIntermediate)),
    ("tls_wrong_usage", Kind::Tls(Flavour::WrongUsage)),
    ("tls_weak", Kind::Tls(Flavour::WeakKey)),
    ("tls_old", Kind::Tls(Flavour::OldVersion)),
    ("tls_1_2", Kind::Tls(Flavour::Version12)),
    ("tls_chain", Kind::Tls(Flavour::Chain)),
    ("tls_client_cert", Kind::Tls(Flavour::ClientCertificate)),
    ("tls_client_cert_1_2", Kind::Tls(Flavour::ClientCertificate12)),
    ("tls_proxy", Kind::Proxy),
    ("tls_truncate", Kind::Tls(Flavour::Truncate)),
    ("tls_close", Kind::Trap(Trap::TlsClose)),
    ("tls_stall", Kind::Trap(Trap::TlsStall)),
    ("tls_garbage", Kind::Trap(Trap::TlsGarbage)),
    ("tls_alert", Kind::Trap(Trap::TlsAlert)),
    ("tls_half", Kind::Trap(Trap::TlsHalf)),
    ("h2c", Kind::Http2 { tls: false, settings: ORDERLY }),
    ("tls_h2", Kind::Http2 { tls: true, settings: ORDERLY }),
    ("tls_h2_2", Kind::Http2 { tls: true, settings: TWO_STREAMS }),
    ("tls_h2_0", Kind::Http2 { tls: true, settings: NO_STREAMS }),
    ("tls_h2_no_window", Kind::Http2 { tls: true, settings: NO_WINDOW }),
    ("tls_h2_close", Kind::Http2Trap(http2::Trap::Close)),
    ("tls_h2_silent", Kind::Http2Trap(http2::Trap::Silent)),
    ("tls_h2_stall", Kind::Http2Trap(http2::Trap::Stall)),
    ("tls_h2_no_settings", Kind::Http2Trap(http2::Trap::NoSettings)),
    ("tls_h2_goaway", Kind::Http2Trap(http2::Trap::Goaway)),
    ("tls_h2_garbage", Kind::Http2Trap(http2::Trap::Garbage)),
    ("refused", Kind::Refused),
    ("blackhole", Kind::Blackhole),
    ("silent", Kind::Trap(Trap::Silent)),
    ("accept_reset", Kind::Trap(Trap::AcceptReset)),
    ("accept_close", Kind::Trap(Trap::AcceptClose)),
    ("banner", Kind::Trap(Trap::Banner)),
    ("eager", Kind::Trap(Trap::Eager)),
];

/// `tls_old` is passed to the command as `HTTPC_TEST_TLS_OLD`.
pub fn environment_variable(name: &str) -> String {
    format!("HTTPC_TEST_{}", name.to_ascii_uppercase())
}

/// `tls_old` is written `{tls_old}` in the command's arguments.
pub fn placeholder(name: &str) -> String {
    format!("{{{name}}}")
}
