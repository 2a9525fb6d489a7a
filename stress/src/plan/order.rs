//! The order of steps: blob by blob, or each step over all blobs before the next one, in phases that share their blobs.

use super::{
    ConfigError, Phase, Plan,
    journey::{Journey, Step},
    load::Stop,
    source::BlobSource,
};

impl Phase {
    /// A phase for each of its steps (`--order phased`): the first has the source of the blobs, the later ones go once
    /// over the blobs for which every earlier step succeeded.
    pub fn step_by_step(self) -> Vec<Phase> {
        if self.journey.steps.len() < 2 {
            return vec![self];
        }
        let phase = |(position, &step): (usize, &Step)| {
            let own =
                Phase { name: step.to_string(), journey: Journey { steps: vec![step] }, ..self.clone() };
            match position {
                0 => own,
                _ => Phase {
                    source: BlobSource::Earlier,
                    load: self.load.lasting(),
                    stop: Stop { blobs: None, duration: None },
                    ..own
                },
            }
        };
        self.journey.steps.iter().enumerate().map(phase).collect()
    }
}

impl Plan {
    /// The position of the phase in which the blobs of `phase` come into the run: `phase` itself, unless it uses those of
    /// an earlier one.
    pub fn origin(&self, phase: usize) -> usize {
        let is_origin = |phase: &Phase| !phase.warm_up && !phase.source.is_earlier();
        match self.phases.get(phase) {
            Some(Phase { source: BlobSource::Earlier, .. }) => {
                self.phases[..phase].iter().rposition(is_origin).unwrap_or(phase)
            }
            Some(Phase { source: BlobSource::Phase { name, .. }, .. }) => {
                let named = self.phases[..phase].iter().rposition(|one| !one.warm_up && one.name == *name);
                named.map_or(phase, |named| self.origin(named))
            }
            _ => phase,
        }
    }

    /// Whether the blobs of `phase` are drawn from the same sizes and contents as those made before it: only then does
    /// drawing an earlier index again give the bytes that were stored.
    pub fn draws_like_before(&self, phase: usize) -> bool {
        let (before, from) = self.phases.split_at(phase);
        let made = before.iter().rfind(|phase| phase.source == BlobSource::Made);
        let alike = |own: &Phase, other: &Phase| own.sizes == other.sizes && own.content == other.content;
        made.zip(from.first()).is_none_or(|(other, own)| alike(own, other))
    }

    /// Whether a later phase uses the blobs of `phase` as it has left them.
    pub fn carries_over(&self, phase: usize) -> bool {
        (phase + 1..self.phases.len()).any(|later| self.origin(later) == self.origin(phase))
    }

    /// The phases that use no blobs of earlier ones, warm-ups among them.
    pub fn sources(&self) -> impl Iterator<Item = &Phase> {
        self.phases.iter().filter(|phase| !phase.source.is_earlier())
    }

    /// Whether a step occurs in more than one measured phase, so that its name alone does not identify it.
    pub fn repeats_steps(&self) -> bool {
        let mut steps: Vec<_> = self.measured().flat_map(|phase| phase.journey.steps.iter()).collect();
        let all = steps.len();
        steps.sort_unstable();
        steps.dedup();
        steps.len() < all
    }

    /// The phases that are no warm-ups.
    fn measured(&self) -> impl Iterator<Item = &Phase> {
        self.phases.iter().filter(|phase| !phase.warm_up)
    }

    /// Whether each phase that uses earlier blobs has some, and continues with the step that follows.
    pub(super) fn check_order(&self) -> Result<(), ConfigError> {
        let mut before: Option<&Phase> = None;
        for (position, phase) in self.phases.iter().enumerate() {
            if let BlobSource::Phase { name, .. } = &phase.source {
                let refuse = |reason: &str| Err(ConfigError::new("--blobs-of", format!("`{name}` {reason}")));
                if phase.warm_up {
                    return refuse("cannot be read by a warm-up, which needs blobs of its own");
                }
                if self.origin(position) == position {
                    return refuse("is no phase before this one");
                }
                continue;
            }
            let wrong = |reason: String| {
                Err(ConfigError::new("--order", format!("phased: the phase `{}` {reason}", phase.name)))
            };
            if phase.source == BlobSource::Earlier {
                let last = before.and_then(|before| before.journey.steps.last());
                let next = phase.journey.steps.first();
                match (last, next) {
                    _ if phase.warm_up => {
                        return wrong("is a warm-up; it needs blobs of its own".into());
                    }
                    (None, _) => return wrong("uses earlier blobs, but there are none".into()),
                    (Some(last), Some(next)) if last.followed_by() != *next => {
                        return wrong(format!(
                            "starts with {next}; {last} is followed by {}",
                            last.followed_by()
                        ));
                    }
                    _ => {}
                }
            }
            before = if phase.warm_up { before } else { Some(phase) };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::plan::{
        Verify,
        limits::Limits,
        load::Load,
        retry::Retries,
        schedule::Arrivals,
        sizes::{ContentMix, Sizes},
        stages::{Stage, Stages},
        store::StoreOptions,
    };

    fn main() -> Phase {
        Phase {
            name: "main".to_owned(),
            journey: Journey::default(),
            source: BlobSource::Made,
            delays: None,
            sizes: Sizes { min: 1, max: 9 },
            content: ContentMix::Mixed,
            duplicates: 0.0,
            order_control: 0.0,
            load: Load::closed(3),
            stop: Stop { blobs: Some(5), duration: None },
            grace: Duration::from_secs(30),
            warm_up: false,
        }
    }

    /// A warm-up, and a run in one phase for each step.
    fn phased() -> Plan {
        let warm_up = Phase { warm_up: true, name: "warm-up".to_owned(), ..main() };
        Plan {
            seed: 7,
            publishers: vec!["http://h".parse().unwrap()],
            aggregators: vec!["http://h".parse().unwrap()],
            phases: [vec![warm_up], main().step_by_step()].concat(),
            store: StoreOptions::default(),
            limits: Limits {
                upload_timeout: Duration::from_secs(1),
                download_timeout: Duration::from_secs(1),
                connect_timeout: Duration::from_secs(1),
                expect_continue: false,
                insecure: false,
                ca_certificates: None,
                user_agent: "test".to_owned(),
                publisher_headers: Vec::new(),
                aggregator_headers: Vec::new(),
                cache_headers: Vec::new(),
            },
            verify: Verify::Full,
            retries: Retries::default(),
            thresholds: Vec::new(),
            unsupported_percentiles: Default::default(),
            shard: None,
            vantage: None,
        }
    }

    #[test]
    fn each_step_becomes_a_phase_over_the_blobs_of_the_first() {
        let plan = phased();
        let phases: Vec<_> =
            plan.phases.iter().map(|phase| (phase.name.as_str(), phase.stop.blobs)).collect();
        let expected = [("warm-up", Some(5)), ("upload", Some(5)), ("first", None), ("cached", None)];
        assert_eq!(phases, expected);
        assert_eq!((0..4).map(|phase| plan.origin(phase)).collect::<Vec<_>>(), [0, 1, 1, 1]);
        assert_eq!(
            (0..4).map(|phase| plan.carries_over(phase)).collect::<Vec<_>>(),
            [false, true, true, false]
        );
        assert_eq!((plan.sources().count(), plan.repeats_steps(), plan.check()), (2, false, Ok(())));
    }

    #[test]
    fn one_step_needs_no_phases() {
        let only = Phase { journey: Journey { steps: vec![Step::Upload] }, ..main() };
        assert_eq!(only.clone().step_by_step(), [only]);
    }

    #[test]
    fn reads_continue_at_the_last_level_until_all_blobs_are_read() {
        let stage = |from, to| Stage { from, to, duration: Some(Duration::from_secs(10)) };
        let open = |stages: Vec<Stage>| Load::Open {
            rate: Stages(stages),
            arrivals: Arrivals::Uniform,
            max_in_flight: 9,
        };
        for (stages, level) in
            [(vec![stage(1.0, 8.0)], 8.0), (vec![stage(4.0, 4.0), stage(4.0, 0.0)], 4.0), (vec![], 0.0)]
        {
            let Load::Open { rate, .. } = open(stages.clone()).lasting() else { panic!("another load") };
            let last = Stage { from: level, to: level, duration: None };
            assert_eq!(rate.0, [stages, vec![last]].concat());
        }
        assert_eq!(Load::closed(3).lasting(), Load::closed(3));
    }

    #[test]
    fn phases_without_earlier_blobs_or_with_the_wrong_step_are_refused() {
        let refused = |change: fn(&mut Vec<Phase>)| {
            let mut plan = phased();
            change(&mut plan.phases);
            plan.check().unwrap_err().to_string()
        };
        for (message, words) in [
            (refused(|phases| drop(phases.remove(1))), "`first` uses earlier blobs, but there are none"),
            (
                refused(|phases| drop(phases.remove(2))),
                "`cached` starts with cached; upload is followed by first",
            ),
            (refused(|phases| phases[2].warm_up = true), "`first` is a warm-up"),
        ] {
            assert!(message.starts_with("--order phased") && message.contains(words), "{message}");
        }
    }
}
