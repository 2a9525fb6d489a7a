//! Input files of limited size: a mistyped path may lead to a device without an end.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The text in the file at `path`, of at most `limit` bytes.
///
/// # Errors
/// The file cannot be read, is longer, or is not UTF-8.
pub fn text(path: &Path, limit: u64) -> io::Result<String> {
    let mut text = String::new();
    let read = File::open(path)?.take(limit + 1).read_to_string(&mut text)?;
    if read as u64 > limit {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is longer than {limit} bytes")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_without_an_end_is_refused() {
        let error = text(Path::new("/dev/zero"), 1000).unwrap_err();
        assert_eq!(error.to_string(), "it is longer than 1000 bytes");
    }
}
