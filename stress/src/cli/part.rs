//! Which part of a run this process does, and what names the run: by flags, or by the environment of an engine.

use std::env;

use super::{choices::ShardChoice, options::RunOptions};
use crate::plan::{
    ConfigError,
    placement::{self, Engine},
    run_key::RunKey,
    shard::Shard,
    vantage::Vantage,
};

/// The part of a run that this process does.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct OwnPart {
    /// Which one it is; `None` when there are no others.
    pub(super) number: Option<Shard>,
    /// Where the parts repeat the run instead of dividing it.
    pub(super) vantage: Option<Vantage>,
    /// What numbered it; `None` when the user did.
    pub(super) engine: Option<Engine>,
    /// What names the run.
    pub(super) run: Option<RunKey>,
}

impl OwnPart {
    /// That of these options and of this process's environment.
    ///
    /// # Errors
    /// When `--shard auto` finds no engine or an incomplete answer, or when the part has been started before.
    pub(super) fn of(options: &RunOptions) -> Result<Self, ConfigError> {
        part(options, &|name| env::var(name).ok())
    }

    /// Which part of which run it is, and who says so; `None` when there is nothing to say.
    pub(super) fn sentence(&self) -> Option<String> {
        let shard = match &self.vantage {
            Some(Vantage { name, number }) => Some(format!("vantage point {name}, {number},")),
            None => self.number.map(|shard| format!("shard {shard}")),
        };
        let run = self.run.as_ref().map(|run| format!("run {run}"));
        let engine = self.engine.map(|engine| format!(" ({engine})")).unwrap_or_default();
        let named: Vec<_> = shard.into_iter().chain(run).collect();
        (!named.is_empty()).then(|| named.join(" of ") + &engine)
    }
}

fn part(options: &RunOptions, variables: &dyn Fn(&str) -> Option<String>) -> Result<OwnPart, ConfigError> {
    let wrong = |reason: String| ConfigError::new("--shard", reason);
    let run = options.run_id.as_deref().cloned();
    let part = match options.shard.as_deref() {
        None if options.vantage.is_some() => {
            let reason = "needs --shard K/N: this is vantage point K, counted from 0, of N";
            return Err(ConfigError::new("--vantage", reason));
        }
        None => return Ok(OwnPart { run, ..OwnPart::default() }),
        Some(ShardChoice::Given(shard)) => OwnPart { number: Some(*shard), run, ..OwnPart::default() },
        Some(ShardChoice::Auto) => {
            let found = placement::find(variables).map_err(|reason| wrong(format!("auto {reason}")))?;
            let found = found.ok_or_else(|| {
                wrong(
                    "auto finds neither Slurm, nor MPI, nor an indexed job of Kubernetes: give --shard K/N"
                        .into(),
                )
            })?;
            let (number, engine) = (Some(found.shard), Some(found.engine));
            OwnPart { number, engine, run: run.or(found.run), ..OwnPart::default() }
        }
    };
    let name = options.vantage.as_deref().cloned();
    let vantage = name.zip(part.number).map(|(name, number)| Vantage { name, number });
    let part = OwnPart { vantage, ..part };
    match placement::earlier_attempts(variables).map_err(wrong)? {
        // Reads can be repeated: nothing is stored twice.
        _ if part.vantage.is_some() => Ok(part),
        0 => Ok(part),
        earlier => Err(wrong(format!(
            "refuses attempt {} of a part: the first one has stored some of its blobs. Start the whole run again, and forbid \
             the engine to restart single parts",
            u64::from(earlier) + 1
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(
        shard: Option<&str>,
        run: Option<&str>,
        environment: &[(&str, &str)],
    ) -> Result<OwnPart, String> {
        let options = RunOptions {
            shard: shard.map(|shard| shard.parse().unwrap()),
            run_id: run.map(|run| run.parse().unwrap()),
            ..RunOptions::default()
        };
        let variable = |name: &str| {
            environment.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned())
        };
        part(&options, &variable).map_err(|error| error.to_string())
    }

    const STEP: [(&str, &str); 4] =
        [("SLURM_JOB_ID", "7"), ("SLURM_STEP_ID", "0"), ("SLURM_PROCID", "1"), ("SLURM_STEP_NUM_TASKS", "3")];

    #[test]
    fn flags_win_over_the_engine() {
        for (shard, run, expected) in [
            (Some("auto"), None, Some("shard 1/3 of run slurm-7.0 (Slurm step)")),
            (Some("auto"), Some("mine"), Some("shard 1/3 of run mine (Slurm step)")),
            (Some("0/2"), None, Some("shard 0/2")),
            (None, Some("mine"), Some("run mine")),
            (None, None, None),
        ] {
            assert_eq!(
                found(shard, run, &STEP).unwrap().sentence().as_deref(),
                expected,
                "{shard:?} {run:?}"
            );
        }
    }

    #[test]
    fn a_part_is_started_once() {
        let again = |shard| found(shard, None, &[&STEP[..], &[("SLURM_RESTART_COUNT", "2")]].concat());
        for shard in ["auto", "0/2"] {
            let refused = again(Some(shard)).unwrap_err();
            assert!(refused.starts_with("--shard refuses attempt 3 of a part"), "{refused}");
        }
        // What is no part stores everything itself.
        assert_eq!(again(None), Ok(OwnPart::default()));
    }

    #[test]
    fn without_an_engine_auto_says_what_to_give() {
        let refused = found(Some("auto"), None, &[]).unwrap_err();
        assert!(
            refused.starts_with("--shard auto finds neither") && refused.ends_with("give --shard K/N"),
            "{refused}"
        );
    }
}
