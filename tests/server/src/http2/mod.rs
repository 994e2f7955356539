//! Connections that speak HTTP/2: each has its thread, as those with HTTP/1.1 have, with a runtime of its own for h2.

mod exchange;
mod faults;
mod frames;
mod malformed;
mod routes;
mod traps;
mod wire;

use crate::{
    shared::Shared,
    socket::{End, Stream},
};
use bytes::Bytes;
use exchange::Exchange;
use h2::server;
use std::{
    cell::RefCell,
    future::poll_fn,
    io,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    runtime::Builder,
    sync::Notify,
    task::{LocalSet, spawn_local},
};
pub use traps::Trap;
use wire::Wire;

/// What a listener announces. The default is the h2 crate's.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Settings {
    pub max_concurrent_streams: Option<u32>,
    pub initial_window_size: Option<u32>,
}

/// A client that stays although the connection has ended must not keep it for ever.
const LINGER: Duration = Duration::from_secs(5);

/// Ends the connection, perhaps after bytes that are no HTTP/2.
type Ending = Box<dyn FnOnce(&mut Stream) -> io::Result<End>>;

/// What the streams of a connection share with its driver.
struct Connection {
    id: u64,
    shared: Arc<Shared>,
    wire: Wire,
    ending: RefCell<Option<Ending>>,
    all_sent: Notify,
}

pub fn serve(stream: Stream, id: u64, shared: &Arc<Shared>, settings: Settings) -> (Stream, End) {
    // Without descriptors for a runtime the connection is closed, which is what an overloaded server does.
    let Ok(runtime) = Builder::new_current_thread().enable_io().enable_time().build() else {
        return (stream, End::Fin);
    };
    let driven = LocalSet::new().block_on(&runtime, async {
        let wire = Wire::new(stream)?;
        let ending = drive(&wire, id, shared, settings).await;
        Ok((wire.take(), ending))
    });
    match driven {
        Ok((mut stream, Some(ending))) => {
            let end = ending(&mut stream);
            if let Ok(End::Fin) = end {
                stream.finish_and_wait(LINGER);
            }
            // An ending fails because the client has left.
            (stream, end.unwrap_or(End::Fin))
        }
        Ok((stream, None)) | Err(stream) => (stream, End::Fin),
    }
}

/// Serves until the client leaves, or until a route wants to end the connection in its own way.
async fn drive(wire: &Wire, id: u64, shared: &Arc<Shared>, settings: Settings) -> Option<Ending> {
    let mut h2 = handshake(wire.clone(), settings).await.ok()?;
    let connection = Rc::new(Connection {
        id,
        shared: Arc::clone(shared),
        wire: wire.clone(),
        ending: RefCell::new(None),
        all_sent: Notify::new(),
    });
    let mut requests = 0;
    loop {
        let event = poll_fn(|cx| match h2.poll_accept(cx) {
            Poll::Pending => connection.poll_ending(cx).map(Err),
            accepted => accepted.map(Ok),
        });
        match event.await {
            Ok(Some(Ok((request, respond)))) => {
                requests += 1;
                spawn_local(Exchange::new(&connection, requests, request, respond).run());
            }
            Ok(_) => return None,
            Err(ending) => return ending,
        }
    }
}

async fn handshake(wire: Wire, settings: Settings) -> Result<server::Connection<Wire, Bytes>, h2::Error> {
    let mut builder = server::Builder::new();
    if let Some(streams) = settings.max_concurrent_streams {
        builder.max_concurrent_streams(streams);
    }
    if let Some(size) = settings.initial_window_size {
        builder.initial_window_size(size);
    }
    builder.handshake(wire).await
}

impl Connection {
    fn poll_ending(&self, cx: &mut Context) -> Poll<Option<Ending>> {
        match self.wire.poll_sent(cx) {
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(_)) => return Poll::Ready(None),
            Poll::Pending => return Poll::Pending,
        }
        self.all_sent.notify_waiters();
        match self.ending.take() {
            Some(ending) => Poll::Ready(Some(ending)),
            None => Poll::Pending,
        }
    }

    fn end_with(&self, ending: impl FnOnce(&mut Stream) -> io::Result<End> + 'static) {
        *self.ending.borrow_mut() = Some(Box::new(ending));
        self.wire.wake();
    }

    /// Sends frames that h2 does not know of, after those that it was to send before.
    async fn inject(&self, frames: &[u8]) {
        self.all_sent().await;
        self.wire.inject(frames);
        self.all_sent().await;
    }

    /// Waits until the socket has taken everything that streams wanted to send and were allowed to.
    async fn all_sent(&self) {
        let sent = self.all_sent.notified();
        self.wire.wake();
        sent.await;
    }
}
