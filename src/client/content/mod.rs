//! Content codings (RFC 9110 section 8.4): what a server may have applied to a body, undone here and not by libcurl, which takes
//! a truncated one for a whole one.

mod stage;

use crate::text;
use stage::Stage;
use std::ffi::CStr;

/// What is asked for where the program says nothing.
pub const ACCEPTED: &CStr = c"gzip, deflate, br, zstd";

/// One on top of another, at most.
const MOST_STACKED: usize = 5;
/// What is decoded at once on the way from one coding to the next.
const STEP: usize = 32 << 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

impl Coding {
    fn named(name: &str) -> Option<Coding> {
        let known = [
            ("gzip", Coding::Gzip),
            ("x-gzip", Coding::Gzip),
            ("deflate", Coding::Deflate),
            ("br", Coding::Brotli),
            ("zstd", Coding::Zstd),
        ];
        known.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, coding)| *coding)
    }

    fn name(self) -> &'static str {
        match self {
            Coding::Gzip => "gzip",
            Coding::Deflate => "deflate",
            Coding::Brotli => "brotli",
            Coding::Zstd => "zstd",
        }
    }
}

/// Why a body could not be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    Corrupt(Coding),
    Truncated(Coding),
    /// A coding that nobody asked for, by its name.
    Unknown(String),
    TooManyCodings,
    NoMemory,
}

impl std::fmt::Display for DecodeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            DecodeError::Corrupt(coding) => write!(f, "the {} coding of the body is corrupt", coding.name()),
            DecodeError::Truncated(coding) => write!(f, "the {} coding of the body ends early", coding.name()),
            DecodeError::Unknown(name) => write!(f, "the body is coded as \"{name}\", which was not asked for"),
            DecodeError::TooManyCodings => {
                write!(f, "the body is coded more than {MOST_STACKED} times over")
            }
            DecodeError::NoMemory => write!(f, "no memory for the body"),
        }
    }
}

/// Undoes the codings of one body, piece by piece.
pub struct Decoder {
    /// What was applied last comes first.
    stages: Vec<Stage>,
    /// Tells as soon as there is a body.
    refusal: Option<DecodeError>,
}

impl Decoder {
    /// By the values of Content-Encoding; `None`: there is nothing to undo.
    pub fn new<'v>(values: impl Iterator<Item = &'v [u8]>) -> Option<Decoder> {
        let mut decoder = Decoder { stages: Vec::new(), refusal: None };
        let names = values.flat_map(|value| value.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
        for name in names.filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case(b"identity")) {
            let coding = std::str::from_utf8(name).ok().and_then(Coding::named);
            match coding {
                _ if decoder.stages.len() == MOST_STACKED => decoder.refuse(DecodeError::TooManyCodings),
                Some(coding) => decoder.stages.insert(0, Stage::new(coding)),
                None => decoder.refuse(DecodeError::Unknown(text::printable(name, 40))),
            }
        }
        (!decoder.stages.is_empty() || decoder.refusal.is_some()).then_some(decoder)
    }

    fn refuse(&mut self, why: DecodeError) {
        self.refusal.get_or_insert(why);
    }

    /// Decodes what it can of `input` and appends about `room` bytes to `out`. Fewer than that: all is taken, and more comes
    /// only from more input. Otherwise call again with what is left of `input`, also when that is nothing.
    pub fn decode(&mut self, input: &mut &[u8], out: &mut Vec<u8>, room: usize) -> Result<(), DecodeError> {
        match &self.refusal {
            Some(why) if !input.is_empty() => Err(why.clone()),
            Some(_) => Ok(()),
            None => decode(&mut self.stages, input, out, room),
        }
    }

    /// No more input comes: is anything missing? Of a body that is empty nothing is.
    pub fn finish(&self) -> Result<(), DecodeError> {
        let unfinished = self.stages.iter().find(|stage| stage.is_unfinished());
        unfinished.map_or(Ok(()), |stage| Err(DecodeError::Truncated(stage.coding())))
    }
}

fn decode(stages: &mut [Stage], input: &mut &[u8], out: &mut Vec<u8>, room: usize) -> Result<(), DecodeError> {
    let Some((last, earlier)) = stages.split_last_mut() else { return Ok(()) };
    if earlier.is_empty() {
        return last.run(input, out, room);
    }
    let full = out.len().saturating_add(room);
    loop {
        last.run_pending(out, full - out.len())?;
        if out.len() >= full {
            return Ok(());
        }
        let pending = last.empty_pending();
        decode(earlier, input, pending, STEP)?;
        if pending.is_empty() {
            return Ok(());
        }
    }
}
