//! Running a command with the addresses in its arguments and environment.

use crate::signals;
use std::{
    ffi::{OsStr, OsString},
    io::{self, IsTerminal},
    os::unix::process::{CommandExt, ExitStatusExt},
    process::{Child, Command, ExitStatus},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};
use testserver::{Server, names};

enum Event {
    Ended(io::Result<ExitStatus>),
    Signal(libc::c_int),
}

const LIFETIME_OVER: u8 = 124;
const NOT_FOUND: u8 = 127;
const NOT_EXECUTABLE: u8 = 126;

pub fn run(server: &Server, lifetime: Duration, command: &[OsString]) -> io::Result<u8> {
    let child = match spawn(server, command) {
        Ok(child) => child,
        Err(error) => {
            eprintln!("testserver: {}: {error}", command[0].display());
            return Ok(if error.kind() == io::ErrorKind::NotFound { NOT_FOUND } else { NOT_EXECUTABLE });
        }
    };
    let pid = libc::pid_t::try_from(child.id()).map_err(io::Error::other)?;
    let (sender, receiver) = mpsc::channel();
    let ended = sender.clone();
    let mut child = child;
    thread::spawn(move || ended.send(Event::Ended(child.wait())));
    signals::on_signal(move |signal| drop(sender.send(Event::Signal(signal))));
    match receiver.recv_timeout(lifetime) {
        Ok(Event::Ended(status)) => status.map(exit_code),
        Ok(Event::Signal(signal)) => {
            kill(pid);
            Ok(signals::exit_code(signal))
        }
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
            kill(pid);
            eprintln!("testserver: lifetime of {} s is over, killed {}", lifetime.as_secs_f64(), command[0].display());
            Ok(LIFETIME_OVER)
        }
    }
}

fn spawn(server: &Server, command: &[OsString]) -> io::Result<Child> {
    let words: Vec<OsString> = command.iter().map(|word| substitute(server, word)).collect();
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]);
    for (name, value) in server.values() {
        command.env(names::environment_variable(name), value);
    }
    // A debugger at the terminal must stay in the foreground group.
    if !io::stdin().is_terminal() {
        command.process_group(0);
    }
    let server = std::process::id();
    // SAFETY: only async-signal-safe system calls, and no memory but the closure's own.
    unsafe { command.pre_exec(move || prepare(server)) };
    command.spawn()
}

/// Runs in the child between fork and exec.
fn prepare(server: u32) -> io::Result<()> {
    signals::unblock();
    #[cfg(target_os = "linux")]
    // SAFETY: a plain system call without memory.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
    }
    // A parent that ended before the call above sends no signal any more.
    if std::os::unix::process::parent_id() == server { Ok(()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
}

fn substitute(server: &Server, word: &OsStr) -> OsString {
    let Some(text) = word.to_str() else { return word.to_owned() };
    let replaced = server
        .values()
        .iter()
        .fold(text.to_owned(), |text, (name, value)| text.replace(&names::placeholder(name), value));
    replaced.into()
}

/// The whole group where there is one: what a killed shell had started would keep the output open.
fn kill(pid: libc::pid_t) {
    // SAFETY: plain system calls without memory.
    unsafe {
        if libc::getpgid(pid) == pid {
            libc::kill(-pid, libc::SIGKILL);
        } else {
            libc::kill(pid, libc::SIGKILL);
        }
    }
}

fn exit_code(status: ExitStatus) -> u8 {
    match (status.code(), status.signal()) {
        (Some(code), _) => u8::try_from(code).unwrap_or(u8::MAX),
        (None, signal) => signals::exit_code(signal.unwrap_or_default()),
    }
}
