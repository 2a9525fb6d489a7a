//! Durations are read back as exactly as promised, merged or saved, and what was never recorded is refused.

use std::io::Write;

use flate2::{Compression, write::ZlibEncoder};
use proptest::prelude::*;

use super::*;

fn of(nanoseconds: &[u64]) -> Latencies {
    let mut latencies = Latencies::default();
    nanoseconds.iter().for_each(|&value| latencies.record(Duration::from_nanos(value)));
    latencies
}

#[test]
fn an_empty_distribution_answers_nothing() {
    let empty = Latencies::default();
    assert_eq!((empty.quantile(0.5), empty.min(), empty.max(), empty.mean()), (None, None, None, None));
}

#[test]
fn the_histogram_grows_from_a_nanosecond_to_centuries() {
    let mut latencies = of(&[0, 1]);
    latencies.record(Duration::MAX);
    assert_eq!(latencies.min(), Some(Duration::from_nanos(1)));
    assert_eq!(latencies.max(), Some(Duration::from_nanos(u64::MAX)));
}

#[test]
fn counters_wrap_into_carries_and_nothing_is_lost() {
    let bucket_of_5 = bucket(5, BITS);
    for counts in
        [&[u64::from(u16::MAX), 1][..], &[1, u64::from(u16::MAX)], &[1 << 16], &[1 << 40, 1 << 16, 3]]
    {
        let (mut added, mut merged) = (of(&[3, 3, 9]), of(&[3, 3, 9]));
        for &count in counts {
            let mut part = Latencies { count, extremes: (5, 5), ..Latencies::default() };
            part.add(bucket_of_5, count);
            added.add(bucket_of_5, count);
            merged.merge(&part);
        }
        let sum = counts.iter().sum();
        assert_eq!(merged.recorded().collect::<Vec<_>>(), [(3, 2), (bucket_of_5, sum), (9, 1)]);
        assert_eq!((merged.count(), &merged.blocks), (sum + 3, &added.blocks));
        assert_eq!(merged.carries, added.carries);
        let written = serde_json::to_string(&merged).unwrap();
        assert_eq!(serde_json::from_str::<Latencies>(&written).unwrap(), merged);
    }
    let mut recorded = Latencies::default();
    (0..70_000).for_each(|_| recorded.record(Duration::from_nanos(5)));
    assert_eq!(recorded.recorded().collect::<Vec<_>>(), [(bucket_of_5, 70_000)]);
}

#[test]
fn a_single_duration_is_read_back_exactly() {
    let one = of(&[6_755_221]);
    let exact = Some(Duration::from_nanos(6_755_221));
    assert_eq!([one.min(), one.quantile(0.5), one.mean(), one.max()], [exact; 4]);
}

/// Whole numbers in an order that chance might have made (xorshift), as long as anybody asks.
fn chances() -> impl Iterator<Item = u64> {
    std::iter::successors(Some(0x9e37_79b9_7f4a_7c15_u64), |&state| {
        let state = state ^ (state << 13);
        let state = state ^ (state >> 7);
        Some(state ^ (state << 17))
    })
}

#[test]
fn a_million_latencies_from_a_microsecond_to_an_hour_are_read_back_within_a_thousandth() {
    // Evenly in the logarithm: as many in each decade.
    let span = (3_600.0_f64 / 1e-6).ln();
    let seconds = chances().map(|bits| 1e-6 * (span * (bits as f64 / u64::MAX as f64)).exp());
    let mut values: Vec<_> = seconds.take(1_000_000).map(Duration::from_secs_f64).collect();
    let of = |part: &[Duration]| {
        let mut latencies = Latencies::default();
        part.iter().for_each(|&value| latencies.record(value));
        latencies
    };
    let merged = |mut left: Latencies, right: &Latencies| {
        left.merge(right);
        left
    };
    let (whole, thirds) = (of(&values), values.chunks(333_334).map(of).collect::<Vec<_>>());
    let [a, b, c] = thirds.as_slice() else { panic!("{} parts", thirds.len()) };
    assert_eq!(merged(merged(a.clone(), b), c), whole);
    assert_eq!(merged(a.clone(), &merged(b.clone(), c)), whole);
    values.sort_unstable();
    for (quantile, rank) in
        [(0.000_001, 1), (0.01, 10_000), (0.5, 500_000), (0.99, 990_000), (0.9999, 999_900), (1.0, 1_000_000)]
    {
        let (exact, found) =
            (values[rank - 1].as_secs_f64(), whole.quantile(quantile).unwrap().as_secs_f64());
        assert!((found / exact - 1.0).abs() <= 1e-3, "{quantile}: {found} s instead of {exact} s");
    }
    assert_eq!((whole.min(), whole.max()), (values.first().copied(), values.last().copied()));
}

#[test]
fn extremes_that_no_recorded_duration_can_have_had_are_refused() {
    let text = serde_json::to_string(&of(&[1_000_000, 5_000_000])).unwrap();
    let read = |min: u64, max: u64| {
        let text =
            text.replace("\":1000000", &format!("\":{min}")).replace("\":5000000", &format!("\":{max}"));
        serde_json::from_str::<Latencies>(&text)
    };
    assert_eq!(read(1_000_000, 5_000_000).unwrap(), of(&[1_000_000, 5_000_000]));
    for (min, max) in [
        (0, 5_000_000),
        (1, 5_000_000),
        (1_000_000, u64::MAX),
        (5_000_000, 5_000_000),
        (1_000_000, 1_000_000),
        (2_000_000, 1_000_000),
    ] {
        let error = read(min, max).unwrap_err().to_string();
        assert!(error.contains("extremes do not fit"), "{min} {max}: {error}");
    }
}

#[test]
fn counts_that_cannot_be_added_up_are_refused() {
    let read = |count: u64| {
        let mut histogram = Histogram::<u64>::new(DIGITS).unwrap();
        histogram.record_n(1_000, count).unwrap();
        let mut bytes = Vec::new();
        V2DeflateSerializer::new().serialize(&histogram, &mut bytes).unwrap();
        let hdr = STANDARD.encode(bytes);
        let (min_nanoseconds, max_nanoseconds) = (Some(1_000), Some(1_000));
        let document = Document { hdr, min_nanoseconds, max_nanoseconds };
        serde_json::from_str::<Latencies>(&serde_json::to_string(&document).unwrap())
    };
    assert_eq!(read(MAX_COUNT).unwrap().count(), MAX_COUNT);
    assert!(read(MAX_COUNT + 1).unwrap_err().to_string().contains("more than a run can have counted"));
}

#[test]
fn what_inflates_without_end_or_lies_about_its_length_is_refused() {
    let read = |inflated: &[u8]| {
        let mut packer = ZlibEncoder::new(Vec::new(), Compression::best());
        packer.write_all(inflated).unwrap();
        let deflated = [&DEFLATED[..], &[0; 4], &packer.finish().unwrap()].concat();
        let hdr = STANDARD.encode(deflated);
        let document = Document { hdr, min_nanoseconds: None, max_nanoseconds: None };
        serde_json::from_str::<Latencies>(&serde_json::to_string(&document).unwrap()).unwrap_err().to_string()
    };
    // 64 MiB of nothing, which are 64 KiB deflated.
    assert!(read(&vec![0; 64 << 20]).contains("one part would take more than 16 MiB"));
    // A head that names 4 GiB for the rest, of which there is nothing.
    let mut head = vec![0; HEAD];
    head[..8].copy_from_slice(&[0x1c, 0x84, 0x93, 0x13, 0xff, 0xff, 0xff, 0xff]);
    assert!(read(&head).contains("its length is not the one that it names"));
    assert!(read(b"short").contains("not in HdrHistogram's V2 format"));
}

#[test]
fn packed_counts_take_a_small_part_of_the_memory() {
    // 200 latencies over four octaves: sixteen blocks of 512 bytes.
    let mut latencies = of(&(0..200).map(|n| 100_000_000 + n * n * 37_500).collect::<Vec<_>>());
    let blocks = latencies.blocks.iter().flatten().count() * size_of::<[u16; BLOCK]>();
    let whole = latencies.clone();
    latencies.shrink();
    assert!(latencies.packed.size() * 10 < blocks, "{} of {blocks}", latencies.packed.size());
    assert!(latencies.blocks.is_empty() && latencies == whole);
}

proptest! {
    #[test]
    fn packing_changes_no_number_and_more_can_be_recorded(
        before in prop::collection::vec(0_u64..10_000_000_000, 0..100),
        after in prop::collection::vec(0_u64..10_000_000_000, 0..100),
        is_packed in any::<bool>(),
    ) {
        let whole = of(&[before.clone(), after.clone()].concat());
        let (mut one, mut other) = (of(&before), of(&after));
        one.shrink();
        if is_packed {
            other.shrink();
        }
        let mut sum = one.clone();
        sum.merge(&other);
        prop_assert_eq!(&sum, &whole);
        other.merge(&one);
        prop_assert_eq!(&other, &whole);
        after.iter().for_each(|value| one.record_nanoseconds(*value));
        prop_assert_eq!(&one, &whole);
    }

    #[test]
    fn quantiles_are_within_a_thousandth_of_an_exact_sort(
        mut values in prop::collection::vec(1_000_u64..3_600_000_000_000, 1..400),
        quantile in 0.0_f64..=1.0,
    ) {
        let latencies = of(&values);
        values.sort_unstable();
        #[expect(clippy::cast_possible_truncation, reason = "at most 400")]
        let rank = ((quantile * values.len() as f64).ceil() as usize).clamp(1, values.len());
        let exact = values[rank - 1] as f64;
        let found = latencies.quantile(quantile).unwrap().as_nanos() as f64;
        prop_assert!((found / exact - 1.0).abs() <= 1e-3, "{found} instead of {exact}");
    }

    #[test]
    fn it_says_what_the_library_says(
        values in prop::collection::vec(prop_oneof![1_u64..5_000, 1_u64..3_600_000_000_000, 1_u64..1 << 63], 1..300),
        quantile in 0.001_f64..=1.0,
    ) {
        let (ours, mut theirs) = (of(&values), empty());
        values.iter().for_each(|&value| theirs.record(value.max(1)).unwrap());
        prop_assert_eq!(&ours.to_library(), &theirs);
        prop_assert_eq!(ours.count(), theirs.len());
        let (min, max) = ours.extremes;
        let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap();
        let expected = theirs.value_at_quantile(quantile).clamp(min, max);
        prop_assert_eq!(nanoseconds(ours.quantile(quantile).unwrap()), expected);
        let (mean, expected) = (ours.mean().unwrap().as_secs_f64() * 1e9, theirs.mean());
        // Whole nanoseconds.
        let expected = expected.clamp(min as f64, max as f64);
        prop_assert!((mean - expected).abs() <= 1.0 + expected * 1e-9, "{} instead of {}", mean, expected);
        let (some, middle) = (values[0], max / 2);
        for value in [some, middle] {
            prop_assert_eq!(ours.at_most(Duration::from_nanos(value)), theirs.count_between(0, value));
        }
        let recorded = theirs.iter_recorded().map(|bucket| (bucket.value_iterated_to(), bucket.count_at_value()));
        let buckets = ours.buckets().map(|(longest, count)| (nanoseconds(longest), count));
        prop_assert_eq!(buckets.collect::<Vec<_>>(), recorded.collect::<Vec<_>>());
    }

    #[test]
    fn merged_parts_equal_the_whole_in_any_order_and_after_a_file(
        left in prop::collection::vec(0_u64..10_000_000_000, 0..100),
        right in prop::collection::vec(0_u64..10_000_000_000, 0..100),
    ) {
        let whole = of(&[left.clone(), right.clone()].concat());
        let (mut a, mut b) = (of(&left), of(&right));
        a.merge(&b);
        b.merge(&of(&left));
        prop_assert_eq!(&a, &whole);
        prop_assert_eq!(&b, &whole);
        let text = serde_json::to_string(&a).unwrap();
        prop_assert_eq!(serde_json::from_str::<Latencies>(&text).unwrap(), whole);
    }
}
