//! Bad input: exit code 2, one line on stderr that names the flag and helps, and nothing done.

use std::fs;

use predicates::{Predicate, str::contains};
use tests::Bottle;

use crate::{
    common::{EXPORT, Ran, Run},
    server::Server,
};

/// What must not be touched.
const PRECIOUS: &str = "an earlier export that somebody still needs";

/// The run refuses in one line that holds all `words`, and has done nothing at all.
#[track_caller]
pub(crate) fn refuses(line: &[&str], words: &[&str]) -> Ran {
    refuses_run(|run| run, line, words)
}

#[track_caller]
fn refuses_run(change: impl FnOnce(Run) -> Run, line: &[&str], words: &[&str]) -> Ran {
    let server = Server::start();
    let run = Run::between(&server.url(), &server.url()).file(EXPORT, PRECIOUS).args(line);
    let ran = change(run).go().exits(2);
    assert_eq!(server.requests().len(), 0, "{line:?}");
    assert_eq!(ran.files(), [EXPORT], "{line:?}");
    shown(ran, line, words)
}

#[track_caller]
fn shown(ran: Ran, line: &[&str], words: &[&str]) -> Ran {
    assert_eq!((ran.stdout.as_str(), ran.stderr.lines().count()), ("", 1), "{line:?}: {ran:?}");
    assert!(ran.stderr.starts_with("error: "), "{line:?}: {}", ran.stderr);
    for word in words {
        assert!(contains(*word).eval(&ran.stderr), "{line:?} should say `{word}`: {}", ran.stderr);
    }
    let export = fs::read_to_string(ran.dir.path().join(EXPORT)).unwrap_or_default();
    assert_eq!(export, PRECIOUS, "{line:?}");
    ran
}

#[test]
fn numbers_out_of_range_are_refused() {
    for (line, words) in [
        (["-n", "0"], ["--blobs", "at least 1"]),
        (["-n", "-1"], ["--blobs", "below zero"]),
        (["-n", "five"], ["--blobs", "whole number"]),
        (["-n", "1.5"], ["--blobs", "whole number"]),
        (["-n", "99999999999999999999999"], ["--blobs", "too large a number, at most 18446744073709551615"]),
        (["-c", "0"], ["--concurrency", "at least 1"]),
        (["-c", "-3"], ["--concurrency", "below zero"]),
        (["-c", "4294967296"], ["--concurrency", "too large a number, at most 4294967295"]),
        (["-c", "many"], ["--concurrency", "whole number"]),
        (["--seed", "x"], ["--seed", "whole number"]),
        (["--seed", "-1"], ["--seed", "below zero"]),
        (["--epochs", "0"], ["--epochs", "at least 1"]),
        (["--epochs", "54"], ["--epochs", "at most 53"]),
        (["--epochs", "x"], ["--epochs", "whole number"]),
        (["--duplicates", "101%"], ["--duplicates", "outside 0% to 100%"]),
        (["--duplicates", "2"], ["--duplicates", "outside 0% to 100%"]),
        (["--duplicates", "-5%"], ["--duplicates", "outside 0% to 100%"]),
        (["--duplicates", "many"], ["--duplicates", "as in 25% or 0.25"]),
        (["--duplicates", "NaN"], ["--duplicates", "outside 0% to 100%"]),
        (["--order-control", "101%"], ["--order-control", "outside 0% to 100%"]),
        (["--steps", "upload,first,control"], ["--steps", "no step `control`"]),
    ] {
        refuses(&line, &words);
    }
}

#[test]
fn invalid_sizes_and_times_are_refused() {
    for (line, words) in [
        (["--size", "1TB"], ["--size", "use B, KiB, MiB or GiB"]),
        (["--size", "-1"], ["--size", "as in 100KiB"]),
        (["--size", "1.3B"], ["--size", "whole number of bytes"]),
        (["--size", "1.2MiB"], ["--size", "is not a whole number of bytes but 1258291.2; write 1258291B"]),
        (["--size", "99999999999GiB"], ["--size", "too large a size, at most 18446744073709551615B"]),
        (["--min-size", "big"], ["--min-size", "as in 100KiB"]),
        (["--max-size", ""], ["--max-size", "as in 100KiB"]),
        (["--duration", "0s"], ["--duration", "longer than 0"]),
        (["--duration", "10"], ["--duration", "as in 10s"]),
        (["--duration", "soon"], ["--duration", "as in 500ms"]),
        (["--duration", "-1s"], ["--duration", "as in 500ms"]),
        (["--upload-timeout", "0s"], ["--upload-timeout", "longer than 0"]),
        (["--download-timeout", "0s"], ["--download-timeout", "longer than 0"]),
        (["--connect-timeout", "0ms"], ["--connect-timeout", "longer than 0"]),
        (["--upload-timeout", "5"], ["--upload-timeout", "as in 5s"]),
        (["--connect-timeout", "never"], ["--connect-timeout", "as in 500ms"]),
    ] {
        refuses(&line, &words);
    }
    refuses(
        &["--min-size", "200KiB", "--max-size", "100KiB"],
        &["--min-size", "above --max-size", "204800", "102400"],
    );
}

#[test]
fn invalid_addresses_are_refused() {
    let other = Server::start();
    for (url, word) in [
        ("", "write it with http:// or https://"),
        ("not-a-url", "as in http://"),
        ("localhost:31415", "write it with http:// or https://"), // port: refused before anyone dials it
        ("ftp://h", "`ftp` is not supported; use http:// or https://"),
        ("http://", "is not a URL"),
        ("http://h:99999", "invalid port number"),
        ("http://h/?a=1", "without ? and #"),
        ("http://h/#a", "without ? and #"),
    ] {
        for (flag, ours) in [("--publisher", "--aggregator"), ("--aggregator", "--publisher")] {
            let line = [flag, url, ours, &other.url()];
            let ran = Run::bare().file(EXPORT, PRECIOUS).args(line).go().exits(2);
            shown(ran, &line, &[flag, word]);
        }
    }
    assert_eq!(other.requests().len(), 0);
}

#[test]
fn a_missing_address_is_named_by_its_flag() {
    let server = Server::start();
    for (line, flag) in [
        (vec![], "--publisher"),
        (vec!["--aggregator", "http://nowhere.invalid"], "--publisher"),
        (vec!["--publisher", "http://nowhere.invalid"], "--aggregator"),
    ] {
        let ran = Run::bare().file(EXPORT, PRECIOUS).args(&line).go().exits(2);
        shown(ran, &line, &[flag, "is missing", "URL"]);
    }
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn flags_that_contradict_each_other_are_refused() {
    for (line, words) in [
        ("--size 1KiB --min-size 1KiB", ["--size", "--min-size"]),
        ("--size 1KiB --max-size 1KiB", ["--size", "--max-size"]),
        ("--permanent --deletable", ["--permanent", "--deletable"]),
        ("--duplicates 50% --deletable", ["--duplicates", "--deletable"]),
        ("--duplicates 50% --force", ["--duplicates", "--force"]),
        ("--duplicates 50%", ["--duplicates", "more blobs than are under way"]),
        (
            "--duplicates 50% --rate 20/s --duration 3s",
            ["--duplicates", "more than 64 blobs at a rate, and here are 60"],
        ),
        ("--order-control 20% --order phased", ["--order-control", "phased"]),
        (
            "--order-control 20% --steps upload,first",
            ["--order-control", "leave out upload, first or cached"],
        ),
        ("--rate 5/s -c 3", ["--concurrency", "--max-in-flight"]),
        ("--rate 5/s --stages 1/s:1s", ["--stages", "--rate"]),
        ("--arrivals poisson", ["--arrivals", "--rate"]),
        ("--max-in-flight 3", ["--max-in-flight", "--rate"]),
        ("-c 2 --concurrency-stages 1:1s", ["--concurrency-stages", "--concurrency"]),
        ("-c 4294967295 --duration 1s", ["--concurrency", "file descriptors"]),
        ("-q -v", ["--quiet", "--verbose"]),
        ("--export report.json", ["--export", "--report"]),
        ("-n 5 -n 6", ["--blobs", "multiple times"]),
        ("--bearer abc --header authorization:x", ["--bearer", "Authorization"]),
        ("--bearer abc --publisher-header Authorization:x", ["--bearer", "Authorization"]),
        ("--bearer abc --publisher http://u:p@nowhere.invalid", ["--bearer", "user:password in --publisher"]),
    ] {
        let line: Vec<_> = line.split_whitespace().collect();
        refuses(&line, &words);
    }
    // The runs above have a report of their own.
    let line = ["--export", "x.json", "--report", "./x.json"];
    shown(bare(&line), &line, &["--report", "same file", "--export"]);
    let line = ["--report", "x.json", "--write", "csv=./x.json"];
    shown(bare(&line), &line, &["--write", "same file", "--report"]);
    let line = ["--write", "summary.md"];
    shown(bare(&line), &line, &["--write", "FORMAT=PATH", "markdown"]);
    let line = ["--write", "csv=no/such/steps.csv"];
    shown(bare(&line), &line, &["--write", "no/such/steps.csv", "cannot write"]);
    let line = ["--report", "x.json", "--log", "./x.json"];
    shown(bare(&line), &line, &["--log", "same file", "--report"]);
}

/// A refused run without any other flags than addresses without a server.
fn bare(line: &[&str]) -> Ran {
    let nowhere = ["--publisher", "http://nowhere.invalid", "--aggregator", "http://nowhere.invalid"];
    Run::bare().file(EXPORT, PRECIOUS).args(nowhere).args(line).go().exits(2)
}

#[test]
fn unknown_values_are_refused_with_the_known_ones() {
    for (line, words) in [
        (["--content", "jpeg"], ["--content", "binary, text, mixed"]),
        (["--verify", "half"], ["--verify", "full, size, off"]),
        (["--events", "maybe"], ["--events", "auto, always, never"]),
        (["--color", "red"], ["--color", "auto, always, never"]),
        (["--progress", "x"], ["--progress", "auto, always, never"]),
        (["--block", "5"], ["--block", "; tip: a similar argument exists: '--blobs'"]),
        (["extra", "-q"], ["'extra'", "unexpected argument"]),
        (["-q", "--export="], ["--export", "value is required"]),
        (["-q", "-n"], ["--blobs", "value is required"]),
        (["--send-object-to", "bob"], ["--send-object-to", "64 hexadecimal digits"]),
        (["--send-object-to", "0x12"], ["--send-object-to", "64 hexadecimal digits"]),
        (["--user-agent", "a\nb"], ["--user-agent", "a header cannot carry"]),
    ] {
        refuses(&line, &words);
    }
}

#[test]
fn headers_and_tokens_that_cannot_be_sent_are_refused_without_being_repeated() {
    for (flag, value, word) in [
        ("--header", "s3cret", "`Name: value`, with a colon"),
        ("--publisher-header", "a b: s3cret", "not a header name"),
        ("--aggregator-header", "X: s3cret\nY: z", "the value of `X` has control characters"),
        ("--header", "Content-Length: s3cret", "`Content-Length` is set by the exchange itself"),
        ("--bearer", "", "one word"),
        ("--bearer", "s3cret token", "one word"),
        ("--bearer", "@no-such-file", "cannot read no-such-file"),
        ("--publisher", "http://me:s3cret@h:99999", "invalid port number"),
        ("--aggregator", "me:s3cret@h", "write it with http:// or https://"),
        ("--aggregator", "https://h/?token=s3cret", "has a query or a fragment"),
    ] {
        let ran = refuses(&[flag, value], &[flag, word]);
        assert!(!ran.stderr.contains("s3cret"), "{flag}: {}", ran.stderr);
    }
    let ran = refuses_run(
        |run| run.variable("WALRUS_STRESS_BEARER", "s3cret token"),
        &[],
        &["--bearer", "one word"],
    );
    assert!(!ran.stderr.contains("s3cret"), "{}", ran.stderr);
}

#[test]
fn files_that_cannot_be_written_are_refused_before_any_request() {
    for (path, word) in [
        ("no/such/dir/x.json", "No such file or directory"),
        (".", "it is a directory"),
        ("stress_test_summary.json/x", "Not a directory"),
    ] {
        let ran = refuses(&["--export", path], &["--export", path, word]);
        assert!(ran.stderr.contains("cannot write"), "{}", ran.stderr);
        let line = ["--report", path];
        let ran = bare(&line);
        shown(ran, &line, &["--report", path, "cannot write", word]);
    }
}

#[test]
fn files_without_certificates_are_refused() {
    let line = |file| ["--cacert", file, "--aggregator", "https://nowhere.invalid"];
    refuses(&line("no-such.pem"), &["--cacert", "cannot read no-such.pem"]);
    refuses(&line(EXPORT), &["--cacert", EXPORT, "no certificate"]);
}

#[test]
fn an_unknown_command_is_refused_and_none_at_all_gets_help() {
    let mut run = Run::bare();
    run.args = vec!["walk".to_owned()];
    let ran = run.go().exits(2);
    assert_eq!(
        (ran.stdout.as_str(), ran.stderr.as_str()),
        (
            "",
            "error: unrecognized subcommand 'walk'; the commands are run, plan, search, report, compare, merge, operators\n"
        )
    );
    let mut run = Run::bare();
    run.args.clear();
    let ran = run.go().exits(2);
    assert!(ran.stdout.is_empty() && ran.stderr.contains("Usage: walrus-stress <COMMAND>"), "{ran:?}");
}

#[test]
fn help_and_version_go_to_stdout_and_are_no_error() {
    let version = concat!("walrus-stress ", env!("CARGO_PKG_VERSION"), "\n");
    for (args, text) in [
        (vec!["--version"], version),
        (vec!["--help"], "Usage: walrus-stress <COMMAND>"),
        (vec!["run", "--help"], "--publisher <URL>"),
        (vec!["run", "--help"], "Exit status:\n  0      all well\n  1      "),
        (vec!["run", "-h"], "--publisher <URL>   Base URL"),
    ] {
        let mut run = Run::bare();
        run.args = args.iter().map(|&arg| arg.to_owned()).collect();
        let ran = run.go().exits(0);
        assert!(ran.stdout.contains(text) && ran.stderr.is_empty(), "{args:?}: {ran:?}");
    }
}

#[test]
fn what_a_run_reads_is_not_written_over() {
    let bottle = Bottle::start();
    let ran = Run::new(&bottle).line("-n 1 --steps upload --size 1KiB").go().exits(0);
    let saved = std::fs::read_to_string(ran.dir.path().join("report.json")).expect("a report");
    for (line, words) in [
        ("run --plan old.json --report old.json", "--report names the same file as --plan"),
        ("run --plan old.json --report ./old.json", "--report names the same file as --plan"),
        (
            "run --plan old.json --price old.json --html new.html --log old.json",
            "--log names the same file as --plan",
        ),
        (
            "run --publisher http://publisher.test --steps upload --price old.json --export old.json",
            "--export names the same file as --price",
        ),
        (
            "operators --aggregator http://a.test --aggregator http://b.test --publisher http://p.test --report a.json \
          --html a.json",
            "another output of this command is the same file",
        ),
    ] {
        let words_of = line.split_whitespace().map(str::to_owned).collect();
        let ran = Run { args: words_of, ..Run::bare().file("old.json", &saved) }.go().exits(2);
        assert!(ran.stderr.contains(words), "{line}: {}", ran.stderr);
        assert_eq!(std::fs::read_to_string(ran.dir.path().join("old.json")).expect("kept"), saved, "{line}");
    }
}
