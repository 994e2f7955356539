//! What a request sends along: bytes, or something that is read piece by piece while it goes out.

mod compress;
mod feed;
pub mod file;
pub mod multipart;
mod source;

use crate::error::Result;
pub use compress::Compression;
use compress::Compressor;
pub use feed::Feed;
use multipart::Multipart;
pub use source::{Pull, Reader, Source};
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Clone, Default)]
pub enum Body {
    /// No body, and no Content-Length but for POST, PUT and PATCH.
    #[default]
    Absent,
    /// Bytes, also none at all: "Content-Length: 0".
    Bytes(Memory),
    /// Opened when it is sent.
    File(PathBuf),
    /// What the program reads from.
    Source(Arc<Source>),
    /// application/x-www-form-urlencoded, as far as it goes.
    Form(String),
    Multipart(Arc<Multipart>),
}

/// Bytes that stay where they are as long as anybody holds them.
#[derive(Clone)]
pub enum Memory {
    Copied(Arc<[u8]>),
    /// The program's own.
    Lent(Arc<dyn AsRef<[u8]> + Send + Sync>),
}

impl std::ops::Deref for Memory {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Memory::Copied(bytes) => bytes,
            Memory::Lent(owner) => (**owner).as_ref(),
        }
    }
}

/// A body as a call sends it.
pub enum Content {
    Absent,
    Bytes(Memory),
    /// Of the length that is known, and read through a [`Feed`].
    Stream(Option<u64>),
}

impl Content {
    pub fn is_empty(&self) -> bool {
        match self {
            Content::Absent => true,
            Content::Bytes(bytes) => bytes.is_empty(),
            Content::Stream(_) => false,
        }
    }
}

impl Body {
    pub fn bytes(bytes: &[u8]) -> Body {
        Body::Bytes(Memory::Copied(Arc::from(bytes)))
    }

    pub fn is_empty(&self) -> bool {
        match self {
            Body::Absent => true,
            Body::Bytes(bytes) => bytes.is_empty(),
            Body::Form(text) => text.is_empty(),
            Body::File(_) | Body::Source(_) | Body::Multipart(_) => false,
        }
    }

    /// Makes ready for a call: opens what is to be read.
    pub fn open(&self, compression: Compression) -> Result<(Content, Option<Box<Feed>>)> {
        let feed = match self {
            Body::Absent => return Ok((Content::Absent, None)),
            Body::Bytes(bytes) => return Ok((Content::Bytes(compressed(bytes.clone(), compression)?), None)),
            Body::Form(text) => {
                let bytes = Memory::Copied(Arc::from(text.as_bytes()));
                return Ok((Content::Bytes(compressed(bytes, compression)?), None));
            }
            Body::File(path) => Feed::of_file(path)?,
            Body::Source(source) => Feed::of_source(source)?,
            Body::Multipart(multipart) => Feed::of_multipart(multipart)?,
        };
        let feed = feed.compressed(Compressor::new(compression)?);
        Ok(match feed.length() {
            // The transport would never ask for a byte of it.
            Some(0) => (Content::Bytes(Memory::Copied(Arc::default())), None),
            length => (Content::Stream(length), Some(Box::new(feed))),
        })
    }
}

fn compressed(bytes: Memory, compression: Compression) -> Result<Memory> {
    Ok(match Compressor::new(compression)? {
        Some(compressor) if !bytes.is_empty() => Memory::Copied(compressor.compress(&bytes)?.into()),
        _ => bytes,
    })
}
