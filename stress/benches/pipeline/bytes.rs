//! Generating blobs and verifying downloads.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use stress::{
    blob::BlobSpec,
    plan::{Verify, sizes::Content},
};

const SIZES: [u64; 3] = [1 << 10, 100 << 10, 10 << 20];
const CONTENTS: [(&str, Content); 2] = [("binary", Content::Binary), ("text", Content::Text)];

fn spec(size: u64, content: Content) -> BlobSpec {
    BlobSpec { seed: 1, index: 1, size, content }
}

/// Generates a whole blob from its spec, chunk by chunk.
pub(crate) fn generation(c: &mut Criterion) {
    let mut group = c.benchmark_group("generation");
    for (name, content) in CONTENTS {
        for size in SIZES {
            group.throughput(Throughput::Bytes(size));
            group.bench_with_input(BenchmarkId::new(name, size), &spec(size, content), |b, spec| {
                b.iter(|| {
                    let mut source = black_box(*spec).source();
                    while let Some(chunk) = source.next_chunk() {
                        black_box(chunk);
                    }
                });
            });
        }
    }
}

/// Verifies a whole download, in chunks like those of a socket.
pub(crate) fn verification(c: &mut Criterion) {
    let mut group = c.benchmark_group("verification");
    for (name, content) in CONTENTS {
        for size in SIZES {
            let mut source = spec(size, content).source();
            let bytes: Vec<u8> = std::iter::from_fn(|| source.next_chunk()).flatten().collect();
            group.throughput(Throughput::Bytes(size));
            group.bench_with_input(BenchmarkId::new(name, size), &spec(size, content), |b, spec| {
                b.iter(|| {
                    let mut verifier = black_box(*spec).verifier(Verify::Full);
                    bytes.chunks(50_000).for_each(|chunk| verifier.feed(chunk).expect("the same bytes"));
                    verifier.finish().expect("all of them");
                });
            });
        }
    }
}
