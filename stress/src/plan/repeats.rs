//! Which blobs repeat bytes that the run has stored before (`--duplicates`): a pure function of the plan and the index.

use rand::{Rng, RngExt};

use super::{ConfigError, Phase, Plan, load::Load, random, schedule::Schedule, source::BlobSource};

/// How many candidates are tried in turn for one that is new, before one of the first blobs is taken instead.
const SEARCH: u64 = 64;
/// The largest lag of a closed loop, however many blobs are under way at a time.
const MOST_LAG: u64 = 1024;
/// The lag of an open loop, whose number of blobs under way is not known beforehand: a blob whose source is not stored
/// yet is uploaded as a new one.
const OPEN_LAG: u64 = 64;

/// The blobs whose bytes those of a phase may repeat: those made before it and drawn alike, and its own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Repeatable {
    /// The index of the first of them.
    first: u64,
    /// How many of them, from the first on, are never repeats themselves.
    always_new: u64,
    /// The largest share of repeats among their phases: a blob that is new at this share is new in each of them.
    share: f64,
}

impl Repeatable {
    /// What the last of these phases may repeat; they make blobs of consecutive indices, from `first` on.
    pub fn of<'a>(phases: impl IntoIterator<Item = &'a Phase>, first: u64) -> Self {
        let none = Self { first, always_new: MOST_LAG, share: 0.0 };
        phases.into_iter().fold(none, |all, phase| Self {
            always_new: all.always_new.min(phase.lag()),
            share: all.share.max(phase.duplicates),
            ..all
        })
    }
}

impl Phase {
    /// The least distance in indices between a blob and the one that it repeats, so that this one should be stored by then.
    fn lag(&self) -> u64 {
        let most = if self.load.is_open() { OPEN_LAG } else { MOST_LAG };
        u64::from(self.load.most_in_flight()).clamp(1, most)
    }

    /// How many blobs the phase makes, up to `enough`, which is also the answer for a closed loop that ends by time.
    fn makes(&self, seed: u64, enough: u64) -> u64 {
        let blobs = self.stop.blobs.unwrap_or(enough).min(enough);
        let Load::Open { rate, arrivals, .. } = &self.load else { return blobs };
        let length = self.length();
        let due = Schedule::new(rate, *arrivals, seed);
        let due = due.take_while(|arrival| length.is_none_or(|length| arrival.due < length));
        (0..blobs).zip(due).count() as u64
    }
}

impl Plan {
    /// What blobs that are made in `phase` may repeat; those of the phase [`Plan::first_alike`] begin with index `first`.
    pub fn repeatable(&self, phase: usize, first: u64) -> Repeatable {
        Repeatable::of(self.alike(phase), first)
    }

    /// Whether this phase or a later one repeats blobs of `phase`.
    pub fn is_repeated(&self, phase: usize) -> bool {
        let made = |later: &usize| self.phases[*later].source == BlobSource::Made;
        let later =
            (phase + 1..self.phases.len()).filter(made).take_while(|later| self.draws_like_before(*later));
        std::iter::once(phase).chain(later).any(|one| self.phases[one].duplicates > 0.0)
    }

    /// The first of the phases up to this one that draw their blobs alike.
    pub fn first_alike(&self, phase: usize) -> usize {
        let begins = |at: &usize| self.phases[*at].source == BlobSource::Made && !self.draws_like_before(*at);
        (0..=phase).rev().find(begins).unwrap_or(0)
    }

    /// The phases up to this one that make blobs and draw them alike.
    fn alike(&self, phase: usize) -> impl Iterator<Item = &Phase> {
        let phases = self.phases[self.first_alike(phase)..=phase].iter();
        phases.filter(|phase| phase.source == BlobSource::Made)
    }

    /// Whether every phase with repeats has something to repeat.
    pub(super) fn check_repeats(&self) -> Result<(), ConfigError> {
        let refuse = |reason: String| Err(ConfigError::new("--duplicates", reason));
        for (position, phase) in self.phases.iter().enumerate() {
            if !(0.0..=1.0).contains(&phase.duplicates) {
                return refuse("must lie between 0% and 100%".to_owned());
            }
            if phase.duplicates == 0.0 || phase.source != BlobSource::Made {
                continue;
            }
            self.store.check_duplicates()?;
            let lag = phase.lag();
            let made: u64 = self.alike(position).map(|phase| phase.makes(self.seed, lag + 1)).sum();
            if made > lag {
                continue;
            }
            return refuse(match phase.load {
                Load::Closed { .. } => format!(
                    "needs more blobs than are under way at a time ({lag}): nothing is stored before those that they could \
                     repeat"
                ),
                Load::Open { .. } => format!(
                    "needs more than {lag} blobs at a rate, and here are {made}: nothing is stored before the first {lag} \
                     that they could repeat; make it longer or faster"
                ),
            });
        }
        Ok(())
    }
}

/// The earlier blob whose bytes `index` repeats: one that is no repeat itself, and far enough back that it should be
/// stored by now. The first blobs have nothing to repeat.
pub fn source(seed: u64, index: u64, phase: &Phase, repeatable: &Repeatable) -> Option<u64> {
    let Repeatable { first, always_new, share } = *repeatable;
    if phase.duplicates <= 0.0 {
        return None;
    }
    let candidates = index.checked_sub(first)?.checked_sub(phase.lag())? + 1;
    let position = draw_repeat(seed, index, phase.duplicates)? % candidates;
    let is_new = |earlier: &u64| *earlier < always_new || draw_repeat(seed, first + earlier, share).is_none();
    let found = (position.saturating_sub(SEARCH)..=position).rev().find(is_new);
    Some(first + found.unwrap_or(position % always_new))
}

/// Whether blob `index` is drawn as a repeat; if so, a number to choose its source by. One that is drawn at a small share
/// is drawn at every larger one.
fn draw_repeat(seed: u64, index: u64, share: f64) -> Option<u64> {
    let mut rng = random::stream(seed, index);
    rng.set_word_pos(random::REPEAT_WORD);
    rng.random_bool(share.min(1.0)).then(|| rng.next_u64())
}

#[cfg(test)]
mod tests;
