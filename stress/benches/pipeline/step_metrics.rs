//! Recording a sample.

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, Throughput};
use stress::{
    metrics::{Recording, timeline::Timeline},
    plan::journey::Step,
    sample::{ExchangeRecord, Link, Novelty, Outcome, Sample, Timing},
};

fn sample(micros: u64) -> Sample {
    let at = |micros| Duration::from_micros(1_000_000 + micros);
    Sample {
        phase: 0,
        index: micros,
        step: Step::CACHED,
        attempt: 1,
        novelty: Novelty::Fresh,
        target: 0,
        blob_id: None,
        size: 100_000,
        exchange: ExchangeRecord {
            timing: Timing {
                due: at(0),
                started: at(0),
                sent: Some(at(20)),
                first_byte: Some(at(micros / 2 + 20)),
                finished: at(micros + 20),
            },
            link: Some(Link::Reused),
            bytes_received: 100_000,
            ..ExchangeRecord::default()
        },
        outcome: Outcome::Read,
    }
}

/// Successful reads, each of another blob.
pub(crate) fn recording(c: &mut Criterion) {
    let mut samples: Vec<_> = (0..1000).map(|step| sample(200 + step * step)).collect();
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
