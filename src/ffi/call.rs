//! Asynchronous calls. Submitting never blocks and never sends: an engine thread of the client does the work, for thousands
//! of calls at once, with the same pool, limits, redirects and retries as blocking calls. It is started by the first
//! submission. After HTTPC_OK exactly one outcome follows, whatever happens: an answer, an error, a cancel, a timeout, the
//! client's end. It goes to one receiver: a function, a queue, or httpc_call_take_result(). docs/threads.md tells what
//! runs where.

use super::client::httpc_client;
use super::queue::httpc_queue;
use super::request::{httpc_request, shared};
use super::response::httpc_response;
use super::{borrow, clear, error::httpc_error, guard};
use crate::client::reactor::engine::Prepared;
use crate::client::reactor::pending::{Outcome, Pending, Receiver};
use crate::error::{Code, Result};
use std::ffi::c_void;
use std::sync::Arc;

/// [shared] A submitted call: something to wait for, to cancel, and perhaps to take a result from. Freeing it changes
/// nothing for the call.
pub struct httpc_call {
    _opaque: (),
}

/// Receives the outcome of a call, once, on an engine thread of its client. `response` (with HTTPC_OK) and `error` (with any
/// other code) are yours to free; the other one is NULL. It may call the library, submit more, and free the client. While
/// it runs, the other calls of that engine thread wait: it must not block.
pub type httpc_done_fn = Option<
    unsafe extern "C" fn(userdata: *mut c_void, code: Code, response: *mut httpc_response, error: *mut httpc_error),
>;

struct Done {
    function: unsafe extern "C" fn(*mut c_void, Code, *mut httpc_response, *mut httpc_error),
    userdata: *mut c_void,
}

// SAFETY: the contract of httpc_submit(): the function runs on an engine thread, with its userdata.
unsafe impl Send for Done {}

impl Done {
    fn run(self, outcome: Outcome) {
        let (code, response, error) = match outcome {
            Ok(response) => (Code::HTTPC_OK, httpc_response::give(response), std::ptr::null_mut()),
            Err(error) => (error.code, std::ptr::null_mut(), httpc_error::give(error)),
        };
        // SAFETY: as above.
        unsafe { (self.function)(self.userdata, code, response, error) };
    }
}

unsafe fn pending(call: *const httpc_call) -> Result<Arc<Pending>> {
    unsafe { borrow(call, "call") }?;
    let call: *const Pending = call.cast();
    // SAFETY: it came from a submission and is not freed yet.
    unsafe {
        Arc::increment_strong_count(call);
        Ok(Arc::from_raw(call))
    }
}

unsafe fn submit(
    client: *mut httpc_client,
    request: *const httpc_request,
    receiver: Receiver,
    out: *mut *mut httpc_call,
) -> Result<()> {
    let client = unsafe { httpc_client::retain(client) }?;
    let request = shared(unsafe { borrow(request, "request") }?)?;
    let prepared = Prepared::new(&client, request, receiver, true)?;
    if out.is_null() {
        return prepared.launch();
    }
    // Stored first: the outcome may come before this function returns.
    unsafe { out.write(Arc::into_raw(prepared.pending().clone()).cast_mut().cast()) };
    prepared.launch().inspect_err(|_| unsafe {
        httpc_call_free(*out);
        out.write(std::ptr::null_mut());
    })
}

/// Submits a request. `done` receives the outcome with `userdata`; NULL: it is kept for httpc_call_take_result(). `out` may
/// be NULL when nobody will wait for the call or cancel it; it is stored before `done` can run. The request is not used any
/// more after this returns and may be changed, submitted again or freed. Errors (then nothing was sent, and `done` does not
/// run): HTTPC_E_INVALID_ARG, the request's first failure, HTTPC_E_URL, HTTPC_E_FILE, HTTPC_E_CLOSED, HTTPC_E_FORKED,
/// HTTPC_E_RESOURCE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_submit(
    client: *mut httpc_client,
    request: *const httpc_request,
    done: httpc_done_fn,
    userdata: *mut c_void,
    out: *mut *mut httpc_call,
    err: *mut *mut httpc_error,
) -> Code {
    guard(err, || {
        if !out.is_null() {
            unsafe { clear(out) }?;
        }
        let receiver = match done {
            Some(function) => {
                let done = Done { function, userdata };
                Receiver::Function(Box::new(move |outcome| done.run(outcome)))
            }
            None => Receiver::Owner,
        };
        unsafe { submit(client, request, receiver, out) }
    })
}

/// Submits a request whose outcome goes to `queue`, as an event that carries `tag`. Otherwise as httpc_submit().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_submit_to(
    client: *mut httpc_client,
    request: *const httpc_request,
    queue: *mut httpc_queue,
    tag: *mut c_void,
    out: *mut *mut httpc_call,
    err: *mut *mut httpc_error,
) -> Code {
    guard(err, || {
        if !out.is_null() {
            unsafe { clear(out) }?;
        }
        let queue = unsafe { httpc_queue::retain(queue) }?;
        queue.check_fork()?;
        unsafe { submit(client, request, Receiver::Queue { queue, tag: tag.expose_provenance() }, out) }
    })
}

/// Ends the call with HTTPC_E_CANCELLED, unless it is over. Its outcome arrives as any other. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_call_cancel(call: *mut httpc_call) {
    if call.is_null() {
        return;
    }
    super::quiet((), || {
        if let Ok(call) = unsafe { pending(call) } {
            call.cancel();
        }
    });
}

/// Ends a pause: a body source that said HTTPC_READ_PAUSE is asked again, and a body sink that said HTTPC_SINK_PAUSE gets the next
/// bytes, soon and on the engine thread. From any thread, also
/// inside callbacks; when nothing is paused it changes nothing. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_call_resume(call: *mut httpc_call) {
    if call.is_null() {
        return;
    }
    super::quiet((), || {
        if let Ok(call) = unsafe { pending(call) } {
            call.resume();
        }
    });
}

/// Whether the outcome is there, and with its function or queue where it has one. NULL reads as true, and so does a call that
/// was submitted before fork().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_call_is_over(call: *const httpc_call) -> bool {
    super::quiet(true, || unsafe { call.cast::<Pending>().as_ref() }.is_none_or(Pending::is_over))
}

/// Waits until the call is over and its `done` has returned. HTTPC_E_AGAIN after `wait_ms` (0: do not wait; HTTPC_FOREVER: no
/// limit). HTTPC_E_WOULD_DEADLOCK on an engine thread of the call's client, so inside the callbacks of its submitted calls,
/// when `wait_ms` is not 0. HTTPC_E_FORKED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_call_wait(call: *mut httpc_call, wait_ms: u64, err: *mut *mut httpc_error) -> Code {
    guard(err, || unsafe { pending(call) }?.wait(wait_ms))
}

/// The outcome of a call that was submitted without a function and without a queue, once: the response, or the error that
/// the call ended with. HTTPC_E_AGAIN while it runs. A second time, or where the outcome went elsewhere, it is
/// HTTPC_E_INVALID_ARG. HTTPC_E_FORKED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_call_take_result(
    call: *mut httpc_call,
    out: *mut *mut httpc_response,
    err: *mut *mut httpc_error,
) -> Code {
    guard(err, || {
        unsafe { clear(out) }?;
        let response = unsafe { pending(call) }?.take()?;
        unsafe { out.write(httpc_response::give(response)) };
        Ok(())
    })
}

/// Lets go of the call, which goes on all the same. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_call_free(call: *mut httpc_call) {
    if !call.is_null() {
        super::quiet((), || drop(unsafe { Arc::from_raw(call.cast_const().cast::<Pending>()) }));
    }
}
