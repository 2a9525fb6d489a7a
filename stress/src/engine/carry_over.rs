//! The blobs with which later phases go on: their IDs and what has become of them, at 40 bytes a blob.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

use crate::sample::Novelty;

/// Places that are made at a time.
const BOX: usize = 1024;

/// What is kept of a blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CarriedBlob {
    /// Its ID, if anybody has told it.
    pub(super) id: Option<Arc<str>>,
    pub(super) marks: ReadMarks,
}

/// What is known of a blob besides its ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReadMarks {
    /// Whether its bytes were new to the run.
    pub(super) novelty: Novelty,
    /// Whether all went well with it so far: otherwise its further steps are skipped.
    pub(super) sound: bool,
    /// Whether its downloads succeeded at the first attempt: otherwise the first one may have been a cached one.
    pub(super) smooth: bool,
}

/// A blob's place on the shelf.
#[derive(Debug, Clone)]
enum Place {
    Empty,
    Nameless(ReadMarks),
    /// The ID is these 32 bytes in base64.
    Usual([u8; 32], ReadMarks),
    /// The ID is anything else.
    Odd(Arc<str>, ReadMarks),
}

impl Place {
    fn of(kept: CarriedBlob) -> Place {
        let CarriedBlob { id: Some(id), marks } = kept else { return Place::Nameless(kept.marks) };
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(id.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(Place::Odd(id, marks), |bytes| Place::Usual(bytes, marks))
    }

    fn marks(&self) -> Option<ReadMarks> {
        match self {
            Place::Empty => None,
            Place::Nameless(marks) | Place::Usual(_, marks) | Place::Odd(_, marks) => Some(*marks),
        }
    }

    fn kept(&self) -> Option<CarriedBlob> {
        let id = match self {
            Place::Empty | Place::Nameless(_) => None,
            Place::Usual(bytes, _) => Some(Arc::from(BASE64_URL_SAFE_NO_PAD.encode(bytes))),
            Place::Odd(id, _) => Some(id.clone()),
        };
        Some(CarriedBlob { id, marks: self.marks()? })
    }
}

/// The blobs of the phase before, by their indices.
#[derive(Debug, Default)]
pub(super) struct CarryOver(Mutex<Places>);

#[derive(Debug, Default)]
struct Places {
    boxes: BTreeMap<u64, Box<[Place]>>,
    /// The next index that may be taken.
    next: u64,
}

impl CarryOver {
    /// Takes everything off: a phase begins that brings its own.
    pub(super) fn clear(&self) {
        *self.lock() = Places::default();
    }

    /// Puts a blob in its place, or back into it.
    pub(super) fn put(&self, index: u64, kept: CarriedBlob) {
        *self.lock().place(index) = Place::of(kept);
    }

    /// Goes back to the first blob, and tells how many can be taken.
    pub(super) fn rewind(&self) -> u64 {
        let mut places = self.lock();
        places.next = 0;
        let places = places.boxes.values().flatten();
        places.filter(|place| place.marks().is_some_and(|marks| marks.sound)).count() as u64
    }

    /// The next blob with which all went well.
    pub(super) fn take(&self) -> Option<(u64, CarriedBlob)> {
        let mut places = self.lock();
        let (index, kept) = places.find(places.next, true)?;
        places.next = index + 1;
        Some((index, kept))
    }

    /// Passes over the next blob that could have been taken: nothing goes well with it any more.
    pub(super) fn pass(&self) {
        let mut places = self.lock();
        if let Some((index, mut kept)) = places.find(places.next, true) {
            kept.marks.sound = false;
            *places.place(index) = Place::of(kept);
            places.next = index + 1;
        }
    }

    /// The first blob from this index on with which not all went well.
    pub(super) fn lost(&self, from: u64) -> Option<(u64, CarriedBlob)> {
        self.lock().find(from, false)
    }

    fn lock(&self) -> MutexGuard<'_, Places> {
        // A panic elsewhere cannot leave a place half filled.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Places {
    fn place(&mut self, index: u64) -> &mut Place {
        let number = index / BOX as u64;
        let places = self.boxes.entry(number).or_insert_with(|| vec![Place::Empty; BOX].into_boxed_slice());
        &mut places[within(index)]
    }

    fn find(&self, from: u64, sound: bool) -> Option<(u64, CarriedBlob)> {
        let first = from / BOX as u64;
        self.boxes.range(first..).find_map(|(number, places)| {
            let skipped = if *number == first { within(from) } else { 0 };
            let wanted = |place: &Place| place.marks().is_some_and(|marks| marks.sound == sound);
            let at = skipped + places[skipped..].iter().position(wanted)?;
            Some((number * BOX as u64 + at as u64, places[at].kept()?))
        })
    }
}

/// The place of an index in its box.
fn within(index: u64) -> usize {
    usize::try_from(index % BOX as u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(id: Option<&str>, sound: bool) -> CarriedBlob {
        CarriedBlob {
            id: id.map(Arc::from),
            marks: ReadMarks { novelty: Novelty::Fresh, sound, smooth: true },
        }
    }

    /// An ID as publishers give them.
    fn usual(number: u8) -> String {
        BASE64_URL_SAFE_NO_PAD.encode([number; 32])
    }

    #[test]
    fn a_place_is_40_bytes() {
        assert_eq!(size_of::<Place>(), 40);
    }

    #[test]
    fn blobs_are_taken_once_in_their_order_and_the_lost_ones_apart() {
        let carry_over = CarryOver::default();
        let odd = "a".repeat(43); // no 32 bytes end like this
        let (one, two) = (usual(1), usual(2));
        for (index, blob) in [
            (5000, kept(Some(&two), true)),
            (7, kept(Some(&one), true)),
            (8, kept(None, false)),
            (1023, kept(Some(&odd), true)),
            (1024, kept(Some("short"), true)),
        ] {
            carry_over.put(index, blob);
        }
        let taken =
            || std::iter::from_fn(|| carry_over.take()).map(|(index, kept)| (index, kept.id.unwrap()));
        let expected =
            [(7, &*one), (1023, &*odd), (1024, "short"), (5000, &*two)].map(|(i, id)| (i, Arc::from(id)));
        assert_eq!(carry_over.rewind(), 4);
        assert_eq!(taken().collect::<Vec<_>>(), expected);
        assert_eq!(carry_over.lost(0), Some((8, kept(None, false))));
        assert_eq!(carry_over.lost(9), None);
        // One is passed over in the next round, and what is put back is found as it was put.
        assert_eq!(carry_over.rewind(), 4);
        carry_over.pass();
        carry_over.put(1024, kept(Some("short"), false));
        assert_eq!(taken().collect::<Vec<_>>(), [expected[1].clone(), expected[3].clone()]);
        assert_eq!(carry_over.rewind(), 2);
        assert_eq!(carry_over.lost(0), Some((7, kept(Some(&one), false))));
        carry_over.clear();
        assert_eq!((carry_over.rewind(), carry_over.take(), carry_over.lost(0)), (0, None, None));
    }
}
