//! Read-only runs: blobs that are stored already, by a list of their IDs or by an earlier run's export.

use std::{collections::HashSet, sync::Mutex};

use rustix::process::Signal;
use tests::{Bottle, GET_BLOB, PUT_BLOB};

use crate::{
    bad_input::refuses,
    common::{EXPORT, Run, only},
    server::{Reply, Request, Server},
};

/// Blobs that an earlier run has stored: its export, and their IDs in the order of their numbers.
fn stored(publisher: &str, blobs: u32) -> (String, Vec<String>) {
    let run = Run::bare().args(["--publisher", publisher, "--steps", "upload", "--export"]);
    let ran = run.line(&format!("-n {blobs} --min-size 1B --max-size 3KiB")).go().exits(0);
    let export = std::fs::read_to_string(ran.dir.path().join(EXPORT)).expect("an export");
    (export, ran.rows().iter().map(|row| row["blob_id"].as_str().expect("an ID").to_owned()).collect())
}

/// A read-only run against this aggregator, with the list `ids.txt`.
fn reading(aggregator: &str, list: &str) -> Run {
    Run::bare().args(["--aggregator", aggregator, "--report", "report.json"]).file("ids.txt", list)
}

#[test]
fn a_list_is_read_once_through_in_its_order_and_repeats_are_counted_as_such() {
    let bottle = Bottle::start();
    let (_, ids) = stored(bottle.publisher_url(), 4);
    let list = format!("# mine\n{}\n\n{}\n{}\r\n  {}\n{}", ids[2], ids[0], ids[2], ids[3], ids[1]);
    let line = "--blob-ids ids.txt --steps first,cached -c 1 --export";
    let ran = reading(bottle.aggregator_url(), &list).line(line).go().exits(0);
    let aggregator = bottle.aggregator_stats();
    assert_eq!(aggregator.route(GET_BLOB).status(200), 10);
    assert_eq!((aggregator.reads.first, bottle.publisher_stats().route(PUT_BLOB).received), (4, 4));
    let rows = ran.rows();
    let read: Vec<_> = rows.iter().map(|row| row["blob_id"].as_str().unwrap()).collect();
    assert_eq!(read, [&ids[2], &ids[0], &ids[2], &ids[3], &ids[1]]);
    assert!(rows.iter().all(|row| row["upload_time"].is_null() && row["download_time_cached"].is_number()));
    let report = ran.report();
    for step in ["first", "cached"] {
        assert_eq!((report.of(step, false, "done"), report.of(step, true, "done")), (4, 1), "{step}");
        assert_eq!(report.total(step, "bytes_done") as f64, sizes(&rows), "{step}");
    }
    assert!(
        ran.stdout.contains("5 blobs of ids.txt") && ran.stdout.contains("10 of 10 downloads"),
        "{}",
        ran.stdout
    );
    assert!(!ran.stdout.contains("--seed") && !ran.stderr.contains("--seed"), "{ran:?}");
}

/// The bytes of all rows together.
fn sizes(rows: &[serde_json::Value]) -> f64 {
    rows.iter().map(|row| row["blob_size_kb"].as_f64().expect("a size") * 1024.0).sum()
}

#[test]
fn the_list_may_be_an_export_or_come_through_stdin_or_from_the_environment() {
    let bottle = Bottle::start();
    let (export, ids) = stored(bottle.publisher_url(), 5);
    let reads = || bottle.aggregator_stats().route(GET_BLOB).status(200);
    let run = || reading(bottle.aggregator_url(), &ids.join("\n")).file("rows.json", &export);
    let ran = run().line("--from-export rows.json").go().exits(0);
    assert_eq!((reads(), ran.report().total("first", "done")), (10, 5));
    run().line("--blob-ids - --steps first").input(&ids.join("\n")).go().exits(0);
    assert_eq!(reads(), 15);
    run().variable("WALRUS_STRESS_BLOB_IDS", "ids.txt").line("--reads 3").go().exits(0);
    assert_eq!(reads(), 30);
    run().variable("WALRUS_STRESS_FROM_EXPORT", "rows.json").line("-n 2").go().exits(0);
    assert_eq!(reads(), 34);
    let ran = run().line("--blob-ids ids.txt --steps first --rate 100/s --warm-up 2").go().exits(0);
    assert_eq!((reads(), ran.report().total("first", "done")), (39, 3));
}

#[test]
fn cached_downloads_go_round_the_list_until_the_stop() {
    let bottle = Bottle::start();
    let (_, ids) = stored(bottle.publisher_url(), 3);
    let run = || reading(bottle.aggregator_url(), &ids.join("\n")).line("--blob-ids ids.txt --steps cached");
    let ran = run().line("-n 20 -c 1").go().exits(0);
    let aggregator = bottle.aggregator_stats();
    assert_eq!((aggregator.route(GET_BLOB).status(200), aggregator.reads.first), (20, 3));
    assert_eq!(ran.report().of("cached", false, "done"), 20);
    let ran = run().go().exits(2);
    assert!(ran.stderr.contains("--blobs or --duration must say when the run ends"), "{}", ran.stderr);
}

/// The stop is a signal that comes when all have been read more than twice.
#[test]
fn cached_downloads_go_round_the_list_as_long_as_the_run_lasts() {
    let bottle = Bottle::start();
    let (_, ids) = stored(bottle.publisher_url(), 3);
    let line = "--blob-ids ids.txt --steps cached --duration 1h -c 1 --events always --color never";
    let mut started = reading(bottle.aggregator_url(), &ids.join("\n")).line(line).start();
    for _ in 0..7 {
        started = started.until(" cached download ");
    }
    let ran = started.signal(Signal::INT).finish().exits(130);
    assert!(ran.report().of("cached", false, "done") >= 7, "{}", ran.stdout);
    assert_eq!(bottle.aggregator_stats().reads.first, 3);
}

/// The list is emptied, or cut off, by the server that answers its first read.
#[test]
fn a_list_that_changes_during_the_run_ends_it_with_an_error() {
    let publisher = Server::start();
    let (_, ids) = stored(&publisher.url(), 3);
    for (left, how) in [(0, "names 0 blobs"), (ids[0].len() as u64, "names 1 blobs")] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ids.txt");
        std::fs::write(&path, ids.join("\n")).unwrap();
        let (list, once) = (path.clone(), std::sync::Once::new());
        let blob = b"a blob".to_vec();
        let server = Server::answering(move |request: &Request, right| {
            if !request.is_read() {
                return right;
            }
            // Cut in one step: a reader sees either the whole or the cut list.
            let cut = || std::fs::File::options().write(true).open(&list).unwrap().set_len(left).unwrap();
            once.call_once(cut);
            Reply::Send(crate::server::answer(200, "application/octet-stream", &blob))
        });
        let run = Run::bare().args(["--aggregator", &server.url(), "--report", "report.json"]);
        let run = run.args(["--blob-ids", path.to_str().unwrap()]);
        let ran = run.line("--steps cached --duration 1h -c 4 -q").go().exits(1);
        let shown =
            format!("{} has changed while the run read it: it {how}, and named 3; run again", path.display());
        assert!(ran.stderr.contains(&format!("error: --blob-ids: {shown}")), "{}", ran.stderr);
        // What was measured until then is there.
        let done = ran.report().total("cached", "done");
        assert_eq!(done, server.reads().len() as u64);
    }
}

/// The last blob's answer empties the list: the run has had all that it wanted of it.
#[test]
fn a_list_that_changes_after_it_was_read_changes_nothing() {
    let publisher = Server::start();
    let (_, ids) = stored(&publisher.url(), 3);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ids.txt");
    std::fs::write(&path, ids.join("\n")).unwrap();
    let list = path.clone();
    let reader = publisher.twin_answering(move |_, right| {
        std::fs::write(&list, "").unwrap();
        right
    });
    let run = Run::bare().args(["--aggregator", &reader.url(), "--blob-ids", path.to_str().unwrap()]);
    let ran = run.line("--steps cached -n 7 -c 1 --no-check -q").go().exits(0);
    assert_eq!((ran.stderr.as_str(), reader.reads().len()), ("", 7));
}

#[test]
fn blobs_of_unknown_content_are_compared_with_their_first_download() {
    // Every download of a blob but the first has its last byte changed, or one byte more.
    for (longer, mode, class) in [
        (false, "full", Some("corrupt")),
        (false, "size", None),
        (true, "full", Some("too-long")),
        (true, "size", Some("too-long")),
        (true, "off", None),
    ] {
        let read = Mutex::new(HashSet::new());
        let server = Server::answering(move |request: &Request, right| match right {
            Reply::Send(bytes)
                if request.is_read() && !read.lock().unwrap().insert(request.target.clone()) =>
            {
                Reply::Send(spoiled(&bytes, longer))
            }
            right => right,
        });
        let (_, ids) = stored(&server.url(), 3);
        let line = format!("--blob-ids ids.txt --verify {mode}");
        let ran = reading(&server.url(), &ids.join("\n")).line(&line).go().exits(i32::from(class.is_some()));
        let report = ran.report();
        assert_eq!(report.total("first", "done"), 3, "{line}");
        match class {
            Some(class) => assert_eq!(report.failures("cached"), only(class, 3), "{line}"),
            None => assert_eq!(report.total("cached", "done"), 3, "{line}"),
        }
    }
}

/// The answer with another last byte, or with one byte more.
fn spoiled(answer: &[u8], longer: bool) -> Vec<u8> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
    let mut body = answer[end..].to_vec();
    match body.last_mut() {
        Some(last) if !longer => *last ^= 1,
        _ => body.push(0),
    }
    crate::server::answer(200, "application/octet-stream", &body)
}

#[test]
fn an_export_has_the_sizes_of_its_blobs() {
    let server = Server::start();
    let (export, _) = stored(&server.url(), 2);
    let halved = export.replace("\"blob_size_kb\":", "\"blob_size_kb\":1");
    let run = reading(&server.url(), "").file("rows.json", &halved).line("--from-export rows.json");
    let ran = run.go().exits(1);
    assert_eq!(ran.report().failures("first"), only("truncated", 2));
}

#[test]
fn lists_that_cannot_be_read_are_refused_with_the_place() {
    let id = "a".repeat(43);
    let server = Server::start();
    for (list, line, words) in [
        (
            format!("{id}\nhello\n"),
            "--blob-ids ids.txt",
            "--blob-ids: ids.txt, line 2: `hello` is not a blob ID",
        ),
        ("# nothing\n\n".to_owned(), "--blob-ids ids.txt", "--blob-ids: ids.txt names no blob"),
        (id.clone(), "--blob-ids missing.txt", "--blob-ids: cannot read missing.txt"),
        (id.clone(), "--from-export ids.txt", "--from-export: ids.txt, not the export of a run"),
        (
            id.clone(),
            "--blob-ids ids.txt --steps upload,first",
            "--steps cannot upload the blobs of --blob-ids",
        ),
        (id.clone(), "--blob-ids ids.txt --size 1KiB", "--size is about uploads"),
        (id.clone(), "--blob-ids ids.txt --duplicates 10%", "--duplicates is about uploads"),
        (id.clone(), "--blob-ids ids.txt --warm-up 1", "--warm-up takes all 1 blobs of ids.txt"),
        (id.clone(), "--blob-ids ids.txt -n 0", "--blobs must be at least 1"),
    ] {
        let run = Run::bare().args(["--aggregator", &server.url()]).file("ids.txt", &list);
        let ran = run.line(line).go().exits(2);
        assert!(ran.stderr.starts_with("error: ") && ran.stderr.contains(words), "`{words}`: {}", ran.stderr);
        assert_eq!((ran.stderr.lines().count(), ran.files()), (1, vec!["ids.txt".to_owned()]), "{line}");
    }
    assert_eq!(server.requests().len(), 0);
    refuses(&["--blob-ids", "a", "--from-export", "b"], &["--blob-ids", "--from-export"]);
}
