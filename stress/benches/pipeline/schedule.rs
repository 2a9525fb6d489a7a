//! The random decisions about a blob.

use std::{hint::black_box, time::Duration};

use criterion::Criterion;
use stress::plan::{
    Phase,
    draw::Draw,
    journey::Journey,
    load::{Load, Stop},
    sizes::{ContentMix, Sizes},
    source::BlobSource,
};

/// The decisions about one blob.
pub(crate) fn draws(c: &mut Criterion) {
    let phase = Phase {
        name: "main".to_owned(),
        journey: Journey::default(),
        source: BlobSource::default(),
        delays: None,
        sizes: Sizes::default(),
        content: ContentMix::Mixed,
        duplicates: 0.0,
        order_control: 0.0,
        load: Load::closed(8),
        stop: Stop { blobs: Some(5), duration: None },
        grace: Duration::from_secs(30),
        warm_up: false,
    };
    let mut index = 0;
    c.benchmark_group("schedule").bench_function("draw", |b| {
        b.iter(|| {
            index += 1;
            black_box(Draw::of(7, black_box(index), &phase))
        });
    });
}
