//! The bars as they are drawn on terminals of several widths.

use std::sync::{Arc, Mutex};

use indicatif::{ProgressDrawTarget, TermLike};

use super::*;

/// A terminal that remembers what was written.
#[derive(Debug, Clone)]
struct Screen {
    width: usize,
    written: Arc<Mutex<Vec<String>>>,
}

impl Screen {
    fn push(&self, text: &str) {
        self.written.lock().unwrap().push(text.to_owned());
    }

    /// What was written last, line by line.
    fn last(&self, lines: usize) -> Vec<String> {
        let all = self.written.lock().unwrap();
        let shown: Vec<_> = all.iter().filter(|line| !line.trim().is_empty()).cloned().collect();
        shown[shown.len().saturating_sub(lines)..].to_vec()
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        u16::try_from(self.width).unwrap()
    }
    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn write_line(&self, text: &str) -> io::Result<()> {
        self.push(text);
        Ok(())
    }
    fn write_str(&self, text: &str) -> io::Result<()> {
        self.push(text);
        Ok(())
    }
    fn clear_line(&self) -> io::Result<()> {
        Ok(())
    }
    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

fn totals(done: u64, failed: u64, bytes: u64, millis: u64) -> StepSnapshot {
    let mut totals = StepSnapshot { done, failed, bytes, ..StepSnapshot::default() };
    (0..done).for_each(|n| totals.response.record(Duration::from_millis(millis + n)));
    totals
}

fn snapshot(done: u64, bytes: u64) -> Snapshot {
    Snapshot {
        elapsed: Duration::from_millis(12_300),
        steps: [
            (Step::Upload, totals(done, 2, bytes, 1_234)),
            (Step::FIRST, totals(done / 2, 0, bytes / 2, 45)),
            (Step::CACHED, totals(0, 0, 0, 0)),
        ]
        .into(),
    }
}

const PLAIN: Look = Look { colours: Colours::Off, charset: Charset::Unicode };

fn drawn(goal: Goal, snapshot: &Snapshot, width: usize, look: Look) -> Vec<String> {
    let screen = Screen { width, written: Arc::default() };
    let target = ProgressDrawTarget::term_like_with_hz(Box::new(screen.clone()), 255);
    let mut progress = Progress::new(MultiProgress::with_draw_target(target), goal, "", look, width);
    progress.update(snapshot, width);
    // Drawing is limited in rate; a line above the bars draws them all at once.
    progress.println("above").unwrap();
    screen.last(4)
}

fn goal(blobs: Option<u64>, duration: Option<Duration>) -> Goal {
    Goal { steps: [Step::Upload, Step::FIRST, Step::CACHED].into(), blobs, duration, over_earlier: [].into() }
}

#[test]
fn a_counted_run_shows_how_far_each_step_is() {
    insta::assert_snapshot!(drawn(goal(Some(100), None), &snapshot(34, 3_355_443), 80, PLAIN).join("\n"), @r"
    upload ━━━━━━╸────────────  34/100 p50  1.25 s now   2.76/s p95  1.27 s 2 failed
    first  ━━━╸───────────────  17/100 p50 53.0 ms now   1.38/s max 61.0 ms 0 failed
    cached ───────────────────   0/100 p50       – now  0.000/s p95       – 0 failed
    12.3 s elapsed, about 57.3 s left; Ctrl-C stops and reports
    ");
}

#[test]
fn a_timed_run_shows_how_much_of_the_time_is_gone_and_a_p99_once_it_is_supported() {
    let goal = goal(None, Some(Duration::from_secs(60)));
    insta::assert_snapshot!(drawn(goal, &snapshot(3_400, 33_554_430_000), 140, PLAIN).join("\n"), @r"
    upload ━━━━━━━━━╸─────────────────────────────────────  3,400 31.2 GiB p50  2.93 s p99  4.60 s now    276/s  2602 MiB/s p95  4.47 s 2 failed
    first  ━━━━━━━━━╸─────────────────────────────────────  1,700 15.6 GiB p50  894 ms p99  1.73 s now    138/s  1301 MiB/s p95  1.66 s 0 failed
    cached ━━━━━━━━━╸─────────────────────────────────────      0      0 B p50       – max       – now  0.000/s 0.000 MiB/s p95       – 0 failed
    12.3 s elapsed, about 47.7 s left; Ctrl-C stops and reports
    ");
}

#[test]
fn a_narrow_terminal_has_the_recent_numbers_and_one_without_unicode_ascii() {
    let look = Look { charset: Charset::Ascii, ..PLAIN };
    insta::assert_snapshot!(drawn(goal(Some(100), None), &snapshot(34, 3_355_443), 60, look).join("\n"), @r"
    upload =====>---------  34/100   2.76/s p95  1.27 s 2 failed
    first  ==>------------  17/100   1.38/s max 61.0 ms 0 failed
    cached ---------------   0/100  0.000/s p95       - 0 failed
    12.3 s elapsed, about 57.3 s left; Ctrl-C stops and reports
    ");
}

#[test]
fn every_width_is_used_and_none_exceeded() {
    for width in 60..=200 {
        for blobs in [1, 100, 99_999, 100_000, u64::MAX] {
            let mut snapshot = snapshot(0, 10 << 30);
            for totals in snapshot.steps.values_mut() {
                (totals.done, totals.failed) = (blobs, blobs / 2);
            }
            let lines = drawn(goal(Some(blobs), None), &snapshot, width, PLAIN);
            let widths: Vec<_> = lines.iter().map(|line| line.chars().count()).collect();
            assert!(widths.iter().all(|columns| *columns <= width), "{width}: {lines:#?}");
            assert_eq!(widths[0], width, "{lines:#?}");
        }
    }
}

#[test]
fn the_bar_of_a_very_wide_terminal_is_bounded() {
    let lines = drawn(goal(Some(100), None), &snapshot(34, 1), 65_535, PLAIN);
    assert!(lines[0].chars().count() < 220, "{}", lines[0]);
}

#[test]
fn failures_are_red() {
    let coloured = numbers(&totals(3, 2, 1, 1), Some(5), &RecentStep::default(), 80, Colours::On);
    assert!(coloured.ends_with("\u{1b}[31m2 failed\u{1b}[0m"), "{coloured}");
}

#[test]
fn the_footer_counts_down_after_a_signal() {
    let at = Instant::now() + Duration::from_millis(4_900);
    let text = footer(&snapshot(3, 1), &goal(Some(5), None), Some(at));
    assert_eq!(text, "stopping: 4 s for requests in progress; Ctrl-C ends now");
}

#[test]
fn a_plain_line_shows_each_step() {
    let snapshot = Snapshot {
        elapsed: Duration::from_millis(4_000),
        steps: [(Step::Upload, totals(34, 2, 0, 1_200))].into(),
    };
    let goal = Goal { steps: [Step::Upload, Step::FIRST].into(), ..goal(Some(100), None) };
    let line = |goal: Goal, title: &str| {
        let mut lines = ProgressLines::new(goal, title);
        lines.update(&snapshot);
        lines.line(&snapshot)
    };
    let timed = Goal { blobs: None, ..goal.clone() };
    assert_eq!(
        line(goal, ""),
        " 4.00 s: upload 34/100 p50 1.22 s, now 8.50/s p95 1.23 s, 2 failed; first 0/100"
    );
    assert_eq!(
        line(timed, "8/s for upload.p95<20s"),
        "8/s for upload.p95<20s:  4.00 s: upload 34 p50 1.22 s, now 8.50/s p95 1.23 s, 2 failed; first 0"
    );
}
