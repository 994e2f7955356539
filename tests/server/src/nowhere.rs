//! Addresses at which nobody answers.

use std::{
    io,
    net::{SocketAddr, TcpListener, TcpStream},
    os::fd::{AsRawFd, FromRawFd, OwnedFd},
    time::Duration,
};

/// A port that is bound, so that no one else gets it, but not listened on, so that connecting is refused.
pub struct Refused {
    _socket: OwnedFd,
    pub port: u16,
}

impl Refused {
    pub fn bind() -> io::Result<Self> {
        // SAFETY: plain system calls; the descriptor is owned right after its creation.
        let socket = unsafe {
            let fd = libc::socket(libc::AF_INET, libc::SOCK_STREAM, 0);
            if fd < 0 {
                return Err(io::Error::last_os_error());
            }
            libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC);
            OwnedFd::from_raw_fd(fd)
        };
        // SAFETY: zeroes are a valid sockaddr_in, and the pointer and length belong to it.
        let bound = unsafe {
            let mut address: libc::sockaddr_in = std::mem::zeroed();
            address.sin_family = libc::AF_INET as libc::sa_family_t;
            address.sin_addr.s_addr = u32::from_ne_bytes([127, 0, 0, 1]);
            libc::bind(socket.as_raw_fd(), (&raw const address).cast(), size_of_val(&address) as libc::socklen_t)
        };
        if bound < 0 {
            return Err(io::Error::last_os_error());
        }
        // Only the standard library's address conversion is borrowed from TcpListener; nothing listens.
        let port = TcpListener::from(socket.try_clone()?).local_addr()?.port();
        Ok(Refused { _socket: socket, port })
    }
}

/// A listener whose queue is full and never emptied: further connection attempts get no answer.
pub struct Blackhole {
    listener: TcpListener,
    _queued: Vec<TcpStream>,
}

impl Blackhole {
    const PATIENCE: Duration = Duration::from_millis(40);

    pub fn open() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        // SAFETY: the descriptor is open.
        if unsafe { libc::listen(listener.as_raw_fd(), 0) } < 0 {
            return Err(io::Error::last_os_error());
        }
        let address = listener.local_addr()?;
        let mut queued = Vec::new();
        while queued.len() < 64 {
            match TcpStream::connect_timeout(&address, Self::PATIENCE) {
                Ok(stream) => queued.push(stream),
                // Twice, since once may be a busy machine.
                Err(_) if hangs(address) => return Ok(Blackhole { listener, _queued: queued }),
                Err(_) => {}
            }
        }
        Err(io::Error::other("the blackhole still accepts connections"))
    }

    pub fn port(&self) -> io::Result<u16> {
        Ok(self.listener.local_addr()?.port())
    }
}

fn hangs(address: SocketAddr) -> bool {
    let outcome = TcpStream::connect_timeout(&address, Blackhole::PATIENCE);
    outcome.is_err_and(|error| error.kind() == io::ErrorKind::TimedOut)
}
