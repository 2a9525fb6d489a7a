//! The mock aggregator as a process: its command line, and reading what other processes store.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "in a test, a missing value is a failure")]

use mock_publisher::store::{StoreRequest, Writer};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;

fn command(store: &Path, flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mock-aggregator"));
    command.arg("--store").arg(store).args(flags);
    command
}

fn start(store: &Path, flags: &[&str]) -> (Child, String) {
    let mut child = command(store, flags).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (child, line.strip_prefix("listening on http://").unwrap().trim_end().to_owned())
}

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .write_all(format!("GET {path} HTTP/1.1\r\nhost: w\r\nconnection: close\r\n\r\n").as_bytes())
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Stores text as a publisher does, and gives the blob's ID.
fn stored(store: &Path, text: &'static str) -> String {
    let writer = Writer::open(store).unwrap();
    let mut spool = writer.spool();
    let _ = spool.push(text.into());
    let request = StoreRequest { epoch: 1, epochs: 1, ..StoreRequest::default() };
    writer.commit(spool, &request).unwrap().blob_id().to_string()
}

#[test]
fn it_reads_what_another_process_stores_and_exits_cleanly() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("not/yet/there");
    let (mut child, address) = start(&store, &["--cache-size", "64MiB"]);
    let id = stored(&store, "hello walrus");
    assert!(get(&address, &format!("/v1/blobs/{id}")).ends_with("\r\n\r\nhello walrus"));
    assert!(
        get(&address, "/mock/stats")
            .contains(r#""reads":{"first":1,"cached":0,"negative_hits":0,"evicted":0}"#)
    );
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// Stores bytes and gives the blob's ID; `None` if the server was killed before it answered.
fn put(address: &str, body: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    let head = "PUT /v1/blobs HTTP/1.1\r\nhost: w\r\nconnection: close\r\ncontent-length:";
    stream.write_all(format!("{head} {}\r\n\r\n{body}", body.len()).as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer.split_once("\"blobId\":\"")?.1.get(..43)?.to_owned())
}

#[test]
fn a_restarted_daemon_has_every_blob_that_it_confirmed_before_it_was_killed() {
    let dir = tempfile::tempdir().unwrap();
    let mut confirmed = Vec::new();
    for round in 0..3 {
        let (mut child, address) = start(dir.path(), &["--daemon", "--epoch", "7"]);
        for (id, body) in &confirmed {
            assert!(
                get(&address, &format!("/v1/blobs/{id}")).ends_with(&format!("\r\n\r\n{body}")),
                "{body}"
            );
        }
        let (sender, receiver) = mpsc::channel();
        thread::scope(|scope| {
            scope.spawn(|| {
                let bodies = (0..).map(|n| format!("blob {n} of round {round}"));
                let stores = bodies.map_while(|body| put(&address, &body).map(|id| (id, body)));
                stores.for_each(|pair| sender.send(pair).unwrap());
                drop(sender);
            });
            confirmed.extend(receiver.iter().take(20));
            child.kill().unwrap();
            confirmed.extend(receiver.iter());
        });
        child.wait().unwrap();
    }
    assert!(confirmed.len() >= 60);
}

#[test]
fn the_flags_of_a_publisher_need_daemon() {
    let dir = tempfile::tempdir().unwrap();
    for flags in [&["--epoch", "7"][..], &["--keep-objects"], &["--jwt-verify-upload"]] {
        let output = command(dir.path(), flags).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{flags:?}");
        assert_eq!(
            stderr,
            format!(
                "mock-aggregator: {} is a flag of a publisher: add --daemon, or give it to mock-publisher\n",
                flags[0]
            )
        );
    }
    let (mut child, address) =
        start(dir.path(), &["--daemon", "--fault", "error-object=100%", "--fault", "451=100%"]);
    assert_eq!(put(&address, "x").map(|id| id.len()), Some(43));
    assert!(get(&address, "/mock/stats").contains(r#""error-object":1"#), "a fault of a publisher");
    assert!(
        get(&address, &format!("/v1/blobs/{}", "A".repeat(43))).starts_with("HTTP/1.1 451 "),
        "a fault of an aggregator"
    );
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn the_printed_url_of_a_tls_server_is_https() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = command(dir.path(), &["--tls", "self-signed"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("listening on https://127.0.0.1:"), "{line}");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn every_flag_of_the_cache_and_the_blocklist_has_an_effect() {
    let dir = tempfile::tempdir().unwrap();
    let id = "M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_4BUk";
    let list = dir.path().join("blocked");
    std::fs::write(&list, format!("{id} # ours\n")).unwrap();
    let flags =
        ["--front", "nginx", "--front-ttl", "1h", "--front-negative-ttl", "1h", "--front-bypass", "false"];
    let more = ["--front-per-origin", "false", "--front-fill-delay", "0s", "--visible-after", "1s"];
    let (mut child, address) = start(dir.path(), &[&flags[..], &more, &["--max-blob-size", "9"]].concat());
    let kept = stored(dir.path(), "walrus");
    assert!(get(&address, &format!("/v1/blobs/{kept}")).contains("x-cache-status: MISS\r\n"));
    assert!(get(&address, &format!("/v1/blobs/{kept}")).contains("x-cache-status: HIT\r\n"));
    for negative_hits in [0, 1] {
        assert!(get(&address, &format!("/v1/blobs/{id}")).starts_with("HTTP/1.1 404 "));
        let stats = get(&address, "/mock/stats");
        assert!(stats.contains(&format!(r#""negative_hits":{negative_hits}"#)), "{stats}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    for flags in [["--block", id], ["--blocklist", list.to_str().unwrap()]] {
        let (mut child, address) = start(dir.path(), &flags);
        assert!(get(&address, &format!("/v1/blobs/{id}")).starts_with("HTTP/1.1 451 "));
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

#[test]
fn bad_usage_is_reported_on_stderr_with_status_2() {
    let rows: [(&[&str], &str); 7] = [
        (
            &["--tls", "yes"],
            "'--tls <self-signed|CERT,KEY>': `yes` is not a certificate: write self-signed, or",
        ),
        (&["--tls", "absent,absent"], "--tls: cannot use absent: "),
        (&["--front", "varnish"], "'--front <PERSONA>': `varnish` is no cache persona: use none, nginx,"),
        (
            &["--fault", "error-object=1"],
            "--fault: a mock aggregator cannot have the fault `error-object`; it has",
        ),
        (&["--first-read-latency", "uniform:2s..1s"], "'--first-read-latency <LATENCY>': `uniform:2s..1s`"),
        (&["--cache-size", "1TB"], "'--cache-size <SIZE>': `1TB` is not a size: write 1GiB"),
        (&["--listen", "127.0.0.1"], "cannot listen on 127.0.0.1: choose another address with --listen"),
    ];
    let dir = tempfile::tempdir().unwrap();
    for (flags, text) in rows {
        let output = command(dir.path(), flags).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{flags:?}");
        assert!(stderr.contains(text), "{flags:?}: {stderr}");
    }
}

const README: &str = include_str!("../README.md");

#[test]
fn every_flag_of_the_readme_is_in_the_help() {
    let dir = tempfile::tempdir().unwrap();
    let output = command(dir.path(), &["--help"]).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let is_flag =
        |word: &&str| word.strip_prefix("--").is_some_and(|name| name.starts_with(char::is_alphabetic));
    let words = README.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    let flags: Vec<&str> = words.filter(is_flag).filter(|flag| *flag != "--release").collect();
    assert!(flags.len() > 20);
    for flag in flags {
        assert!(help.contains(&format!("{flag} ")) || help.contains(&format!("{flag}\n")), "{flag}");
    }
}
