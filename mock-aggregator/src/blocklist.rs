//! Blobs that must not be read, listed one by one or in a file with one ID per line.

use mock_publisher::{
    blob_id::{BadBlobId, BlobId},
    input,
};
use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

/// The most bytes of a list: a million blobs.
const MAX_LIST: u64 = 64 * 1024 * 1024;

/// The blobs that are answered with 451.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Blocklist(HashSet<BlobId>);

/// A file that is not a list of blob IDs.
#[derive(Debug, thiserror::Error)]
pub enum BadBlocklist {
    /// It cannot be read.
    #[error("--blocklist: cannot read {}", .0.display())]
    File(PathBuf, #[source] io::Error),
    /// A line is not a blob ID.
    #[error("--blocklist: {}, line {line}: `{text}`: write one blob ID per line, # starts a comment", .path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Its line, from 1.
        line: usize,
        /// Its text.
        text: String,
        /// Why it is not an ID.
        source: BadBlobId,
    },
}

impl Blocklist {
    /// The list of these blobs.
    pub fn new(ids: impl IntoIterator<Item = BlobId>) -> Self {
        Self(ids.into_iter().collect())
    }

    /// Reads a list from a file: one ID per line; empty lines and `#` comments are skipped.
    ///
    /// # Errors
    /// The file cannot be read, or a line is not an ID.
    pub fn read(path: &Path) -> Result<Self, BadBlocklist> {
        let text = input::text(path, MAX_LIST).map_err(|error| BadBlocklist::File(path.to_owned(), error))?;
        let plain =
            |(n, line): (usize, &str)| (n + 1, line.split('#').next().unwrap_or_default().trim().to_owned());
        let lines = text.lines().enumerate().map(plain).filter(|(_, text)| !text.is_empty());
        let ids = lines.map(|(line, text)| {
            let bad = |source| BadBlocklist::Line { path: path.to_owned(), line, text: text.clone(), source };
            text.parse().map_err(bad)
        });
        ids.collect::<Result<_, _>>().map(Self)
    }

    /// Both lists in one.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Whether a blob is on it.
    #[must_use]
    pub fn has(&self, id: &BlobId) -> bool {
        self.0.contains(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_file_has_one_id_per_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("list");
        let id = BlobId::from_bytes([7; 32]);
        fs::write(&path, format!("# ours\n\n  {id} # since May\n")).unwrap();
        let list = Blocklist::read(&path).unwrap().and(Blocklist::new([BlobId::from_bytes([8; 32])]));
        assert_eq!([7, 8, 9].map(|n| list.has(&BlobId::from_bytes([n; 32]))), [true, true, false]);
        fs::write(&path, format!("{id}\nnonsense\n")).unwrap();
        let error = Blocklist::read(&path).unwrap_err().to_string();
        assert!(error.contains("line 2: `nonsense`"), "{error}");
        assert!(Blocklist::read(&dir.path().join("absent")).unwrap_err().to_string().contains("cannot read"));
    }
}
