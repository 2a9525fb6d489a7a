//! Which blobs repeat bytes that the run has stored before: a pure function of seed, index and what came before.

use rand::{Rng, RngExt};

use super::{ConfigError, Phase, Plan, draw, load::Load, schedule::Schedule, source::BlobSource};

/// How many blobs are asked in turn whether they are new, before the search falls back on the first ones.
const SEARCH: u64 = 64;
/// So many of a closed loop's first blobs have nothing to repeat at most, however many are under way at a time.
const MOST_LAG: u64 = 1024;
/// So many of the first blobs of a rate have nothing to repeat. How many are under way then is not known before: a blob whose
/// source is not stored yet is new.
const OPEN_LAG: u64 = 64;

/// The blobs whose bytes those of a phase may repeat: those made before it and drawn alike, and its own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Past {
    /// The first of them.
    first: u64,
    /// So many of them, from the first on, are new whatever chance says.
    sure: u64,
    /// The largest share of repeats that any of their phases has: what is new with it is new in each.
    share: f64,
}

impl Past {
    /// The past of the last of these phases, which make blobs in a row, beginning with that of index `first`.
    pub fn of<'a>(phases: impl IntoIterator<Item = &'a Phase>, first: u64) -> Self {
        let none = Self { first, sure: MOST_LAG, share: 0.0 };
        phases.into_iter().fold(none, |past, phase| Self {
            sure: past.sure.min(phase.lag()),
            share: past.share.max(phase.duplicates),
            ..past
        })
    }
}

impl Phase {
    /// How far a blob is behind the one that it repeats at least, so that this one should be stored by then.
    fn lag(&self) -> u64 {
        let most = if matches!(self.load, Load::Open { .. }) { OPEN_LAG } else { MOST_LAG };
        u64::from(self.load.most_in_flight()).clamp(1, most)
    }

    /// How many blobs the phase makes, up to `enough`: those of a closed loop that ends by time are not known before.
    fn makes(&self, seed: u64, enough: u64) -> u64 {
        let blobs = self.stop.blobs.unwrap_or(enough).min(enough);
        let Load::Open { rate, arrivals, .. } = &self.load else { return blobs };
        let length = [self.stop.duration, self.load.length()].into_iter().flatten().min();
        let due = Schedule::new(rate, *arrivals, seed);
        let due = due.take_while(|arrival| length.is_none_or(|length| arrival.due < length));
        (0..blobs).zip(due).count() as u64
    }
}

impl Plan {
    /// What blobs that are made in `phase` may repeat; the first of these phases' blobs has the index `first`.
    pub fn past(&self, phase: usize, first: u64) -> Past {
        Past::of(self.stretch(phase), first)
    }

    /// Whether this phase or a later one repeats blobs of this one.
    pub fn is_drawn_on(&self, phase: usize) -> bool {
        let made = |later: &usize| self.phases[*later].source == BlobSource::Made;
        let later = (phase + 1..self.phases.len()).filter(made).take_while(|later| self.draws_on(*later));
        std::iter::once(phase).chain(later).any(|one| self.phases[one].duplicates > 0.0)
    }

    /// The phases up to this one that make blobs which are drawn alike.
    fn stretch(&self, phase: usize) -> impl Iterator<Item = &Phase> {
        let made = |phase: &Phase| phase.source == BlobSource::Made;
        let begins = |at: &usize| made(&self.phases[*at]) && !self.draws_on(*at);
        let begin = (0..=phase).rev().find(begins).unwrap_or(0);
        self.phases[begin..=phase].iter().filter(move |phase| made(phase))
    }

    /// Whether there is something to repeat where that is wanted.
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
            let made: u64 = self.stretch(position).map(|phase| phase.makes(self.seed, lag + 1)).sum();
            if made > lag {
                continue;
            }
            return refuse(match phase.load {
                Load::Closed { .. } => format!(
                    "needs more blobs than are under way at a time ({lag}): those have nothing stored before them to \
                     repeat"
                ),
                Load::Open { .. } => format!(
                    "needs more than {lag} blobs at a rate, and here are {made}: the first {lag} have nothing stored \
                     before them to repeat; make it longer or faster"
                ),
            });
        }
        Ok(())
    }
}

/// The earlier blob whose bytes `index` repeats: one that is no repeat itself, and so far back that it should be
/// stored by now. The first blobs have nothing to repeat.
pub fn source(seed: u64, index: u64, phase: &Phase, past: &Past) -> Option<u64> {
    if phase.duplicates <= 0.0 {
        return None;
    }
    let choices = index.checked_sub(past.first)?.checked_sub(phase.lag())? + 1;
    let position = wants_repeat(seed, index, phase.duplicates)? % choices;
    let fresh = |earlier: &u64| {
        *earlier < past.sure || wants_repeat(seed, past.first + earlier, past.share).is_none()
    };
    let found = (position.saturating_sub(SEARCH)..=position).rev().find(fresh);
    Some(past.first + found.unwrap_or(position % past.sure))
}

/// Whether blob `index` wants to be a repeat; if so, a number to choose its source by. Who wants to at a small share wants
/// to at every larger one.
fn wants_repeat(seed: u64, index: u64, share: f64) -> Option<u64> {
    let mut rng = draw::stream(seed, index);
    rng.set_word_pos(draw::REPEAT_WORD);
    rng.random_bool(share.min(1.0)).then(|| rng.next_u64())
}

#[cfg(test)]
mod tests;
