//! What a soak test is, how long it may run, and how it can end.

use std::time::Duration;

use crate::{
    e2e::{check::Checks, harness::Harness},
    failure::Result,
};

/// One soak test.
pub(super) struct SoakTest {
    pub(super) name: &'static str,
    /// What must hold, in a line.
    pub(super) about: &'static str,
    pub(super) run: fn(&Harness<'_>, RunLength, &mut Checks) -> Result<Outcome>,
}

/// Whether it could be run.
pub(super) enum Outcome {
    Done,
    /// Not on this machine, and why.
    Skipped(&'static str),
}

/// How many minutes a run may take at most, if that is limited.
#[derive(Debug, Clone, Copy)]
pub(super) struct RunLength(pub(super) Option<f64>);

impl RunLength {
    /// The usual time, or the limit if that is less.
    pub(super) fn of(self, usual: Duration) -> Duration {
        self.limit().map_or(usual, |limit| usual.min(limit))
    }

    pub(super) fn limit(self) -> Option<Duration> {
        self.0.map(|minutes| Duration::from_secs_f64(minutes * 60.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_as_long_as_is_wanted() {
        let usual = Duration::from_secs(600);
        assert_eq!(RunLength(None).of(usual), usual);
        assert_eq!(RunLength(Some(0.5)).of(usual), Duration::from_secs(30));
        assert_eq!(RunLength(Some(60.0)).of(usual), usual);
    }
}
