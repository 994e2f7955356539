//! One coding, undone step by step by the library that knows it.

use super::{Coding, DecodeError, STEP};
use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};
use flate2::{Decompress, FlushDecompress, Status};
use zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer};

/// RFC 9659: no zstd window above 8 MiB.
const MOST_WINDOW_LOG: u32 = 23;
const WINDOW_BITS: u8 = 15;
const GZIP_MAGIC: u8 = 0x1f;

pub struct Stage {
    coding: Coding,
    codec: Codec,
    begun: bool,
    /// A stream is complete, and no other has begun.
    ended: bool,
    /// What the coding before has left for this one, from `taken` on.
    pending: Vec<u8>,
    taken: usize,
}

enum Codec {
    Zlib(Decompress),
    /// Deflate, of which is not known yet whether it is wrapped (RFC 1950), as it should be, or raw (RFC 1951), as some
    /// servers send it. It has come to its first byte.
    Undecided(Option<u8>),
    Brotli(Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>),
    Zstd {
        context: DCtx<'static>,
        /// It filled all the room that there was. Otherwise it takes many calls without input for a fault.
        may_hold_more: bool,
    },
    /// What follows a gzip file is of no interest, as for browsers.
    Done,
    NoMemory,
}

impl Stage {
    pub fn new(coding: Coding) -> Stage {
        Stage { coding, codec: Codec::new(coding), begun: false, ended: false, pending: Vec::new(), taken: 0 }
    }

    pub fn coding(&self) -> Coding {
        self.coding
    }

    pub fn is_unfinished(&self) -> bool {
        self.begun && !self.ended
    }

    /// [`Stage::run`] on what is pending.
    pub fn run_pending(&mut self, out: &mut Vec<u8>, room: usize) -> Result<(), DecodeError> {
        let pending = std::mem::take(&mut self.pending);
        let mut input = &pending[self.taken..];
        let outcome = self.run(&mut input, out, room);
        self.taken = pending.len() - input.len();
        self.pending = pending;
        outcome
    }

    /// To be filled: all that was pending is taken.
    pub fn empty_pending(&mut self) -> &mut Vec<u8> {
        self.taken = 0;
        self.pending.clear();
        &mut self.pending
    }

    /// Until about `room` bytes are appended, or all of `input` is taken and nothing more comes of it.
    pub fn run(&mut self, input: &mut &[u8], out: &mut Vec<u8>, room: usize) -> Result<(), DecodeError> {
        self.begun |= !input.is_empty();
        let full = out.len().saturating_add(room);
        while out.len() < full {
            // Doubling, and no further than the caller allows.
            let wanted = out.len().max(STEP).min(full - out.len());
            if out.capacity() - out.len() < wanted.min(STEP) && out.try_reserve_exact(wanted).is_err() {
                return Err(DecodeError::NoMemory);
            }
            let (left, length) = (input.len(), out.len());
            self.step(input, out)?;
            if input.len() == left && out.len() == length {
                return Ok(());
            }
        }
        Ok(())
    }

    fn step(&mut self, input: &mut &[u8], out: &mut Vec<u8>) -> Result<(), DecodeError> {
        match &mut self.codec {
            Codec::Done => *input = &[],
            Codec::NoMemory => return Err(DecodeError::NoMemory),
            Codec::Undecided(_) => self.decide(input, out)?,
            Codec::Zlib(_) if self.ended && input.is_empty() => {}
            Codec::Zlib(_) if self.ended => {
                self.begin_next_member(input);
                self.step(input, out)?;
            }
            Codec::Zlib(codec) => {
                let before = codec.total_in();
                let status = codec.decompress_vec(input, out, FlushDecompress::None);
                let status = status.map_err(|_| DecodeError::Corrupt(self.coding))?;
                *input = &input[(codec.total_in() - before) as usize..];
                self.ended = status == Status::StreamEnd;
            }
            Codec::Brotli(_) if self.ended => *input = &[],
            Codec::Brotli(codec) => self.ended = brotli(codec, input, out)?,
            Codec::Zstd { may_hold_more: false, .. } if input.is_empty() => {}
            Codec::Zstd { context, may_hold_more } => {
                self.ended = zstd(context, input, out)?;
                *may_hold_more = !self.ended && out.len() == out.capacity();
            }
        }
        Ok(())
    }

    /// A gzip file may consist of several (RFC 1952 section 2.2).
    fn begin_next_member(&mut self, input: &[u8]) {
        if self.coding == Coding::Gzip && input[0] == GZIP_MAGIC {
            self.codec = Codec::new(Coding::Gzip);
            self.ended = false;
        } else {
            self.codec = Codec::Done;
        }
    }

    /// The header of RFC 1950: method 8, and a multiple of 31.
    fn decide(&mut self, input: &mut &[u8], out: &mut Vec<u8>) -> Result<(), DecodeError> {
        let Codec::Undecided(first) = &mut self.codec else { return Ok(()) };
        let (first, second) = match (*first, &input[..]) {
            (None, &[first, second, ..]) => (first, second),
            (None, &[only]) => {
                *first = Some(only);
                *input = &[];
                return Ok(());
            }
            (Some(first), &[second, ..]) => (first, second),
            (_, []) => return Ok(()),
        };
        let is_wrapped = first & 0xf == 8 && (u16::from(first) << 8 | u16::from(second)).is_multiple_of(31);
        let held_back = matches!(self.codec, Codec::Undecided(Some(_)));
        self.codec = Codec::Zlib(Decompress::new_with_window_bits(is_wrapped, WINDOW_BITS));
        if held_back {
            self.step(&mut &[first][..], out)?;
        }
        self.step(input, out)
    }
}

impl Codec {
    fn new(coding: Coding) -> Codec {
        match coding {
            Coding::Gzip => Codec::Zlib(Decompress::new_gzip(WINDOW_BITS)),
            Coding::Deflate => Codec::Undecided(None),
            Coding::Brotli => Codec::Brotli(Box::new(BrotliState::new_strict(
                StandardAlloc::default(),
                StandardAlloc::default(),
                StandardAlloc::default(),
            ))),
            Coding::Zstd => {
                let context = DCtx::try_create();
                let limited = context.and_then(|mut context| {
                    context.set_parameter(DParameter::WindowLogMax(MOST_WINDOW_LOG)).ok()?;
                    Some(context)
                });
                limited.map_or(Codec::NoMemory, |context| Codec::Zstd { context, may_hold_more: false })
            }
        }
    }
}

/// Whether the stream is complete.
fn brotli(
    codec: &mut BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
    input: &mut &[u8],
    out: &mut Vec<u8>,
) -> Result<bool, DecodeError> {
    let begun = out.len();
    let spare = out.capacity() - begun;
    out.resize(begun + spare.min(STEP), 0);
    let (mut left, mut taken, mut room, mut written) = (input.len(), 0, out.len() - begun, 0);
    let outcome =
        BrotliDecompressStream(&mut left, &mut taken, input, &mut room, &mut written, &mut out[begun..], &mut 0, codec);
    out.truncate(begun + written);
    *input = &input[taken..];
    match outcome {
        BrotliResult::ResultFailure => Err(DecodeError::Corrupt(Coding::Brotli)),
        BrotliResult::ResultSuccess => Ok(true),
        BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => Ok(false),
    }
}

/// Whether the frame is complete, of several that may follow each other (RFC 8878 section 3).
fn zstd(codec: &mut DCtx<'_>, input: &mut &[u8], out: &mut Vec<u8>) -> Result<bool, DecodeError> {
    let mut from = InBuffer::around(input);
    let position = out.len();
    let outcome = {
        let mut to = OutBuffer::around_pos(out, position);
        codec.decompress_stream(&mut to, &mut from)
    };
    *input = &input[from.pos()..];
    outcome.map(|missing| missing == 0).map_err(|_| DecodeError::Corrupt(Coding::Zstd))
}
