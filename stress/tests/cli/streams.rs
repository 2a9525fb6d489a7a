//! Stdout, stdin, pipes and devices in the place of files.

use std::{fs, io::Read, thread};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::Value;
use tests::Bottle;

use crate::{
    common::{Ran, Run},
    server::Server,
};

const SUMMARY: &str = "passed: 2 of 2 uploads and 4 of 4 downloads succeeded\n";

fn run(server: &Server) -> Run {
    let url = server.url();
    Run::bare().args(["--publisher", &url, "--aggregator", &url]).line("-n 2 --size 1KiB --seed 7")
}

/// The summary is on stderr.
fn moved(ran: &Ran) {
    assert!(ran.stderr.contains(SUMMARY) && !ran.stdout.contains("passed: "), "{ran:?}");
}

#[test]
fn each_output_can_be_stdout_and_the_summary_is_then_on_stderr() {
    let server = Server::start();
    let report = run(&server).line("--report -").go().exits(0);
    let document: Value = serde_json::from_str(&report.stdout).expect("one document");
    assert_eq!(document["schema"], "walrus-stress/report/1");
    moved(&report);
    let rows = run(&server).line("--export -").go().exits(0);
    let array: Vec<Value> = serde_json::from_str(&rows.stdout).expect("an array that is closed");
    assert_eq!(array.len(), 2);
    moved(&rows);
    let log = run(&server).line("--log /dev/stdout").go().exits(0);
    let lines: Vec<Value> =
        log.stdout.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    assert_eq!((lines.len(), &lines[0]["schema"]), (7, &"walrus-stress/log/1".into()));
    moved(&log);
    for (line, start) in
        [("--write csv=-", "phase,"), ("--html -", "<!DOCTYPE html>"), ("--write markdown=/dev/stdout", "")]
    {
        let ran = run(&server).line(line).go().exits(0);
        assert!(ran.stdout.to_lowercase().starts_with(&start.to_lowercase()), "{line}: {}", ran.stdout);
        moved(&ran);
        assert_eq!(ran.files(), Vec::<String>::new(), "{line}");
    }
}

#[test]
fn of_stdin_and_stdout_there_is_one_each() {
    let server = Server::start();
    for (line, words) in [
        ("--report - --log -", "--log names stdout, as does --report"),
        ("--export - --write csv=/dev/stdout", "--write names stdout, as does --export"),
        ("--plan - --blob-ids -", "--blob-ids: stdin is the plan"),
    ] {
        let ran = run(&server).line(line).input("seed = 3\n").go().exits(2);
        assert!(ran.stderr.contains(words) && ran.stderr.lines().count() == 1, "{line}: {}", ran.stderr);
    }
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn a_pipe_with_a_reader_takes_an_array_and_one_without_is_refused_before_the_run() {
    let server = Server::start();
    let with_pipe = || {
        let run = run(&server).line("--export pipe");
        let path = run.dir.path().join("pipe");
        mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a pipe");
        (run, path)
    };
    let (lonely, _) = with_pipe();
    let ran = lonely.go().exits(2);
    assert!(ran.stderr.contains("--export: cannot write pipe: nothing reads this pipe"), "{}", ran.stderr);
    assert_eq!(server.requests().len(), 0);
    let (run, path) = with_pipe();
    let (sender, opened) = std::sync::mpsc::channel();
    let reader = thread::spawn(move || {
        // Opened for both, since opening for reading alone waits for a writer.
        let mut pipe = fs::OpenOptions::new().read(true).write(true).open(&path).expect("a pipe");
        sender.send(()).expect("the test waits");
        let mut text = Vec::new();
        while !text.ends_with(b"\n]\n") {
            let mut bytes = [0; 4096];
            let read = pipe.read(&mut bytes).expect("a pipe that is read");
            text.extend_from_slice(&bytes[..read]);
        }
        String::from_utf8(text).expect("text")
    });
    opened.recv().expect("a reader");
    let ran = run.go().exits(0);
    let rows: Vec<Value> = serde_json::from_str(&reader.join().expect("a reader")).expect("an array");
    assert_eq!(rows.len(), 2);
    assert!(ran.stdout.starts_with(SUMMARY), "stdout is free: {}", ran.stdout);
}

#[test]
fn a_device_takes_what_it_can() {
    let server = Server::start();
    run(&server).line("--report /dev/null --log /dev/null").go().exits(2); // They are the same file.
    run(&server).line("--report /dev/null").go().exits(0);
    let ran = run(&server).line("--report /dev/full").go().exits(1);
    assert!(ran.stderr.contains("cannot write /dev/full: No space left"), "{}", ran.stderr);
}

#[test]
fn a_plan_can_come_through_stdin_and_a_report_go_on_to_the_next_command() {
    let server = Server::start();
    let ran = run(&server).line("--plan - --report -").input("epochs = 3\n").go().exits(0);
    assert!(ran.stdout.contains("\"epochs\": 3"), "{}", ran.stdout);
    let again =
        Run::bare().command("report").line("- --format markdown -o -").input(&ran.stdout).go().exits(0);
    assert!(again.stdout.contains("2 of 2 uploads"), "{}", again.stdout);
    let alone = Run::bare().command("plan").line("--plan -").input(&ran.stdout).go().exits(0);
    assert!(alone.stdout.contains("2 blobs of 1.00 KiB"), "{}", alone.stdout);
}

#[test]
fn a_byte_order_mark_is_skipped() {
    let bottle = Bottle::start();
    let mark = |text: &str| format!("\u{feff}{text}");
    let stored = Run::new(&bottle).line("--export -n 2 --size 1KiB --log log.ndjson").go().exits(0);
    let read = |name: &str| fs::read_to_string(stored.dir.path().join(name)).expect("a file");
    let ids: Vec<_> =
        stored.rows().iter().map(|row| row["blob_id"].as_str().expect("an ID").to_owned()).collect();
    for (flag, text) in [
        ("--blob-ids", ids.join("\r\n")),
        ("--from-export", read("stress_test_summary.json")),
        ("--from-log", read("log.ndjson")),
    ] {
        let run = Run::new(&bottle).file("list", &mark(&text)).args([flag, "list", "-q"]);
        assert_eq!(run.go().exits(0).report().total("first", "done"), 2, "{flag}");
    }
    let plan =
        Run::new(&bottle).file("plan.toml", &mark("blobs = 1\nsize = \"1KiB\"\n")).line("--plan plan.toml");
    assert_eq!(plan.go().exits(0).report().total("upload", "done"), 1);
    let report = Run::bare().command("report").file("marked.json", &mark(&read("report.json")));
    report.line("marked.json").go().exits(0);
    let again = Run::new(&bottle).file("marked.json", &mark(&read("report.json"))).line("--plan marked.json");
    again.go().exits(0);
}
