//! Recording samples: the time that one takes, and the memory of recordings of many phases and of many targets.

use std::{fs, hint::black_box, time::Duration};

use criterion::{Criterion, Throughput};
use stress::{
    metrics::{Recording, timeline::Timeline},
    plan::journey::Step,
    sample::{ExchangeRecord, Link, Novelty, Outcome, Sample, Timing},
};

/// A read that started at this instant and took this long, half of it to the first byte.
fn sample(started: Duration, took: Duration) -> Sample {
    let sent = started + Duration::from_micros(20);
    let timing = Timing {
        due: started,
        started,
        sent: Some(sent),
        first_byte: Some(sent + took / 2),
        finished: sent + took,
    };
    Sample {
        phase: 0,
        index: 0,
        step: Step::CACHED,
        attempt: 1,
        delay: None,
        novelty: Novelty::Fresh,
        target: 0,
        blob_id: None,
        size: 100_000,
        exchange: ExchangeRecord {
            timing,
            link: Some(Link::Reused),
            bytes_received: 100_000,
            ..ExchangeRecord::default()
        },
        outcome: Outcome::Read,
    }
}

/// Successful reads, each of another blob.
pub(crate) fn recording(c: &mut Criterion) {
    let took = |step: u64| Duration::from_micros(200 + step * step);
    let read = |step| Sample { index: step, ..sample(Duration::from_secs(1), took(step)) };
    let mut samples: Vec<_> = (0..1000).map(read).collect();
    let mut recording = Recording::default();
    let mut group = c.benchmark_group("recording");
    group.throughput(Throughput::Elements(samples.len() as u64));
    group.bench_function("samples", |b| {
        b.iter(|| {
            for sample in &mut samples {
                sample.index += 1_000_003;
                recording.record(black_box(sample));
            }
        });
    });
    let mut timeline = Timeline::default();
    group.bench_function("timeline", |b| {
        b.iter(|| samples.iter().for_each(|sample| timeline.record(black_box(sample))));
    });
}

/// What the recordings of two worker threads may take of the 64 MiB that a run has.
const MOST: u64 = 48 << 20;

/// What those of many phases against many targets may take.
const MOST_OF_MANY: u64 = 64 << 20;

/// Recordings of two worker threads of a run with many phases, and of one with many targets.
pub(crate) fn memory(c: &mut Criterion) {
    let mut group = c.benchmark_group("memory");
    group.sample_size(10);
    for (name, phases, targets, seconds, rate, most) in [
        ("30 phases of 3 steps", 30, 1, 60, 200, MOST),
        ("60 targets", 1, 60, 600, 600, MOST),
        ("30 phases of 60 targets", 30, 60, 60, 200, MOST_OF_MANY),
    ] {
        group.bench_function(name, |b| {
            b.iter(|| {
                let before = resident();
                let recordings = [(); 2].map(|()| recorded(phases, targets, seconds, rate));
                let taken = resident().saturating_sub(before);
                assert!(taken < most, "{name}: {taken} bytes");
                recordings
            });
        });
    }
}

/// The recording of a thread that makes `rate` journeys a second, each of three steps whose times are spread over four octaves.
fn recorded(phases: usize, targets: usize, seconds: u64, rate: u64) -> Recording {
    let mut recording = Recording::default();
    for phase in 0..phases {
        for number in 0..seconds * rate {
            let index = phase as u64 * seconds * rate + number;
            let started = Duration::from_secs_f64(index as f64 / rate as f64);
            for (ordinal, shortest) in [(1, 0.1), (2, 0.02), (3, 0.005)] {
                // Multiples of the golden ratio, less their whole part, are spread evenly.
                let octaves = 4.0 * (index as f64 * 0.618_033_988_749_895 + shortest).fract();
                let took = Duration::from_secs_f64(shortest * octaves.exp2());
                let target = usize::try_from(number).expect("few journeys") % targets;
                let step = Step::Read { ordinal };
                recording.record(&Sample { phase, index, step, target, ..sample(started, took) });
            }
        }
        recording.end_phase(phase);
    }
    recording
}

/// The memory that this process has of the system, in bytes; 0 where the system has no such file.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).map_or(0, |kib| kib << 10)
}
