//! Bodies that the program takes while they come in. Of all that a call meets on its way, retried, redirected and failing
//! responses, a sink gets nothing: only the response that the call ends with, once its status has settled that.

use super::request::{httpc_request, set};
use super::request_body::named_file;
use super::response::httpc_response;
use super::retry_policy::httpc_drop_fn;
use super::{Userdata, is_null};
use crate::client::response::Response;
use crate::client::sink::{Consumer, FileSink, Flow, Sink};
use crate::error::{Code, Error, Result};
use std::ffi::{c_char, c_void};
use std::sync::Arc;

/// What a httpc_head_fn or httpc_write_fn returns to get nothing more until httpc_call_resume().
pub const HTTPC_SINK_PAUSE: i32 = i32::MIN;

/// Receives the head of the response whose body follows: a response without a body, borrowed until the function returns
/// (httpc_response_ref() keeps it). Comes again, for another response, when a connection broke before the first byte of the body
/// and the call was retried. 0 goes on, HTTPC_SINK_PAUSE pauses, and every other number ends the call with HTTPC_E_ABORTED and
/// the number in its detail. Runs where the httpc_write_fn does.
pub type httpc_head_fn = Option<unsafe extern "C" fn(userdata: *mut c_void, head: *const httpc_response) -> i32>;

/// Receives the next bytes of a body, decoded, at least one; they are the library's again when the function returns. 0 goes on.
/// HTTPC_SINK_PAUSE goes on after httpc_call_resume(): these bytes are taken, and no more come until then. Every other number ends
/// the call with HTTPC_E_ABORTED and the number in its detail. Runs on the calling thread of a blocking call, where it may wait,
/// and on an engine thread for a submitted one and over HTTP/2, where it must not. It may call the library.
pub type httpc_write_fn = Option<unsafe extern "C" fn(userdata: *mut c_void, data: *const c_void, size: usize) -> i32>;

#[derive(Clone, Copy)]
struct Functions {
    head: httpc_head_fn,
    write: unsafe extern "C" fn(*mut c_void, *const c_void, usize) -> i32,
}

struct CSink {
    functions: Functions,
    userdata: Arc<Userdata>,
}

struct CConsumer {
    functions: Functions,
    userdata: Arc<Userdata>,
}

impl Sink for CSink {
    fn open(&self) -> Result<Box<dyn Consumer>> {
        Ok(Box::new(CConsumer { functions: self.functions, userdata: self.userdata.clone() }))
    }
}

impl Consumer for CConsumer {
    fn head(&mut self, head: &Arc<Response>) -> Result<Flow> {
        let Some(function) = self.functions.head else { return Ok(Flow::GoOn) };
        // SAFETY: the program's own pair, with a response that lives until the function returns.
        flow("head function of the body sink", unsafe { function(self.userdata.get(), httpc_response::lend(head)) })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<Flow> {
        // SAFETY: as above, with so many bytes.
        flow("body sink", unsafe { (self.functions.write)(self.userdata.get(), bytes.as_ptr().cast(), bytes.len()) })
    }
}

pub(super) fn flow(who: &str, said: i32) -> Result<Flow> {
    match said {
        0 => Ok(Flow::GoOn),
        HTTPC_SINK_PAUSE => Ok(Flow::Pause),
        other => Err(Error::new(Code::HTTPC_E_ABORTED, format!("the {who} said stop, with {other}"))),
    }
}

/// Where the body of the response goes instead of into memory: to `write`, piece by piece, after `head` (may be NULL) has seen the
/// response's head. The response that the call ends with then has an empty body. What ends in an error (a status of 400 or more,
/// unless httpc_request_set_status_errors() is off, and what is retried or redirected) never comes here; the error has its
/// response. The client's longest body does not count here, only that of httpc_request_set_max_body(). `drop` (may be NULL) runs
/// once, when neither the request nor a call uses `userdata` any more; also when this fails.
///
/// A body that breaks off is fetched anew by a retry as long as none of it has come here. Later a retry asks for the rest alone
/// (Range and If-Range, RFC 9110 sections 13.1.5 and 14.2), and `write` goes on with the byte behind the last: for a GET without a
/// Range of its own whose 200 has a strong ETag and no Content-Encoding, unless Accept-Ranges says none. What comes instead of
/// just that rest is not taken: the call ends with the error that broke the body off, and its detail says why. The response of a
/// call that went on is that of the first part; the history has all attempts (206). Codings are asked for by default, and a
/// coded body cannot be gone on with: for long downloads turn that off by httpc_request_set_content_decoding(request, 0).
///
/// A paused sink (HTTPC_SINK_PAUSE, in submitted calls only) makes the server wait: HTTPC_TIMEOUT_READ does not run meanwhile;
/// HTTPC_TIMEOUT_ATTEMPT and HTTPC_TIMEOUT_TOTAL do. A blocking call ends with HTTPC_E_ABORTED when its sink pauses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_request_set_body_sink(
    request: *mut httpc_request,
    head: httpc_head_fn,
    write: httpc_write_fn,
    userdata: *mut c_void,
    drop: httpc_drop_fn,
) -> Code {
    let userdata = Arc::new(Userdata::new(userdata, drop));
    unsafe {
        set(request, |r| {
            let functions = Functions { head, write: write.ok_or_else(|| is_null("write"))? };
            r.sink = Some(Arc::new(CSink { functions, userdata }));
            Ok(())
        })
    }
}

/// The file that the body of the response goes to, as httpc_request_set_body_sink() gives it to a function, but only that of a
/// 2xx response. It is written under another name in the same folder, which is gone again whatever happens, and takes the place
/// of `path` in one step when the body is whole: until then, and after any failure, `path` is as it was. That other file is
/// opened when the request is sent: HTTPC_E_FILE when that cannot be, and later when it cannot be written (a full disk); the detail
/// has the path and the system's reason. Its permissions are those of any new file, and it is not forced to the disk (fsync).
/// A link is followed. Files of any size: the client's longest body does not count here.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_request_set_body_file_sink(request: *mut httpc_request, path: *const c_char) -> Code {
    unsafe {
        set(request, |r| {
            r.sink = Some(Arc::new(FileSink(named_file(path)?)));
            Ok(())
        })
    }
}
