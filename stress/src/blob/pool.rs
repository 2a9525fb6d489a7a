//! The raw material of blobs: a page of random bytes or text, and the keys that make it new each time.
//!
//! A page of a blob is `pool ^ (key & mask)`, with a fresh 32-byte key for each page of each blob. For binary
//! blobs the mask is all ones: two pages differ everywhere, so that neither a compressor nor a deduplicating
//! store finds anything. For text the mask leaves alone the bits that make UTF-8 what it is.

use std::sync::OnceLock;

use rand::{Rng, RngExt, SeedableRng, rngs::ChaCha8Rng};

use crate::plan::sizes::Content;

/// The size of a page in bytes: with its mask it fits in a core's second-level cache.
pub(super) const PAGE: usize = 32 * 1024;
/// The size of a key in bytes.
pub(super) const KEY: usize = 32;
/// Text is laid out in cells of this many bytes; no character crosses from one to the next.
pub(super) const CELL: usize = 16;

/// The pools come from a seed of their own: the run's seed only enters by the keys.
const POOL_SEED: u64 = 0x57a1_2a5b_10b5_eed5;
/// Where in a blob's random stream the keys begin, far after the words that decide its size and targets.
const FIRST_KEY_WORD: u128 = 4096;

/// A page of raw material.
#[derive(Debug)]
pub(super) struct Pool {
    /// The bytes before a key is applied.
    pub(super) bytes: Vec<u8>,
    /// Which bits a key may change.
    pub(super) mask: Vec<u8>,
}

impl Pool {
    /// The pool for this content; made at first use.
    pub(super) fn of(content: Content) -> &'static Pool {
        static BINARY: OnceLock<Pool> = OnceLock::new();
        static TEXT: OnceLock<Pool> = OnceLock::new();
        match content {
            Content::Binary => BINARY.get_or_init(Pool::binary),
            Content::Text => TEXT.get_or_init(Pool::text),
        }
    }

    fn binary() -> Pool {
        let mut bytes = vec![0; PAGE];
        ChaCha8Rng::seed_from_u64(POOL_SEED).fill_bytes(&mut bytes);
        Pool { bytes, mask: vec![0xff; PAGE] }
    }

    fn text() -> Pool {
        let mut rng = ChaCha8Rng::seed_from_u64(POOL_SEED + 1);
        let (mut bytes, mut mask) = (Vec::with_capacity(PAGE), Vec::with_capacity(PAGE));
        while bytes.len() < PAGE {
            for (byte, free) in text_cell(&mut rng) {
                bytes.push(byte ^ (rng.random::<u8>() & free));
                mask.push(free);
            }
        }
        Pool { bytes, mask }
    }

    /// Writes the beginning of this pool under `key` into `page`, which is no longer than it.
    pub(super) fn write(&self, page: &mut [u8], key: &[u8; KEY]) {
        let (bytes, mask) = (&self.bytes[..page.len()], &self.mask[..page.len()]);
        let ((bytes, last), (mask, last_mask)) = (bytes.as_chunks(), mask.as_chunks());
        let (page, rest) = page.as_chunks_mut();
        write_blocks(page, bytes, mask, *key);
        (0..rest.len()).for_each(|at| rest[at] = last[at] ^ (key[at] & last_mask[at]));
    }

    /// Where `bytes` first differ from this pool under `key`, from `offset` on.
    pub(super) fn first_difference(&self, bytes: &[u8], offset: usize, key: &[u8; KEY]) -> Option<usize> {
        let range = offset..offset + bytes.len();
        let (pool, mask) = (&self.bytes[range.clone()], &self.mask[range]);
        let mut key = *key;
        key.rotate_left(offset % KEY);
        let ((blocks, rest), (of_pool, last)) = (bytes.as_chunks(), pool.as_chunks());
        let (of_mask, last_mask) = mask.as_chunks();
        let same = blocks_are_same(blocks, of_pool, of_mask, key);
        if same && (0..rest.len()).all(|at| rest[at] == last[at] ^ (key[at] & last_mask[at])) {
            return None;
        }
        (0..bytes.len()).find(|&at| bytes[at] != pool[at] ^ (key[at % KEY] & mask[at]))
    }
}

/// A key's length of bytes.
type Block = [u8; KEY];

/// `page = bytes ^ (key & mask)`. It is a function of its own with the key by value, so that the compiler keeps the key in
/// registers and vectorises the loop; inlined into its caller it did not.
#[inline(never)]
fn write_blocks(page: &mut [Block], bytes: &[Block], mask: &[Block], key: Block) {
    for ((page, bytes), mask) in page.iter_mut().zip(bytes).zip(mask) {
        for lane in 0..KEY {
            page[lane] = bytes[lane] ^ (key[lane] & mask[lane]);
        }
    }
}

/// Whether `blocks = pool ^ (key & mask)`, over all blocks, since an early exit would prevent vectorisation. A function of
/// its own like [`write_blocks`].
#[inline(never)]
fn blocks_are_same(blocks: &[Block], pool: &[Block], mask: &[Block], key: Block) -> bool {
    let mut difference = [0; KEY];
    for ((block, pool), mask) in blocks.iter().zip(pool).zip(mask) {
        for lane in 0..KEY {
            difference[lane] |= block[lane] ^ pool[lane] ^ (key[lane] & mask[lane]);
        }
    }
    difference == [0; KEY]
}

/// One cell of whole characters, as (byte, bits that may change) pairs: whatever those bits are, the cell stays
/// valid UTF-8 and free of control characters.
fn text_cell(rng: &mut ChaCha8Rng) -> Vec<(u8, u8)> {
    const CONTINUATION: (u8, u8) = (0x80, 0x3f);
    let mut cell = Vec::with_capacity(CELL);
    match rng.random_range(0..8_u8) {
        // Cyrillic, U+0400 to U+047F.
        0 => (0..8).for_each(|_| cell.extend([(0xd0, 0x01), CONTINUATION])),
        // Chinese, U+5000 to U+8FFF, and one ASCII character to fill the cell.
        1 => {
            (0..5)
                .for_each(|_| cell.extend([(rng.random_range(0xe5..=0xe8), 0), CONTINUATION, CONTINUATION]));
            cell.push(ascii_range(rng));
        }
        // Pictographs, U+1F300 to U+1F3FF.
        2 => (0..4).for_each(|_| cell.extend([(0xf0, 0), (0x9f, 0), (0x8c, 0x03), CONTINUATION])),
        _ => (0..CELL).for_each(|_| cell.push(ascii_range(rng))),
    }
    cell
}

/// A range of printable ASCII as its first character and the bits that select within it; DEL is in none.
fn ascii_range(rng: &mut ChaCha8Rng) -> (u8, u8) {
    const RANGES: [(u8, u8); 4] = [(0x20, 0x1f), (0x40, 0x1f), (0x60, 0x0f), (0x70, 0x07)];
    RANGES[rng.random_range(0..RANGES.len())]
}

/// Turns any byte into one of 32 printable ASCII characters.
pub(super) fn ascii(byte: u8) -> u8 {
    0x40 | (byte & 0x1f)
}

/// The keys of a blob, one a page.
#[derive(Debug)]
pub(super) struct Keys(ChaCha8Rng);

impl Keys {
    pub(super) fn new(seed: u64, index: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(index);
        rng.set_word_pos(FIRST_KEY_WORD);
        Self(rng)
    }

    /// The next page's key.
    pub(super) fn next_key(&mut self) -> [u8; KEY] {
        let mut key = [0; KEY];
        self.0.fill_bytes(&mut key);
        key
    }
}
