//! A call: configuration and request in, response or error out. No pointers and no curl here.
//!
//! [`machine`] decides; [`blocking`] carries out on the caller's thread, [`reactor`] for many calls on an engine thread;
//! [`call`] puts a request and a client's defaults together.

pub mod alarms;
pub mod attempt;
pub mod blocking;
pub mod body;
mod call;
pub mod cancel;
pub mod clock;
pub mod config;
pub mod content;
mod detail;
pub mod error_body;
pub mod event_stream;
pub mod fork;
pub mod headers;
pub mod json;
pub mod links;
pub mod log;
pub mod machine;
pub mod meter;
pub mod method;
pub mod no_proxy;
pub mod protocol;
pub mod queue;
mod random;
pub mod rate_limiter;
pub mod reactor;
pub mod recorder;
pub mod request;
pub mod response;
pub mod retry_loop;
pub mod retry_rules;
pub mod signal;
pub mod sink;
pub mod stats;
pub mod stream;
pub mod timeouts;
pub mod tls;
pub mod url;
pub mod virtual_clock;

use crate::error::{Code, Error, Result};
use crate::policy::budget::{Budget, BudgetPolicy};
use crate::sync::{Condvar, Map, Mutex, OnceLock};
use crate::text;
use crate::transport::curl::{self, pool::Pool};
use config::Config;
use log::{Log, LogLevel};
use machine::{Action, AttemptEnd, Machine};
use protocol::Protocol;
use reactor::engine::Engine;
use reactor::inbox::Message;
use recorder::{Recorder, Recording};
use signal::Signal;
use smallvec::SmallVec;
use stats::Stats;
use std::cell::RefCell;
use std::ffi::{CStr, CString};
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use url::Origin;
use virtual_clock::{Inside, Resting, Sleeper};

/// Kept at least, before those that say nothing are forgotten.
const MOST_BUDGETS: usize = 1024;

pub fn version() -> &'static CStr {
    static VERSION: OnceLock<CString> = OnceLock::new();
    VERSION.get_or_init(|| {
        let linked = curl::version();
        text::c_string(&format!("httpclient/{} {}", env!("CARGO_PKG_VERSION"), linked.to_string_lossy()))
    })
}

pub struct Client {
    config: Config,
    pool: Pool,
    budgets: Mutex<Map<Arc<Origin>, Arc<Mutex<Budget>>>>,
    seed: u64,
    calls_made: AtomicU64,
    closing: Signal,
    /// Calls that have not ended.
    running: AtomicUsize,
    /// Held by who waits for their end, and by who tells.
    ending: Mutex<()>,
    idle: Condvar,
    engine: OnceLock<Engine>,
    /// One starts it.
    engine_start: Mutex<()>,
    /// Nobody holds it but those who are inside: an engine that starts now is to end with them.
    retired: AtomicBool,
    born: fork::Generation,
    log: Log,
    recorder: Option<Recorder>,
    // Dropped after all else.
    #[cfg(feature = "mimalloc")]
    _memory: crate::allocator::Claim,
}

impl Client {
    pub fn new(config: Config) -> Result<Client> {
        config.check()?;
        let record = config.record.as_ref();
        let recorder = record.map(|record| Recorder::create(&record.path, record.secrets)).transpose()?;
        let log = config.log.clone().unwrap_or_else(Log::from_environment);
        let pool = Pool::new(&config)?;
        warn_of_dangers(&config, &log);
        Ok(Client {
            pool,
            budgets: Mutex::new(Map::default()),
            seed: config.seed.unwrap_or_else(random::seed),
            calls_made: AtomicU64::new(0),
            closing: Signal::new()?,
            running: AtomicUsize::new(0),
            ending: Mutex::new(()),
            idle: Condvar::new(),
            engine: OnceLock::new(),
            engine_start: Mutex::new(()),
            retired: AtomicBool::new(false),
            born: fork::Generation::current(),
            recorder,
            #[cfg(feature = "mimalloc")]
            _memory: crate::allocator::Claim::new(),
            log,
            config,
        })
    }

    /// Ends running and later calls, and waits for the running ones.
    pub fn close(self: &Arc<Self>, wait_ms: u64) -> Result<()> {
        self.check_fork()?;
        self.closing.raise();
        self.pool.close();
        if let Some(engine) = self.started_engine() {
            engine.tell_all(|| Message::Close);
        }
        if self.running.load(Ordering::SeqCst) == 0 {
            return Ok(());
        }
        if wait_ms > 0 && self.is_inside() {
            return Err(Error::new(
                Code::HTTPC_E_WOULD_DEADLOCK,
                "the client is closed, but a callback of one of its own calls cannot wait for that call to end",
            ));
        }
        let deadline = Instant::now().checked_add(Duration::from_millis(wait_ms));
        let _resting = (wait_ms > 0).then(|| Resting::by(self.config.virtual_clock(), || self.clone()));
        let mut ending = self.ending.lock();
        while self.running.load(Ordering::SeqCst) > 0 {
            // `wait_ms` of HTTPC_FOREVER is past any clock: `None`.
            let expired = match deadline {
                Some(deadline) => self.idle.wait_until(&mut ending, deadline).timed_out(),
                None => {
                    self.idle.wait(&mut ending);
                    false
                }
            };
            let running = self.running.load(Ordering::SeqCst);
            if expired && running > 0 {
                return Err(Error::new(Code::HTTPC_E_AGAIN, format!("{running} calls still run")));
            }
        }
        Ok(())
    }

    /// A snapshot of the pool.
    pub fn stats(&self) -> Result<Stats> {
        self.check_fork()?;
        Ok(self.pool.stats())
    }

    /// What freeing a client does: close, wait unless inside one of its own callbacks, let go.
    pub fn retire(self: Arc<Self>) {
        if self.born.is_foreign() {
            // The parent's sockets: not even a close_notify may go out on them.
            std::mem::forget(self);
            return;
        }
        let is_inside = self.is_inside();
        self.retired.store(true, Ordering::SeqCst);
        let _ = self.close(if is_inside { 0 } else { u64::MAX });
        match self.started_engine() {
            // Another engine thread may be inside a callback that waits for this one.
            Some(engine) if is_inside => engine.stop(),
            Some(engine) => engine.stop_and_join(),
            None => {}
        }
    }

    /// After the client was closed: none is started any more.
    fn started_engine(&self) -> Option<&Engine> {
        let _one = self.engine_start.lock();
        self.engine.get()
    }

    /// Started by the first call that needs it.
    fn engine(self: &Arc<Self>) -> Result<&Engine> {
        if let Some(engine) = self.engine.get() {
            return Ok(engine);
        }
        let _one = self.engine_start.lock();
        if let Some(engine) = self.engine.get() {
            return Ok(engine);
        }
        if self.closing.is_raised() {
            return Err(closed());
        }
        let started = Engine::start(self, self.config.engine_threads)?;
        let inboxes = started.inboxes().to_vec();
        self.pool.on_lack_of_room(Box::new(move |origin| {
            for inbox in &inboxes {
                let _ = inbox.push(Message::MakeRoom(origin.clone()));
            }
        }));
        let engine = self.engine.get_or_init(|| started);
        if self.retired.load(Ordering::SeqCst) {
            engine.stop();
        }
        Ok(engine)
    }

    /// Why an engine thread takes no call any more.
    fn no_engine(&self) -> Box<Error> {
        if self.closing.is_raised() {
            return closed();
        }
        Error::new(Code::HTTPC_E_INTERNAL, "internal error, please report: the engine has failed; make a new client")
    }

    fn check_fork(&self) -> Result<()> {
        if self.born.is_foreign() {
            let why = "this client was made before fork(); make a new one in the child";
            return Err(Error::new(Code::HTTPC_E_FORKED, why));
        }
        Ok(())
    }

    /// Whether a blocking call to `origin` has to be made over HTTP/2, and so by an engine thread.
    fn goes_by_engine(&self, origin: &Origin) -> Result<bool> {
        if self.config.mock.is_some() {
            return Ok(false);
        }
        let wanted = match self.config.protocol {
            Protocol::HTTPC_PROTOCOL_AUTO => self.pool.http2().has(origin),
            Protocol::HTTPC_PROTOCOL_HTTP_2 => origin.https,
            Protocol::HTTPC_PROTOCOL_HTTP_2_PRIOR_KNOWLEDGE => true,
            _ => false,
        };
        if !wanted || !self.engine.get().is_some_and(Engine::is_here) {
            return Ok(wanted);
        }
        // An engine thread cannot wait for itself. HTTP/1.1 will do where the server has the choice.
        if self.config.protocol == Protocol::HTTPC_PROTOCOL_HTTP_2_PRIOR_KNOWLEDGE {
            let why = "a callback on the engine thread cannot wait for an HTTP/2 call that this thread drives";
            return Err(Error::new(Code::HTTPC_E_WOULD_DEADLOCK, why));
        }
        Ok(false)
    }

    /// Counts a call that runs until the guard is dropped, or until [`Client::unregister`].
    fn register(&self) -> Result<Registered<'_>> {
        self.check_fork()?;
        // Before the look at `closing`, as who closes looks at the count after raising it.
        self.running.fetch_add(1, Ordering::SeqCst);
        let registered = Registered { client: self };
        if self.closing.is_raised() {
            return Err(closed());
        }
        Ok(registered)
    }

    fn unregister(&self) {
        if self.running.fetch_sub(1, Ordering::SeqCst) == 1 && self.closing.is_raised() {
            // Who has found it running is waiting by now, and not just about to.
            let _ending = self.ending.lock();
            self.idle.notify_all();
        }
    }

    /// Registers a call that runs on this thread until the guard is dropped.
    fn enter(&self) -> Result<Running<'_>> {
        let registered = self.register()?;
        self.is_home_of_this_thread();
        Ok(Running { _registered: registered, _inside: self.config.clock.enter() })
    }

    /// What runs on this thread from now on is inside this client.
    fn is_home_of_this_thread(&self) {
        INSIDE.with_borrow_mut(|clients| clients.push(std::ptr::from_ref(self).addr()));
    }

    /// Whether this thread runs a call of this client: then it is a callback that asks.
    fn is_inside(&self) -> bool {
        INSIDE.with_borrow(|clients| clients.contains(&std::ptr::from_ref(self).addr()))
    }

    fn budget(&self, origin: &Arc<Origin>, policy: &BudgetPolicy) -> Arc<Mutex<Budget>> {
        if !policy.enabled {
            // Without a budget of its own it must not leave an empty one to others.
            return Arc::new(Mutex::new(Budget::new(policy)));
        }
        let mut budgets = self.budgets.lock();
        if let Some(budget) = budgets.get(origin) {
            return budget.clone();
        }
        // A program that talks to ever new origins must not pay for each for ever: what is full is as good as new.
        if budgets.len() >= MOST_BUDGETS {
            budgets.retain(|_, budget| Arc::strong_count(budget) > 1 || !budget.lock().is_full());
        }
        let budget = Arc::new(Mutex::new(Budget::new(policy)));
        budgets.insert(origin.clone(), budget.clone());
        budget
    }

    /// One line for the attempt that has just ended, after which the machine asked for `action`.
    fn log_attempt(&self, machine: &Machine, action: &Action) {
        let last = match action {
            Action::Finish(Ok(response)) => response.attempts.last().map(|last| (response.attempts.len(), last)),
            Action::Finish(Err(error)) => error.attempts.last().map(|last| (error.attempts.len(), last)),
            _ => machine.last_attempt(),
        };
        if let Some((number, attempt)) = last {
            self.log.attempt(number, attempt, attempt.code != Code::HTTPC_OK || attempt.status >= 400);
        }
    }

    fn end_recording(&self, recording: Option<Box<Recording>>, end: &AttemptEnd) {
        if let (Some(recorder), Some(recording)) = (&self.recorder, recording)
            && let Err(why) = recorder.end(*recording, end, self.config.clock.now())
        {
            self.log.line(LogLevel::HTTPC_LOG_ERROR, &why);
        }
    }

    /// A generator for one call: repeatable by seed and order, and without a lock.
    fn rng(&self) -> fastrand::Rng {
        let call = self.calls_made.fetch_add(1, Ordering::Relaxed);
        fastrand::Rng::with_seed(self.seed.wrapping_add(call.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
    }
}

/// Who reads the log of a program in production should know.
fn warn_of_dangers(config: &Config, log: &Log) {
    let what = match (config.tls.skips_verification, config.tls.skips_host_name) {
        (true, _) => "certificates are not verified",
        (false, true) => "the host names in certificates are not checked",
        (false, false) => return,
    };
    log.line(LogLevel::HTTPC_LOG_WARN, &format!("a client was made that is open to attack over TLS: {what}"));
}

fn closed() -> Box<Error> {
    Error::new(Code::HTTPC_E_CLOSED, "the client was closed")
}

thread_local! {
    /// The clients whose calls run on this thread, by address, the innermost last. Never destroyed: programs may call when a
    /// thread's destructors have run, from atexit handlers for one. Memory of its own it has only inside nested calls.
    static INSIDE: RefCell<ManuallyDrop<SmallVec<[usize; 4]>>> =
        const { RefCell::new(ManuallyDrop::new(SmallVec::new_const())) };
}

/// Who closes it waits for its calls.
impl Sleeper for Client {
    fn is_ready(&self) -> bool {
        self.running.load(Ordering::SeqCst) == 0
    }
}

struct Registered<'c> {
    client: &'c Client,
}

impl Registered<'_> {
    /// The call goes on elsewhere.
    fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        self.client.unregister();
    }
}

struct Running<'c> {
    // In this order: who waits for the call's end is ready before time may move.
    _registered: Registered<'c>,
    _inside: Option<Inside>,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        INSIDE.with_borrow_mut(|clients| {
            clients.pop();
            if clients.spilled() {
                clients.shrink_to_fit();
            }
        });
    }
}
