//! What the cluster needs of the machine: root, Debian's packages, namespaces, and two Python packages.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{
    failure::{Context, Failure, Result},
    workspace,
};

/// Debian's packages, each with a program or a file of it.
const PACKAGES: [(&str, &str); 9] = [
    ("slurm-wlm", "/usr/sbin/slurmctld"),
    ("munge", "/usr/sbin/munged"),
    ("openmpi-bin", "/usr/bin/mpirun.openmpi"),
    ("mpich", "/usr/bin/mpiexec.hydra"),
    ("openssh-server", "/usr/sbin/sshd"),
    ("openssh-client", "/usr/bin/ssh"),
    ("faketime", "/usr/bin/faketime"),
    ("iproute2", "/sbin/ip"),
    ("python3-venv", "/usr/share/doc/python3-venv"),
];

/// Python's packages, which a folder of their own takes.
const PYTHON_PACKAGES: [&str; 2] = ["ansible-core", "kubernetes-validate"];

/// Why the cluster cannot be made here; `None` when it can.
pub(crate) fn obstacle() -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return Some("it needs root, to make network namespaces".to_owned());
    }
    if !Path::new("/etc/debian_version").exists() {
        return Some("it needs Debian, for its Slurm and MPI packages".to_owned());
    }
    let made = quiet(Command::new("unshare").args(["--net", "--mount", "--uts", "--pid", "--fork", "true"]));
    (!made).then(|| {
        "this machine does not let root make namespaces, as in a container without privileges".to_owned()
    })
}

/// The packages that are not installed.
pub(super) fn missing() -> Vec<&'static str> {
    PACKAGES.iter().filter(|(_, file)| !Path::new(file).exists()).map(|(package, _)| *package).collect()
}

/// Installs what is missing, or says how to.
pub(super) fn provide(install: bool) -> Result<()> {
    let missing = missing();
    if missing.is_empty() {
        return Ok(());
    }
    let line = format!("apt-get install -y --no-install-recommends {}", missing.join(" "));
    if !install {
        return Err(Failure::new(format!(
            "cluster: install what is missing with `{line}`, or give --install"
        )));
    }
    // A fresh machine has no list of packages, or an old one.
    ["apt-get update", &line].into_iter().try_for_each(|line| {
        println!("{line}");
        let mut words = line.split(' ');
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
        let status = command.status().context("cannot run apt-get")?;
        status.success().then_some(()).context(format!("`{line}` ended with {status}"))
    })
}

/// The folder with the programs of Python's packages; they are installed once.
pub(super) fn python_programs(target: &Path) -> Result<PathBuf> {
    let programs = target.join("cluster-python/bin");
    if programs.join("ansible-playbook").exists() && programs.join("kubernetes-validate").exists() {
        return Ok(programs);
    }
    fs::create_dir_all(target).context("cannot make a folder")?;
    let steps = [
        Command::new("/usr/bin/python3").args(["-m", "venv"]).arg(target.join("cluster-python")).status(),
        Command::new(programs.join("pip")).args(["install", "--quiet"]).args(PYTHON_PACKAGES).status(),
    ];
    for status in steps {
        let status = status.context("cannot install Python packages")?;
        status
            .success()
            .then_some(())
            .context(format!("installing {} ended with {status}", PYTHON_PACKAGES.join(", ")))?;
    }
    Ok(programs)
}

/// Where builds leave their files.
pub(super) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace::root().join("target"), PathBuf::from)
}

fn quiet(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
