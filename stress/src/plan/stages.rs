//! A level that stays or changes over time: how many journeys at once, or how many a second.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::units::OptionalSeconds;

/// A stretch of time in which a level stays, or changes linearly.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// The level at its start.
    pub from: f64,
    /// The level at its end.
    pub to: f64,
    /// How long it lasts; `None`, in the last stage only, for as long as the phase does.
    #[serde(rename = "duration_seconds", with = "OptionalSeconds")]
    pub duration: Option<Duration>,
}

/// Stages, one after the other; behind the last one there is nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Document", into = "Document")]
pub struct Stages(pub Vec<Stage>);

/// Stages in a document: one level that stays is a number.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Document {
    Whole(u64),
    Level(f64),
    Stages(Vec<Stage>),
}

impl From<Document> for Stages {
    fn from(document: Document) -> Self {
        match document {
            Document::Whole(level) => Stages::constant(level as f64),
            Document::Level(level) => Stages::constant(level),
            Document::Stages(stages) => Stages(stages),
        }
    }
}

impl From<Stages> for Document {
    fn from(stages: Stages) -> Self {
        match stages.0[..] {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "checked to be whole and small"
            )]
            [Stage { from, to, duration: None }]
                if from == to && from.fract() == 0.0 && (0.0..1e15).contains(&from) =>
            {
                Document::Whole(from as u64)
            }
            [Stage { from, to, duration: None }] if from == to => Document::Level(from),
            _ => Document::Stages(stages.0),
        }
    }
}

impl Stages {
    /// One level for as long as the phase lasts.
    pub fn constant(level: f64) -> Self {
        Self(vec![Stage { from: level, to: level, duration: None }])
    }

    /// The highest level.
    pub fn peak(&self) -> f64 {
        self.0.iter().map(|stage| stage.from.max(stage.to)).fold(0.0, f64::max)
    }

    /// How long all stages last together; `None` when the last one has no end.
    pub fn length(&self) -> Option<Duration> {
        self.0.iter().map(|stage| stage.duration).sum()
    }

    /// The level at `now` since the start; `None` behind the last stage.
    pub fn at(&self, now: Duration) -> Option<f64> {
        let mut start = Duration::ZERO;
        for stage in &self.0 {
            let within = now.checked_sub(start)?;
            match stage.duration {
                Some(duration) if within >= duration => start += duration,
                _ => return Some(stage.from + stage.slope() * within.as_secs_f64()),
            }
        }
        None
    }

    /// When the level is next at least `level`, at `now` or later; `None` when it never is again.
    pub fn reaches(&self, level: f64, now: Duration) -> Option<Duration> {
        let mut start = Duration::ZERO;
        for stage in &self.0 {
            let end = stage.duration.map(|duration| start + duration);
            if end.is_none_or(|end| now < end)
                && let Some(within) = stage.reaches(level, now.saturating_sub(start))
            {
                return Some(start + within);
            }
            start = end?;
        }
        None
    }
}

impl Stage {
    /// How much the level changes per second.
    pub(super) fn slope(self) -> f64 {
        self.duration.map_or(0.0, |duration| (self.to - self.from) / duration.as_secs_f64())
    }

    /// When the level is next at least `level`, at `now` or later, both since the stage's start.
    fn reaches(self, level: f64, now: Duration) -> Option<Duration> {
        let at_now = self.from + self.slope() * now.as_secs_f64();
        if at_now >= level {
            return Some(now);
        }
        if self.slope() <= 0.0 || self.to < level {
            return None;
        }
        Duration::try_from_secs_f64((level - self.from) / self.slope()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(from: f64, to: f64, seconds: u64) -> Stage {
        Stage { from, to, duration: Some(Duration::from_secs(seconds)) }
    }

    #[test]
    fn one_level_that_stays_is_a_number_in_documents() {
        for (stages, document) in [
            (Stages::constant(8.0), "8"),
            (Stages::constant(0.5), "0.5"),
            (Stages(vec![stage(1.0, 2.0, 3)]), r#"[{"from":1.0,"to":2.0,"duration_seconds":3.0}]"#),
        ] {
            assert_eq!(serde_json::to_string(&stages).unwrap(), document);
            assert_eq!(serde_json::from_str::<Stages>(document).unwrap(), stages);
        }
    }

    #[test]
    fn a_level_is_reached_now_later_or_never() {
        let seconds = Duration::from_secs;
        // 2 for 10 s, up to 6 within 4 s, 1 for 5 s.
        let stages = Stages(vec![stage(2.0, 2.0, 10), stage(2.0, 6.0, 4), stage(1.0, 1.0, 5)]);
        assert_eq!((stages.peak(), stages.length()), (6.0, Some(seconds(19))));
        for (level, now, expected) in [
            (2.0, 0, Some(0)),
            (2.0, 7, Some(7)),
            (3.0, 0, Some(11)),
            (5.0, 12, Some(13)),
            (6.0, 0, Some(14)),
            (7.0, 0, None),
            (2.0, 14, None),
            (1.0, 14, Some(14)),
            (1.0, 19, None),
        ] {
            assert_eq!(stages.reaches(level, seconds(now)), expected.map(seconds), "{level} from {now} s");
        }
        assert_eq!(Stages::constant(8.0).reaches(8.0, seconds(1_000_000)), Some(seconds(1_000_000)));
        assert_eq!(
            (Stages::constant(8.0).length(), Stages::constant(8.0).reaches(9.0, seconds(0))),
            (None, None)
        );
    }
}
