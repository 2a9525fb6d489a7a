//! THE BYTES: any blob again from its spec, as a stream of chunks; no blob is ever held whole.

mod buffer;
pub mod first_reads;
mod pool;
pub mod verify;

use bytes::Bytes;

use crate::plan::{Verify, sizes::Content};
use buffer::Buffer;
use first_reads::Acquaintance;
use pool::{Keys, PAGE, Pool};
use verify::{BySpec, Judge};
pub use verify::{Mismatch, Verifier};

/// The size of a full chunk in bytes: two pages.
const CHUNK: usize = 2 * PAGE;

/// Names the bytes of a blob: the same spec always gives the same bytes.
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
            bytes: Generator::new(self),
            remaining: self.size,
            #[cfg(test)]
            cost: std::time::Duration::ZERO,
        }
    }

    /// A judge of a download of this blob.
    pub fn verifier(self, mode: Verify) -> Verifier<'static> {
        Verifier::new(Judge::BySpec(BySpec::new(self)), mode)
    }

    /// Where the ASCII tail of a text begins: a blob's end may not cut a character.
    fn tail_start(self) -> u64 {
        match self.content {
            Content::Binary => self.size,
            Content::Text => self.size - self.size % pool::CELL as u64,
        }
    }
}

/// What the downloads of a blob are held against.
#[derive(Debug, Clone)]
pub enum Expect {
    /// Bytes that can be made again.
    Spec(BlobSpec),
    /// The first read of the same blob.
    FirstRead(Acquaintance),
}

impl Expect {
    /// A judge of a download of this blob.
    pub fn verifier(&self, mode: Verify) -> Verifier<'_> {
        match self {
            Expect::Spec(spec) => spec.verifier(mode),
            Expect::FirstRead(blob) => Verifier::new(Judge::ByFirstRead(blob.judge(mode)), mode),
        }
    }

    /// The blob's size in bytes, where that is known beforehand.
    pub fn size(&self) -> Option<u64> {
        match self {
            Expect::Spec(spec) => Some(spec.size),
            Expect::FirstRead(blob) => blob.size(),
        }
    }
}

/// The bytes of a blob as a stream.
#[derive(Debug)]
pub struct Source {
    bytes: Generator,
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
        buffer.chunks_mut(PAGE).for_each(|page| self.bytes.write_page(page));
        self.remaining -= length as u64;
        Some(buffer.into_bytes())
    }

    /// The same bytes, of which each chunk takes so much longer to make.
    #[cfg(test)]
    pub(crate) fn costing(self, cost: std::time::Duration) -> Self {
        Self { cost, ..self }
    }

    /// How many bytes are still to come.
    pub fn remaining(&self) -> u64 {
        self.remaining
    }
}

/// Makes a blob's pages one after the other: each is the pool under a key of its own.
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
                    assert!(seen.insert(page[..64].to_vec()), "a page of blob {index} was there before");
                }
            }
        }
        assert_ne!(
            bytes(spec(0, 100, Content::Binary)),
            bytes(BlobSpec { seed: 8, ..spec(0, 100, Content::Binary) })
        );
    }

    #[test]
    fn a_shorter_binary_blob_is_no_special_case() {
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
}
