//! The bars as they are drawn on a terminal of 80 columns.

use std::sync::{Arc, Mutex};

use indicatif::{ProgressDrawTarget, TermLike};

use super::*;

/// A terminal 80 columns wide that remembers what was written.
#[derive(Debug, Clone, Default)]
struct Screen(Arc<Mutex<Vec<String>>>);

impl Screen {
    fn push(&self, text: &str) {
        self.0.lock().unwrap().push(text.to_owned());
    }

    /// What was written last, line by line.
    fn last(&self, lines: usize) -> Vec<String> {
        let all = self.0.lock().unwrap();
        let shown: Vec<_> = all.iter().filter(|line| !line.trim().is_empty()).cloned().collect();
        shown[shown.len().saturating_sub(lines)..].to_vec()
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        80
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

fn drawn(goal: Goal, snapshot: &Snapshot) -> Vec<String> {
    let screen = Screen::default();
    let target = ProgressDrawTarget::term_like_with_hz(Box::new(screen.clone()), 255);
    let mut progress = Progress::new(MultiProgress::with_draw_target(target), goal, Colours::Off);
    progress.update(snapshot);
    // Drawing is limited in rate; a line above the bars draws them all at once.
    progress.println("above").unwrap();
    screen.last(4)
}

fn goal(blobs: Option<u64>, duration: Option<Duration>) -> Goal {
    Goal { steps: [Step::Upload, Step::FIRST, Step::CACHED].into(), blobs, duration, over_earlier: [].into() }
}

#[test]
fn a_counted_run_shows_how_far_each_step_is() {
    insta::assert_snapshot!(drawn(goal(Some(100), None), &snapshot(34, 3_355_443)).join("\n"), @r"
    upload ━━━╸───────  34/100 3.20 MiB 0.260 MiB/s p50  1.25 s max  1.27 s 2 failed
    first  ━╸─────────  17/100 1.60 MiB 0.130 MiB/s p50 53.0 ms max 61.0 ms 0 failed
    cached ───────────   0/100      0 B 0.000 MiB/s p50       – max       – 0 failed
    12.3 s elapsed, about 57.3 s left; Ctrl-C stops and reports
    ");
}

#[test]
fn a_timed_run_shows_how_much_of_the_time_is_gone_and_a_p99_once_it_is_supported() {
    let goal = goal(None, Some(Duration::from_secs(60)));
    insta::assert_snapshot!(drawn(goal, &snapshot(3_400, 33_554_430_000)).join("\n"), @r"
    upload ━━╸──────────  3,400 31.2 GiB 2602 MiB/s p50  2.93 s p99  4.60 s 2 failed
    first  ━━╸──────────  1,700 15.6 GiB 1301 MiB/s p50  894 ms p99  1.73 s 0 failed
    cached ━━╸─────────      0      0 B 0.000 MiB/s p50       – max       – 0 failed
    12.3 s elapsed, about 47.7 s left; Ctrl-C stops and reports
    ");
}

#[test]
fn large_numbers_fit_80_columns() {
    for blobs in [1, 99_999, 100_000, u64::MAX] {
        let mut snapshot = snapshot(0, 10 << 30);
        for totals in snapshot.steps.values_mut() {
            (totals.done, totals.failed) = (blobs, blobs / 2);
        }
        for line in drawn(goal(Some(blobs), None), &snapshot) {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}

#[test]
fn failures_are_red() {
    let coloured = numbers(&totals(3, 2, 1, 1), Some(5), 1.0, Colours::On);
    assert!(coloured.ends_with("\u{1b}[31m2 failed\u{1b}[0m"), "{coloured}");
}

#[test]
fn a_plain_line_shows_each_step() {
    let snapshot = Snapshot {
        elapsed: Duration::from_millis(12_300),
        steps: [(Step::Upload, totals(34, 2, 0, 1_200))].into(),
    };
    let goal = Goal { steps: [Step::Upload, Step::FIRST].into(), ..goal(Some(100), None) };
    assert_eq!(line(&snapshot, &goal), " 12.3 s: upload 34/100 p50 1.22 s 2 failed, first 0/100");
    let timed = Goal { blobs: None, ..goal };
    assert_eq!(line(&snapshot, &timed), " 12.3 s: upload 34 p50 1.22 s 2 failed, first 0");
}

#[test]
fn the_speed_is_that_of_the_last_five_seconds() {
    let mut speed = Speed::default();
    let speeds = [(0, 0), (1, 10), (5, 50), (6, 60), (10, 60), (11, 60)].map(|(seconds, bytes)| {
        let step = StepSnapshot { bytes, ..StepSnapshot::default() };
        speed.update(&Snapshot {
            elapsed: Duration::from_secs(seconds),
            steps: [(Step::Upload, step)].into(),
        });
        speed.of(Step::Upload)
    });
    assert_eq!(speeds, [0.0, 10.0, 10.0, 10.0, 2.0, 0.0]);
}
