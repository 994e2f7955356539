//! What libcurl has given to the kernel may lie in its buffer for long: megabytes of it, on a slow way to a slow server. Whether
//! the server takes them only the kernel knows.

use crate::client::clock::Micros;
use rustix::fd::RawFd;

/// How long ago new bytes last went out of it. `None` where that is not known, or while they get no answer and go out again.
#[cfg(target_os = "linux")]
pub fn idle_for(socket: RawFd) -> Option<Micros> {
    use std::mem::{MaybeUninit, size_of};

    let mut info = MaybeUninit::<libc::tcp_info>::zeroed();
    let mut length = size_of::<libc::tcp_info>() as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` bytes, and integers of any value are fine. At worst it is another's socket.
    let info = unsafe {
        if libc::getsockopt(socket, libc::IPPROTO_TCP, libc::TCP_INFO, info.as_mut_ptr().cast(), &raw mut length) != 0 {
            return None;
        }
        info.assume_init()
    };
    // A kernel that only pretends to know (a sandbox's) counts no segments either.
    let is_known = info.tcpi_data_segs_out > 0;
    (is_known && info.tcpi_retransmits == 0).then(|| Micros::from(info.tcpi_last_data_sent) * 1000)
}

#[cfg(not(target_os = "linux"))]
pub fn idle_for(_: RawFd) -> Option<Micros> {
    None
}
