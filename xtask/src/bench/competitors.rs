//! The competitors: this workspace's tool and others that do the same work.

use std::{env, path::PathBuf, process::Command};

use serde_json::Value;

use super::usage::Usage;
use crate::failure::{Context, Failure, Result};

/// A load generator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tool {
    /// `walrus-stress`, which also verifies and records everything.
    Ours,
    /// The Rust load generator.
    Oha,
    /// The C load generator; it runs for a time instead of a number of requests.
    Wrk,
}

impl Tool {
    /// Its name in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Tool::Ours => "ours",
            Tool::Oha => "oha",
            Tool::Wrk => "wrk",
        }
    }

    /// How many requests it made, when all of them succeeded.
    pub(crate) fn requests(self, asked: u64, spent: &Usage) -> Result<u64> {
        match self {
            // It exits with an error unless every request succeeded.
            Tool::Ours => Ok(asked),
            Tool::Oha => {
                let stdout: Value =
                    serde_json::from_str(&spent.stdout).context("oha's output is not JSON")?;
                let done = stdout["statusCodeDistribution"]["200"].as_u64().unwrap_or(0);
                if done == asked {
                    return Ok(done);
                }
                Err(Failure::new(format!(
                    "oha succeeded {done} times instead of {asked}: {}",
                    stdout["errorDistribution"]
                )))
            }
            Tool::Wrk if spent.stdout.contains("Non-2xx") => {
                Err(Failure::new(format!("wrk had failures: {}", spent.stdout)))
            }
            Tool::Wrk => wrk_requests(&spent.stdout).context("wrk's output has no number of requests"),
        }
    }
}

/// The installed ones.
pub(crate) struct Tools {
    /// The tool as it was built from this workspace.
    pub(crate) ours: PathBuf,
    /// oha, if it is installed.
    pub(crate) oha: Option<PathBuf>,
    /// wrk, if it is installed.
    pub(crate) wrk: Option<PathBuf>,
}

impl Tools {
    /// Prints the versions of the tools, and how to install those that are missing.
    pub(crate) fn print_versions(&self) {
        let first_line = |program: &PathBuf| {
            let output = Command::new(program).arg("--version").output().ok()?;
            String::from_utf8_lossy(&[output.stdout, output.stderr].concat())
                .lines()
                .next()
                .map(str::to_owned)
        };
        println!("ours  {}", first_line(&self.ours).unwrap_or_default());
        match &self.oha {
            Some(oha) => println!("oha   {}", first_line(oha).unwrap_or_default()),
            None => {
                println!("oha   not installed (cargo install oha): no comparison of CPU and bytes/s")
            }
        }
        match &self.wrk {
            Some(wrk) => println!("wrk   {}", first_line(wrk).unwrap_or_default()),
            None => println!("wrk   not installed (on Debian: apt-get install wrk): left out of the tables"),
        }
    }

    /// Where a tool is, if it is here.
    pub(crate) fn program(&self, tool: Tool) -> Option<&PathBuf> {
        match tool {
            Tool::Ours => Some(&self.ours),
            Tool::Oha => self.oha.as_ref(),
            Tool::Wrk => self.wrk.as_ref(),
        }
    }
}

/// Where the program `name` is, if it is installed: in `PATH`, or where Debian keeps servers.
pub(super) fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders.map(|folder| folder.join(name)).find(|program| program.is_file())
}

/// `  123456 requests in 2.00s, 1.2GB read`.
fn wrk_requests(stdout: &str) -> Option<u64> {
    stdout.lines().find_map(|line| line.split_once(" requests in ")?.0.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn spent(stdout: &str) -> Usage {
        let (cpu, wall) = (Duration::ZERO, Duration::ZERO);
        Usage { cpu, wall, memory: 0, early_memory: None, stdout: stdout.to_owned() }
    }

    #[test]
    fn only_work_that_succeeded_counts() {
        let oha = |stdout| Tool::Oha.requests(10, &spent(stdout)).map_err(|failure| failure.to_string());
        assert_eq!(oha(r#"{"statusCodeDistribution":{"200":10}}"#), Ok(10));
        let missed =
            oha(r#"{"statusCodeDistribution":{"200":9},"errorDistribution":{"refused":1}}"#).unwrap_err();
        assert_eq!(missed, r#"oha succeeded 9 times instead of 10: {"refused":1}"#);
        let wrk = |stdout| Tool::Wrk.requests(0, &spent(stdout)).ok();
        assert_eq!(wrk("Running 1s test\n  52 requests in 1.00s, 4MB read\n"), Some(52));
        assert_eq!(wrk("  52 requests in 1.00s\n  Non-2xx or 3xx responses: 3\n"), None);
        assert_eq!(Tool::Ours.requests(7, &spent("")).ok(), Some(7));
    }
}
