//! Made-up runs for tests: samples as the engine gives them, and their reports.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
    time::{Duration, SystemTime},
};

use crate::{
    metrics::{
        Recording,
        pairs::{Pair, ReadFact},
        timeline::Timeline,
    },
    plan::{
        Phase, Plan, Verify,
        journey::{Journey, Step},
        limits::Limits,
        load::{Load, Stop},
        retry::Retries,
        sizes::{ContentMix, Sizes},
        source::BlobSource,
        store::StoreOptions,
    },
    report::{Ending, Report},
    sample::{
        Connecting, ExchangeRecord, Failure, FailureClass, Link, Novelty, Outcome, Sample, Stored,
        StoredKind, Timing,
    },
};

/// A blob ID of 43 characters.
pub(crate) fn id(index: u64) -> String {
    format!("M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_{index:04}")
}

pub(crate) fn plan(blobs: u64) -> Plan {
    Plan {
        seed: 12_345_678_901_234_567_890,
        publishers: vec!["http://publisher.test:31415".parse().unwrap()],
        aggregators: vec!["http://aggregator.test:31416".parse().unwrap()],
        phases: vec![Phase {
            name: "main".to_owned(),
            journey: Journey::default(),
            source: BlobSource::default(),
            sizes: Sizes::default(),
            delays: None,
            content: ContentMix::Mixed,
            duplicates: 0.0,
            order_control: 0.0,
            load: Load::closed(8),
            stop: Stop { blobs: Some(blobs), duration: None },
            grace: Duration::from_secs(30),
            warm_up: false,
        }],
        store: StoreOptions::default(),
        limits: Limits {
            upload_timeout: Duration::from_secs(300),
            download_timeout: Duration::from_secs(60),
            connect_timeout: Duration::from_secs(10),
            expect_continue: false,
            insecure: false,
            ca_certificates: None,
            user_agent: "walrus-stress/0.1.0".to_owned(),
            publisher_headers: Vec::new(),
            aggregator_headers: Vec::new(),
            cache_headers: Vec::new(),
        },
        verify: Verify::Full,
        retries: Retries::default(),
        thresholds: Vec::new(),
        unsupported_percentiles: Default::default(),
        shard: None,
        vantage: None,
    }
}

/// A step that started `at` milliseconds after the origin and took `took` milliseconds.
pub(crate) fn sample(index: u64, step: Step, at: u64, took: u64, outcome: Outcome) -> Sample {
    let started = Duration::from_millis(at);
    let finished = started + Duration::from_millis(took);
    let size = 92_160 + index * 1_009;
    let ended = matches!(outcome, Outcome::Stored(_) | Outcome::Read);
    let connecting = Connecting { dns: None, tcp: Duration::from_micros(210 + index), tls: None };
    let uploads = step == Step::Upload;
    let (part, tried) = (Duration::from_millis(took) / 4, !matches!(outcome, Outcome::Skipped));
    Sample {
        phase: 0,
        index,
        step,
        attempt: 1,
        delay: None,
        novelty: Novelty::Fresh,
        target: 0,
        blob_id: (!uploads && tried).then(|| Arc::from(id(index))),
        size,
        exchange: ExchangeRecord {
            timing: Timing {
                due: started,
                started,
                sent: ended.then(|| started + part),
                first_byte: ended.then(|| finished - part),
                finished,
            },
            link: tried.then_some(if uploads && index < 8 { Link::Fresh(connecting) } else { Link::Reused }),
            bytes_sent: if uploads && tried { size } else { 0 },
            bytes_received: if !uploads && ended { size } else { 0 },
            ..ExchangeRecord::default()
        },
        outcome,
    }
}

pub(crate) fn stored(index: u64, kind: StoredKind) -> Outcome {
    let cost = (kind == StoredKind::New).then_some(132_300);
    Outcome::Stored(Stored { blob_id: id(index), kind, cost })
}

pub(crate) fn failed(
    class: FailureClass,
    status: Option<u16>,
    reason: Option<&str>,
    message: &str,
) -> Outcome {
    let reason = reason.map(str::to_owned);
    Outcome::Failed(Failure { class, status, reason, message: message.to_owned() })
}

/// A journey without failures; the cache makes the second download about six times faster.
pub(crate) fn journey(index: u64) -> Vec<Sample> {
    let at = index / 8 * 1_500;
    let (upload, first) = (1_000 + index * 37 % 251, 120 + index * 53 % 83);
    vec![
        sample(index, Step::Upload, at, upload, stored(index, StoredKind::New)),
        sample(index, Step::FIRST, at + upload, first, Outcome::Read),
        sample(index, Step::CACHED, at + upload + first, 18 + index * 31 % 13, Outcome::Read),
    ]
}

/// A journey whose steps fail, in ways that differ from index to index.
pub(crate) fn troubled(index: u64) -> Vec<Sample> {
    let at = index * 300;
    let busy = failed(FailureClass::Shed, Some(429), None, "the publisher is full: Too Many Requests");
    let gone = failed(
        FailureClass::NotFound,
        Some(404),
        Some("BLOB_NOT_FOUND"),
        "the requested blob ID does not exist",
    );
    let hung = failed(FailureClass::Timeout, None, None, "no whole answer within 60 s");
    let upload = |outcome| sample(index, Step::Upload, at, 1_100, outcome);
    let first = |took, outcome| sample(index, Step::FIRST, at + 1_100, took, outcome);
    let cached = |outcome| sample(index, Step::CACHED, at + 1_300, 20, outcome);
    match index % 5 {
        0 => vec![upload(busy), first(0, Outcome::Skipped), cached(Outcome::Skipped)],
        1 => vec![upload(stored(index, StoredKind::Existing)), first(200, Outcome::Read), cached(gone)],
        2 => vec![upload(stored(index, StoredKind::New)), first(60_000, hung), cached(Outcome::Skipped)],
        3 => vec![
            upload(stored(index, StoredKind::New)),
            first(4_000, Outcome::Unfinished),
            cached(Outcome::Skipped),
        ],
        _ => {
            vec![
                upload(stored(index, StoredKind::ReuseStorage)),
                first(190, Outcome::Read),
                cached(Outcome::Read),
            ]
        }
    }
}

pub(crate) fn recording(samples: &[Sample]) -> Recording {
    let mut recording = Recording::default();
    samples.iter().for_each(|sample| recording.record(sample));
    let mut reads: BTreeMap<u64, [Option<ReadFact>; 3]> = BTreeMap::new();
    for sample in samples {
        if let Step::Read { ordinal: ordinal @ 1..=3 } = sample.step {
            reads.entry(sample.index).or_default()[usize::from(ordinal) - 1] = ReadFact::of(sample);
        }
    }
    for facts in reads.values() {
        if let [Some(first), Some(cached), third] = facts {
            Pair::of(first, cached, third.as_ref()).into_iter().for_each(|pair| recording.record_pair(pair));
        }
    }
    recording
}

pub(crate) fn report(blobs: u64, samples: &[Sample]) -> Report {
    let began = SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000);
    let elapsed = samples.iter().map(|sample| sample.exchange.timing.finished).max().unwrap_or_default();
    Report::new(plan(blobs), began, elapsed, Ending::Completed, recording(samples))
}

/// Pseudo-random numbers from 0 to 1 (xorshift).
pub(crate) fn chances(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// A log-normal latency (Box and Muller).
pub(crate) fn latency(median_seconds: f64, sigma: f64, chance: &mut impl FnMut() -> f64) -> Duration {
    let normal = (-2.0 * (1.0 - chance()).ln()).sqrt() * (std::f64::consts::TAU * chance()).cos();
    Duration::from_secs_f64(median_seconds * (sigma * normal).exp())
}

/// An hour of 1,000 samples a second. All of them are in the timelines; in the totals, whose size in a document does
/// not depend on their number, are those of every 16th blob, to be fast.
pub(crate) fn hour() -> &'static Report {
    static HOUR: LazyLock<Report> = LazyLock::new(|| {
        let mut chance = chances(1);
        let steps = [(Step::Upload, 0.4), (Step::FIRST, 0.1), (Step::CACHED, 0.01)];
        let mut samples = steps.map(|(step, median)| {
            let outcome = if step == Step::Upload { stored(0, StoredKind::New) } else { Outcome::Read };
            (median, sample(0, step, 0, 0, outcome))
        });
        let (mut whole, mut timelines) = (Recording::default(), <[Timeline; 3]>::default());
        for index in 0..1_200_000_u64 {
            let mut at = Duration::from_micros(index * 3_000);
            for ((median, sample), timeline) in samples.iter_mut().zip(&mut timelines) {
                let finished = at + latency(*median, 0.5, &mut chance);
                let timing = Timing { due: at, started: at, sent: Some(at), first_byte: Some(at), finished };
                (sample.index, sample.exchange.timing) = (index, timing);
                timeline.record(sample);
                if index % 16 == 0 {
                    whole.record(sample);
                }
                at = finished;
            }
        }
        for (metrics, timeline) in whole.steps.values_mut().zip(timelines) {
            metrics.timeline = timeline;
        }
        Report { recording: whole, elapsed: Duration::from_secs(3_600), ..report(1_200_000, &[]) }
    });
    &HOUR
}

/// Calls `read` with many versions of `text` in which a few bytes were replaced, repeated, cut out or added.
pub(crate) fn damaged(text: &str, read: impl Fn(String)) {
    const ODD: [&str; 12] = ["\"", "[", "]", "{", "}", "\\", "\0", "\u{feff}", "é", "-9e999", "\n", "="];
    let mut chance = chances(77);
    let mut at = |length: usize| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a position in the text")]
        let position = (chance() * length as f64) as usize;
        position.min(length.saturating_sub(1))
    };
    for _ in 0..3_000 {
        let mut bytes = text.as_bytes().to_vec();
        for _ in 0..=at(4) {
            let (from, odd) = (at(bytes.len()), ODD[at(ODD.len())].bytes());
            let to = (from + at(12)).min(bytes.len());
            match at(4) {
                0 => drop(bytes.splice(from..to, odd)),
                1 => drop(bytes.drain(from..to)),
                2 => bytes.extend_from_within(from..to),
                _ => drop(bytes.splice(from..from, odd)),
            }
        }
        read(String::from_utf8_lossy(&bytes).into_owned());
    }
}
