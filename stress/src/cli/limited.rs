//! Reads input files of limited size: a mistyped path may lead to a device without an end.

use std::{
    cell::Cell,
    fs::File,
    io::{self, BufRead, Read},
    os::fd::AsFd,
    path::Path,
};

use crate::units;

/// The most bytes of a token, a key or another secret.
pub(super) const MAX_SECRET: u64 = 64 * 1024;
/// The most bytes of a plan file.
pub(super) const MAX_PLAN: u64 = 1024 * 1024;
/// The most bytes of a report: thirty phases over 600 intervals each take a tenth of it.
pub(super) const MAX_REPORT: u64 = 256 * 1024 * 1024;

/// The text in the file at `path`, of at most `limit` bytes.
///
/// # Errors
/// Why it cannot be read, with its path.
pub(super) fn text(path: impl AsRef<Path>, limit: u64) -> Result<String, String> {
    let path = path.as_ref();
    String::from_utf8(bytes(path, limit)?)
        .map_err(|_| format!("cannot read {}: it is no text in UTF-8", path.display()))
}

/// The content of the file at `path`, of at most `limit` bytes.
///
/// # Errors
/// Why it cannot be read, with its path.
pub(super) fn bytes(path: &Path, limit: u64) -> Result<Vec<u8>, String> {
    let read = || {
        let mut bytes = Vec::new();
        Limited::new(File::open(path)?, limit).read_to_end(&mut bytes)?;
        Ok::<_, io::Error>(bytes)
    };
    read().map_err(|error| format!("cannot read {}: {error}", path.display()))
}

/// The file at `path`, or stdin when it is `-`.
pub(super) fn open(path: &Path) -> io::Result<File> {
    if path == Path::new("-") {
        Ok(io::stdin().as_fd().try_clone_to_owned()?.into())
    } else {
        File::open(path)
    }
}

/// `source` behind its byte order mark, if it begins with one, as editors on Windows write it.
pub(super) fn without_mark<R: BufRead>(mut source: R) -> io::Result<R> {
    let mark = "\u{feff}".len();
    if source.fill_buf()?.starts_with("\u{feff}".as_bytes()) {
        source.consume(mark);
    }
    Ok(source)
}

/// A source of limited length; reading further is an error.
pub(super) struct Limited<'a, R> {
    source: R,
    limit: u64,
    left: Left<'a>,
}

/// How much may still be read.
enum Left<'a> {
    Own(u64),
    /// What others set back.
    Shared(&'a Cell<u64>),
}

impl<R> Limited<'_, R> {
    /// At most `limit` bytes of `source`.
    pub(super) fn new(source: R, limit: u64) -> Self {
        Self { source, limit, left: Left::Own(limit) }
    }
}

impl<'a, R> Limited<'a, R> {
    /// At most `limit` bytes of `source` until someone sets `left` back to the limit.
    pub(super) fn refilled(source: R, limit: u64, left: &'a Cell<u64>) -> Self {
        left.set(limit);
        Self { source, limit, left: Left::Shared(left) }
    }
}

impl<R: Read> Read for Limited<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        let left = match &self.left {
            Left::Own(left) => *left,
            Left::Shared(left) => left.get(),
        };
        let Some(left) = left.checked_sub(read as u64) else {
            let limit = units::bytes(self.limit);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is longer than {limit}")));
        };
        match &mut self.left {
            Left::Own(own) => *own = left,
            Left::Shared(shared) => shared.set(left),
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_without_an_end_is_refused() {
        assert_eq!(
            text("/dev/zero", MAX_SECRET),
            Err("cannot read /dev/zero: it is longer than 64.0 KiB".to_owned())
        );
        assert!(text("/no/such/file", 1).unwrap_err().starts_with("cannot read /no/such/file: No such file"));
    }

    #[test]
    fn exactly_as_much_as_is_allowed_can_be_read() {
        for (limit, fits) in [(3, true), (2, false)] {
            let mut text = Vec::new();
            assert_eq!(Limited::new(&b"abc"[..], limit).read_to_end(&mut text).is_ok(), fits);
        }
        let left = Cell::new(0);
        let mut source = Limited::refilled(io::repeat(b'a'), 4, &left);
        for _ in 0..10 {
            source.read_exact(&mut [0; 4]).unwrap();
            left.set(4);
        }
        source.read_exact(&mut [0; 5]).unwrap_err();
    }
}
