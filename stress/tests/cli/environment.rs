//! The environment variable of every flag, and which of the two wins.

use serde_json::{Value, json};
use tests::Bottle;

use crate::{
    common::{Ran, Run},
    server::Server,
};

/// A run whose addresses come from the environment.
fn run(server: &Server) -> Run {
    Run::bare()
        .variable("WALRUS_STRESS_PUBLISHER", &server.url())
        .variable("WALRUS_STRESS_AGGREGATOR", &server.url())
        .variable("WALRUS_STRESS_REPORT", "report.json")
}

fn plan(ran: &Ran) -> Value {
    ran.report().0["plan"].clone()
}

const ADDRESS: &str = "0x1111111111111111111111111111111111111111111111111111111111111111";

/// What the plan is made of.
const OF_THE_PLAN: [(&str, &str); 19] = [
    ("BLOBS", "3"),
    ("DURATION", "30s"),
    ("CONCURRENCY", "2"),
    ("MIN_SIZE", "1KiB"),
    ("MAX_SIZE", "2KiB"),
    ("CONTENT", "text"),
    ("SEED", "77"),
    ("VERIFY", "size"),
    ("EPOCHS", "4"),
    ("PERMANENT", "true"),
    ("DELETABLE", "false"),
    ("SEND_OBJECT_TO", ADDRESS),
    ("FORCE", "true"),
    ("UPLOAD_TIMEOUT", "31s"),
    ("DOWNLOAD_TIMEOUT", "32s"),
    ("CONNECT_TIMEOUT", "33s"),
    ("INSECURE", "true"),
    ("EXPECT_CONTINUE", "true"),
    ("THRESHOLD", "upload.max<1h,*.failures<1%"),
];

/// What goes along with requests, and what is shown of them.
const REQUESTS_AND_OUTPUT: [(&str, &str); 16] = [
    ("HEADER", "X-A: 1,X-B: 2"),
    ("PUBLISHER_HEADER", "X-P: 3"),
    ("AGGREGATOR_HEADER", "X-G: 4"),
    ("BEARER", "t0ken"),
    ("USER_AGENT", "env/1"),
    ("NO_CHECK", "true"),
    ("EXPORT", "rows.json"),
    ("LOG", "log.ndjson"),
    ("METRICS_LISTEN", "127.0.0.1:0"), // port: any that is free
    ("WRITE", "markdown=summary.md,csv=steps.csv"),
    ("EVENTS", "never"),
    ("COLOR", "always"),
    ("PROGRESS", "never"),
    ("VERBOSE", "false"),
    ("QUIET", "true"),
    ("STRICT", "false"),
];

fn with(run: Run, (name, value): &(&str, &str)) -> Run {
    run.variable(&format!("WALRUS_STRESS_{name}"), value)
}

#[test]
fn every_flag_of_the_plan_can_be_set_in_the_environment() {
    let plan = plan(&OF_THE_PLAN.iter().fold(run(&Server::start()), with).go().exits(0));
    let phase = &plan["phases"][0];
    assert_eq!(phase["stop"], json!({ "blobs": 3, "duration_seconds": 30.0 }));
    assert_eq!(phase["load"]["workers"], 2);
    assert_eq!(phase["sizes"], json!({ "min_bytes": 1024, "max_bytes": 2048 }));
    assert_eq!(
        (&phase["content"], &plan["seed"], &plan["verify"]),
        (&json!("text"), &json!(77), &json!("size"))
    );
    let store = json!({ "epochs": 4, "persistence": "permanent", "send_object_to": ADDRESS, "force": true });
    assert_eq!(plan["store"], store);
    let limits = &plan["limits"];
    let times =
        ["upload", "download", "connect"].map(|step| limits[format!("{step}_timeout_seconds")].as_f64());
    assert_eq!(times, [Some(31.0), Some(32.0), Some(33.0)]);
    assert_eq!((&limits["insecure"], &limits["expect_continue"]), (&json!(true), &json!(true)));
    assert_eq!(plan["thresholds"], json!(["upload.max<1h", "*.failures<1%"]));
}

#[test]
fn requests_and_output_can_be_set_in_the_environment() {
    let server = Server::start();
    let ran = REQUESTS_AND_OUTPUT.iter().fold(run(&server), with).line("-n 3 --size 1KiB").go().exits(0);
    let (store, read) = (&server.stores()[0], &server.reads()[0]);
    let headers = |names: [&str; 6]| names.map(|name| (store.header(name), read.header(name)));
    let expected = [
        (Some("1"), Some("1")),
        (Some("2"), Some("2")),
        (Some("3"), None),
        (None, Some("4")),
        (Some("Bearer t0ken"), None),
        (Some("env/1"), Some("env/1")),
    ];
    assert_eq!(headers(["x-a", "x-b", "x-p", "x-g", "authorization", "user-agent"]), expected);
    assert_eq!(server.requests().len(), 9, "no preflight");
    assert!(ran.stderr.is_empty() && ran.stdout.contains("\u{1b}[32m"), "{ran:?}");
    assert_eq!(ran.files(), ["log.ndjson", "report.json", "rows.json", "steps.csv", "summary.md"]);
}

#[test]
fn lists_are_separated_by_commas() {
    let servers = [(); 2].map(|()| Server::start());
    let urls = servers.each_ref().map(Server::url);
    Run::bare()
        .variable("WALRUS_STRESS_PUBLISHER", &urls.join(","))
        .variable("WALRUS_STRESS_AGGREGATOR", &Bottle::start().aggregator_url().replace("http", " http"))
        .line("-n 20 --size 1B --no-check --seed 1")
        .go()
        .exits(1);
    let shares = servers.each_ref().map(|server| server.stores().len());
    assert!(shares.iter().sum::<usize>() == 20 && shares.iter().all(|share| *share > 0), "{shares:?}");
}

#[test]
fn flags_win_over_the_environment() {
    let (meant, other) = (Server::start(), Server::start());
    let ran = run(&other)
        .variable("WALRUS_STRESS_BLOBS", "9")
        .variable("WALRUS_STRESS_SIZE", "9KiB")
        .variable("WALRUS_STRESS_HEADER", "X-A: environment")
        .variable("WALRUS_STRESS_BEARER", "environment")
        .args(["--publisher", &meant.url(), "--aggregator", &meant.url(), "--report", "other.json"])
        .args(["-n", "2", "--size", "2KiB", "--header", "X-A: flag, with a comma", "--bearer", "flag"])
        .go()
        .exits(0);
    assert_eq!((meant.stores().len(), other.requests().len()), (2, 0));
    let store = &meant.stores()[0];
    assert_eq!((store.body.len(), store.header("x-a")), (2048, Some("flag, with a comma")));
    assert_eq!(store.header("authorization"), Some("Bearer flag"));
    assert_eq!(ran.files(), ["other.json"]);
}

#[test]
fn a_flag_wins_over_a_variable_that_it_excludes() {
    let server = Server::start();
    for (name, value, line, key, expected) in [
        ("RATE", "5/s", "-c 2", "/phases/0/load", json!({ "model": "closed", "workers": 2 })),
        ("SIZE", "9KiB", "--min-size 1B --max-size 2B", "/phases/0/sizes/max_bytes", json!(2)),
        ("DELETABLE", "true", "--permanent", "/store/persistence", json!("permanent")),
        ("STEPS", "upload", "--reads 1", "/phases/0/journey", json!(["upload", "first"])),
    ] {
        let run = run(&server).variable(&format!("WALRUS_STRESS_{name}"), value).line("-n 1").line(line);
        assert_eq!(plan(&run.go().exits(0)).pointer(key), Some(&expected), "{name}");
    }
    let ran = run(&server).variable("WALRUS_STRESS_QUIET", "true").line("-v -n 1").go().exits(0);
    assert!(ran.stderr.contains("preflight: "), "{}", ran.stderr);
}

#[test]
fn an_empty_variable_sets_nothing() {
    let server = Server::start();
    let empty = ["SEED", "BLOBS", "EXPORT", "QUIET", "HEADER", "BEARER", "SIZE", "DURATION", "COLOR"];
    let set = |run: Run, name: &str| run.variable(&format!("WALRUS_STRESS_{name}"), "");
    let ran =
        empty.into_iter().fold(run(&server), set).line("-n 1 --min-size 1B --max-size 2B").go().exits(0);
    assert_eq!(ran.files(), ["report.json"]);
    // `false` is what there is without the switch.
    let ran = run(&server).variable("WALRUS_STRESS_QUIET", "false").line("-v -n 1").go().exits(0);
    assert!(ran.stderr.contains("preflight: "), "{}", ran.stderr);
}

#[test]
fn a_wrong_variable_is_named() {
    let server = Server::start();
    for (name, value, line, words) in [
        ("CONCURRENCY", "many", "", ["--concurrency", "whole number"]),
        ("QUIET", "1", "", ["--quiet", "true or false"]),
        ("EPOCHS", "99", "", ["--epochs", "at most 53"]),
        ("ARRIVALS", "poisson", "", ["--arrivals", "needs --rate"]),
        ("HEADER", "oops", "", ["--header", "Name: value"]),
        ("PUBLISHER", "http://a,nonsense", "", ["--publisher", "is not a whole address"]),
    ] {
        let name = format!("WALRUS_STRESS_{name}");
        let ran = run(&server).variable(&name, value).line(line).go().exits(2);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        assert!(words.iter().chain(&[name.as_str()]).all(|word| ran.stderr.contains(word)), "{}", ran.stderr);
    }
    // Two variables that exclude each other clash; each error names the first one's flag and variable.
    let clash = run(&server).variable("WALRUS_STRESS_SIZE", "1KiB").variable("WALRUS_STRESS_MIN_SIZE", "1");
    let ran = clash.go().exits(2);
    let expected = "--size (from WALRUS_STRESS_SIZE) cannot be used with --min-size";
    assert!(ran.stderr.contains(expected), "{}", ran.stderr);
    // So it is in a search, which decides the rate itself.
    let ran =
        run(&server).command("search").variable("WALRUS_STRESS_RATE", "3/s").line("--slo upload.p50<1s").go();
    let expected = "--rate (from WALRUS_STRESS_RATE) is not for a search: --for rate";
    assert!(ran.exits(2).stderr.contains(expected));
    // What was typed is not blamed on the environment.
    let ran = run(&server).variable("WALRUS_STRESS_BLOBS", "3").line("-n many").go().exits(2);
    assert!(!ran.stderr.contains("WALRUS_STRESS"), "{}", ran.stderr);
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn a_proxy_variable_is_named_when_a_name_does_not_resolve() {
    for check in ["", "--no-check"] {
        let line = format!("-n 1 --size 1KiB --color never {check}");
        let run = |run: Run| run.line(&line).go();
        let target = "http://no-such-host.invalid";
        let is_named = |ran: &Ran| {
            let text = format!("{} {}", ran.stdout, ran.stderr);
            text.split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
                .contains("(https_proxy is set, but proxies are not used)")
        };
        let ran = run(Run::between(target, target).variable("https_proxy", "http://proxy.invalid"));
        assert!(is_named(&ran), "{ran:?}");
        assert!(!is_named(&run(Run::between(target, target))), "{check}");
    }
}

#[test]
fn a_mistyped_variable_is_warned_of() {
    let server = Server::start();
    let mistyped =
        run(&server).variable("WALRUS_STRESS_CONCURENCY", "3").line("-n 1 --no-check").go().exits(0);
    let expected = "warning: the environment variable WALRUS_STRESS_CONCURENCY is not read: did you mean WALRUS_STRESS_CONCURRENCY?\n";
    assert!(mistyped.stderr.contains(expected), "{}", mistyped.stderr);
}
