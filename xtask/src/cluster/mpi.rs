//! `mpi.sh` with Open MPI and with MPICH, over ssh.

use super::nodes::{BLOBS, Cluster, LONG, SHORT, UNDER_WAY, contains};
use crate::failure::Result;

/// Three hosts under Open MPI, which start by their clocks.
pub(super) fn mpirun(cluster: &Cluster) -> Result<String> {
    three(cluster, "mpirun", "is not verified, as they passed no barrier")
}

/// Three hosts under MPICH, which start at its barrier.
pub(super) fn mpiexec(cluster: &Cluster) -> Result<String> {
    three(cluster, "mpiexec", "by their barrier the shards began within")
}

fn three(cluster: &Cluster, launcher: &str, start: &str) -> Result<String> {
    let site = cluster.site(launcher, &["mpi.sh"], &SHORT)?;
    let mut command = site.command("./mpi.sh");
    command.env("HOSTS", "node1,node2,node3").env("LEAD_SECONDS", "10");
    site.run(command, &[launcher])?.expect(0, &["merged from 3 of 3 shards", start])?;
    site.stored_once(BLOBS)?;
    site.close()?;
    Ok(format!("{BLOBS} blobs"))
}

/// A host goes down in the middle under Open MPI.
pub(super) fn mpirun_killed(cluster: &Cluster) -> Result<String> {
    killed(cluster, "mpirun", 4)
}

/// A host goes down in the middle under MPICH.
pub(super) fn mpiexec_killed(cluster: &Cluster) -> Result<String> {
    killed(cluster, "mpiexec", 5)
}

fn killed(cluster: &Cluster, launcher: &str, node: u32) -> Result<String> {
    let site = cluster.site(&format!("{launcher}-killed"), &["mpi.sh"], &LONG)?;
    let mut command = site.command("./mpi.sh");
    command.env("HOSTS", format!("node1,node2,node{node}")).env("LEAD_SECONDS", "10");
    let script = site.start(command, &[launcher])?;
    site.wait_for_uploads(UNDER_WAY)?;
    cluster.kill(node)?;
    let ran = script.finish()?;
    ran.expect(3, &["error: "])?;
    // It is named, also where the launcher has ended the others, which then have no whole reports either.
    contains(&ran.text, &[if ran.text.contains("nothing to merge") { "nothing to merge" } else { "2/3" }])?;
    site.close()?;
    Ok(ran.line(&format!("{launcher} ended with")))
}
