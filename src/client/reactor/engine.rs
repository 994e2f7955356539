//! A client's engine threads, started when the first call is submitted.

use super::Reactor;
use super::flight::{Flight, Stage};
use super::inbox::{EngineId, Inbox, Message};
use super::pending::{Pending, Receiver};
use crate::client::call::Call;
use crate::client::machine::Machine;
use crate::client::request::Request;
use crate::client::virtual_clock::Inside;
use crate::client::{Client, Registered};
use crate::error::{Code, Error, Result};
use crate::sync::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{Builder, JoinHandle};

pub struct Engine {
    inboxes: Vec<Arc<Inbox>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Whose turn it is to get a call.
    next: AtomicUsize,
}

impl Engine {
    pub fn start(client: &Arc<Client>, threads: u32) -> Result<Engine> {
        let engine = Engine { inboxes: Vec::new(), threads: Mutex::default(), next: AtomicUsize::new(0) };
        let id = EngineId::fresh();
        (0..threads).try_fold(engine, |mut engine, number| {
            let started = Reactor::new(client, id).and_then(|reactor| {
                engine.inboxes.push(reactor.inbox().clone());
                let thread = Builder::new().name(format!("httpclient-{number}"));
                thread
                    .spawn(move || reactor.run())
                    .map_err(|why| Error::new(Code::HTTPC_E_RESOURCE, format!("no thread for the engine: {why}")))
            });
            match started {
                Ok(thread) => {
                    engine.threads.lock().push(thread);
                    Ok(engine)
                }
                Err(error) => {
                    engine.stop_and_join();
                    Err(error)
                }
            }
        })
    }

    /// Whether this is one of its threads.
    pub fn is_here(&self) -> bool {
        self.inboxes.first().is_some_and(|inbox| inbox.is_on_engine())
    }

    pub fn inboxes(&self) -> &[Arc<Inbox>] {
        &self.inboxes
    }

    fn inbox(&self) -> &Arc<Inbox> {
        match &self.inboxes[..] {
            [only] => only,
            several => &several[self.next.fetch_add(1, Ordering::Relaxed) % several.len()],
        }
    }

    pub fn tell_all(&self, message: impl Fn() -> Message) {
        for inbox in &self.inboxes {
            // One that has ended needs no telling.
            let _ = inbox.push(message());
        }
    }

    /// Lets the threads end once no call is left.
    pub fn stop(&self) {
        self.tell_all(|| Message::Stop);
    }

    /// The same, and waits for that.
    pub fn stop_and_join(&self) {
        self.stop();
        for thread in std::mem::take(&mut *self.threads.lock()) {
            // What it may have panicked with, its calls were told.
            let _ = thread.join();
        }
    }
}

/// A call that is ready to be launched: what could be wrong with it was checked.
pub struct Prepared<'c> {
    flight: Box<Flight>,
    inbox: Arc<Inbox>,
    client: &'c Client,
    registered: Registered<'c>,
    /// It begins at one time.
    _inside: Option<Inside>,
}

impl<'c> Prepared<'c> {
    /// `may_pause`: somebody could resume it.
    pub fn new(
        client: &'c Arc<Client>,
        request: Arc<Request>,
        receiver: Receiver,
        may_pause: bool,
    ) -> Result<Prepared<'c>> {
        let registered = client.register()?;
        let inside = client.config.clock.enter();
        if let Some(token) = &request.cancel {
            token.check_fork()?;
        }
        let (mut call, rules) = Call::new(client, request)?;
        if let Some(feed) = &mut call.feed {
            feed.may_pause = may_pause;
        }
        if let Some(delivery) = &mut call.delivery {
            delivery.may_pause = may_pause;
        }
        if let (Receiver::Queue { queue, .. }, Some(clock)) = (&receiver, client.config.virtual_clock()) {
            queue.goes_by(clock);
        }
        let inbox = client.engine()?.inbox().clone();
        let machine = Machine::new(rules, client.config.clock.now(), client.rng());
        let pending = Arc::new(Pending::new(inbox.clone()));
        let flight = Box::new(Flight {
            call,
            machine,
            pending,
            receiver: Some(receiver),
            stage: Stage::Nothing,
            grant: None,
            permit: None,
            shares: None,
            is_impatient: false,
            is_judged: false,
            mocked: None,
            recording: None,
            moved_bytes: 0,
        });
        Ok(Prepared { flight, inbox, client, registered, _inside: inside })
    }

    pub fn pending(&self) -> &Arc<Pending> {
        &self.flight.pending
    }

    /// From here on exactly one outcome follows. On failure there is none, and the receiver is gone unused.
    pub fn launch(self) -> Result<()> {
        match self.inbox.push(Message::Submit(self.flight)) {
            Ok(()) => {
                // The reactor takes it off the client's count.
                self.registered.keep();
                Ok(())
            }
            Err(_) => Err(self.client.no_engine()),
        }
    }
}
