//! The sockets that a multi handle has open, and what is known of the connections on them. A slot has one connection, a
//! shard several; more sockets are open while libcurl tries several addresses of a host at once.

use super::idle::IdleAtOrigin;
use super::multiplexer::poller::Poller;
use super::sys;
use crate::client::clock::Micros;
use crate::sync::Mutex;
use openssl_sys::SSL;
use rustix::fd::{BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use rustix::net::{AddressFamily, Protocol, RecvFlags, Shutdown, SocketFlags, SocketType, socket_with};
use std::ffi::{c_int, c_void};
use std::net::SocketAddr;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

#[derive(Default)]
pub struct Sockets {
    open: Mutex<Open>,
    /// Connections so far.
    opened: AtomicU32,
    /// How many of them are not dead.
    alive: AtomicU32,
    /// Transfers that something happened to.
    touched: Mutex<Vec<u32>>,
    /// Of a shard's.
    home: Option<Home>,
}

/// Where the events of a shard's sockets go.
pub struct Home {
    pub poller: Arc<Poller>,
    pub shard: u32,
    pub idle: IdleAtOrigin,
}

/// By descriptor and by local port one is looked for several times a request, among many: these lie close together.
#[derive(Default)]
struct Open {
    fds: Vec<RawFd>,
    /// `UNCONNECTED` until there is a connection.
    local_ports: Vec<c_int>,
    sockets: Vec<Socket>,
}

/// No port, nor what libcurl tells where there is none.
const UNCONNECTED: c_int = c_int::MIN;

impl Open {
    fn push(&mut self, fd: RawFd, opener: u32) {
        self.fds.push(fd);
        self.local_ports.push(UNCONNECTED);
        self.sockets.push(Socket { opener, connection: None });
    }

    fn remove(&mut self, at: usize) -> Socket {
        self.fds.remove(at);
        self.local_ports.remove(at);
        self.sockets.remove(at)
    }

    fn position(&self, fd: RawFd) -> Option<usize> {
        self.fds.iter().position(|other| *other == fd)
    }

    fn on_port(&mut self, local_port: c_int) -> Option<&mut Connection> {
        let at = self.local_ports.iter().rposition(|other| *other == local_port)?;
        self.sockets[at].connection.as_mut()
    }

    fn idle(&mut self) -> impl Iterator<Item = &mut Connection> {
        self.sockets
            .iter_mut()
            .filter_map(|socket| socket.connection.as_mut())
            .filter(|connection| connection.is_idle())
    }
}

struct Socket {
    /// The transfer that it was opened for.
    opener: u32,
    /// Once a request was about to go out on it.
    connection: Option<Connection>,
}

impl Socket {
    fn is_unconnected(&self, opener: u32) -> bool {
        self.opener == opener && self.connection.is_none()
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Connection {
    pub fd: RawFd,
    pub id: i64,
    pub peer: Option<SocketAddr>,
    pub is_http2: bool,
    tls: Option<Tls>,
    /// The transfer that took it last.
    user: u32,
    /// Transfers on it; several with HTTP/2.
    users: u32,
    idle_since: Micros,
    /// It closed, or says something that nobody asked for: never to be used again.
    dead: bool,
}

/// OpenSSL's side of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Tls(pub NonNull<SSL>);

// SAFETY: looked at only by whoever drives the connection's multi handle, which is one thread at a time.
unsafe impl Send for Tls {}

impl Tls {
    /// What the handshake has settled (ALPN, RFC 7301).
    pub fn has_agreed_on_http2(self) -> bool {
        let (mut name, mut length): (*const u8, u32) = (std::ptr::null(), 0);
        // SAFETY: the connection is alive, and the name as long as that.
        unsafe {
            openssl_sys::SSL_get0_alpn_selected(self.0.as_ptr(), &mut name, &mut length);
            !name.is_null() && std::slice::from_raw_parts(name, length as usize) == b"h2"
        }
    }
}

impl Connection {
    pub fn tls(&self) -> Option<Tls> {
        self.tls
    }

    fn is_idle(&self) -> bool {
        self.users == 0 && !self.dead
    }

    /// What became of it while it was idle. OpenSSL may have read on behind the answer.
    fn look(&self) -> Idle {
        // SAFETY: libcurl keeps both open as long as nobody drives its multi handle, and whoever asks is who does.
        unsafe {
            match self.tls {
                Some(Tls(tls)) if sys::SSL_has_pending(tls.as_ptr()) != 0 => Idle::Talking,
                _ => peek(BorrowedFd::borrow_raw(self.fd)),
            }
        }
    }
}

impl Sockets {
    pub fn of_shard(home: Home) -> Sockets {
        Sockets { home: Some(home), ..Sockets::default() }
    }

    /// CURLOPT_OPENSOCKETFUNCTION's work.
    pub fn open(&self, opener: u32, family: c_int, kind: c_int, protocol: c_int) -> rustix::io::Result<RawFd> {
        let family = AddressFamily::from_raw(family as u16);
        let protocol = u32::try_from(protocol).ok().and_then(std::num::NonZeroU32::new).map(Protocol::from_raw);
        let socket = socket_with(family, SocketType::from_raw(kind as u32), SocketFlags::CLOEXEC, protocol)?;
        let fd = socket.into_raw_fd();
        if let Some(home) = &self.home {
            home.poller.opened(fd, home.shard);
        }
        self.open.lock().push(fd, opener);
        self.alive.fetch_add(1, Ordering::Relaxed);
        Ok(fd)
    }

    fn close(&self, fd: RawFd) {
        if let Some(home) = &self.home {
            home.poller.closing(fd);
        }
        let mut open = self.open.lock();
        let Some(at) = open.position(fd) else { return };
        match open.remove(at).connection {
            Some(connection) if connection.dead => return,
            Some(connection) if connection.is_idle() => self.count_idle(IdleAtOrigin::one_less),
            _ => {}
        }
        self.alive.fetch_sub(1, Ordering::Relaxed);
    }

    /// Those that were opened for a transfer and have not become its connection.
    pub fn forget_unconnected(&self, opener: u32) {
        self.forget(&mut self.open.lock(), opener);
    }

    fn forget(&self, open: &mut Open, opener: u32) {
        while let Some(at) = open.sockets.iter().position(|socket| socket.is_unconnected(opener)) {
            open.remove(at);
            self.alive.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// The socket of the one connection.
    pub fn only(&self) -> Option<RawFd> {
        match self.open.lock().fds[..] {
            [fd] => Some(fd),
            _ => None,
        }
    }

    /// Connections that a request was about to go out on as the first.
    pub fn opened(&self) -> u32 {
        self.opened.load(Ordering::Relaxed)
    }

    /// Sockets that may serve a request, now or later.
    pub fn alive(&self) -> u32 {
        self.alive.load(Ordering::Relaxed)
    }

    /// A request is about to go out on a new connection, which is one of the sockets that `opener` opened.
    pub fn connected(
        &self,
        opener: u32,
        id: i64,
        peer: Option<SocketAddr>,
        local_port: c_int,
        tls: Option<Tls>,
        is_http2: bool,
    ) -> Option<Connection> {
        let mut open = self.open.lock();
        let unconnected = |open: &Open, at: &usize| open.sockets[*at].is_unconnected(opener);
        let several = (0..open.fds.len()).filter(|at| unconnected(&open, at)).count() > 1;
        let is_it = |at: &usize| {
            unconnected(&open, at) && (!several || local_port_of(open.fds[*at]) == u16::try_from(local_port).ok())
        };
        let at = (0..open.fds.len()).rfind(is_it)?;
        let fd = open.fds[at];
        let new = Connection { fd, id, peer, tls, is_http2, user: opener, users: 1, idle_since: 0, dead: false };
        (open.sockets[at].connection, open.local_ports[at]) = (Some(new), local_port);
        self.opened.fetch_add(1, Ordering::Relaxed);
        if several {
            // The others lost, and an older libcurl has closed them without a word.
            self.forget(&mut open, opener);
        }
        Some(new)
    }

    /// One is about to go out on a connection that served others before.
    pub fn used_again(&self, user: u32, local_port: c_int) -> Option<Connection> {
        let mut open = self.open.lock();
        let connection = open.on_port(local_port)?;
        if connection.is_idle() {
            self.count_idle(IdleAtOrigin::one_less);
        }
        connection.user = user;
        connection.users += 1;
        Some(*connection)
    }

    /// A transfer has let go of its connection, if that is still open.
    pub fn released(&self, used: &Connection, now: Micros) {
        self.with_connection(used.fd, |connection| {
            if connection.id == used.id {
                connection.users = connection.users.saturating_sub(1);
                connection.idle_since = now;
                if connection.is_idle() {
                    self.count_idle(IdleAtOrigin::one_more);
                }
            }
        });
    }

    /// The transfer on a connection that has just one.
    pub fn user(&self, fd: RawFd) -> Option<u32> {
        self.with_connection(fd, |connection| Some(connection.user).filter(|_| connection.users == 1)).flatten()
    }

    /// What became of the connection meanwhile.
    pub fn look(&self, fd: RawFd) -> Idle {
        self.with_connection(fd, |connection| connection.look()).unwrap_or(Idle::Closed)
    }

    /// Whether an idle connection is of no use any more, which it then never will be.
    pub fn is_lost(&self, fd: RawFd) -> bool {
        let lost = |connection: &mut Connection| {
            if connection.is_idle() && connection.look() != Idle::Quiet {
                self.bury(connection);
                return true;
            }
            false
        };
        self.with_connection(fd, lost).unwrap_or(false)
    }

    /// When the connection that has been idle longest became so.
    pub fn oldest_idle(&self) -> Option<Micros> {
        self.open.lock().idle().map(|connection| connection.idle_since).min()
    }

    /// Ends connections that have been idle since `latest` or longer, `most` of them, the oldest first. The descriptors stay
    /// open until libcurl looks at them. How many there were.
    pub fn end_idle(&self, latest: Micros, most: u32) -> u32 {
        let mut ended = 0;
        let mut open = self.open.lock();
        while ended < most {
            let Some(oldest) = open.idle().min_by_key(|connection| connection.idle_since) else { break };
            if oldest.idle_since > latest {
                break;
            }
            self.bury(oldest);
            ended += 1;
        }
        ended
    }

    /// Something happened to a transfer: its driver should have a look.
    pub fn touch(&self, transfer: u32) {
        self.touched.lock().push(transfer);
    }

    pub fn take_touched(&self, to: &mut Vec<u32>) {
        to.append(&mut self.touched.lock());
    }

    /// libcurl, which does not look into OpenSSL's buffer, must find it closed as well.
    fn bury(&self, connection: &mut Connection) {
        // Nobody who sees the end of it still finds it counted.
        connection.dead = true;
        self.count_idle(IdleAtOrigin::one_less);
        self.alive.fetch_sub(1, Ordering::Relaxed);
        // SAFETY: it is open, as long as it is in the list.
        let _ = rustix::net::shutdown(unsafe { BorrowedFd::borrow_raw(connection.fd) }, Shutdown::Both);
    }

    fn count_idle(&self, change: impl FnOnce(&IdleAtOrigin)) {
        if let Some(home) = &self.home {
            change(&home.idle);
        }
    }

    fn with_connection<T>(&self, fd: RawFd, look: impl FnOnce(&mut Connection) -> T) -> Option<T> {
        let mut open = self.open.lock();
        let at = open.position(fd)?;
        open.sockets[at].connection.as_mut().map(look)
    }
}

fn local_port_of(fd: RawFd) -> Option<u16> {
    // SAFETY: only asked for an address: at worst it is that of another.
    let address = rustix::net::getsockname(unsafe { BorrowedFd::borrow_raw(fd) }).ok()?;
    SocketAddr::try_from(address).ok().map(|address| address.port())
}

/// What became of an idle connection meanwhile.
#[derive(Debug, PartialEq, Eq)]
pub enum Idle {
    Quiet,
    /// Bytes wait on it: an answer that nobody asked for, or TLS session tickets, which cannot be told from one.
    Talking,
    Closed,
}

fn peek(socket: BorrowedFd<'_>) -> Idle {
    match rustix::net::recv(socket, &mut [0u8; 1][..], RecvFlags::PEEK | RecvFlags::DONTWAIT) {
        Err(rustix::io::Errno::AGAIN) => Idle::Quiet,
        Ok((0, _)) | Err(_) => Idle::Closed,
        Ok(_) => Idle::Talking,
    }
}

/// CURLOPT_CLOSESOCKETFUNCTION; the userdata is the multi handle's sockets, which outlive it.
pub extern "C" fn close(sockets: *mut c_void, socket: RawFd) -> c_int {
    // SAFETY: as above; and the socket was opened for libcurl, which gives it up.
    unsafe {
        (*sockets.cast_const().cast::<Sockets>()).close(socket);
        drop(OwnedFd::from_raw_fd(socket));
    }
    0
}
