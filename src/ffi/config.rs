//! Configuration of a client: one option, one setter. A setter returns a code and the object keeps its first failure, so a
//! chain of setters may be checked once: httpc_client_new() then fails with that first failure and makes nothing. Strings
//! are copied. A config is borrowed by httpc_client_new() and may be used again, changed or freed afterwards.

use super::clock::httpc_clock;
use super::mock::httpc_mock;
use super::rate_limiter::httpc_rate_limiter;
use super::retry_policy::{httpc_drop_fn, httpc_retry_policy};
use super::{boolean, borrow, clear, duration_ms, error::httpc_error, guard, string};
use crate::client::config::{Config, Record};
use crate::client::log::{Log, LogLevel};
use crate::client::protocol::Protocol;
use crate::client::timeouts::Timeout;
use crate::error::{Code, Error, Result};
use std::ffi::{CStr, c_char, c_void};
use std::sync::Arc;

/// [single] Options for a client, with every default of the README's table.
pub struct httpc_config {
    pub(crate) inner: Config,
    pub(crate) failure: Option<Box<Error>>,
}

pub(super) unsafe fn set(config: *mut httpc_config, setter: impl FnOnce(&mut Config) -> Result<()>) -> Code {
    let Some(config) = (unsafe { config.as_mut() }) else { return Code::HTTPC_E_INVALID_ARG };
    super::keep_first(&mut config.failure, || setter(&mut config.inner))
}

/// Receives a log line, on the thread of the call that it tells of; several may come at once. A call made from inside it
/// logs again: mind the recursion.
pub type httpc_log_fn = Option<unsafe extern "C" fn(userdata: *mut c_void, level: LogLevel, line: *const c_char)>;

/// Makes a configuration with all defaults.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_new(out: *mut *mut httpc_config, err: *mut *mut httpc_error) -> Code {
    guard(err, || {
        unsafe { clear(out) }?;
        let config = httpc_config { inner: Config::default(), failure: None };
        unsafe { out.write(Box::into_raw(Box::new(config))) };
        Ok(())
    })
}

/// The first failure of a setter, or NULL. Borrowed from the config.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_error(config: *const httpc_config) -> *const httpc_error {
    unsafe { config.as_ref() }.map_or(std::ptr::null(), |c| super::lend_failure(&c.failure))
}

/// The URL that relative URLs of calls are joined to: with "https://api.example.com/v1", both "items" and "/items" mean
/// https://api.example.com/v1/items. http or https; user-info in it becomes basic authentication; no query or fragment.
/// Default: none, calls then need absolute URLs. Errors: HTTPC_E_INVALID_ARG, HTTPC_E_URL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_set_base_url(config: *mut httpc_config, url: *const c_char) -> Code {
    unsafe { set(config, |c| c.set_base_url(string(url, "url")?)) }
}

/// Sends "Authorization: Bearer TOKEN" (RFC 6750) with every request, to the base URL's origin only: a call with an
/// absolute URL elsewhere does not carry it. Never logged, never in a detail. Without a base URL it goes to every origin.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_set_bearer_token(config: *mut httpc_config, token: *const c_char) -> Code {
    unsafe { set(config, |c| c.set_bearer_token(string(token, "token")?)) }
}

/// Sends basic authentication (RFC 7617) with every request, under the same rules as a bearer token. The user name must
/// not contain a colon.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_set_basic_auth(
    config: *mut httpc_config,
    user: *const c_char,
    password: *const c_char,
) -> Code {
    unsafe { set(config, |c| c.set_basic_auth(string(user, "user")?, string(password, "password")?)) }
}

/// Sends a header with every request; a request's own header of that name replaces it. An empty value sends the header
/// empty. Headers that the library derives (Content-Length, Transfer-Encoding, Connection, …) are refused. Authorization
/// and Cookie are secrets by their names: httpc_config_set_secret_header().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_set_header(
    config: *mut httpc_config,
    name: *const c_char,
    value: *const c_char,
) -> Code {
    unsafe { set(config, |c| c.set_header(string(name, "name")?, string(value, "value")?, false)) }
}

/// As httpc_config_set_header(), for a value that is a secret (an API key): never logged, and sent to the base URL's
/// origin only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_set_secret_header(
    config: *mut httpc_config,
    name: *const c_char,
    value: *const c_char,
) -> Code {
    unsafe { set(config, |c| c.set_header(string(name, "name")?, string(value, "value")?, true)) }
}

/// The User-Agent header. Default "libhttpclient/VERSION"; "" sends none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_set_user_agent(config: *mut httpc_config, user_agent: *const c_char) -> Code {
    unsafe { set(config, |c| c.set_user_agent(string(user_agent, "user_agent")?)) }
}

/// Sets one timeout, in milliseconds; 0 means no limit. `which` is an httpc_timeout. Defaults: connect 5 s, read 30 s,
/// write 30 s, pool 5 s, attempt bounded by total, total 60 s.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_set_timeout(config: *mut httpc_config, which: i32, ms: u64) -> Code {
    unsafe {
        set(config, |c| {
            c.timeouts.set(Timeout::try_from(which)?, duration_ms(ms, "ms")?);
            Ok(())
        })
    }
}

/// Most connections the client holds open at once, idle ones included. Calls beyond it wait their turn, first come first
/// served, up to HTTPC_TIMEOUT_POOL. At least 1; default 100.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_set_max_connections(config: *mut httpc_config, connections: u32) -> Code {
    unsafe { set(config, |c| c.pool.set_max_connections(connections)) }
}

/// The same for one origin (scheme, host, port). At least 1; default 20.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_set_max_connections_per_host(
    config: *mut httpc_config,
    connections: u32,
) -> Code {
    unsafe { set(config, |c| c.pool.set_max_per_host(connections)) }
}

/// Most idle connections kept for later calls; the oldest is closed first. 0 keeps none; default 20.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_set_max_idle(config: *mut httpc_config, connections: u32) -> Code {
    unsafe {
        set(config, |c| {
            c.pool.max_idle = connections;
            Ok(())
        })
    }
}

/// How long an idle connection is kept, in milliseconds; 0 means no limit. Those of blocking calls are looked at when the next
/// such call begins, those of engine threads in time. Default 30 s.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_set_idle_expiry(config: *mut httpc_config, ms: u64) -> Code {
    unsafe {
        set(config, |c| {
            c.pool.idle_expiry_ms = duration_ms(ms, "ms")?;
            Ok(())
        })
    }
}

/// The retry rules of every call; copied. Default: three attempts, as httpc_retry_policy_new() makes them. NULL turns
/// retries off.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_set_retry(config: *mut httpc_config, policy: *const httpc_retry_policy) -> Code {
    unsafe {
        set(config, |c| {
            c.retry = httpc_retry_policy::copy(policy)?;
            Ok(())
        })
    }
}

/// Makes every attempt of every call, retries included, take one token from this limiter before it may run. Several: from
/// all at the same instant, or from none. The config and its clients keep references of their own; adding one twice is
/// adding it once. Limiters of one config go by one clock. Errors: HTTPC_E_INVALID_ARG.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_add_rate_limiter(
    config: *mut httpc_config,
    limiter: *mut httpc_rate_limiter,
) -> Code {
    unsafe { set(config, |c| c.add_rate_limiter(httpc_rate_limiter::retain(limiter)?)) }
}

/// 1 (default): a final status of 400 or more is HTTPC_E_STATUS. 0: it is an ordinary response.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_set_status_errors(config: *mut httpc_config, on: i32) -> Code {
    unsafe {
        set(config, |c| {
            c.status_errors = boolean(on, "on")?;
            Ok(())
        })
    }
}

/// Longest response body kept in memory, in decoded bytes; beyond it a call ends with HTTPC_E_BODY_TOO_LARGE. Of a
/// response that is HTTPC_E_STATUS the beginning is kept instead. Default 64 MiB.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_set_max_body(config: *mut httpc_config, bytes: u64) -> Code {
    unsafe {
        set(config, |c| {
            c.max_body = bytes;
            Ok(())
        })
    }
}

/// Whether content codings are undone (1, the default): "Accept-Encoding: gzip, deflate, br, zstd" is sent, bodies are decoded
/// (RFC 9110 section 8.4), and limits count decoded bytes. Headers stay as they came. A request that has an Accept-Encoding of its
/// own, or the client, gets its body as it came; one with a Range asks for no coding. A body that is cut off or broken inside
/// its coding, or in a coding that nobody asked for, is HTTPC_E_DECODE. What follows a complete gzip, deflate or brotli stream
/// is ignored, as browsers do.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_set_content_decoding(config: *mut httpc_config, on: i32) -> Code {
    unsafe {
        set(config, |c| {
            c.content_decoding = boolean(on, "on")?;
            Ok(())
        })
    }
}

/// Longest response head, in bytes over all its header lines; beyond it a call ends with HTTPC_E_HEADERS_TOO_LARGE. At
/// least 1024 and at most 300 KiB, which is libcurl's own limit; default 256 KiB.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_set_max_headers(config: *mut httpc_config, bytes: u64) -> Code {
    unsafe { set(config, |c| c.set_max_headers(bytes)) }
}

/// Most redirects that a call follows; 0 follows none, and a 3xx is then an ordinary response. Default 10; beyond it a call
/// ends with HTTPC_E_REDIRECT. Followed are 301, 302, 303, 307 and 308 with a Location, to http and https only and never
/// from https to http. 303, and 301 or 302 in answer to a POST, go on as GET without the body (RFC 9110 section 15.4). At
/// another origin, and ever after, secret headers, Authorization and Cookie are left out.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_set_max_redirects(config: *mut httpc_config, redirects: u32) -> Code {
    unsafe {
        set(config, |c| {
            c.redirects.max = redirects;
            Ok(())
        })
    }
}

/// Whether a redirect in answer to a POST is followed (1, default) or an ordinary response (0).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_set_redirect_post(config: *mut httpc_config, on: i32) -> Code {
    unsafe {
        set(config, |c| {
            c.redirects.post = boolean(on, "on")?;
            Ok(())
        })
    }
}

/// The proxy for all requests, "http://proxy.example:3128" (also https://, socks5://, socks5h://; CURLOPT_PROXY); ""
/// connects directly. Default: the variables http_proxy, https_proxy, all_proxy and no_proxy, read once by
/// httpc_client_new().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_set_proxy(config: *mut httpc_config, url: *const c_char) -> Code {
    unsafe { set(config, |c| c.set_proxy(string(url, "url")?)) }
}

/// Connects to `address` (a numeric IPv4 or IPv6 address) for `host` and `port` instead of asking DNS (CURLOPT_RESOLVE).
/// The Host header and the certificate check still use `host`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_add_resolve(
    config: *mut httpc_config,
    host: *const c_char,
    port: u16,
    address: *const c_char,
) -> Code {
    unsafe { set(config, |c| c.add_resolve(string(host, "host")?, port, string(address, "address")?)) }
}

/// Tells the program what the client does: one line for every attempt at HTTPC_LOG_DEBUG, for failed ones at
/// HTTPC_LOG_WARN, for failed calls at HTTPC_LOG_ERROR, and the wire at HTTPC_LOG_TRACE. `level` is an httpc_log_level.
/// Lines are valid UTF-8 without control characters, user-info, query strings or secret values. `drop` may be NULL; it runs
/// once, when the last client with this log is gone, also when this call fails. NULL as `log` turns logging off. Default: to
/// stderr at the level that the environment variable HTTPCLIENT_LOG names (error, warn, info, debug, trace); unset: off.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_set_log(
    config: *mut httpc_config,
    level: i32,
    log: httpc_log_fn,
    userdata: *mut c_void,
    drop: httpc_drop_fn,
) -> Code {
    let userdata = super::Userdata::new(userdata, drop);
    unsafe {
        set(config, move |c| {
            let level = LogLevel::try_from(level)?;
            c.log = Some(match log {
                None => Log::new(LogLevel::HTTPC_LOG_OFF, Arc::new(|_, _| ())),
                Some(log) => {
                    Log::new(level, Arc::new(move |level, line: &CStr| log(userdata.get(), level, line.as_ptr())))
                }
            });
            Ok(())
        })
    }
}

/// Seeds the jitter, for delays that repeat from run to run. Default: a random seed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_set_seed(config: *mut httpc_config, seed: u64) -> Code {
    unsafe {
        set(config, |c| {
            c.seed = Some(seed);
            Ok(())
        })
    }
}

/// Writes all exchanges to a file in the HTTP Archive format (HAR 1.2), each attempt as it ends; what was there is replaced when
/// the client is made (HTTPC_E_FILE). After each exchange the file is whole. Secret headers, Authorization, Cookie, Set-Cookie
/// and the values of query parameters with names like "token" or "api_key" become "REDACTED", and user-info is left out; bodies are
/// kept as they are, but those of sources, files and sinks are not recorded. `secrets` 1 keeps the secrets. One client at a
/// time may write to a file. httpc_mock_add_har() answers from it. NULL: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_set_record(config: *mut httpc_config, path: *const c_char, secrets: i32) -> Code {
    unsafe {
        set(config, |c| {
            let secrets = boolean(secrets, "secrets")?;
            c.record = match path.is_null() {
                true => None,
                false => Some(Record { path: string(path, "path")?.into(), secrets }),
            };
            Ok(())
        })
    }
}

/// Has the mock answer in place of servers: for tests. The config keeps a reference. NULL: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_set_mock(config: *mut httpc_config, mock: *mut httpc_mock) -> Code {
    unsafe {
        set(config, |c| {
            c.mock = httpc_mock::retain(mock);
            Ok(())
        })
    }
}

/// Has calls go by this clock, with all their timeouts and pauses: for tests, and only together with a mock, since a real
/// network does not follow virtual time; httpc_client_new() says so otherwise. The wall clock, for dates in headers,
/// stands at the year 2000 when the clock is at 0. The config keeps a reference. NULL: the real time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_set_clock(config: *mut httpc_config, clock: *mut httpc_clock) -> Code {
    unsafe {
        set(config, |c| {
            c.clock = httpc_clock::retain(clock);
            Ok(())
        })
    }
}

/// Which versions of HTTP to speak: an httpc_protocol. Default: HTTPC_PROTOCOL_AUTO. HTTPC_E_UNSUPPORTED when HTTP/2 is asked for
/// by name and the libcurl in use was built without it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_set_protocol(config: *mut httpc_config, protocol: i32) -> Code {
    unsafe { set(config, |c| c.set_protocol(Protocol::try_from(protocol)?)) }
}

/// How many engine threads drive submitted calls. Each has connections of its own, under the client's common limits; one
/// serves tens of thousands of requests a second. At a limit, where threads take turns, one closes a connection so that
/// another can open one: let the limits leave room. 1 to 64. Default: 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_set_engine_threads(config: *mut httpc_config, threads: u32) -> Code {
    unsafe { set(config, |c| c.set_engine_threads(threads)) }
}

/// Frees a config; clients made from it live on. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_config_free(config: *mut httpc_config) {
    if !config.is_null() {
        super::quiet((), || drop(unsafe { Box::from_raw(config) }));
    }
}

/// The configuration a client is made from: NULL means all defaults.
pub(crate) unsafe fn checked(config: *const httpc_config) -> Result<Config> {
    if config.is_null() {
        return Ok(Config::default());
    }
    let config = unsafe { borrow(config, "config") }?;
    match &config.failure {
        Some(failure) => Err(failure.again()),
        None => Ok(config.inner.clone()),
    }
}
