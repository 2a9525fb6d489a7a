//! What is shown on the terminal: event lines, the summary, colours, and when each appears.

use std::time::Duration;

use stress::units;
use tests::Bottle;

use crate::{
    common::{EXPORT, Ran, Run, nowhere},
    server::{Reply, Server, answer},
};

const GREEN: &str = "\u{1b}[32m";
const YELLOW: &str = "\u{1b}[33m";
const MAGENTA: &str = "\u{1b}[35m";
const RED: &str = "\u{1b}[31m";

#[test]
fn event_lines_have_the_colour_of_their_outcome() {
    let bottle = Bottle::start();
    let line = "--events always --color always -n 30 -c 2 --size 3KiB --duplicates 50% --seed 1";
    let ran = Run::new(&bottle).line(line).go().exits(0);
    let existing = usize::try_from(bottle.publisher_stats().stores.already_certified).unwrap();
    let count = |colour: &str, text: &str| {
        let painted = format!("{colour}{text}");
        ran.stderr.lines().filter(|line| line.contains(&painted)).count()
    };
    assert!(existing > 0);
    assert_eq!((count(GREEN, "uploaded"), count(YELLOW, "already exists")), (30 - existing, existing));
    assert_eq!((count(MAGENTA, "first download"), count(GREEN, "cached download")), (30, 30));
    // Sizes are yellow everywhere, times have the colour of what took them.
    assert_eq!(count(YELLOW, "3.00 KiB"), 90);
    for (action, colour) in [("uploaded", GREEN), ("first download", MAGENTA), ("cached download", GREEN)] {
        let mut lines = ran.stderr.lines().filter(|line| line.contains(action));
        assert!(lines.all(|line| line.matches(colour).count() == 2), "{action}: {}", ran.stderr);
    }
    assert!(!ran.stderr.contains(RED), "{}", ran.stderr);
    assert!(ran.stdout.lines().last().unwrap().starts_with(GREEN), "{}", ran.stdout);
}

#[test]
fn errors_are_red_on_every_screen() {
    let server = Server::answering(|request, right| match request.is_read() {
        true => Reply::Send(answer(404, "text/plain", b"gone")),
        false => right,
    });
    let ran = Run::between(&server.url(), &server.url()).line("--color always -n 3").go().exits(1);
    let red = |text: &str, line: &str| line.contains(&format!("{RED}{text}"));
    assert_eq!(ran.stderr.lines().filter(|line| red("first download failed after ", line)).count(), 3);
    assert!(
        ran.stdout.lines().any(|line| red("3 first downloads failed: not-found", line)),
        "{}",
        ran.stdout
    );
    assert!(red(
        "FAILED: 3 of 3 uploads and 0 of 3 downloads succeeded, 3 failed",
        ran.stdout.lines().last().unwrap()
    ));
    // A preflight's refusal and wrong usage have no colour, but start with `error:`.
    let ran = Run::between(&nowhere(), &nowhere()).line("--color always").go().exits(2);
    assert!(ran.stderr.starts_with("error: "), "{}", ran.stderr);
}

#[test]
fn the_summary_lists_every_blob_and_the_extremes_of_cached_downloads() {
    let bottle = Bottle::start();
    let ran = Run::new(&bottle).line("--export -n 12").go().exits(0);
    let time = |value: f64| units::duration(Duration::from_secs_f64(value));
    for row in ran.rows() {
        let line = ran.stdout.lines().find(|line| line.ends_with(row["blob_id"].as_str().unwrap())).unwrap();
        let kb = row["blob_size_kb"].as_f64().unwrap();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number of bytes"
        )]
        let bytes = (kb * 1024.0) as u64;
        let times = ["upload_time", "download_time_first", "download_time_cached"];
        let cells = times.map(|key| time(row[key].as_f64().unwrap()));
        let words: Vec<_> = line.split_whitespace().collect();
        let expected = format!(
            "{} {} {} {}",
            row["blob_number"],
            units::bytes(bytes),
            cells.join(" "),
            row["blob_id"].as_str().unwrap()
        );
        assert_eq!(words.join(" "), expected);
    }
    let cached = ran.column("download_time_cached");
    let (shortest, longest) =
        (cached.iter().copied().fold(f64::MAX, f64::min), cached.iter().copied().fold(0.0, f64::max));
    let extremes = &ran.report().0["cache_effect"];
    for (name, exact) in [("shortest_cached_seconds", shortest), ("longest_cached_seconds", longest)] {
        let shown = extremes[name].as_f64().unwrap_or_else(|| panic!("{name}: {extremes}"));
        assert!((shown / exact - 1.0).abs() < 0.002, "{name}: {shown} is not {exact}");
    }
    assert_eq!(ran.lines_with("cached downloads took ").len(), 1);
    assert!(ran.stdout.ends_with("12 of 12 uploads and 24 of 24 downloads succeeded\n"), "{}", ran.stdout);
    for word in [
        "upload ",
        "first ",
        "cached",
        "succeeded ",
        "failed ",
        "MiB/s",
        "min ",
        "mean ",
        "median ",
        "max ",
        "12 new, 0 existing",
    ] {
        assert!(ran.stdout.contains(word), "`{word}` is missing: {}", ran.stdout);
    }
}

/// A run of `line` against a bottle.
fn against_a_bottle(line: &str) -> Ran {
    Run::new(&Bottle::start()).line(line).go().exits(0)
}

#[test]
fn lines_for_each_event_are_shown_in_small_runs_or_as_asked() {
    for (line, shown) in [
        ("-n 50 --size 1B", true),
        ("-n 51 --size 1B", false),
        ("-n 51 --size 1B --events always", true),
        ("-n 5 --events never", false),
        ("-n 5 -q", false),
        ("-n 5 -q --events always", true),
    ] {
        let ran = against_a_bottle(line);
        assert_eq!(!ran.lines_with(" cached download ").is_empty(), shown, "{line}: {}", ran.stderr);
    }
}

#[test]
fn quiet_runs_print_only_the_summary_and_verbose_ones_more() {
    let ran = against_a_bottle("-q");
    assert_eq!(ran.stderr, "");
    assert!(ran.stdout.ends_with("5 of 5 uploads and 10 of 10 downloads succeeded\n"));
    let normal = against_a_bottle("--events never --seed 9");
    let starts: Vec<_> = normal.stderr.lines().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(starts, ["stores in main", "price", "seed 9 (--seed 9 makes these blobs again)"]);
    let ran = against_a_bottle("-v --events never --export --seed 9");
    let starts: Vec<_> = ran.stderr.lines().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(
        starts,
        [
            "preflight",
            "stores in main",
            "price",
            "plan",
            "export",
            "report",
            "seed 9 (--seed 9 makes these blobs again)"
        ]
    );
    assert!(ran.stderr.contains(r#""seed":9"#) && ran.stderr.contains(EXPORT), "{}", ran.stderr);
}

#[test]
fn pipes_get_no_colours_unless_they_are_asked_for() {
    for (line, variable, coloured) in [
        ("", None, false),
        ("--color auto", None, false),
        ("--color never", Some(("CLICOLOR_FORCE", "1")), false),
        ("--color always", None, true),
        ("--color always", Some(("NO_COLOR", "1")), true),
        ("", Some(("CLICOLOR_FORCE", "1")), true),
        ("", Some(("NO_COLOR", "1")), false),
    ] {
        let bottle = Bottle::start();
        let run = Run::new(&bottle).line("-n 1").line(line);
        let run = variable.into_iter().fold(run, |run, (name, value)| run.variable(name, value));
        let ran = run.go().exits(0);
        for (stream, text) in [("stdout", &ran.stdout), ("stderr", &ran.stderr)] {
            assert_eq!(text.contains('\u{1b}'), coloured, "{line} {variable:?}: {stream}");
        }
    }
}

#[test]
fn without_a_terminal_progress_is_a_plain_line_every_few_seconds() {
    let slow = |flag: &str| {
        let latency = |config: &mut tests::AggregatorConfig| {
            config.profile.first_read.latency = "6s".parse().expect("a latency")
        };
        let bottle = Bottle::builder().aggregator(latency).start();
        Run::new(&bottle).line("-n 1 --size 1B --events never").line(flag).go().exits(0)
    };
    let (shown, hidden) = std::thread::scope(|scope| {
        let (shown, hidden) = (scope.spawn(|| slow("")), scope.spawn(|| slow("--progress never")));
        (shown.join().expect("a run"), hidden.join().expect("a run"))
    });
    assert_eq!(shown.lines_with(": upload 1/1 p50 ").len(), 1, "{}", shown.stderr);
    assert_eq!(hidden.lines_with(": upload 1/1").len(), 0, "{}", hidden.stderr);
    assert!(!shown.stderr.contains(['\r', '\u{1b}']), "{:?}", shown.stderr);
}

#[test]
fn the_report_is_one_document_with_schema_plan_and_units() {
    let bottle = Bottle::start();
    let ran = Run::new(&bottle).line("-n 7 -c 3 --seed 5 -q").go().exits(0);
    let report = ran.report();
    assert_eq!(report.0["schema"], "walrus-stress/report/1");
    assert_eq!((&report.0["partial"], &report.0["ending"]["kind"]), (&false.into(), &"completed".into()));
    assert_eq!(report.0["plan"]["seed"], 5);
    assert_eq!(report.0["plan"]["publishers"][0]["url"], format!("{}/", bottle.publisher_url()));
    let (sent, received) =
        (bottle.publisher_stats().route(tests::PUT_BLOB), bottle.aggregator_stats().route(tests::GET_BLOB));
    assert_eq!(report.0["bytes_sent"], sent.bytes_in);
    assert_eq!(report.0["bytes_received"], sent.bytes_out + received.bytes_out);
    for step in ["upload", "first", "cached"] {
        assert_eq!((report.total(step, "attempted"), report.total(step, "done")), (7, 7), "{step}");
    }
    let times = &report.0["steps"][0]["response_seconds"];
    assert!(times["count"] == 7 && times["p50"].is_f64() && times["p90"].is_null(), "{times}");
}
