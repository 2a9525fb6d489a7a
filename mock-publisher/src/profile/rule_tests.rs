//! Rules: how they are written, and which requests they match.

use super::*;

const S: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);

fn plain(kind: Fault, ratio: f64) -> FaultRule {
    FaultRule {
        kind,
        share: Share::Ratio(ratio),
        route: None,
        size: None,
        from: Duration::ZERO,
        length: None,
        after: None,
    }
}

#[test]
fn a_rule_is_a_kind_a_ratio_and_what_limits_it() {
    let limited = FaultRule {
        route: Some(RouteKind::Store),
        size: Some(SizeRange { from: 1 << 20, to: None }),
        from: 10 * S,
        length: Some(5 * S),
        ..plain(Fault::Internal, 0.05)
    };
    let late = FaultRule { after: Some(17 * S), length: Some(90 * S), ..plain(Fault::Unavailable, 0.02) };
    let rows = [
        ("shed=0.1", r#"{"kind":"shed","ratio":0.1}"#, plain(Fault::Shed, 0.1)),
        ("500=12.5%", r#"{"kind":"500","ratio":0.125}"#, plain(Fault::Internal, 0.125)),
        ("hang:1", r#"{"kind":"hang","ratio":1.0}"#, plain(Fault::Hang, 1.0)),
        (
            "500=first:2",
            r#"{"kind":"500","ratio":"first:2"}"#,
            FaultRule { share: Share::First(2), ..plain(Fault::Internal, 0.0) },
        ),
        (
            "500:5%,route=store,size=1MiB..,from=10s,for=5s",
            r#"{"kind":"500","ratio":0.05,"route":"store","size":"1MiB..","from":"10s","for":"5s"}"#,
            limited,
        ),
        ("503=2%, after=17s, for=1m 30s", r#"{"kind":"503","ratio":0.02,"for":"1m30s","after":"17s"}"#, late),
    ];
    for (text, json, rule) in rows {
        assert_eq!(text.parse(), Ok(rule), "{text}");
        assert_eq!(serde_json::to_string(&rule).unwrap(), json);
        assert_eq!(serde_json::from_str::<FaultRule>(json).unwrap(), rule);
    }
}

#[test]
fn a_rule_that_cannot_be_parsed_says_why_and_how_to_write_it() {
    let rows = [
        ("reset", "no `=`"),
        ("reset=101%", "`101%` is not a ratio: write a number from 0 to 1 or a percentage from 0% to 100%"),
        ("reset=-1", "`-1` is not a ratio: write "),
        ("reset=NaN", "`NaN` is not a ratio: write "),
        ("reset=1%,soon", "no `=` in `soon`"),
        (
            "reset=1%,colour=red",
            "unknown field `colour`, expected one of `kind`, `ratio`, `route`, `size`, `from`,",
        ),
        ("reset=1%,for=1s,for=2s", "`for` is given twice"),
        ("reset=1%,from=0s,from=0s", "`from` is given twice"),
        ("reset=1%,kind=500", "`kind` is given twice"),
        ("reset=1%,route=upload", "`upload` is not a route: write store, store-quilt, read, read-object,"),
        ("reset=1%,size=1MiB", "`1MiB` is not a range of sizes: write 1MiB.., "),
        ("reset=1%,from=soon", "`soon` is not a duration ("),
        ("rain=1%", "`rain` is not a kind of fault: write shed, 500, 503,"),
    ];
    for (text, why) in rows {
        let error = text.parse::<FaultRule>().unwrap_err().to_string();
        assert!(error.starts_with(&format!("`{text}` is not a fault ({why}")), "{error}");
        assert!(
            error.contains(
                "): write KIND=RATIO, for instance reset=1%, 500=0.05 or 503=first:2, and after it"
            ),
            "{error}"
        );
    }
}

#[test]
fn a_rule_matches_its_requests_alone() {
    let rule: FaultRule = "500:1,route=store,size=1KiB..2KiB,from=10s,for=5s".parse().unwrap();
    let request = |route_kind, size, at: u32| RequestContext { route_kind, size, at: at * S };
    let rows = [
        (request(RouteKind::Store, Some(1024), 10), true),
        (request(RouteKind::StoreQuilt, Some(1024), 10), false),
        (request(RouteKind::Store, Some(2048), 10), false),
        (request(RouteKind::Store, None, 10), false),
        (request(RouteKind::Store, Some(1024), 15), false),
        (request(RouteKind::Store, Some(1024), 9), false),
    ];
    for (request, expected) in rows {
        assert_eq!(rule.matches(&request), expected, "{request:?}");
    }
    let corrupt: FaultRule = "corrupt=1".parse().unwrap();
    assert!(corrupt.matches(&request(RouteKind::Read, None, 0)));
    assert!(!corrupt.matches(&request(RouteKind::Store, None, 0)));
}

#[test]
fn a_period_contains_its_first_moment_and_not_its_end() {
    let rows = [
        ((Duration::ZERO, None), vec![(Duration::ZERO, true), (Duration::MAX, true)]),
        ((2 * S, None), vec![(1999 * MS, false), (2 * S, true), (99 * S, true)]),
        ((10 * S, Some(5 * S)), vec![(9 * S, false), (10 * S, true), (14_999 * MS, true), (15 * S, false)]),
        ((S, Some(Duration::MAX)), vec![(Duration::ZERO, false), (99 * S, true)]),
    ];
    for ((from, length), moments) in rows {
        for (at, expected) in moments {
            assert_eq!(in_period(at, from, length), expected, "{from:?} {length:?} {at:?}");
        }
    }
}

#[test]
fn the_end_of_a_stall_is_known_while_it_is_under_way() {
    let stall = Stall { from: 10 * S, length: 5 * S };
    assert_eq!([9, 10, 14, 15].map(|at| stall.end(at * S)), [None, Some(15 * S), Some(15 * S), None]);
    for (text, from, length) in [
        ("from=10s,for=5s", 10 * S, 5 * S),
        ("for=1m 30s", Duration::ZERO, 90 * S),
        ("for=250ms,from=1s", S, 250 * MS),
    ] {
        let stall: Stall = text.parse().unwrap();
        assert_eq!(stall, Stall { from, length });
        assert_eq!(serde_json::from_str::<Stall>(&serde_json::to_string(&stall).unwrap()).unwrap(), stall);
    }
    for (text, why) in [
        ("", "missing field `for`"),
        ("from=1s", "missing field `for`"),
        ("for=1s,for=2s", "`for` is given twice"),
        ("10s", "no `=` in `10s`"),
        ("for=1s,x=2s", "unknown field `x`, expected `from` or `for`"),
        ("for=soon", "`soon` is not a duration ("),
    ] {
        let error = text.parse::<Stall>().unwrap_err().to_string();
        assert!(error.starts_with(&format!("`{text}` is not a stall ({why}")), "{error}");
        assert!(
            error.ends_with("): write from=10s,for=5s, or for=5s for one that begins at once"),
            "{error}"
        );
    }
}

#[test]
fn a_range_of_sizes_contains_its_first_and_not_its_end() {
    let rows = [
        ("1MiB..", "1MiB..", vec![((1 << 20) - 1, false), (1 << 20, true), (u64::MAX, true)]),
        ("..1KiB", "0B..1KiB", vec![(0, true), (1023, true), (1024, false)]),
        ("7..9B", "7B..9B", vec![(6, false), (7, true), (8, true), (9, false)]),
    ];
    for (text, shown, sizes) in rows {
        let range: SizeRange = text.parse().unwrap();
        assert_eq!((range.to_string().as_str(), shown.parse()), (shown, Ok(range)));
        for (size, expected) in sizes {
            assert_eq!(range.contains(size), expected, "{text} {size}");
        }
    }
    for text in ["", "..", "1MiB", "2KiB..1KiB", "1KiB..1KiB", "x..", "..0"] {
        let error = text.parse::<SizeRange>().unwrap_err().to_string();
        assert!(error.starts_with(&format!("`{text}` is not a range of sizes")), "{error}");
    }
}
