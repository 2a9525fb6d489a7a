//! The same seed gives the same faults and latencies in every version: the values below were recorded and must not change.

use super::*;
use crate::blob_id::BlobId;
use crate::draw::{Purpose, bits};
use crate::fault::{Role, RouteKind};
use std::time::Duration;

const DOCUMENT: &str = r#"
preset = "mainnet"
seed = 42
visible_after = "twopoint:20ms,1s@25%"
fault = [
  { kind = "reset", ratio = "10%" },
  { kind = "503", ratio = 0.1 },
  { kind = "503", ratio = "20%", from = "10s", for = "5s", after = "17s" },
  { kind = "drip", ratio = "10%", size = "1KiB.." },
  { kind = "413", ratio = "30%", route = "store" },
  { kind = "corrupt", ratio = "30%", route = "read" },
  { kind = "not-yet", ratio = "20%", route = "read" },
]
"#;

fn profile() -> Profile {
    Profile::parse(DOCUMENT, Role::Daemon).unwrap()
}

/// Kinds of faults of the first 32 requests, `-` for none.
fn kinds(route_kind: RouteKind, size: u64, at_secs: u64) -> String {
    let profile = profile();
    let context = RequestContext { route_kind, size: Some(size), at: Duration::from_secs(at_secs) };
    let kind = |n| {
        profile
            .faults
            .choose(profile.seed, n, &context)
            .map_or("-".to_owned(), |fault| fault.fault.to_string())
    };
    (0..32).map(kind).collect::<Vec<_>>().join(" ")
}

#[test]
fn recorded_faults() {
    assert_eq!(
        kinds(RouteKind::Store, 1023, 0),
        "- 413 - - - - - reset 503 413 - 413 503 - 503 - - - 413 - - - 413 - - 413 - 413 413 - - 503"
    );
    assert_eq!(
        kinds(RouteKind::Store, 1024, 12),
        "413 reset - 413 413 - 413 503 503 reset 413 drip 503 413 503 - - 413 drip 413 413 413 drip 413 413 drip 413 503 reset - 413 503"
    );
    assert_eq!(
        kinds(RouteKind::Read, 1024, 0),
        "drip corrupt - drip - - - reset 503 corrupt - corrupt 503 - 503 - - drip corrupt - - - corrupt drip - corrupt - corrupt corrupt - - 503"
    );
    let context = RequestContext { route_kind: RouteKind::Read, size: None, at: Duration::ZERO };
    let late = (0..32_u8)
        .filter(|byte| profile().faults.is_not_yet_readable(42, &BlobId::from_bytes([*byte; 32]), &context));
    assert_eq!(late.collect::<Vec<_>>(), [3, 7, 18, 23, 29]);
}

#[test]
fn recorded_latencies_in_microseconds() {
    let profile = profile();
    let micros =
        |latency: &Latency| (0..4).map(|n| profile.latency(latency, n).as_micros()).collect::<Vec<_>>();
    assert_eq!(micros(&profile.store.latency), [18_570_062, 5_727_655, 10_712_619, 7_862_606]);
    assert_eq!(micros(&profile.first_read.latency), [1_903_928, 875_439, 1_323_846, 1_079_216]);
    assert_eq!(micros(&profile.unavailable), [17_175_295, 17_364_157, 17_916_592, 17_848_154]);
    let late = (0..16).filter(|n| profile.latency(&profile.visible_after, *n) == Duration::from_secs(1));
    assert_eq!(late.collect::<Vec<_>>(), [0, 12, 14]);
    assert_eq!(
        (0..4).map(|n| profile.damage_offset(n, 1_000_000)).collect::<Vec<_>>(),
        [25461, 793_935, 141_167, 111_985]
    );
}

#[test]
fn recorded_bits_of_every_purpose() {
    use Purpose::*;
    let drawn = [Fault, Spot, Latency, NotYet, Existing, Wallet].map(|purpose| bits(7, purpose, 3));
    assert_eq!(
        drawn,
        [
            15_068_375_702_381_615_036,
            12_322_787_970_845_588_431,
            6_171_229_129_169_359_140,
            13_090_181_044_139_511_462,
            17_028_090_436_427_168_972,
            969_120_692_449_809_156,
        ]
    );
}
