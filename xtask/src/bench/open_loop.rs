//! How well an open loop keeps its schedule, against a bare timer that does nothing else.

use std::{fs, thread, time::Duration};

use rustix::time::{
    ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime,
    timerfd_create, timerfd_settime,
};
use serde_json::{Value, json};

use super::{
    benchmark::{Benchmark, Outcome},
    figures::{Figures, three},
    setup::Setup,
    usage::run_measured,
};
use crate::failure::{Context, Failure, Result};

/// Arrivals a second.
const RATE: u32 = 10_000;

/// The work.
pub(crate) const BENCHMARKS: &[Benchmark] = &[Benchmark {
    name: "open-loop",
    about: "10,000 reads of 1 KiB a second for 60 s, in turns with a bare timerfd loop",
    target: "start delay p99 < 1 ms or ≤ 1.5 × the bare loop's, nothing dropped, rate within 0.1 %",
    long: false,
    measure,
}];

fn measure(setup: &Setup<'_>) -> Result<Outcome> {
    let seconds = setup.scaled(60);
    let (mut ours, mut bare, mut dropped, mut worst_rate) = (Vec::new(), Vec::new(), 0, 0.0_f64);
    for _ in 0..setup.rounds.min(3) {
        let turn = turn(setup, seconds)?;
        ours.push(turn.start_delay);
        dropped += turn.dropped;
        worst_rate = worst_rate.max((turn.rate / f64::from(RATE) - 1.0).abs());
        bare.push(bare_p99(seconds.min(10))?);
    }
    let ratios: Figures = ours.iter().zip(&bare).map(|(ours, bare)| ours / bare).collect();
    let (ours, bare): (Figures, Figures) = (ours.into_iter().collect(), bare.into_iter().collect());
    let lines = vec![
        format!("ours        start delay p99 {} ms", ours.text()),
        format!("bare timer  start delay p99 {} ms   ours is {} of it", bare.text(), ratios.text()),
        format!("dropped {dropped}; the rate was off by {} % at most", three(worst_rate * 100.0)),
    ];
    let (late, ratio) =
        ours.median().zip(ratios.median()).ok_or_else(|| Failure::new("there was no turn"))?;
    let data = json!({
        "unit": "ms", "ours": ours.data(), "bare": bare.data(), "ratio": ratios.data(), "dropped": dropped,
        "rate_off": worst_rate,
    });
    let reached = Some((late < 1.0 || ratio <= 1.5) && dropped == 0 && worst_rate <= 0.001);
    Ok(Outcome::Measured { lines, data, reached })
}

struct Turn {
    /// p99 in milliseconds.
    start_delay: f64,
    dropped: u64,
    /// Arrivals that were started, a second.
    rate: f64,
}

fn turn(setup: &Setup<'_>, seconds: u64) -> Result<Turn> {
    let mut command = setup.ours(&["--aggregator", &setup.nginx.url]);
    let report = setup.path("report.json");
    // Cached downloads go round their list until the end.
    command.arg("--blob-ids").arg(setup.list("1k", 1)?);
    command.args(["--steps", "cached", "--rate", &format!("{RATE}/s"), "--duration", &format!("{seconds}s")]);
    command.arg("--report").arg(&report);
    run_measured(command)?;
    let report = fs::read_to_string(&report).context("cannot read the report")?;
    let report: Value = serde_json::from_str(&report).context("the report is not JSON")?;
    let arrivals = &report["arrivals"][0];
    let (offered, dropped) = arrivals["offered"]
        .as_u64()
        .zip(arrivals["dropped"].as_u64())
        .context("no arrivals in the report")?;
    let start_delay =
        arrivals["start_delay_seconds"]["p99"].as_f64().context("no start delay in the report")?;
    let rate = (offered - dropped) as f64 / seconds as f64;
    Ok(Turn { start_delay: start_delay * 1e3, dropped, rate })
}

/// How late a thread comes in ms, in 99 of 100 cases at most, that only waits for a timer of this rate.
fn bare_p99(seconds: u64) -> Result<f64> {
    let timer =
        timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::empty()).context("cannot make a timer")?;
    let waiter = thread::spawn(move || -> Result<Vec<i64>> {
        let gap = 1_000_000_000 / i64::from(RATE);
        let begin = nanoseconds(clock_gettime(ClockId::Monotonic)) + gap;
        let mut late = Vec::new();
        for number in 0..i64::from(RATE) * i64::try_from(seconds).unwrap_or(1) {
            let due = begin + number * gap;
            let value = Timespec { tv_sec: due / 1_000_000_000, tv_nsec: due % 1_000_000_000 };
            let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
            timerfd_settime(&timer, TimerfdTimerFlags::ABSTIME, &once).context("cannot set a timer")?;
            rustix::io::read(&timer, &mut [0_u8; 8]).context("cannot read a timer")?;
            late.push(nanoseconds(clock_gettime(ClockId::Monotonic)) - due);
        }
        Ok(late)
    });
    let mut late = waiter.join().map_err(|_| Failure::new("the timer's thread broke"))??;
    late.sort_unstable();
    let p99 = late.get(late.len() * 99 / 100).copied().context("the timer never fired")?;
    #[expect(clippy::cast_sign_loss, reason = "a timer does not fire before its time")]
    let p99 = Duration::from_nanos(p99.max(0) as u64);
    Ok(p99.as_secs_f64() * 1e3)
}

fn nanoseconds(time: Timespec) -> i64 {
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_timer_is_late_by_something() {
        assert!(bare_p99(1).unwrap() > 0.0);
    }
}
