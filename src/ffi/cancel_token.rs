//! Cancel tokens end calls from outside: from another thread or from a signal handler.

use super::{clear, error::httpc_error, guard};
use crate::client::cancel::CancelToken;
use crate::error::Code;
use std::sync::Arc;

/// [shared] A switch that ends every call that holds it. Sticky: once triggered it stays so, and calls started later with
/// it fail at once. One token may serve many calls. After fork() it serves the parent only: in the child calls with it end
/// with HTTPC_E_FORKED, and triggering it there does nothing to the parent's.
pub struct httpc_cancel_token {
    _opaque: (),
}

impl httpc_cancel_token {
    /// NULL: none.
    ///
    /// # Safety
    /// As [`httpc_cancel_token::retain`], or NULL.
    pub(crate) unsafe fn retain_any(token: *const httpc_cancel_token) -> Option<Arc<CancelToken>> {
        if token.is_null() { None } else { Some(unsafe { httpc_cancel_token::retain(token) }) }
    }

    /// A reference of the library's own to the caller's token.
    ///
    /// # Safety
    /// `token` came from httpc_cancel_token_new() and is not freed yet.
    pub(crate) unsafe fn retain(token: *const httpc_cancel_token) -> Arc<CancelToken> {
        let token: *const CancelToken = token.cast();
        unsafe {
            Arc::increment_strong_count(token);
            Arc::from_raw(token)
        }
    }
}

/// Makes a token. Errors: HTTPC_E_RESOURCE when the process has no descriptor left (each token holds one).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_cancel_token_new(out: *mut *mut httpc_cancel_token, err: *mut *mut httpc_error) -> Code {
    guard(err, || {
        unsafe { clear(out) }?;
        super::watch_forks();
        let token = Arc::new(CancelToken::new()?);
        unsafe { out.write(Arc::into_raw(token).cast_mut().cast()) };
        Ok(())
    })
}

/// Ends every call that holds the token with HTTPC_E_CANCELLED, whatever it waits for, within milliseconds.
/// Async-signal-safe (an atomic store and one write to a descriptor). NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_cancel_token_cancel(token: *mut httpc_cancel_token) {
    if let Some(token) = unsafe { token.cast::<CancelToken>().as_ref() } {
        token.cancel();
    }
}

/// Whether the token was triggered. NULL reads as false.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_cancel_token_is_cancelled(token: *const httpc_cancel_token) -> bool {
    unsafe { token.cast::<CancelToken>().as_ref() }.is_some_and(CancelToken::is_cancelled)
}

/// Gives your reference back; calls and requests that hold the token keep theirs. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_cancel_token_free(token: *mut httpc_cancel_token) {
    if !token.is_null() {
        super::quiet((), || drop(unsafe { Arc::from_raw(token.cast_const().cast::<CancelToken>()) }));
    }
}
