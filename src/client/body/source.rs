//! A body that the program gives piece by piece: one stream, which one call at a time reads.

use crate::error::{Error, Result};
use crate::sync::Mutex;

/// What came of asking for bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pull {
    /// So many, at least one.
    Bytes(usize),
    End,
    /// None yet: the program will say when to ask again.
    Pause,
}

pub trait Reader: Send {
    fn read(&mut self, into: &mut [u8]) -> Result<Pull>;

    /// Back to the first byte.
    fn rewind(&mut self) -> Result<()>;

    fn can_rewind(&self) -> bool;
}

pub struct Source {
    pub length: Option<u64>,
    /// Away while a call reads from it.
    stream: Mutex<Option<Stream>>,
}

pub struct Stream {
    pub reader: Box<dyn Reader>,
    /// It was asked for its first byte.
    pub is_begun: bool,
}

impl Source {
    pub fn new(reader: Box<dyn Reader>, length: Option<u64>) -> Source {
        Source { length, stream: Mutex::new(Some(Stream { reader, is_begun: false })) }
    }

    pub fn claim(&self) -> Result<Stream> {
        let mut stream = self.stream.lock();
        match &*stream {
            None => return Err(Error::invalid("request", "its body source is in use by another call")),
            Some(stream) if stream.is_begun && !stream.reader.can_rewind() => {
                let why = "its body source was read already, and cannot be rewound";
                return Err(Error::invalid("request", why));
            }
            Some(_) => {}
        }
        stream.take().ok_or_else(|| Error::invalid("request", "has no body source"))
    }

    pub fn give_back(&self, stream: Stream) {
        *self.stream.lock() = Some(stream);
    }
}
