//! The log of single exchanges: complete however the run ends, and in agreement with the report.

use std::{
    collections::BTreeMap,
    fs,
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc::channel,
    },
};

use rustix::process::Signal;
use stress::export::log::{Connection, Ended, Exchange, LogReader};
use tests::Bottle;

use crate::{
    common::{Ran, Run},
    server::{Reply, Server, answer},
};

/// The exchanges of a run's log.
fn log(ran: &Ran) -> Vec<Exchange<'static>> {
    let bytes = fs::read(ran.dir.path().join("log.ndjson")).expect("a log");
    let mut reader = LogReader::open(bytes.as_slice()).expect("a header");
    let exchanges = reader.by_ref().map(|line| line.expect("an exchange")).collect();
    assert!(!reader.is_truncated());
    exchanges
}

#[test]
fn the_log_and_the_report_agree() {
    let bottle = Bottle::start();
    let ran = Run::new(&bottle).line("-n 60 -c 3 --log log.ndjson --warm-up 4 --seed 5 -q").go().exits(0);
    let (log, report) = (log(&ran), ran.report());
    for step in ["upload", "first", "cached"] {
        let of_step = || log.iter().filter(|exchange| exchange.step.to_string() == step);
        let done = of_step().filter(|exchange| matches!(exchange.ended, Ended::Done { .. }));
        // The warm-up's four are no part of it.
        assert_eq!((done.count(), report.total(step, "done")), (60, 60), "{step}");
        let sent: u64 = of_step().map(|exchange| exchange.bytes_sent).sum();
        let received: u64 = of_step().map(|exchange| exchange.bytes_received).sum();
        let reported = (report.total(step, "bytes_sent"), report.total(step, "bytes_received"));
        assert_eq!((sent, received), reported, "{step}");
        let slowest = of_step().map(|exchange| exchange.finished - exchange.due).max().expect("one at least");
        let steps = report.0["steps"].as_array().expect("steps");
        let step_report = steps.iter().find(|one| one["step"] == step).expect("the step");
        assert_eq!(step_report["response_seconds"]["max"].as_f64(), Some(slowest.as_secs_f64()), "{step}");
    }
    let opened = log.iter().filter(|exchange| exchange.connection == Some(Connection::Fresh)).count();
    assert_eq!(report.0["connections"]["opened"], opened);
    for exchange in &log {
        let at = [Some(exchange.due), Some(exchange.started), exchange.sent, exchange.first_byte];
        assert!(
            at.iter().all(Option::is_some)
                && at.is_sorted()
                && exchange.first_byte <= Some(exchange.finished)
        );
        assert_eq!(exchange.blob_id.as_deref().map(str::len), Some(43));
    }
}

#[test]
fn failures_have_the_servers_message() {
    let server = Server::answering(|request, right| match request.is_read() {
        true => Reply::Send(answer(404, "text/plain", b"gone")),
        false => right,
    });
    let ran = Run::between(&server.url(), &server.url()).line("-n 3 --log log.ndjson").go().exits(1);
    let mut outcomes = BTreeMap::new();
    for exchange in log(&ran) {
        let outcome = match &exchange.ended {
            Ended::Done { stored, .. } => format!("{stored:?}"),
            Ended::NotFound(failure) => format!("{failure}, not yet"),
            Ended::Failed(failure) => failure.to_string(),
            Ended::Retried(failure) => format!("{failure}, tried again"),
            Ended::Unfinished => "unfinished".to_owned(),
        };
        *outcomes.entry((exchange.step.to_string(), outcome)).or_insert(0) += 1;
    }
    let upload = ("upload".to_owned(), "Some(New)".to_owned());
    let first = ("first".to_owned(), "not-found 404: gone".to_owned());
    assert_eq!(outcomes, BTreeMap::from([(upload, 3), (first, 3)]));
}

#[test]
fn a_signal_flushes_the_log() {
    let (sender, stores) = channel();
    let asked = AtomicUsize::new(0);
    let server = Server::answering(move |request, right| {
        if !request.is_store() {
            return right;
        }
        // A test that has seen enough does not listen any more.
        let _ = sender.send(());
        if asked.fetch_add(1, Ordering::SeqCst) > 0 { Reply::Silence } else { right }
    });
    let run = Run::between(&server.url(), &server.url()).line("-n 50 -c 1 --size 1KiB --log log.ndjson");
    let started = run.start().until(" cached download ");
    stores.iter().take(2).for_each(drop);
    let started = started.signal(Signal::INT).until("SIGINT");
    // While the second upload is still under way, the first blob's exchanges are on the disk.
    let early = fs::read_to_string(started.path("log.ndjson")).expect("a log");
    assert_eq!(early.lines().count(), 4, "{early}");
    // The second signal gives the run no chance to write anything more.
    let ran = started.signal(Signal::INT).finish().exits(130);
    let steps: Vec<_> = log(&ran).iter().map(|exchange| exchange.step.to_string()).collect();
    assert_eq!(steps, ["upload", "first", "cached"]);
}
