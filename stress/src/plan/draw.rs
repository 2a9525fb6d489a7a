//! What chance decides about blob `index`: a pure function of `(seed, index)`, the same on every machine.

use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

use super::{
    Phase,
    sizes::{Content, ContentMix},
};

/// How far back a repeat looks for its source, in blobs; it bounds what must be remembered.
pub const REPEAT_WINDOW: u64 = 4096;

/// What chance decided about one blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    /// The blob's size in bytes.
    pub size: u64,
    /// What it is made of.
    pub content: Content,
    /// A number that picks a publisher: take it modulo their count.
    pub publisher: u32,
    /// A number that picks an aggregator: take it modulo their count.
    pub aggregator: u32,
    /// The earlier blob whose bytes this one shall repeat, if it is a repeat.
    pub repeats: Option<u64>,
}

impl Draw {
    /// The draw for blob `index` of a run with `seed`.
    ///
    /// The numbers come from a ChaCha8 stream of their own for each index, always in the same order, so that
    /// changing one wish (say, the sizes) leaves the other decisions as they were.
    pub fn of(seed: u64, index: u64, phase: &Phase) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(index);
        let size = rng.random_range(phase.sizes.min..=phase.sizes.max);
        rng.set_word_pos(WORDS_FOR_SIZE);
        let coin: bool = rng.random();
        let content = match phase.content {
            ContentMix::Binary => Content::Binary,
            ContentMix::Text => Content::Text,
            ContentMix::Mixed if coin => Content::Binary,
            ContentMix::Mixed => Content::Text,
        };
        let (publisher, aggregator) = (rng.random(), rng.random());
        let repeats = rng.random_bool(phase.duplicates.clamp(0.0, 1.0)).then(|| {
            let lag = u64::from(phase.load.most_in_flight()).min(REPEAT_WINDOW / 2);
            source(index, lag, rng.random())
        });
        Self { size, content, publisher, aggregator, repeats: repeats.flatten() }
    }
}

/// A uniform draw from a range takes a varying number of words; the next decision starts at a fixed one.
const WORDS_FOR_SIZE: u128 = 256;

/// The blob that `index` repeats: within the window and at least `lag` back, because what is still under way
/// is not stored yet. `None` at the start of a run, where there is nothing to repeat.
fn source(index: u64, lag: u64, random: u64) -> Option<u64> {
    let newest = index.checked_sub(lag.max(1))?;
    let oldest = index.saturating_sub(REPEAT_WINDOW - 1);
    Some(oldest + random % (newest - oldest + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{
        journey::Journey,
        load::{Load, Stop},
        sizes::Sizes,
    };

    fn phase(min: u64, max: u64, duplicates: f64) -> Phase {
        Phase {
            name: "main".to_owned(),
            journey: Journey::default(),
            sizes: Sizes { min, max },
            content: ContentMix::Mixed,
            duplicates,
            load: Load::Closed { workers: 8 },
            stop: Stop { blobs: Some(5), duration: None },
        }
    }

    #[test]
    fn the_same_seed_and_index_draw_the_same_and_others_differ() {
        let phase = phase(0, u64::from(u32::MAX), 0.0);
        assert_eq!(Draw::of(7, 3, &phase), Draw::of(7, 3, &phase));
        assert_ne!(Draw::of(7, 3, &phase).size, Draw::of(7, 4, &phase).size);
        assert_ne!(Draw::of(7, 3, &phase).size, Draw::of(8, 3, &phase).size);
    }

    #[test]
    fn other_sizes_leave_the_other_decisions_as_they_were() {
        let (small, large) = (phase(1, 9, 0.0), phase(1, 1 << 40, 0.0));
        for index in 0..50 {
            let (a, b) = (Draw::of(1, index, &small), Draw::of(1, index, &large));
            assert_eq!((a.content, a.publisher, a.aggregator), (b.content, b.publisher, b.aggregator));
        }
    }

    #[test]
    fn sizes_are_uniform_to_the_byte_with_both_ends_included() {
        let phase = phase(10, 13, 0.0);
        let mut seen = [0_u32; 4];
        for index in 0..4000 {
            let size = Draw::of(1, index, &phase).size;
            seen[usize::try_from(size - 10).unwrap()] += 1;
        }
        // 1,000 expected each; the limits are more than five standard deviations away.
        assert!(seen.iter().all(|&count| (850..1150).contains(&count)), "{seen:?}");
    }

    #[test]
    fn mixed_content_is_half_and_half() {
        let phase = phase(1, 1, 0.0);
        let binary = (0..2000).filter(|&index| Draw::of(5, index, &phase).content == Content::Binary).count();
        assert!((880..1120).contains(&binary), "{binary}");
    }

    #[test]
    fn repeats_are_the_asked_share_and_look_back_beyond_what_is_under_way() {
        let phase = phase(1, 1, 0.25);
        let repeats: Vec<_> =
            (0..8000).filter_map(|index| Draw::of(5, index, &phase).repeats.map(|source| (index, source))).collect();
        assert!((1800..2200).contains(&repeats.len()), "{}", repeats.len());
        for (index, source) in repeats {
            assert!(source + 8 <= index && index - source < REPEAT_WINDOW, "{index} repeats {source}");
        }
        assert_eq!(source(7, 8, 1), None);
        assert_eq!(source(8, 8, 1), Some(0));
    }
}
