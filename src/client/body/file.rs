//! A file as a body. Its length was announced when it was opened, so one that changes meanwhile is an error.

use super::source::{Pull, Reader};
use crate::error::{Code, Error, Result};
use crate::text;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

pub struct FileReader {
    path: PathBuf,
    file: File,
    length: u64,
    given: u64,
}

impl FileReader {
    pub fn open(path: &Path) -> Result<FileReader> {
        // Asked first: opening a pipe would wait for its other end.
        let kind = std::fs::metadata(path).map_err(|why| failed(path, "cannot be opened", &why))?;
        if !kind.is_file() {
            return Err(no_file(path, &kind));
        }
        let file = File::open(path).map_err(|why| failed(path, "cannot be opened", &why))?;
        let length = file.metadata().map_err(|why| failed(path, "cannot be opened", &why))?.len();
        Ok(FileReader { path: path.to_owned(), file, length, given: 0 })
    }

    /// Once more, as long as it was.
    pub fn open_again(path: &Path, length: u64) -> Result<FileReader> {
        let reader = FileReader::open(path)?;
        if reader.length == length { Ok(reader) } else { Err(changed(path)) }
    }

    pub fn length(&self) -> u64 {
        self.length
    }
}

impl Reader for FileReader {
    fn read(&mut self, into: &mut [u8]) -> Result<Pull> {
        let count = loop {
            match self.file.read(into) {
                Err(why) if why.kind() == std::io::ErrorKind::Interrupted => {}
                result => break result.map_err(|why| failed(&self.path, "cannot be read", &why))?,
            }
        };
        self.given += count as u64;
        if self.given > self.length || count == 0 && self.given < self.length {
            return Err(changed(&self.path));
        }
        Ok(if count == 0 { Pull::End } else { Pull::Bytes(count) })
    }

    fn rewind(&mut self) -> Result<()> {
        self.file.rewind().map_err(|why| failed(&self.path, "cannot be read again", &why))?;
        self.given = 0;
        Ok(())
    }

    fn can_rewind(&self) -> bool {
        true
    }
}

/// Where a regular file is wanted.
pub fn no_file(path: &Path, kind: &std::fs::Metadata) -> Box<Error> {
    let what = if kind.is_dir() { "is a directory" } else { "is no regular file" };
    Error::new(Code::HTTPC_E_FILE, format!("the file {} {what}", shown(path)))
}

pub fn failed(path: &Path, what: &str, why: &std::io::Error) -> Box<Error> {
    if let Some(libc::EMFILE | libc::ENFILE) = why.raw_os_error() {
        return Error::new(Code::HTTPC_E_RESOURCE, format!("no descriptor for the file {}", shown(path)));
    }
    let why = why.to_string();
    let why = why.split(" (os error").next().unwrap_or_default();
    Error::new(Code::HTTPC_E_FILE, format!("the file {} {what}: {why}", shown(path)))
}

fn changed(path: &Path) -> Box<Error> {
    Error::new(Code::HTTPC_E_FILE, format!("the file {} changed its size while it was sent", shown(path)))
}

fn shown(path: &Path) -> String {
    text::printable(path.as_os_str().as_encoded_bytes(), 300)
}
