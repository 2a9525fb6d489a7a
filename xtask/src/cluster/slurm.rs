//! Jobs of `slurm.sh` on a real Slurm.

use std::{collections::BTreeSet, fs, path::Path, process::Command, time::Duration};

use super::nodes::{BLOBS, Cluster, LONG, SHORT, Site, UNDER_WAY, contains};
use crate::{
    deadline::Deadline,
    e2e::{
        http,
        report::{Report, Step},
    },
    failure::{Context, Failure, Result},
};

/// How long a job may take.
const LIMIT: Duration = Duration::from_secs(120);
/// A job that has ended.
struct Job {
    id: String,
    state: String,
    code: String,
    log: String,
}

/// A job under way.
struct Submitted<'a> {
    site: &'a Site<'a>,
    id: String,
}

fn submit<'a>(site: &'a Site<'a>, line: &str) -> Result<Submitted<'a>> {
    let words: Vec<_> =
        ["--parsable"].into_iter().chain(line.split_whitespace()).chain(["slurm.sh"]).collect();
    let ran = site.run(site.command("sbatch"), &words)?;
    ran.expect(0, &[])?;
    Ok(Submitted { site, id: ran.text.trim().to_owned() })
}

impl Submitted<'_> {
    /// Waits until Slurm has forgotten the job's steps.
    fn wait(&self) -> Result<Job> {
        let deadline = Deadline::after(LIMIT);
        loop {
            let shown =
                self.site.run(self.site.command("scontrol"), &["show", "job", "--oneliner", &self.id])?;
            let field = |name: &str| {
                let value =
                    shown.text.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
                value.map(str::to_owned).context(format!("scontrol shows no {name}: {}", shown.text))
            };
            let state = field("JobState")?;
            if !["PENDING", "CONFIGURING", "RUNNING", "COMPLETING"].contains(&state.as_str())
                && self.has_log_end()?
            {
                let log = self.log()?;
                return Ok(Job { id: self.id.clone(), state, code: field("ExitCode")?, log });
            }
            if deadline.passed() {
                return Err(Failure::new(format!(
                    "job {} is {state} after {LIMIT:?}: {}",
                    self.id,
                    self.log()?
                )));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// A cancelled job is over for Slurm before its script is.
    fn has_log_end(&self) -> Result<bool> {
        let log = self.log()?;
        Ok(log.contains("merged from") || log.contains("\nerror: "))
    }

    fn log(&self) -> Result<String> {
        let path = self.site.work.join(format!("walrus-stress-{}.log", self.id));
        fs::read_to_string(&path).context(format!("cannot read {}", path.display()))
    }

    /// The report of one part.
    fn part(&self, number: u32) -> Result<Report> {
        Report::load(&self.site.work.join(format!("results-{}/part-{number}.json", self.id)))
    }
}

/// A job from its submission to its end.
fn job(site: &Site<'_>, line: &str) -> Result<Job> {
    submit(site, line)?.wait()
}

impl Job {
    fn ended(&self, state: &str, code: &str) -> Result<()> {
        let right = self.state == state && self.code == code;
        let (found, text) = (format!("{} {}", self.state, self.code), &self.log);
        right.then_some(()).context(format!("the job is {found}, not {state} {code}: {text}"))
    }
}

/// Three parts make exactly the blobs of one run, and the merged report is that of one run where times do not matter.
pub(super) fn whole(cluster: &Cluster) -> Result<String> {
    let site = cluster.site("slurm", &["slurm.sh"], &SHORT)?;
    let job = job(&site, "")?;
    job.ended("COMPLETED", "0:0")?;
    contains(&job.log, &["merged from 3 of 3 shards", "by their barrier the shards began within"])?;
    site.stored_once(BLOBS)?;
    let merged = Report::load(&site.work.join(format!("results-{}/report.json", job.id)))?;
    let run = format!("slurm-{}.0", job.id);
    let mut again = alone(cluster, &site);
    again.args(["--run-id", &run]);
    site.run(again, &[])?.expect(0, &[])?;
    let one = Report::load(&site.work.join("alone.json"))?;
    let counts = |report: &Report| -> Result<_> {
        Ok((
            report.done(&[Step::Upload])?,
            report.bytes_sent(&[Step::Upload])?,
            report.attempts(&[Step::Upload])?,
        ))
    };
    let (merged_counts, one_counts) = (counts(&merged)?, counts(&one)?);
    (merged_counts == one_counts)
        .then_some(())
        .context(format!("merged {merged_counts:?}, but one run has {one_counts:?}"))?;
    (one.stored("existing")? == BLOBS)
        .then_some(())
        .context("the run on one machine stored blobs of its own")?;
    site.close()?;
    Ok(format!("{BLOBS} blobs"))
}

/// The same plan on the control node, undivided.
fn alone(cluster: &Cluster, site: &Site<'_>) -> Command {
    let mut command = site.command(&cluster.program("walrus-stress").display().to_string());
    command.args(["run", "--plan", "plan.toml", "--report", "alone.json"]);
    command
}

/// Whatever the number of parts, the publisher gets the same blobs, each once.
pub(super) fn same_blobs(cluster: &Cluster) -> Result<String> {
    let mut first: Option<BTreeSet<String>> = None;
    for parts in 1..=3 {
        let site = cluster.site(&format!("slurm-{parts}"), &["slurm.sh"], &SHORT)?;
        job(&site, &format!("--nodes={parts} --export=ALL,WALRUS_STRESS_RUN_ID=the-same"))?
            .ended("COMPLETED", "0:0")?;
        site.stored_once(BLOBS)?;
        let blobs = names(&site.store)?;
        let same = first.as_ref().is_none_or(|first| *first == blobs);
        same.then_some(()).context(format!("{parts} parts store other blobs than one"))?;
        first = Some(blobs);
        site.close()?;
    }
    Ok(format!("{} files of {BLOBS} blobs", first.map_or(0, |blobs| blobs.len())))
}

/// The names of all files below a folder.
fn names(folder: &Path) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).context(format!("cannot read {}", folder.display()))? {
        let entry = entry.context("cannot read an entry")?;
        if entry.path().is_dir() {
            found.extend(names(&entry.path())?);
        } else {
            found.insert(entry.file_name().to_string_lossy().into_owned());
        }
    }
    Ok(found)
}

/// One node's clock is two seconds behind: the publisher sees one run all the same, and the report has the difference.
pub(super) fn clock(cluster: &Cluster) -> Result<String> {
    let site = cluster.site("slurm-clock", &["slurm.sh"], &SHORT)?;
    let program = cluster.program("walrus-stress");
    let library = "libfaketime=$(echo /usr/lib/*/faketime/libfaketimeMT.so.1)";
    let behind = "LD_PRELOAD=$libfaketime FAKETIME=-2s FAKETIME_DONT_FAKE_MONOTONIC=1";
    let wrapper = format!(
        "#!/bin/sh\n{library}\n[ \"$(hostname)\" = node2 ] && export {behind}\nexec {} \"$@\"\n",
        program.display()
    );
    site.write("walrus-stress", wrapper.as_bytes())?;
    let job = job(&site, "")?;
    job.ended("COMPLETED", "0:0")?;
    contains(&job.log, &["by their barrier the shards began within", "clocks differ by up to"])?;
    site.stored_once(BLOBS)?;
    let offset = Report::load(&site.work.join(format!("results-{}/report.json", job.id)))?.clock_offset()?;
    let offset = offset.as_millis();
    (offset.abs_diff(2_000) < 500)
        .then_some(())
        .context(format!("the clocks differ by {offset} ms, not by 2 s"))?;
    // Had a part waited for its own clock, two seconds would lie between its uploads and the others'.
    let arrivals = http::get_json(site.url(), "/mock/arrivals", Deadline::after(LIMIT))?;
    let arrivals = arrivals.as_array().context("the publisher shows no arrivals")?;
    let uploads = arrivals
        .iter()
        .filter(|arrival| arrival["route"].as_str().is_some_and(|route| route.starts_with("PUT")));
    let times: Vec<_> = uploads.filter_map(|arrival| arrival["at_us"].as_u64()).collect();
    let longest = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).max().context("no uploads")?;
    (longest < 2_000_000).then_some(()).context(format!("{longest} µs without an upload"))?;
    site.close()?;
    Ok(format!("the longest pause at the publisher was {} ms", longest / 1000))
}

/// Every part of a cancelled job writes what it has, and merge says that it was stopped.
pub(super) fn cancelled(cluster: &Cluster) -> Result<String> {
    let site = cluster.site("slurm-cancelled", &["slurm.sh"], &LONG)?;
    let submitted = submit(&site, "")?;
    site.wait_for_uploads(UNDER_WAY)?;
    site.run(site.command("scancel"), &[&submitted.id])?.expect(0, &[])?;
    let job = submitted.wait()?;
    let stopped: Vec<_> = (0..3).map(|part| format!("part-{part}.json: was stopped by SIGTERM")).collect();
    contains(&job.log, &stopped.iter().map(String::as_str).collect::<Vec<_>>())?;
    let mut done = 0;
    for part in 0..3 {
        let report = submitted.part(part)?;
        report.partial()?.then_some(()).context(format!("the report of part {part} is not partial"))?;
        done += report.done(&[Step::Upload])?;
    }
    (done > 0).then_some(()).context("the partial reports are empty")?;
    site.close()?;
    Ok(format!("{done} blobs before"))
}

/// A node dies in the middle: the others end their parts, the job has failed, and merge names the part that is missing.
pub(super) fn killed(cluster: &Cluster) -> Result<String> {
    let site = cluster.site("slurm-killed", &["slurm.sh"], &LONG)?;
    let submitted = submit(&site, "--nodelist=node[1-3]")?;
    site.wait_for_uploads(UNDER_WAY)?;
    cluster.kill(3)?;
    let job = submitted.wait()?;
    job.ended("FAILED", "3:0")?;
    contains(&job.log, &["part-2.json: cannot be read", "but shard 2/3 is missing"])?;
    for part in 0..2 {
        let report = submitted.part(part)?;
        (!report.partial()?).then_some(()).context(format!("part {part} did not go on to its end"))?;
    }
    site.close()?;
    let srun = job.log.lines().find_map(|line| line.split_once(", which says nothing"));
    Ok(srun.map_or_else(String::new, |(srun, _)| srun.to_owned()))
}
