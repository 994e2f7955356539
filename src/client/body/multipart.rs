//! multipart/form-data (RFC 7578) as browsers write it: WHATWG HTML, "multipart/form-data encoding algorithm".

use super::Memory;
use super::file::FileReader;
use super::source::{Pull, Reader};
use crate::client::random;
use crate::error::{Error, Result};
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Clone)]
pub struct Multipart {
    boundary: String,
    parts: Vec<Part>,
}

#[derive(Clone)]
struct Part {
    head: String,
    content: PartContent,
}

#[derive(Clone)]
pub enum PartContent {
    Bytes(Memory),
    /// Opened when its turn comes.
    File(PathBuf),
}

impl Multipart {
    pub fn new() -> Result<Multipart> {
        Ok(Multipart { boundary: format!("----httpclient-{:032x}", random::bits()?), parts: Vec::new() })
    }

    pub fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    /// Nobody can read the body but by its boundary.
    pub fn is_described_by(&self, content_type: &str) -> bool {
        content_type.contains(&self.boundary)
    }

    pub fn add(&mut self, name: &str, filename: Option<&str>, content_type: Option<&str>, content: PartContent) {
        let mut head = format!("--{}\r\nContent-Disposition: form-data; name=\"", self.boundary);
        head += &escaped(&with_line_ends(name));
        if let Some(filename) = filename {
            head += "\"; filename=\"";
            head += &escaped(filename);
        }
        head += "\"\r\n";
        if let Some(content_type) = content_type {
            head += &format!("Content-Type: {content_type}\r\n");
        }
        head += "\r\n";
        self.parts.push(Part { head, content });
    }

    fn end(&self) -> String {
        format!("--{}--\r\n", self.boundary)
    }
}

/// Every line end as CR LF, as a form's fields have them.
pub fn with_line_ends(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n")
}

fn escaped(name: &str) -> String {
    name.replace('\r', "%0D").replace('\n', "%0A").replace('"', "%22")
}

/// Reads a multipart body from the first byte to the last. At most one of its files is open at a time.
pub struct MultipartReader {
    multipart: Arc<Multipart>,
    /// Of each part's content.
    lengths: Vec<u64>,
    end: String,
    part: usize,
    place: Place,
    /// Within `place`.
    at: usize,
}

enum Place {
    Head,
    Bytes,
    File(FileReader),
    LineEnd,
}

impl MultipartReader {
    /// Looks at all files, so that what is missing is known before anything is sent.
    pub fn open(multipart: &Arc<Multipart>) -> Result<MultipartReader> {
        let length = |part: &Part| match &part.content {
            PartContent::Bytes(bytes) => Ok(bytes.len() as u64),
            PartContent::File(path) => FileReader::open(path).map(|file| file.length()),
        };
        let lengths = multipart.parts.iter().map(length).collect::<Result<Vec<u64>>>()?;
        let (multipart, end) = (multipart.clone(), multipart.end());
        Ok(MultipartReader { multipart, lengths, end, part: 0, place: Place::Head, at: 0 })
    }

    pub fn length(&self) -> u64 {
        let heads = self.multipart.parts.iter().map(|part| part.head.len() as u64 + 2);
        heads.chain(self.lengths.iter().copied()).sum::<u64>() + self.end.len() as u64
    }

    fn go_to(&mut self, place: Place) {
        (self.place, self.at) = (place, 0);
    }

    /// Copies on from the text or bytes of the place; 0 at their end.
    fn copy(&mut self, into: &mut [u8]) -> usize {
        let from: &[u8] = match (self.multipart.parts.get(self.part), &self.place) {
            (Some(part), Place::Head) => part.head.as_bytes(),
            (Some(Part { content: PartContent::Bytes(bytes), .. }), Place::Bytes) => bytes,
            (Some(_), _) => b"\r\n",
            (None, _) => self.end.as_bytes(),
        };
        let rest = &from[self.at.min(from.len())..];
        let count = rest.len().min(into.len());
        into[..count].copy_from_slice(&rest[..count]);
        self.at += count;
        count
    }

    /// From the end of one place to the next.
    fn step(&mut self) -> Result<()> {
        let next = match (&self.place, &self.multipart.parts[self.part].content) {
            (Place::Head, PartContent::Bytes(_)) => Place::Bytes,
            (Place::Head, PartContent::File(path)) => {
                Place::File(FileReader::open_again(path, self.lengths[self.part])?)
            }
            (Place::Bytes | Place::File(_), _) => Place::LineEnd,
            (Place::LineEnd, _) => {
                self.part += 1;
                Place::Head
            }
        };
        self.go_to(next);
        Ok(())
    }

    fn read_some(&mut self, into: &mut [u8]) -> Result<usize> {
        match &mut self.place {
            Place::File(file) => Ok(match file.read(into)? {
                Pull::Bytes(count) => count,
                Pull::End | Pull::Pause => 0,
            }),
            _ => Ok(self.copy(into)),
        }
    }
}

impl Reader for MultipartReader {
    fn read(&mut self, into: &mut [u8]) -> Result<Pull> {
        let mut filled = 0;
        while filled < into.len() {
            let count = self.read_some(&mut into[filled..])?;
            filled += count;
            if count > 0 {
                continue;
            }
            if self.part == self.multipart.parts.len() {
                break;
            }
            self.step()?;
        }
        Ok(if filled == 0 { Pull::End } else { Pull::Bytes(filled) })
    }

    fn rewind(&mut self) -> Result<()> {
        self.part = 0;
        self.go_to(Place::Head);
        Ok(())
    }

    fn can_rewind(&self) -> bool {
        true
    }
}

/// A part's type goes into the body as it is.
pub fn check_content_type(content_type: &str) -> Result<()> {
    crate::client::headers::check_value(content_type.as_bytes()).map_err(|why| Error::invalid("content_type", why))
}
