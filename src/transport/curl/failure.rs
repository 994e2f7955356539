//! libcurl's outcome in our words: which code, what to tell a person, and whether the same would happen again.

use super::exchange::{Exchange, Fault};
use crate::client::url::Origin;
use crate::error::Code;
use crate::text;
use crate::transport::Failure;
use crate::transport::inflow::NO_STATUS_LINE;
use curl_sys::CURLcode;

/// Newer than curl-sys's list.
const CURLE_PROXY: CURLcode = 97;
const CURLE_TOO_LARGE: CURLcode = 100;

/// Of a lookup that was not over when its time was. libcurl does it in a thread, and when it gets none it says nothing and
/// tries again until the end: so whether there is one is for us to find out.
pub fn of_unfinished_lookup() -> Option<Failure> {
    match std::thread::Builder::new().stack_size(64 << 10).spawn(|| ()) {
        Ok(thread) => {
            let _ = thread.join();
            None
        }
        Err(why) => {
            let why = os_reason(why.raw_os_error().unwrap_or(0));
            Some(failure(Code::HTTPC_E_RESOURCE, format!("no thread to look up the host name in: {why}")))
        }
    }
}

/// What libcurl says of a transfer that has ended.
pub struct Report<'a> {
    pub curl_code: CURLcode,
    /// CURLOPT_ERRORBUFFER.
    pub message: String,
    pub os_errno: i32,
    pub exchange: &'a Exchange,
    pub origin: &'a Origin,
    /// Host and port of the proxy that the transfer went by.
    pub proxy: Option<String>,
    /// How long the request's path, query and headers are together.
    pub request_head: usize,
}

impl Report<'_> {
    /// `None`: the response is complete.
    pub fn failure(&self) -> Option<Failure> {
        if let Some(fault) = &self.exchange.fault {
            return Some(self.fault(fault));
        }
        if let Some(fault) = &self.exchange.inflow.fault {
            return Some(fault.failure());
        }
        if self.curl_code != curl_sys::CURLE_OK {
            return Some(self.curl_failure());
        }
        if self.exchange.is_cut_off() {
            return Some(failure(Code::HTTPC_E_TRUNCATED, CUT_OFF));
        }
        if self.exchange.inflow.head_done {
            return None;
        }
        // libcurl takes headers that the end of the connection cut off for a success.
        let note = match self.exchange.inflow.received {
            0 => "the server closed the connection without an answer",
            _ => "the connection closed inside the response's headers",
        };
        Some(failure(Code::HTTPC_E_IO, note))
    }

    fn fault(&self, fault: &Fault) -> Failure {
        match fault {
            Fault::Resend if self.exchange.opened > 0 => {
                failure(Code::HTTPC_E_IO, "the server refused the request without acting on it")
            }
            Fault::Resend => failure(Code::HTTPC_E_IO, "the connection closed before an answer came"),
            Fault::NoDescriptor(why) => {
                failure(Code::HTTPC_E_RESOURCE, format!("no descriptor for a connection: {why}"))
            }
            Fault::Panic(message) => {
                failure(Code::HTTPC_E_INTERNAL, format!("internal error, please report: {message}"))
            }
        }
    }

    fn curl_failure(&self) -> Failure {
        if self.message.starts_with("Unsupported proxy") {
            // libcurl quotes the URL, password and all.
            let note = "the proxy's URL is not one that libcurl can use";
            return Failure { hopeless: true, ..failure(Code::HTTPC_E_PROXY, note) };
        }
        let said = text::printable(self.message.as_bytes(), 200);
        // nghttp2 quotes the field that it does not like, and that may be a cookie.
        let said = said.split_once(", value: [").map_or(said.as_str(), |(name, _)| name).to_owned();
        if let Some(proxy) = &self.proxy
            && let Some(failure) = self.proxy_failure(proxy, &said)
        {
            return failure;
        }
        if said.contains("chunked-encod") && said.contains("Out of memory") {
            return failure(Code::HTTPC_E_HEADERS_TOO_LARGE, "a line of the response's trailers is too long");
        }
        match self.curl_code {
            curl_sys::CURLE_COULDNT_RESOLVE_HOST => failed_lookup(&self.origin.host),
            curl_sys::CURLE_COULDNT_RESOLVE_PROXY => {
                failure(Code::HTTPC_E_PROXY, or(said, "could not resolve the proxy"))
            }
            CURLE_PROXY => failure(Code::HTTPC_E_PROXY, or(said, "the proxy refused")),
            curl_sys::CURLE_COULDNT_CONNECT => self.not_connected(said),
            curl_sys::CURLE_OPERATION_TIMEDOUT if self.exchange.fired == 0 => {
                failure(Code::HTTPC_E_TIMEOUT_CONNECT, "connect timed out")
            }
            curl_sys::CURLE_OPERATION_TIMEDOUT => {
                failure(Code::HTTPC_E_TIMEOUT_READ, "the server was silent for too long")
            }
            curl_sys::CURLE_PEER_FAILED_VERIFICATION
            | curl_sys::CURLE_SSL_ISSUER_ERROR
            | curl_sys::CURLE_SSL_PINNEDPUBKEYNOTMATCH
            | curl_sys::CURLE_SSL_INVALIDCERTSTATUS => Failure {
                hopeless: true,
                ..failure(Code::HTTPC_E_CERTIFICATE, format!("the server's certificate was refused: {}", plain(&said)))
            },
            curl_sys::CURLE_SSL_CONNECT_ERROR
            | curl_sys::CURLE_SSL_CERTPROBLEM
            | curl_sys::CURLE_SSL_CIPHER
            | curl_sys::CURLE_SSL_ENGINE_NOTFOUND
            | curl_sys::CURLE_SSL_ENGINE_SETFAILED
            | curl_sys::CURLE_USE_SSL_FAILED
            | curl_sys::CURLE_SSL_SHUTDOWN_FAILED
            | curl_sys::CURLE_SSL_CRL_BADFILE
            | curl_sys::CURLE_SSL_CACERT_BADFILE => {
                // What breaks off may go through the next time; what is refused will be refused again.
                Failure {
                    hopeless: !broke_off(&said),
                    ..failure(Code::HTTPC_E_TLS, format!("TLS failed: {}", plain(&said)))
                }
            }
            curl_sys::CURLE_PARTIAL_FILE => {
                failure(Code::HTTPC_E_TRUNCATED, format!("the body ended early: {}", or(said, "cut off")))
            }
            // Said like this by libcurl before 8.6.
            curl_sys::CURLE_OUT_OF_MEMORY if self.request_head >= MOST_REQUEST_HEAD => too_long(),
            curl_sys::CURLE_OUT_OF_MEMORY
                if super::is_older() && self.exchange.fired > 0 && !self.exchange.inflow.head_done =>
            {
                long_line()
            }
            curl_sys::CURLE_OUT_OF_MEMORY => failure(Code::HTTPC_E_RESOURCE, "out of memory"),
            curl_sys::CURLE_URL_MALFORMAT => failure(Code::HTTPC_E_URL, or(said, "not a URL")),
            CURLE_TOO_LARGE if said.contains("request too large") => too_long(),
            CURLE_TOO_LARGE => long_line(),
            curl_sys::CURLE_GOT_NOTHING => {
                failure(Code::HTTPC_E_IO, "the server closed the connection without an answer")
            }
            curl_sys::CURLE_SEND_ERROR | curl_sys::CURLE_RECV_ERROR | curl_sys::CURLE_SEND_FAIL_REWIND => {
                self.broken(said)
            }
            // Content is not decoded by libcurl, so that the coding is the transfer's.
            curl_sys::CURLE_UNSUPPORTED_PROTOCOL | WEIRD_SERVER_REPLY | curl_sys::CURLE_BAD_CONTENT_ENCODING => {
                not_http(said)
            }
            curl_sys::CURLE_UPLOAD_FAILED if said.contains("HTTP 1.0") => {
                failure(Code::HTTPC_E_UNSUPPORTED, "the server speaks HTTP/1.0, which takes no body of unknown length")
            }
            curl_sys::CURLE_HTTP2 => self.http2(said),
            curl_sys::CURLE_HTTP2_STREAM => failure(Code::HTTPC_E_IO, or(said, "the HTTP/2 stream broke")),
            // So says libcurl before 8 of chunks that it cannot read.
            curl_sys::CURLE_BAD_FUNCTION_ARGUMENT if self.exchange.inflow.head_done => not_http(said),
            other => {
                failure(Code::HTTPC_E_INTERNAL, format!("libcurl failed with {other}: {}", or(said, "no message")))
            }
        }
    }

    /// Before the request is on its way, whatever breaks breaks at the proxy.
    fn proxy_failure(&self, proxy: &str, said: &str) -> Option<Failure> {
        if self.exchange.fired > 0 {
            return None;
        }
        let note = match self.curl_code {
            // The error number may be left from another of the proxy's addresses.
            curl_sys::CURLE_COULDNT_CONNECT if self.os_errno != 0 && !said.contains("CONNECT tunnel failed") => {
                format!("could not connect to the proxy {proxy}: {}", os_reason(self.os_errno))
            }
            curl_sys::CURLE_COULDNT_RESOLVE_PROXY => format!("could not resolve the proxy's name in {proxy}"),
            curl_sys::CURLE_COULDNT_CONNECT
            | curl_sys::CURLE_SEND_ERROR
            | curl_sys::CURLE_RECV_ERROR
            | curl_sys::CURLE_GOT_NOTHING
            | curl_sys::CURLE_UNSUPPORTED_PROTOCOL
            | WEIRD_SERVER_REPLY
            | CURLE_PROXY => {
                format!("the proxy {proxy} opened no tunnel: {}", or(said.to_owned(), "no reason given"))
            }
            _ => return None,
        };
        // What the proxy's own 4xx says will be said again.
        Some(Failure { hopeless: said.contains("response 4"), ..failure(Code::HTTPC_E_PROXY, note) })
    }

    fn not_connected(&self, said: String) -> Failure {
        let place = format!("{}:{}", self.origin.host, self.origin.port);
        let note = match self.os_errno {
            0 => format!("could not connect to {place}: {}", or(said, "no reason given")),
            errno => format!("could not connect to {place}: {}", os_reason(errno)),
        };
        failure(Code::HTTPC_E_CONNECT, note)
    }

    /// The connection broke that all requests share. As long as nothing has come for this one, another may be to blame.
    fn http2(&self, said: String) -> Failure {
        let has_begun = self.exchange.inflow.received > 0;
        match said.is_empty() {
            false if has_begun => not_http(said),
            false => failure(Code::HTTPC_E_IO, format!("the HTTP/2 connection broke: {said}")),
            true if self.exchange.inflow.head_done => {
                failure(Code::HTTPC_E_TRUNCATED, "the body ended early: the HTTP/2 connection closed")
            }
            true if has_begun => {
                failure(Code::HTTPC_E_IO, "the HTTP/2 connection closed inside the response's headers")
            }
            true => failure(Code::HTTPC_E_IO, "the HTTP/2 connection closed before an answer came"),
        }
    }

    /// CURLE_SEND_ERROR and CURLE_RECV_ERROR: a broken connection, but also what cannot be parsed.
    fn broken(&self, said: String) -> Failure {
        let framing = ["chunk", "Malformed", "hexadecimal", "Invalid Content-Length", "Unsupported transfer"];
        if said.contains("response header") {
            return failure(Code::HTTPC_E_HEADERS_TOO_LARGE, "the response's headers are too many or too long");
        }
        if self.exchange.inflow.received > 0 && framing.iter().any(|word| said.contains(word)) {
            return not_http(said);
        }
        if self.exchange.inflow.head_done && said.contains("unexpected eof") {
            return failure(Code::HTTPC_E_TRUNCATED, CUT_OFF);
        }
        if said.contains("SSL routines::") && said.contains("alert") {
            return Failure {
                hopeless: true,
                ..failure(Code::HTTPC_E_TLS, format!("the server ended TLS: {}", plain(&said)))
            };
        }
        let when = match (self.exchange.inflow.head_done, self.exchange.inflow.received) {
            (true, _) => "while the body was read",
            (false, 0) => "before an answer came",
            (false, _) => "inside the response's headers",
        };
        failure(Code::HTTPC_E_IO, format!("the connection broke {when}: {}", or(said, "no reason given")))
    }
}

const WEIRD_SERVER_REPLY: CURLcode = 8;
const CUT_OFF: &str = "the body ended early: TLS was cut off without a close_notify";

/// libcurl's, and a body is no part of it.
const MOST_REQUEST_HEAD: usize = 1 << 20;

fn long_line() -> Failure {
    failure(Code::HTTPC_E_HEADERS_TOO_LARGE, "a line of the response's head is too long")
}

fn too_long() -> Failure {
    let note = "the request's URL and headers are longer than 1 MiB";
    Failure { hopeless: true, ..failure(Code::HTTPC_E_INVALID_ARG, note) }
}

/// Neither the system's resolver nor an older libcurl tells what it lacked.
fn failed_lookup(host: &str) -> Failure {
    use rustix::io::Errno;
    match take_what_a_lookup_takes() {
        Err(why @ (Errno::MFILE | Errno::NFILE)) => {
            failure(Code::HTTPC_E_RESOURCE, format!("no descriptor to look up the host name {host}: {why}"))
        }
        _ => of_unfinished_lookup()
            .unwrap_or_else(|| failure(Code::HTTPC_E_DNS, format!("could not resolve the host name {host}"))),
    }
}

/// A pair for libcurl to be woken by, and a socket for the resolver.
fn take_what_a_lookup_takes() -> rustix::io::Result<()> {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
    let _pair = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None).map(drop)
}

fn failure(code: Code, note: impl Into<String>) -> Failure {
    Failure { code, note: note.into(), hopeless: false }
}

fn not_http(said: String) -> Failure {
    // Several words of libcurl's for one thing.
    let first_line = ["HTTP/0.9", "HTTP version", "HTTP/1 subversion", "Invalid status line"];
    let why = match first_line.iter().any(|word| said.contains(word)) {
        true => NO_STATUS_LINE.to_owned(),
        false => or(said, "malformed"),
    };
    failure(Code::HTTPC_E_PROTOCOL, format!("the answer is not valid HTTP: {why}"))
}

fn or(said: String, otherwise: &str) -> String {
    if said.is_empty() { otherwise.to_owned() } else { said }
}

fn broke_off(said: &str) -> bool {
    ["SYSCALL", "unexpected eof", "reset by peer", "Broken pipe", "onnection closed"]
        .iter()
        .any(|word| said.contains(word))
}

/// Without libcurl's and OpenSSL's own headings.
fn plain(said: &str) -> String {
    let headings = ["SSL certificate problem: ", "SSL certificate OpenSSL verify result: ", "SSL: "];
    let said = headings.iter().find_map(|heading| said.strip_prefix(heading)).unwrap_or(said);
    let said = said.rsplit_once("SSL routines::").map_or(said, |(_, reason)| reason);
    or(said.to_owned(), "no reason given")
}

/// "connection refused", as the system says it.
fn os_reason(errno: i32) -> String {
    let text = std::io::Error::from_raw_os_error(errno).to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}
