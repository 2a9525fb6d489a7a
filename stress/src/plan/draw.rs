//! The random decisions about blob `index`: a pure function of `(seed, index)`, the same on every machine.

use rand::RngExt;

use super::{
    Phase,
    journey::JourneyKind,
    random::{CONTROL_WORD, TARGETS_WORD, stream},
    repeats::{self, Repeatable},
    sizes::{Content, ContentMix},
};

/// The random decisions about one blob.
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
}

impl Draw {
    /// The draw for blob `index` of a run with `seed`.
    ///
    /// Each index has a ChaCha8 stream of its own, and each decision a fixed position in it: changing one option, such as
    /// the sizes, leaves the other decisions as they were.
    pub fn of(seed: u64, index: u64, phase: &Phase) -> Self {
        let mut rng = stream(seed, index);
        let size = rng.random_range(phase.sizes.min..=phase.sizes.max);
        rng.set_word_pos(TARGETS_WORD);
        let (coin, publisher, aggregator) = (rng.random(), rng.random(), rng.random());
        let content = match phase.content {
            ContentMix::Binary => Content::Binary,
            ContentMix::Text => Content::Text,
            ContentMix::Mixed if coin => Content::Binary,
            ContentMix::Mixed => Content::Text,
        };
        Self { size, content, publisher, aggregator }
    }
}

/// The kind of the journey of blob `index`. A repeat is never an order control: its first read may find a warm cache.
pub fn journey_kind(seed: u64, index: u64, phase: &Phase, repeatable: &Repeatable) -> JourneyKind {
    if phase.order_control <= 0.0 || repeats::source(seed, index, phase, repeatable).is_some() {
        return JourneyKind::Plain;
    }
    let mut rng = stream(seed, index);
    rng.set_word_pos(CONTROL_WORD);
    if rng.random_bool(phase.order_control.min(1.0)) { JourneyKind::OrderControl } else { JourneyKind::Plain }
}

/// The seed of the bytes of control blobs, which differ from those of the blob with the same index.
pub fn control_seed(seed: u64) -> u64 {
    /// Arbitrary, but no number that people would choose as a seed.
    const CONTROL: u64 = 0x9d6f_1c3a_52e8_b047;
    seed ^ CONTROL
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::plan::{
        journey::Journey,
        load::{Load, Stop},
        sizes::Sizes,
        source::BlobSource,
    };

    #[test]
    fn order_controls_depend_on_seed_and_index_alone_and_are_no_repeats() {
        let chosen = |share: f64, duplicates: f64| {
            let phase = Phase { order_control: share, ..phase(1, 9, duplicates) };
            let kind = |index| journey_kind(7, index, &phase, &Repeatable::of([&phase], 0));
            (0..10_000).filter(|&index| kind(index) == JourneyKind::OrderControl).collect::<Vec<_>>()
        };
        assert_eq!((chosen(0.0, 0.0).len(), chosen(1.0, 0.0).len()), (0, 10_000));
        let fifth = chosen(0.2, 0.0);
        // Ten thousand draws: five standard deviations are 200.
        assert!((1_800..2_200).contains(&fifth.len()), "{}", fifth.len());
        // A larger share adds to those of a smaller one; repeats are never among them.
        let half = chosen(0.5, 0.0);
        assert!(fifth.iter().all(|index| half.contains(index)));
        let repeats = phase(1, 9, 0.4);
        let repeatable = Repeatable::of([&repeats], 0);
        let fresh = |index: &u64| repeats::source(7, *index, &repeats, &repeatable).is_none();
        assert_eq!(chosen(0.2, 0.4), fifth.iter().copied().filter(fresh).collect::<Vec<_>>());
        assert_ne!(control_seed(7), 7);
    }

    fn phase(min: u64, max: u64, duplicates: f64) -> Phase {
        Phase {
            name: "main".to_owned(),
            journey: Journey::default(),
            source: BlobSource::default(),
            delays: None,
            sizes: Sizes { min, max },
            content: ContentMix::Mixed,
            duplicates,
            order_control: 0.0,
            load: Load::closed(8),
            stop: Stop { blobs: Some(5), duration: None },
            grace: Duration::from_secs(30),
            warm_up: false,
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
    fn other_sizes_leave_the_other_decisions_unchanged() {
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
}
