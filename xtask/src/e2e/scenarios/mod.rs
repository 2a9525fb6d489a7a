//! What is tried, in the order in which it is tried.

mod faults;
mod happy;
mod pressure;
mod trouble;
mod weather;

use std::time::Duration;

use super::{job::Job, stage::Stage};
use crate::failure::Result;

/// Something to try, and what it shows.
pub(crate) struct Scenario {
    pub(crate) name: String,
    /// What is checked, in words.
    pub(crate) about: String,
    /// When it is given up.
    pub(crate) limit: Duration,
    pub(crate) act: Act,
}

/// How a scenario is played.
pub(crate) enum Act {
    /// One run between two servers.
    Job(Job),
    /// Anything else.
    Scene(fn(&Stage<'_>) -> Result<String>),
}

impl Scenario {
    fn job(name: &str, about: &str, job: Job) -> Self {
        Self {
            name: name.to_owned(),
            about: about.to_owned(),
            limit: Duration::from_secs(60),
            act: Act::Job(job),
        }
    }

    fn scene(name: &str, about: &str, scene: fn(&Stage<'_>) -> Result<String>) -> Self {
        Self {
            name: name.to_owned(),
            about: about.to_owned(),
            limit: Duration::from_secs(60),
            act: Act::Scene(scene),
        }
    }

    fn within(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }
}

/// Every scenario.
pub(crate) fn all() -> Vec<Scenario> {
    let mut all = happy::scenarios();
    all.extend(faults::scenarios());
    all.extend(pressure::scenarios());
    all.extend(trouble::scenarios());
    all.extend(weather::scenarios());
    all
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_scenario_has_a_name_of_its_own_and_says_what_it_checks() {
        let all = all();
        let names: BTreeSet<_> = all.iter().map(|scenario| scenario.name.as_str()).collect();
        assert_eq!(names.len(), all.len());
        for scenario in &all {
            assert!(
                !scenario.about.is_empty() && scenario.limit <= Duration::from_secs(600),
                "{}",
                scenario.name
            );
        }
    }
}
