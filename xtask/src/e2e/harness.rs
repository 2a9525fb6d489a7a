//! What a scenario runs in: the real programs as processes on free ports, over a temporary folder.

use std::{cell::RefCell, env, path::PathBuf, process::Command, sync::Arc, time::Duration};

use tempfile::TempDir;

use super::{http, stats::Stats};
use crate::{
    deadline::Deadline,
    failure::{Context, Result},
    output::ProcessOutput,
    process::Process,
    workspace::Programs,
};

/// How long a mock server may take to listen, to answer, or to stop.
const MOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// A mock server that listens.
pub(crate) struct Server {
    process: Process,
    name: &'static str,
    /// Its address, as `http://127.0.0.1:PORT`.
    pub(crate) url: String,
}

impl Server {
    /// What it has seen so far.
    pub(crate) fn stats(&self) -> Result<Stats> {
        Stats::ask(&self.url, Deadline::after(MOCK_TIMEOUT)).context(self.name)
    }

    /// Replaces its weather by this document.
    pub(crate) fn weather(&self, document: &str) -> Result<()> {
        let answer = http::post(&self.url, "/mock/weather", document, Deadline::after(MOCK_TIMEOUT));
        answer.map(drop).context(format!("{} does not accept the weather", self.name))
    }

    /// Interrupts it; it must exit with success.
    pub(crate) fn stop(mut self) -> Result<()> {
        self.process.interrupt()?;
        let status = self.process.wait(Deadline::after(MOCK_TIMEOUT))?;
        status.success().then_some(()).context(format!("{} did not stop well ({status})", self.name))
    }
}

/// Both servers over one store.
pub(crate) struct Servers {
    pub(crate) publisher: Server,
    pub(crate) aggregator: Server,
}

impl Servers {
    /// Interrupts both; they must exit with success.
    pub(crate) fn stop(self) -> Result<()> {
        self.publisher.stop()?;
        self.aggregator.stop()
    }
}

/// What a scenario runs in; dropping it removes its files.
pub(crate) struct Harness<'a> {
    programs: &'a Programs,
    folder: TempDir,
    outputs: RefCell<Vec<(String, Arc<ProcessOutput>)>>,
    /// When the scenario must have ended.
    pub(crate) deadline: Deadline,
}

impl<'a> Harness<'a> {
    /// An empty harness for a scenario that may last this long.
    pub(crate) fn new(programs: &'a Programs, limit: Duration) -> Result<Self> {
        let folder =
            tempfile::Builder::new().prefix("walrus-e2e-").tempdir().context("cannot make a folder")?;
        Ok(Self { programs, folder, outputs: RefCell::default(), deadline: Deadline::after(limit) })
    }

    /// A path in the scenario's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts both mock servers with these flags beside their address and store.
    pub(crate) fn servers(&self, publisher: &[String], aggregator: &[String]) -> Result<Servers> {
        Ok(Servers {
            publisher: self.server("mock-publisher", publisher)?,
            aggregator: self.server("mock-aggregator", aggregator)?,
        })
    }

    fn server(&self, name: &'static str, flags: &[String]) -> Result<Server> {
        let mut command = self.command(name)?;
        command
            .args(["--listen", "127.0.0.1:0", "--store"])
            .arg(self.path("store"))
            .args(["--seed", "7"])
            .args(flags);
        let mut process = self.start(name, command)?;
        let url = process.wait_for_line("listening on ", self.deadline.at_most(MOCK_TIMEOUT))?;
        Ok(Server { process, name, url: url.trim_end_matches('/').to_owned() })
    }

    /// `walrus-stress run` against these addresses, with a report and an export in the scenario's folder.
    pub(crate) fn tool(&self, publisher: &str, aggregator: &str, flags: &[&str]) -> Result<Command> {
        let mut command = self.command("walrus-stress")?;
        command.args(["run", "--publisher", publisher, "--aggregator", aggregator]);
        command.arg("--report").arg(self.path("report.json"));
        command.arg("--export").arg(self.path("export.json"));
        command.args(flags);
        Ok(command)
    }

    /// Starts a process whose last output is printed if the scenario fails.
    pub(crate) fn start(&self, name: &str, command: Command) -> Result<Process> {
        let process = Process::start(name, command)?;
        self.outputs.borrow_mut().push((name.to_owned(), Arc::clone(process.output())));
        Ok(process)
    }

    /// The last lines of each process with output.
    pub(crate) fn recent_output(&self) -> Vec<String> {
        let outputs = self.outputs.borrow();
        outputs
            .iter()
            .flat_map(|(name, output)| output.last(12).into_iter().map(move |line| format!("{name}: {line}")))
            .collect()
    }

    /// A shell for the examples of documents: the workspace's programs in its path, and these servers as targets.
    pub(super) fn command_in(&self, shell: &str, servers: &Servers) -> Result<Command> {
        let folders = self.programs.values().filter_map(|program| program.parent());
        let path = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths(folders.map(PathBuf::from).chain(env::split_paths(&path)));
        let mut command = Command::new(shell);
        command.current_dir(self.folder.path()).env("PATH", path.context("cannot set PATH")?);
        command.env("WALRUS_STRESS_PUBLISHER", &servers.publisher.url);
        command.env("WALRUS_STRESS_AGGREGATOR", &servers.aggregator.url);
        // Examples of searches settle for seconds on real networks.
        command.env("WALRUS_STRESS_SETTLE", "100ms").env("WALRUS_STRESS_PROGRESS", "never");
        Ok(command)
    }

    /// A program, started without settings in its environment.
    pub(crate) fn command(&self, name: &str) -> Result<Command> {
        let program = self.programs.get(name).context(format!("cargo built no program `{name}`"))?;
        let mut command = Command::new(program);
        command.current_dir(self.folder.path());
        for (key, _) in env::vars_os() {
            let name = key.to_string_lossy().to_ascii_uppercase();
            if name.starts_with("WALRUS_STRESS_") || name.starts_with("MOCK_") || name.ends_with("_PROXY") {
                command.env_remove(&key);
            }
        }
        Ok(command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Stream;

    /// A folder of shell scripts that run the programs.
    fn scripts(scripts: &[(&str, &str)]) -> (TempDir, Programs) {
        let folder = tempfile::tempdir().unwrap();
        let mut programs = Programs::new();
        for (name, script) in scripts {
            let path = folder.path().join(name);
            // Written by a process of its own: a file that this one has open for writing may be too busy to start.
            let mut writer = Command::new("sh");
            writer.args(["-c", "printf '#!/bin/sh\\n%s\\n' \"$2\" > \"$1\" && chmod +x \"$1\"", "sh"]);
            assert!(writer.arg(&path).arg(script).status().unwrap().success());
            programs.insert((*name).to_owned(), path);
        }
        (folder, programs)
    }

    const WAITS: &str = "trap 'exit 0' INT; echo \"$@\" >&2; echo listening on http://127.0.0.1:0/; while :; do sleep 0.01; done";

    #[test]
    fn servers_start_on_a_free_port_and_stop() {
        let (_folder, programs) = scripts(&[("mock-publisher", WAITS), ("mock-aggregator", WAITS)]);
        let harness = Harness::new(&programs, Duration::from_secs(30)).unwrap();
        let servers = harness.servers(&["--fault".to_owned(), "reset=1%".to_owned()], &[]).unwrap();
        assert_eq!(servers.publisher.url, "http://127.0.0.1:0");
        servers.stop().unwrap();
        let output = harness.recent_output().join("\n");
        assert!(output.contains("mock-publisher: --listen 127.0.0.1:0 --store "), "{output}");
        assert!(output.contains(" --fault reset=1%\n"), "{output}");
    }

    #[test]
    fn a_server_that_cannot_start_is_reported_with_its_output() {
        let (_folder, programs) = scripts(&[("mock-publisher", "echo no such store >&2; exit 2")]);
        let harness = Harness::new(&programs, Duration::from_secs(30)).unwrap();
        let failure = harness.servers(&[], &[]).err().unwrap().to_string();
        assert_eq!(failure, "mock-publisher did not print `listening on …`");
        assert_eq!(harness.recent_output(), ["mock-publisher: no such store"]);
        let missing =
            Harness::new(&Programs::new(), Duration::from_secs(1)).unwrap().servers(&[], &[]).err().unwrap();
        assert_eq!(missing.to_string(), "cargo built no program `mock-publisher`");
    }

    #[test]
    fn the_tool_gets_addresses_and_files() {
        let (_folder, programs) = scripts(&[("walrus-stress", "echo \"$1 $2 $3 $4 $5 $6 $8 ${10}\"")]);
        let harness = Harness::new(&programs, Duration::from_secs(30)).unwrap();
        let mut tool = harness
            .start("the tool", harness.tool("http://p", "http://a", &["--size", "1"]).unwrap())
            .unwrap();
        tool.wait(harness.deadline).unwrap();
        let stdout = tool.output().text(Stream::Stdout);
        assert_eq!(stdout, "run --publisher http://p --aggregator http://a --report --export --size\n");
    }
}
