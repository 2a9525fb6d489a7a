//! A saved report has the same words and numbers as the end of its run, in every format.

use std::{fs, path::Path};

use assert_cmd::Command;
use tests::Bottle;

use crate::common::{HARD_LIMIT, PROGRAM, Ran, Run};

/// `walrus-stress report` in this directory; gives exit code, stdout and stderr.
fn report(dir: &Path, line: &str, input: &str) -> (i32, String, String) {
    let output = Command::new(PROGRAM)
        .arg("report")
        .args(line.split_whitespace())
        .env_clear()
        .current_dir(dir)
        .write_stdin(input)
        .timeout(HARD_LIMIT)
        .output()
        .expect("a program that starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("an exit code"), text(output.stdout), text(output.stderr))
}

fn read(ran: &Ran, name: &str) -> String {
    fs::read_to_string(ran.dir.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The screen without its table of blobs: that is in the export.
fn without_blobs(screen: &str) -> String {
    let blocks = screen.split("\n\n").filter(|block| !block.contains("blob ID"));
    blocks.collect::<Vec<_>>().join("\n\n")
}

#[test]
fn every_format_is_the_same_at_the_end_of_the_run_and_from_its_report() {
    let formats = ["terminal", "json", "csv", "timeline-csv", "markdown", "junit", "prometheus"];
    let bottle = Bottle::start();
    let outputs: Vec<_> = formats.iter().map(|format| format!("--write {format}={format}.out")).collect();
    let run = Run::new(&bottle).line("-n 40 -c 4 --size 1KiB --seed 7 --threshold upload.max<1ns -q");
    let ran = run.line(&outputs.join(" ")).go().exits(1);
    for format in formats {
        let (code, stdout, stderr) = report(ran.dir.path(), &format!("report.json --format {format}"), "");
        assert_eq!((code, stderr.as_str()), (0, ""), "{format}");
        assert_eq!(stdout, read(&ran, &format!("{format}.out")), "{format}");
        let line = format!("report.json --format {format} -o again.out");
        assert_eq!(report(ran.dir.path(), &line, ""), (0, String::new(), String::new()));
        assert_eq!(read(&ran, "again.out"), stdout, "{format}");
    }
    assert_eq!(read(&ran, "terminal.out"), without_blobs(&ran.stdout));
    assert_eq!(read(&ran, "json.out"), read(&ran, "report.json"));
    let holds = "walrus_stress_threshold_holds{threshold=\"upload.max<1ns\",step=\"upload\"} 0\n";
    assert!(read(&ran, "prometheus.out").contains(holds));
    assert!(read(&ran, "markdown.out").starts_with("### walrus-stress: FAILED\n"));
    // Without a format, and from stdin, it is the screen again.
    let (code, stdout, _) = report(ran.dir.path(), "-", &read(&ran, "report.json"));
    assert_eq!((code, stdout), (0, read(&ran, "terminal.out")));
    let (_, coloured, _) = report(ran.dir.path(), "report.json --color always", "");
    assert!(coloured.contains("\u{1b}[31mFAILED"), "{coloured}");
}

#[test]
fn what_is_no_report_is_refused_in_one_line() {
    let dir = tempfile::tempdir().expect("a directory");
    fs::write(dir.path().join("rows.json"), "[]").expect("a file");
    fs::write(dir.path().join("future.json"), r#"{"schema":"walrus-stress/report/99"}"#).expect("a file");
    for (line, words) in [
        ("missing.json", ["cannot read missing.json", "No such file"]),
        (
            "rows.json",
            ["cannot read rows.json", "not a walrus-stress report, but a list, as --export writes it"],
        ),
        ("future.json", ["cannot read future.json", "walrus-stress/report/99"]),
        ("rows.json --format pdf", ["--format", "markdown"]),
    ] {
        let (code, stdout, stderr) = report(dir.path(), line, "");
        assert_eq!((code, stdout.as_str(), stderr.lines().count()), (2, "", 1), "{line}: {stderr}");
        assert!(words.iter().all(|word| stderr.contains(word)), "{line}: {stderr}");
    }
}

#[test]
fn errors_about_foreign_texts_do_not_steer_the_terminal() {
    let server = crate::server::Server::start();
    let ran = Run::between(&server.url(), &server.url()).line("-n 1 --size 1KiB").go().exits(0);
    let dir = ran.dir.path();
    let text = read(&ran, "report.json");
    let hostile = text.replacen("\"walrus-stress\"", "\"\\u001b[2J\\u202e\"", 1);
    fs::write(dir.join("hostile.json"), hostile).unwrap();
    fs::write(dir.join("schema.json"), r#"{"schema":"\u001b[2J"}"#).unwrap();
    fs::write(dir.join("plan.toml"), "[[phase]]\n\"\\u001b[2J\" = 1").unwrap();
    let escape = "\u{1b}[31mx\u{202e}y";
    for line in [
        vec!["report", "hostile.json"],
        vec!["report", "schema.json"],
        vec!["report", escape],
        vec!["report", "report.json", "--format", escape],
        vec!["report", "report.json", "-o", &format!("no-such-dir/{escape}")],
        vec!["compare", "report.json", "hostile.json"],
        vec!["merge", "hostile.json", "-o", "out.json"],
        vec!["run", "--plan", "hostile.json"],
        vec!["run", "--plan", "schema.json"],
        vec!["run", "--plan", "plan.toml"],
        vec!["run", "--bearer", &format!("@{escape}")],
        vec!["run", "--header", &format!("{escape}: 1")],
        vec!["run", "--blob-ids", escape],
        vec!["run", escape],
        vec![escape],
    ] {
        let output = Command::new(PROGRAM).args(&line).env_clear().current_dir(dir).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_ne!(output.status.code(), Some(0), "{line:?}: {stderr}");
        let is_control = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!stderr.contains(is_control) && !stderr.is_empty(), "{line:?}: {stderr:?}");
    }
}

#[test]
fn inputs_without_an_end_are_refused() {
    let server = crate::server::Server::start();
    let url = server.url();
    for line in [
        "--bearer @/dev/zero",
        "--plan /dev/zero",
        "--cacert /dev/zero",
        "--blob-ids /dev/zero",
        "--from-export /dev/zero",
        "--from-log /dev/zero",
        "--plan secret.toml",
        "--jwt-secret @/dev/zero",
        "--jwt-key @/dev/zero",
        "--price /dev/zero",
    ] {
        let run = Run::bare().args(["--publisher", &url, "--aggregator", &url, "-n", "1"]);
        let ran = run.file("secret.toml", "header = \"X-Key: @/dev/zero\"").line(line).go().exits(2);
        assert_eq!(ran.stderr.lines().count(), 1, "{line}: {}", ran.stderr);
    }
    let (code, _, stderr) = report(Path::new("/"), "/dev/zero", "");
    assert_eq!(code, 2, "{stderr}");
    // A row that is longer than any.
    let input = format!("[{{\"blob_id\":\"{}", "A".repeat(3_000_000));
    let run = Run::bare().args(["--aggregator", &url]).line("--from-export - --steps first").input(&input);
    let ran = run.go().exits(2);
    assert!(ran.stderr.contains("longer than 1.00 MiB"), "{}", ran.stderr);
}

#[test]
fn numbers_of_a_report_that_no_flag_takes_are_refused_when_it_is_repeated() {
    let server = crate::server::Server::start();
    let ran = Run::between(&server.url(), &server.url()).line("-n 1 --size 1KiB").go().exits(0);
    for (path, number) in [
        ("/plan/phases/0/grace_seconds", "9223372036854775807"),
        ("/plan/phases/0/sizes/max_bytes", "18446744073709551615"),
        ("/plan/limits/upload_timeout_seconds", "1e18"),
    ] {
        let mut report = ran.json("report.json");
        *report.pointer_mut(path).unwrap_or_else(|| panic!("{path}")) = serde_json::from_str(number).unwrap();
        fs::write(ran.dir.path().join("huge.json"), report.to_string()).unwrap();
        let output = Command::new(PROGRAM)
            .args(["plan", "--plan", "huge.json"])
            .env_clear()
            .current_dir(ran.dir.path())
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(matches!(output.status.code(), Some(0 | 2)), "{path}: {stderr}");
        assert!(!stderr.contains("panicked") && stderr.lines().count() <= 1, "{path}: {stderr}");
    }
}
