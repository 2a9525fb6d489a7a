//! How a run ends before its time: signals, and readers or files that go away.

use std::{
    fs,
    io::Read,
    sync::mpsc::{Receiver, channel},
};

use rustix::process::Signal;
use serde_json::Value;
use tests::Bottle;

use crate::{
    common::{EXPORT, Run},
    server::{Reply, Server},
};

/// A server that answers the first blob as it should and then goes silent on stores, and what it was asked.
fn silent_from_the_second_blob_on() -> (Server, Receiver<()>) {
    let (sender, stores) = channel();
    let server = Server::answering(move |request, right| {
        if !request.is_store() {
            return right;
        }
        // A test that has seen enough does not listen any more.
        let _ = sender.send(());
        match right {
            Reply::Send(bytes) if bytes.windows(44).any(|id| id == format!("{:A>43}\"", 0).as_bytes()) => {
                Reply::Send(bytes)
            }
            _ => Reply::Silence,
        }
    });
    (server, stores)
}

fn run(server: &Server) -> Run {
    Run::between(&server.url(), &server.url()).line("--export -n 50 -c 1 --size 1KiB --color never")
}

#[test]
fn a_signal_stops_the_run_and_everything_measured_is_reported_as_partial() {
    for (signal, code, name) in [(Signal::INT, 130, "SIGINT"), (Signal::TERM, 143, "SIGTERM")] {
        let (server, stores) = silent_from_the_second_blob_on();
        let started = run(&server).start().until(" cached download ");
        // The first blob's store, and the one that is never answered.
        stores.iter().take(2).for_each(drop);
        let started = started.signal(signal).until(name);
        let ran = started.finish().exits(code);
        let verdict = "PARTIAL, FAILED: 1 of 2 uploads and 2 of 2 downloads succeeded, 1 unfinished\n";
        assert!(ran.stdout.starts_with(verdict) && ran.stdout.ends_with(verdict), "{}", ran.stdout);
        assert!(ran.stdout.contains(&format!(" interrupted by {name}: ")), "{}", ran.stdout);
        assert_eq!((ran.rows().len(), &ran.rows()[0]["blob_number"]), (1, &Value::from(1)));
        let report = ran.report();
        assert_eq!(
            (&report.0["partial"], &report.0["ending"]["kind"]),
            (&true.into(), &"interrupted".into())
        );
        assert_eq!((report.total("upload", "unfinished"), report.total("first", "skipped")), (1, 1));
        assert_eq!(server.stores().len(), 2, "no new blob is started");
    }
}

#[test]
fn what_is_under_way_may_finish_in_its_time() {
    let bottle = Bottle::builder()
        .publisher(|config| config.profile.store.latency = "1s".parse().expect("a latency"))
        .start();
    let started =
        Run::new(&bottle).line("--export -n 50 -c 2 --size 1KiB").start().until(" cached download ");
    let ran = started.signal(Signal::INT).finish().exits(130);
    let report = ran.report();
    let (done, cached) = (report.total("upload", "done"), report.total("cached", "done"));
    assert!(done >= 2 && done == cached, "{done} uploads, {cached} cached downloads");
    assert_eq!((report.total("upload", "unfinished"), report.total("upload", "failed")), (0, 0));
    assert_eq!(u64::try_from(ran.rows().len()).unwrap(), done);
    assert_eq!(bottle.publisher_stats().route(tests::PUT_BLOB).received, done);
}

#[test]
fn a_second_signal_ends_the_run_at_once() {
    for (second, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let (server, stores) = silent_from_the_second_blob_on();
        let started = run(&server).start().until(" cached download ");
        stores.iter().take(2).for_each(drop);
        let started = started.signal(Signal::INT).until("no new blobs").signal(second);
        let ran = started.finish().exits(code);
        // The rows so far are whole, as they are at every instant.
        assert_eq!(ran.rows().len(), 1);
        let name = if second == Signal::INT { "SIGINT" } else { "SIGTERM" };
        let line =
            format!("{name}: ended at once; {EXPORT} is written up to now; report.json is not written\n");
        assert!(ran.stderr.ends_with(&line), "{}", ran.stderr);
    }
}

#[test]
fn a_lost_terminal_ends_the_run_with_all_that_it_measured() {
    let (server, stores) = silent_from_the_second_blob_on();
    let files = "--html page.html --write csv=steps.csv --log log.ndjson";
    let started = run(&server).line(files).start().until(" cached download ");
    stores.iter().take(2).for_each(drop);
    // Kernel and shell both send it: a second one is no wish to end at once.
    let started = started.signal(Signal::HUP).until("SIGHUP").signal(Signal::HUP);
    let ran = started.finish().exits(129);
    assert!(ran.stdout.starts_with("PARTIAL, FAILED: 1 of 2 uploads"), "{}", ran.stdout);
    assert_eq!(ran.report().0["ending"]["signal"], "SIGHUP");
    let expected = ["log.ndjson", "page.html", "report.json", "steps.csv", EXPORT];
    assert_eq!((ran.rows().len(), ran.files()), (1, expected.map(str::to_owned).to_vec()));
}

#[test]
fn under_nohup_a_lost_terminal_is_ignored() {
    let (go_on, wait) = channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let (sender, stores) = channel();
    let server = Server::answering(move |request, right| {
        if request.is_store() {
            let _ = sender.send(());
            // Answers when the signal has been sent, or when the test is over.
            let _ = wait.lock().unwrap().recv();
        }
        right
    });
    let url = server.url();
    let arguments = ["run", "--publisher", &url, "--aggregator", &url, "-n", "1", "--size", "1KiB"];
    let mut child = std::process::Command::new("sh")
        .args(["-c", "trap '' HUP; exec \"$@\"", "sh", crate::common::PROGRAM])
        .args(arguments)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    stores.recv().unwrap();
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), Signal::HUP).unwrap();
    drop(go_on);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_file_size_limit_is_reported_like_a_full_disk() {
    let server = Server::start();
    let url = server.url();
    let dir = tempfile::tempdir().unwrap();
    // In blocks of 512 bytes: the rows and the log of 300 blobs are longer, and so is every report.
    let output = std::process::Command::new("sh")
        .args(["-c", "ulimit -f 16; exec \"$@\"", "sh", crate::common::PROGRAM])
        .args(["run", "--publisher", &url, "--aggregator", &url, "-n", "300", "--size", "1KiB", "-q"])
        .args(["--export", "--report", "report.json", "--log", "log.ndjson", "--html", "page.html"])
        .current_dir(dir.path())
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{:?} {stderr}", output.status);
    for name in [EXPORT, "report.json", "log.ndjson", "page.html"] {
        let errors = stderr.lines().filter(|line| line.starts_with(&format!("error: cannot write {name}: ")));
        assert_eq!(errors.count(), 1, "{name}: {stderr}");
    }
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(stdout.contains("300 of 300 uploads"), "{stdout}");
    let rows: Value = serde_json::from_slice(&fs::read(dir.path().join(EXPORT)).unwrap()).unwrap();
    assert!(rows.as_array().is_some_and(|rows| !rows.is_empty()));
    assert!(!dir.path().join("report.json").exists() && !dir.path().join("page.html").exists());
}

#[test]
fn the_export_is_valid_at_every_instant() {
    let (server, stores) = silent_from_the_second_blob_on();
    let started = run(&server).start().until(" cached download ");
    stores.iter().take(2).for_each(drop);
    let now: Value = serde_json::from_str(&fs::read_to_string(started.path(EXPORT)).unwrap()).unwrap();
    assert_eq!((now.as_array().unwrap().len(), &now[0]["blob_number"]), (1, &Value::from(1)));
    // Not even an end without warning changes that.
    let path = started.path(EXPORT);
    let (dir, status) = started.signal(Signal::KILL).die();
    assert_eq!(status, None);
    let then: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(then, now);
    drop(dir);
}

#[test]
fn an_earlier_export_stays_until_the_load_starts() {
    let server = Server::answering(|_, _| Reply::Silence);
    let old = "[\"earlier\"]";
    let line = "--export --connect-timeout 500ms";
    let ran = Run::between(&server.url(), &server.url()).file(EXPORT, old).line(line).go().exits(2);
    assert_eq!(fs::read_to_string(ran.dir.path().join(EXPORT)).unwrap(), old);
    let server = Server::start();
    let ran =
        Run::between(&server.url(), &server.url()).file(EXPORT, old).line("--export -n 1").go().exits(0);
    assert_eq!(ran.rows().len(), 1);
}

#[test]
fn a_signal_during_the_preflight_ends_it() {
    let (sender, asked) = channel();
    let server = Server::answering(move |_, _| {
        // The aggregator's question may come after the test is done.
        let _ = sender.send(());
        Reply::Silence
    });
    let started = run(&server).start();
    asked.recv().unwrap();
    let ran = started.signal(Signal::INT).finish().exits(130);
    assert_eq!((ran.stdout.as_str(), ran.files().len()), ("", 0));
}

#[test]
fn a_closed_pipe_does_not_stop_the_run() {
    for (stdout, stderr) in [(true, false), (false, true), (true, true)] {
        let server = Server::start();
        let mut started = run(&server).start();
        if stdout {
            started.stdout = None;
        }
        if stderr {
            started.stderr = None;
        }
        let ran = started.finish().exits(0);
        assert_eq!((ran.rows().len(), server.stores().len()), (50, 50), "{stdout} {stderr}");
        assert_eq!(ran.report().total("cached", "done"), 50);
    }
}

#[test]
fn a_pipe_closed_after_its_first_line_does_not_stop_the_run() {
    let server = Server::start();
    let mut started = run(&server).start().until(" uploaded ");
    started.stderr = None;
    let mut first = [0; 8];
    started.stdout.take().unwrap().read_exact(&mut first).unwrap();
    assert_eq!(&first, b"passed: ");
    assert_eq!(started.finish().exits(0).rows().len(), 50);
}

#[test]
fn a_report_that_cannot_be_written_after_all_is_reported_once_and_nothing_else_is_lost() {
    let (sender, stores) = channel();
    let (go_on, wait) = channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let server = Server::answering(move |request, right| {
        if request.is_store() {
            sender.send(()).expect("a test that listens");
            wait.lock().expect("a lock").recv().expect("a test that goes on");
        }
        right
    });
    let (url, line) = (server.url(), "--report sub/report.json --export -n 1 --color never");
    let run = Run::bare().args(["--publisher", &url, "--aggregator", &url]).line(line);
    fs::create_dir(run.dir.path().join("sub")).unwrap();
    let started = run.start();
    stores.recv().unwrap();
    fs::remove_dir_all(started.path("sub")).unwrap();
    go_on.send(()).unwrap();
    let ran = started.finish().exits(1);
    let errors: Vec<_> = ran.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 1, "{}", ran.stderr);
    assert!(errors[0].starts_with("error: cannot write sub/report.json: "), "{}", errors[0]);
    assert!(ran.stdout.ends_with("1 of 1 upload and 2 of 2 downloads succeeded\n"), "{}", ran.stdout);
    assert_eq!(ran.rows().len(), 1);
}
