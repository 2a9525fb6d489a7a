//! The environments that engines give, as recorded, and those that leave a question open.

use std::collections::BTreeMap;

use super::*;

/// What follows from an environment, written as `NAME=VALUE NAME=VALUE`.
fn found(environment: &str) -> Result<Option<Placement>, String> {
    let variables = variables(environment);
    find(&|name| variables.get(name).cloned())
}

fn variables(environment: &str) -> BTreeMap<String, String> {
    let pair = |word: &str| word.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    environment.split_whitespace().filter_map(pair).collect()
}

/// The batch script of a job; its steps inherit this.
const BATCH: &str = "SLURM_JOB_ID=7 SLURM_PROCID=0 SLURM_NTASKS=3 SLURM_NNODES=3";

#[test]
fn each_engine_numbers_the_parts() {
    let step = "SLURM_JOB_ID=7 SLURM_STEP_ID=2 SLURM_PROCID=1 SLURM_STEP_NUM_TASKS=3";
    let array = "SLURM_JOB_ID=9 SLURM_ARRAY_JOB_ID=8 SLURM_PROCID=0 SLURM_ARRAY_TASK_ID=5 SLURM_ARRAY_TASK_COUNT=3 \
                 SLURM_ARRAY_TASK_MIN=4 SLURM_ARRAY_TASK_MAX=6";
    let strided = "SLURM_ARRAY_JOB_ID=8 SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_COUNT=3 SLURM_ARRAY_TASK_MIN=1 \
                   SLURM_ARRAY_TASK_MAX=5 SLURM_ARRAY_TASK_STEP=2 SLURM_PROCID=0";
    let mpirun = "OMPI_COMM_WORLD_RANK=1 OMPI_COMM_WORLD_SIZE=3";
    let one_task = "SLURM_STEP_ID=0 SLURM_STEP_NUM_TASKS=1";
    for (environment, engine, run) in [
        (step.to_owned(), Engine::SlurmStep, Some("slurm-7.2")),
        // srun --mpi=pmi2 adds these; a rank that is the task's is no other launcher's.
        (format!("{step} PMI_RANK=1 PMI_SIZE=3 PMI_FD=9"), Engine::SlurmStep, Some("slurm-7.2")),
        (array.to_owned(), Engine::SlurmArray, Some("slurm-8")),
        (strided.to_owned(), Engine::SlurmArray, Some("slurm-8")),
        (format!("{array} {one_task}"), Engine::SlurmArray, Some("slurm-8")),
        (mpirun.to_owned(), Engine::OpenMpi, None),
        // Within a job the launcher that started this process counts: its agents are tasks of a step.
        (format!("{BATCH} {mpirun}"), Engine::OpenMpi, None),
        (format!("{BATCH} {one_task} {mpirun}"), Engine::OpenMpi, None),
        ("PMI_RANK=1 PMI_SIZE=3 PMI_FD=5".to_owned(), Engine::Pmi, None),
        (format!("{BATCH} PMI_RANK=1 PMI_SIZE=3"), Engine::Pmi, None),
        (format!("{BATCH} {one_task} PMI_RANK=1 PMI_SIZE=3"), Engine::Pmi, None),
        ("JOB_COMPLETION_INDEX=1 WALRUS_STRESS_SHARDS=3".to_owned(), Engine::Kubernetes, None),
        ("JOB_COMPLETION_INDEX=1 WALRUS_STRESS_SHARDS=3 PMI_RANK=".to_owned(), Engine::Kubernetes, None),
    ] {
        let shard = "1/3".parse().unwrap();
        let run = run.map(|run| run.parse().unwrap());
        assert_eq!(found(&environment), Ok(Some(Placement { engine, shard, run })), "{environment}");
    }
    assert_eq!(found("WALRUS_STRESS_SHARDS=3 HOME=/root"), Ok(None));
}

#[test]
fn a_question_left_open_is_an_error_that_says_what_to_do() {
    for (environment, words) in [
        ("JOB_COMPLETION_INDEX=0", "finds JOB_COMPLETION_INDEX, but not WALRUS_STRESS_SHARDS"),
        ("JOB_COMPLETION_INDEX=0 WALRUS_STRESS_SHARDS=", "but not WALRUS_STRESS_SHARDS"),
        (
            "JOB_COMPLETION_INDEX=3 WALRUS_STRESS_SHARDS=3",
            "cannot use JOB_COMPLETION_INDEX: there is no shard 3 of 3",
        ),
        ("JOB_COMPLETION_INDEX=x WALRUS_STRESS_SHARDS=3", "`x` is no whole number"),
        ("JOB_COMPLETION_INDEX=0 WALRUS_STRESS_SHARDS=-1", "`-1` is no whole number"),
        ("OMPI_COMM_WORLD_RANK=0", "but not OMPI_COMM_WORLD_SIZE"),
        ("PMI_RANK=0", "but not PMI_SIZE"),
        ("SLURM_STEP_NUM_TASKS=3", "but not SLURM_PROCID"),
        (BATCH, "the batch script of Slurm job 7, which is no part of a run: start the parts with srun"),
        ("SLURM_ARRAY_TASK_ID=1", "but not SLURM_ARRAY_TASK_COUNT"),
        (
            "SLURM_ARRAY_TASK_ID=1 SLURM_ARRAY_TASK_COUNT=3 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=7",
            "have gaps between 1 and 7: number its tasks by --array=0-2",
        ),
        ("SLURM_STEP_NUM_TASKS=2 SLURM_PROCID=0 SLURM_ARRAY_TASK_ID=0", "divide the run by one of them"),
    ] {
        let reason = found(environment).unwrap_err();
        assert!(reason.contains(words), "{environment}: {reason}");
    }
}

#[test]
fn attempts_before_this_one_are_counted_by_the_engine_or_by_hand() {
    let earlier = |environment: &str| {
        let variables = variables(environment);
        earlier_attempts(&|name| variables.get(name).cloned())
    };
    assert_eq!(earlier(""), Ok(0));
    assert_eq!(earlier("WALRUS_STRESS_ATTEMPT="), Ok(0));
    assert_eq!(earlier("SLURM_RESTART_COUNT=0 WALRUS_STRESS_ATTEMPT=2"), Ok(2));
    assert_eq!(earlier("SLURM_RESTART_COUNT=1"), Ok(1));
    assert!(earlier("SLURM_RESTART_COUNT=often").is_err());
}
