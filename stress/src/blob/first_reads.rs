//! Blobs whose bytes nobody knows beforehand: each read is held against the first one of this run.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
    hash::BuildHasherDefault,
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

/// What the first whole read of a blob was like; with its name and its place 44 bytes a blob.
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
    met: [Mutex<Met>; PARTS],
}

/// The blobs of one part. A name is looked up once a blob, its print several times.
#[derive(Debug, Default)]
struct Met {
    places: HashMap<Name, u32, BuildHasherDefault<NameIsHash>>,
    prints: Vec<Print>,
}

/// Names are digests already: some of their bytes are as good as any hash of them.
#[derive(Debug, Default)]
struct NameIsHash(u64);

impl std::hash::Hasher for NameIsHash {
    fn write(&mut self, bytes: &[u8]) {
        // The first bytes have chosen the part.
        if let Some(last) = bytes.last_chunk() {
            self.0 = u64::from_le_bytes(*last);
        }
    }

    fn write_usize(&mut self, _: usize) {
        // An array tells its length, too, which is always the same.
    }

    fn finish(&self) -> u64 {
        self.0
    }
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
        let part = usize::from(name[0]) % PARTS;
        let Met { places, prints } = &mut *self.part(part);
        let (place, met_before) = match places.entry(name) {
            Entry::Occupied(known) => (*known.get(), true),
            Entry::Vacant(new) => {
                let place = u32::try_from(prints.len()).expect("memory ends long before");
                prints.push(Print::UNREAD);
                (*new.insert(place), false)
            }
        };
        (Acquaintance { reads: self.clone(), part, place: place as usize, size }, met_before)
    }

    fn part(&self, part: usize) -> MutexGuard<'_, Met> {
        // A panic elsewhere cannot leave an entry half made.
        self.met[part].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A blob that this run knows by its ID alone.
#[derive(Debug, Clone)]
pub struct Acquaintance {
    reads: Arc<FirstReads>,
    part: usize,
    place: usize,
    /// The size in bytes that the list told.
    size: Option<u64>,
}

impl Acquaintance {
    /// A judge of a read of this blob.
    pub(super) fn judge(&self, mode: Verify) -> ByFirstRead<'_> {
        let first = Some(self.reads.part(self.part).prints[self.place]).filter(Print::is_read);
        let printer = (mode == Verify::Full).then(|| self.reads.key.printer());
        let expected = self.size.or(first.map(|first| first.size));
        ByFirstRead { blob: self, expected, received: 0, printer }
    }

    /// The blob's size in bytes, as far as the list has told it.
    pub(super) fn size(&self) -> Option<u64> {
        self.size
    }

    /// Holds a whole read against the first one, or makes it the first one.
    fn settle(&self, print: Print) -> Result<(), Mismatch> {
        let first = &mut self.reads.part(self.part).prints[self.place];
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
pub(super) struct ByFirstRead<'a> {
    blob: &'a Acquaintance,
    /// The size that it should have in bytes, where that is known.
    expected: Option<u64>,
    received: u64,
    /// `None` where only the size is compared.
    printer: Option<Box<Printer>>,
}

impl ByFirstRead<'_> {
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
        let expect = Expect::FirstRead(blob.clone());
        let mut verifier = expect.verifier(mode);
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
