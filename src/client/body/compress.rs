//! A body that is compressed while it goes out (RFC 9110 section 8.4).

use super::source::Pull;
use crate::error::{Code, Error, Result};
use flate2::{Compress, Compression as Level, FlushCompress, Status};
use zstd_safe::{CCtx, InBuffer, OutBuffer};

/// How a request's body is compressed. The server has to know what to make of it: few undo it unasked.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(non_camel_case_types)]
pub enum Compression {
    /// As it is.
    #[default]
    HTTPC_COMPRESSION_NONE = 0,
    /// RFC 1952, at zlib's usual level, 6.
    HTTPC_COMPRESSION_GZIP = 1,
    /// RFC 8878, at its usual level, 3.
    HTTPC_COMPRESSION_ZSTD = 2,
    HTTPC_COMPRESSION_FORCE_32_ = 0x7fff_ffff,
}

impl TryFrom<i32> for Compression {
    type Error = Box<Error>;

    fn try_from(value: i32) -> Result<Compression> {
        use Compression::*;
        [HTTPC_COMPRESSION_NONE, HTTPC_COMPRESSION_GZIP, HTTPC_COMPRESSION_ZSTD]
            .into_iter()
            .find(|known| *known as i32 == value)
            .ok_or_else(|| Error::invalid("compression", format!("{value} is no httpc_compression")))
    }
}

impl Compression {
    /// As Content-Encoding names it.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Compression::HTTPC_COMPRESSION_GZIP => Some("gzip"),
            Compression::HTTPC_COMPRESSION_ZSTD => Some("zstd"),
            _ => None,
        }
    }
}

const ROOM: usize = 32 << 10;
const WINDOW_BITS: u8 = 15;
const ZSTD_LEVEL: i32 = 3;

pub struct Compressor {
    coder: Coder,
    input: Box<[u8]>,
    taken: usize,
    filled: usize,
    state: State,
}

enum Coder {
    Gzip(Compress),
    Zstd(CCtx<'static>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Reading,
    /// What was given so far goes out first.
    Pausing,
    Ending,
    Ended,
}

/// What becomes of the bytes so far.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flush {
    Collect,
    Send,
    End,
}

impl Compressor {
    /// `None`: nothing is to be compressed.
    pub fn new(compression: Compression) -> Result<Option<Compressor>> {
        let coder = match compression {
            Compression::HTTPC_COMPRESSION_GZIP => Coder::Gzip(Compress::new_gzip(Level::default(), WINDOW_BITS)),
            Compression::HTTPC_COMPRESSION_ZSTD => {
                let mut context = CCtx::try_create().ok_or_else(no_memory)?;
                context.init(ZSTD_LEVEL).map_err(|_| no_memory())?;
                Coder::Zstd(context)
            }
            _ => return Ok(None),
        };
        let input = vec![0; ROOM].into();
        Ok(Some(Compressor { coder, input, taken: 0, filled: 0, state: State::Reading }))
    }

    /// All of `bytes` at once.
    pub fn compress(mut self, bytes: &[u8]) -> Result<Vec<u8>> {
        let (mut rest, mut out, mut some) = (bytes, Vec::new(), vec![0; ROOM]);
        let mut give = |into: &mut [u8]| {
            let count = rest.len().min(into.len());
            into[..count].copy_from_slice(&rest[..count]);
            rest = &rest[count..];
            Ok(if count == 0 { Pull::End } else { Pull::Bytes(count) })
        };
        while let Pull::Bytes(count) = self.read(&mut some, &mut give)? {
            out.try_reserve(count).map_err(|_| no_memory())?;
            out.extend_from_slice(&some[..count]);
        }
        Ok(out)
    }

    /// From the first byte on.
    pub fn restart(&mut self) -> Result<()> {
        match &mut self.coder {
            Coder::Gzip(coder) => coder.reset(),
            Coder::Zstd(coder) => coder.init(ZSTD_LEVEL).map(drop).map_err(|_| no_memory())?,
        }
        (self.taken, self.filled, self.state) = (0, 0, State::Reading);
        Ok(())
    }

    /// The next compressed bytes of what `more` gives.
    pub fn read(&mut self, into: &mut [u8], mut more: impl FnMut(&mut [u8]) -> Result<Pull>) -> Result<Pull> {
        loop {
            if self.state == State::Reading && self.taken == self.filled {
                match more(&mut self.input)? {
                    Pull::Bytes(count) => (self.taken, self.filled) = (0, count),
                    Pull::Pause => self.state = State::Pausing,
                    Pull::End => self.state = State::Ending,
                }
            }
            let flush = match self.state {
                State::Reading => Flush::Collect,
                State::Pausing => Flush::Send,
                State::Ending => Flush::End,
                State::Ended => return Ok(Pull::End),
            };
            let (taken, written, is_done) = self.coder.step(&self.input[self.taken..self.filled], into, flush)?;
            self.taken += taken;
            match self.state {
                State::Ending if is_done => self.state = State::Ended,
                State::Pausing if written == 0 => {
                    self.state = State::Reading;
                    return Ok(Pull::Pause);
                }
                _ => {}
            }
            if written > 0 {
                return Ok(Pull::Bytes(written));
            }
        }
    }
}

impl Coder {
    /// How much it took and wrote, and whether the end is written.
    fn step(&mut self, input: &[u8], into: &mut [u8], flush: Flush) -> Result<(usize, usize, bool)> {
        match self {
            Coder::Gzip(coder) => {
                let (taken, written) = (coder.total_in(), coder.total_out());
                let flush = match flush {
                    Flush::Collect => FlushCompress::None,
                    Flush::Send => FlushCompress::Sync,
                    Flush::End => FlushCompress::Finish,
                };
                let status = coder.compress(input, into, flush).map_err(|why| failed(&why.to_string()))?;
                let moved = |now: u64, before: u64| (now - before) as usize;
                let is_done = status == Status::StreamEnd;
                Ok((moved(coder.total_in(), taken), moved(coder.total_out(), written), is_done))
            }
            Coder::Zstd(coder) => {
                let (mut from, mut to) = (InBuffer::around(input), OutBuffer::around(into));
                let left = match flush {
                    Flush::Collect => coder.compress_stream(&mut to, &mut from),
                    Flush::Send => coder.flush_stream(&mut to),
                    Flush::End => coder.end_stream(&mut to),
                };
                let left = left.map_err(|code| failed(zstd_safe::get_error_name(code)))?;
                Ok((from.pos(), to.pos(), left == 0))
            }
        }
    }
}

fn no_memory() -> Box<Error> {
    Error::new(Code::HTTPC_E_RESOURCE, "no memory to compress the body")
}

fn failed(why: &str) -> Box<Error> {
    Error::new(Code::HTTPC_E_INTERNAL, format!("internal error, please report: the body was not compressed: {why}"))
}
