//! `cargo xtask e2e`: the real programs as processes; the main job visibly, then the scenarios.

pub(crate) mod check;
mod hostile;
pub(crate) mod http;
mod job;
pub(crate) mod report;
mod rows;
mod scenario;
mod scenarios;
mod document;
pub(crate) mod harness;
pub(crate) mod stats;

use std::time::Instant;

use crate::{
    failure::{Failure, Result},
    workspace::{self, Programs},
};
use harness::Harness;
use scenario::{Action, Scenario};

/// Runs every scenario.
pub(crate) fn run_all() -> Result<()> {
    run(&[], false)
}

/// Runs the scenarios with these names; all of them if there are no names.
pub(crate) fn run(names: &[String], release: bool) -> Result<()> {
    let scenarios = select(scenarios::all(), names)?;
    let programs = workspace::build(release)?;
    let mut failed = Vec::new();
    for scenario in &scenarios {
        if !run_one(scenario, &programs) {
            failed.push(scenario.name.as_str());
        }
    }
    if failed.is_empty() {
        println!("e2e: {} of {} scenarios passed", scenarios.len(), scenarios.len());
        Ok(())
    } else {
        let count = failed.len();
        Err(Failure::new(format!(
            "e2e: {count} of {} scenarios failed: {}",
            scenarios.len(),
            failed.join(", ")
        )))
    }
}

/// Prints what there is to run.
pub(crate) fn list() {
    for scenario in scenarios::all() {
        println!("{:<30} {}", scenario.name, scenario.about);
    }
}

/// The scenarios that the names mean: one by its whole name, or a group by the start of theirs, such as `fault`.
fn select(all: Vec<Scenario>, names: &[String]) -> Result<Vec<Scenario>> {
    let means = |name: &str, scenario: &Scenario| {
        scenario.name.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    let whole = |name: &str| all.iter().any(|scenario| scenario.name == name);
    if let Some(name) = names.iter().find(|name| !all.iter().any(|scenario| means(name, scenario))) {
        return Err(Failure::new(format!(
            "no scenario is called `{name}`; `cargo xtask e2e --list` shows them all"
        )));
    }
    let exact: Vec<bool> = names.iter().map(|name| whole(name)).collect();
    let wanted = |scenario: &Scenario| {
        let mut named = names.iter().zip(&exact);
        names.is_empty()
            || named.any(|(name, exact)| if *exact { scenario.name == *name } else { means(name, scenario) })
    };
    Ok(all.into_iter().filter(wanted).collect())
}

/// Runs one scenario, prints its line and returns whether it passed.
fn run_one(scenario: &Scenario, programs: &Programs) -> bool {
    let begun = Instant::now();
    let harness = Harness::new(programs, scenario.limit);
    let outcome = harness.as_ref().map_err(Clone::clone).and_then(|harness| match &scenario.action {
        Action::Job(job) => job.run(harness),
        Action::Document(path) => document::run(harness, path),
        Action::Custom(custom) => custom(harness),
    });
    let spent = begun.elapsed().as_secs_f64();
    match outcome {
        Ok(notes) if notes.is_empty() => {
            println!("ok   {:<30} {spent:5.1} s  {}", scenario.name, scenario.about)
        }
        Ok(notes) => println!("ok   {:<30} {spent:5.1} s  {} ({notes})", scenario.name, scenario.about),
        Err(failure) => {
            println!("FAIL {:<30} {spent:5.1} s  {}", scenario.name, scenario.about);
            for line in failure.to_string().lines() {
                println!("       {line}");
            }
            for line in harness.iter().flat_map(Harness::recent_output) {
                println!("     | {line}");
            }
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(names: &[&str]) -> Result<Vec<String>> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        Ok(select(scenarios::all(), &names)?.into_iter().map(|scenario| scenario.name).collect())
    }

    #[test]
    fn a_name_selects_one_scenario_and_a_prefix_a_group() {
        assert_eq!(selected(&["ctrl-c"]).unwrap(), ["ctrl-c"]);
        assert_eq!(selected(&["all-new", "ctrl-c-twice"]).unwrap(), ["all-new", "ctrl-c-twice"]);
        assert!(
            selected(&["fault-publisher"]).unwrap().iter().all(|name| name.starts_with("fault-publisher-"))
        );
        assert_eq!(selected(&[]).unwrap().len(), scenarios::all().len());
    }

    #[test]
    fn an_unknown_name_is_refused() {
        for name in ["nonsense", "fau", ""] {
            assert!(selected(&["all-new", name]).is_err(), "{name}");
        }
    }
}
