//! Tables of option values that are read, and of those that are refused.

use super::*;

fn read<T: FromText>(text: &str) -> Result<T, String> {
    T::from_text(text)
}

#[test]
fn a_range_of_sizes_has_two_ends() {
    assert_eq!(read("1KiB"), Ok(Sizes { min: 1024, max: 1024 }));
    assert_eq!(read("17B .. 1MiB"), Ok(Sizes { min: 17, max: 1 << 20 }));
    for wrong in ["", "..", "1KiB..", "..1KiB", "2KiB..1KiB", "1KiB..2KiB..3KiB", "1KiB-2KiB"] {
        assert!(read::<Sizes>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn stages_stay_or_change_for_a_time() {
    let stage = |from, to, seconds| Stage { from, to, duration: Some(Duration::from_secs(seconds)) };
    for (text, expected) in [("10/s:30s", stage(10.0, 10.0, 30)), ("10/s..50/s:1m", stage(10.0, 50.0, 60))] {
        assert_eq!(read::<RateStage>(text).map(|stage| stage.0), Ok(expected));
    }
    for (text, expected) in [("8:30s", stage(8.0, 8.0, 30)), ("8..64:1m", stage(8.0, 64.0, 60))] {
        assert_eq!(read::<WorkerStage>(text).map(|stage| stage.0), Ok(expected));
    }
    for wrong in ["", "10/s", "10/s:", "10/s:0s", "10/s..:1s", "8:1s"] {
        assert!(read::<RateStage>(wrong).is_err(), "{wrong}");
    }
    assert!(read::<WorkerStage>("1.5:1s").is_err() && read::<WorkerStage>("8/s:1s").is_err());
}

#[test]
fn a_warm_up_is_blobs_or_time() {
    assert_eq!(read("20"), Ok(Stop { blobs: Some(20), duration: None }));
    assert_eq!(read("10s"), Ok(Stop { blobs: None, duration: Some(Duration::from_secs(10)) }));
    for wrong in ["", "0", "0s", "x", "-3"] {
        assert!(read::<Stop>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_backoff_is_constant_or_doubles() {
    let millis = Duration::from_millis;
    assert_eq!(read("500ms"), Ok(Backoff::Constant { wait: millis(500) }));
    assert_eq!(read("0s"), Ok(Backoff::Constant { wait: millis(0) }));
    let both = Backoff::Exponential { from: millis(100), to: millis(10_000) };
    assert_eq!((read("100ms..10s"), Backoff::default()), (Ok(both), both));
    for wrong in ["", "5", "..", "1s..", "..1s", "0s..1s", "2s..1s", "-1s", "1s...2s"] {
        assert!(read::<Backoff>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_refused_header_does_not_show_its_value() {
    let header: Header = read("X-Api-Key:  s3cret:with:colons ").unwrap();
    assert_eq!((header.name.as_str(), header.value.reveal()), ("X-Api-Key", "s3cret:with:colons"));
    for wrong in ["no colon", ": v", "a b: v", "X: a\nb", "Host: x", "content-length: 1"] {
        assert!(read::<Header>(wrong).is_err(), "{wrong}");
    }
    for wrong in ["s3cret", "X: s3cret\ny", "a b: s3cret", "Host: s3cret"] {
        assert!(!read::<Header>(wrong).unwrap_err().contains("s3cret"), "{wrong}");
    }
}

#[test]
fn bearer_tokens_are_one_word() {
    assert_eq!(read::<Bearer>("abc.def").unwrap().header().unwrap().value.reveal(), "Bearer abc.def");
    for wrong in ["", "two words"] {
        assert!(read::<Bearer>(wrong).is_err(), "{wrong}");
    }
    let missing = read::<Bearer>("@/no/such/file").unwrap().header();
    assert!(missing.is_err_and(|reason| reason.starts_with("cannot read /no/such/file")));
}

#[test]
fn a_format_and_its_file_are_split_at_the_first_equals_sign() {
    assert_eq!(read("markdown=a=b.md"), Ok(WriteTo { format: Format::Markdown, path: "a=b.md".into() }));
    for name in Format::VARIANTS {
        assert_eq!(read::<WriteTo>(&format!("{name}=x")).map(|to| to.format.into()), Ok(*name));
    }
    for wrong in ["summary.md", "markdown=", "=x", "pdf=x", ""] {
        let reason = read::<WriteTo>(wrong).unwrap_err();
        assert!(reason.starts_with("must be FORMAT=PATH") && reason.contains("junit"), "{reason}");
    }
}

#[test]
fn a_parsed_value_keeps_its_text_and_hides_it_from_debug() {
    let parsed: Parsed<Header> = "X-Key: s3cret".parse().unwrap();
    assert_eq!(toml::Value::try_from(&parsed).unwrap().as_str(), Some("X-Key: s3cret"));
    assert!(!format!("{parsed:?}").contains("s3cret"));
    for (text, written) in [("5", "5"), ("05", "\"05\""), ("5/s", "\"5/s\"")] {
        assert_eq!(toml_value(text).to_string(), written);
    }
}
