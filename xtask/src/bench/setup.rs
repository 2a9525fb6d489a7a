//! The setup on which the tools meet: nginx over a temporary folder, blobs to serve, and commands for each tool.

use std::{
    fmt::Write as _,
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use super::{
    competitors::{self, Tool, Tools},
    nginx::Nginx,
};
use crate::{
    failure::{Context, Result},
    workspace::Programs,
};

/// The blobs that nginx serves: the start of their IDs, and their sizes in bytes.
pub(crate) const SERVED: [(&str, usize); 3] = [("1k", 1 << 10), ("100k", 100 << 10), ("10M", 10 << 20)];

/// nginx, the blobs that it serves and the installed tools.
pub(crate) struct Setup<'a> {
    pub(crate) tools: Tools,
    pub(crate) nginx: Nginx,
    /// How often each tool has its turn.
    pub(crate) rounds: u32,
    scale: f64,
    folder: TempDir,
    programs: &'a Programs,
}

impl<'a> Setup<'a> {
    /// Writes the blobs and starts nginx.
    pub(crate) fn new(programs: &'a Programs, rounds: u32, scale: f64) -> Result<Self> {
        let ours = programs.get("walrus-stress").context("cargo built no program `walrus-stress`")?.clone();
        let tools = Tools { ours, oha: competitors::find("oha"), wrk: competitors::find("wrk") };
        // In memory where that is possible: a disk would limit every tool.
        let memory = Path::new("/dev/shm");
        let mut folder = tempfile::Builder::new();
        folder.prefix("walrus-bench-");
        let folder = if memory.is_dir() { folder.tempdir_in(memory) } else { folder.tempdir() };
        let folder = folder.context("cannot make a folder")?;
        fs::create_dir(folder.path().join("fixed")).context("cannot make a folder")?;
        let mut random = File::open("/dev/urandom").context("cannot open /dev/urandom")?;
        for (name, size) in SERVED {
            let mut bytes = vec![0; size];
            random.read_exact(&mut bytes).context("cannot read /dev/urandom")?;
            fs::write(folder.path().join("fixed").join(name), bytes).context("cannot write a blob")?;
        }
        let nginx = Nginx::start(folder.path())?;
        Ok(Self { tools, nginx, rounds, scale, folder, programs })
    }

    /// The usual number times the scale, at least 8.
    pub(crate) fn scaled(&self, usual: u32) -> u64 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let scaled = (f64::from(usual) * self.scale).round() as u64;
        scaled.max(8)
    }

    /// A path in the setup's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Deletes every stored blob.
    pub(crate) fn empty_the_store(&self) -> Result<()> {
        for stored in fs::read_dir(self.path("store")).context("cannot read the store")? {
            let stored = stored.context("cannot read the store")?.path();
            fs::remove_file(stored).context("cannot empty the store")?;
        }
        Ok(())
    }

    /// A program of the workspace.
    pub(crate) fn program(&self, name: &str) -> Result<&PathBuf> {
        self.programs.get(name).context(format!("cargo built no program `{name}`"))
    }

    /// `walrus-stress run` against nginx.
    pub(crate) fn ours(&self, flags: &[&str]) -> Command {
        let mut command = Command::new(&self.tools.ours);
        command.current_dir(self.folder.path());
        for (key, _) in std::env::vars_os() {
            if key.to_string_lossy().starts_with("WALRUS_STRESS_") {
                command.env_remove(&key);
            }
        }
        command.arg("run").args(flags);
        command
    }

    /// `walrus-stress` reading `requests` times, twice each of a list of IDs whose blobs begin with `blob`.
    pub(crate) fn our_reads(&self, blob: &str, requests: u64, at_once: u32, verify: &str) -> Result<Command> {
        let list = self.list(blob, requests / 2)?;
        let mut command = self.ours(&["--aggregator", &self.nginx.url, "--steps", "first,cached"]);
        command.arg("--blob-ids").arg(list).args(["-c", &at_once.to_string(), "--verify", verify]);
        Ok(command)
    }

    /// A file of `count` IDs whose blobs begin with `blob`.
    pub(crate) fn list(&self, blob: &str, count: u64) -> Result<PathBuf> {
        let list = self.path("ids");
        let mut ids = String::new();
        for number in 0..count {
            writeln!(ids, "{}", id(blob, number)).context("cannot make a list")?;
        }
        fs::write(&list, ids).context("cannot write a list")?;
        Ok(list)
    }

    /// Another tool reading one blob `requests` times; wrk for as long as `seconds` instead.
    pub(crate) fn their_reads(
        &self,
        tool: Tool,
        blob: &str,
        requests: u64,
        at_once: u32,
        seconds: u32,
    ) -> Option<Command> {
        match tool {
            Tool::Ours => None,
            Tool::Oha => self.oha(&self.url(blob), requests, at_once),
            Tool::Wrk => {
                let mut command = Command::new(self.tools.program(tool)?);
                command.args([
                    "-t",
                    "1",
                    "-d",
                    &format!("{seconds}s"),
                    "-c",
                    &at_once.to_string(),
                    &self.url(blob),
                ]);
                Some(command)
            }
        }
    }

    /// Where nginx serves a blob.
    pub(crate) fn url(&self, blob: &str) -> String {
        format!("{}/v1/blobs/{}", self.nginx.url, id(blob, 0))
    }

    /// oha reading `requests` times from `url`.
    pub(crate) fn oha(&self, url: &str, requests: u64, at_once: u32) -> Option<Command> {
        let mut command = Command::new(self.tools.program(Tool::Oha)?);
        command.args(["--no-tui", "--output-format", "json", "-n", &requests.to_string()]);
        command.args(["-c", &at_once.to_string(), url]);
        Some(command)
    }

    /// oha storing the file `body` `requests` times.
    pub(crate) fn oha_uploads(&self, body: &Path, requests: u64, at_once: u32) -> Option<Command> {
        let mut command = Command::new(self.tools.program(Tool::Oha)?);
        command.args(["--no-tui", "--output-format", "json", "-m", "PUT", "-n", &requests.to_string()]);
        command
            .args(["-c", &at_once.to_string(), "-D"])
            .arg(body)
            .arg(format!("{}/v1/blobs", self.nginx.url));
        Some(command)
    }
}

/// A blob ID in the right form whose blob nginx takes from `fixed/BLOB`.
fn id(blob: &str, number: u64) -> String {
    format!("{:A<43}", format!("{blob}_{number:012}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_right_form_and_differ() {
        assert_eq!(id("100k", 7), "100k_000000000007AAAAAAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(id("1k", 0).len(), 43);
        assert_ne!(id("1k", 1), id("1k", 2));
    }
}
