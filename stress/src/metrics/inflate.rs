//! Inflates the compressed parts of a document, within limits: a few bytes of zlib can be a thousand times as many.

use std::{cell::Cell, io::Read};

use flate2::read::ZlibDecoder;

/// The most bytes of one part. A timeline of 600 intervals that has every bucket of its sketches takes 9 MiB.
const MOST: u64 = 16 << 20;

/// The most bytes of all parts of a small document together.
const FEW: u64 = 64 << 20;

/// The most bytes of all parts of a larger document by one of its own: parts that were recorded deflate to a third or so.
const RATIO: u64 = 32;

thread_local! {
    /// How much more the document that this thread reads may be inflated. A deserializer has no context to keep it in.
    static LEFT: Cell<u64> = const { Cell::new(u64::MAX) };
}

/// Reads a document of so many bytes, whose parts may be inflated to a multiple of them.
pub(crate) fn within_limit<T>(bytes: usize, read: impl FnOnce() -> T) -> T {
    LEFT.set(FEW.max(RATIO.saturating_mul(bytes as u64)));
    let document = read();
    LEFT.set(u64::MAX);
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
        return Err(match most < MOST {
            true => "its parts inflate to more than those of a report of its size".to_owned(),
            false => format!("one part would take more than {} MiB of memory", MOST >> 20),
        });
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
    fn all_parts_of_a_document_stop_at_a_multiple_of_its_size() {
        let part = zeros(MOST);
        let read = |bytes: u64| {
            let bytes = usize::try_from(bytes).unwrap();
            within_limit(bytes, || (0..6).take_while(|_| inflate(&part).is_ok()).count() as u64)
        };
        assert_eq!((read(0), read(5 * MOST / RATIO)), (FEW / MOST, 5));
        let refused = within_limit(0, || (0..6).find_map(|_| inflate(&part).err()));
        assert_eq!(refused.unwrap(), "its parts inflate to more than those of a report of its size");
        assert!(inflate(&part).is_ok(), "the limit ends with the document");
    }
}
