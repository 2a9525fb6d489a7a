//! What a run remembers of its blobs: which are stored, what listed ones contained, and what later phases need of them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

use super::stored_ids::StoredIds;
use crate::{
    blob::{BlobSpec, FirstReads},
    sample::{Failure, Novelty},
};

/// What a run remembers of its blobs.
#[derive(Debug)]
pub(super) struct BlobRegistry {
    /// Of blobs whose bytes are not known beforehand.
    pub(super) first_reads: Arc<FirstReads>,
    /// A bit for each index: whether bytes are stored that later blobs may repeat.
    stored: Mutex<Vec<u64>>,
    stored_ids: Mutex<StoredIds>,
    /// By the phase in which the blobs came into the run.
    carried: Vec<Mutex<CarryOver>>,
}

impl BlobRegistry {
    /// That of a run with this number of phases.
    pub(super) fn new(phases: usize) -> Self {
        let carried = (0..phases).map(|_| Mutex::default()).collect();
        Self { first_reads: Arc::default(), stored: Mutex::default(), stored_ids: Mutex::default(), carried }
    }

    /// Notes that the blob is stored.
    pub(super) fn insert_stored(&self, index: u64) {
        let (word, bit) = bit_of(index);
        let mut stored = lock(&self.stored);
        if stored.len() <= word {
            stored.resize(word + 1, 0);
        }
        stored[word] |= bit;
    }

    pub(super) fn is_stored(&self, index: u64) -> bool {
        let (word, bit) = bit_of(index);
        lock(&self.stored).get(word).is_some_and(|bits| bits & bit != 0)
    }

    /// Notes the ID that a publisher gave for the bytes of `spec`.
    ///
    /// # Errors
    /// When it has been given for other bytes.
    pub(super) fn insert_id(&self, id: &str, spec: BlobSpec) -> Result<(), Failure> {
        lock(&self.stored_ids).insert(id, spec)
    }

    /// The blobs that came into the run in this phase.
    pub(super) fn carry_over(&self, phase: usize) -> MutexGuard<'_, CarryOver> {
        lock(&self.carried[phase])
    }
}

fn bit_of(index: u64) -> (usize, u64) {
    (usize::try_from(index / 64).unwrap_or(usize::MAX), 1 << (index % 64))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // None of the updates here can panic half way.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The blobs of a phase, for later phases: 48 bytes a blob, or more where IDs are longer than Walrus' own.
#[derive(Debug, Default)]
pub(super) struct CarryOver {
    first_index: u64,
    /// By index, from the first on.
    blobs: Vec<Option<CarriedBlob>>,
    /// The position from which on blobs can be taken.
    next: usize,
}

/// What is remembered of a blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CarriedBlob {
    id: Option<CompactId>,
    pub(super) marks: ReadMarks,
}

/// What is known about a blob besides its ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReadMarks {
    /// Whether its bytes were new to the run.
    pub(super) novelty: Novelty,
    /// Whether every step so far succeeded: otherwise the later ones are skipped.
    pub(super) all_ok: bool,
    /// Whether its downloads can be compared: each succeeded at its first attempt, since a second one may find a warm cache,
    /// and the first did not come from a cache, as far as its headers say.
    pub(super) comparable: bool,
}

/// A blob's ID in little memory.
#[derive(Debug, Clone, PartialEq, Eq)]
enum CompactId {
    /// Of Walrus: 32 bytes, in URL-safe base64.
    Bytes([u8; 32]),
    /// Any other that a server has given.
    Text(Arc<str>),
}

impl CarriedBlob {
    pub(super) fn new(id: Option<&Arc<str>>, marks: ReadMarks) -> Self {
        let compact = |id: &Arc<str>| {
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(id.as_bytes()).ok().and_then(|id| id.try_into().ok());
            bytes.map_or_else(|| CompactId::Text(id.clone()), CompactId::Bytes)
        };
        Self { id: id.map(compact), marks }
    }

    /// Its ID, unless its upload failed.
    pub(super) fn id(&self) -> Option<Arc<str>> {
        self.id.as_ref().map(|id| match id {
            CompactId::Bytes(bytes) => BASE64_URL_SAFE_NO_PAD.encode(bytes).into(),
            CompactId::Text(id) => id.clone(),
        })
    }
}

impl CarryOver {
    /// Empty, for blobs from this index on.
    pub(super) fn starting_at(first_index: u64) -> Self {
        Self { first_index, ..Self::default() }
    }

    /// Inserts a blob, or replaces what is remembered of it.
    pub(super) fn insert(&mut self, index: u64, blob: CarriedBlob) {
        let position = usize::try_from(index - self.first_index).unwrap_or(usize::MAX);
        if self.blobs.len() <= position {
            self.blobs.resize(position + 1, None);
        }
        self.blobs[position] = Some(blob);
    }

    /// Starts again at the first blob; returns how many can be taken.
    pub(super) fn rewind(&mut self) -> u64 {
        self.next = 0;
        self.blobs.iter().flatten().filter(|blob| blob.marks.all_ok).count() as u64
    }

    /// The next blob for which every step succeeded.
    pub(super) fn take(&mut self) -> Option<(u64, CarriedBlob)> {
        let (position, blob) = self.find(self.next, true)?;
        self.next = position + 1;
        Some((self.first_index + position as u64, blob))
    }

    /// The same, and after the last one the first again.
    pub(super) fn take_round(&mut self) -> Option<(u64, CarriedBlob)> {
        self.take().or_else(|| {
            self.next = 0;
            self.take()
        })
    }

    /// The first blob from this index on for which some step did not succeed.
    pub(super) fn failed_from(&self, index: u64) -> Option<(u64, CarriedBlob)> {
        let from = usize::try_from(index.saturating_sub(self.first_index)).unwrap_or(usize::MAX);
        let (position, blob) = self.find(from, false)?;
        Some((self.first_index + position as u64, blob))
    }

    fn find(&self, from: usize, all_ok: bool) -> Option<(usize, CarriedBlob)> {
        let mut blobs = self.blobs.iter().enumerate().skip(from);
        blobs.find_map(|(position, blob)| {
            let blob = blob.as_ref().filter(|blob| blob.marks.all_ok == all_ok)?;
            Some((position, blob.clone()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_inserted_blobs_are_stored() {
        let registry = BlobRegistry::new(1);
        for index in [0, 63, 64, 1000] {
            assert!(!registry.is_stored(index));
            registry.insert_stored(index);
            assert!(registry.is_stored(index));
        }
        assert!(!registry.is_stored(1) && !registry.is_stored(999) && !registry.is_stored(1 << 40));
    }

    fn carried(id: Option<&str>, all_ok: bool) -> CarriedBlob {
        let marks = ReadMarks { novelty: Novelty::Fresh, all_ok, comparable: true };
        CarriedBlob::new(id.map(Arc::from).as_ref(), marks)
    }

    /// An ID as publishers give them.
    fn walrus_id(number: u8) -> String {
        BASE64_URL_SAFE_NO_PAD.encode([number; 32])
    }

    #[test]
    fn a_carried_blob_takes_48_bytes() {
        assert_eq!(size_of::<Option<CarriedBlob>>(), 48);
        assert!(matches!(carried(Some(&walrus_id(1)), true).id, Some(CompactId::Bytes(_))));
    }

    #[test]
    fn blobs_are_taken_once_in_order_and_failed_ones_are_listed_apart() {
        let mut carry_over = CarryOver::starting_at(7);
        let not_base64_of_32_bytes = "a".repeat(43);
        let (one, two) = (walrus_id(1), walrus_id(2));
        for (index, blob) in [
            (5000, carried(Some(&two), true)),
            (7, carried(Some(&one), true)),
            (8, carried(None, false)),
            (1023, carried(Some(&not_base64_of_32_bytes), true)),
            (1024, carried(Some("short"), true)),
        ] {
            carry_over.insert(index, blob);
        }
        let expected = [(7, &*one), (1023, &*not_base64_of_32_bytes), (1024, "short"), (5000, &*two)]
            .map(|(index, id)| (index, Arc::from(id)));
        assert_eq!(carry_over.rewind(), 4);
        let taken = std::iter::from_fn(|| carry_over.take());
        let taken: Vec<_> = taken.map(|(index, blob)| (index, blob.id().unwrap())).collect();
        assert_eq!(taken, expected);
        assert_eq!(carry_over.failed_from(0), Some((8, carried(None, false))));
        assert_eq!(carry_over.failed_from(9), None);
        // A replaced blob keeps its position.
        carry_over.insert(1024, carried(Some("short"), false));
        assert_eq!((carry_over.rewind(), carry_over.take().map(|(index, _)| index)), (3, Some(7)));
        let rounds = std::iter::from_fn(|| carry_over.take_round()).take(4).map(|(index, _)| index);
        assert_eq!(rounds.collect::<Vec<_>>(), [1023, 5000, 7, 1023]);
        assert_eq!(carry_over.failed_from(9), Some((1024, carried(Some("short"), false))));
        let mut empty = CarryOver::default();
        assert_eq!((empty.rewind(), empty.take_round(), empty.failed_from(0)), (0, None, None));
    }
}
