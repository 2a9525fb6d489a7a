//! Whether a failed step is tried again, and after how long: pure decisions, so that every run with a seed waits alike.

use std::{collections::BTreeSet, time::Duration};

use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::{class::FailureClass, journey::Step, random};
use crate::units::Seconds;

/// How often a failed step is tried again, after which failures, and how long it waits in between.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retries {
    /// How many more times a step may be tried; 0 turns retries off.
    pub most: u32,
    /// How long it waits before it is tried again.
    pub backoff: Backoff,
    /// Classes after which it is tried again besides the transient ones; those about a blob's bytes have no effect here.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub retry_on: BTreeSet<FailureClass>,
}

/// How long a failed step waits before it is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Backoff {
    /// The same time after each attempt.
    Constant {
        /// That time.
        #[serde(rename = "wait_seconds", with = "Seconds")]
        wait: Duration,
    },
    /// A time that doubles with each attempt; chance takes up to half of it away, so that what failed together does
    /// not come back together.
    Exponential {
        /// The time after the first attempt.
        #[serde(rename = "from_seconds", with = "Seconds")]
        from: Duration,
        /// What it never exceeds.
        #[serde(rename = "to_seconds", with = "Seconds")]
        to: Duration,
    },
}

impl Default for Backoff {
    fn default() -> Self {
        Backoff::Exponential { from: Duration::from_millis(100), to: Duration::from_secs(10) }
    }
}

/// An attempt at one step of one blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// The run's seed.
    pub seed: u64,
    /// The blob's index.
    pub index: u64,
    /// What was tried.
    pub step: Step,
    /// Which attempt at it this was, from 1.
    pub number: u32,
}

/// Whether a failure of this class is transient, as of a full or broken server or of the network. Refusals are final, and
/// so are wrong bytes: those are findings, which a retry would only hide.
pub const fn is_transient(class: FailureClass) -> bool {
    match class {
        FailureClass::Dns
        | FailureClass::Refused
        | FailureClass::ConnectTimeout
        | FailureClass::Reset
        | FailureClass::Timeout
        | FailureClass::RequestTimeout
        | FailureClass::TooEarly
        | FailureClass::Shed
        | FailureClass::Unavailable
        | FailureClass::ServerError
        | FailureClass::Gateway => true,
        FailureClass::Tls
        | FailureClass::TokenUsed
        | FailureClass::Auth
        | FailureClass::NotFound
        | FailureClass::Forbidden
        | FailureClass::Legal
        | FailureClass::TooLarge
        | FailureClass::BadRequest
        | FailureClass::Redirect
        | FailureClass::ErrorObject
        | FailureClass::EarlySuccess
        | FailureClass::Malformed
        | FailureClass::Encoded
        | FailureClass::Truncated
        | FailureClass::TooLong
        | FailureClass::Corrupt => false,
    }
}

impl Retries {
    /// How long to wait before the next attempt when `attempt` has failed with `class`; `None` when it was the last.
    ///
    /// A server that `asked` for a time is never asked again earlier. When it asks for more than the step's `timeout`,
    /// the longest that one exchange of it may take, the step has failed: to come back earlier would not help.
    pub fn wait(
        &self,
        attempt: Attempt,
        class: FailureClass,
        asked: Option<Duration>,
        timeout: Duration,
    ) -> Option<Duration> {
        let retried = is_transient(class) || self.retry_on.contains(&class) && !class.is_about_bytes();
        if attempt.number > self.most || !retried {
            return None;
        }
        let asked = asked.unwrap_or_default();
        (asked <= timeout).then(|| self.backoff.after(attempt).max(asked))
    }
}

impl Backoff {
    /// The wait after `attempt`: of an exponential one, between half and the whole of `from · 2ⁿ⁻¹`, at most `to`.
    fn after(self, attempt: Attempt) -> Duration {
        match self {
            Backoff::Constant { wait } => wait,
            Backoff::Exponential { from, to } => {
                let doublings = attempt.number.saturating_sub(1).min(31);
                let whole = from.saturating_mul(1 << doublings).min(to);
                whole.mul_f64(0.5 + chance(attempt) / 2.0)
            }
        }
    }
}

/// A number from 0 to 1 that belongs to this attempt alone.
fn chance(attempt: Attempt) -> f64 {
    let step = match attempt.step {
        Step::Upload => 0,
        Step::Read { ordinal } => u128::from(ordinal),
        Step::ControlUpload => 256,
        Step::Control => 257,
        Step::After => 258,
        Step::Again => 259,
    };
    let mut rng = random::stream(attempt.seed, attempt.index);
    // A number takes two words; the blob's other draws are far below.
    rng.set_word_pos(random::RETRY_WORD + ((step << 32 | u128::from(attempt.number)) << 1));
    rng.random()
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator;

    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const TIMEOUT: Duration = Duration::from_secs(60);

    fn attempt(number: u32) -> Attempt {
        Attempt { seed: 7, index: 3, step: Step::Upload, number }
    }

    fn constant(most: u32) -> Retries {
        Retries { most, backoff: Backoff::Constant { wait: 300 * MS }, ..Retries::default() }
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let transient: Vec<_> =
            FailureClass::iter().filter(|class| is_transient(*class)).map(FailureClass::label).collect();
        let expected = [
            "dns",
            "refused",
            "connect-timeout",
            "reset",
            "timeout",
            "request-timeout",
            "too-early",
            "shed",
            "unavailable",
            "server-error",
            "gateway",
        ];
        assert_eq!(transient, expected);
    }

    #[test]
    fn attempts_end_with_their_number_or_with_a_final_failure() {
        let wait = |most, number, class| constant(most).wait(attempt(number), class, None, TIMEOUT);
        assert_eq!(wait(2, 1, FailureClass::Shed), Some(300 * MS));
        assert_eq!(wait(2, 2, FailureClass::Shed), Some(300 * MS));
        assert_eq!(wait(2, 3, FailureClass::Shed), None);
        assert_eq!(wait(2, 1, FailureClass::Corrupt), None);
        assert_eq!(wait(0, 1, FailureClass::Shed), None);
        assert_eq!(Retries::default().wait(attempt(1), FailureClass::Shed, None, TIMEOUT), None);
    }

    #[test]
    fn further_classes_are_tried_again_when_asked_for_unless_they_are_about_bytes() {
        for class in FailureClass::iter() {
            let retries = Retries { retry_on: [class].into(), ..constant(1) };
            let wait = retries.wait(attempt(1), class, None, TIMEOUT);
            assert_eq!(wait.is_some(), !class.is_about_bytes(), "{class}");
            assert_eq!(retries.wait(attempt(2), class, None, TIMEOUT), None, "{class}");
            let other = if class == FailureClass::Legal { FailureClass::Auth } else { FailureClass::Legal };
            assert_eq!(retries.wait(attempt(1), other, None, TIMEOUT), None, "{class}");
        }
        let about_bytes: Vec<_> =
            FailureClass::iter().filter(|class| class.is_about_bytes()).map(FailureClass::label).collect();
        assert_eq!(about_bytes, ["truncated", "too-long", "corrupt"]);
    }

    #[test]
    fn a_server_is_not_asked_again_before_it_wants_to_be() {
        let wait = |asked: u32| {
            constant(1).wait(attempt(1), FailureClass::Unavailable, Some(asked * 1000 * MS), TIMEOUT)
        };
        assert_eq!(wait(0), Some(300 * MS), "what is shorter than the backoff changes nothing");
        assert_eq!(wait(2), Some(2000 * MS));
        assert_eq!(wait(60), Some(TIMEOUT));
        assert_eq!(wait(61), None, "longer than the step's timeout");
    }

    #[test]
    fn waits_double_up_to_their_end_and_chance_takes_up_to_half() {
        let backoff = Backoff::Exponential { from: 100 * MS, to: 1000 * MS };
        for (number, whole) in
            [(1, 100), (2, 200), (3, 400), (4, 800), (5, 1000), (40, 1000), (u32::MAX, 1000)]
        {
            let (mut least, mut most) = (Duration::MAX, Duration::ZERO);
            for index in 0..400 {
                let wait = backoff.after(Attempt { index, ..attempt(number) });
                (least, most) = (least.min(wait), most.max(wait));
            }
            let whole = whole * MS;
            // 400 draws leave less than 5 % at either end of the range untouched.
            assert!((whole / 2..whole.mul_f64(0.525)).contains(&least), "{number}: {least:?}");
            assert!((whole.mul_f64(0.975)..=whole).contains(&most), "{number}: {most:?}");
        }
    }

    #[test]
    fn a_wait_is_the_same_in_every_run_and_another_for_every_attempt() {
        let wait = |attempt: Attempt| Backoff::default().after(attempt);
        assert_eq!(wait(attempt(2)), wait(attempt(2)));
        let one = attempt(2);
        let first = wait(one);
        for other in
            [Attempt { seed: 8, ..one }, Attempt { index: 4, ..one }, Attempt { step: Step::FIRST, ..one }]
        {
            assert_ne!(wait(other), first, "{other:?}");
        }
        assert_ne!(wait(attempt(3)), first * 2);
    }

    #[test]
    fn documents_say_how_and_how_long() {
        for (retries, document) in [
            (constant(3), r#"{"most":3,"backoff":{"kind":"constant","wait_seconds":0.3}}"#),
            (
                Retries { retry_on: [FailureClass::NotFound].into(), ..constant(1) },
                r#"{"most":1,"backoff":{"kind":"constant","wait_seconds":0.3},"retry_on":["not-found"]}"#,
            ),
            (
                Retries::default(),
                r#"{"most":0,"backoff":{"kind":"exponential","from_seconds":0.1,"to_seconds":10.0}}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&retries).unwrap(), document);
            assert_eq!(serde_json::from_str::<Retries>(document).unwrap(), retries);
        }
    }
}
