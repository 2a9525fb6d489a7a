//! The scenarios in the order in which they run.

mod faults;
mod basic;
mod pressure;
mod interruptions;
mod weather;

use super::scenario::Scenario;

/// The documents whose commands are run.
const DOCUMENTS: &[(&str, &str)] = &[
    ("readme", "README.md"),
    ("flags", "stress/docs/flags.md"),
    ("plan-files", "stress/docs/plan-files.md"),
    ("measuring", "stress/docs/measuring.md"),
    ("caching", "stress/docs/caching.md"),
    ("thresholds", "stress/docs/thresholds.md"),
    ("comparing", "stress/docs/comparing.md"),
    ("operators", "stress/docs/operators.md"),
    ("readable", "stress/docs/readable.md"),
    ("many-machines", "stress/docs/many-machines/README.md"),
    ("formats", "stress/docs/formats.md"),
    ("mainnet", "stress/docs/mainnet.md"),
    ("performance", "stress/docs/performance.md"),
    ("mock-publisher", "mock-publisher/README.md"),
    ("mock-aggregator", "mock-aggregator/README.md"),
];

/// Every scenario.
pub(crate) fn all() -> Vec<Scenario> {
    let mut all = basic::scenarios();
    all.extend(faults::scenarios());
    all.extend(pressure::scenarios());
    all.extend(interruptions::scenarios());
    all.extend(weather::scenarios());
    all.extend(super::hostile::scenarios());
    all.extend(DOCUMENTS.iter().map(|(name, path)| Scenario::document(name, path)));
    all
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, time::Duration};

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
