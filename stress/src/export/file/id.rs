//! Which file a path leads to.

use std::{fs, io, os::unix::fs::MetadataExt, path::Path};

/// Which file it is, whatever paths lead to it: device and inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileId(u64, u64);

impl FileId {
    /// Of an open file.
    pub(super) fn of(file: &fs::File) -> io::Result<Option<Self>> {
        file.metadata().map(|metadata| Some(Self(metadata.dev(), metadata.ino())))
    }

    /// Of the file to which `path` leads; `None` when there is none.
    pub(super) fn at(path: &Path) -> io::Result<Option<Self>> {
        match fs::metadata(path) {
            Ok(metadata) => Ok(Some(Self(metadata.dev(), metadata.ino()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}
