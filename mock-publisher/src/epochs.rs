//! Which epoch it is: a fixed one, or one that a clock moves on.

use std::time::Duration;

/// The first epoch, and how long each lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Epochs {
    /// The epoch that the server starts in.
    pub first: u32,
    /// How long an epoch lasts; `None` or zero for one that never ends.
    pub duration: Option<Duration>,
}

impl Epochs {
    /// How long after the start an epoch begins; `None` if it never does.
    #[must_use]
    pub fn begins(&self, epoch: u32) -> Option<Duration> {
        let duration = self.duration.filter(|duration| !duration.is_zero())?;
        duration.checked_mul(epoch.saturating_sub(self.first))
    }

    /// The epoch so long after the start.
    #[must_use]
    pub fn at(&self, elapsed: Duration) -> u32 {
        let Some(duration) = self.duration.filter(|duration| !duration.is_zero()) else { return self.first };
        let passed = elapsed.as_nanos() / duration.as_nanos();
        self.first.saturating_add(u32::try_from(passed).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_begins_when_those_before_it_are_over() {
        let epochs = Epochs { first: 10, duration: Some(Duration::from_secs(3)) };
        let begins = |epoch| epochs.begins(epoch).map(|at| at.as_secs());
        assert_eq!([5, 10, 11, 15].map(begins), [Some(0), Some(0), Some(3), Some(15)]);
        assert_eq!(Epochs { duration: None, ..epochs }.begins(11), None);
        assert_eq!(Epochs { duration: Some(Duration::MAX), ..epochs }.begins(12), None);
    }

    #[test]
    fn an_epoch_ends_when_its_time_is_up() {
        let ms = Duration::from_millis;
        let rows = [
            (None, ms(1_000_000), 412),
            (Some(ms(0)), ms(1_000_000), 412),
            (Some(ms(100)), ms(99), 412),
            (Some(ms(100)), ms(100), 413),
            (Some(ms(100)), ms(1_050), 422),
            (Some(Duration::from_nanos(1)), Duration::MAX, u32::MAX),
        ];
        for (duration, elapsed, epoch) in rows {
            assert_eq!(Epochs { first: 412, duration }.at(elapsed), epoch, "{duration:?} {elapsed:?}");
        }
    }
}
