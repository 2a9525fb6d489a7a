//! What a run says of caches whose headers tell hits from misses.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use crate::{
    common::{Ran, Run},
    server::{Reply, Request, Server},
};

/// A server whose cache status, by a header, is a function of the blob's number and of how often it was read before.
fn with_cache(status: impl Fn(u64, u64) -> &'static str + Send + Sync + 'static) -> Server {
    let reads: Mutex<HashMap<String, u64>> = Mutex::default();
    Server::answering(move |request: &Request, right| {
        let Reply::Send(bytes) = right else { return right };
        if !request.is_read() {
            return Reply::Send(bytes);
        }
        let mut reads = reads.lock().unwrap_or_else(PoisonError::into_inner);
        let before = reads.entry(request.target.clone()).or_default();
        let digits = request.target.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |last| last + 1);
        let status = status(request.target[digits..].parse().expect("a blob's number"), *before);
        *before += 1;
        let head = format!("HTTP/1.1 200 X\r\nx-cache-status: {status}\r\n");
        let rest = bytes.strip_prefix(b"HTTP/1.1 200 X\r\n").expect("a success");
        Reply::Send([head.as_bytes(), rest].concat())
    })
}

/// The screen of a run without its line breaks, which keep it within 80 columns.
fn screen(ran: &Ran) -> String {
    ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn run(server: &Server, line: &str) -> Ran {
    Run::between(&server.url(), &server.url()).line("-c 1 --size 1KiB -q").line(line).go().exits(0)
}

#[test]
fn a_cache_that_half_of_the_downloads_bypass_is_no_single_effect() {
    let server = with_cache(|number, before| if before > 0 && number % 2 == 0 { "HIT" } else { "MISS" });
    let ran = run(&server, "-n 12");
    let screen = screen(&ran);
    assert!(screen.contains(" cache 6 of 12 cached downloads were hits: "), "{screen}");
    assert!(screen.contains("n = 6); the others: "), "{screen}");
    assert!(screen.contains("are a mixture of hits and others"), "{screen}");
    let mixture = &ran.report().0["cache_effect"]["status"]["mixture"];
    assert_eq!((mixture["hits"].as_u64(), mixture["of"].as_u64()), (Some(6), Some(12)));
}

#[test]
fn misses_alone_ask_for_a_third_download_and_first_hits_for_other_blobs() {
    let misses = run(&with_cache(|_, _| "MISS"), "-n 5");
    assert!(screen(&misses).contains("none was a hit: --reads 3 shows a cache"), "{}", misses.stdout);
    let third = run(&with_cache(|_, _| "MISS"), "-n 5 --reads 3");
    assert!(!screen(&third).contains("--reads 3"), "{}", third.stdout);
    let hits = run(&with_cache(|_, _| "HIT"), "-n 5");
    let words = "5 of 5 first downloads were already cached, so there is nothing to compare: use blobs";
    assert!(screen(&hits).contains(words), "{}", hits.stdout);
}
