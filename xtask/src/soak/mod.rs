//! `cargo xtask soak`: what needs minutes or a quiet machine, with release builds of the real programs.

pub(crate) mod args;
mod capacity;
mod clock;
mod endless;
mod scarce;
mod schedule;
mod verification;
mod watched;

use std::{
    fs,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    e2e::{check::Checks, stage::Stage},
    failure::{Context, Failure, Result},
    workspace::{self, Programs},
};

/// One long thing to try.
struct Soak {
    name: &'static str,
    /// What must hold, in a line.
    about: &'static str,
    play: fn(&Stage<'_>, Length, &mut Checks) -> Result<Played>,
}

/// Whether it could be tried.
enum Played {
    Through,
    /// Not on this machine, and why.
    Skipped(&'static str),
}

/// How long runs may be.
#[derive(Debug, Clone, Copy)]
struct Length(Option<f64>);

impl Length {
    /// The usual time, or less if less is wanted.
    fn of(self, usual: Duration) -> Duration {
        self.limit().map_or(usual, |limit| usual.min(limit))
    }

    /// The longest that a run may take, if that was said.
    fn limit(self) -> Option<Duration> {
        self.0.map(|minutes| Duration::from_secs_f64(minutes * 60.0))
    }
}

/// All there is.
const SOAKS: &[Soak] = &[
    Soak {
        name: "schedule",
        about: "10 min at 100/s: the mean rate within 0.1 %, gaps even, none lost; the publisher judges",
        play: schedule::play,
    },
    Soak {
        name: "endless",
        about: "5 million exchanges in journeys: memory below 64 MiB, and less than 1 MiB of growth after the first minute",
        play: endless::play,
    },
    Soak {
        name: "clock",
        about: "a wall clock set by an hour during a run changes no duration and is told",
        play: clock::play,
    },
    Soak {
        name: "verification",
        about: "downloads of 1 MiB take as long with their bytes compared as without, within 2 %",
        play: verification::play,
    },
    Soak {
        name: "capacity",
        about: "a search finds a publisher's 40/s within 5 %, in steps of 20 s",
        play: capacity::play,
    },
    Soak {
        name: "ports",
        about: "with 100 ports for connections, a run and a search name what they lack and claim nothing",
        play: scarce::ports,
    },
    Soak {
        name: "quota",
        about: "with a tenth of a core, a run and a search name what they lack and claim nothing",
        play: scarce::quota,
    },
];

/// Tries what was asked for, and tells of each whether it held.
pub(crate) fn run(args: &args::Args) -> Result<()> {
    if let Some(name) = args.only.iter().find(|name| SOAKS.iter().all(|soak| soak.name != **name)) {
        return Err(Failure::new(format!(
            "no soak is called `{name}`; `cargo xtask soak --list` shows them all"
        )));
    }
    let wanted = |soak: &&Soak| args.only.is_empty() || args.only.iter().any(|name| name == soak.name);
    if args.list {
        SOAKS.iter().filter(wanted).for_each(|soak| println!("{:<13} {}", soak.name, soak.about));
        return Ok(());
    }
    let programs = workspace::build(true)?;
    let failed: Vec<_> = (SOAKS.iter().filter(wanted))
        .filter(|soak| !soak.holds(&programs, Length(args.minutes)))
        .map(|soak| soak.name)
        .collect();
    if failed.is_empty() {
        Ok(())
    } else {
        Err(Failure::new(format!("soak: did not hold: {}", failed.join(", "))))
    }
}

impl Soak {
    fn holds(&self, programs: &Programs, length: Length) -> bool {
        println!("━━ {}: {}", self.name, self.about);
        let begun = Instant::now();
        let stage = Stage::new(programs, Duration::from_secs(86_400));
        let mut checks = Checks::default();
        let played =
            stage.as_ref().map_err(Clone::clone).and_then(|stage| (self.play)(stage, length, &mut checks));
        let spent = begun.elapsed().as_secs_f64();
        let verdict = match played {
            Ok(Played::Skipped(why)) => {
                println!("SKIPPED {}: {why}", self.name);
                return true;
            }
            Ok(Played::Through) => checks.verdict(),
            Err(failure) => Err(failure),
        };
        match verdict {
            Ok(notes) => println!("ok   {spent:.1} s: {notes}"),
            Err(failure) => {
                println!("FAIL {spent:.1} s");
                failure.to_string().lines().for_each(|line| println!("       {line}"));
                stage.iter().flat_map(Stage::last_words).for_each(|line| println!("     | {line}"));
                return false;
            }
        }
        true
    }
}

/// The report that the tool has left on the stage.
fn report(stage: &Stage<'_>) -> Result<Value> {
    let text = fs::read_to_string(stage.path("report.json")).context("cannot read the report")?;
    serde_json::from_str(&text).context("the report is not JSON")
}

/// A number of a document, by its JSON pointer.
fn number(document: &Value, pointer: &str) -> Result<f64> {
    let value = document.pointer(pointer).and_then(Value::as_f64);
    value.context(format!("the document has no number at {pointer}"))
}

/// The number at `pointer` in the report's account of a step's new blobs, or of its repeats.
fn of_step(report: &Value, step: &str, repeats: bool, pointer: &str) -> Result<f64> {
    let steps = report["steps"].as_array().context("the report has no steps")?;
    let told = steps.iter().find(|told| told["step"] == step && told["repeats"] == repeats);
    number(told.context(format!("the report has no {step}"))?, pointer)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;

    #[test]
    fn each_has_a_name_of_its_own() {
        let names: BTreeSet<_> = SOAKS.iter().map(|soak| soak.name).collect();
        assert_eq!(names.len(), SOAKS.len());
        let args = args::Args { only: vec!["nonsense".to_owned()], list: false, minutes: None };
        assert!(run(&args).unwrap_err().to_string().contains("`nonsense`"));
    }

    #[test]
    fn runs_are_as_long_as_is_wanted() {
        let usual = Duration::from_secs(600);
        assert_eq!(Length(None).of(usual), usual);
        assert_eq!(Length(Some(0.5)).of(usual), Duration::from_secs(30));
        assert_eq!(Length(Some(60.0)).of(usual), usual);
    }

    #[test]
    fn numbers_are_found_or_missed_by_name() {
        let report = json!({"steps": [
            {"step": "cached", "repeats": false, "done": 1},
            {"step": "cached", "repeats": true, "done": 2, "service_seconds": {"median": 0.5}},
        ]});
        assert_eq!(of_step(&report, "cached", true, "/service_seconds/median").unwrap(), 0.5);
        assert_eq!(of_step(&report, "cached", false, "/done").unwrap(), 1.0);
        assert!(of_step(&report, "first", true, "/done").unwrap_err().to_string().contains("no first"));
        assert!(number(&report, "/x/y").unwrap_err().to_string().ends_with("/x/y"));
    }
}
