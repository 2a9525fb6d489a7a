//! A generator that lacks ports or CPU time: its report must name what it lacks and draw no conclusion about the server.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use serde_json::Value;

use super::{
    capacity,
    report::report,
    soak_test::{Outcome, RunLength},
};
use crate::{
    deadline::Deadline,
    e2e::{check::Checks, harness::Harness},
    failure::{Context, Result},
    process::Process,
};

/// How long a run takes.
const USUAL: Duration = Duration::from_secs(10);
/// How many ports there are.
const PORTS: u32 = 100;
/// Which share of one core there is, in percent.
const QUOTA: u32 = 10;
/// How long a namespace takes to be made.
const TIMEOUT: Duration = Duration::from_secs(10);

/// In a network of its own, in which connections can have a hundred ports.
pub(super) fn ports(harness: &Harness<'_>, length: RunLength, checks: &mut Checks) -> Result<Outcome> {
    // At 500 ms each, 400/s are 200 connections at a time.
    let expected = Expected {
        check: "ports_share",
        advice: "net.ipv4.ip_local_port_range",
        least: "use-with-care",
        from: "20/s",
        rate: "400/s",
    };
    for tool in [Tool::Run, Tool::Search] {
        // Ports stay taken for a while: each tool has new ones.
        let Some(network) = Network::of_its_own(harness)? else {
            return Ok(Outcome::Skipped("no network namespace can be made (unshare -rn, ip, nsenter)"));
        };
        let mut publisher = harness.command("mock-publisher")?;
        publisher.args(["--listen", "127.0.0.1:0", "--store"]).arg(harness.path("store"));
        publisher.args(["--store-latency", "fixed:500ms", "--publisher-max-concurrent-requests", "10000"]);
        let mut publisher = harness.start("mock-publisher", network.inside(&publisher))?;
        let url = publisher.wait_for_line("listening on ", harness.deadline.at_most(TIMEOUT))?;
        let inside = |tool: &Command| network.inside(tool);
        expected.by(tool, harness, url.trim_end_matches('/'), length, inside, checks)?;
    }
    Ok(Outcome::Done)
}

/// In a control group that has a tenth of a core.
pub(super) fn quota(harness: &Harness<'_>, length: RunLength, checks: &mut Checks) -> Result<Outcome> {
    let Some(group) = Group::with_quota(QUOTA) else {
        return Ok(Outcome::Skipped("no control group with a CPU quota can be made (/sys/fs/cgroup)"));
    };
    let servers =
        harness.servers(&["--publisher-max-concurrent-requests", "10000"].map(str::to_owned), &[])?;
    let expected = Expected {
        check: "cpu_share",
        advice: "ran short of CPU",
        least: "invalid",
        from: "3000/s",
        rate: "3000/s",
    };
    for tool in [Tool::Run, Tool::Search] {
        expected.by(tool, harness, &servers.publisher.url, length, |tool| group.inside(tool), checks)?;
    }
    servers.stop()?;
    Ok(Outcome::Done)
}

/// What is tried.
#[derive(Clone, Copy)]
enum Tool {
    Run,
    Search,
}

/// What the report of a run that lacks a resource must contain.
struct Expected {
    /// The check that finds it.
    check: &'static str,
    /// What the advice speaks of.
    advice: &'static str,
    /// What the check's verdict is, or worse.
    least: &'static str,
    /// The uploads a second with which a search begins.
    from: &'static str,
    /// Those of a run, which are too many.
    rate: &'static str,
}

impl Expected {
    /// Runs the tool, started by `within`, against this publisher, and checks its report.
    fn by(
        &self,
        tool: Tool,
        harness: &Harness<'_>,
        publisher: &str,
        length: RunLength,
        within: impl Fn(&Command) -> Command,
        checks: &mut Checks,
    ) -> Result<()> {
        let step = format!("{}s", length.of(USUAL).as_secs().max(3));
        let command = match tool {
            Tool::Run => {
                let mut run = harness.command("walrus-stress")?;
                run.args([
                    "run",
                    "--publisher",
                    publisher,
                    "--steps",
                    "upload",
                    "--size",
                    "1KiB",
                    "--seed",
                    "7",
                ]);
                run.args(["--rate", self.rate, "--duration", &step, "-q", "--report"]);
                run.arg(harness.path("report.json"));
                run
            }
            Tool::Search => {
                let flags = format!("--from {} --max 6000/s --step {step} --settle 0s", self.from);
                capacity::search(harness, publisher, &flags)?
            }
        };
        harness.start("walrus-stress", within(&command))?.wait(harness.deadline)?;
        let report = report(harness)?;
        match tool {
            Tool::Run => self.evaluate(&report, checks)?,
            Tool::Search => self.evaluate_search(&report, checks),
        }
        Ok(())
    }

    fn evaluate(&self, report: &Value, checks: &mut Checks) -> Result<()> {
        let all = report["quality"]["checks"].as_array().context("the report has no checks")?;
        let found = all.iter().find(|check| check["check"] == self.check);
        let found = found.context(format!("the report has no {}", self.check))?;
        let graded = found["severity"] == self.least || found["severity"] == "invalid";
        checks.holds(&format!("{} is {} or worse", self.check, self.least), graded, found);
        let verdict = &report["quality"]["severity"];
        checks.holds("the run is not called trustworthy", verdict != "trustworthy", verdict);
        let advice = report["quality"]["advice"].as_str().unwrap_or_default();
        checks.holds("the advice names it", advice.contains(self.advice), advice);
        checks.note(format!("{} {}: {verdict}", self.check, found["measured"]));
        Ok(())
    }

    fn evaluate_search(&self, document: &Value, checks: &mut Checks) {
        let answer = &document["answer"];
        checks.equal("the search's answer", answer["kind"].as_str(), Some("generator"));
        let advice = answer["advice"].as_str().unwrap_or_default();
        checks.holds("its advice names it", advice.contains(self.advice), advice);
        checks.note(format!("the search ends at {}/s", answer["at"]));
    }
}

/// A network namespace, there as long as a process holds it.
struct Network {
    holder: Process,
}

impl Network {
    /// `None` where this machine allows none.
    fn of_its_own(harness: &Harness<'_>) -> Result<Option<Self>> {
        let first = 40_000;
        let script = format!(
            "ip link set lo up && echo '{first} {}' > /proc/sys/net/ipv4/ip_local_port_range && echo ready && exec sleep 1d",
            first + PORTS - 1
        );
        let mut command = Command::new("unshare");
        command.args(["-rn", "sh", "-c", &script]);
        let Ok(mut holder) = harness.start("unshare", command) else { return Ok(None) };
        if holder.wait_for_line("ready", Deadline::after(TIMEOUT)).is_err() {
            return Ok(None);
        }
        let network = Self { holder };
        // A user who can create a network namespace cannot always enter it.
        let mut probe = harness.start("nsenter", network.inside(&Command::new("true")))?;
        Ok(probe.wait(Deadline::after(TIMEOUT))?.success().then_some(network))
    }

    fn inside(&self, command: &Command) -> Command {
        let mut inside = Command::new("nsenter");
        inside.args(["--preserve-credentials", "-U", "-n", "-t", &self.holder.id().to_string(), "--"]);
        within(inside, command)
    }
}

/// A control group of ours, removed when dropped.
struct Group(PathBuf);

impl Group {
    /// With this percentage of one core; `None` where this machine has no such control group.
    fn with_quota(percent: u32) -> Option<Self> {
        let name = format!("walrus-stress-soak-{}", std::process::id());
        let group = Self(Path::new("/sys/fs/cgroup").join(name));
        fs::create_dir(&group.0).ok()?;
        group.limit(percent).is_ok().then_some(group)
    }

    /// Fails where this is no cgroup v2, the only version that the tool reads.
    fn limit(&self, percent: u32) -> io::Result<()> {
        const PERIOD: u32 = 100_000;
        let path = self.0.join("cpu.max");
        fs::metadata(&path)?;
        fs::write(path, format!("{} {PERIOD}", PERIOD / 100 * percent))
    }

    fn inside(&self, command: &Command) -> Command {
        let mut inside = Command::new("sh");
        inside.args(["-c", "echo $$ > \"$0\" && exec \"$@\""]).arg(self.0.join("cgroup.procs"));
        within(inside, command)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // One that still has processes stays; they are killed when the harness is left.
        let _ = fs::remove_dir(&self.0);
    }
}

/// The command behind another one, with its folder and its environment.
fn within(mut outer: Command, command: &Command) -> Command {
    outer.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => outer.env(name, value),
            None => outer.env_remove(name),
        };
    }
    command.get_current_dir().into_iter().for_each(|folder| {
        outer.current_dir(folder);
    });
    outer
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const EXPECTED: Expected =
        Expected { check: "cpu_share", advice: "short of CPU", least: "invalid", from: "", rate: "" };

    fn verdict(graded: &str, advice: &str, kind: &str) -> Result<String> {
        let mut checks = Checks::default();
        let trust = json!({
            "severity": graded, "advice": advice,
            "checks": [{"check": "cpu_share", "measured": 0.97, "severity": graded}],
        });
        EXPECTED.evaluate(&json!({ "quality": trust }), &mut checks)?;
        EXPECTED
            .evaluate_search(&json!({"answer": {"kind": kind, "advice": advice, "at": 20.0}}), &mut checks);
        checks.verdict()
    }

    #[test]
    fn what_was_short_must_be_named_and_nothing_claimed() {
        let well = verdict("invalid", "the generator ran short of CPU: more", "generator").unwrap();
        assert_eq!(well, "cpu_share 0.97: \"invalid\", the search ends at 20.0/s");
        assert!(verdict("use-with-care", "short of CPU", "generator").is_err());
        assert!(verdict("invalid", "use a quieter machine", "generator").is_err());
        assert!(verdict("invalid", "short of CPU", "between").is_err());
    }

    #[test]
    fn a_command_goes_behind_another_with_all_it_has() {
        let mut command = Command::new("tool");
        command.args(["a", "b"]).env("SET", "1").env_remove("GONE").current_dir("/");
        let both = within(Command::new("outer"), &command);
        assert_eq!(both.get_program(), "outer");
        assert_eq!(both.get_args().collect::<Vec<_>>(), ["tool", "a", "b"]);
        assert_eq!(both.get_envs().count(), 2);
        assert_eq!(both.get_current_dir().unwrap().to_str(), Some("/"));
    }
}
