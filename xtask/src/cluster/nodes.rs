//! The cluster's nodes, its publisher, and the commands that run on it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{
    deadline::Deadline,
    e2e::stats::{Route, Stats},
    failure::{Context, Failure, Result},
    output::Stream,
    process::Process,
    workspace,
};

/// How many nodes there are: Slurm's jobs take the first three, and some checks end one.
const NODES: u32 = 5;
/// Nothing here takes longer, unless it hangs.
const LIMIT: Duration = Duration::from_secs(120);

/// What makes the documented plan a short run of [`BLOBS`] blobs.
pub(super) const SHORT: [(&str, &str); 3] = [("5m", "3s"), ("300/s", "60/s"), ("100KiB", "2KiB")];
/// The blobs of a short run.
pub(super) const BLOBS: u64 = 180;
/// What makes the documented plan a run that can be interrupted before its end.
pub(super) const LONG: [(&str, &str); 3] = [("5m", "8s"), ("300/s", "60/s"), ("100KiB", "2KiB")];
/// Once the publisher has this many uploads, a long run is under way.
pub(super) const UNDER_WAY: u64 = 30;

/// The address of the control node, where the publisher is.
const CONTROL: &str = "10.0.0.1";

/// Nodes in namespaces of this process's own.
pub(super) struct Cluster {
    folder: PathBuf,
    /// The slurm.conf of its nodes.
    conf: PathBuf,
    /// Ends with this process.
    _nodes: Process,
}

/// A command under way.
pub(super) struct Running(Process);

/// What came of a command.
pub(super) struct Ran {
    pub(super) code: Option<i32>,
    /// Both streams.
    pub(super) text: String,
}

/// A publisher with an empty store, and a folder with the files of an engine.
pub(super) struct Site<'a> {
    cluster: &'a Cluster,
    publisher: Process,
    url: String,
    pub(super) store: PathBuf,
    pub(super) work: PathBuf,
}

impl Cluster {
    /// Starts the nodes below `folder`.
    pub(super) fn start(folder: &Path) -> Result<Self> {
        let script = workspace::root().join("xtask/src/cluster/nodes.sh");
        let mut command = Command::new("bash");
        command.arg(script).arg(folder).arg(NODES.to_string());
        let mut nodes = Process::start("nodes.sh", command)?;
        let deadline = Deadline::after(LIMIT);
        nodes.wait_for_line("the nodes are up", deadline).context(format!(
            "see {}: {}",
            folder.join("log").display(),
            nodes.output().last(5).join("; ")
        ))?;
        Ok(Self { folder: folder.to_owned(), conf: folder.join("slurm.conf"), _nodes: nodes })
    }

    /// Ends everything that runs on a node at once, as a power failure does.
    pub(super) fn kill(&self, node: u32) -> Result<()> {
        let file = self.folder.join(format!("node{node}.pid"));
        let text = fs::read_to_string(&file).context(format!("cannot read {}", file.display()))?;
        let pid = text.trim().parse().ok().and_then(Pid::from_raw).context("the node has no process")?;
        kill_process(pid, Signal::KILL).context("cannot end the node")
    }

    /// A program that was built, as every node sees it.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.folder.join("programs").join(name)
    }

    /// A publisher of its own, and these files of the documents in the folder that the first node sees. `plan` is what differs
    /// from the documented plan.
    pub(super) fn site(&self, name: &str, files: &[&str], plan: &[(&str, &str)]) -> Result<Site<'_>> {
        let store = self.folder.join(format!("store-{name}"));
        let mut command = Command::new(self.program("mock-publisher"));
        command
            .args(["--listen", &format!("{CONTROL}:0"), "--store"])
            .arg(&store)
            .args(["--store-latency", "20ms"]);
        let mut publisher = Process::start("mock-publisher", command)?;
        let url = publisher
            .wait_for_line("listening on ", Deadline::after(LIMIT))?
            .trim_end_matches('/')
            .to_owned();
        let work = self.folder.join("work").join(name);
        fs::create_dir_all(&work).context("cannot make a folder")?;
        let site = Site { cluster: self, publisher, url, store, work };
        let documents = workspace::root().join("stress/docs/many-machines");
        for file in files {
            let to = site.work.join(Path::new(file).file_name().unwrap_or_default());
            fs::copy(documents.join(file), to).context(format!("cannot copy {file}"))?;
        }
        site.write(
            "walrus-stress",
            &fs::read(self.program("walrus-stress")).context("cannot read walrus-stress")?,
        )?;
        let mut text = fs::read_to_string(documents.join("plan.toml")).context("cannot read plan.toml")?;
        let address = [("http://publisher.example.org", site.url.as_str())];
        for (from, to) in address.iter().chain(plan) {
            text.contains(from).then_some(()).context(format!("plan.toml has no `{from}`"))?;
            text = text.replace(from, to);
        }
        site.write("plan.toml", text.as_bytes())?;
        Ok(site)
    }
}

impl Site<'_> {
    /// Writes a file that can be executed.
    pub(super) fn write(&self, name: &str, content: &[u8]) -> Result<()> {
        let path = self.work.join(name);
        fs::write(&path, content).context(format!("cannot write {name}"))?;
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&path, mode).context(format!("cannot make {name} executable"))
    }

    /// A command in this site's folder.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.work).env("SLURM_CONF", &self.cluster.conf).env("DRAIN_SECONDS", "20");
        command.env("OMPI_ALLOW_RUN_AS_ROOT", "1").env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
        command
    }

    /// Runs a command with these words to its end.
    pub(super) fn run(&self, command: Command, words: &[&str]) -> Result<Ran> {
        self.start(command, words)?.finish()
    }

    /// Starts a command with these words.
    pub(super) fn start(&self, mut command: Command, words: &[&str]) -> Result<Running> {
        command.args(words);
        Ok(Running(Process::start(&words.join(" "), command)?))
    }

    /// Waits until the publisher has this many uploads.
    pub(super) fn wait_for_uploads(&self, count: u64) -> Result<()> {
        let deadline = Deadline::after(LIMIT);
        while self.stats()?.requests(Route::Store)? < count {
            if deadline.passed() {
                return Err(Failure::new(format!("the publisher never had {count} uploads")));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// The publisher's counts.
    pub(super) fn stats(&self) -> Result<Stats> {
        Stats::ask(&self.url, Deadline::after(LIMIT))
    }

    /// The publisher's address.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// That the publisher has stored this many blobs, each of them once.
    pub(super) fn stored_once(&self, planned: u64) -> Result<()> {
        let stats = self.stats()?;
        let counts = (stats.newly_created()?, stats.already_certified()?, stats.requests(Route::Store)?);
        let right = counts == (planned, 0, planned);
        right.then_some(()).context(format!(
            "the publisher has {} new and {} existing blobs of {} uploads, not {planned} new ones",
            counts.0, counts.1, counts.2
        ))
    }

    /// Ends the publisher.
    pub(super) fn close(self) -> Result<()> {
        let Self { mut publisher, .. } = self;
        publisher.interrupt()?;
        publisher.wait(Deadline::after(LIMIT)).map(drop)
    }
}

impl Running {
    /// Waits for its end.
    pub(super) fn finish(mut self) -> Result<Ran> {
        let status = self.0.wait(Deadline::after(LIMIT)).context(self.0.output().last(5).join("; "))?;
        let text = [Stream::Stdout, Stream::Stderr].map(|stream| self.0.output().text(stream)).concat();
        Ok(Ran { code: status.code(), text })
    }
}

impl Ran {
    /// Its line that begins like this; empty without one.
    pub(super) fn line(&self, start: &str) -> String {
        self.text.lines().find(|line| line.starts_with(start)).unwrap_or_default().to_owned()
    }

    /// That it ended with this code and printed all of this.
    pub(super) fn expect(&self, code: i32, words: &[&str]) -> Result<()> {
        if self.code != Some(code) {
            return Err(Failure::new(format!("exit code {:?}, not {code}: {}", self.code, self.text)));
        }
        contains(&self.text, words)
    }
}

/// That the text has all of this.
pub(super) fn contains(text: &str, words: &[&str]) -> Result<()> {
    match words.iter().find(|words| !text.contains(*words)) {
        None => Ok(()),
        Some(words) => Err(Failure::new(format!("`{words}` is missing from: {text}"))),
    }
}
