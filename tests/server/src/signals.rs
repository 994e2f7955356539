//! Signals: whoever ends the server must end its child and its folder too.

use std::thread;

const ENDING: [libc::c_int; 3] = [libc::SIGTERM, libc::SIGINT, libc::SIGHUP];

fn ending() -> libc::sigset_t {
    // SAFETY: sigemptyset fills the set before anything reads it.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        for signal in ENDING {
            libc::sigaddset(&raw mut set, signal);
        }
        set
    }
}

/// Signals that would end the program wait for `on_signal`, and a client that left must not end it at all.
pub fn block() {
    // SAFETY: a valid set and handler, and no other thread yet.
    unsafe {
        libc::pthread_sigmask(libc::SIG_BLOCK, &ending(), std::ptr::null_mut());
        libc::signal(libc::SIGPIPE, libc::SIG_IGN);
    }
}

/// Children inherit the mask, and could not be interrupted.
pub fn unblock() {
    // SAFETY: a valid set.
    unsafe { libc::pthread_sigmask(libc::SIG_UNBLOCK, &ending(), std::ptr::null_mut()) };
}

/// The kernel sends SIGTERM when the parent ends, however it does.
pub fn die_with_parent() {
    #[cfg(target_os = "linux")]
    // SAFETY: plain system calls without memory.
    unsafe {
        let parent = libc::getppid();
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM);
        if libc::getppid() != parent {
            libc::raise(libc::SIGTERM);
        }
    }
}

pub fn on_signal(act: impl Fn(libc::c_int) + Send + 'static) {
    thread::spawn(move || {
        loop {
            let mut signal = 0;
            // SAFETY: a valid set, and a place for the answer.
            if unsafe { libc::sigwait(&ending(), &raw mut signal) } == 0 {
                act(signal);
            }
        }
    });
}

/// As shells tell it.
pub fn exit_code(signal: libc::c_int) -> u8 {
    u8::try_from(128 + signal).unwrap_or(u8::MAX)
}
