//! `/metrics` of a run under way, and that nothing else is served.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc::channel,
    },
};

use rustix::process::Signal;

use crate::{
    bad_input::refuses,
    common::Run,
    server::{Reply, Server},
};

/// The whole answer to a request without a body.
fn ask(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("a listener");
    write!(stream, "{request} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

/// The value of a series in a page.
fn value(page: &str, series: &str) -> Option<f64> {
    page.lines().find_map(|line| line.strip_prefix(series)?.trim().parse().ok())
}

#[test]
fn a_scraper_sees_how_far_the_run_is() {
    let (sender, stores) = channel();
    let asked = AtomicUsize::new(0);
    let server = Server::answering(move |request, right| {
        if !request.is_store() {
            return right;
        }
        // A test that has seen enough does not listen any more.
        let _ = sender.send(());
        if asked.fetch_add(1, Ordering::SeqCst) >= 3 { Reply::Silence } else { right }
    });
    let run = Run::between(&server.url(), &server.url());
    let run = run.line("-n 50 -c 1 --size 1KiB --seed 5 --metrics-listen 127.0.0.1:0 --progress never");
    let started = run.start().until("metrics at http://127.0.0.1:");
    let line = started.shown.lines().last().expect("a line");
    let address = line.trim_start_matches("metrics at http://").trim_end_matches("/metrics").to_owned();
    // Three journeys come to their end, the fourth never does: the numbers stand still then.
    stores.iter().take(4).for_each(drop);
    let page = loop {
        let page = ask(&address, "GET /metrics");
        if value(&page, "walrus_stress_steps_total{step=\"cached\",outcome=\"done\"}") == Some(3.0) {
            break page;
        }
    };
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    assert!(page.contains("content-type: text/plain; version=0.0.4; charset=utf-8\r\n"), "{page}");
    for (series, expected) in [
        ("walrus_stress_steps_total{step=\"upload\",outcome=\"done\"}", 3.0),
        ("walrus_stress_steps_total{step=\"upload\",outcome=\"failed\"}", 0.0),
        ("walrus_stress_blob_bytes_total{step=\"first\"}", 3.0 * 1024.0),
        ("walrus_stress_response_seconds_bucket{step=\"cached\",le=\"+Inf\"}", 3.0),
        ("walrus_stress_response_seconds_count{step=\"cached\"}", 3.0),
    ] {
        assert_eq!(value(&page, series), Some(expected), "{series}: {page}");
    }
    assert!(page.contains("seed=\"5\""), "{page}");
    assert!(value(&page, "walrus_stress_elapsed_seconds").is_some_and(|seconds| seconds > 0.0), "{page}");
    let nothing = ask(&address, "GET /");
    assert!(nothing.starts_with("HTTP/1.1 404 Not Found\r\n"), "{nothing}");
    assert!(nothing.ends_with("the metrics are at /metrics\n"), "{nothing}");
    let refused = ask(&address, "POST /metrics");
    assert!(refused.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"), "{refused}");
    assert!(refused.contains("allow: GET, HEAD\r\n"), "{refused}");
    let head = ask(&address, "HEAD /metrics");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.ends_with("\r\n\r\n"), "{head}");
    let started = started.signal(Signal::INT).until("SIGINT");
    started.signal(Signal::INT).finish().exits(130);
    assert!(TcpStream::connect(address).is_err(), "the listener is closed when the run is over");
}

#[test]
fn an_unavailable_address_is_reported_before_the_run() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    refuses(&["--metrics-listen", &address], &["--metrics-listen", "cannot listen", &address, "in use"]);
    refuses(&["--metrics-listen", "9464"], &["--metrics-listen", "ADDRESS:PORT"]);
}
