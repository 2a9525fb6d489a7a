//! Tables of what is read and written.

use super::*;

#[test]
fn durations_have_three_digits_and_a_suitable_unit() {
    for (nanoseconds, expected) in [
        (0, "0 s"),
        (1, "1 ns"),
        (999, "999 ns"),
        (1_000, "1.00 µs"),
        (789_400, "789 µs"),
        (999_499, "999 µs"),
        (999_500, "1.00 ms"),
        (9_994_999, "9.99 ms"),
        (9_995_001, "10.0 ms"),
        (45_600_000, "45.6 ms"),
        (99_960_000, "100 ms"),
        (1_234_000_000, "1.23 s"),
        (59_960_000_000, "60.0 s"),
        (305_000_000_000, "305 s"),
        (1_000_000_000_000, "16.7 min"),
        (5_400_000_000_000, "90.0 min"),
        (5_460_000_000_000, "1.52 h"),
        (90_000_000_000_000, "25.0 h"),
        (9_000_000_000_000_000, "2500 h"),
    ] {
        assert_eq!(duration(Duration::from_nanos(nanoseconds)), expected);
    }
}

#[test]
fn bytes_are_counted_in_powers_of_1024() {
    for (count, expected) in [
        (0, "0 B"),
        (1_023, "1023 B"),
        (1_024, "1.00 KiB"),
        (96_461, "94.2 KiB"),
        (1_023 * 1_024, "1023 KiB"),
        (1_048_000, "1023 KiB"),
        (1_048_575, "1.00 MiB"),
        (10_485_760, "10.0 MiB"),
        (5 << 30, "5.00 GiB"),
        (u64::MAX, "16.0 EiB"),
    ] {
        assert_eq!(bytes(count), expected);
    }
}

#[test]
fn rates_counts_and_prices_have_three_digits_or_all() {
    assert_eq!(
        [0.0, 0.0123, 0.9996, 34.53, 1234.6].map(mib_per_second),
        ["0.000", "0.012", "1.00", "34.5", "1235"]
    );
    assert_eq!(rate(36_175_872.0), "34.5 MiB/s");
    let counts = [0, 999, 1_000, 12_345, 1_234_567];
    assert_eq!(counts.map(count), ["0", "999", "1,000", "12,345", "1,234,567"]);
    let counts = [0, 12_345, 99_999, 100_000, 999_600, 45_678_901, u64::MAX];
    assert_eq!(counts.map(short_count), ["0", "12,345", "99,999", "100k", "1.00M", "45.7M", "18.4E"]);
    assert_eq!(
        [0, 1, 132_300, 2_000_000_000].map(wal),
        ["0 WAL", "0.000000001 WAL", "0.0001323 WAL", "2 WAL"]
    );
    assert_eq!(
        [(1, "upload"), (1_000, "blob")].map(|(n, noun)| counted(n, noun)),
        ["1 upload", "1,000 blobs"]
    );
}

#[test]
fn a_refused_whole_number_says_why() {
    assert_eq!(parse_whole::<u32>(" 7 "), Ok(7));
    for (wrong, why) in [
        ("", "not a whole number"),
        ("1.5", "not a whole number"),
        ("many", "not a whole number"),
        ("-q", "not a whole number"),
        ("-1", "a number below zero"),
        ("4294967296", "too large a number, at most 4294967295"),
    ] {
        assert_eq!(parse_whole::<u32>(wrong), Err(why.to_owned()), "{wrong}");
    }
}

#[test]
fn sizes_are_powers_of_1024_and_a_bare_number_is_kib() {
    for (text, bytes) in [
        ("0", 0),
        ("90", 92_160),
        ("100kB", 102_400),
        ("100KB", 102_400),
        ("100KiB", 102_400),
        ("17B", 17),
        ("0B", 0),
        ("1.5MiB", 1_572_864),
        ("1 MB", 1_048_576),
        ("4GiB", 4_294_967_296),
    ] {
        assert_eq!(parse_size(text), Ok(bytes), "{text}");
    }
    for wrong in ["", "-1", "1TB", "KiB", "1.3B", "99999999999GiB", "1e3", "NaN", "inf"] {
        assert!(parse_size(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn durations_are_read_with_their_unit() {
    for (text, millis) in [("500ms", 500), ("1.5s", 1500), ("5m", 300_000), ("1h 30m", 5_400_000), ("0s", 0)]
    {
        assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
    }
    for wrong in ["", "10", "s", "1x", "-1s", "1.2.3s"] {
        assert!(parse_duration(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn shares_lie_between_0_and_1() {
    assert_eq!((parse_share("25%"), parse_share("0.25"), parse_share("1")), (Ok(0.25), Ok(0.25), Ok(1.0)));
    for wrong in ["", "101%", "1.01", "-0.1", "x", "NaN"] {
        assert!(parse_share(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn rates_are_read_per_second_minute_or_hour() {
    assert_eq!(
        (parse_rate("10/s"), parse_rate("600/m"), parse_rate(" 1800 / h")),
        (Ok(10.0), Ok(10.0), Ok(0.5))
    );
    for wrong in ["10", "10/d", "/s", "-1/s", "NaN/s", "inf/s", "1e99/s"] {
        assert!(parse_rate(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_throughput_needs_a_unit() {
    for (text, bytes) in [("1.5MiB/s", 1_572_864), ("17B", 17), ("1536 KiB/s", 1_572_864)] {
        assert_eq!(parse_throughput(text), Ok(bytes), "{text}");
    }
    for wrong in ["", "10", "/s", "1MiB/h", "-1MiB"] {
        assert!(parse_throughput(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn an_exact_value_is_read_back_unchanged() {
    for (bytes, text) in [(0, "0B"), (17, "17B"), (92_160, "90KiB"), (1 << 20, "1MiB"), (5 << 30, "5GiB")] {
        assert_eq!((exact_size(bytes), parse_size(text)), (text.to_owned(), Ok(bytes)));
    }
    for (nanoseconds, text) in
        [(0, "0s"), (1, "1ns"), (1_500_000_000, "1500ms"), (90_000_000_000, "90s"), (7_200_000_000_000, "2h")]
    {
        let duration = Duration::from_nanos(nanoseconds);
        assert_eq!((exact_duration(duration), parse_duration(text)), (text.to_owned(), Ok(duration)));
    }
}

#[test]
fn a_duration_in_a_document_is_read_back_to_the_nanosecond() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Document(#[serde(with = "Seconds")] Duration, #[serde(with = "OptionalSeconds")] Option<Duration>);
    for nanoseconds in [0, 1, 46_566_977, 290_000_000, 1_234_567_891, 3_599_999_999_999] {
        let duration = Duration::from_nanos(nanoseconds);
        for document in [Document(duration, Some(duration)), Document(duration, None)] {
            let text = serde_json::to_string(&document).unwrap();
            assert_eq!(serde_json::from_str::<Document>(&text).unwrap(), document, "{text}");
        }
    }
    for wrong in ["[-1.0,null]", "[1e300,null]", "[0.0,-1.0]", "[null,null]"] {
        assert!(serde_json::from_str::<Document>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn levels_of_a_load_are_short_and_never_none() {
    for (value, text) in
        [(8.0, "8"), (0.5, "0.5"), (1.0 / 6.0, "0.167"), (100.0, "100"), (0.0, "0"), (0.0002, "2e-4")]
    {
        assert_eq!(level(value), text);
    }
}
