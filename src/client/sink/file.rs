//! A file as the place of a body: under another name beside it until the body is whole, so that nobody ever sees a part of it.

use super::{Consumer, Flow, Sink};
use crate::client::body::file::{failed, no_file};
use crate::client::response::Response;
use crate::error::Result;
use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::NamedTempFile;

pub struct FileSink(pub PathBuf);

impl Sink for FileSink {
    fn open(&self) -> Result<Box<dyn Consumer>> {
        Ok(Box::new(Download::new(&self.0)?))
    }

    fn only_success(&self) -> bool {
        true
    }
}

struct Download {
    path: PathBuf,
    /// Removed when it is dropped; gone once it has its name.
    part: Option<NamedTempFile>,
}

impl Download {
    fn new(path: &Path) -> Result<Download> {
        // Where a link leads to is replaced, not the link.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if let Ok(kind) = path.metadata()
            && !kind.is_file()
        {
            return Err(no_file(&path, &kind));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let part = tempfile::Builder::new()
            .prefix(".download-")
            // What the umask leaves of it, as for any new file.
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(folder)
            .map_err(|why| failed(&path, "cannot be made", &why))?;
        Ok(Download { path, part: Some(part) })
    }
}

impl Consumer for Download {
    fn head(&mut self, _: &Arc<Response>) -> Result<Flow> {
        Ok(Flow::GoOn)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<Flow> {
        if let Some(part) = &mut self.part {
            part.as_file_mut().write_all(bytes).map_err(|why| failed(&self.path, "cannot be written", &why))?;
        }
        Ok(Flow::GoOn)
    }

    fn finish(&mut self) -> Result<()> {
        let Some(part) = self.part.take() else { return Ok(()) };
        match part.persist(&self.path) {
            Ok(_) => Ok(()),
            Err(kept) => Err(failed(&self.path, "cannot be put in its place", &kept.error)),
        }
    }
}
