//! Inflates the compressed parts of a document, within limits: a few bytes of zlib can be a thousand times as many.

use std::{cell::Cell, io::Read};

use flate2::read::ZlibDecoder;

/// The most bytes of one part. A timeline of 600 intervals that has every bucket of its sketches takes 9 MiB.
const MOST: u64 = 16 << 20;

/// The most bytes of all parts of a document together. Thirty phases against sixty targets take 64 MiB.
const MOST_TOGETHER: u64 = 256 << 20;

thread_local! {
    /// What is left of [`MOST_TOGETHER`] for the document that this thread reads. A deserializer has no context to keep
    /// it in.
    static LEFT: Cell<u64> = const { Cell::new(MOST_TOGETHER) };
}

/// Reads a document, whose parts may be inflated to [`MOST_TOGETHER`] bytes.
pub(crate) fn within_limit<T>(read: impl FnOnce() -> T) -> T {
    LEFT.set(MOST_TOGETHER);
    let document = read();
    LEFT.set(MOST_TOGETHER);
    document
}

/// The bytes that `zlib` (RFC 1950) stands for.
///
/// # Errors
/// When it is damaged, or stands for more than a report has.
pub(super) fn inflate(zlib: &[u8]) -> Result<Vec<u8>, String> {
    let left = LEFT.get();
    let (mut bytes, most) = (Vec::new(), MOST.min(left));
    ZlibDecoder::new(zlib).take(most + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    let taken = bytes.len() as u64;
    if taken > most {
        let (what, most) =
            if most < MOST { ("all parts together", MOST_TOGETHER) } else { ("one part", MOST) };
        return Err(format!("{what} would take more than {} MiB of memory", most >> 20));
    }
    LEFT.set(left - taken);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::ZlibEncoder};

    use super::*;

    fn zeros(count: u64) -> Vec<u8> {
        let mut packer = ZlibEncoder::new(Vec::new(), Compression::best());
        let mebibyte = vec![0; 1 << 20];
        (0..count >> 20).for_each(|_| packer.write_all(&mebibyte).unwrap());
        packer.write_all(&mebibyte[..usize::try_from(count % (1 << 20)).unwrap()]).unwrap();
        packer.finish().unwrap()
    }

    #[test]
    fn a_part_stops_at_its_limit() {
        assert_eq!(inflate(&zeros(MOST)).map(|bytes| bytes.len() as u64), Ok(MOST));
        assert_eq!(inflate(&zeros(MOST + 1)).unwrap_err(), "one part would take more than 16 MiB of memory");
        assert!(inflate(b"no zlib").is_err());
    }

    #[test]
    fn all_parts_of_a_document_stop_at_theirs_and_the_next_document_starts_anew() {
        let part = zeros(MOST);
        let parts = || (0..).map_while(|_| inflate(&part).ok()).count() as u64;
        assert_eq!(within_limit(parts), MOST_TOGETHER / MOST);
        assert_eq!(within_limit(parts), MOST_TOGETHER / MOST);
        let refused = within_limit(|| (0..99).find_map(|_| inflate(&part).err()));
        assert_eq!(refused.as_deref(), Some("all parts together would take more than 256 MiB of memory"));
    }
}
