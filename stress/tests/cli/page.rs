//! The pages of a run and of a comparison: they show the numbers of the JSON, and a real browser opens them without
//! errors.

use std::{env, fs, path::Path, path::PathBuf, sync::Arc, time::Duration};

use assert_cmd::Command;
use serde_json::Value;
use stress::{
    metrics::Recording,
    plan::journey::Step,
    report::Report,
    sample::{ExchangeRecord, Link, Novelty, Outcome, Sample, Timing},
};
use tests::Bottle;

use crate::common::{Ran, Run};

/// The names of browsers.
const BROWSERS: [&str; 5] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

/// A browser that takes longer hangs.
const TIMEOUT: Duration = Duration::from_secs(60);

fn run() -> Ran {
    let bottle = Bottle::start();
    let line = "-n 12 -c 3 --size 3KiB --seed 5 --threshold upload.max<1h --html page.html";
    Run::new(&bottle).line(line).go().exits(0)
}

/// The numbers of a page by where the JSON has them.
fn numbers(page: &str) -> Vec<(String, f64)> {
    let attribute = |tag: &str, name: &str| -> String {
        let value = tag.split(&format!("{name}=\"")).nth(1).expect("the attribute is there");
        value.split('"').next().expect("a text has a beginning").to_owned()
    };
    let tags = page.split("<data ").skip(1).map(|rest| rest.split('>').next().expect("it ends"));
    tags.map(|tag| (attribute(tag, "data-json"), attribute(tag, "value").parse().expect("a number")))
        .collect()
}

/// There are at least `least` of them, and each is that of the report.
#[track_caller]
fn agree(page: &str, report: &Value, least: usize) {
    let numbers = numbers(page);
    assert!(numbers.len() >= least, "{}", numbers.len());
    for (pointer, value) in numbers {
        let expected = report.pointer(&pointer).and_then(Value::as_f64);
        let expected = expected.unwrap_or_else(|| panic!("the report has no number at {pointer}"));
        assert!((value - expected).abs() <= expected.abs() * 1e-12, "{pointer}: {value}, not {expected}");
    }
}

#[test]
fn the_page_has_the_numbers_of_the_report_and_a_saved_report_makes_the_same_page() {
    let ran = run();
    let page = fs::read_to_string(ran.dir.path().join("page.html")).unwrap();
    agree(&page, &ran.report().0, 50);
    let again = Command::new(crate::common::PROGRAM)
        .args(["report", "report.json", "--format", "html"])
        .current_dir(ran.dir.path())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(again.stdout).unwrap(), page);
}

#[test]
fn two_files_at_one_place_are_refused() {
    let bottle = Bottle::start();
    let ran = Run::new(&bottle).line("-n 1 --html a.html --write html=a.html").go().exits(2);
    assert!(ran.stderr.contains("--write names the same file as --html"), "{}", ran.stderr);
}

#[test]
fn a_browser_opens_it_without_errors_in_light_and_dark_and_narrow() {
    let Some(browser) = browser() else { return };
    let ran = run();
    let dom = open(&browser, ran.dir.path(), &["--dump-dom"]);
    agree(&dom, &ran.report().0, 50);
    assert!(
        dom.contains("12 of 12 uploads and 24 of 24 downloads succeeded")
            && dom.trim_end().ends_with("</html>"),
        "{dom}"
    );
    look(&browser, ran.dir.path());
}

/// The page has a picture in light, in dark and on a phone, and the theme makes a difference.
#[track_caller]
fn look(browser: &Path, dir: &Path) {
    let picture = |name: &str, theme: &str, size: &str| {
        let path = dir.join(name);
        let flags = [
            format!("--screenshot={}", path.display()),
            format!("--blink-settings=preferredColorScheme={theme}"),
            format!("--window-size={size}"),
        ];
        open(browser, dir, &flags.each_ref().map(String::as_str));
        fs::read(path).expect("a picture")
    };
    let (light, dark) = (picture("light.png", "1", "1200,900"), picture("dark.png", "0", "1200,900"));
    let narrow = picture("narrow.png", "1", "390,900");
    for picture in [&light, &dark, &narrow] {
        assert!(picture.starts_with(b"\x89PNG") && picture.len() > 10_000, "{} bytes", picture.len());
    }
    assert!(light != dark, "the theme makes a difference");
}

/// A saved report whose first downloads, 20 a second for 35 s, take about `milliseconds`.
fn saved(name: &str, milliseconds: u64) -> (Ran, PathBuf) {
    let bottle = Bottle::start();
    let ran = Run::new(&bottle).line("-n 1 --size 1KiB -q").go().exits(0);
    let file = fs::File::open(ran.dir.path().join("report.json")).expect("a report");
    let mut report = Report::load(file).expect("a report");
    report.recording = Recording::default();
    for index in 0..700_u64 {
        // Nothing that repeats in step with the seconds.
        let jitter = index.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56;
        let at = Duration::from_millis(index * 50);
        let finished = at + Duration::from_millis(milliseconds + milliseconds * jitter / 1024);
        report.recording.record(&Sample {
            phase: 0,
            index,
            step: Step::FIRST,
            attempt: 1,
            delay: None,
            novelty: Novelty::Fresh,
            target: 0,
            blob_id: Some(Arc::from("blob")),
            size: 1024,
            exchange: ExchangeRecord {
                timing: Timing { due: at, started: at, sent: Some(at), first_byte: Some(finished), finished },
                link: Some(Link::Reused),
                bytes_received: 1024,
                ..ExchangeRecord::default()
            },
            outcome: Outcome::Read,
        });
    }
    let path = ran.dir.path().join(name);
    report.save(&mut fs::File::create(&path).expect("a file")).expect("a report is saved");
    (ran, path)
}

#[test]
fn the_page_of_a_comparison_has_the_numbers_of_its_json_in_a_browser_too() {
    let ((before, first), (_after, second)) = (saved("before.json", 100), saved("after.json", 130));
    let dir = before.dir.path();
    let compare = |format: &str, out: &str| {
        let mut command = Command::new(crate::common::PROGRAM);
        command.arg("compare").args([&first, &second]).args(["--format", format, "-o", out]);
        let output = command.current_dir(dir).output().expect("it runs");
        assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
        fs::read_to_string(dir.join(out)).expect("a document")
    };
    let (document, page) = (compare("json", "compared.json"), compare("html", "page.html"));
    let document: Value = serde_json::from_str(&document).expect("a document");
    let holds = |page: &str| {
        agree(page, &document, 25);
        for words in [">✕ worse<", "worse: first p50", "class=\"interval bad\"", "before.json (started "] {
            assert!(page.contains(words), "{words}: {page}");
        }
    };
    holds(&page);
    let Some(browser) = browser() else { return };
    holds(&open(&browser, dir, &["--dump-dom"]));
    look(&browser, dir);
}

/// Opens the page and returns the browser's output; fails when its console has messages.
#[track_caller]
fn open(browser: &Path, dir: &Path, flags: &[&str]) -> String {
    let output = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--enable-logging=stderr",
            "--v=0",
        ])
        .arg(format!("--user-data-dir={}", dir.join("profile").display()))
        .args(flags)
        .arg(format!("file://{}", dir.join("page.html").display()))
        .timeout(TIMEOUT)
        .output()
        .expect("a browser that starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let console: Vec<_> = stderr.lines().filter(|line| line.contains("CONSOLE")).collect();
    assert!(console.is_empty(), "{console:?}");
    String::from_utf8(output.stdout).expect("a page is UTF-8")
}

/// An installed browser; without one the test reports that it was skipped.
fn browser() -> Option<PathBuf> {
    let found = installed();
    if found.is_none() {
        #[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
        {
            eprintln!("SKIPPED: no Chromium on the PATH, the page was not opened in a browser");
        }
    }
    found
}

fn installed() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let places: Vec<_> = env::split_paths(&path).collect();
    BROWSERS
        .iter()
        .flat_map(|name| places.iter().map(move |place| place.join(name)))
        .find(|file| file.is_file())
}
