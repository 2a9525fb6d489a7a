//! What the user asked the tool to do, row by row, and what the script before it got wrong.

use std::{
    fs,
    path::Path,
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tests::{Bottle, GET_BLOB, PUT_BLOB};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::method};

use crate::{
    common::{EXPORT, Run, only},
    server::{Reply, Request, Server},
};

#[test]
fn five_blobs_of_90_to_100_kib_by_8_workers_are_the_default() {
    let bottle = Bottle::start();
    let ran = Run::new(&bottle).line("--export").go().exits(0);
    let phase = &ran.report().0["plan"]["phases"][0];
    assert_eq!(phase["sizes"], json!({ "min_bytes": 92_160, "max_bytes": 102_400 }));
    assert_eq!(phase["content"], "mixed");
    assert_eq!(phase["load"], json!({ "model": "closed", "workers": 8 }));
    assert_eq!(phase["stop"], json!({ "blobs": 5, "duration_seconds": null }));
    assert_eq!(phase["journey"], json!(["upload", "first", "cached"]));
    assert!(ran.column("blob_size_kb").iter().all(|kb| (90.0..=100.0).contains(kb)));
    let (publisher, aggregator) = (bottle.publisher_stats(), bottle.aggregator_stats());
    assert_eq!(publisher.route(PUT_BLOB).status(200), 5);
    assert_eq!(aggregator.route(GET_BLOB).status(200), 10);
    assert_eq!((aggregator.reads.first, aggregator.reads.cached), (5, 5));
}

#[test]
fn sizes_are_uniform_between_the_limits_and_granular_to_the_byte() {
    let bottle = Bottle::start();
    let line = "--export -q -n 400 --min-size 1000B --max-size 3000B --seed 1";
    let ran = Run::new(&bottle).line(line).go().exits(0);
    let bytes: Vec<f64> = ran.column("blob_size_kb").iter().map(|kb| kb * 1024.0).collect();
    assert_eq!(bytes.len(), 400);
    assert!(bytes.iter().all(|bytes| bytes.fract() == 0.0 && (1000.0..=3000.0).contains(bytes)));
    // Of 400 blobs, 100 fall into each quarter, give or take 5 standard deviations (43).
    for quarter in [1000.0, 1500.0, 2000.0, 2500.0] {
        let inside = bytes.iter().filter(|bytes| (quarter..quarter + 500.0).contains(*bytes)).count();
        assert!((57..=143).contains(&inside), "{inside} from {quarter} on");
    }
    let sum = ran.report().total("upload", "bytes_sent");
    assert_eq!((sum as f64, sum), (bytes.iter().sum(), bottle.publisher_stats().stores.blob_bytes));
}

#[test]
fn half_of_the_blobs_are_random_text_and_half_are_random_binary() {
    let bottle = Bottle::start();
    Run::new(&bottle).line("-q -n 200 --size 2KiB --seed 1").go().exits(0);
    let stored = stored(&bottle.store().join("blobs"));
    assert_eq!(stored.len(), 200);
    let text = stored.iter().filter(|bytes| std::str::from_utf8(bytes).is_ok()).count();
    // 100, give or take 5 standard deviations (35).
    assert!((65..=135).contains(&text), "{text} of 200 are text");
}

/// The bytes of every blob below a mock's directory.
fn stored(dir: &Path) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(dir).expect("a directory").map(|entry| entry.expect("an entry").path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => stored(&path),
            false if path.extension().is_some() => Vec::new(),
            false => vec![fs::read(&path).expect("a blob")],
        })
        .collect()
}

/// A server on which requests that match wait for each other in fours, and that counts how many are inside.
fn in_fours(which: fn(&Request) -> bool) -> (Server, Arc<AtomicUsize>) {
    let (four, inside, most) = (Barrier::new(4), AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
    let seen = most.clone();
    let server = Server::answering(move |request, right| {
        if which(request) {
            most.fetch_max(inside.fetch_add(1, SeqCst) + 1, SeqCst);
            four.wait();
            inside.fetch_sub(1, SeqCst);
        }
        right
    });
    (server, seen)
}

#[test]
fn as_many_uploads_are_under_way_as_there_are_workers_and_no_more() {
    let (server, most) = in_fours(Request::is_store);
    let line = "-n 12 -c 4 --size 10KiB --upload-timeout 20s";
    Run::between(&server.url(), &server.url()).line(line).go().exits(0);
    assert_eq!((server.stores().len(), most.load(SeqCst)), (12, 4));
}

#[test]
fn downloads_are_done_in_parallel_too() {
    let (server, most) = in_fours(Request::is_read);
    let line = "-n 12 -c 4 --size 10KiB --download-timeout 20s";
    Run::between(&server.url(), &server.url()).line(line).go().exits(0);
    assert_eq!((server.reads().len(), most.load(SeqCst)), (24, 4));
}

#[test]
fn a_blob_is_downloaded_twice_right_after_its_upload_while_others_are_not_up_yet() {
    let server = Server::start();
    Run::between(&server.url(), &server.url()).line("-n 3 -c 1 --size 1KiB").go().exits(0);
    let requests = server.requests();
    let steps: Vec<_> = requests.iter().filter(|request| request.target != "/status").collect();
    let methods: Vec<_> = steps.iter().map(|request| request.method.as_str()).collect();
    assert_eq!(methods.join(" "), "PUT GET GET PUT GET GET PUT GET GET");
    assert_eq!(steps[1].target, format!("/v1/blobs/{:A>43}", 0));
    assert_eq!(steps[1].target, steps[2].target);
}

#[test]
fn blobs_that_exist_already_are_recognised_and_measured_apart() {
    let bottle = Bottle::start();
    let line = "--duplicates 50% -n 40 --size 4KiB --seed 1 --events always --color never";
    let ran = Run::new(&bottle).line(line).go().exits(0);
    let (report, stores) = (ran.report(), bottle.publisher_stats().stores);
    assert_eq!(
        (report.stored("new"), report.stored("existing")),
        (stores.newly_created, stores.already_certified)
    );
    assert!((8..=32).contains(&stores.already_certified), "{stores:?}");
    for step in ["upload", "first", "cached"] {
        assert_eq!(report.of(step, true, "done"), stores.already_certified, "{step}");
        assert_eq!(report.of(step, false, "done"), stores.newly_created, "{step}");
    }
    let existing = usize::try_from(stores.already_certified).unwrap();
    assert_eq!(ran.lines_with(" already exists ").len(), existing);
    for shown in [format!("{} new (median ", stores.newly_created), format!("{existing} existing (median ")] {
        assert!(ran.stdout.contains(&shown), "{shown}: {}", ran.stdout);
    }
    assert_eq!(report.0["plan"]["store"]["persistence"], "permanent");
}

#[tokio::test]
async fn answers_that_are_neither_new_nor_known_are_unexpected() {
    for (status, body, class) in [
        (200, r#"{"somethingElse": {}}"#, "malformed"),
        (200, r#"{"newlyCreated": {"blobObject": {}}}"#, "malformed"),
        (200, "[1, 2]", "malformed"),
        (200, "", "malformed"),
        (200, r#"{"error": {"errorMsg": "no"}}"#, "error-object"),
        (200, r#"{"markedInvalid": {"blobId": "x", "event": {}}}"#, "error-object"),
        (401, "no token", "auth"),
        (413, "too large", "too-large"),
        (429, "Too Many Requests", "shed"),
        (500, r#"{"error": {"code": 500, "message": "oh"}}"#, "server-error"),
        (503, "busy", "unavailable"),
        (302, "", "redirect"),
    ] {
        let publisher = MockServer::start().await;
        let answer = ResponseTemplate::new(status).set_body_string(body);
        Mock::given(method("PUT")).respond_with(answer).expect(2).mount(&publisher).await;
        let aggregator = Server::start();
        let run = Run::between(&publisher.uri(), &aggregator.url()).line("--no-check --export -n 2 -c 1");
        let ran = tokio::task::spawn_blocking(|| run.go().exits(1)).await.unwrap();
        let report = ran.report();
        assert_eq!(report.failures("upload"), only(class, 2), "{status} {body}");
        assert_eq!((report.total("first", "skipped"), report.total("cached", "skipped")), (2, 2), "{body}");
        assert_eq!((ran.rows(), aggregator.requests().len()), (vec![], 0), "{body}");
    }
}

#[test]
fn first_downloads_pay_what_cached_ones_do_not() {
    const FIRST: Duration = Duration::from_millis(250);
    let bottle = Bottle::builder()
        .aggregator(|config| config.profile.first_read.latency = format!("{FIRST:?}").parse().unwrap())
        .start();
    let ran = Run::new(&bottle).line("--export -n 8").go().exits(0);
    assert!(ran.column("download_time_first").iter().all(|time| *time >= FIRST.as_secs_f64()));
    let report = ran.report();
    assert_eq!(report.0["cache_effect"]["effect"], "faster", "{}", report.0["cache_effect"]);
    assert!(ran.stdout.contains("cached downloads are "), "{}", ran.stdout);
}

#[test]
fn response_times_hold_what_the_publisher_took() {
    let bottle =
        Bottle::builder().publisher(|config| config.profile.store.latency = "200ms".parse().unwrap()).start();
    let ran = Run::new(&bottle).line("--export").go().exits(0);
    let uploads = ran.column("upload_time");
    assert!(uploads.iter().all(|time| (0.2..30.0).contains(time)), "{uploads:?}");
    assert!(
        ran.column("download_time_first")
            .iter()
            .chain(&ran.column("download_time_cached"))
            .all(|time| *time > 0.0)
    );
}

#[test]
fn the_export_holds_exactly_the_six_keys_for_each_blob() {
    let bottle = Bottle::start();
    let ran = Run::new(&bottle).line("--export").go().exits(0);
    assert_eq!(ran.files(), ["report.json", EXPORT]);
    let rows = ran.rows();
    let numbers: Vec<_> = rows.iter().map(|row| row["blob_number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
    let keys = [
        "blob_number",
        "blob_id",
        "upload_time",
        "blob_size_kb",
        "download_time_first",
        "download_time_cached",
    ];
    for row in &rows {
        let object = row.as_object().unwrap();
        assert!(object.len() == keys.len() && keys.iter().all(|key| object.contains_key(*key)), "{row}");
        assert!(keys[2..].iter().all(|key| row[key].is_f64()), "{row}");
        let id = row["blob_id"].as_str().unwrap();
        let path = bottle.store().join("blobs").join(&id[..2]).join(id);
        assert_eq!(fs::metadata(path).unwrap().len() as f64 / 1024.0, row["blob_size_kb"].as_f64().unwrap());
    }
}

#[test]
fn a_failed_upload_has_no_row_and_a_failed_download_is_null() {
    let stores = AtomicUsize::new(0);
    let reads = Mutex::new(std::collections::HashMap::<String, usize>::new());
    let server = Server::answering(move |request, right| {
        let full = Reply::Send(crate::server::answer(429, "text/plain", b"full"));
        if request.is_store() {
            return if stores.fetch_add(1, SeqCst) == 1 { full } else { right };
        }
        let mut reads = reads.lock().unwrap();
        let read = reads.entry(request.target.clone()).or_default();
        *read += 1;
        // The third blob fails at once, the fourth when it is read again.
        let fails =
            (request.target.ends_with("A2") && *read == 1) || (request.target.ends_with("A3") && *read == 2);
        if fails { full } else { right }
    });
    let line = "--export -n 4 -c 1 --size 1KiB";
    let ran = Run::between(&server.url(), &server.url()).line(line).go().exits(1);
    let rows = ran.rows();
    let times = |row: &Value| ["download_time_first", "download_time_cached"].map(|key| row[key].is_f64());
    let shown: Vec<_> = rows.iter().map(|row| (row["blob_number"].as_u64().unwrap(), times(row))).collect();
    assert_eq!(shown, [(1, [true, true]), (3, [false, false]), (4, [true, false])]);
    assert!(rows[1]["download_time_first"].is_null() && rows[2]["download_time_cached"].is_null());
    // One failed download spoils nothing else.
    assert!(ran.stdout.contains("3 of 4 uploads and 3 of 5 downloads succeeded, 3 failed"), "{}", ran.stdout);
    let report = ran.report();
    assert_eq!((report.failures("first"), report.failures("cached")), (only("shed", 1), only("shed", 1)));
}

#[test]
fn addresses_may_end_in_a_slash_and_keep_their_path() {
    for (suffix, store) in
        [("", "/v1/blobs"), ("/", "/v1/blobs"), ("/a/b", "/a/b/v1/blobs"), ("/a/b/", "/a/b/v1/blobs")]
    {
        let server = Server::start();
        let url = format!("{}{suffix}", server.url());
        Run::between(&url, &url).line("-n 1 --size 1KiB").go().exits(0);
        let shown: Vec<_> = server.requests().into_iter().map(|request| request.target).collect();
        let read = format!("{store}/{:A>43}", 0);
        let status = store.replace("v1/blobs", "status");
        assert_eq!(shown, [status, store.to_owned(), read.clone(), read], "{suffix}");
    }
}

#[test]
fn a_404_is_a_failure_and_not_a_fast_download() {
    let (publisher, aggregator) = (Bottle::start(), Bottle::start());
    let ran = Run::between(publisher.publisher_url(), aggregator.aggregator_url())
        .line("-n 3 --export")
        .go()
        .exits(1);
    assert_eq!(ran.report().failures("first"), only("not-found", 3));
    assert!(ran.report().0["cache_effect"]["shortest_cached_seconds"].is_null());
    assert!(ran.column("download_time_first").iter().all(|time| time.is_nan()));
}

#[test]
fn content_is_checked() {
    let bottle = Bottle::builder().aggregator_faults(&["corrupt=100%"]).start();
    let ran = Run::new(&bottle).line("-n 4").go().exits(1);
    assert_eq!(ran.report().failures("first"), only("corrupt", 4));
}

#[test]
fn every_exchange_ends() {
    let bottle = Bottle::builder().publisher_faults(&["hang=100%"]).start();
    let ran = Run::new(&bottle).line("-n 4 --upload-timeout 300ms").go().exits(1);
    assert_eq!(ran.report().failures("upload"), only("timeout", 4));
    let bottle = Bottle::builder().aggregator_faults(&["hang=100%"]).start();
    let ran = Run::new(&bottle).line("-n 4 --download-timeout 300ms").go().exits(1);
    assert_eq!(ran.report().failures("first"), only("timeout", 4));
}

#[test]
fn connections_are_used_again() {
    let bottle = Bottle::start();
    let ran = Run::new(&bottle).line("-n 40 -c 4 --size 1KiB").go().exits(0);
    // One more for the preflight.
    assert!(bottle.publisher_stats().connections.accepted <= 5, "{:?}", bottle.publisher_stats().connections);
    assert!(
        bottle.aggregator_stats().connections.accepted <= 5,
        "{:?}",
        bottle.aggregator_stats().connections
    );
    let connections = &ran.report().0["connections"];
    let opened = connections["opened"].as_u64().unwrap();
    assert!(opened <= 8 && connections["reused"] == 120 - opened, "{connections}");
}
