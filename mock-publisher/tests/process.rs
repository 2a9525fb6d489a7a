//! The mock publisher as a process: the line with its address, shutdown, a crash, and its answers to bad flags.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "in a test, whatever is not there is a failure")]

use mock_publisher::blob_id::BlobId;
use mock_publisher::store::Store;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;

/// A running publisher, killed when dropped.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(store: &Path, flags: &[&str]) -> Self {
        let mut child = command(store, flags).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.strip_prefix("listening on http://").unwrap().trim_end().to_owned();
        Self { child, address }
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(store: &Path, flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mock-publisher"));
    command.arg("--store").arg(store).args(flags);
    command
}

fn refused(flags: &[&str]) -> (Option<i32>, String) {
    let dir = tempfile::tempdir().unwrap();
    let Output { status, stderr, .. } = command(dir.path(), flags).output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

/// Stores bytes; `None` if the server ended before it answered.
fn put(address: &str, body: &[u8]) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    let head = format!(
        "PUT /v1/blobs HTTP/1.1\r\nhost: w\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.ends_with('}').then_some(answer)
}

fn name(bytes: &[u8]) -> BlobId {
    BlobId::from_bytes(*blake3::hash(bytes).as_bytes())
}

/// Blob number `n`: small ones and some that need more than one write.
fn blob(n: u32) -> Vec<u8> {
    let size = if n.is_multiple_of(5) { 3 << 20 } else { 1000 };
    n.to_le_bytes().repeat(size / 4)
}

#[test]
fn the_first_line_has_the_address_and_both_signals_shut_down_gracefully() {
    for signal in ["-INT", "-TERM"] {
        let dir = tempfile::tempdir().unwrap();
        let mut server = Server::start(dir.path(), &[]);
        assert!(
            server.address.starts_with("127.0.0.1:") && !server.address.ends_with(":0"),
            "{}",
            server.address
        );
        assert!(put(&server.address, b"x").unwrap().contains("newlyCreated"));
        let idle = TcpStream::connect(&server.address).unwrap();
        server.signal(signal);
        assert_eq!(server.child.wait().unwrap().code(), Some(0), "{signal}");
        drop(idle);
    }
}

#[test]
fn a_hung_request_does_not_delay_the_shutdown() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = Server::start(dir.path(), &["--fault", "hang=1"]);
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.write_all(b"PUT /v1/blobs HTTP/1.1\r\nhost: w\r\ncontent-length: 1\r\n\r\nx").unwrap();
    server.signal("-TERM");
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert_eq!(answer, b"");
}

#[test]
fn a_kill_loses_no_blob_that_was_answered_and_leaves_no_partial_one() {
    let dir = tempfile::tempdir().unwrap();
    let mut answered = Vec::new();
    for round in 0..3 {
        let mut server = Server::start(dir.path(), &[]);
        thread::scope(|scope| {
            let (sender, receiver) = mpsc::channel();
            for worker in 0..4 {
                let (address, sender) = (server.address.clone(), sender.clone());
                scope.spawn(move || {
                    let numbers =
                        (round * 4000 + worker * 1000..).take_while(|n| put(&address, &blob(*n)).is_some());
                    numbers.for_each(|n| sender.send(n).unwrap());
                });
            }
            drop(sender);
            answered.extend(receiver.iter().take(40));
            server.child.kill().unwrap();
            answered.extend(receiver);
        });
    }
    let store = Store::open(dir.path()).unwrap();
    assert!(answered.len() >= 120);
    for n in answered {
        let mut found = store.read(&name(&blob(n))).unwrap().unwrap_or_else(|| panic!("blob {n} was lost"));
        let mut bytes = Vec::new();
        found.bytes.read_to_end(&mut bytes).unwrap();
        assert!(bytes == blob(n), "blob {n} changed");
    }
    let mut records = 0;
    for directory in std::fs::read_dir(dir.path().join("blobs")).unwrap() {
        for file in std::fs::read_dir(directory.unwrap().path()).unwrap().map(|file| file.unwrap().path()) {
            if file.extension().is_some() {
                let bytes = std::fs::read(file.with_extension("")).unwrap();
                assert_eq!(file.file_stem().unwrap().to_str().unwrap(), name(&bytes).to_string());
                records += 1;
            }
        }
    }
    assert!(records >= 120, "{records}");
    drop(Server::start(dir.path(), &[]));
    assert_eq!(std::fs::read_dir(dir.path().join("tmp")).unwrap().count(), 0, "temporary files are removed");
}

#[test]
fn a_weather_file_is_used_and_a_bad_one_refused_with_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("storm.toml");
    let file = path.to_str().unwrap();
    std::fs::write(&path, "seed = 5\n[[fault]]\nkind = \"500\"\nratio = 1\nsize = \"2B..\"\n").unwrap();
    let server = Server::start(dir.path(), &["--weather-file", file, "--store-latency", "1ms"]);
    assert!(put(&server.address, b"1").unwrap().contains("newlyCreated"));
    assert!(put(&server.address, b"12").unwrap().starts_with("HTTP/1.1 500 "));
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.write_all(b"GET /mock/weather HTTP/1.1\r\nhost: w\r\nconnection: close\r\n\r\n").unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    for part in
        [r#""seed":5,"#, r#""store":{"latency":"fixed:1ms","#, r#""kind":"500","ratio":1.0,"size":"2B..""#]
    {
        assert!(reply.contains(part), "{part}: {reply}");
    }
    std::fs::write(&path, "seed = 5\n[store]\nlatancy = \"1s\"\n").unwrap();
    let (code, stderr) = refused(&["--weather-file", file]);
    let line =
        format!("mock-publisher: --weather-file: {file}: line 3: unknown field `latancy`, expected one of");
    assert!(code == Some(2) && stderr.starts_with(&line) && stderr.lines().count() == 1, "{stderr}");
}

#[test]
fn daemon_runs_the_other_program() {
    let dir = tempfile::tempdir().unwrap();
    let own = dir.path().join("mock-publisher");
    // By processes of their own: a file that this one has open for writing may be too busy to start.
    let sh = |script: &str, path: &Path| {
        let status = Command::new("sh").args(["-c", script, "sh"]).arg(path).status().unwrap();
        assert!(status.success(), "{script}");
    };
    sh(concat!("cp '", env!("CARGO_BIN_EXE_mock-publisher"), "' \"$1\""), &own);
    let run = || Command::new(&own).args(["--daemon", "--front", "nginx", "--store", "x"]).output().unwrap();
    let alone = run();
    assert_eq!(alone.status.code(), Some(2));
    let stderr = String::from_utf8(alone.stderr).unwrap();
    assert!(
        stderr.starts_with("mock-publisher: --daemon needs mock-aggregator beside this program: "),
        "{stderr}"
    );
    let other = dir.path().join("mock-aggregator");
    sh(r#"printf '#!/bin/sh\necho "$@"\nexit 7\n' > "$1" && chmod +x "$1""#, &other);
    let both = run();
    assert_eq!(both.status.code(), Some(7));
    assert_eq!(both.stdout, b"--daemon --front nginx --store x\n");
}

#[test]
fn bad_usage_is_reported_on_stderr_with_status_2() {
    let rows: [(&[&str], &str); 12] = [
        (
            &["--reuse", "gold=1%"],
            "'--reuse <WHAT=RATIO>': `gold=1%` cannot be found in a wallet: write storage=",
        ),
        (&["--reuse", "storage=60%", "--reuse", "extend=60%"], "--reuse: the ratios add up to 120.0%"),
        (&["--listen", "nonsense"], "cannot listen on nonsense: choose another address with --listen"),
        (&["--store-latency", "fast"], "'--store-latency <LATENCY>': `fast` is not a latency"),
        (
            &["--fault", "rain=1"],
            "'--fault <KIND=RATIO>': `rain=1` is not a fault (`rain` is not a kind of fault: write shed, 500,",
        ),
        (
            &["--fault", "corrupt=1"],
            "--fault: a mock publisher cannot have the fault `corrupt`; it has shed, 500",
        ),
        (
            &["--fault", "hang=60%", "--fault", "reset=60%"],
            "--fault: the ratios of the faults add up to 120.0%",
        ),
        (
            &["--fault", "reset=1%,route=upload"],
            "'--fault <KIND=RATIO>': `reset=1%,route=upload` is not a fault (`upload` is not a route: write store, store-quilt,",
        ),
        (
            &["--weather", "moon"],
            "'--weather <NAME>': `moon` is not a preset: write instant, lan, testnet, mainnet",
        ),
        (&["--weather-file", "absent.toml"], "--weather-file: cannot read absent.toml: No such file"),
        (
            &["--stall", "10s"],
            "'--stall <from=D,for=D>': `10s` is not a stall (no `=` in `10s`): write from=10s,for=5s,",
        ),
        (&["--publisher-max-concurrent-requests", "0"], "'--publisher-max-concurrent-requests <N>'"),
    ];
    for (flags, text) in rows {
        let (code, stderr) = refused(flags);
        assert_eq!(code, Some(2), "{flags:?}");
        assert!(stderr.contains(text), "{flags:?}: {stderr}");
    }
}

#[test]
fn a_port_in_use_and_an_invalid_store_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), &[]);
    let (code, stderr) = refused(&["--listen", &server.address]);
    assert_eq!(code, Some(2));
    let line = format!("mock-publisher: cannot listen on {}: choose another address", server.address);
    assert!(stderr.starts_with(&line) && stderr.lines().count() == 1, "{stderr}");
    let file = dir.path().join("writers.lock");
    let output = command(&file, &[]).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr.contains("writers.lock") && stderr.contains("choose another directory with --store"),
        "{stderr}"
    );
}

#[test]
fn what_is_wrong_with_the_flags_is_one_line() {
    let rows: [(&[&str], &str); 5] = [
        (&["--fault", "rain=1%"], "mock-publisher: invalid value 'rain=1%' for '--fault <KIND=RATIO>': "),
        (
            &["--stor", "x"],
            "mock-publisher: unexpected argument '--stor' found; tip: a similar argument exists: '--store'",
        ),
        (&["--epoch", "-1"], "mock-publisher: "),
        (&["--epoch"], "mock-publisher: a value is required for '--epoch <N>' but none was supplied"),
        (
            &["--weather", "lan", "--weather-file", "x"],
            "mock-publisher: the argument '--weather <NAME>' cannot be used with '--weather-file <FILE>'",
        ),
    ];
    for (flags, line) in rows {
        let (code, stderr) = refused(flags);
        assert_eq!((code, stderr.lines().count()), (Some(2), 1), "{flags:?}: {stderr}");
        assert!(stderr.starts_with(line), "{stderr}");
    }
    let output = Command::new(env!("CARGO_BIN_EXE_mock-publisher")).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(stderr, "mock-publisher: the following required arguments were not provided: --store <DIR>\n");
}

#[test]
fn a_rule_that_can_never_match_is_warned_of() {
    let dir = tempfile::tempdir().unwrap();
    let rows: [(&str, Option<&str>); 5] = [
        ("500=1%,route=read", Some("a mock publisher does not have the route `read`")),
        ("500=0", Some("its share of the requests is 0")),
        ("500=first:0", Some("its share of the requests is 0")),
        ("500=1%,for=0s", Some("its period is empty")),
        ("500=1%,route=store", None),
    ];
    for (rule, why) in rows {
        let mut child = command(dir.path(), &["--fault", rule])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut String::new()).unwrap();
        child.kill().unwrap();
        let stderr = String::from_utf8(child.wait_with_output().unwrap().stderr).unwrap();
        let warning =
            why.map(|why| format!("mock-publisher: warning: --fault: `500` never happens: {why}\n"));
        assert_eq!(stderr, warning.unwrap_or_default(), "{rule}");
    }
}

#[test]
fn every_request_is_a_line_of_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log");
    let mut server = Server::start(
        &dir.path().join("store"),
        &[
            "--log",
            log.to_str().unwrap(),
            "--fault",
            "500=first:1,route=store",
            "--fault",
            "reset=1,route=store-quilt",
        ],
    );
    for path in ["/v1/blobs", "/v1/blobs?epochs=2", "/v1/quilts", "/mock/reset"] {
        let mut stream = TcpStream::connect(&server.address).unwrap();
        let head =
            format!("PUT {path} HTTP/1.1\r\nhost: w\r\nconnection: close\r\ncontent-length: 1\r\n\r\nx");
        stream.write_all(head.as_bytes()).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    }
    server.signal("-TERM");
    server.child.wait().unwrap();
    let text = std::fs::read_to_string(&log).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let seen = |line: &serde_json::Value| {
        [&line["method"], &line["target"], &line["status"], &line["fault"]]
            .map(serde_json::Value::to_string)
            .join(" ")
    };
    assert_eq!(
        lines.iter().map(seen).collect::<Vec<_>>(),
        [
            r#""PUT" "/v1/blobs" 500 "500""#,
            r#""PUT" "/v1/blobs?epochs=2" 200 null"#,
            r#""PUT" "/v1/quilts" 400 "reset""#,
        ]
    );
    for line in lines {
        assert!(line["bytes"].as_u64().unwrap() > 10 && line["took_us"].as_u64().unwrap() > 0, "{line}");
        assert!(line["at_ms"].as_u64().unwrap() > 1_700_000_000_000, "{line}");
    }
    let (code, stderr) = refused(&["--log", "/"]);
    assert_eq!(code, Some(2));
    assert!(
        stderr.starts_with("mock-publisher: --log: cannot write /: choose another file, or - for"),
        "{stderr}"
    );
}
