//! One writer for each file: runs at the same time, other programs, and commands whose output is their input.

use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    sync::mpsc::{Receiver, channel},
};

use rustix::process::Signal;

use crate::{
    common::{EXPORT, Run},
    server::{Reply, Server},
    started::Started,
};

const LINE: &str =
    "--report report.json --export --log log.ndjson --html page.html --write markdown=a.md -n 9 -c 1";

/// A server that never answers a store, and word of each that arrives.
fn silent() -> (Server, Receiver<()>) {
    let (sender, stores) = channel();
    let server = Server::answering(move |request, right| {
        if !request.is_store() {
            return right;
        }
        // A test that has seen enough does not listen any more.
        let _ = sender.send(());
        Reply::Silence
    });
    (server, stores)
}

/// A run that has started its load, and its server.
fn under_way(line: &str) -> (Started, Server) {
    let (server, stores) = silent();
    let url = server.url();
    let started = Run::bare().args(["--publisher", &url, "--aggregator", &url]).line(line).start();
    stores.recv().expect("a store");
    (started, server)
}

/// Another run in the same directory.
fn second(started: &Started, server: &Server, line: &str) -> (Option<i32>, String) {
    let url = server.url();
    let output = std::process::Command::new(crate::common::PROGRAM)
        .args(["run", "--publisher", &url, "--aggregator", &url, "-n", "1", "--size", "1KiB"])
        .args(line.split_whitespace())
        .env_clear()
        .current_dir(started.path(""))
        .output()
        .expect("a program that starts");
    (output.status.code(), String::from_utf8(output.stderr).expect("UTF-8"))
}

#[test]
fn a_second_run_to_the_same_file_is_refused_before_it_starts() {
    let (started, _server) = under_way(LINE);
    symlink("report.json", started.path("link.json")).unwrap();
    let holder = format!("process {} is writing it", started.process());
    let other = Server::start();
    for flags in [
        "--report report.json",
        "--report ./report.json",
        "--report link.json",
        "--export",
        "--export=report.json",
        "--log log.ndjson",
        "--html page.html",
        "--write csv=a.md",
    ] {
        let (code, stderr) = second(&started, &other, flags);
        assert_eq!((code, stderr.lines().count()), (Some(2), 1), "{flags}: {stderr}");
        assert!(stderr.contains(&holder) && stderr.contains("name another file"), "{flags}: {stderr}");
    }
    assert!(other.requests().is_empty());
    let (code, stderr) = second(&started, &other, "--report other.json");
    assert_eq!(code, Some(0), "{stderr}");
    let ran = started.signal(Signal::INT).until("SIGINT").signal(Signal::INT).finish().exits(130);
    let left = ran.files();
    assert!(!left.iter().any(|name| name.ends_with(".lock")), "{left:?}");
}

#[test]
fn the_end_of_a_run_frees_its_files_however_it_ended() {
    for signals in [vec![], vec![Signal::KILL]] {
        let (started, server) = under_way(LINE);
        let dir = match signals[..] {
            [] => started.signal(Signal::TERM).finish().exits(143).dir,
            _ => started.signal(Signal::KILL).die().0,
        };
        let locks = fs::read_dir(dir.path()).unwrap();
        let locks =
            locks.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().ends_with(".lock"));
        assert_eq!(locks.count(), if signals.is_empty() { 0 } else { 5 });
        drop(server);
        let server = Server::start();
        let url = server.url();
        let mut run = Run::bare().args(["--publisher", &url, "--aggregator", &url]).line(LINE);
        run.dir = dir;
        let ran = run.go().exits(0);
        assert_eq!(ran.report().total("upload", "done"), 9);
        let left = ran.files();
        assert!(!left.iter().any(|name| name.ends_with(".lock")), "{left:?}");
    }
}

#[test]
fn a_file_that_another_program_takes_away_is_reported() {
    type Change = fn(&Path);
    let replace: Change = |path| {
        let other = path.with_extension("other");
        fs::write(&other, "theirs").unwrap();
        fs::rename(other, path).unwrap();
    };
    let remove: Change = |path| fs::remove_file(path).unwrap();
    for (change, word) in [(replace, "replaced"), (remove, "removed")] {
        for name in [EXPORT, "log.ndjson"] {
            let (started, _server) = under_way(LINE);
            change(&started.path(name));
            let ran = started.signal(Signal::TERM).finish().exits(143);
            let error =
                format!("error: cannot write {name}: another program has {word} it while it was written");
            assert!(ran.stderr.contains(&error), "{}", ran.stderr);
            assert_eq!(ran.report().total("upload", "unfinished"), 1);
        }
    }
}

#[test]
fn a_file_that_another_program_made_meanwhile_is_not_replaced() {
    for before in [None, Some("old")] {
        let (server, stores) = silent();
        let mut run = Run::between(&server.url(), &server.url()).line("-n 1");
        if let Some(before) = before {
            run = run.file("report.json", before);
        }
        let started = run.start();
        stores.recv().unwrap();
        let other = started.path("other");
        fs::write(&other, "theirs").unwrap();
        fs::rename(other, started.path("report.json")).unwrap();
        let beside = format!("report.json.{}", started.process());
        let ran = started.signal(Signal::TERM).finish().exits(143);
        assert_eq!(fs::read_to_string(ran.dir.path().join("report.json")).unwrap(), "theirs");
        assert!(ran.stderr.contains("another program has replaced it"), "{}", ran.stderr);
        assert!(ran.stderr.trim_end().ends_with(&beside), "{}", ran.stderr);
        assert_eq!(ran.json(&beside)["schema"], "walrus-stress/report/1");
    }
}

#[test]
fn no_command_writes_over_what_it_reads() {
    let server = Server::start();
    let ran = Run::between(&server.url(), &server.url())
        .line("-n 2 --size 1KiB --seed 1 --shard 0/1")
        .go()
        .exits(0);
    let at = |name: &str| ran.dir.path().join(name);
    symlink("report.json", at("link.json")).unwrap();
    fs::hard_link(at("report.json"), at("hard.json")).unwrap();
    let before = fs::read(at("report.json")).unwrap();
    for output in ["report.json", "./report.json", "../{}/report.json", "link.json", "hard.json"] {
        let name = ran.dir.path().file_name().unwrap().to_str().unwrap();
        let output = output.replace("{}", name);
        for (command, inputs) in [
            ("merge", vec!["report.json"]),
            ("merge", vec!["link.json"]),
            ("report", vec!["report.json"]),
            ("report", vec!["hard.json"]),
            ("compare", vec!["report.json", "hard.json"]),
        ] {
            let refused = std::process::Command::new(crate::common::PROGRAM)
                .arg(command)
                .args(&inputs)
                .args(["-o", &output])
                .env_clear()
                .current_dir(ran.dir.path())
                .output()
                .expect("a program that starts");
            let stderr = String::from_utf8(refused.stderr).unwrap();
            assert_eq!(refused.status.code(), Some(2), "{command} {inputs:?} {output}: {stderr}");
            let reason = format!("cannot write {output}: it is the input {}", inputs[0]);
            assert!(stderr.contains(&reason), "{command} {inputs:?}: {stderr}");
        }
    }
    let stdin = std::process::Command::new(crate::common::PROGRAM)
        .args(["report", "-", "-o", "hard.json"])
        .current_dir(ran.dir.path())
        .stdin(fs::File::open(at("report.json")).unwrap())
        .output()
        .expect("a program that starts");
    assert_eq!(stdin.status.code(), Some(2), "{stdin:?}");
    assert_eq!(fs::read(at("report.json")).unwrap(), before);
}
