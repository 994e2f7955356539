//! Tells a program how far an attempt is: at most so often, and at its end.

use super::clock::Micros;
use crate::error::{Code, Error, Result};
use std::sync::Arc;

const EVERY: Micros = 100_000;

/// Bytes of the bodies, and how many there will be where that is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Transferred {
    pub uploaded: u64,
    pub upload_total: Option<u64>,
    pub downloaded: u64,
    pub download_total: Option<u64>,
}

/// Anything but 0 ends the call.
pub type Watcher = dyn Fn(&Transferred) -> i32 + Send + Sync;

/// Nothing where nobody watches.
pub struct Meter(Option<Box<Watched>>);

struct Watched {
    watcher: Arc<Watcher>,
    told: Transferred,
    next: Micros,
}

impl Meter {
    pub fn new(watcher: Option<Arc<Watcher>>) -> Meter {
        Meter(watcher.map(|watcher| Box::new(Watched { watcher, told: Transferred::default(), next: 0 })))
    }

    /// Another attempt counts anew.
    pub fn begin(&mut self) {
        if let Some(watched) = &mut self.0 {
            (watched.told, watched.next) = (Transferred::default(), 0);
        }
    }

    /// `is_end`: of the attempt, of which no news is left untold.
    pub fn report(&mut self, now: Micros, is_end: bool, count: impl FnOnce() -> Transferred) -> Result<()> {
        let Some(watched) = self.0.as_mut().filter(|watched| is_end || now >= watched.next) else { return Ok(()) };
        let transferred = count();
        if transferred == watched.told {
            return Ok(());
        }
        (watched.told, watched.next) = (transferred, now.saturating_add(EVERY));
        match (watched.watcher)(&transferred) {
            0 => Ok(()),
            value => {
                // It has said all that it has to say.
                self.0 = None;
                Err(Error::new(Code::HTTPC_E_ABORTED, format!("the progress function said stop, with {value}")))
            }
        }
    }
}
