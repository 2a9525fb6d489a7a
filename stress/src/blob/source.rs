//! Generates a blob's bytes from its spec, chunk by chunk; the same spec always gives the same bytes.

use std::{
    cell::RefCell,
    ops::{Deref, DerefMut},
};

use bytes::Bytes;

use super::pool::{self, Keys, PAGE, Pool};
use crate::plan::sizes::Content;

/// The size of a full chunk in bytes: two pages.
const CHUNK: usize = 2 * PAGE;

/// The most free chunks that a thread keeps: about as many as its workers use at a time.
const FREE_CHUNKS: usize = 32;

/// Identifies the bytes of a blob: the same spec always gives the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlobSpec {
    /// The run's seed.
    pub seed: u64,
    /// The blob's global index.
    pub index: u64,
    /// The blob's size in bytes.
    pub size: u64,
    /// What it is made of.
    pub content: Content,
}

impl BlobSpec {
    /// The blob's bytes, for an upload.
    pub fn source(self) -> Source {
        Source {
            spec: self,
            generator: Generator::new(self),
            remaining: self.size,
            #[cfg(test)]
            cost: std::time::Duration::ZERO,
        }
    }

    /// Where the ASCII tail of a text begins, in bytes: a blob must not end within a character.
    pub(super) fn tail_start(self) -> u64 {
        match self.content {
            Content::Binary => self.size,
            Content::Text => self.size - self.size % pool::CELL as u64,
        }
    }
}

/// The bytes of a blob as a stream.
#[derive(Debug)]
pub struct Source {
    spec: BlobSpec,
    generator: Generator,
    remaining: u64,
    /// What a chunk takes on top of what it does take.
    #[cfg(test)]
    cost: std::time::Duration,
}

impl Source {
    /// The next chunk, at most 64 KiB; `None` after the last one.
    pub fn next_chunk(&mut self) -> Option<Bytes> {
        if self.remaining == 0 {
            return None;
        }
        let length = usize::try_from(self.remaining).map_or(CHUNK, |remaining| remaining.min(CHUNK));
        #[cfg(test)]
        std::thread::sleep(self.cost); // sleep: this is the cost itself
        let mut buffer = Buffer::take(length);
        buffer.chunks_mut(PAGE).for_each(|page| self.generator.write_page(page));
        self.remaining -= length as u64;
        Some(Bytes::from_owner(buffer))
    }

    /// The whole blob once more.
    pub fn restarted(&self) -> Self {
        self.spec.source()
    }

    /// The same bytes, of which each chunk takes this much longer to generate.
    #[cfg(test)]
    pub(crate) fn costing(self, cost: std::time::Duration) -> Self {
        Self { cost, ..self }
    }

    /// How many bytes are still to come.
    pub fn remaining(&self) -> u64 {
        self.remaining
    }
}

impl BlobSpec {
    /// Whether it has the same bytes as `other`. Short blobs can be equal by chance, and empty ones always are.
    pub fn has_bytes_of(self, other: BlobSpec) -> bool {
        let (mut one, mut two) = (self.source(), other.source());
        self == other
            || self.size == other.size
                && std::iter::from_fn(|| one.next_chunk()).eq(std::iter::from_fn(|| two.next_chunk()))
    }
}

/// Generates a blob's pages one after the other: each is the pool under a key of its own.
#[derive(Debug)]
struct Generator {
    pool: &'static Pool,
    keys: Keys,
    tail_start: u64,
    position: u64,
}

impl Generator {
    fn new(spec: BlobSpec) -> Self {
        let pool = Pool::of(spec.content);
        Self { pool, keys: Keys::new(spec.seed, spec.index), tail_start: spec.tail_start(), position: 0 }
    }

    /// Writes the next page, or its beginning where the blob ends in it.
    fn write_page(&mut self, page: &mut [u8]) {
        self.pool.write(page, &self.keys.next_key());
        let tail = self.tail_start.saturating_sub(self.position);
        let tail = usize::try_from(tail).map_or(page.len(), |tail| tail.min(page.len()));
        page[tail..].iter_mut().for_each(|byte| *byte = pool::ascii(*byte));
        self.position += page.len() as u64;
    }
}

thread_local! {
    static FREE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// The memory of one chunk, which the thread that drops it may use again: fresh pages from the system cost more than the bytes
/// written into them.
#[derive(Debug)]
struct Buffer {
    /// Always [`CHUNK`] bytes long: `length` of them are in use.
    memory: Vec<u8>,
    length: usize,
}

impl Buffer {
    /// A buffer of `length` bytes, at most [`CHUNK`], with arbitrary content.
    fn take(length: usize) -> Self {
        let memory = FREE.with_borrow_mut(Vec::pop).unwrap_or_else(|| vec![0; CHUNK]);
        Self { memory, length }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let memory = std::mem::take(&mut self.memory);
        // The pool of a thread that is ending may be gone already.
        let _ = FREE.try_with(|free| {
            let mut free = free.borrow_mut();
            if free.len() < FREE_CHUNKS {
                free.push(memory);
            }
        });
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.memory[..self.length]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.memory[..self.length]
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(spec: BlobSpec) -> Vec<u8> {
        let mut source = spec.source();
        std::iter::from_fn(|| source.next_chunk()).flatten().collect()
    }

    fn spec(index: u64, size: u64, content: Content) -> BlobSpec {
        BlobSpec { seed: 7, index, size, content }
    }

    fn contents() -> impl Strategy<Value = Content> {
        prop_oneof![Just(Content::Binary), Just(Content::Text)]
    }

    proptest! {
        #[test]
        fn a_blob_has_its_size_and_is_always_the_same(
            seed: u64, index: u64, size in 0_u64..300_000, content in contents(),
        ) {
            let spec = BlobSpec { seed, index, size, content };
            let blob = bytes(spec);
            prop_assert_eq!(blob.len() as u64, size);
            prop_assert_eq!(blob, bytes(spec));
        }

        #[test]
        fn text_of_any_size_is_valid_utf8_without_control_characters(seed: u64, index: u64, size in 0_u64..200_000) {
            let blob = bytes(BlobSpec { seed, index, size, content: Content::Text });
            let text = String::from_utf8(blob).unwrap();
            prop_assert!(!text.chars().any(char::is_control));
        }
    }

    #[test]
    fn no_two_blobs_or_pages_are_equal() {
        let mut seen = std::collections::HashSet::new();
        for content in [Content::Binary, Content::Text] {
            for index in 0..200 {
                let blob = bytes(spec(index, 4 * PAGE as u64, content));
                for page in blob.chunks(PAGE) {
                    assert!(
                        seen.insert(page[..64].to_vec()),
                        "a page of blob {index} is equal to an earlier one"
                    );
                }
            }
        }
        assert_ne!(
            bytes(spec(0, 100, Content::Binary)),
            bytes(BlobSpec { seed: 8, ..spec(0, 100, Content::Binary) })
        );
    }

    #[test]
    fn blobs_are_equal_by_their_bytes() {
        let one = |index, size| spec(index, size, Content::Binary);
        assert!(one(1, 100_000).has_bytes_of(one(1, 100_000)) && one(1, 0).has_bytes_of(one(2, 0)));
        let alike = (1..1_000).filter(|index| one(0, 1).has_bytes_of(one(*index, 1))).count();
        assert!((1..50).contains(&alike), "one byte has 256 values: {alike}");
        assert!(!one(1, 100_000).has_bytes_of(one(2, 100_000)) && !one(1, 9).has_bytes_of(one(1, 10)));
    }

    #[test]
    fn a_shorter_binary_blob_is_a_prefix_of_a_longer_one() {
        let long = bytes(spec(3, 200_000, Content::Binary));
        assert_eq!(bytes(spec(3, 100_001, Content::Binary)), long[..100_001]);
    }

    #[test]
    fn the_bytes_of_a_spec_never_change_between_versions() {
        // A reading run may verify blobs that an older build stored: these digests may only change with a
        // note in the change log.
        let digest = |content| {
            bytes(spec(1, 100_000, content)).iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
            })
        };
        assert_eq!(
            (digest(Content::Binary), digest(Content::Text)),
            (10_448_478_291_157_201_602, 5_022_763_887_219_692_923)
        );
    }

    #[test]
    fn binary_bytes_are_evenly_spread() {
        let mut counts = [0_u32; 256];
        bytes(spec(1, 1 << 20, Content::Binary)).iter().for_each(|&byte| counts[usize::from(byte)] += 1);
        // 4,096 expected each; six standard deviations are 384.
        assert!(counts.iter().all(|count| count.abs_diff(4096) < 384), "{counts:?}");
    }

    #[test]
    fn memory_is_reused_once_its_last_reader_has_dropped_it() {
        let mut buffer = Buffer::take(3);
        buffer.copy_from_slice(b"abc");
        let address = buffer.as_ptr();
        let (bytes, other) = (Bytes::from_owner(buffer), Buffer::take(CHUNK));
        assert_ne!(other.as_ptr(), address, "it is still being read");
        assert_eq!(&bytes[..], b"abc");
        drop(bytes);
        assert_eq!(Buffer::take(1).as_ptr(), address);
    }
}
