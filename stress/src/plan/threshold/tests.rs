//! Thresholds as they are written, and the errors for those that are malformed.

use std::time::Duration;

use super::*;
use crate::plan::{
    class::FailureClass,
    journey::Journey,
    load::{Load, Stop},
    percentile::Percentile,
    sizes::{ContentMix, Sizes},
};

#[test]
fn a_written_threshold_is_read_back() {
    for text in [
        "upload.p99<20s",
        "first.p99.9<=1500ms",
        "cached.service.p50<50ms",
        "read3.ttfb.max<1s",
        "*.failures<1%",
        "upload.failures.shed<=5",
        "main:upload.send.mean>1ns",
        "*.start_delay.p99<5ms",
        "upload.wait.p99.99<90s",
        "cached.receive.min>=10µs",
        "*.unfinished==0",
        "upload.dropped<0.5%",
        "upload.count>=1000",
        "upload.rate>9.5/s",
        "first.throughput>=1536KiB/s",
        "upload.p50>0s",
        "first.throughput>0B/s",
    ] {
        assert_eq!(text.parse::<Threshold>().map(|read| read.to_string()), Ok(text.to_owned()));
    }
}

#[test]
fn limits_have_common_units() {
    let limit = |text: &str| text.parse::<Threshold>().unwrap().limit;
    assert_eq!(limit("upload.p99 < 2m"), Limit::Time(Duration::from_secs(120)));
    assert_eq!(limit("upload.max<1.5s"), Limit::Time(Duration::from_millis(1500)));
    assert_eq!(limit("upload.rate>600/m"), Limit::PerSecond(10.0));
    assert_eq!(limit("upload.rate>10"), Limit::PerSecond(10.0));
    assert_eq!(limit("first.throughput>1.5MiB/s"), Limit::BytesPerSecond(1_572_864));
    assert_eq!(limit("first.throughput>17B"), Limit::BytesPerSecond(17));
}

#[test]
fn a_threshold_has_a_scope_a_metric_an_operator_and_a_limit() {
    let read: Threshold = "warm:*.service.p99.9>=3s".parse().unwrap();
    let metric = Metric::Time(TimeSpan::Service, Statistic::Percentile(Percentile::P999));
    let limit = Limit::Time(Duration::from_secs(3));
    let phase = Some("warm".to_owned());
    assert_eq!(
        read,
        Threshold { scope: Scope { phase, step: None }, metric, operator: Operator::AtLeast, limit }
    );
    let none = Threshold::none(None, Step::FIRST, Metric::Failures(Some(FailureClass::Shed)));
    assert_eq!(none.to_string(), "first.failures.shed==0");
}

#[test]
fn a_malformed_threshold_is_refused_with_what_is_allowed() {
    for (text, words) in [
        ("", "as in `upload.p99<20s`"),
        ("upload.p99", "an operator (<, <=, >, >=, ==)"),
        ("p99<20s", "STEP.METRIC"),
        ("upload.p99=20s", "`=` is not an operator"),
        ("third.p99<20s", "`third` is not a step: use upload, first, cached"),
        ("upload.p98<20s", "`p98` is not a metric: use p50, p90, p95, p99, p99.9, p99.99, min"),
        ("upload.service.failures<1", "is not a metric"),
        ("upload.failures.cosmic<1", "`cosmic` is none of dns, refused"),
        ("upload.p99<20", "`20` is not a limit for p99: write it as in 500ms"),
        ("upload.p99<20parsecs", "is not a limit for p99"),
        ("upload.p99<-1s", "is not a limit"),
        ("upload.p99<99999999999h", "is not a limit"),
        ("upload.p99<", "is not a limit"),
        ("upload.failures<101%", "is not a limit for failures: write it as in 5 or 1%"),
        ("upload.failures<1.5", "is not a limit for failures"),
        ("upload.count>1%", "is not a limit for count"),
        ("upload.rate>10/d", "is not a limit for rate"),
        ("first.throughput>10", "is not a limit for throughput: write it as in 1.5MiB/s"),
    ] {
        let refused = text.parse::<Threshold>().unwrap_err();
        assert!(refused.contains(words), "{text}: {refused}");
    }
}

#[test]
fn the_plan_must_have_what_a_threshold_names() {
    let phases = [Phase {
        name: "main".to_owned(),
        journey: Journey::default(),
        source: crate::plan::source::BlobSource::default(),
        sizes: Sizes::default(),
        delays: None,
        content: ContentMix::Mixed,
        duplicates: 0.0,
        order_control: 0.0,
        load: Load::closed(8),
        stop: Stop { blobs: Some(5), duration: None },
        grace: Duration::ZERO,
        warm_up: false,
    }];
    let refused = |text: &str| {
        let threshold: Threshold = text.parse().unwrap();
        threshold.check(&phases).err().map(|config_error| config_error.to_string())
    };
    assert_eq!(
        [refused("upload.p99<1s"), refused("*.failures<1%"), refused("main:first.max<1s")],
        [None, None, None]
    );
    for (text, words) in [
        (
            "read3.p50<1s",
            "--threshold `read3.p50<1s` is about read3, but this run's steps are upload, first, cached",
        ),
        ("other:upload.p50<1s", "the phases are main"),
        ("upload.dropped<1%", "only a run at a rate has: give --rate"),
        ("upload.start_delay.p99<5ms", "is about arrivals"),
    ] {
        let reason = refused(text).unwrap_or_default();
        assert!(reason.contains(words), "{text}: {reason}");
    }
}
