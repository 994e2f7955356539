//! Bodies that are more than bytes in memory: read from a function or a file while they go out, lent instead of copied, forms,
//! multipart. What is read is read piece by piece, whatever its length. For every attempt and for redirects that keep the body
//! (307, 308) it is sent from its first byte on; httpc_send() and httpc_submit() fail with HTTPC_E_FILE when a file cannot be
//! opened (HTTPC_E_RESOURCE: for want of descriptors), and then nothing was sent. A setter puts its body in place of an earlier
//! one. The functions that add to a form or to a multipart body fail with HTTPC_E_INVALID_ARG where the request has a body of
//! another kind.

use super::request::{httpc_request, set};
use super::retry_policy::httpc_drop_fn;
use super::{Userdata, bytes, is_null, optional, string};
use crate::client::body::multipart::PartContent;
use crate::client::body::{Body, Compression, Memory, Pull, Reader, Source};
use crate::client::meter::Transferred;
use crate::error::{Code, Error, Result};
use crate::ffi::library::HTTPC_UNSET;
use std::ffi::{OsStr, c_char, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::Arc;

/// What a httpc_read_fn returns when it has nothing yet: it is asked again after httpc_call_resume().
pub const HTTPC_READ_PAUSE: i64 = i64::MIN;

/// Puts the next bytes of a body into `buffer`, at most `size`. Returns how many; 0 is the end, HTTPC_READ_PAUSE "none yet", and
/// every other negative number ends the call with HTTPC_E_ABORTED and the number in its detail. Runs on the calling thread of a
/// blocking call, where it may wait, and on an engine thread for a submitted one and over HTTP/2, where it must not. It is asked
/// until it has returned 0, also when the length is known; not at all when that is 0. It may call the library.
pub type httpc_read_fn = Option<unsafe extern "C" fn(userdata: *mut c_void, buffer: *mut c_void, size: usize) -> i64>;

/// Goes back to the first byte of a body. Anything but 0 ends the call with HTTPC_E_ABORTED and the number in its detail. Runs
/// where the httpc_read_fn does.
pub type httpc_rewind_fn = Option<unsafe extern "C" fn(userdata: *mut c_void) -> i32>;

/// How far an attempt is: bytes of the request's body that went out, of the response's that came in, and how many there will be,
/// HTTPC_UNSET where that is unknown. Another attempt counts anew. Anything but 0 ends the call with HTTPC_E_ABORTED and the number
/// in its detail. Runs where a httpc_read_fn does: at most every 100 ms when something has changed, and at the end of an attempt.
pub type httpc_progress_fn = Option<
    unsafe extern "C" fn(
        userdata: *mut c_void,
        uploaded: u64,
        upload_total: u64,
        downloaded: u64,
        download_total: u64,
    ) -> i32,
>;

struct CSource {
    read: unsafe extern "C" fn(*mut c_void, *mut c_void, usize) -> i64,
    rewind: httpc_rewind_fn,
    userdata: Userdata,
}

impl Reader for CSource {
    fn read(&mut self, into: &mut [u8]) -> Result<Pull> {
        // SAFETY: the program's own pair, with a buffer of that size.
        let said = unsafe { (self.read)(self.userdata.get(), into.as_mut_ptr().cast(), into.len()) };
        match said {
            0 => Ok(Pull::End),
            HTTPC_READ_PAUSE => Ok(Pull::Pause),
            said => match usize::try_from(said) {
                Ok(count) if count <= into.len() => Ok(Pull::Bytes(count)),
                Ok(count) => Err(aborted(format!("gave {count} bytes for a buffer of {}", into.len()))),
                Err(_) => Err(aborted(format!("failed with {said}"))),
            },
        }
    }

    fn rewind(&mut self) -> Result<()> {
        // SAFETY: as above.
        let said = self.rewind.map_or(-1, |rewind| unsafe { rewind(self.userdata.get()) });
        if said == 0 { Ok(()) } else { Err(aborted(format!("could not be rewound: {said}"))) }
    }

    fn can_rewind(&self) -> bool {
        self.rewind.is_some()
    }
}

fn aborted(what: String) -> Box<Error> {
    Error::new(Code::HTTPC_E_ABORTED, format!("the body source {what}"))
}

/// Memory of the program's.
struct Lent {
    start: *const u8,
    len: usize,
    _userdata: Userdata,
}

// SAFETY: the contract of httpc_request_set_body_borrowed(): unchanged until it is dropped.
unsafe impl Send for Lent {}
unsafe impl Sync for Lent {}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        if self.len == 0 { &[] } else { unsafe { std::slice::from_raw_parts(self.start, self.len) } }
    }
}

/// A body that is read from `read` while it goes out. `content_type` may be NULL for none. `rewind` goes back to the first byte
/// for another attempt, a redirect or another send; NULL: the source can be read once. From its first byte on such a call is not
/// retried any more (HTTPC_STOP_NOT_REPLAYABLE), and the request cannot be sent again (HTTPC_E_INVALID_ARG). `length` is that of
/// the whole body, or HTTPC_UNSET: then it goes in chunks (RFC 9112 section 7.1), or without a length over HTTP/2; a server that
/// is known to speak HTTP/1.0 takes no such body (HTTPC_E_UNSUPPORTED). A source that ends earlier or gives more ends the call with
/// HTTPC_E_ABORTED, and the server does not get the last byte. `drop` (may be NULL) runs once, when neither the request nor a call
/// uses `userdata` any more; also when this fails.
///
/// A source is one stream: while a call uses it, other sends of the request fail with HTTPC_E_INVALID_ARG. While it pauses
/// (HTTPC_READ_PAUSE, in submitted calls only) and everything it gave is out, neither HTTPC_TIMEOUT_WRITE nor HTTPC_TIMEOUT_READ
/// runs; HTTPC_TIMEOUT_ATTEMPT and HTTPC_TIMEOUT_TOTAL do. A blocking call ends with HTTPC_E_ABORTED when its source pauses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_request_set_body_source(
    request: *mut httpc_request,
    content_type: *const c_char,
    read: httpc_read_fn,
    rewind: httpc_rewind_fn,
    length: u64,
    userdata: *mut c_void,
    drop: httpc_drop_fn,
) -> Code {
    let userdata = Userdata::new(userdata, drop);
    unsafe {
        set(request, move |r| {
            let read = read.ok_or_else(|| is_null("read"))?;
            let length = Some(length).filter(|length| *length != HTTPC_UNSET);
            if length.is_some_and(|length| i64::try_from(length).is_err()) {
                return Err(Error::invalid("length", "is more than any body has"));
            }
            let source = Source::new(Box::new(CSource { read, rewind, userdata }), length);
            r.set_body(Body::Source(Arc::new(source)), optional(content_type, "content_type")?)
        })
    }
}

/// A file as the body, opened when the request is sent, and read while it goes out. `content_type` may be NULL for none. A file
/// that changes its size meanwhile ends the call with HTTPC_E_FILE, and the server does not get the last byte. Only regular files.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_request_set_body_file(
    request: *mut httpc_request,
    content_type: *const c_char,
    path: *const c_char,
) -> Code {
    unsafe {
        set(request, |r| {
            let path = named_file(path)?;
            r.set_body(Body::File(path), optional(content_type, "content_type")?)
        })
    }
}

/// The body without a copy: `body` must stay as it is until `drop` (may be NULL) has run with `userdata`, once, when neither the
/// request nor a call uses it any more; also when this fails. Otherwise as httpc_request_set_body().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_request_set_body_borrowed(
    request: *mut httpc_request,
    content_type: *const c_char,
    body: *const c_void,
    len: usize,
    userdata: *mut c_void,
    drop: httpc_drop_fn,
) -> Code {
    let userdata = Userdata::new(userdata, drop);
    unsafe {
        set(request, move |r| {
            let start = bytes(body, len, "body")?.as_ptr();
            let lent = Memory::Lent(Arc::new(Lent { start, len, _userdata: userdata }));
            r.set_body(Body::Bytes(lent), optional(content_type, "content_type")?)
        })
    }
}

/// Adds a field to a form, "application/x-www-form-urlencoded", as browsers write it (WHATWG URL, section 5.2: a space becomes +).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_request_add_form(
    request: *mut httpc_request,
    name: *const c_char,
    value: *const c_char,
) -> Code {
    unsafe { set(request, |r| r.add_form(string(name, "name")?, string(value, "value")?)) }
}

/// Adds a text field to a multipart body, "multipart/form-data" with a random boundary, as browsers write it (WHATWG HTML,
/// "multipart/form-data encoding algorithm"; RFC 7578): line ends in `name` and `value` become CR LF, and in `name` these and
/// double quotes are percent-encoded. The Content-Type header is set by it; another one without the boundary is
/// HTTPC_E_INVALID_ARG when the request is sent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_request_add_part(
    request: *mut httpc_request,
    name: *const c_char,
    value: *const c_char,
) -> Code {
    unsafe { set(request, |r| r.add_part(string(name, "name")?, string(value, "value")?)) }
}

/// Adds bytes to a multipart body, copied and sent as they are. `filename` may be NULL for a field that is no file, `content_type`
/// NULL for none. Otherwise as httpc_request_add_part().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_request_add_part_bytes(
    request: *mut httpc_request,
    name: *const c_char,
    filename: *const c_char,
    content_type: *const c_char,
    data: *const c_void,
    len: usize,
) -> Code {
    unsafe {
        set(request, |r| {
            let content = PartContent::Bytes(Memory::Copied(Arc::from(bytes(data, len, "data")?)));
            let (filename, content_type) = (optional(filename, "filename")?, optional(content_type, "content_type")?);
            r.add_any_part(string(name, "name")?, filename, content_type, content)
        })
    }
}

/// Adds a file to a multipart body, read while it goes out, as httpc_request_set_body_file() says. `filename` is what the server is
/// told; NULL: the last part of `path`. `content_type` NULL is "application/octet-stream".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_request_add_part_file(
    request: *mut httpc_request,
    name: *const c_char,
    path: *const c_char,
    filename: *const c_char,
    content_type: *const c_char,
) -> Code {
    unsafe {
        set(request, |r| {
            let path = named_file(path)?;
            let own = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let filename = optional(filename, "filename")?.unwrap_or(&own);
            let content_type = optional(content_type, "content_type")?.unwrap_or("application/octet-stream");
            let content = PartContent::File(path);
            r.add_any_part(string(name, "name")?, Some(filename), Some(content_type), content)
        })
    }
}

/// A function that is told how far both bodies are; NULL takes it away again. `drop` (may be NULL) runs once, when neither the
/// request nor a call uses `userdata` any more; also when this fails.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_request_set_progress(
    request: *mut httpc_request,
    progress: httpc_progress_fn,
    userdata: *mut c_void,
    drop: httpc_drop_fn,
) -> Code {
    let userdata = Userdata::new(userdata, drop);
    unsafe {
        set(request, move |r| {
            r.watcher = None;
            if let Some(progress) = progress {
                r.watcher = Some(Arc::new(move |t: &Transferred| {
                    let [all_up, all_down] = [t.upload_total, t.download_total].map(|all| all.unwrap_or(HTTPC_UNSET));
                    // The program's own pair.
                    progress(userdata.get(), t.uploaded, all_up, t.downloaded, all_down)
                }));
            }
            Ok(())
        })
    }
}

/// # Safety
/// As [`string`].
pub(super) unsafe fn named_file(path: *const c_char) -> Result<PathBuf> {
    if path.is_null() {
        return Err(is_null("path"));
    }
    // As the system takes it: no name of a file has to be UTF-8.
    let bytes = unsafe { std::ffi::CStr::from_ptr(path) }.to_bytes();
    if bytes.is_empty() {
        return Err(Error::invalid("path", "is empty"));
    }
    Ok(PathBuf::from(OsStr::from_bytes(bytes)))
}

/// Compresses the body while it goes out, whatever it comes from, and says so in Content-Encoding; `compression` is an
/// httpc_compression. A body that is read piece by piece is then sent without a length (chunked in HTTP/1.1). A source that pauses
/// has what it gave so far sent. Ask for it only where the server is known to undo it: most do not. An empty body stays as it
/// is. A request that has a Content-Encoding header as well is HTTPC_E_INVALID_ARG when it is sent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_request_set_compression(request: *mut httpc_request, compression: i32) -> Code {
    unsafe {
        set(request, |r| {
            r.compression = Compression::try_from(compression)?;
            Ok(())
        })
    }
}
