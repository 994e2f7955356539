//! What is constant for all handles of a client.

use super::identity::Identity;
use super::secure::Secure;
use super::share::Share;
use super::trust::Trust;
use crate::client::config::{Config, Proxy};
use crate::client::no_proxy;
use crate::client::protocol::Protocol;
use crate::client::tls::{Tls, TlsVersion};
use crate::client::url::Origin;
use crate::error::{Code, Error, Result};
use crate::sync::OnceLock;
use curl_sys::curl_slist;
use std::ffi::{CStr, CString, c_long};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

pub struct Settings {
    pub share: Share,
    tls: Tls,
    /// Named authorities at once, so that a bad file is told early; the system's at the first https origin or proxy.
    trust: OnceLock<Arc<Trust>>,
    identity: Option<Arc<Identity>>,
    /// The base URL's.
    home: Option<Arc<Origin>>,
    http_proxy: CString,
    https_proxy: CString,
    no_proxy: String,
    resolve: ResolveList,
    protocol: Protocol,
    pub counts: Arc<Counts>,
}

/// Which version of HTTP an origin is spoken to in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstVersion {
    Http1,
    Http2,
    /// By ALPN.
    Asked,
}

/// Counted when a request is on its way, for those who look meanwhile.
#[derive(Debug, Default)]
pub struct Counts {
    connections: AtomicI64,
    reuses: AtomicU64,
}

impl Settings {
    pub fn new(config: &Config) -> Result<Settings> {
        let trust = OnceLock::new();
        if let Some(named) = Trust::named(&config.tls)? {
            let _ = trust.set(Arc::new(named));
        }
        let identity = config.tls.client_certificate.as_ref().map(Identity::new).transpose()?;
        let (http_proxy, https_proxy, no_proxy) = proxies(&config.proxy);
        Ok(Settings {
            share: Share::new()?,
            tls: config.tls.clone(),
            trust,
            identity: identity.map(Arc::new),
            home: config.base.as_ref().map(|base| base.origin().clone()),
            http_proxy: c_string(http_proxy),
            https_proxy: c_string(https_proxy),
            no_proxy,
            resolve: ResolveList::new(config)?,
            protocol: config.protocol,
            counts: Arc::default(),
        })
    }

    /// `None`: neither the origin nor a proxy speaks TLS.
    pub fn secure_for(&self, origin: &Origin) -> Result<Option<Secure>> {
        if !self.use_tls(origin) {
            return Ok(None);
        }
        let tls_to_proxy = self.use_tls_to_proxy(origin);
        // As every secret of a client that was made for one server.
        let at_home = origin.https && self.home.as_ref().is_none_or(|home| **home == *origin);
        Ok(Some(Secure {
            trust: self.trust(tls_to_proxy)?,
            identity: self.identity.as_ref().filter(|_| at_home).cloned(),
            tls_to_proxy,
            tls_to_origin: origin.https,
            keeps_certificates: self.tls.keeps_certificates,
        }))
    }

    fn use_tls_to_proxy(&self, origin: &Origin) -> bool {
        let proxy = self.proxy_for(origin).to_bytes();
        proxy.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"https://"))
    }

    /// Whether there is TLS, to the server or to its proxy.
    pub fn use_tls(&self, origin: &Origin) -> bool {
        origin.https || self.use_tls_to_proxy(origin)
    }

    fn trust(&self, tls_to_proxy: bool) -> Result<Arc<Trust>> {
        if let Some(trust) = self.trust.get() {
            return Ok(trust.clone());
        }
        if self.tls.skips_verification && !tls_to_proxy {
            return Ok(Arc::new(Trust::nobody()?));
        }
        let system = Arc::new(Trust::system()?);
        Ok(self.trust.get_or_init(|| system).clone())
    }

    /// The options about TLS, with their values.
    pub fn tls_options(&self) -> [(curl_sys::CURLoption, c_long); 5] {
        let version = match self.tls.min_version {
            TlsVersion::HTTPC_TLS_1_3 => curl_sys::CURL_SSLVERSION_TLSv1_3,
            _ => curl_sys::CURL_SSLVERSION_TLSv1_2,
        };
        let peer = !self.tls.skips_verification;
        let host = if peer && !self.tls.skips_host_name { 2 } else { 0 };
        [
            (curl_sys::CURLOPT_SSLVERSION, version as c_long),
            (curl_sys::CURLOPT_PROXY_SSLVERSION, version as c_long),
            (curl_sys::CURLOPT_SSL_VERIFYPEER, c_long::from(peer)),
            (curl_sys::CURLOPT_SSL_VERIFYHOST, host),
            // A resumed session knows the server's own certificate only.
            (curl_sys::CURLOPT_SSL_SESSIONID_CACHE, c_long::from(!self.tls.keeps_certificates)),
        ]
    }

    /// For CURLOPT_PINNEDPUBLICKEY.
    pub fn pins(&self) -> Option<&CStr> {
        self.tls.pins.as_deref()
    }

    /// Empty for none: libcurl must not read the environment itself, which races with setenv().
    pub fn proxy_for(&self, origin: &Origin) -> &CStr {
        if no_proxy::excepts(&self.no_proxy, &origin.host) {
            c""
        } else if origin.https {
            &self.https_proxy
        } else {
            &self.http_proxy
        }
    }

    /// Whether an HTTP proxy is in between and no tunnel through it.
    pub fn shows_requests_to_proxy(&self, origin: &Origin) -> bool {
        let proxy = self.proxy_for(origin).to_bytes();
        let is_tunnel = proxy.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"socks"));
        !origin.https && !proxy.is_empty() && !is_tunnel
    }

    /// Host and port of the origin's proxy, if any, without what else its URL holds.
    pub fn shown_proxy(&self, origin: &Origin) -> Option<String> {
        let url = self.proxy_for(origin).to_string_lossy();
        let place = url.split_once("://").map_or(&*url, |(_, rest)| rest);
        let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
        (!url.is_empty()).then(|| crate::text::printable(place.trim_end_matches('/').as_bytes(), 100))
    }

    /// How an engine thread speaks to an origin before it knows better.
    pub fn first_version(&self, origin: &Origin) -> FirstVersion {
        match self.protocol {
            Protocol::HTTPC_PROTOCOL_HTTP_2_PRIOR_KNOWLEDGE => FirstVersion::Http2,
            Protocol::HTTPC_PROTOCOL_AUTO | Protocol::HTTPC_PROTOCOL_HTTP_2
                if origin.https && super::speaks_http2() =>
            {
                FirstVersion::Asked
            }
            _ => FirstVersion::Http1,
        }
    }

    pub fn resolve_list(&self) -> *const curl_slist {
        self.resolve.first
    }
}

impl Counts {
    pub fn reuse(&self) {
        self.reuses.fetch_add(1, Ordering::Relaxed);
    }

    /// The new connection's number.
    pub fn connection(&self) -> i64 {
        self.connections.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Connections opened, and times that one was used again.
    pub fn get(&self) -> (u64, u64) {
        (self.connections.load(Ordering::Relaxed).unsigned_abs(), self.reuses.load(Ordering::Relaxed))
    }
}

/// For http, for https, and where none is used: as curl(1) reads the environment. HTTP_PROXY in capitals is left alone,
/// since a CGI program's peer chooses it (CVE-2016-5385).
fn proxies(configured: &Proxy) -> (String, String, String) {
    let variable = |names: &[&str]| {
        names.iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty())).unwrap_or_default()
    };
    match configured {
        Proxy::Direct => Default::default(),
        Proxy::Url(url) => (url.clone(), url.clone(), String::new()),
        Proxy::Environment => (
            variable(&["http_proxy", "all_proxy", "ALL_PROXY"]),
            variable(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
            variable(&["no_proxy", "NO_PROXY"]),
        ),
    }
}

fn c_string(text: String) -> CString {
    CString::new(text).unwrap_or_default()
}

/// CURLOPT_RESOLVE's entries. libcurl's own list: it is made once and read by all.
struct ResolveList {
    first: *mut curl_slist,
}

// SAFETY: not changed after it is made.
unsafe impl Send for ResolveList {}
unsafe impl Sync for ResolveList {}

impl ResolveList {
    fn new(config: &Config) -> Result<ResolveList> {
        let mut list = ResolveList { first: std::ptr::null_mut() };
        for entry in &config.resolve {
            let text = c_string(format!("{}:{}:{}", entry.host, entry.port, entry.address));
            // SAFETY: a NUL-terminated string, which libcurl copies.
            let longer = unsafe { curl_sys::curl_slist_append(list.first, text.as_ptr()) };
            if longer.is_null() {
                return Err(Error::new(Code::HTTPC_E_RESOURCE, "no memory for the resolve list"));
            }
            list.first = longer;
        }
        Ok(list)
    }
}

impl Drop for ResolveList {
    fn drop(&mut self) {
        // SAFETY: our own list, or NULL. The handles that use it hold the settings alive.
        unsafe { curl_sys::curl_slist_free_all(self.first) };
    }
}
