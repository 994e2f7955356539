//! The socket below the h2 crate. It knows where frames end, so that frames which h2 would never send fit in between.

use crate::socket::Stream;
use std::{
    cell::RefCell,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, unix::AsyncFd};

/// h2 gets no further ahead of a client that does not read.
const FULL: usize = 256 * 1024;

#[derive(Clone)]
pub struct Wire(Rc<RefCell<State>>);

struct State {
    socket: Option<AsyncFd<Stream>>,
    out: Vec<u8>,
    /// Whether `out` ends where a frame does.
    whole: bool,
    injected: Vec<u8>,
    driver: Option<Waker>,
}

impl Wire {
    /// Gives the stream back when it cannot be waited for.
    pub fn new(stream: Stream) -> Result<Self, Stream> {
        if stream.tcp().set_nonblocking(true).is_err() {
            return Err(stream);
        }
        // SAFETY: the stream keeps its one descriptor open for as long as it lives.
        let socket = unsafe { AsyncFd::register(stream) }.map_err(|error| error.into_parts().0)?;
        let state = State { socket: Some(socket), out: Vec::new(), whole: true, injected: Vec::new(), driver: None };
        Ok(Wire(Rc::new(RefCell::new(state))))
    }

    /// The bytes follow the frame that is being sent.
    pub fn inject(&self, bytes: &[u8]) {
        self.0.borrow_mut().injected.extend_from_slice(bytes);
    }

    /// Makes the driver look around.
    pub fn wake(&self) {
        if let Some(driver) = &self.0.borrow().driver {
            driver.wake_by_ref();
        }
    }

    /// Sends what is left, injected frames last. Ready when the socket has taken all of it.
    pub fn poll_sent(&self, cx: &mut Context) -> Poll<io::Result<()>> {
        let mut state = self.0.borrow_mut();
        state.driver = Some(cx.waker().clone());
        if state.whole {
            let injected = std::mem::take(&mut state.injected);
            state.out.extend(injected);
        }
        ready!(state.poll_drain(cx))?;
        if state.whole { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    /// The stream, once and blocking again. Whoever still wants to use the wire finds it cut.
    pub fn take(&self) -> Stream {
        let stream = self.0.borrow_mut().socket.take().expect("taken once").into_inner();
        // Left as it is, it is closed a little early.
        let _ = stream.tcp().set_nonblocking(false);
        stream
    }
}

impl State {
    fn socket(&mut self) -> io::Result<&mut AsyncFd<Stream>> {
        self.socket.as_mut().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    fn poll_drain(&mut self, cx: &mut Context) -> Poll<io::Result<()>> {
        while !self.out.is_empty() {
            let out = std::mem::take(&mut self.out);
            let sent = self.poll_send(cx, &out);
            self.out = out;
            self.out.drain(..ready!(sent)?);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_send(&mut self, cx: &mut Context, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            let mut ready = ready!(self.socket()?.poll_write_ready_mut(cx))?;
            if let Ok(sent) = ready.try_io(|socket| socket.get_mut().send_some(bytes)) {
                return Poll::Ready(sent);
            }
        }
    }

    /// A read never waits for the socket to become writable: there is no renegotiation here.
    fn poll_receive(&mut self, cx: &mut Context, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            let mut ready = ready!(self.socket()?.poll_read_ready_mut(cx))?;
            if let Ok(received) = ready.try_io(|socket| socket.get_mut().receive(buffer)) {
                return Poll::Ready(received);
            }
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context, buffer: &mut ReadBuf) -> Poll<io::Result<()>> {
        let received = ready!(self.0.borrow_mut().poll_receive(cx, buffer.initialize_unfilled()))?;
        buffer.advance(received);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut state = self.0.borrow_mut();
        if state.out.len() >= FULL {
            ready!(state.poll_drain(cx))?;
        }
        state.whole = false;
        state.out.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    /// h2 flushes only between frames.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context) -> Poll<io::Result<()>> {
        self.0.borrow_mut().whole = true;
        self.poll_sent(cx)
    }

    /// How the connection ends is decided elsewhere.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}
