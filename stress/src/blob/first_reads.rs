//! Blobs whose bytes nobody knows beforehand: each read is held against the first one of this run.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rand::RngExt as _;
use twox_hash::xxhash3_128::{Hasher, RawHasher, SecretBuffer};

use super::verify::Mismatch;
use crate::plan::Verify;

/// Bytes of the key: what XXH3 takes when it shall use nothing of its own.
const KEY: usize = 192;
/// How many parts the blobs are divided into.
const PARTS: usize = 64;

/// Names a blob in 16 bytes, however long its ID is.
type Name = [u8; 16];

/// What the first whole read of a blob was like; 40 bytes a blob with its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Print {
    /// In bytes.
    size: u64,
    /// A keyed digest of the bytes; zeros where only the size is compared.
    digest: [u8; 16],
}

impl Print {
    /// That of a blob which has not been read to its end yet: none has this size.
    const UNREAD: Print = Print { size: u64::MAX, digest: [0; 16] };

    fn is_read(&self) -> bool {
        *self != Print::UNREAD
    }
}

/// What the first reads of this run were like.
///
/// Prints are 128 bits of XXH3 under a key that this process draws and never shows. That is no cryptographic hash, and
/// need not be: whoever answers a read sees neither key nor print, and can only guess at two blobs that share one. A
/// cryptographic one costs more than all the rest of a read.
#[derive(Debug)]
pub struct FirstReads {
    key: Key,
    /// By a part of the name: threads seldom meet at the same one.
    met: [Mutex<HashMap<Name, Print>>; PARTS],
}

/// Draws prints that nobody else can foretell.
struct Key {
    seed: u64,
    secret: [u8; KEY],
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    fn draw() -> Self {
        let mut secret = [0; KEY];
        rand::rng().fill(&mut secret);
        Self { seed: rand::random(), secret }
    }

    fn print(&self, bytes: &[u8]) -> [u8; 16] {
        Hasher::oneshot_with_secret(&self.secret, bytes).expect("the key is long enough").to_le_bytes()
    }

    fn printer(&self) -> Box<Printer> {
        let buffer = SecretBuffer::new(self.seed, self.secret);
        Box::new(Printer(RawHasher::new(buffer.unwrap_or_else(|_| unreachable!("the key is long enough")))))
    }
}

/// Takes the print of bytes that come in pieces.
struct Printer(RawHasher<[u8; KEY]>);

impl fmt::Debug for Printer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Printer")
    }
}

impl Default for FirstReads {
    fn default() -> Self {
        Self { key: Key::draw(), met: std::array::from_fn(|_| Mutex::default()) }
    }
}

impl FirstReads {
    /// Meets the blob of this ID, whose `size` in bytes may be known beforehand; also tells whether it was met before.
    pub fn meet(self: &Arc<Self>, id: &str, size: Option<u64>) -> (Acquaintance, bool) {
        let name = self.key.print(id.as_bytes());
        let met_before = match self.part(name).entry(name) {
            Entry::Occupied(_) => true,
            Entry::Vacant(place) => {
                place.insert(Print::UNREAD);
                false
            }
        };
        (Acquaintance { reads: self.clone(), name, size }, met_before)
    }

    fn part(&self, name: Name) -> MutexGuard<'_, HashMap<Name, Print>> {
        // A panic elsewhere cannot leave an entry half made.
        self.met[usize::from(name[0]) % PARTS].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A blob that this run knows by its ID alone.
#[derive(Debug, Clone)]
pub struct Acquaintance {
    reads: Arc<FirstReads>,
    name: Name,
    /// The size in bytes that the list told.
    size: Option<u64>,
}

impl Acquaintance {
    /// A judge of a read of this blob.
    pub(super) fn judge(&self, mode: Verify) -> ByFirstRead {
        let first = self.reads.part(self.name).get(&self.name).copied().filter(Print::is_read);
        let printer = (mode == Verify::Full).then(|| self.reads.key.printer());
        let expected = self.size.or(first.map(|first| first.size));
        ByFirstRead { blob: self.clone(), expected, received: 0, printer }
    }

    /// The blob's size in bytes, as far as the list has told it.
    pub(super) fn size(&self) -> Option<u64> {
        self.size
    }

    /// Holds a whole read against the first one, or makes it the first one.
    fn settle(&self, print: Print) -> Result<(), Mismatch> {
        let mut reads = self.reads.part(self.name);
        let first = reads.entry(self.name).or_insert(print);
        if !first.is_read() {
            *first = print;
        }
        if first.size != print.size {
            return Err(Mismatch::of_sizes(first.size, print.size));
        }
        if first.digest == print.digest { Ok(()) } else { Err(Mismatch::Differs) }
    }
}

/// A judge of one read by the first one.
#[derive(Debug)]
pub(super) struct ByFirstRead {
    blob: Acquaintance,
    /// The size that it should have in bytes, where that is known.
    expected: Option<u64>,
    received: u64,
    /// `None` where only the size is compared.
    printer: Option<Box<Printer>>,
}

impl ByFirstRead {
    pub(super) fn expected(&self) -> Option<u64> {
        self.expected
    }

    pub(super) fn feed(&mut self, chunk: &[u8]) -> Result<(), Mismatch> {
        self.received += chunk.len() as u64;
        if let Some(expected) = self.expected.filter(|&expected| self.received > expected) {
            return Err(Mismatch::TooLong { expected });
        }
        if let Some(printer) = &mut self.printer {
            printer.0.write(chunk);
        }
        Ok(())
    }

    pub(super) fn finish(&self) -> Result<(), Mismatch> {
        if let Some(expected) = self.expected.filter(|&expected| self.received < expected) {
            return Err(Mismatch::Truncated { expected, received: self.received });
        }
        let digest = self.printer.as_ref().map_or([0; 16], |printer| printer.0.finish_128().to_le_bytes());
        self.blob.settle(Print { size: self.received, digest })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::blob::Expect;

    fn read(blob: &Acquaintance, mode: Verify, bytes: &[u8], cut: usize) -> Result<(), Mismatch> {
        let mut verifier = Expect::FirstRead(blob.clone()).verifier(mode);
        for chunk in bytes.chunks(cut) {
            verifier.feed(chunk)?;
        }
        verifier.finish()
    }

    proptest! {
        #[test]
        fn every_read_is_held_against_the_first_however_both_are_cut(
            bytes in prop::collection::vec(any::<u8>(), 1..5000), a in 1_usize..6000, b in 1_usize..6000,
            at: prop::sample::Index, bit in 0_u8..8,
        ) {
            let (blob, _) = Arc::new(FirstReads::default()).meet("id", None);
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
        let (blob, _) = reads.meet("id", None);
        assert_eq!(read(&blob, Verify::Size, b"four", 4), Ok(()));
        assert_eq!(read(&blob, Verify::Size, b"five", 4), Ok(()));
        assert_eq!(read(&blob, Verify::Size, b"sixth", 4), Err(Mismatch::TooLong { expected: 4 }));
        assert_eq!(read(&blob, Verify::Off, b"whatever", 4), Ok(()));
        let (other, _) = reads.meet("other", Some(3));
        assert_eq!(read(&other, Verify::Full, b"four", 4), Err(Mismatch::TooLong { expected: 3 }));
        assert_eq!(other.size(), Some(3));
    }

    #[test]
    fn of_two_first_reads_at_a_time_the_one_that_ends_first_is_the_first() {
        let (blob, _) = Arc::new(FirstReads::default()).meet("id", None);
        let (mut a, mut b) = (blob.judge(Verify::Full), blob.judge(Verify::Full));
        assert_eq!((a.feed(b"abc"), b.feed(b"abcd")), (Ok(()), Ok(())));
        assert_eq!(a.finish(), Ok(()));
        assert_eq!(b.finish(), Err(Mismatch::TooLong { expected: 3 }));
    }

    #[test]
    fn who_was_met_before_is_known_and_nobody_else() {
        let reads = Arc::new(FirstReads::default());
        let met = ["a", "b", "a", "ab", "b"].map(|id| reads.meet(id, None).1);
        assert_eq!(met, [false, false, true, false, true]);
    }
}
