//! A request's body as it goes out: filled by a driver from what the program gives, emptied by the transport. Knows nothing of
//! either.

use crate::client::body::Pull;
use crate::error::Error;

/// A byte is copied once more than by hand; fewer and larger writes make up for that.
pub const ROOM: usize = 256 << 10;

#[derive(Default)]
pub struct Outflow {
    /// `ROOM` once there is something to hold.
    bytes: Box<[u8]>,
    taken: usize,
    filled: usize,
    length: Option<u64>,
    /// Put in so far.
    given: u64,
    is_open: bool,
    /// The transport has come to the body.
    is_begun: bool,
    /// The transport asked in vain, and waits to be told.
    is_starved: bool,
}

/// Why a body is not what was announced.
pub enum Miscount {
    Reader(Box<Error>),
    TooFew { given: u64, length: u64 },
    TooMany { length: u64 },
}

impl Outflow {
    /// For the next body: `None` is none, or one that needs no filling.
    pub fn reset(&mut self, stream: Option<Option<u64>>) {
        *self = Outflow { is_open: stream.is_some(), length: stream.flatten(), ..Outflow::default() };
    }

    /// The transport's side: how many bytes there are, 0 at the end; `None`: none yet.
    pub fn take(&mut self, into: &mut [u8]) -> Option<usize> {
        self.is_begun = true;
        let count = self.available().min(into.len());
        if count == 0 && self.is_open {
            self.is_starved = true;
            return None;
        }
        into[..count].copy_from_slice(&self.bytes[self.taken..self.taken + count]);
        self.taken += count;
        Some(count)
    }

    /// The last byte waits until the end is known to be there: nobody may take a part for the whole.
    fn available(&self) -> usize {
        let held = usize::from(self.is_open && self.is_all_given());
        (self.filled - self.taken).saturating_sub(held)
    }

    fn is_all_given(&self) -> bool {
        self.length == Some(self.given)
    }

    /// Nothing is asked for before the transport has come to the body: until then it may be sent another time.
    pub fn wants_more(&self) -> bool {
        self.is_open && self.is_begun && (self.taken == self.filled || self.is_all_given())
    }

    pub fn has_room(&self) -> bool {
        self.is_open && self.filled < self.bytes.len()
    }

    pub fn fill(&mut self, read: impl FnOnce(&mut [u8]) -> crate::error::Result<Pull>) -> Result<Pull, Miscount> {
        if self.bytes.is_empty() {
            self.bytes = vec![0; ROOM].into();
        }
        if self.filled == self.bytes.len() || self.taken == self.filled {
            self.bytes.copy_within(self.taken..self.filled, 0);
            (self.taken, self.filled) = (0, self.filled - self.taken);
        }
        // All of it is still there when the end is looked for: then a byte more will tell.
        let mut spare = [0];
        let room = if self.filled < self.bytes.len() { &mut self.bytes[self.filled..] } else { &mut spare[..] };
        let pull = read(room).map_err(Miscount::Reader)?;
        match (pull, self.length) {
            (Pull::Bytes(count), Some(length)) if count as u64 > length - self.given => {
                return Err(Miscount::TooMany { length });
            }
            (Pull::End, Some(length)) if self.given < length => {
                return Err(Miscount::TooFew { given: self.given, length });
            }
            (Pull::Bytes(count), _) => {
                self.filled += count;
                self.given += count as u64;
            }
            (Pull::End, _) => self.is_open = false,
            (Pull::Pause, _) => {}
        }
        Ok(pull)
    }

    /// Whether the transport waits to be told that there is something, and there is: once.
    pub fn has_fed_the_starved(&mut self) -> bool {
        let fed = self.is_starved && (self.available() > 0 || !self.is_open);
        self.is_starved &= !fed;
        fed
    }

    /// The transport has asked for the body.
    pub fn is_begun(&self) -> bool {
        self.is_begun
    }

    /// The transport has nothing to do until more comes.
    pub fn is_starved(&self) -> bool {
        self.is_starved
    }

    /// Everything is with the transport.
    pub fn is_over(&self) -> bool {
        !self.is_open && self.taken == self.filled
    }

    pub fn given(&self) -> u64 {
        self.given
    }

    /// Of the whole body, once that is known.
    pub fn total(&self) -> Option<u64> {
        if self.is_open { self.length } else { Some(self.given) }
    }
}
