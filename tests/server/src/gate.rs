//! Gates that hold requests back until a test lets them through.

use crate::{shared::lock, socket};
use std::{
    collections::HashMap,
    io::{self, Read, Write},
    net::TcpStream,
    os::unix::net::UnixStream,
    sync::{Arc, Mutex},
};

/// By key.
#[derive(Default)]
pub struct Gates(Mutex<HashMap<String, Gate>>);

/// A byte in the pair lets one request through; once the opening end is closed, all go through.
struct Gate {
    held: Arc<UnixStream>,
    opener: Option<UnixStream>,
}

impl Gates {
    /// A socket that does not block: whoever reads from it what is not `WouldBlock` has passed.
    pub fn entrance(&self, key: &str) -> io::Result<Arc<UnixStream>> {
        self.with(key, |gate| Ok(gate.held.clone()))
    }

    /// Waits for its turn; an error when the client leaves before.
    pub fn pass(&self, key: &str, client: &TcpStream) -> io::Result<()> {
        let held = self.entrance(key)?;
        loop {
            if !socket::readable_unless_left(&*held, client) {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            match (&*held).read(&mut [0]) {
                // Somebody else was faster.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                outcome => return outcome.map(drop),
            }
        }
    }

    /// Lets `count` requests through, those that come later included; `None` opens the gate for good.
    pub fn open(&self, key: &str, count: Option<usize>) -> io::Result<()> {
        self.with(key, |gate| match (count, &mut gate.opener) {
            (None, opener) => {
                *opener = None;
                Ok(())
            }
            (Some(count), Some(opener)) => opener.write_all(&vec![0; count]),
            (Some(_), None) => Ok(()),
        })
    }

    fn with<T>(&self, key: &str, f: impl FnOnce(&mut Gate) -> io::Result<T>) -> io::Result<T> {
        let mut gates = lock(&self.0);
        if let Some(gate) = gates.get_mut(key) {
            return f(gate);
        }
        let (held, opener) = UnixStream::pair()?;
        held.set_nonblocking(true)?;
        f(gates.entry(key.to_owned()).or_insert(Gate { held: Arc::new(held), opener: Some(opener) }))
    }
}
