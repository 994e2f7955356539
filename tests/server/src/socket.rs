//! One accepted connection, plain or TLS, and the ways to end it that a client can tell apart.

use openssl::ssl::SslStream;
use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    os::fd::{AsRawFd, RawFd},
    time::{Duration, Instant},
};

pub enum Stream {
    Plain(TcpStream),
    Tls(SslStream<TcpStream>),
}

impl AsRawFd for Stream {
    fn as_raw_fd(&self) -> RawFd {
        self.tcp().as_raw_fd()
    }
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum End {
    /// FIN, after a close_notify when there is TLS.
    Fin,
    /// FIN without a close_notify.
    Cut,
    /// RST.
    Reset,
    /// A close_notify, and the connection stays open below it until the client leaves.
    Notify,
}

impl Stream {
    pub fn tcp(&self) -> &TcpStream {
        match self {
            Stream::Plain(tcp) => tcp,
            Stream::Tls(tls) => tls.get_ref(),
        }
    }

    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Stream::Plain(tcp) => tcp.write_all(bytes),
            Stream::Tls(tls) => tls.write_all(bytes),
        }
    }

    /// As much as the socket takes.
    pub fn send_some(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(tcp) => tcp.write(bytes),
            Stream::Tls(tls) => tls.write(bytes),
        }
    }

    pub fn receive(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(tcp) => tcp.read(buffer),
            Stream::Tls(tls) => tls.read(buffer),
        }
    }

    /// Whether bytes wait until `until` (for ever when none is given). A closed connection counts as having some.
    pub fn readable(&self, until: Option<Instant>) -> bool {
        if let Stream::Tls(tls) = self
            && tls.ssl().pending() > 0
        {
            return true;
        }
        poll(self.tcp().as_raw_fd(), libc::POLLIN, until)
    }

    /// Lets the client see the end of the answer while its own bytes can still arrive.
    pub fn finish_sending(&mut self) {
        if let Stream::Tls(tls) = self {
            // The client may be gone already; the FIN below is what matters.
            let _ = tls.shutdown();
        }
        let _ = self.tcp().shutdown(Shutdown::Write);
    }

    /// The end of the answer, seen by a client that still sends for reasons of its own: a close() before it leaves could turn
    /// the FIN that it sees into a RST.
    pub fn finish_and_wait(&mut self, patience: Duration) {
        let until = Instant::now() + patience;
        self.finish_sending();
        while self.readable(Some(until)) && matches!(self.receive(&mut [0; 16 * 1024]), Ok(1..)) {}
    }

    pub fn end(mut self, end: End) {
        match end {
            End::Fin => self.finish_sending(),
            End::Cut => drop(self.tcp().shutdown(Shutdown::Write)),
            End::Reset => return linger_zero(self.tcp()),
            End::Notify => {
                if let Stream::Tls(tls) = &mut self {
                    let _ = tls.shutdown();
                }
                peer_left(self.tcp(), None);
            }
        }
        discard_arrived(self.tcp());
    }
}

#[cfg(target_os = "linux")]
const LEFT: libc::c_short = libc::POLLRDHUP;
#[cfg(not(target_os = "linux"))]
const LEFT: libc::c_short = 0; // POLLHUP is always reported, and there already for a FIN

/// Waits until the client has left (or sent RST), at most until `until`; what it sends is left unread.
pub fn peer_left(tcp: &TcpStream, until: Option<Instant>) -> bool {
    poll(tcp.as_raw_fd(), LEFT, until)
}

/// Waits until `other` has something to read; false when the client has left before.
pub fn readable_unless_left(other: &impl AsRawFd, tcp: &TcpStream) -> bool {
    let entry = |fd, events| libc::pollfd { fd, events, revents: 0 };
    let mut entries = [entry(other.as_raw_fd(), libc::POLLIN), entry(tcp.as_raw_fd(), LEFT)];
    // SAFETY: two valid entries, borrowed for the call.
    while unsafe { libc::poll(entries.as_mut_ptr(), 2, -1) } <= 0 {}
    entries[1].revents == 0
}

/// Polls to the microsecond: poll() itself knows only milliseconds, so that the last one is spent asking again.
fn poll(fd: RawFd, events: libc::c_short, until: Option<Instant>) -> bool {
    loop {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) {
            return false;
        }
        let timeout = left.map_or(-1, |left| i32::try_from(left.as_millis()).unwrap_or(i32::MAX));
        let mut entry = libc::pollfd { fd, events, revents: 0 };
        // SAFETY: one valid entry, borrowed for the call.
        if unsafe { libc::poll(&mut entry, 1, timeout) } > 0 {
            return true;
        }
    }
}

fn linger_zero(tcp: &TcpStream) {
    let linger = libc::linger { l_onoff: 1, l_linger: 0 };
    set_option(tcp, libc::SO_LINGER, &linger);
}

/// A small receive buffer makes an upload that is never read stall after kilobytes instead of megabytes.
pub fn set_receive_buffer(tcp: &TcpStream, bytes: libc::c_int) {
    set_option(tcp, libc::SO_RCVBUF, &bytes);
}

fn set_option<T>(tcp: &TcpStream, option: libc::c_int, value: &T) {
    let length = size_of::<T>() as libc::socklen_t;
    // SAFETY: the descriptor is open for as long as `tcp` lives and `value` is a valid T of `length` bytes.
    unsafe { libc::setsockopt(tcp.as_raw_fd(), libc::SOL_SOCKET, option, std::ptr::from_ref(value).cast(), length) };
}

/// close() with unread bytes sends RST instead of FIN.
fn discard_arrived(tcp: &TcpStream) {
    if tcp.set_nonblocking(true).is_err() {
        return;
    }
    let mut buffer = [0; 16 * 1024];
    for _ in 0..64 {
        if !matches!((&mut &*tcp).read(&mut buffer), Ok(1..)) {
            return;
        }
    }
}
