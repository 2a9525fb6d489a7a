//! `cargo xtask cluster`: the files of `stress/docs/many-machines/` on a cluster of five nodes within this machine.
//!
//! The nodes are namespaces with addresses, host names and files of their own, and Slurm, MPI and sshd are the real ones. The
//! clock, the cores and the network are shared: nothing here is about performance. The mock publisher's counts decide what
//! was done, and never the exit code of an engine.

pub(crate) mod args;
mod ansible;
mod manifest;
mod mpi;
mod needs;
mod nodes;
mod slurm;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

pub(crate) use needs::obstacle;

use crate::{
    failure::{Context, Failure, Result},
    workspace,
};
use args::Args;
use nodes::Cluster;

/// One thing that must hold.
struct Check {
    name: &'static str,
    about: &'static str,
    check: fn(&Cluster) -> Result<String>,
}

/// All of them; those that end nodes are last.
const CHECKS: &[Check] = &[
    Check {
        name: "manifest",
        about: "the Kubernetes manifest is valid and does what schemas cannot say",
        check: manifest::check,
    },
    Check {
        name: "slurm",
        about: "three parts make one run, which one machine then finds stored",
        check: slurm::whole,
    },
    Check { name: "slurm-parts", about: "1, 2 and 3 parts store the same blobs", check: slurm::same_blobs },
    Check {
        name: "slurm-clock",
        about: "a clock that is off does not keep the parts from starting together",
        check: slurm::clock,
    },
    Check {
        name: "slurm-cancelled",
        about: "a cancelled job leaves partial reports that merge refuses",
        check: slurm::cancelled,
    },
    Check { name: "mpirun", about: "Open MPI runs the parts over ssh", check: mpi::mpirun },
    Check { name: "mpiexec", about: "MPICH runs the parts over ssh, with its barrier", check: mpi::mpiexec },
    Check { name: "ansible", about: "the playbook runs the parts over ssh", check: ansible::check },
    Check {
        name: "slurm-killed",
        about: "a job that loses a node fails, and merge names the part",
        check: slurm::killed,
    },
    Check {
        name: "mpirun-killed",
        about: "a host under Open MPI goes down: merge refuses",
        check: mpi::mpirun_killed,
    },
    Check {
        name: "mpiexec-killed",
        about: "a host under MPICH goes down: merge refuses",
        check: mpi::mpiexec_killed,
    },
];

/// Runs the checks that were asked for.
pub(crate) fn run(args: &Args) -> Result<()> {
    if args.list {
        CHECKS.iter().for_each(|check| println!("{:<18} {}", check.name, check.about));
        return Ok(());
    }
    if let Some(name) = args.names.iter().find(|name| !CHECKS.iter().any(|check| check.name == **name)) {
        return Err(Failure::new(format!(
            "no check is called `{name}`; `cargo xtask cluster --list` shows them all"
        )));
    }
    match &args.inside {
        Some(folder) => inside(folder, &args.names),
        None => outside(args),
    }
}

/// Installs what the checks need.
///
/// # Errors
/// When that cannot be installed, as without a network.
pub(crate) fn prepare() -> Result<()> {
    needs::provide(true)?;
    needs::python_programs(&needs::target()).map(drop)
}

/// Runs all checks.
pub(crate) fn run_all() -> Result<()> {
    run(&Args { names: Vec::new(), list: false, install: true, inside: None })
}

/// Prepares everything that needs a network, and runs this program again within namespaces that end with it.
fn outside(args: &Args) -> Result<()> {
    if let Some(obstacle) = obstacle() {
        return Err(Failure::new(format!("cluster: {obstacle}")));
    }
    needs::provide(args.install)?;
    let target = needs::target();
    let python = needs::python_programs(&target)?;
    let programs = workspace::build(false)?;
    // Not below /tmp, of which each node has its own.
    let folder = target.join("cluster");
    if folder.exists() {
        fs::remove_dir_all(&folder).context("cannot remove the last cluster's folder")?;
    }
    fs::create_dir_all(folder.join("programs")).context("cannot make a folder")?;
    for name in ["walrus-stress", "mock-publisher"] {
        let program = programs.get(name).context(format!("cargo built no {name}"))?;
        let to = folder.join("programs").join(name);
        // Debugging information would be copied to every node.
        let stripped = Command::new("strip").arg("-o").arg(&to).arg(program).status();
        if !stripped.is_ok_and(|status| status.success()) {
            fs::copy(program, to).context(format!("cannot copy {name}"))?;
        }
    }
    let path = env::join_paths([python].into_iter().chain(paths())).context("cannot set PATH")?;
    let mut command = Command::new("unshare");
    command.args(["--net", "--uts", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]);
    // The build may have replaced the file of this process.
    command.arg(programs.get("xtask").context("cargo built no xtask")?);
    command.args(["cluster", "--inside"]).arg(&folder).args(&args.names).env("PATH", path);
    let status = command.status().context("cannot run unshare")?;
    status.success().then_some(()).context("cluster: failed")
}

fn paths() -> Vec<PathBuf> {
    env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect()
}

/// Starts the nodes and runs the checks.
fn inside(folder: &Path, names: &[String]) -> Result<()> {
    let cluster = Cluster::start(folder)?;
    let mut failed = Vec::new();
    let wanted = |check: &&Check| names.is_empty() || names.iter().any(|name| name == check.name);
    for check in CHECKS.iter().filter(wanted) {
        let begun = Instant::now();
        let outcome = (check.check)(&cluster);
        let spent = begun.elapsed().as_secs_f64();
        match outcome {
            Ok(notes) => println!("ok   {:<18} {spent:5.1} s  {} ({notes})", check.name, check.about),
            Err(failure) => {
                println!("FAIL {:<18} {spent:5.1} s  {}\n       {failure}", check.name, check.about);
                failed.push(check.name);
            }
        }
    }
    match &failed[..] {
        [] => Ok(()),
        failed => {
            Err(Failure::new(format!("cluster: failed: {}; see {}", failed.join(", "), folder.display())))
        }
    }
}
