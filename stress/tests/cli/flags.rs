//! Every flag of `run` does what it says.

use std::time::Duration;

use tests::{Bottle, GET_BLOB, PUT_BLOB};

use crate::{
    common::{Ran, Run, only},
    server::{Reply, Request, Server, answer},
};

/// One small blob against a server of our own.
fn one(server: &Server, line: &str) -> Ran {
    Run::between(&server.url(), &server.url()).line("-n 1 --size 1KiB").line(line).go().exits(0)
}

/// What the requests of one kind carried in a header.
fn carried(requests: &[Request], name: &str) -> Vec<Option<String>> {
    let mut values: Vec<_> = requests.iter().map(|request| request.header(name).map(str::to_owned)).collect();
    values.dedup();
    values
}

fn some(value: &str) -> Vec<Option<String>> {
    vec![Some(value.to_owned())]
}

#[test]
fn how_blobs_are_stored_is_asked_of_the_publisher_and_nothing_else() {
    let address = format!("0x{}", "aB".repeat(32));
    let lower = address.to_lowercase();
    for (line, query) in [
        (String::new(), String::new()),
        ("--epochs 7".to_owned(), "?epochs=7".to_owned()),
        ("--permanent".to_owned(), "?permanent=true".to_owned()),
        ("--deletable".to_owned(), "?deletable=true".to_owned()),
        ("--force".to_owned(), "?force=true".to_owned()),
        ("--reuse-resources --share".to_owned(), "?reuse_resources=true&share=true".to_owned()),
        (format!("--send-object-to {address}"), format!("?send_object_to={lower}")),
        (format!("--send-object-to {}", &address[2..]), format!("?send_object_to={lower}")),
        ("--epochs 53 --permanent --force".to_owned(), "?epochs=53&permanent=true&force=true".to_owned()),
    ] {
        let server = Server::start();
        one(&server, &line);
        let stores: Vec<_> = server.stores().into_iter().map(|request| request.target).collect();
        assert_eq!(stores, [format!("/v1/blobs{query}")], "{line}");
        assert!(server.reads().iter().all(|request| !request.target.contains('?')), "{line}");
    }
}

#[test]
fn with_duplicates_every_blob_is_stored_permanent() {
    let server = Server::start();
    let run = Run::between(&server.url(), &server.url()).line("-n 4 -c 1 --size 1KiB --duplicates 50%");
    run.go().exits(0);
    assert!(server.stores().iter().all(|request| request.target == "/v1/blobs?permanent=true"));
    assert_eq!(server.stores().len(), 4);
}

#[test]
fn headers_reach_the_servers_they_are_meant_for() {
    let publisher = Server::start();
    let aggregator = publisher.twin();
    let ran = Run::between(&publisher.url(), &aggregator.url())
        .args([
            "-n",
            "1",
            "-v",
            "--header",
            "X-Both: b, c",
            "--publisher-header",
            "X-P: p",
            "--aggregator-header",
            "X-A: a",
        ])
        .file("token", " t0ken\n")
        .args(["--bearer", "@token", "--user-agent", "me/1.0"])
        .go()
        .exits(0);
    let (stores, reads) = (publisher.requests(), aggregator.requests());
    assert_eq!((stores.len(), reads.len()), (4, 4), "a preflight each, one store, two reads");
    for (name, to_publisher, to_aggregator) in [
        ("x-both", some("b, c"), some("b, c")),
        ("x-p", some("p"), vec![None]),
        ("x-a", vec![None], some("a")),
        ("authorization", some("Bearer t0ken"), vec![None]),
        ("user-agent", some("me/1.0"), some("me/1.0")),
        ("host", some(publisher.address()), some(aggregator.address())),
    ] {
        assert_eq!((carried(&stores, name), carried(&reads, name)), (to_publisher, to_aggregator), "{name}");
    }
    assert_eq!(ran.report().0["plan"]["limits"]["user_agent"], "me/1.0");
}

#[test]
fn secrets_appear_nowhere() {
    let server = Server::answering(|request, right| match request.is_store() {
        true => Reply::Send(answer(401, "text/plain", b"who are you?")),
        false => right,
    });
    let with_password = server.url().replace("//", "//me:s3cret-a@");
    let keys = ["--header", "X-Key: s3cret-b", "--aggregator-header", "X-A: s3cret-c", "-v", "-n", "2"];
    for bearer in [vec![], vec!["--bearer", "s3cret-d"]] {
        let publisher = if bearer.is_empty() { &with_password } else { &server.url() };
        let ran = Run::between(publisher, &with_password).args(keys).args(&bearer).go().exits(1);
        assert_eq!(ran.report().failures("upload"), only("auth", 2));
        let shown = format!("{}{}{}", ran.stdout, ran.stderr, ran.report().0);
        assert!(!shown.contains("s3cret") && shown.contains("[redacted]"), "{shown}");
        assert!(shown.contains("X-Key"), "names are no secrets: {shown}");
    }
    let stores = server.stores();
    assert_eq!(stores[0].header("x-key"), Some("s3cret-b"));
    // me:s3cret-a in Base64.
    assert_eq!(carried(&stores[..2], "authorization"), some("Basic bWU6czNjcmV0LWE="));
    assert_eq!(carried(&stores[2..], "authorization"), some("Bearer s3cret-d"));
}

#[test]
fn a_certificate_is_trusted_when_it_is_named_or_when_none_is_checked() {
    let (server, pem) = Server::secured();
    let url = server.url();
    let run = || Run::between(&url, &url).file("ca.pem", &pem).line("-n 1 --size 70KiB");
    let ran = run().go().exits(2);
    assert!(ran.stderr.contains("--cacert names further roots, --insecure checks nothing"), "{}", ran.stderr);
    let ran = run().line("--no-check").go().exits(1);
    assert_eq!(ran.report().failures("upload"), only("tls", 1));
    assert!(
        ran.stderr.contains("(--cacert names further roots, --insecure checks nothing)"),
        "{}",
        ran.stderr
    );
    assert_eq!(server.requests().len(), 0);
    for line in ["--cacert ca.pem", "--insecure"] {
        let ran = run().line(line).go().exits(0);
        assert!(ran.report().0["connections"]["tls_seconds"]["count"] == 2, "{}", ran.stdout);
    }
    assert_eq!((server.stores().len(), server.reads().len()), (2, 4));
}

#[test]
fn expect_continue_asks_before_it_sends() {
    let server = Server::start();
    one(&server, "--expect-continue");
    assert_eq!(carried(&server.stores(), "expect"), some("100-continue"));
    assert_eq!(server.stores()[0].body.len(), 1024);
    let server = Server::start();
    one(&server, "");
    assert_eq!(carried(&server.stores(), "expect"), [None]);
}

#[test]
fn verify_decides_how_much_is_compared() {
    for (fault, mode, failures) in [
        ("corrupt", "full", vec![("corrupt", 3)]),
        ("corrupt", "size", vec![]),
        ("corrupt", "off", vec![]),
        ("truncate", "size", vec![("truncated", 3)]),
        // However little is looked at, an answer that breaks its own word is none.
        ("truncate", "off", vec![("truncated", 3)]),
    ] {
        let bottle = Bottle::builder().aggregator_faults(&[&format!("{fault}=100%")]).start();
        let ran = Run::new(&bottle).line("-n 3").args(["--verify", mode]).go();
        let expected = failures.into_iter().map(|(class, n)| (class.to_owned(), n)).collect();
        assert_eq!(ran.report().failures("first"), expected, "{fault} {mode}");
    }
    let other = |request: &Request, right| match request.is_read() {
        true => Reply::Send(answer(200, "application/octet-stream", b"something else")),
        false => right,
    };
    for (mode, code) in [("full", 1), ("size", 1), ("off", 0)] {
        let server = Server::answering(other);
        Run::between(&server.url(), &server.url()).line("-n 1 --verify").args([mode]).go().exits(code);
    }
}

#[test]
fn a_seed_repeats_the_same_blobs_and_without_one_they_are_new() {
    let bottle = Bottle::start();
    let ids = |line: &str| {
        let ran = Run::new(&bottle).line("--export --size 5KiB -n 6").line(line).go().exits(0);
        let seed = ran.report().0["plan"]["seed"].as_u64().expect("a seed");
        assert!(
            ran.stderr.contains(&format!("seed {seed} ")) && ran.stdout.contains(&format!("--seed {seed} "))
        );
        (seed, ran.rows().iter().map(|row| row["blob_id"].to_string()).collect::<Vec<_>>())
    };
    let (first, again) = (ids("--seed 42 -c 1"), ids("--seed 42 -c 4"));
    assert_eq!(first, again);
    let (one, other) = (ids(""), ids(""));
    assert!(one.0 != other.0 && one.1.iter().all(|id| !other.1.contains(id)));
    // A random seed, given back, makes its blobs again.
    assert_eq!(ids(&format!("--seed {}", one.0)).1, one.1);
}

#[test]
fn content_is_what_was_asked_for() {
    for (kind, text) in [("text", 20), ("binary", 0)] {
        let server = Server::start();
        let run =
            Run::between(&server.url(), &server.url()).line("-q -n 20 --size 2KiB --content").args([kind]);
        run.go().exits(0);
        let valid = server.stores().iter().filter(|store| std::str::from_utf8(&store.body).is_ok()).count();
        assert_eq!((server.stores().len(), valid), (20, text), "{kind}");
    }
}

#[test]
fn sizes_are_what_was_asked_for() {
    const KIB: usize = 1024;
    for (line, sizes) in [
        ("--size 0", 0..=0),
        ("--size 1B", 1..=1),
        ("--size 3", 3 * KIB..=3 * KIB),
        ("--size 3kB", 3 * KIB..=3 * KIB),
        ("--size 1.5MiB", 1536 * KIB..=1536 * KIB),
        ("--min-size 200KiB", 200 * KIB..=200 * KIB),
        ("--max-size 10KiB", 10 * KIB..=10 * KIB),
        ("--min-size 99KiB", 99 * KIB..=100 * KIB),
        ("--min-size 1B --max-size 9B", 1..=9),
    ] {
        let server = Server::start();
        Run::between(&server.url(), &server.url()).line("-n 4").line(line).go().exits(0);
        let shown: Vec<_> = server.stores().iter().map(|store| store.body.len()).collect();
        assert!(shown.len() == 4 && shown.iter().all(|size| sizes.contains(size)), "{line}: {shown:?}");
    }
}

#[test]
fn without_a_check_no_status_is_asked_for() {
    for (line, asked) in [("", 1), ("--no-check", 0)] {
        let bottle = Bottle::start();
        Run::new(&bottle).line(line).go().exits(0);
        for stats in [bottle.publisher_stats(), bottle.aggregator_stats()] {
            assert_eq!(stats.route("GET /status").received, asked, "{line}");
        }
        assert_eq!(bottle.publisher_stats().route(PUT_BLOB).received, 5);
    }
}

#[test]
fn a_duration_ends_the_run_and_the_nearer_limit_counts() {
    let slow = || {
        Bottle::builder()
            .publisher(|config| config.profile.store.latency = "50ms".parse().expect("a latency"))
            .start()
    };
    let bottle = slow();
    let ran = Run::new(&bottle).line("--duration 1s -c 2 --size 1KiB").go().exits(0);
    let report = ran.report();
    let (elapsed, done) = (report.0["elapsed_seconds"].as_f64().unwrap(), report.total("upload", "done"));
    assert!((1.0..20.0).contains(&elapsed), "{elapsed}");
    // Two workers, 50 ms each: at most 20 a second each, and one that was under way.
    assert!((1..=42).contains(&done), "{done}");
    assert_eq!(report.total("cached", "done"), done, "what was started is finished");
    assert_eq!(bottle.publisher_stats().route(PUT_BLOB).received, done);
    assert_eq!(bottle.aggregator_stats().route(GET_BLOB).received, 2 * done);

    let ran = Run::new(&slow()).line("--duration 40s -n 3 --size 1KiB").go().exits(0);
    assert_eq!(ran.report().total("upload", "done"), 3);
}

#[test]
fn every_time_limit_is_its_own() {
    const SHORT: Duration = Duration::from_millis(300);
    let upload = Bottle::builder().publisher_faults(&["hang=100%"]).start();
    let download = Bottle::builder().aggregator_faults(&["hang=100%"]).start();
    for (bottle, flag, step) in
        [(&upload, "--upload-timeout", "upload"), (&download, "--download-timeout", "first")]
    {
        let ran = Run::new(bottle).line("-n 2").args([flag, &format!("{SHORT:?}")]).go().exits(1);
        assert_eq!(ran.report().failures(step), only("timeout", 2));
        let waited = ran.report().0["elapsed_seconds"].as_f64().unwrap();
        assert!((SHORT.as_secs_f64()..20.0).contains(&waited), "{waited}");
        assert!(ran.stderr.contains(&format!("not done after {SHORT:?}")), "{}", ran.stderr);
    }
}

#[test]
fn several_targets_share_the_blobs() {
    // No two publishers give one ID to different bytes.
    let servers = ["AAAA", "BBBB"].map(|letters| {
        Server::answering(move |request, right| match right {
            Reply::Send(bytes) if request.is_store() => {
                Reply::Send(String::from_utf8_lossy(&bytes).replace("AAAA", letters).into_bytes())
            }
            other => other,
        })
    });
    let urls = servers.each_ref().map(Server::url);
    let other = Server::start();
    // Everything is stored on two publishers; a blob is then read from whichever aggregator has it or not.
    let ran = Run::bare()
        .args([
            "--publisher",
            &urls[0],
            "--publisher",
            &urls[1],
            "--aggregator",
            &other.url(),
            "--report",
            "report.json",
        ])
        .line("-n 40 --size 1B --seed 3 --no-check")
        .go()
        .exits(1);
    let shares = servers.each_ref().map(|server| server.stores().len());
    assert!(shares.iter().sum::<usize>() == 40 && shares.iter().all(|share| *share >= 8), "{shares:?}");
    assert_eq!(ran.report().failures("first"), only("not-found", 40));
}
