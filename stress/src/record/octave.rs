//! The counts of the buckets between a value and twice that value: of few, those that hold something; of many, all.

use super::histogram::BITS;

/// So many buckets lie between a value and twice that value.
pub(super) const OCTAVE: usize = 1 << BITS;

/// So many of them are few: a quarter of what all would take. A run's rare long latencies, each in a bucket of its own,
/// so take little more for as long as it goes on.
const FEW: usize = 256;

/// Counts by the bucket's place; it is told by them alone which kind holds them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Octave {
    /// In the order of their places, each at least one.
    Few(Vec<(u16, u32)>),
    /// More than [`FEW`], or one that needs more bits.
    Many(Box<[u64; OCTAVE]>),
}

impl Default for Octave {
    fn default() -> Self {
        Octave::Few(Vec::new())
    }
}

impl Octave {
    /// Adds to the bucket at this place, which is below [`OCTAVE`].
    pub(super) fn add(&mut self, place: usize, more: u64) {
        match self {
            Octave::Many(counts) => counts[place] += more,
            Octave::Few(counts) => {
                if !add(counts, place, more) {
                    let mut all = Box::new([0; OCTAVE]);
                    self.counts().for_each(|(place, count)| all[place] = count);
                    all[place] += more;
                    *self = Octave::Many(all);
                }
            }
        }
    }

    /// The buckets that hold something: (place, count).
    pub(super) fn counts(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        let (few, many) = match self {
            Octave::Few(counts) => (counts.as_slice(), &[][..]),
            Octave::Many(counts) => (&[][..], &counts[..]),
        };
        let few = few.iter().map(|&(place, count)| (usize::from(place), u64::from(count)));
        few.chain(many.iter().copied().enumerate().filter(|(_, count)| *count > 0))
    }
}

/// False when it would be no longer few.
fn add(counts: &mut Vec<(u16, u32)>, place: usize, more: u64) -> bool {
    let (Ok(number), Ok(more)) = (u16::try_from(place), u32::try_from(more)) else { return false };
    match counts.binary_search_by_key(&number, |&(place, _)| place) {
        Ok(at) => counts[at].1.checked_add(more).map(|sum| counts[at].1 = sum).is_some(),
        Err(_) if counts.len() == FEW => false,
        Err(at) => {
            counts.insert(at, (number, more));
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(counts: impl IntoIterator<Item = (usize, u64)>) -> Octave {
        let mut octave = Octave::default();
        counts.into_iter().for_each(|(place, count)| octave.add(place, count));
        octave
    }

    #[test]
    fn few_become_many_and_nothing_is_lost() {
        // 7 and 1,024 have no divisor in common: every place once, in no order.
        let places = || (0..OCTAVE).map(|step| step * 7 % OCTAVE);
        for many in [0, 1, FEW, FEW + 1, OCTAVE] {
            let octave = of(places().take(many).chain(places().take(many)).map(|place| (place, 3)));
            assert_eq!(matches!(octave, Octave::Few(_)), many <= FEW, "{many}");
            let mut expected: Vec<_> = places().take(many).map(|place| (place, 6)).collect();
            expected.sort_unstable();
            assert_eq!(octave.counts().collect::<Vec<_>>(), expected, "{many}");
        }
    }

    #[test]
    fn a_count_has_64_bits() {
        let most = u64::from(u32::MAX);
        for counts in [[most, 1], [1, most], [most + 1, 0], [most, most]] {
            let octave = of(counts.map(|count| (5, count)));
            assert_eq!(octave.counts().collect::<Vec<_>>(), [(5, counts[0] + counts[1])]);
            assert!(matches!(octave, Octave::Many(_)), "{counts:?}");
        }
        assert_eq!(of([(5, most)]), Octave::Few(vec![(5, u32::MAX)]));
    }
}
