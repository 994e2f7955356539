//! The sockets that a slot has open: more than one only while libcurl tries several addresses of a host at once.

use crate::sync::Mutex;
use rustix::fd::{FromRawFd, IntoRawFd, OwnedFd, RawFd};
use rustix::net::{AddressFamily, Protocol, SocketFlags, SocketType, socket_with};
use std::ffi::{c_int, c_void};

#[derive(Default)]
pub struct Sockets {
    open: Mutex<Vec<RawFd>>,
}

impl Sockets {
    /// CURLOPT_OPENSOCKETFUNCTION's work.
    pub fn open(&self, family: c_int, kind: c_int, protocol: c_int) -> rustix::io::Result<RawFd> {
        let family = AddressFamily::from_raw(family as u16);
        let protocol = u32::try_from(protocol).ok().and_then(std::num::NonZeroU32::new).map(Protocol::from_raw);
        let socket = socket_with(family, SocketType::from_raw(kind as u32), SocketFlags::CLOEXEC, protocol)?;
        let socket = socket.into_raw_fd();
        self.open.lock().push(socket);
        Ok(socket)
    }

    /// Forgets all but this one: an older libcurl does not tell of sockets that it closes before they are connected.
    pub fn keep_only(&self, active: RawFd) {
        self.open.lock().retain(|open| *open == active);
    }

    /// The socket of the one connection.
    pub fn only(&self) -> Option<RawFd> {
        match self.open.lock()[..] {
            [socket] => Some(socket),
            _ => None,
        }
    }
}

/// CURLOPT_CLOSESOCKETFUNCTION; the userdata is the slot's sockets, which outlive its multi handle.
pub extern "C" fn close(sockets: *mut c_void, socket: RawFd) -> c_int {
    // SAFETY: as above; and the socket was opened for libcurl, which gives it up.
    unsafe {
        (*sockets.cast_const().cast::<Sockets>()).open.lock().retain(|open| *open != socket);
        drop(OwnedFd::from_raw_fd(socket));
    }
    0
}
