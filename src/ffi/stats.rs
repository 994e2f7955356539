//! Statistics: what a client's pool holds, as a snapshot of one moment. NULL reads as zeros.

use super::client::httpc_client;
use super::{clear, error::httpc_error, guard};
use crate::client::stats::Stats;
use crate::error::Code;

/// [immutable] A snapshot of a client's pool.
pub struct httpc_stats {
    _opaque: (),
}

unsafe fn read<T: Default>(stats: *const httpc_stats, f: impl FnOnce(&Stats) -> T) -> T {
    unsafe { stats.cast::<Stats>().as_ref() }.map(f).unwrap_or_default()
}

/// Takes a snapshot, yours to free. Errors: HTTPC_E_FORKED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_client_stats(
    client: *mut httpc_client,
    out: *mut *mut httpc_stats,
    err: *mut *mut httpc_error,
) -> Code {
    guard(err, || {
        unsafe { clear(out) }?;
        let stats = unsafe { httpc_client::retain(client) }?.stats()?;
        unsafe { out.write(Box::into_raw(Box::new(stats)).cast()) };
        Ok(())
    })
}

/// Connections that calls hold, those about to be opened included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_stats_in_use(stats: *const httpc_stats) -> u32 {
    unsafe { read(stats, |s| s.in_use) }
}

/// Idle connections kept for later calls.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_stats_idle(stats: *const httpc_stats) -> u32 {
    unsafe { read(stats, |s| s.idle) }
}

/// Calls that wait for a connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_stats_waiting(stats: *const httpc_stats) -> u32 {
    unsafe { read(stats, |s| s.waiting) }
}

/// Connections opened since the client was made.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_stats_opened(stats: *const httpc_stats) -> u64 {
    unsafe { read(stats, |s| s.opened) }
}

/// Attempts that used an idle connection again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_stats_reused(stats: *const httpc_stats) -> u64 {
    unsafe { read(stats, |s| s.reused) }
}

/// Frees a snapshot. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn httpc_stats_free(stats: *mut httpc_stats) {
    if !stats.is_null() {
        super::quiet((), || drop(unsafe { Box::from_raw(stats.cast::<Stats>()) }));
    }
}
