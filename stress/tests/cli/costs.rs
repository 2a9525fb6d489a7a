//! What runs cost: the forecast, the cap, and what was charged, beside publishers whose prices are known.

use std::{
    fs::{File, OpenOptions},
    io::{Read, Write},
    net::TcpStream,
    os::{fd::OwnedFd, unix::ffi::OsStrExt},
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::json;
use tests::{Bottle, ObjectPool, PUT_BLOB, PublisherConfig};

use crate::{
    bad_input::refuses,
    common::{PROGRAM, Ran, Run},
    server::{Reply, Server, answer},
};

/// Storage units of a small blob.
const UNITS: u64 = 63;
/// What the mock charges for one, for an epoch.
const CHARGED: u64 = UNITS * 120_000;

/// A publisher whose price of a unit is a function of how many blobs it has stored.
fn priced(price: impl Fn(u64) -> u64 + Send + Sync + 'static) -> (Server, Arc<AtomicU64>) {
    let stored = Arc::new(AtomicU64::new(0));
    let count = stored.clone();
    let server = Server::answering(move |request, right| {
        if !request.is_store() {
            return right;
        }
        let number = count.fetch_add(1, Ordering::Relaxed);
        let cost = UNITS * price(number);
        let json = json!({ "newlyCreated": {
            "blobObject": { "blobId": format!("M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_{number:04}") },
            "resourceOperation": { "registerFromScratch": { "encodedLength": 66_034_000, "epochsAhead": 1 } },
            "cost": cost,
        } });
        Reply::Send(answer(200, "application/json", json.to_string().as_bytes()))
    });
    (server, stored)
}

fn uploads(bottle: &Bottle) -> u64 {
    bottle.publisher_stats().route(PUT_BLOB).status(200)
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn shows(ran: &Ran, text: &str) {
    let shown = words(&format!("{}\n{}", ran.stderr, ran.stdout));
    assert!(shown.contains(text), "{text:?}: {shown}");
}

#[test]
fn a_plan_shows_units_and_what_they_cost() {
    let plan = |line: &str| {
        let run =
            Run::bare().command("plan").line("--publisher http://publisher.test --steps upload --size 17B");
        run.line(line).go().exits(0)
    };
    let known = plan("-n 12 --price storage=100,write=2000");
    shows(&known, "encoded 756 MiB, 756 storage units");
    shows(&known, "cost 0.0015876 WAL (1,587,600 FROST)");
    shows(
        &known,
        "2,100 FROST a storage unit for 1 epoch; every size up to 445,556 bytes costs the same, 63 units",
    );
    let unknown = plan("-n 12");
    shows(&unknown, "756 storage units");
    shows(&unknown, "--price storage=FROST,write=FROST, which `walrus info price` shows");
    let five = plan("-n 1 --epochs 5 --price storage=100000,write=20000 --format json");
    let forecast: serde_json::Value = serde_json::from_str(&five.stdout).expect("JSON");
    let cost = &forecast["forecast"][0]["cost_frost"];
    assert_eq!(cost, &json!({ "least": 32_760_000, "most": 32_760_000 }));
    // Repeats may cost nothing, and so may what is reused.
    let range = plan("-n 4 -c 1 --duplicates 50% --price storage=100,write=2000");
    shows(&range, "cost at most 0.0005292 WAL (529,200 FROST)");
}

#[test]
fn the_head_of_a_run_and_its_end_show_what_it_costs() {
    let bottle = Bottle::start();
    let line =
        "-n 3 --size 1KiB --price storage=100000,write=10000 --write csv=out.csv --write prometheus=out.prom";
    let ran = Run::new(&bottle).line(line).go().exits(0);
    shows(&ran, "stores in main: 3 blobs of 3.00 KiB, encoded 189 MiB, 189 storage units: 0.02079 WAL");
    shows(&ran, "cost 0.02268 WAL (22,680,000 FROST), predicted 0.02079 WAL");
    shows(&ran, "price 120,000 FROST a unit (189 units), 0.00756 WAL a blob, 7,930 WAL a GiB");
    let cost = &ran.report().0["cost"];
    assert_eq!(cost["charged_frost"], json!(3 * CHARGED));
    assert_eq!(cost["predicted_frost"], json!({ "least": 20_790_000, "most": 20_790_000 }));
    assert_eq!(cost["unit_price_frost"], json!({ "least": 120_000, "most": 120_000 }));
    let text = |name: &str| std::fs::read_to_string(ran.dir.path().join(name)).expect("a file");
    assert!(text("out.prom").contains("walrus_stress_unit_price_frost{bound=\"least\"} 120000"));
    let csv = text("out.csv");
    let mut lines = csv.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let (head, row) = lines.next().zip(lines.next()).expect("a head and a row");
    let cell = |name: &str| head.iter().position(|head| *head == name).map(|at| row[at]);
    assert_eq!((cell("storage_units"), cell("unit_price_frost_most")), (Some("189"), Some("120000")));
}

#[test]
fn a_cap_is_kept_whatever_the_concurrency() {
    for (flags, by_run) in [("", 2), ("--price storage=100000,write=20000", 3), ("--rate 200/s", 2)] {
        let bottle = Bottle::start();
        let cap = format!("{}FROST", 4 * CHARGED - 1);
        let line = format!("-n 20 --steps upload --size 1KiB --max-cost {cap} {flags}");
        let ran = Run::new(&bottle).line(&line).go().exits(0);
        assert_eq!((ran.report().total("upload", "done"), uploads(&bottle)), (by_run, 3), "{flags}");
        assert_eq!(ran.report().total("upload", "skipped"), 0);
        assert_eq!(ran.report().0["ending"]["kind"], "completed");
        shows(&ran, "no upload was started that could have taken the cost over --max-cost");
    }
}

#[test]
fn a_cap_that_is_not_reached_changes_nothing() {
    let bottle = Bottle::start();
    let line = "-n 5 --steps upload --size 1KiB --max-cost 1WAL --price storage=100000,write=20000";
    let ran = Run::new(&bottle).line(line).go().exits(0);
    assert_eq!(ran.report().total("upload", "done"), 5);
    assert!(!ran.stdout.contains("max-cost"), "{}", ran.stdout);
}

#[test]
fn the_price_is_followed_while_it_changes() {
    for (cap, stores, over) in [
        // Three at 100 a unit, one started at 100 and charged 1,000, and one at 1,000.
        (UNITS * 2_300, 5, false),
        (UNITS * 2_300 - 1, 4, false),
        // The fourth is started at 100 and charged 1,000.
        (UNITS * 400, 4, true),
    ] {
        let (server, stored) = priced(|number| if number < 3 { 100 } else { 1_000 });
        let line = format!(
            "-n 20 -c 1 --steps upload --size 1KiB --max-cost {cap}FROST --price storage=90,write=10"
        );
        let ran = Run::between(&server.url(), &server.url()).line(&line).go().exits(0);
        assert_eq!(stored.load(Ordering::Relaxed), stores, "{cap}");
        assert_eq!(
            ran.stdout.contains("the price rose while uploads were under way"),
            over,
            "{}",
            ran.stdout
        );
    }
}

#[test]
fn shards_share_a_cap_and_a_search_keeps_it() {
    let bottle = Bottle::start();
    let cap = format!("{}FROST", 5 * CHARGED);
    let price = "--price storage=100000,write=20000 --steps upload --size 1KiB --max-cost";
    for (shard, uploads) in [("0/2", 2), ("1/2", 2)] {
        let run = Run::new(&bottle).line("-n 20 --seed 1 --shard").args([shard]).line(price).args([&cap]);
        assert_eq!(run.go().exits(0).report().total("upload", "done"), uploads, "{shard}");
    }
    let bottle = Bottle::start();
    let line = "--for concurrency --slo upload.failures==0 --step 300ms --settle 0s";
    let run = Run::new(&bottle).command("search").line(line).line(price).args([&cap]);
    let ran = run.go().exits(4);
    assert_eq!(uploads(&bottle), 5);
    shows(&ran, "--max-cost is reached");
}

#[test]
fn step_by_step_what_was_stored_is_still_read() {
    let bottle = Bottle::start();
    let line = format!("-n 20 --order phased --size 1KiB --max-cost {}FROST", 4 * CHARGED);
    let ran = Run::new(&bottle).line(&line).line("--price storage=100000,write=20000").go().exits(0);
    let done = ["upload", "first", "cached"].map(|step| ran.report().total(step, "done"));
    assert_eq!(done, [4, 4, 4]);
}

#[test]
fn an_upload_without_an_answer_counts_and_a_refused_one_does_not() {
    for (status, stores) in [(429, 6), (500, 2)] {
        let server = Server::answering(move |request, right| match request.is_store() {
            true => Reply::Send(answer(status, "text/plain", b"no")),
            false => right,
        });
        let line = format!("-n 6 -c 1 --steps upload --size 1KiB --max-cost {}FROST", UNITS * 200);
        let run = Run::between(&server.url(), &server.url()).line(&line).line("--price storage=90,write=10");
        let ran = run.go().exits(1);
        assert_eq!(server.stores().len(), stores, "{status}");
        if status == 500 {
            shows(&ran, "2 attempts without an answer may have been charged too, up to 0.0000126 WAL");
        }
    }
}

#[test]
fn the_price_comes_from_an_earlier_report() {
    let (server, stored) = priced(|number| 2_000 + 100 * number);
    let ran =
        Run::between(&server.url(), &server.url()).line("-n 2 --steps upload --size 1KiB").go().exits(0);
    let report = std::fs::read_to_string(ran.dir.path().join("report.json")).expect("a report");
    let run =
        || Run::bare().file("old.json", &report).line("--price old.json --steps upload --size 17B -n 1");
    let ran = run().command("plan").line("--publisher http://publisher.test").go().exits(0);
    shows(&ran, "cost 0.000126 WAL (126,000 FROST) to 0.0001323 WAL (132,300 FROST)");
    let ran = run().command("plan").line("--publisher http://publisher.test --format toml").go().exits(0);
    assert!(ran.stdout.contains("price = \"unit=2000..2100,epochs=1\""), "{}", ran.stdout);
    let ran = run().line("--epochs 2").args(["--publisher", &server.url()]).go().exits(2);
    assert!(ran.stderr.contains("--price is that of blobs stored for 1 epochs"), "{}", ran.stderr);
    assert_eq!(stored.load(Ordering::Relaxed), 2);
}

#[test]
fn a_price_that_cannot_be_learnt_ends_the_run_before_its_schedule() {
    let server = Server::answering(|request, right| match request.is_store() {
        true => Reply::Send(answer(500, "text/plain", b"out of WAL")),
        false => right,
    });
    let line = "-n 5 --steps upload --size 1KiB --max-cost 1WAL --export";
    let ran = Run::between(&server.url(), &server.url()).line(line).go().exits(2);
    assert_eq!(server.stores().len(), 1);
    assert!(ran.stderr.contains("--max-cost: ") && ran.stderr.contains("give --price"), "{}", ran.stderr);
    assert_eq!(ran.files(), [] as [&str; 0]);
}

#[test]
fn amounts_that_make_no_sense_are_refused() {
    let short = ["--max-cost", "132299FROST", "--price", "storage=100,write=2000"];
    refuses(&short, &["--max-cost", "less than one upload costs"]);
    for (line, words) in [
        (&["--max-cost", "2"][..], &["--max-cost", "2WAL"][..]),
        (&["--max-cost", "0WAL"], &["--max-cost", "less than one upload"]),
        (&["--price", "storage=1"], &["--price", "storage=FROST,write=FROST"]),
        (&["--price", "missing.json"], &["--price", "cannot read missing.json"]),
        (
            &["--share", "--send-object-to", &format!("0x{}", "22".repeat(32))],
            &["--share", "--send-object-to"],
        ),
    ] {
        refuses(line, words);
    }
}

/// Runs the program on a pseudo-terminal at which a line was typed; gives its exit code and what the terminal shows.
fn on_a_terminal(command: &str, line: &str, typed: &str) -> (Option<i32>, String) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
    grantpt(&master).and_then(|()| unlockpt(&master)).expect("a pseudo-terminal");
    let name = ptsname(&master, Vec::new()).expect("its name");
    let path = Path::new(std::ffi::OsStr::from_bytes(name.as_bytes()));
    let side =
        || OwnedFd::from(OpenOptions::new().read(true).write(true).open(path).expect("its other side"));
    let mut master = File::from(master);
    master.write_all(typed.as_bytes()).expect("a line");
    let mut program = Command::new(PROGRAM);
    program.arg(command).args(line.split_whitespace()).env_clear();
    program.stdin(Stdio::from(side())).stderr(Stdio::from(side())).stdout(Stdio::null());
    let status = program.status().expect("a program that starts");
    // The terminal ends with an error once its other side is closed, which the command holds until then.
    drop(program);
    let mut shown = Vec::new();
    let _ = master.read_to_end(&mut shown);
    (status.code(), String::from_utf8_lossy(&shown).into_owned())
}

#[test]
fn an_expensive_run_on_a_terminal_is_asked_about_first() {
    let line =
        "-n 200 --steps upload --size 1KiB --price storage=100000,write=20000 --no-check --progress never";
    for typed in ["n\n", "\n", "what\n"] {
        let (code, shown) = on_a_terminal("run", &format!("{line} --publisher http://publisher.test"), typed);
        assert_eq!(code, Some(2), "{shown}");
        assert!(shown.contains("may cost up to 1.512 WAL (1,512,000,000 FROST). Start it? [y/N]"), "{shown}");
        assert!(shown.contains("not started (--yes starts it without this question)"), "{shown}");
    }
    // A publisher on this machine costs nothing.
    let server = Server::start();
    let (code, shown) = on_a_terminal("run", &format!("{line} --publisher {}", server.url()), "n\n");
    assert_eq!((code, server.stores().len()), (Some(0), 200), "{shown}");
    assert!(!shown.contains("Start it?"), "{shown}");
}

#[test]
fn an_expensive_search_is_asked_about_first_and_its_document_has_the_upload_for_the_price() {
    let line = "--publisher http://publisher.test --steps upload --size 1KiB --price storage=100000,write=20000 --no-check \
                --progress never --slo upload.p95<20s --max 50/s --step 30s";
    let (code, shown) = on_a_terminal("search", line, "n\n");
    assert_eq!(code, Some(2), "{shown}");
    assert!(
        words(&shown).contains("This search may cost up to ") && shown.contains("Start it? [y/N]"),
        "{shown}"
    );
    assert!(shown.contains("not started (--yes starts it without this question)"), "{shown}");
    // The pseudo-terminal does not know its width, which then counts as 80.
    assert!(shown.lines().all(|line| line.trim_end().chars().count() <= 80), "{shown}");
    let bottle = Bottle::start();
    let line = "--for concurrency --slo upload.failures==0 --step 300ms --settle 0s --steps upload --size 1KiB --max-cost";
    let run = Run::new(&bottle).command("search").line(line).args([format!("{}FROST", 6 * CHARGED)]);
    assert_eq!(run.go().exits(4).json("report.json")["price_upload_frost"], CHARGED);
}

#[test]
fn what_was_reused_is_counted_and_priced_apart() {
    let pool = || {
        ObjectPool::new(
            ["storage=25%", "registration=25%", "extend=25%", "extend-uncertified=25%"]
                .map(|share| share.parse().expect("a share"))
                .to_vec(),
        )
    };
    let bottle = Bottle::builder()
        .publisher(move |config| {
            config.epoch = 10;
            config.object_pool = pool().expect("shares");
        })
        .start();
    let line = "-n 60 --steps upload --size 1KiB --epochs 5 --reuse-resources --write csv=out.csv";
    let ran = Run::new(&bottle).line(line).go().exits(0);
    let report = ran.report().0;
    crate::schema::assert_valid(&report);
    let stored = &report["steps"][0]["stored"];
    let charged = &report["cost"]["by_kind"];
    let count = |kind: &str| stored[kind].as_u64().filter(|count| *count > 0).expect("some of each kind");
    let frost = |kind: &str| charged[kind]["frost"].as_u64().unwrap_or(0);
    // Walrus' prices: the write alone, nothing, and whole epochs of storage.
    assert_eq!(frost("reuse-storage"), count("reuse-storage") * UNITS * 20_000);
    assert_eq!((frost("reuse-registration"), count("reuse-registration") > 0), (0, true));
    for kind in ["reuse-and-extend", "reuse-and-extend-non-certified"] {
        let epochs = frost(kind) / (UNITS * 100_000);
        assert!(epochs >= count(kind) && frost(kind) == epochs * UNITS * 100_000, "{kind}: {charged}");
    }
    assert_eq!(stored["new"], 0);
    shows(&ran, "with a reused registration");
    shows(&ran, "blobs with reused storage");
    let csv = std::fs::read_to_string(ran.dir.path().join("out.csv")).expect("CSV");
    assert!(csv.lines().next().is_some_and(|head| head.contains("stored_reuse-and-extend,")), "{csv}");
}

#[test]
fn the_cap_follows_a_price_that_the_mock_changes_in_the_middle() {
    let slow = |config: &mut PublisherConfig| {
        config.profile.store.latency = "200ms".parse().expect("a latency");
    };
    let bottle = Bottle::builder().publisher(slow).start();
    let cap = 30 * CHARGED;
    let line = format!("-n 12 -c 1 --steps upload --size 1KiB --max-cost {cap}FROST --events always");
    let run = Run::new(&bottle).line(&line).line("--price storage=100000,write=20000");
    let started = run.start().until(" 3 uploaded");
    let body = r#"{"storage":1000000,"write":200000}"#;
    let address = bottle.publisher_url().trim_start_matches("http://");
    let mut connection = TcpStream::connect(address).expect("the mock");
    let length = body.len();
    write!(
        connection,
        "POST /mock/prices HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .expect("a request");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let ran = started.finish().exits(0);
    let report = ran.report();
    // At ten times the price, at most two more fit under the cap than had been stored.
    let charged = report.0["cost"]["charged_frost"].as_u64().expect("a sum");
    let price = &report.0["cost"]["unit_price_frost"];
    assert_eq!(price, &json!({ "least": 120_000, "most": 1_200_000 }));
    assert!(report.total("upload", "done") < 12 && charged <= cap, "{charged}");
    shows(&ran, "no upload was started that could have taken the cost over --max-cost");
}
