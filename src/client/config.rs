//! What a client is made from. Setters check what they are given; the defaults are the README's table.

use super::clock::Clock;
use super::headers::{check_name, check_value, owned_by_library};
use super::log::Log;
use super::machine::Redirects;
use super::protocol::Protocol;
use super::rate_limiter::RateLimiter;
use super::retry_rules::RetryRules;
use super::timeouts::Timeouts;
use super::tls::Tls;
use super::url::{Base, UrlError};
use super::virtual_clock::VirtualClock;
use crate::error::{Code, Error, Result};
use crate::transport::curl;
use crate::transport::mock::Mock;
use base64::prelude::{BASE64_STANDARD, Engine};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub name: String,
    pub value: String,
    /// Kept out of logs, and from other origins than the base URL's.
    pub secret: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolLimits {
    pub max_connections: u32,
    pub max_per_host: u32,
    pub max_idle: u32,
    /// 0 is no limit.
    pub idle_expiry_ms: u64,
}

impl Default for PoolLimits {
    fn default() -> PoolLimits {
        PoolLimits { max_connections: 100, max_per_host: 20, max_idle: 20, idle_expiry_ms: 30_000 }
    }
}

impl PoolLimits {
    pub fn set_max_connections(&mut self, connections: u32) -> Result<()> {
        self.max_connections = at_least_one(connections)?;
        Ok(())
    }

    pub fn set_max_per_host(&mut self, connections: u32) -> Result<()> {
        self.max_per_host = at_least_one(connections)?;
        Ok(())
    }
}

fn at_least_one(connections: u32) -> Result<u32> {
    if connections == 0 {
        return Err(Error::invalid("connections", "is 0; no call could ever run"));
    }
    Ok(connections)
}

/// Connect to `address` for `host`:`port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolve {
    pub host: String,
    pub port: u16,
    pub address: IpAddr,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Proxy {
    /// The variables of the environment, read once when the client is made.
    #[default]
    Environment,
    Direct,
    Url(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub path: PathBuf,
    /// They are kept.
    pub secrets: bool,
}

#[derive(Clone)]
pub struct Config {
    pub base: Option<Base>,
    pub headers: Vec<Header>,
    pub timeouts: Timeouts,
    pub pool: PoolLimits,
    pub retry: Arc<RetryRules>,
    /// Each once, all on one clock.
    pub rate_limiters: Vec<Arc<RateLimiter>>,
    pub status_errors: bool,
    pub max_body: u64,
    pub max_headers: u64,
    /// Codings are asked for, and undone.
    pub content_decoding: bool,
    pub redirects: Redirects,
    pub protocol: Protocol,
    pub tls: Tls,
    pub proxy: Proxy,
    pub resolve: Vec<Resolve>,
    pub seed: Option<u64>,
    /// Where exchanges are written down.
    pub record: Option<Record>,
    /// Answers in place of servers.
    pub mock: Option<Arc<Mock>>,
    /// What calls go by.
    pub clock: Clock,
    /// At least 1.
    pub engine_threads: u32,
    /// `None`: as the environment says.
    pub log: Option<Log>,
}

/// libcurl's own limit on a response head (lib/http.h, MAX_HTTP_RESP_HEADER_SIZE).
const MOST_HEADER_BYTES: u64 = 300 * 1024;

impl Default for Config {
    fn default() -> Config {
        let agent = concat!("libhttpclient/", env!("CARGO_PKG_VERSION"));
        Config {
            base: None,
            headers: vec![Header { name: "User-Agent".into(), value: agent.into(), secret: false }],
            timeouts: Timeouts::default(),
            pool: PoolLimits::default(),
            retry: Arc::default(),
            rate_limiters: Vec::new(),
            status_errors: true,
            max_body: 64 << 20,
            max_headers: 256 << 10,
            content_decoding: true,
            redirects: Redirects::default(),
            protocol: Protocol::HTTPC_PROTOCOL_AUTO,
            tls: Tls::default(),
            proxy: Proxy::default(),
            resolve: Vec::new(),
            seed: None,
            record: None,
            mock: None,
            clock: Clock::Real,
            engine_threads: 1,
            log: None,
        }
    }
}

impl Config {
    pub fn set_base_url(&mut self, url: &str) -> Result<()> {
        let base = Base::parse(url).map_err(|e| url_error("url", e))?;
        self.forget_userinfo_of_base();
        if let Some((user, password)) = base.userinfo() {
            let (user, password) = (user.to_owned(), password.to_owned());
            self.set_basic_auth(&user, &password)?;
        }
        self.base = Some(base);
        Ok(())
    }

    /// What the base URL before carried is not for the next one's server.
    fn forget_userinfo_of_base(&mut self) {
        if let Some((user, password)) = self.base.as_ref().and_then(Base::userinfo) {
            let old = basic(user, password);
            self.headers.retain(|header| !header.name.eq_ignore_ascii_case("Authorization") || header.value != old);
        }
    }

    pub fn set_protocol(&mut self, protocol: Protocol) -> Result<()> {
        let by_name =
            matches!(protocol, Protocol::HTTPC_PROTOCOL_HTTP_2 | Protocol::HTTPC_PROTOCOL_HTTP_2_PRIOR_KNOWLEDGE);
        if by_name && !curl::speaks_http2() {
            return Err(Error::new(Code::HTTPC_E_UNSUPPORTED, "this libcurl was built without HTTP/2"));
        }
        self.protocol = protocol;
        Ok(())
    }

    /// By which calls may have to wait: that of all their time, or of the rate limiters alone.
    pub fn virtual_clock(&self) -> Option<&Arc<VirtualClock>> {
        let of_limiters = || self.rate_limiters.first().and_then(|limiter| limiter.clock().virtual_clock());
        self.clock.virtual_clock().or_else(of_limiters)
    }

    pub fn set_engine_threads(&mut self, threads: u32) -> Result<()> {
        if !(1..=64).contains(&threads) {
            return Err(Error::invalid("threads", format!("{threads} is not between 1 and 64")));
        }
        self.engine_threads = threads;
        Ok(())
    }

    /// Whether it is of one piece.
    pub fn check(&self) -> Result<()> {
        if self.mock.is_none() && !self.clock.is_same(&Clock::Real) {
            let why = "a client with a virtual clock needs a mock: a real network does not follow it";
            return Err(Error::new(Code::HTTPC_E_INVALID_ARG, why));
        }
        if matches!(self.clock, Clock::Virtual(_))
            && self.rate_limiters.iter().any(|limiter| !limiter.clock().is_same(&self.clock))
        {
            let why = "the rate limiters of a client with a virtual clock must go by that clock";
            return Err(Error::new(Code::HTTPC_E_INVALID_ARG, why));
        }
        self.clock.check_fork()?;
        self.mock.as_ref().map_or(Ok(()), |mock| mock.check())
    }

    pub fn set_bearer_token(&mut self, token: &str) -> Result<()> {
        let plain = |b: u8| b.is_ascii_graphic();
        if token.is_empty() || !token.bytes().all(plain) {
            return Err(Error::invalid("token", "must be visible ASCII without spaces (RFC 6750 section 2.1)"));
        }
        self.set_header("Authorization", &format!("Bearer {token}"), true)
    }

    pub fn set_basic_auth(&mut self, user: &str, password: &str) -> Result<()> {
        if user.contains(':') {
            return Err(Error::invalid("user", "contains a colon (RFC 7617 section 2)"));
        }
        let control = |text: &str| text.chars().any(char::is_control);
        if control(user) || control(password) {
            let which = if control(user) { "user" } else { "password" };
            return Err(Error::invalid(which, "contains a control character (RFC 7617 section 2)"));
        }
        self.set_header("Authorization", &basic(user, password), true)
    }

    pub fn set_header(&mut self, name: &str, value: &str, secret: bool) -> Result<()> {
        // Credentials by their name: a program that sets them as plain headers does not mean them for everybody.
        let secret = secret || ["Authorization", "Cookie"].iter().any(|known| name.eq_ignore_ascii_case(known));
        let header = checked_header(name, value, secret)?;
        self.headers.retain(|other| !other.name.eq_ignore_ascii_case(name));
        self.headers.push(header);
        Ok(())
    }

    pub fn set_user_agent(&mut self, agent: &str) -> Result<()> {
        if agent.is_empty() {
            self.headers.retain(|header| !header.name.eq_ignore_ascii_case("User-Agent"));
            return Ok(());
        }
        check_value(agent.as_bytes()).map_err(|why| Error::invalid("user_agent", why))?;
        self.set_header("User-Agent", agent, false)
    }

    pub fn add_rate_limiter(&mut self, limiter: Arc<RateLimiter>) -> Result<()> {
        if self.rate_limiters.iter().any(|other| !other.clock().is_same(limiter.clock())) {
            return Err(Error::invalid("limiter", "goes by another clock than the limiters added before"));
        }
        if !self.rate_limiters.iter().any(|other| Arc::ptr_eq(other, &limiter)) {
            self.rate_limiters.push(limiter);
        }
        Ok(())
    }

    pub fn set_max_headers(&mut self, bytes: u64) -> Result<()> {
        if !(1024..=MOST_HEADER_BYTES).contains(&bytes) {
            return Err(Error::invalid("bytes", format!("{bytes} is not between 1024 and {MOST_HEADER_BYTES}")));
        }
        self.max_headers = bytes;
        Ok(())
    }

    pub fn set_proxy(&mut self, url: &str) -> Result<()> {
        let known = ["http://", "https://", "socks4://", "socks4a://", "socks5://", "socks5h://"];
        self.proxy = if url.is_empty() {
            Proxy::Direct
        } else if url.chars().any(|c| c.is_control() || c == ' ') {
            return Err(Error::invalid("url", "contains a space or control character"));
        } else if known.iter().any(|scheme| url.len() > scheme.len() && url.starts_with(scheme)) {
            Proxy::Url(url.to_owned())
        } else {
            return Err(Error::new(
                Code::HTTPC_E_URL,
                "argument `url`: a proxy URL begins with http://, https://, socks5:// or socks5h://",
            ));
        };
        Ok(())
    }

    pub fn add_resolve(&mut self, host: &str, port: u16, address: &str) -> Result<()> {
        let odd = |c: char| c.is_control() || " ,:+-[]*/".contains(c) && c != '-';
        if host.is_empty() || host.chars().any(odd) {
            return Err(Error::invalid("host", "is not a host name"));
        }
        if port == 0 {
            return Err(Error::invalid("port", "is 0"));
        }
        let address =
            address.parse().map_err(|_| Error::invalid("address", "is not a numeric IPv4 or IPv6 address"))?;
        self.resolve.push(Resolve { host: host.to_ascii_lowercase(), port, address });
        Ok(())
    }
}

/// The value of an Authorization header for basic authentication, RFC 7617.
pub fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
}

pub fn checked_header(name: &str, value: &str, secret: bool) -> Result<Header> {
    check_name(name).map_err(|why| Error::invalid("name", why))?;
    if let Some(why) = owned_by_library(name) {
        return Err(Error::invalid("name", why));
    }
    check_value(value.as_bytes()).map_err(|why| Error::invalid("value", why))?;
    Ok(Header { name: name.to_owned(), value: value.trim_matches([' ', '\t']).to_owned(), secret })
}

pub fn url_error(argument: &str, error: UrlError) -> Box<Error> {
    let code = if error.argument_is_malformed { Code::HTTPC_E_INVALID_ARG } else { Code::HTTPC_E_URL };
    Error::new(code, format!("argument `{argument}`: {}", error.reason))
}
