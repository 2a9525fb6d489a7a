//! `--shard auto`: which part of a run this process does, as the engine that started it says in its environment.
//!
//! No engine gives everything under one name, and one may have started another (`mpirun` within a Slurm job): the innermost
//! one counts, as it started this process. What an engine leaves open is an error, since two processes that both take
//! themselves for part 0 of 1 would store the same blobs and report twice the load.

use serde::{Deserialize, Serialize};
use strum::{Display, VariantArray};

use super::{run_key::RunKey, shard::Shard};

/// How many parts a run has, where the engine does not say.
const SHARDS: &str = "WALRUS_STRESS_SHARDS";
/// How often this part was started before, where the engine does not say.
const ATTEMPT: &str = "WALRUS_STRESS_ATTEMPT";

/// The variables that are read here and that no flag has.
pub const VARIABLES: [&str; 2] = [SHARDS, ATTEMPT];

/// What starts the parts of a run and numbers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, VariantArray)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// `mpirun` of Open MPI.
    #[strum(serialize = "Open MPI")]
    OpenMpi,
    /// `srun` with several tasks.
    #[strum(serialize = "Slurm step")]
    SlurmStep,
    /// `mpiexec` of MPICH and its relatives, which start processes by the PMI protocol.
    #[strum(serialize = "PMI")]
    Pmi,
    /// `sbatch --array`.
    #[strum(serialize = "Slurm array")]
    SlurmArray,
    /// A Job with `completionMode: Indexed`.
    #[strum(serialize = "Kubernetes indexed job")]
    Kubernetes,
}

/// The part that this process does, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// What numbered it.
    pub engine: Engine,
    /// Its number, and how many there are.
    pub shard: Shard,
    /// What the engine calls the run; `None` when its name may occur again.
    pub run: Option<RunKey>,
}

/// A look at the environment; a variable that is empty is as good as none.
type Variables<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// The engine that numbers this process, with what it says; `None` when there is none.
///
/// # Errors
/// When what an engine says is incomplete: which variable, and what to do.
pub fn find(variables: &Variables<'_>) -> Result<Option<Placement>, String> {
    for &engine in Engine::VARIANTS {
        let placed = match engine {
            Engine::OpenMpi => open_mpi(variables)?,
            Engine::SlurmStep => slurm_step(variables)?,
            Engine::Pmi => pmi(variables)?,
            Engine::SlurmArray => slurm_array(variables)?,
            Engine::Kubernetes => kubernetes(variables)?,
        };
        if let Some((shard, run)) = placed {
            return Ok(Some(Placement { engine, shard, run }));
        }
    }
    match variables("SLURM_JOB_ID") {
        Some(job) => Err(format!(
            "finds the batch script of Slurm job {job}, which is no part of a run: start the parts with srun, or with \
             sbatch --array"
        )),
        None => Ok(None),
    }
}

/// How often the engine has started this part before; 0 where that is unknown.
///
/// # Errors
/// When the variable holds no number.
pub fn earlier_attempts(variables: &Variables<'_>) -> Result<u32, String> {
    let counts = ["SLURM_RESTART_COUNT", ATTEMPT].map(|name| number(variables, name));
    counts.into_iter().try_fold(0, |most, count| Ok(most.max(count?.unwrap_or(0))))
}

/// What one engine says.
type Found = Option<(Shard, Option<RunKey>)>;

fn open_mpi(variables: &Variables<'_>) -> Result<Found, String> {
    // Its names of jobs are hashes of a host and a process ID, which occur again.
    Ok(shard(variables, "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE")?.map(|shard| (shard, None)))
}

fn slurm_step(variables: &Variables<'_>) -> Result<Found, String> {
    // Only steps know their number of tasks: a batch script is task 0 of none.
    let Some(of) = number(variables, "SLURM_STEP_NUM_TASKS")? else { return Ok(None) };
    let own = needed(variables, "SLURM_PROCID", "SLURM_STEP_NUM_TASKS")?;
    let step = numbered("SLURM_PROCID", own, of)?;
    // Otherwise the step's tasks are the agents of another launcher.
    if shard(variables, "PMI_RANK", "PMI_SIZE")?.is_some_and(|inner| inner != step) {
        return Ok(None);
    }
    if variables("SLURM_ARRAY_TASK_ID").is_some() {
        return match of {
            1 => Ok(None),
            _ => Err(format!(
                "finds a step of {of} tasks within a task of an array: divide the run by one of them, srun or sbatch --array"
            )),
        };
    }
    Ok(Some((step, name(variables, "slurm", &["SLURM_JOB_ID", "SLURM_STEP_ID"])?)))
}

fn pmi(variables: &Variables<'_>) -> Result<Found, String> {
    Ok(shard(variables, "PMI_RANK", "PMI_SIZE")?.map(|shard| (shard, None)))
}

fn slurm_array(variables: &Variables<'_>) -> Result<Found, String> {
    let Some(id) = number(variables, "SLURM_ARRAY_TASK_ID")? else { return Ok(None) };
    let other = |name| needed(variables, name, "SLURM_ARRAY_TASK_ID");
    let of = other("SLURM_ARRAY_TASK_COUNT")?;
    let (min, max) = (other("SLURM_ARRAY_TASK_MIN")?, other("SLURM_ARRAY_TASK_MAX")?);
    let stride = number(variables, "SLURM_ARRAY_TASK_STEP")?.filter(|stride| *stride > 0).unwrap_or(1);
    let (last, own) = (max.saturating_sub(min), id.saturating_sub(min));
    // Irregular indices do not say how many come before this one.
    if last / stride + 1 != of || last % stride != 0 || own % stride != 0 {
        return Err(format!(
            "finds a Slurm array whose indices have gaps between {min} and {max}: number its tasks by --array=0-{}",
            of.saturating_sub(1)
        ));
    }
    let shard = numbered("SLURM_ARRAY_TASK_ID", own / stride, of)?;
    Ok(Some((shard, name(variables, "slurm", &["SLURM_ARRAY_JOB_ID"])?)))
}

fn kubernetes(variables: &Variables<'_>) -> Result<Found, String> {
    // The environment of a pod holds no ID of its job; the manifest can put one into WALRUS_STRESS_RUN_ID.
    Ok(shard(variables, "JOB_COMPLETION_INDEX", SHARDS)?.map(|shard| (shard, None)))
}

/// The part that these two variables name; `None` without an index.
fn shard(variables: &Variables<'_>, index: &str, count: &str) -> Result<Option<Shard>, String> {
    let Some(own) = number(variables, index)? else { return Ok(None) };
    let of = needed(variables, count, index)?;
    numbered(index, own, of).map(Some)
}

fn numbered(name: &str, index: u32, of: u32) -> Result<Shard, String> {
    Shard::new(index, of).map_err(|reason| format!("cannot use {name}: {reason}"))
}

fn needed(variables: &Variables<'_>, name: &str, other: &str) -> Result<u32, String> {
    number(variables, name)?.ok_or_else(|| {
        format!("finds {other}, but not {name}: set it to the number that belongs to it, or give --shard K/N")
    })
}

fn number(variables: &Variables<'_>, name: &str) -> Result<Option<u32>, String> {
    let text = variables(name).filter(|text| !text.is_empty());
    let parse =
        |text: String| text.parse().map_err(|_| format!("cannot use {name}: `{text}` is no whole number"));
    text.map(parse).transpose()
}

/// A run's name of these variables; `None` when one of them is missing.
fn name(variables: &Variables<'_>, prefix: &str, parts: &[&str]) -> Result<Option<RunKey>, String> {
    let parts: Option<Vec<_>> = parts.iter().map(|name| variables(name)).collect();
    parts.map(|parts| format!("{prefix}-{}", parts.join(".")).parse()).transpose()
}

#[cfg(test)]
mod tests;
