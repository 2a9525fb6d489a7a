//! Connections and answers that come too early, as a user meets them: in the summary, the report and the log.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::atomic::{AtomicU64, Ordering::SeqCst},
};

use serde_json::json;
use stress::export::log::LogReader;

use crate::{
    common::{Ran, Run, only},
    server::{Reply, Server, answer, stored},
};

/// What is on stdout, without the breaks of its lines.
fn unwrapped(ran: &Ran) -> String {
    ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn reads_over_stale_connections_are_repeated_counted_and_shown() {
    let reads = AtomicU64::new(0);
    // Each second read of a connection ends it without an answer.
    let server = Server::answering(move |request, right| match request.is_read() {
        true if reads.fetch_add(1, SeqCst) % 2 == 1 => Reply::Close(Vec::new()),
        _ => right,
    });
    let line = "-n 4 -c 1 --size 1KiB --log log.ndjson --color never";
    let ran = Run::between(&server.url(), &server.url()).line(line).go().exits(0);
    let report = ran.report();
    assert_eq!((report.total("first", "done"), report.total("cached", "done")), (4, 4));
    let stale = report.0["connections"]["stale"].as_u64().expect("a count");
    assert_eq!((stale, server.reads().len()), (7, 15));
    assert!(unwrapped(&ran).contains(", stale connections: 7 "), "{}", ran.stdout);
    let log = std::fs::read(ran.dir.path().join("log.ndjson")).expect("a log");
    let log = LogReader::open(log.as_slice()).expect("a header").map(|line| line.expect("a line"));
    assert_eq!(log.filter(|exchange| exchange.stale_connection).count(), 7);
}

#[test]
fn the_id_of_another_blob_is_malformed() {
    let same = Server::answering(|request, right| match request.is_store() {
        true => Reply::Send(stored(&"A".repeat(43))),
        false => right,
    });
    let line = "-n 5 -c 1 --steps upload --color never";
    let ran = Run::between(&same.url(), &same.url()).line(line).args(["--size", "1KiB"]).go().exits(1);
    assert_eq!(ran.report().failures("upload"), only("malformed", 4));
    assert!(unwrapped(&ran).contains("the ID is another blob's: AAAA"), "{}", ran.stdout);
    // Empty blobs are one blob.
    Run::between(&same.url(), &same.url()).line(line).line("--size 0").go().exits(0);
    // And so are planned repeats, here and in a run with the same seed.
    let by_content = Server::answering(|request, right| match request.is_store() {
        true => Reply::Send(stored(&format!("{:0>43x}", digest(&request.body)))),
        false => right,
    });
    for _ in 0..2 {
        let line = "-n 40 -c 2 --size 1KiB --steps upload --duplicates 50% --seed 5";
        let ran = Run::between(&by_content.url(), &by_content.url()).line(line).go().exits(0);
        assert!(ran.report().of("upload", true, "done") > 0);
    }
}

fn digest(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

#[test]
fn a_refused_expectation_is_said_once() {
    let server = Server::answering(|request, right| match request.header("expect") {
        Some(_) => Reply::Close(answer(417, "text/plain", b"")),
        None => right,
    });
    let line = "-n 6 -c 1 --size 1KiB --steps upload --expect-continue --color never";
    let ran = Run::between(&server.url(), &server.url()).line(line).go().exits(0);
    let words = format!("expectations {} refused Expect: 100-continue (417)", server.url());
    assert_eq!(
        ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ").matches(&words).count(),
        1,
        "{}",
        ran.stdout
    );
    let connections = &ran.report().0["connections"];
    assert_eq!(
        (&connections["expectations"]["0"]["refused"], &connections["opened"]),
        (&json!(1), &json!(2))
    );
}
