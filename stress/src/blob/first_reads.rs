//! Verifies blobs of unknown content: each read of a blob is compared with the first one of this run.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
    hash::BuildHasherDefault,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rand::RngExt as _;
use twox_hash::xxhash3_128::{Hasher, RawHasher, SecretBuffer};

use super::mismatch::Mismatch;
use crate::plan::Verify;

/// Bytes of the secret that XXH3 takes when it shall use none of its own.
const SECRET: usize = 192;
/// How many mutexes the blobs are divided among, so that threads seldom contend for one.
const PARTITIONS: usize = 64;

/// A keyed hash of a blob's ID.
type IdHash = [u8; 16];

/// Size and hash of the first whole read of a blob; with the hash of its ID and its position 44 bytes a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Digest {
    /// In bytes.
    size: u64,
    /// A keyed hash of the bytes; zeros where only the size is compared.
    hash: [u8; 16],
}

impl Digest {
    /// That of a blob which has not been read to its end yet: no blob has this size.
    const UNREAD: Digest = Digest { size: u64::MAX, hash: [0; 16] };

    fn is_read(&self) -> bool {
        *self != Digest::UNREAD
    }
}

/// The first reads of this run.
///
/// Hashes are 128 bits of XXH3 under a key that this process draws and never shows. It is no cryptographic hash and need not
/// be one: a server sees neither key nor hash, so that it can only guess at two blobs with the same hash. A cryptographic
/// hash would cost more than all the rest of a read.
#[derive(Debug)]
pub struct FirstReads {
    key: Key,
    /// By the first byte of the ID's hash.
    partitions: [Mutex<Partition>; PARTITIONS],
}

/// An ID is looked up once per blob, its digest several times: hence by position.
#[derive(Debug, Default)]
struct Partition {
    positions: HashMap<IdHash, u32, BuildHasherDefault<LastBytes>>,
    digests: Vec<Digest>,
}

/// Hashes an [`IdHash`] by taking its last bytes: the first one has chosen the partition.
#[derive(Debug, Default)]
struct LastBytes(u64);

impl std::hash::Hasher for LastBytes {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(last) = bytes.last_chunk() {
            self.0 = u64::from_le_bytes(*last);
        }
    }

    fn write_usize(&mut self, _: usize) {
        // The length of an array, which is always the same.
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The key of all hashes.
struct Key {
    seed: u64,
    secret: [u8; SECRET],
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    fn draw() -> Self {
        let mut secret = [0; SECRET];
        rand::rng().fill(&mut secret);
        Self { seed: rand::random(), secret }
    }

    fn hash(&self, bytes: &[u8]) -> [u8; 16] {
        Hasher::oneshot_with_secret(&self.secret, bytes).expect("the secret is long enough").to_le_bytes()
    }

    fn digester(&self) -> Box<Digester> {
        let buffer = SecretBuffer::new(self.seed, self.secret);
        Box::new(Digester(RawHasher::new(
            buffer.unwrap_or_else(|_| unreachable!("the secret is long enough")),
        )))
    }
}

/// Hashes bytes that arrive in pieces.
struct Digester(RawHasher<[u8; SECRET]>);

impl fmt::Debug for Digester {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digester")
    }
}

impl Default for FirstReads {
    fn default() -> Self {
        Self { key: Key::draw(), partitions: std::array::from_fn(|_| Mutex::default()) }
    }
}

impl FirstReads {
    /// Registers the blob of this ID, whose `size` in bytes may be known; also says whether it had been registered before.
    pub fn register(self: &Arc<Self>, id: &str, size: Option<u64>) -> (FirstReadReference, bool) {
        let id = self.key.hash(id.as_bytes());
        let partition = usize::from(id[0]) % PARTITIONS;
        let Partition { positions, digests } = &mut *self.partition(partition);
        let (position, known) = match positions.entry(id) {
            Entry::Occupied(known) => (*known.get(), true),
            Entry::Vacant(new) => {
                let position = u32::try_from(digests.len()).expect("fewer blobs than fit in memory");
                digests.push(Digest::UNREAD);
                (*new.insert(position), false)
            }
        };
        (FirstReadReference { reads: self.clone(), partition, position: position as usize, size }, known)
    }

    fn partition(&self, partition: usize) -> MutexGuard<'_, Partition> {
        // A panic elsewhere cannot leave an entry incomplete.
        self.partitions[partition].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A blob of unknown content, by its registered ID.
#[derive(Debug, Clone)]
pub struct FirstReadReference {
    reads: Arc<FirstReads>,
    partition: usize,
    position: usize,
    /// In bytes, where a list has it.
    size: Option<u64>,
}

impl FirstReadReference {
    /// A verifier of one read of this blob.
    pub(super) fn verifier(&self, mode: Verify) -> FirstReadVerifier<'_> {
        let first = Some(self.reads.partition(self.partition).digests[self.position]).filter(Digest::is_read);
        let digester = (mode == Verify::Full).then(|| self.reads.key.digester());
        let expected = self.size.or(first.map(|first| first.size));
        FirstReadVerifier { blob: self, expected, received: 0, digester }
    }

    /// The blob's size in bytes, where a list has it.
    pub(super) fn size(&self) -> Option<u64> {
        self.size
    }

    /// What identifies the bytes of the first whole read within this run; `None` when there was none.
    pub fn digest(&self) -> Option<impl PartialEq + use<>> {
        Some(self.reads.partition(self.partition).digests[self.position]).filter(Digest::is_read)
    }

    /// Compares a whole read with the first one, or makes it the first one.
    fn check_or_set(&self, digest: Digest) -> Result<(), Mismatch> {
        let first = &mut self.reads.partition(self.partition).digests[self.position];
        if !first.is_read() {
            *first = digest;
        }
        if first.size != digest.size {
            return Err(Mismatch::of_sizes(first.size, digest.size));
        }
        if first.hash == digest.hash { Ok(()) } else { Err(Mismatch::Differs) }
    }
}

/// Verifies one read by the first one.
#[derive(Debug)]
pub(super) struct FirstReadVerifier<'a> {
    blob: &'a FirstReadReference,
    /// The size in bytes that it should have, where it is known.
    expected: Option<u64>,
    received: u64,
    /// `None` where only the size is compared.
    digester: Option<Box<Digester>>,
}

impl FirstReadVerifier<'_> {
    pub(super) fn expected(&self) -> Option<u64> {
        self.expected
    }

    pub(super) fn feed(&mut self, chunk: &[u8]) -> Result<(), Mismatch> {
        self.received += chunk.len() as u64;
        if let Some(expected) = self.expected.filter(|&expected| self.received > expected) {
            return Err(Mismatch::TooLong { expected });
        }
        if let Some(digester) = &mut self.digester {
            digester.0.write(chunk);
        }
        Ok(())
    }

    pub(super) fn finish(&self) -> Result<(), Mismatch> {
        if let Some(expected) = self.expected.filter(|&expected| self.received < expected) {
            return Err(Mismatch::Truncated { expected, received: self.received });
        }
        let hash = self.digester.as_ref().map_or([0; 16], |digester| digester.0.finish_128().to_le_bytes());
        self.blob.check_or_set(Digest { size: self.received, hash })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::blob::Expect;

    fn read(blob: &FirstReadReference, mode: Verify, bytes: &[u8], cut: usize) -> Result<(), Mismatch> {
        let expect = Expect::FirstRead(blob.clone());
        let mut verifier = expect.verifier(mode);
        for chunk in bytes.chunks(cut) {
            verifier.feed(chunk)?;
        }
        verifier.finish()
    }

    proptest! {
        #[test]
        fn every_read_is_compared_with_the_first_however_both_are_cut(
            bytes in prop::collection::vec(any::<u8>(), 1..5000), a in 1_usize..6000, b in 1_usize..6000,
            at: prop::sample::Index, bit in 0_u8..8,
        ) {
            let (blob, _) = Arc::new(FirstReads::default()).register("id", None);
            prop_assert_eq!(read(&blob, Verify::Full, &bytes, a), Ok(()));
            prop_assert_eq!(read(&blob, Verify::Full, &bytes, b), Ok(()));
            let mut wrong = bytes.clone();
            wrong[at.index(bytes.len())] ^= 1 << bit;
            prop_assert_eq!(read(&blob, Verify::Full, &wrong, b), Err(Mismatch::Differs));
            let (expected, received) = (bytes.len() as u64, at.index(bytes.len()));
            let truncated = Err(Mismatch::Truncated { expected, received: received as u64 });
            prop_assert_eq!(read(&blob, Verify::Full, &bytes[..received], b), truncated);
            wrong.push(0);
            prop_assert_eq!(read(&blob, Verify::Full, &wrong, b), Err(Mismatch::TooLong { expected }));
            prop_assert_eq!(read(&blob, Verify::Full, &bytes, a), Ok(()));
        }
    }

    #[test]
    fn modes_compare_everything_the_size_or_nothing() {
        let reads = Arc::new(FirstReads::default());
        let (blob, _) = reads.register("id", None);
        assert_eq!(read(&blob, Verify::Size, b"four", 4), Ok(()));
        assert_eq!(read(&blob, Verify::Size, b"five", 4), Ok(()));
        assert_eq!(read(&blob, Verify::Size, b"sixth", 4), Err(Mismatch::TooLong { expected: 4 }));
        assert_eq!(read(&blob, Verify::Off, b"whatever", 4), Ok(()));
        let (other, _) = reads.register("other", Some(3));
        assert_eq!(read(&other, Verify::Full, b"four", 4), Err(Mismatch::TooLong { expected: 3 }));
        assert_eq!(other.size(), Some(3));
    }

    #[test]
    fn of_two_concurrent_first_reads_the_one_that_ends_first_counts() {
        let (blob, _) = Arc::new(FirstReads::default()).register("id", None);
        let (mut a, mut b) = (blob.verifier(Verify::Full), blob.verifier(Verify::Full));
        assert_eq!((a.feed(b"abc"), b.feed(b"abcd")), (Ok(()), Ok(())));
        assert_eq!(a.finish(), Ok(()));
        assert_eq!(b.finish(), Err(Mismatch::TooLong { expected: 3 }));
    }

    #[test]
    fn only_a_registered_id_is_known() {
        let reads = Arc::new(FirstReads::default());
        let known = ["a", "b", "a", "ab", "b"].map(|id| reads.register(id, None).1);
        assert_eq!(known, [false, false, true, false, true]);
    }
}
