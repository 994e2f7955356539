//! Accepting: a thread per listener, and one per connection.

use crate::{
    shared::Shared,
    socket::{End, Stream},
};
use std::{
    io,
    net::{SocketAddr, TcpListener, TcpStream},
    os::fd::AsRawFd,
    sync::{Arc, atomic::Ordering},
    thread::{self, JoinHandle},
    time::Duration,
};

/// What one listener does with a connection; the second argument is the connection's number.
pub trait Handler: Fn(TcpStream, u64, &Arc<Shared>) -> (Stream, End) + Send + Sync + 'static {}
impl<F: Fn(TcpStream, u64, &Arc<Shared>) -> (Stream, End) + Send + Sync + 'static> Handler for F {}

pub struct Listener {
    address: SocketAddr,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    pub fn start(shared: &Arc<Shared>, handler: impl Handler) -> io::Result<Self> {
        let socket = TcpListener::bind("127.0.0.1:0")?;
        // The standard library's backlog of 128 loses connections to a client that opens more at once.
        // SAFETY: the descriptor is open.
        unsafe { libc::listen(socket.as_raw_fd(), 4096) };
        let address = socket.local_addr()?;
        let (shared, handler) = (Arc::clone(shared), Arc::new(handler));
        let thread = thread::Builder::new().spawn(move || accept(&socket, &shared, &handler))?;
        Ok(Listener { address, thread: Some(thread) })
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Call after `Shared::stopping` was set: a connection of our own wakes the thread to see it.
    pub fn stop(&mut self) {
        let woken = TcpStream::connect(self.address).is_ok();
        if let Some(thread) = self.thread.take()
            && woken
        {
            // A panic in there was reported when it happened.
            let _ = thread.join();
        }
    }
}

fn accept<H: Handler>(socket: &TcpListener, shared: &Arc<Shared>, handler: &Arc<H>) {
    loop {
        let accepted = socket.accept();
        if shared.stopping.load(Ordering::SeqCst) {
            return;
        }
        match accepted {
            Ok((tcp, _)) => {
                let (shared, handler) = (Arc::clone(shared), Arc::clone(handler));
                // Without a thread the connection is closed, which is what an overloaded server does.
                let _ = thread::Builder::new().spawn(move || converse(tcp, &shared, &*handler));
            }
            // Out of descriptors: some will be closed soon.
            Err(_) => thread::sleep(Duration::from_millis(5)),
        }
    }
}

fn converse(tcp: TcpStream, shared: &Arc<Shared>, handler: &impl Handler) {
    // Failing to set it costs speed only.
    let _ = tcp.set_nodelay(true);
    let entry = shared.connections.enter(&tcp);
    if shared.stopping.load(Ordering::SeqCst) {
        return;
    }
    let (stream, end) = handler(tcp, entry.id, shared);
    drop(entry);
    stream.end(end);
}
