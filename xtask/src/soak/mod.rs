//! `cargo xtask soak`: tests that need minutes or a quiet machine, with release builds of the real programs.

pub(crate) mod args;
mod capacity;
mod clock;
mod endless;
mod resource_limits;
mod report;
mod schedule;
mod soak_test;
mod verification;
mod memory;

use std::time::{Duration, Instant};

use crate::{
    e2e::{check::Checks, harness::Harness},
    failure::{Failure, Result},
    workspace::{self, Programs},
};
use soak_test::{Outcome, RunLength, SoakTest};

/// Every soak test.
const SOAKS: &[SoakTest] = &[
    SoakTest {
        name: "schedule",
        about: "10 min at 100/s: the mean rate within 0.1 %, gaps even, none lost; the publisher's record is the reference",
        run: schedule::run,
    },
    SoakTest {
        name: "endless",
        about: "5 million exchanges in journeys: memory below 64 MiB, and less than 1 MiB of growth after the first minute",
        run: endless::run,
    },
    SoakTest {
        name: "clock",
        about: "a wall clock set by an hour during a run changes no duration and is reported",
        run: clock::run,
    },
    SoakTest {
        name: "verification",
        about: "downloads of 1 MiB take as long with their bytes compared as without, within 2 %",
        run: verification::run,
    },
    SoakTest {
        name: "capacity",
        about: "a search finds a publisher's 40/s within 5 %, in steps of 20 s",
        run: capacity::run,
    },
    SoakTest {
        name: "ports",
        about: "with 100 ports for connections, a run and a search name what they lack and claim nothing",
        run: resource_limits::ports,
    },
    SoakTest {
        name: "quota",
        about: "with a tenth of a core, a run and a search name what they lack and claim nothing",
        run: resource_limits::quota,
    },
];

/// Runs the selected tests and prints for each whether it passed.
pub(crate) fn run(args: &args::Args) -> Result<()> {
    if let Some(name) = args.only.iter().find(|name| SOAKS.iter().all(|soak| soak.name != **name)) {
        return Err(Failure::new(format!(
            "no soak is called `{name}`; `cargo xtask soak --list` shows them all"
        )));
    }
    let wanted = |soak: &&SoakTest| args.only.is_empty() || args.only.iter().any(|name| name == soak.name);
    if args.list {
        SOAKS.iter().filter(wanted).for_each(|soak| println!("{:<13} {}", soak.name, soak.about));
        return Ok(());
    }
    let programs = workspace::build(true)?;
    let failed: Vec<_> = (SOAKS.iter().filter(wanted))
        .filter(|soak| !soak.holds(&programs, RunLength(args.minutes)))
        .map(|soak| soak.name)
        .collect();
    if failed.is_empty() {
        Ok(())
    } else {
        Err(Failure::new(format!("soak: did not hold: {}", failed.join(", "))))
    }
}

impl SoakTest {
    fn holds(&self, programs: &Programs, length: RunLength) -> bool {
        println!("━━ {}: {}", self.name, self.about);
        let begun = Instant::now();
        let harness = Harness::new(programs, Duration::from_secs(86_400));
        let mut checks = Checks::default();
        let outcome = harness
            .as_ref()
            .map_err(Clone::clone)
            .and_then(|harness| (self.run)(harness, length, &mut checks));
        let spent = begun.elapsed().as_secs_f64();
        let verdict = match outcome {
            Ok(Outcome::Skipped(why)) => {
                println!("SKIPPED {}: {why}", self.name);
                return true;
            }
            Ok(Outcome::Done) => checks.verdict(),
            Err(failure) => Err(failure),
        };
        match verdict {
            Ok(notes) => println!("ok   {spent:.1} s: {notes}"),
            Err(failure) => {
                println!("FAIL {spent:.1} s");
                failure.to_string().lines().for_each(|line| println!("       {line}"));
                harness.iter().flat_map(Harness::recent_output).for_each(|line| println!("     | {line}"));
                return false;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_has_a_name_of_its_own() {
        let names: BTreeSet<_> = SOAKS.iter().map(|soak| soak.name).collect();
        assert_eq!(names.len(), SOAKS.len());
        let args = args::Args { only: vec!["nonsense".to_owned()], list: false, minutes: None };
        assert!(run(&args).unwrap_err().to_string().contains("`nonsense`"));
    }
}
