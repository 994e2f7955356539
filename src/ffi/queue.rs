//! Completion queues: where the outcomes of calls submitted with httpc_submit_to() arrive, in the order in which the calls
//! ended. One queue may serve many clients and threads. For a program with an event loop of its own there is a descriptor
//! to poll.

use super::response::httpc_response;
use super::{borrow, clear, clear_value, error::httpc_error, guard};
use crate::client::queue::{Event, Queue};
use crate::error::{Code, Error, Result};
use std::ffi::{c_int, c_void};
use std::sync::Arc;

/// [shared] A queue of events.
pub struct httpc_queue {
    _opaque: (),
}

/// [single] The outcome of one call.
pub struct httpc_event {
    tag: *mut c_void,
    code: Code,
    response: *mut httpc_response,
    error: *mut httpc_error,
}

impl httpc_queue {
    /// # Safety
    /// `queue` is NULL or came from httpc_queue_new() and is not freed yet.
    pub(crate) unsafe fn retain(queue: *const httpc_queue) -> Result<Arc<Queue>> {
        unsafe { borrow(queue, "queue") }?;
        let queue: *const Queue = queue.cast();
        unsafe {
            Arc::increment_strong_count(queue);
            Ok(Arc::from_raw(queue))
        }
    }
}

impl httpc_event {
    fn give(event: Event) -> *mut httpc_event {
        let tag = std::ptr::with_exposed_provenance_mut(event.tag);
        let (code, response, error) = match event.outcome {
            Ok(response) => (Code::HTTPC_OK, httpc_response::give(response), std::ptr::null_mut()),
            Err(error) => (error.code, std::ptr::null_mut(), httpc_error::give(error)),
        };
        Box::into_raw(Box::new(httpc_event { tag, code, response, error }))
    }
}

/// Makes a queue.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_queue_new(out: *mut *mut httpc_queue, err: *mut *mut httpc_error) -> Code {
    guard(err, || {
        unsafe { clear(out) }?;
        super::watch_forks();
        unsafe { out.write(Arc::into_raw(Arc::new(Queue::default())).cast_mut().cast()) };
        Ok(())
    })
}

/// A descriptor that is readable (POLLIN, level-triggered) while events wait. It is the queue's: poll it, never read or close
/// it. -1 when there is none to be had, or NULL. It is asked for once and polled for as long as the queue lives: programs
/// that never ask pay nothing for it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_queue_fd(queue: *const httpc_queue) -> c_int {
    super::quiet(-1, || {
        unsafe { queue.cast::<Queue>().as_ref() }.and_then(|queue| queue.descriptor().ok()).unwrap_or(-1)
    })
}

/// How many events wait. NULL reads as 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_queue_length(queue: *const httpc_queue) -> usize {
    super::quiet(0, || unsafe { queue.cast::<Queue>().as_ref() }.map_or(0, Queue::len))
}

/// The next event, yours to free. HTTPC_E_AGAIN when none came within `wait_ms` (0: do not wait; HTTPC_FOREVER: no limit).
/// Several threads may ask: each event goes to one of them. Do not wait inside a completion function: what would arrive
/// waits for that function to return. HTTPC_E_CLOSED when the queue is freed during the wait; HTTPC_E_FORKED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_queue_next(
    queue: *mut httpc_queue,
    wait_ms: u64,
    out: *mut *mut httpc_event,
    err: *mut *mut httpc_error,
) -> Code {
    guard(err, || {
        unsafe { clear(out) }?;
        let queue = unsafe { httpc_queue::retain(queue) }?;
        if let Some(event) = queue.next(1, wait_ms)?.pop() {
            unsafe { out.write(httpc_event::give(event)) };
        }
        Ok(())
    })
}

/// Up to `most` events at once into `events`, which has room for them, as soon as there is one; `*count` says how many.
/// Cheaper than one by one. Errors as httpc_queue_next(); HTTPC_E_INVALID_ARG when `most` is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_queue_next_batch(
    queue: *mut httpc_queue,
    wait_ms: u64,
    events: *mut *mut httpc_event,
    most: usize,
    count: *mut usize,
    err: *mut *mut httpc_error,
) -> Code {
    guard(err, || {
        unsafe { clear_value(count, 0, "count") }?;
        if events.is_null() || most == 0 {
            let argument = if events.is_null() { "events" } else { "most" };
            return Err(Error::invalid(argument, if events.is_null() { "is NULL" } else { "is 0" }));
        }
        let queue = unsafe { httpc_queue::retain(queue) }?;
        for (at, event) in queue.next(most, wait_ms)?.into_iter().enumerate() {
            unsafe {
                events.add(at).write(httpc_event::give(event));
                count.write(at + 1);
            }
        }
        Ok(())
    })
}

/// Frees a queue. Calls that were submitted to it go on; their events, and those that wait, are discarded. Threads that wait
/// in httpc_queue_next() are told so, and must not ask again. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_queue_free(queue: *mut httpc_queue) {
    if !queue.is_null() {
        super::quiet((), || unsafe { Arc::from_raw(queue.cast_const().cast::<Queue>()) }.close());
    }
}

/// The tag that the call was submitted with. NULL reads as NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_event_tag(event: *const httpc_event) -> *mut c_void {
    unsafe { event.as_ref() }.map_or(std::ptr::null_mut(), |event| event.tag)
}

/// How the call ended. NULL reads as HTTPC_OK.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_event_code(event: *const httpc_event) -> Code {
    unsafe { event.as_ref() }.map_or(Code::HTTPC_OK, |event| event.code)
}

/// The response, or NULL when the call failed. Borrowed from the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_event_response(event: *const httpc_event) -> *const httpc_response {
    unsafe { event.as_ref() }.map_or(std::ptr::null(), |event| event.response)
}

/// The error, or NULL when the call succeeded. Borrowed from the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_event_error(event: *const httpc_event) -> *const httpc_error {
    unsafe { event.as_ref() }.map_or(std::ptr::null(), |event| event.error)
}

/// The response out of the event, yours to free; NULL when the call failed, or when it was taken already.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_event_take_response(event: *mut httpc_event) -> *mut httpc_response {
    unsafe { event.as_mut() }
        .map_or(std::ptr::null_mut(), |event| std::mem::replace(&mut event.response, std::ptr::null_mut()))
}

/// The error out of the event, yours to free; NULL when the call succeeded, or when it was taken already.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_event_take_error(event: *mut httpc_event) -> *mut httpc_error {
    unsafe { event.as_mut() }
        .map_or(std::ptr::null_mut(), |event| std::mem::replace(&mut event.error, std::ptr::null_mut()))
}

/// Frees an event with what is still in it. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_event_free(event: *mut httpc_event) {
    if !event.is_null() {
        super::quiet((), || {
            let event = unsafe { Box::from_raw(event) };
            unsafe {
                super::response::httpc_response_free(event.response);
                super::error::httpc_error_free(event.error);
            }
        });
    }
}
