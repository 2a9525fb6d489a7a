//! Steps as they are typed: with the delay of those that wait.

use std::{str::FromStr, time::Duration};

use crate::{
    plan::{
        delay::{AgainAfter, DelayRange},
        journey::Step,
    },
    units::parse_duration,
};

/// A step of `--steps`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct TypedStep {
    pub(super) step: Step,
    /// Of `after:DELAY`.
    pub(super) delay: Option<DelayRange>,
}

impl FromStr for TypedStep {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some(delay) = text.strip_prefix("after:") {
            let delay = delay.parse().map_err(|reason| format!("after: {reason}"))?;
            return Ok(Self { step: Step::After, delay: Some(delay) });
        }
        match Step::from_label(text) {
            Some(Step::After) => Err("after needs a delay, as in after:5s or after:100ms..60s".to_owned()),
            Some(Step::Again) => {
                Err("again is no step of its own; --again TIMES adds it to after:DELAY".to_owned())
            }
            Some(step) if !step.is_of_control() => Ok(Self { step, delay: None }),
            _ => Err(format!(
                "there is no step `{text}`; the steps are upload, first, cached, read3, read4 and so on, and after:DELAY"
            )),
        }
    }
}

/// Reads a time of `--again`.
pub(super) fn parse_again(text: &str) -> Result<AgainAfter, String> {
    match parse_duration(text)? {
        Duration::ZERO => {
            Err("must be longer than 0 s: it counts from the read that found no blob".to_owned())
        }
        after => Ok(AgainAfter(after)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_read_with_their_delays() {
        for (text, step, delay) in [
            ("upload", Step::Upload, None),
            (" read3 ", Step::Read { ordinal: 3 }, None),
            ("after:100ms..60s", Step::After, Some("100ms..1m")),
            ("after:5s", Step::After, Some("5s")),
        ] {
            let typed: TypedStep = text.parse().unwrap();
            assert_eq!((typed.step, typed.delay.map(|delay| delay.to_string()).as_deref()), (step, delay));
        }
        for (text, reason) in [
            ("after", "needs a delay"),
            ("again", "--again"),
            ("control", "there is no step `control`"),
            ("after:", "after: "),
            ("after:60s..1s", "from the longer delay"),
            ("after:0s", "longer than 0 s"),
        ] {
            let error = text.parse::<TypedStep>().unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
        assert!(parse_again("0").is_err());
    }
}
