//! A run on many machines: engines number the parts, which start together and hand their reports back on stdout.

use std::{
    io::{BufRead, BufReader, Write},
    os::{fd::AsRawFd, unix::net::UnixStream},
    path::PathBuf,
    thread,
    time::{Duration, SystemTime},
};

use rustix::io::{FdFlags, fcntl_setfd};
use tests::{Bottle, PUT_BLOB};

use crate::common::{Ran, Run, nowhere};

const LINE: &str = "-n 9 -c 3 --size 1KiB --permanent --steps upload -q --shard auto";

/// A part of a run that an engine started with these variables, its report on stdout.
fn part(bottle: &Bottle, environment: &str) -> Run {
    let run = Run::bare().args(["--publisher", bottle.publisher_url(), "--report", "-"]).line(LINE);
    environment.split_whitespace().fold(run, |run, word| {
        let (name, value) = word.split_once('=').expect("NAME=VALUE");
        run.variable(name, value)
    })
}

/// A task of a Slurm step.
fn step(number: u32) -> String {
    format!("SLURM_JOB_ID=41 SLURM_STEP_ID=0 SLURM_PROCID={number} SLURM_STEP_NUM_TASKS=3")
}

/// Stdout of each part in a file; the files.
fn collected(parts: &[Ran]) -> Vec<PathBuf> {
    let file = |part: &Ran| {
        let path = part.dir.path().join("stdout.log");
        // As in a file that an engine keeps of both streams.
        let log = format!("slurmstepd: info: started\n{}{}", part.stderr, part.stdout);
        std::fs::write(&path, log).expect("a file");
        path
    };
    parts.iter().map(file).collect()
}

fn merge(files: &[PathBuf], line: &str) -> Ran {
    let files = files.iter().map(|file| file.display().to_string());
    let run = Run::bare().command("merge").args(["-o", "report.json"]);
    run.line(line).args(files).go()
}

#[test]
fn parts_that_an_engine_numbers_make_one_run_of_its_job() {
    let bottle = Bottle::start();
    let parts: Vec<_> = (0..3).map(|number| part(&bottle, &step(number)).go().exits(0)).collect();
    let merged = merge(&collected(&parts), "--expect 3").exits(0).report();
    assert_eq!((merged.total("upload", "done"), merged.stored("new")), (9, 9));
    assert_eq!(merged.0["run_id"], "slurm-41.0");
    let engines: Vec<_> =
        merged.0["parts"].as_array().expect("parts").iter().map(|part| &part["engine"]).collect();
    assert_eq!(engines, ["slurm-step"; 3]);
    // The same run on one machine finds every blob, and the next job makes others.
    let line = "-n 9 -c 3 --size 1KiB --permanent --steps upload -q --report report.json --run-id";
    let undivided = |id: &str| {
        let run = Run::bare().args(["--publisher", bottle.publisher_url()]).line(line).args([id]);
        run.go().exits(0).report()
    };
    assert_eq!(undivided("slurm-41.0").stored("existing"), 9);
    assert_eq!(undivided("slurm-42.0").stored("existing"), 0);
}

#[test]
fn every_engine_is_recognised_and_recorded() {
    let bottle = Bottle::start();
    let array = "SLURM_ARRAY_JOB_ID=5 SLURM_ARRAY_TASK_ID=1 SLURM_ARRAY_TASK_COUNT=3 SLURM_ARRAY_TASK_MIN=0 \
                 SLURM_ARRAY_TASK_MAX=2 SLURM_PROCID=0 SLURM_JOB_ID=6";
    for (environment, engine, run) in [
        (step(1), "slurm-step", "slurm-41.0"),
        (array.to_owned(), "slurm-array", "slurm-5"),
        (
            "OMPI_COMM_WORLD_RANK=1 OMPI_COMM_WORLD_SIZE=3 WALRUS_STRESS_RUN_ID=mpi-1".to_owned(),
            "open-mpi",
            "mpi-1",
        ),
        ("PMI_RANK=1 PMI_SIZE=3 WALRUS_STRESS_RUN_ID=mpi-2".to_owned(), "pmi", "mpi-2"),
        (
            "JOB_COMPLETION_INDEX=1 WALRUS_STRESS_SHARDS=3 WALRUS_STRESS_RUN_ID=8d0c0f6a-1f5e".to_owned(),
            "kubernetes",
            "8d0c0f6a-1f5e",
        ),
    ] {
        let ran = part(&bottle, &environment).line("--barrier none").go().exits(0);
        let report: serde_json::Value =
            serde_json::from_str(&ran.stdout).expect("stdout is the report alone");
        assert_eq!(report["parts"][0]["engine"], engine);
        assert_eq!((&report["plan"]["shard"], &report["run_id"]), (&"1/3".into(), &run.into()), "{engine}");
        assert!(report["parts"][0]["host"].as_str().is_some_and(|host| !host.is_empty()));
        assert!(ran.stderr.contains("run ID") && ran.stderr.contains(run), "{}", ran.stderr);
    }
}

#[test]
fn what_would_not_be_one_run_is_refused_before_the_first_request() {
    let nowhere = nowhere();
    for (environment, line, words) in [
        ("JOB_COMPLETION_INDEX=0", "", "finds JOB_COMPLETION_INDEX, but not WALRUS_STRESS_SHARDS"),
        ("SLURM_JOB_ID=4 SLURM_PROCID=0", "", "the batch script of Slurm job 4"),
        ("", "", "give --shard K/N"),
        ("OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=2", "", "needs --run-id or --seed"),
        ("SLURM_RESTART_COUNT=1", "", "refuses attempt 2 of a part"),
        ("WALRUS_STRESS_ATTEMPT=3", "", "refuses attempt 4 of a part"),
        ("", "--run-id a/b", "other characters"),
        ("", "--barrier pmi", "without PMI_FD"),
        ("PMI_FD=first", "", "`first` is no file descriptor"),
        ("", "--start-at 2020-01-01T00:00:00Z", "has passed"),
        ("", "--start-at tomorrow", "2026-01-31T12:00:00Z"),
    ] {
        let in_step = words.contains("attempt") || !line.is_empty() || words.contains("descriptor");
        let mut run = Run::between(&nowhere, &nowhere).line("--shard auto").line(line);
        let step = if in_step { step(0) } else { String::new() };
        for word in step.split_whitespace().chain(environment.split_whitespace()) {
            let (name, value) = word.split_once('=').expect("NAME=VALUE");
            run = run.variable(name, value);
        }
        let ran = run.go().exits(2);
        assert!(ran.stderr.contains(words) && ran.stderr.lines().count() == 1, "{words}: {}", ran.stderr);
    }
}

#[test]
fn merge_names_every_part_that_is_not_whole() {
    let bottle = Bottle::start();
    let parts: Vec<_> = (0..3).map(|number| part(&bottle, &step(number)).go().exits(0)).collect();
    let files = collected(&parts);
    let text = std::fs::read_to_string(&files[1]).expect("a log");
    std::fs::write(&files[1], &text[..text.len() - 3]).expect("a file");
    let refused = |files: &[PathBuf], line: &str, words: &[&str]| {
        let ran = merge(files, line).exits(3);
        let lines: Vec<_> = ran.stderr.lines().collect();
        assert_eq!(lines.len(), words.len(), "{}", ran.stderr);
        for (line, words) in lines.iter().zip(words) {
            assert!(line.starts_with("error: ") && line.contains(words), "{line}: {words}");
        }
        assert_eq!(ran.files(), Vec::<String>::new(), "nothing is written");
    };
    refused(&files[..2], "", &["cannot be read", "shards 1/3, 2/3 are missing"]);
    refused(&[], "", &["nothing to merge"]);
    refused(
        &["shard-*.json".into()],
        "--allow-partial",
        &["shard-*.json: cannot be read", "nothing to merge"],
    );
    let whole = [files[0].clone(), files[2].clone()];
    refused(&whole, "--expect 4 --allow-partial", &["--expect is 4"]);
    // What is missing stands wherever the result is shown.
    let ran = merge(&whole, "--expect 3 --allow-partial").exits(0);
    let report = ran.dir.path().join("report.json").display().to_string();
    for (format, words) in [
        ("terminal", "shard 1/3 is missing"),
        ("markdown", "shard 1/3 is missing"),
        ("html", "shard 1/3 is missing"),
        ("junit", "shard 1/3 is missing"),
        ("json", "\"missing\": [\n    \"1/3\"\n  ]"),
    ] {
        let shown = Run::bare().command("report").args([&report, "--format", format]).go().exits(0).stdout;
        assert!(shown.contains(words), "{format}: {shown}");
    }
}

/// The launcher's end of a connection, and the number of the process's end, which it inherits.
struct Connection {
    launcher: BufReader<UnixStream>,
    process: UnixStream,
}

impl Connection {
    fn open() -> Self {
        let (launcher, process) = UnixStream::pair().expect("a pair of sockets");
        fcntl_setfd(&process, FdFlags::empty()).expect("a descriptor that is inherited");
        Self { launcher: BufReader::new(launcher), process }
    }

    fn variables(&self, number: usize) -> String {
        format!(
            "PMI_FD={} PMI_RANK={number} PMI_SIZE=3 WALRUS_STRESS_RUN_ID=together",
            self.process.as_raw_fd()
        )
    }

    fn read(&mut self, expected: &str) {
        let mut line = String::new();
        self.launcher.read_line(&mut line).expect("a line");
        assert_eq!(line.trim_end(), expected);
    }

    fn write(&mut self, line: &str) {
        self.launcher.get_mut().write_all(format!("{line}\n").as_bytes()).expect("a process that reads");
    }
}

#[test]
fn parts_wait_for_each_other_at_the_launchers_barrier() {
    let bottle = Bottle::start();
    let mut connections: Vec<_> = (0..3).map(|_| Connection::open()).collect();
    let runs: Vec<_> =
        connections.iter().enumerate().map(|(number, one)| part(&bottle, &one.variables(number))).collect();
    let running: Vec<_> = runs.into_iter().map(|run| thread::spawn(|| run.go())).collect();
    for connection in &mut connections {
        connection.read("cmd=init pmi_version=1 pmi_subversion=1");
        connection.write("cmd=response_to_init pmi_version=1 pmi_subversion=1 rc=0");
    }
    connections.iter_mut().for_each(|connection| connection.read("cmd=barrier_in"));
    // All of them are there, and none has begun.
    assert_eq!(bottle.publisher_stats().route(PUT_BLOB).received, 0);
    for connection in &mut connections {
        connection.write("cmd=barrier_out rc=0");
        connection.read("cmd=finalize");
        connection.write("cmd=finalize_ack rc=0");
    }
    let parts: Vec<_> = running.into_iter().map(|one| one.join().expect("no panic").exits(0)).collect();
    let merged = merge(&collected(&parts), "--expect 3 --max-start-skew 1h").exits(0);
    assert!(merged.stderr.contains("by their barrier the shards began within "), "{}", merged.stderr);
    assert!(merged.report().0["parts"][2]["barrier"]["begin_seconds"].is_number());
    let refused = merge(&collected(&parts), "--max-start-skew 0s").exits(3);
    assert!(refused.stderr.contains("after another shard: --max-start-skew is 0 s"), "{}", refused.stderr);
}

#[test]
fn a_part_does_not_wait_for_ever() {
    let bottle = Bottle::start();
    let mut connection = Connection::open();
    let run = part(&bottle, &connection.variables(0)).line("--barrier-timeout 300ms");
    let running = thread::spawn(|| run.go());
    connection.read("cmd=init pmi_version=1 pmi_subversion=1");
    connection.write("cmd=response_to_init rc=0");
    let ran = running.join().expect("no panic").exits(2);
    assert!(ran.stderr.contains("did not come to the barrier within 0.3 s"), "{}", ran.stderr);
    let gone = Connection::open();
    let run = part(&bottle, &gone.variables(0));
    drop(gone.launcher);
    let ran = run.go().exits(2);
    assert!(ran.stderr.contains("pmi: cmd=init"), "{}", ran.stderr);
}

#[test]
fn a_part_begins_at_a_time_and_not_before() {
    let bottle = Bottle::start();
    // A busy machine may take longer to get ready than the first of these leaves it.
    for lead in [1, 4, 16] {
        let at = SystemTime::now() + Duration::from_secs(lead);
        let text = humantime::format_rfc3339_nanos(at).to_string();
        let ran = part(&bottle, &step(0)).args(["--start-at", &text]).go();
        if ran.code == Some(2) && ran.stderr.contains("has passed") {
            continue;
        }
        let report: serde_json::Value = serde_json::from_str(&ran.exits(0).stdout).expect("a report");
        let began = report["parts"][0]["began_at"].as_str().expect("a time");
        assert!(humantime::parse_rfc3339(began).expect("a time") >= at, "{began} is before {text}");
        assert_eq!(report["parts"][0]["scheduled"], true);
        return;
    }
    panic!("16 s were not enough to get ready");
}
