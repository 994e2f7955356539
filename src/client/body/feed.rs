//! The body of one call, read piece by piece while it goes out. A driver asks for more where the transport has room, so that
//! no code of the program's runs inside the transport.

use super::compress::Compressor;
use super::file::FileReader;
use super::multipart::{Multipart, MultipartReader};
use super::source::{Pull, Reader, Source, Stream};
use crate::error::{Code, Error, Result};
use crate::transport::outflow::{Miscount, Outflow};
use std::path::Path;
use std::sync::Arc;

pub struct Feed {
    /// Always there, but while it is dropped.
    stream: Option<Stream>,
    /// Who gets the stream back.
    home: Option<Arc<Source>>,
    /// As announced to the transport.
    length: Option<u64>,
    compressor: Option<Compressed>,
    /// There is somebody who can end a pause.
    pub may_pause: bool,
    is_paused: bool,
}

impl Feed {
    pub fn of_file(path: &Path) -> Result<Feed> {
        let reader = FileReader::open(path)?;
        let length = reader.length();
        Ok(Feed::own(Box::new(reader), length))
    }

    pub fn of_multipart(multipart: &Arc<Multipart>) -> Result<Feed> {
        let reader = MultipartReader::open(multipart)?;
        let length = reader.length();
        Ok(Feed::own(Box::new(reader), length))
    }

    pub fn of_source(source: &Arc<Source>) -> Result<Feed> {
        let stream = Some(source.claim()?);
        let (home, length) = (Some(source.clone()), source.length);
        Ok(Feed { stream, home, length, compressor: None, may_pause: false, is_paused: false })
    }

    fn own(reader: Box<dyn Reader>, length: u64) -> Feed {
        let stream = Some(Stream { reader, is_begun: false });
        Feed { stream, home: None, length: Some(length), compressor: None, may_pause: false, is_paused: false }
    }

    /// Of an empty one nothing becomes more.
    pub fn compressed(mut self, compressor: Option<Compressor>) -> Feed {
        if self.length != Some(0)
            && let Some(compressor) = compressor
        {
            self.compressor = Some(Compressed { compressor, length: self.length.take(), given: 0 });
        }
        self
    }

    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// Whether what was read can be read again.
    pub fn is_replayable(&self) -> bool {
        self.stream.as_ref().is_some_and(|stream| !stream.is_begun || stream.reader.can_rewind())
    }

    /// Before each attempt: from the first byte on.
    pub fn begin(&mut self) -> Result<()> {
        self.is_paused = false;
        let Some(stream) = self.stream.as_mut().filter(|stream| stream.is_begun) else { return Ok(()) };
        stream.reader.rewind()?;
        stream.is_begun = false;
        self.compressor.as_mut().map_or(Ok(()), Compressed::restart)
    }

    /// The program has more to give.
    pub fn resume(&mut self) {
        self.is_paused = false;
    }

    /// Reads into `outflow` once it is empty, and looks whether the end is where it was announced. Whether there was anything to
    /// do. A reader that may wait is asked once, as what it gave must not wait with it; of others small pieces are gathered, of
    /// which an HTTP/2 server takes only so many.
    pub fn pump(&mut self, outflow: &mut Outflow, may_wait: bool) -> Result<bool> {
        let mut has_read = false;
        while !self.is_paused && (outflow.wants_more() || has_read && !may_wait && outflow.has_room()) {
            let Some(stream) = &mut self.stream else { break };
            stream.is_begun = true;
            let read = |room: &mut [u8]| match &mut self.compressor {
                Some(compressor) => compressor.read(&mut *stream.reader, room),
                None => stream.reader.read(room),
            };
            match outflow.fill(read) {
                Ok(Pull::Pause) if !self.may_pause => return Err(nobody_to_resume()),
                Ok(Pull::Pause) => self.is_paused = true,
                Ok(_) => has_read = true,
                Err(Miscount::Reader(error)) => return Err(error),
                Err(Miscount::TooFew { given, length }) => return Err(too_few(given, length)),
                Err(Miscount::TooMany { length }) => return Err(too_many(length)),
            }
        }
        Ok(has_read)
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        if let (Some(home), Some(stream)) = (&self.home, self.stream.take()) {
            home.give_back(stream);
        }
    }
}

/// What is read is compressed, so that the transport cannot count it.
struct Compressed {
    compressor: Compressor,
    length: Option<u64>,
    given: u64,
}

impl Compressed {
    fn restart(&mut self) -> Result<()> {
        self.given = 0;
        self.compressor.restart()
    }

    fn read(&mut self, reader: &mut dyn Reader, into: &mut [u8]) -> Result<Pull> {
        self.compressor.read(into, |room| {
            let pull = reader.read(room)?;
            if let Pull::Bytes(count) = pull {
                self.given += count as u64;
            }
            match (pull, self.length) {
                (Pull::End, Some(length)) if self.given < length => Err(too_few(self.given, length)),
                (Pull::Bytes(_), Some(length)) if self.given > length => Err(too_many(length)),
                _ => Ok(pull),
            }
        })
    }
}

fn too_few(given: u64, length: u64) -> Box<Error> {
    aborted(format!("the body source ended after {given} of the announced {length} bytes"))
}

fn too_many(length: u64) -> Box<Error> {
    aborted(format!("the body source gave more than the announced {length} bytes"))
}

fn aborted(why: impl AsRef<str>) -> Box<Error> {
    Error::new(Code::HTTPC_E_ABORTED, why)
}

fn nobody_to_resume() -> Box<Error> {
    aborted("the body source said HTTPC_READ_PAUSE in a blocking call, which nobody can resume")
}
