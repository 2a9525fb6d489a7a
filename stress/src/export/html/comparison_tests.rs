//! The page of a comparison says what its JSON says, and draws each interval where it lies.

use std::time::Duration;

use serde_json::Value as Json;

use super::*;
use crate::{
    export::json,
    plan::{journey::Step, percentile::Percentile, threshold::Quantity},
    report::compare::{Difference, LimitOutcome, LimitResult, Number, Run, StepName, Value, Verdict},
};

const HOSTILE: &str = "<script>alert('&\"')</script>";

fn number(quantity: Quantity, values: (f64, f64), interval: (f64, f64), verdict: Verdict) -> Number {
    let value = |value| Some(Value { value, lower_bound: false });
    let (before, after) = values;
    let relative = if quantity == Quantity::Failures { after - before } else { after / before - 1.0 };
    Number {
        name: StepName { phase: "main".to_owned(), step: Step::CACHED, repeats: false },
        quantity,
        before: value(before),
        after: value(after),
        change: Some(relative),
        interval: Some(interval),
        verdict,
        has: Duration::from_secs(60),
        needs: Some(Duration::from_secs(140)),
    }
}

fn comparison(name: &str) -> Comparison {
    let run = || Run {
        name: name.to_owned(),
        started_at: name.to_owned(),
        elapsed: Duration::from_secs(60),
        seed: 7,
    };
    let (p50, p95) = (Quantity::Percentile(Percentile::P50), Quantity::Percentile(Percentile::P95));
    let few = Verdict::NotEnoughData { has: Duration::from_secs(60), needs: Duration::from_secs(300) };
    let worse = number(p50, (0.01, 0.012), (0.1, 0.3), Verdict::Worse);
    let mut unknown = number(Quantity::Mean, (0.02, 0.021), (0.0, 0.0), few);
    unknown.interval = None;
    Comparison {
        before: vec![run()],
        after: vec![run()],
        differences: vec![Difference { what: name.to_owned(), before: Some(name.to_owned()), after: None }],
        notes: vec![name.to_owned()],
        relevance: 0.02,
        limits: vec![LimitResult {
            limit: "cached.p50>+5%".parse().unwrap(),
            outcome: LimitOutcome::Broken,
            number: worse.clone(),
        }],
        numbers: vec![
            worse,
            number(p95, (0.05, 0.051), (-0.1, 7.0), Verdict::NoEvidence),
            unknown,
            number(Quantity::Rate, (10.0, 15.0), (0.4, 0.6), Verdict::Better),
            number(Quantity::Throughput, (1e6, 1.001e6), (0.0, 0.003), Verdict::NoRelevantChange),
            number(Quantity::Failures, (0.0, 0.001), (-0.0004, 0.0024), Verdict::NoEvidence),
        ],
    }
}

fn page(comparison: &Comparison) -> String {
    super::comparison(comparison)
}

#[test]
fn every_number_is_that_of_the_json() {
    let comparison = comparison("a.json");
    let page = page(&comparison);
    let document: Json = serde_json::from_str(&json::comparison(&comparison)).unwrap();
    let mut found = 0;
    for data in page.split("<data value=\"").skip(1) {
        let (value, rest) = data.split_once("\" data-json=\"").unwrap();
        let pointer = rest.split_once('"').unwrap().0;
        let expected = document.pointer(pointer).and_then(Json::as_f64);
        assert_eq!(value.parse::<f64>().ok(), expected, "{pointer}");
        found += 1;
    }
    assert_eq!(found, 6 * 5 - 2, "each number has five, the one without an interval three");
}

#[test]
fn verdicts_have_words_and_shapes() {
    let page = page(&comparison("a.json"));
    for (class, words) in [("bad", "✕ worse"), ("good", "✓ better"), ("care", "! not enough data")] {
        assert!(page.contains(&format!("<strong class=\"{class}\">{words}</strong>")), "{words}");
    }
    for words in ["same", "no evidence"] {
        assert!(page.contains(&format!("<td><span>{words}</span></td>")), "{words}");
    }
    for words in [
        "worse: cached p50; better: cached rate; 1 of 1 limit failed",
        "<strong class=\"bad\">✕ FAILED</strong>",
        "+20 % (+10…+30 %)",
        "not enough data in 60.0 s: each run should take about 300 s",
        "to see a change of 10 %, runs should take about: p95 140 s",
        "count changes from 2 % on",
        "! a.json</strong>",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    // Four intervals in percent and one in points, each with its shape; the one that reaches far is an arrow.
    assert_eq!(page.matches("class=\"mark ").count(), 5);
    assert_eq!(page.matches("<path d=\"M393").count() + page.matches("<path d=\"M383").count(), 1, "{page}");
    assert_eq!(page.matches("role=\"img\"").count(), 2);
}

#[test]
fn an_interval_is_drawn_where_it_lies() {
    let mut one = comparison("a.json");
    one.numbers = vec![number(Quantity::Mean, (1.0, 1.2), (0.0, 0.38), Verdict::NoEvidence)];
    let page = page(&one);
    // From -2 % less a twentieth of 40 to 38 % and as much more: -4 to 40 over 96 to 388 pixels.
    let interval = "<line x1=\"122.5\" y1=\"39\" x2=\"374.7\" y2=\"39\" class=\"interval plain\">";
    assert!(page.contains(interval), "{page}");
    assert!(page.contains("<line x1=\"122.5\" y1=\"6\" x2=\"122.5\" y2=\"50\" class=\"base\">"), "{page}");
    assert!(page.contains("d=\"M255.3 39m-4.5 0a"), "{page}");
}

#[test]
fn nothing_in_it_is_markup_that_came_from_elsewhere() {
    let (hostile, harmless) = (page(&comparison(HOSTILE)), page(&comparison("x")));
    assert_eq!(hostile.matches('<').count(), harmless.matches('<').count());
    assert!(
        !hostile.contains("<script") && hostile.contains("&lt;script&gt;alert(&#39;&amp;&quot;"),
        "{hostile}"
    );
    for loading in ["<link", "<img", "@import", "url(", " src="] {
        assert!(!hostile.contains(loading), "{loading}");
    }
}

#[test]
fn runs_that_have_nothing_in_common_have_a_page_too() {
    let mut nothing = comparison("a.json");
    (nothing.numbers, nothing.limits) = (Vec::new(), Vec::new());
    let page = page(&nothing);
    assert!(page.contains("nothing to compare") && !page.contains("id=\"numbers\""), "{page}");
    assert!(!page.contains("NaN") && !page.contains("inf"), "{page}");
}
