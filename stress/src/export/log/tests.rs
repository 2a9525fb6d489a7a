//! Lines as they are written and read back, incomplete ends, and full disks.

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::{
    fixtures,
    plan::journey::Step,
    sample::{
        Connecting, Link, Outcome, StoredKind,
        cache::{CacheEvidence, CacheStatus, StatusHeader},
    },
};

/// The log of `samples`, header included.
fn written(samples: &[Sample]) -> Vec<u8> {
    let (mut bytes, plan) = (Vec::new(), fixtures::plan(7));
    let mut lines = Lines::new(&mut bytes);
    lines.push(&Header::of(&plan, "2026-09-21T14:13:20Z".to_owned())).unwrap();
    for exchange in samples.iter().filter_map(|sample| Exchange::of(sample, &plan)) {
        lines.push(&exchange).unwrap();
    }
    drop(lines);
    bytes
}

fn troubled() -> Vec<Sample> {
    (0..5).flat_map(fixtures::troubled).collect()
}

#[test]
fn the_cache_status_of_a_download_is_in_its_line() {
    let mut sample = fixtures::sample(2, Step::CACHED, 1_000, 40, Outcome::Read);
    let line = |sample: &Sample| -> serde_json::Value {
        serde_json::from_slice(
            written(std::slice::from_ref(sample)).split(|byte| *byte == b'\n').nth(1).unwrap(),
        )
        .unwrap()
    };
    assert_eq!((line(&sample).get("cache"), line(&sample).get("cache_header")), (None, None));
    sample.exchange.cache = CacheEvidence {
        cache_status: CacheStatus::Hit,
        status_header: Some(StatusHeader::X_CACHE),
        ..CacheEvidence::default()
    };
    assert_eq!((&line(&sample)["cache"], &line(&sample)["cache_header"]), (&json!("hit"), &json!("x-cache")));
}

#[test]
fn an_upload_is_a_line_with_units_in_its_names() {
    let mut sample = fixtures::sample(2, Step::Upload, 1_000, 400, fixtures::stored(2, StoredKind::New));
    let connecting = Connecting {
        dns: Some(Duration::from_millis(3)),
        tcp: Duration::from_micros(212),
        tls: Some(Duration::from_millis(1)),
    };
    sample.exchange.link = Some(Link::Fresh(connecting));
    sample.blob_id = Some(fixtures::id(2).into());
    let text = String::from_utf8(written(&[sample])).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        lines,
        [
            json!({
                "schema": "walrus-stress/log/1",
                "tool": { "name": "walrus-stress", "version": env!("CARGO_PKG_VERSION") },
                "started_at": "2026-09-21T14:13:20Z",
                "seed": 12_345_678_901_234_567_890_u64,
            }),
            json!({
                "phase": "main", "step": "upload", "blob_number": 3, "repeat": false, "attempt": 1,
                "target": "http://publisher.test:31415", "blob_id": fixtures::id(2),
                "size_bytes": 94_178, "bytes_sent": 94_178, "bytes_received": 0,
                "due_seconds": 1.0, "started_seconds": 1.0, "sent_seconds": 1.1, "first_byte_seconds": 1.3,
                "finished_seconds": 1.4, "connection": "fresh",
                "dns_seconds": 0.003, "tcp_seconds": 0.000_212, "tls_seconds": 0.001,
                "outcome": "done", "stored": "new", "cost_frost": 132_300,
            }),
        ]
    );
}

#[test]
fn a_log_is_read_back_as_it_was_written_and_skipped_steps_have_no_line() {
    let (samples, plan) = (troubled(), fixtures::plan(7));
    let expected: Vec<_> = samples.iter().filter_map(|sample| Exchange::of(sample, &plan)).collect();
    let skipped = samples.iter().filter(|sample| sample.outcome == Outcome::Skipped).count();
    assert_eq!((expected.len(), skipped), (11, 4));
    let bytes = written(&samples);
    let mut reader = LogReader::open(bytes.as_slice()).unwrap();
    assert_eq!(reader.header(), &Header::of(&plan, "2026-09-21T14:13:20Z".to_owned()));
    let read: Vec<_> = reader.by_ref().map(Result::unwrap).collect();
    assert_eq!(read, expected);
    assert!(!reader.is_truncated());
}

#[test]
fn a_log_that_is_cut_off_anywhere_is_read_up_to_there() {
    let bytes = written(&troubled());
    let header = bytes.iter().position(|&byte| byte == b'\n').unwrap() + 1;
    for end in header..=bytes.len() {
        let cut = &bytes[..end];
        let mut reader = LogReader::open(cut).unwrap();
        let read = reader.by_ref().map(Result::unwrap).count();
        // A line that only lacks its line break is whole.
        let whole = cut[header..].split(|&byte| byte == b'\n').filter(|line| line.ends_with(b"}")).count();
        assert_eq!(read, whole, "cut at {end}");
        assert_eq!(reader.is_truncated(), !(cut.ends_with(b"\n") || cut.ends_with(b"}")), "cut at {end}");
    }
}

#[test]
fn a_file_that_is_no_log_or_damaged_in_its_middle_is_refused_with_the_line() {
    let error = |text: &str| match LogReader::open(text.as_bytes()) {
        Ok(mut reader) => reader.find_map(Result::err).unwrap().to_string(),
        Err(error) => error.to_string(),
    };
    assert!(error("").starts_with("line 1 is not of a walrus-stress log: EOF"), "{}", error(""));
    assert!(error("[]\n").starts_with("line 1 is not of a walrus-stress log"), "{}", error("[]\n"));
    let text = String::from_utf8(written(&troubled())).unwrap();
    let future = error(&text.replace("log/1", "log/9"));
    assert_eq!(future, "its schema is `walrus-stress/log/9`, this version reads `walrus-stress/log/1`");
    let broken = error(&text.replacen("\"class\":\"shed\"", "\"class\":\"bad\"", 1));
    assert!(broken.starts_with("line 2 is not of a walrus-stress log: unknown variant"), "{broken}");
}

/// A disk with space for this many bytes.
struct Disk(usize);

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let fits = bytes.len().min(self.0);
        self.0 -= fits;
        if fits == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(fits) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_an_error_at_the_latest_when_flushed() {
    let (samples, plan) = (troubled(), fixtures::plan(7));
    let mut lines = Lines::new(Disk(100));
    lines.push(&Exchange::of(&samples[0], &plan)).unwrap();
    assert_eq!(lines.flush().unwrap_err().kind(), io::ErrorKind::StorageFull);
}
