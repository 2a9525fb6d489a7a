//! The page says what the JSON says, and nothing in it is markup that came from elsewhere.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::{
    export::style::Colours,
    fixtures,
    plan::{journey::Step, load::Load, schedule::Arrivals, stages::Stages},
    report::{Ending, Signal},
    sample::{
        FailureClass, Outcome, StoredKind,
        cache::{CacheEvidence, CacheStatus, StatusHeader},
    },
};

fn page(report: &Report) -> String {
    super::report(report, &Summary::of(report))
}

fn document(report: &Report) -> Value {
    let mut text = Vec::new();
    report.save(&mut text).unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// A run with everything in it: successes, failures of several classes, lower bounds, thresholds.
fn eventful() -> Report {
    let samples: Vec<_> =
        (0..60).flat_map(fixtures::journey).chain((60..90).flat_map(fixtures::troubled)).collect();
    let mut report = fixtures::report(90, &samples);
    report.plan.thresholds = ["upload.p90<2s", "first.failures<1%", "cached.rate>1/s", "upload.p99<1h"]
        .map(|text| text.parse().unwrap())
        .to_vec();
    report
}

/// What the page's numbers are, by where the JSON should have them.
fn numbers(page: &str) -> Vec<(String, f64)> {
    let data = page.split("<data value=\"").skip(1);
    data.map(|rest| {
        let (value, rest) = rest.split_once("\" data-json=\"").unwrap();
        (rest.split_once('"').unwrap().0.to_owned(), value.parse().unwrap())
    })
    .collect()
}

#[test]
fn every_number_is_that_of_the_json() {
    let report = eventful();
    let (numbers, document) = (numbers(&page(&report)), document(&report));
    assert!(numbers.len() > 60, "{}", numbers.len());
    for (pointer, value) in numbers {
        let expected = document.pointer(&pointer).and_then(Value::as_f64);
        let expected = expected.unwrap_or_else(|| panic!("the JSON has no number at {pointer}"));
        assert!(
            (value - expected).abs() <= expected.abs() * 1e-12,
            "{pointer}: {value} instead of {expected}"
        );
    }
}

/// Two sizes, two aggregators, a cache that fills late, headers that show it, and uploads of two kinds.
fn evidenced() -> Report {
    let of = |index: u64| {
        let mut journey = fixtures::journey(index);
        if index.is_multiple_of(4) {
            journey[0].outcome = fixtures::stored(index, StoredKind::Existing);
        }
        journey.push(fixtures::sample(index, Step::Read { ordinal: 3 }, 60_000, 9, Outcome::Read));
        for read in &mut journey[1..] {
            let warm = read.step != Step::FIRST || index < 2;
            let (cache_status, status_header) =
                (if warm { CacheStatus::Hit } else { CacheStatus::Miss }, Some(StatusHeader::X_CACHE_STATUS));
            read.exchange.cache = CacheEvidence { cache_status, status_header, ..CacheEvidence::default() };
            read.target = usize::from(index % 2 == 1);
        }
        journey
    };
    let samples: Vec<_> = (0..20).chain(200..220).flat_map(of).collect();
    let mut report = fixtures::report(220, &samples);
    report.plan.aggregators = ["http://one.test", "http://two.test"].map(|url| url.parse().unwrap()).to_vec();
    report
}

#[test]
fn cache_and_size_numbers_are_those_of_the_json_in_the_words_of_the_terminal() {
    let report = evidenced();
    let (page, document, summary) = (page(&report), document(&report), Summary::of(&report));
    let numbers = numbers(&page);
    for (pointer, value) in &numbers {
        assert_eq!(document.pointer(pointer).and_then(Value::as_f64), Some(*value), "{pointer}");
    }
    for wanted in [
        "/cache_effect/first_byte/ratio",
        "/cache_effect/transfer/ratio_interval_95/1",
        "/cache_effect/second_to_third/pairs",
        "/cache_effect/groups/0/ratio",
        "/cache_effect/groups/3/ratio_interval_95/0",
        "/cache_effect/status/rows/0/downloads",
        "/cache_effect/status/rows/0/observed/ratio",
        "/cache_effect/status/first_downloads_already_cached",
        "/steps/0/cost_by_size/send/seconds_per_mib/interval_95/0",
        "/steps/1/cost_by_size/service/fixed_seconds/value",
        "/steps/0/stored/existing",
        "/steps/0/stored_seconds/new/median",
    ] {
        assert!(numbers.iter().any(|(pointer, _)| pointer == wanted), "{wanted} is not on the page");
    }
    assert_eq!(document["cache_effect"]["status"]["first_downloads_already_cached"], 2);
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let screen = flat(&crate::export::run_screen(&report, &summary, &[], Colours::Off));
    let document = run::document(&report, &summary, &[]);
    let by_size = document.sections.iter().find(|section| section.id == "by-size").unwrap();
    let upload = &by_size.tables[0].rows[0].sentence[0].text;
    for words in [
        "fills late: third downloads are",
        "X-Cache-Status: hit for 40 of 40 cached downloads, and the times agree",
        "64.0 KiB to 256 KiB",
        "http://two.test",
        upload,
    ] {
        assert!(screen.contains(words) && page.contains(words), "{words}: {screen}");
    }
}

#[test]
fn retried_attempts_are_marked() {
    let mut report = eventful();
    let metrics = report
        .recording
        .steps
        .values_mut()
        .flat_map(|step| step.groups.values_mut())
        .find(|metrics| !metrics.failures.is_empty())
        .unwrap();
    metrics.retried = std::mem::take(&mut metrics.failures);
    let (page, document) = (page(&report), document(&report));
    assert!(page.contains("><span>shed, retried</span></td>"));
    let numbers =
        numbers(&page).into_iter().filter(|(pointer, _)| pointer.contains("retried")).collect::<Vec<_>>();
    assert_eq!(numbers.len(), 3, "{numbers:?}");
    for (pointer, value) in numbers {
        assert_eq!(document.pointer(&pointer).and_then(Value::as_f64), Some(value), "{pointer}");
    }
}

#[test]
fn every_interval_is_in_a_table() {
    let report = eventful();
    let (page, document) = (page(&report), document(&report));
    for timeline in document["timeline"].as_array().unwrap() {
        let begin = format!("data-timeline=\"{}\"", timeline["step"].as_str().unwrap());
        let table = page.split(&begin).nth(1).unwrap().split("</table>").next().unwrap();
        let rows: Vec<Vec<&str>> = table
            .split("<tr><th scope=\"row\">")
            .skip(1)
            .map(|row| row.split("</t").filter_map(|cell| cell.rsplit('>').next()).collect())
            .collect();
        assert_eq!(rows.len(), timeline["begin_seconds"].as_array().unwrap().len());
        for (position, row) in rows.iter().enumerate() {
            let counts = ["started", "done", "failed", "unfinished", "in_flight"]
                .map(|name| timeline[name][position].as_u64().unwrap().to_string());
            assert_eq!(row[1..6], counts, "{position}");
            let median = timeline["median_seconds"][position].as_f64().map_or_else(
                || "–".to_owned(),
                |median| crate::units::duration(std::time::Duration::from_secs_f64(median)),
            );
            assert_eq!(row[7].trim_start_matches('≥'), median, "{position}");
        }
    }
}

#[test]
fn a_run_in_which_nothing_happened_has_a_page_too() {
    let page = page(&fixtures::report(5, &[]));
    assert!(page.contains("nothing was attempted") && !page.contains("<svg viewBox=\"0 0 480"), "{page}");
    assert!(!page.contains("NaN") && !page.contains("inf"), "{page}");
}

#[test]
fn an_interrupted_run_has_no_tick() {
    let samples: Vec<_> = (0..7).flat_map(fixtures::journey).collect();
    let mut report = fixtures::report(7, &samples);
    let first_card =
        |report: &Report| page(report).split("<div class=\"card ").nth(1).unwrap()[..4].to_owned();
    assert_eq!(first_card(&report), "good");
    report.ending = Ending::Interrupted { signal: Signal::Interrupt };
    assert_eq!(first_card(&report), "care");
}

#[test]
fn it_needs_nothing_from_elsewhere() {
    let page = page(&eventful());
    for loading in ["<script", "<link", "<img", "<iframe", "@import", "url(", " src=", "javascript:"] {
        assert!(!page.contains(loading), "{loading}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn headings_tables_and_charts_are_accessible() {
    let page = page(&eventful());
    let count = |what: &str| page.matches(what).count();
    assert_eq!((count("<h1>"), count("<main")), (1, 1));
    assert_eq!(count("<table>"), count("<caption>"));
    assert_eq!(count("<th"), count("<th scope=") + count("<thead>"), "each says what it is the head of");
    assert_eq!(count("<svg viewBox=\"0 0 480"), count("role=\"img\""));
    assert_eq!(count("role=\"img\""), count("<desc>"));
    for class in ["shed", "not-found", "timeout"] {
        assert!(page.contains(&format!("><span>{class}</span></td>")), "{class}");
    }
}

#[test]
fn an_hour_at_a_thousand_a_second_stays_below_three_megabytes() {
    let page = page(fixtures::hour());
    assert!(page.len() < 3_000_000, "{} bytes", page.len());
    assert!(!page.contains("NaN"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_servers_message_is_never_markup(message in "(<|>|&|\"|'|/|script|onload=|.){1,60}") {
        let of = |message: &str| {
            let outcome = fixtures::failed(FailureClass::ServerError, Some(500), Some(message), message);
            let mut report = fixtures::report(1, &[fixtures::sample(0, crate::plan::journey::Step::FIRST, 0, 10, outcome)]);
            report.notices = vec![message.to_owned()];
            report.plan.phases[0].name = message.to_owned();
            page(&report)
        };
        // The same tags as of a message without any, and no tag that only the message could have made.
        let (hostile, harmless) = (of(&message), of("x"));
        prop_assert_eq!(hostile.matches('<').count(), harmless.matches('<').count());
        prop_assert_eq!(hostile.matches('>').count(), harmless.matches('>').count());
        prop_assert!(!hostile.contains("<script"));
    }
}

#[test]
fn an_outcome_that_is_no_success_is_not_drawn_as_one() {
    let page = page(&fixtures::report(1, &[fixtures::sample(0, Step::FIRST, 0, 500, Outcome::Unfinished)]));
    assert!(page.contains("≥500 ms"), "{page}");
    assert!(page.contains("1 unfinished"));
}

#[test]
fn every_step_has_a_colour_and_dashes_of_its_own() {
    let steps = [
        Step::Upload,
        Step::FIRST,
        Step::CACHED,
        Step::Read { ordinal: 3 },
        Step::ControlUpload,
        Step::Control,
    ];
    let style = include_str!("style.css");
    let look = |step, repeats| {
        let kind = series::kind(step, repeats);
        let rule = |start: String| style.lines().find(|line| line.starts_with(&start)).map(str::to_owned);
        let colour = rule(format!(".k{kind} {{")).and_then(|rule| Some(rule.split_once('{')?.1.to_owned()));
        let dashes =
            rule(format!(".line.k{kind} {{")).and_then(|rule| Some(rule.split_once('{')?.1.to_owned()));
        (colour.expect("a colour"), dashes)
    };
    let looks: Vec<_> =
        steps.iter().flat_map(|&step| [false, true].map(|repeats| look(step, repeats))).collect();
    for (position, (colour, dashes)) in looks.iter().enumerate() {
        for (other_colour, other_dashes) in &looks[..position] {
            assert!(colour != other_colour && dashes != other_dashes, "{colour} {dashes:?}");
        }
    }
}

#[test]
fn all_distributions_are_on_one_scale() {
    let page = page(&evidenced());
    let figures =
        page.split("<figure>").filter(|figure| figure.contains(": distribution of response times<"));
    let ticks = |figure: &str| {
        let names = figure.split("<text ").filter(|label| label.contains("y=\"205\"")).map(|label| {
            label.split_once('>').and_then(|(_, rest)| rest.split_once('<')).unwrap().0.to_owned()
        });
        names.collect::<Vec<_>>()
    };
    let scales: Vec<_> = figures.map(ticks).collect();
    assert!(scales.len() >= 4 && scales[0].len() >= 2, "{scales:?}");
    assert!(scales.iter().all(|scale| *scale == scales[0]), "{scales:?}");
}

#[test]
fn the_timeline_has_the_offered_rate_p95_and_the_thresholds() {
    let samples: Vec<_> = (0..400).flat_map(fixtures::journey).collect();
    let mut report = fixtures::report(400, &samples);
    let rate = Stages::constant(40.0);
    report.plan.phases[0].load = Load::Open { rate, arrivals: Arrivals::Uniform, max_in_flight: 100 };
    report.plan.thresholds =
        ["upload.p95<2s", "cached.p50<1s", "first.rate>1/s"].map(|text| text.parse().unwrap()).to_vec();
    let page = page(&report);
    let charts = [
        ("Successes per second", "offered</li>"),
        ("Successes per second", "first.rate&gt;1/s</text>"),
        ("Median response time", "cached.p50&lt;1s</text>"),
        ("p95 of response times", "upload.p95&lt;2s</text>"),
        ("p95 of response times", "class=\"limit k0\""),
    ];
    for (heading, part) in charts {
        let caption = format!("<figcaption>{heading}");
        let figure = page.split("<figure>").find(|figure| figure.starts_with(&caption));
        assert!(figure.is_some_and(|figure| figure.contains(part)), "{part} on {heading}: {figure:?}");
    }
    assert!(!super::report(&eventful(), &Summary::of(&eventful())).contains("offered</li>"), "a closed loop");
}

#[test]
fn load_and_servers_stand_above_everything() {
    let page = page(&evidenced());
    let (above, _) = page.split_once("class=\"cards\"").unwrap();
    for words in ["8 at a time", "publisher http://publisher.test:31415", "http://one.test, http://two.test"]
    {
        assert!(above.contains(words), "{words}: {above}");
    }
}

#[test]
fn rows_that_end_in_words_stack_on_a_phone_with_the_titles_of_their_columns() {
    let section = |page: &str, id: &str| {
        let start = format!("id=\"{id}\"");
        page.split("<section ").find(|part| part.starts_with(&start)).expect("the section").to_owned()
    };
    for (report, id, head) in [(eventful(), "failures", "count"), (evidenced(), "by-size", "per MiB")] {
        let page = page(&report);
        let wanted = section(&page, id);
        assert!(wanted.contains("class=\"scroll stacked\""), "{id}");
        assert!(wanted.contains(&format!("data-head=\"{head}\"")), "{id}: {wanted}");
        let steps = section(&page, "steps");
        let (first, _) = steps.split_once("</table>").expect("the table of numbers");
        assert!(!first.contains("data-head"), "numbers side by side stay so");
    }
}
