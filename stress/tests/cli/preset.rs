//! The official performance tests as a preset, and phases that read what an earlier one has stored.

use serde_json::{Value, json};
use tests::{Bottle, GET_BLOB, PUT_BLOB};

use crate::{
    bad_input::refuses,
    common::{Ran, Run},
};

fn plan(line: &str) -> Ran {
    let targets = "--publisher http://publisher.test --aggregator http://aggregator.test --seed 1";
    Run::bare().command("plan").line(targets).line(line).go().exits(0)
}

fn json_plan(line: &str) -> Value {
    let ran = plan(&format!("{line} --format json"));
    serde_json::from_str::<Value>(&ran.stdout).expect("JSON")["plan"].clone()
}

fn phase<'a>(plan: &'a Value, name: &str) -> &'a Value {
    let phases = plan["phases"].as_array().expect("phases");
    phases.iter().find(|phase| phase["name"] == name).unwrap_or_else(|| panic!("no phase {name}"))
}

fn has_threshold(plan: &Value, threshold: &str) -> bool {
    plan["thresholds"].as_array().expect("thresholds").iter().any(|one| one == threshold)
}

#[test]
fn the_preset_has_the_matrix_of_the_official_suite() {
    for (environment, up, down) in
        [("localhost", 10, 10), ("testnet", 20, 250), ("baseline", 83, 330), ("latency", 28, 280)]
    {
        let plan = json_plan(&format!("--preset walrus-performance:{environment}"));
        assert_eq!(plan["phases"].as_array().map(Vec::len), Some(20), "{environment}");
        for (name, rate) in [("upload-rate-1KiB", up), ("download-rate-1KiB", down)] {
            let stages = phase(&plan, name)["load"]["rate"].as_array().cloned().expect("stages");
            assert_eq!(stages.len(), 10, "five stages, each grown to and held");
            let level = |stage: usize| stages[stage]["to"].as_f64().expect("a rate") * 60.0;
            assert!((level(1) - f64::from(rate)).abs() < 1e-9, "{environment} {name}");
            // 5 % more, and at least one a minute.
            assert!(level(3) - level(1) > 0.99 && level(3) <= level(1) * 1.05 + 1.0, "{environment} {name}");
        }
    }
    let plan = json_plan("--preset walrus-performance:testnet");
    assert_eq!(plan["unsupported_percentiles"], "judge");
    for (name, bytes, blobs, workers) in [
        ("upload-1KiB", 1_024, 20, 1),
        ("upload-10MiB", 10_485_760, 20, 1),
        ("upload-100MiB", 104_857_600, 10, 1),
        ("upload-2GiB", 2_147_483_648_u64, 1, 1),
    ] {
        let phase = phase(&plan, name);
        assert_eq!(phase["sizes"], json!({ "min_bytes": bytes, "max_bytes": bytes }), "{name}");
        assert_eq!(
            (&phase["stop"]["blobs"], &phase["load"]["workers"]),
            (&json!(blobs), &json!(workers)),
            "{name}"
        );
    }
    for (name, of, workers, reads) in [
        ("download-1KiB", "upload-1KiB", 3, 1),
        ("download-10MiB", "upload-10MiB", 3, 1),
        ("download-100MiB", "upload-100MiB", 1, 1),
        ("download-500MiB", "upload-500MiB", 1, 10),
    ] {
        let phase = phase(&plan, name);
        assert_eq!(
            (&phase["source"]["from"], &phase["source"]["name"]),
            (&json!("phase"), &json!(of)),
            "{name}"
        );
        assert_eq!(phase["load"]["workers"], json!(workers), "{name}");
        assert_eq!(phase["journey"].as_array().map(Vec::len), Some(reads), "{name}");
    }
    for threshold in [
        "upload-1KiB:upload.p95<20s",
        "upload-10MiB:upload.p95<40s",
        "upload-2GiB:upload.p95<500s",
        "download-1KiB:*.p95<2s",
        "download-rate-100MiB:cached.p95<35s",
        "upload-rate-100MiB:upload.failures<=5%",
    ] {
        assert!(has_threshold(&plan, threshold), "{threshold}: {}", plan["thresholds"]);
    }
}

#[test]
fn larger_blobs_are_left_out_and_flags_win() {
    let plan =
        json_plan("--preset walrus-performance:baseline --sizes-up-to 10MiB --upload-timeout 1m --epochs 3");
    let names: Vec<_> =
        plan["phases"].as_array().expect("phases").iter().map(|phase| phase["name"].clone()).collect();
    assert_eq!(names.len(), 10);
    assert!(names.iter().all(|name| !name.as_str().expect("a name").contains("100MiB")), "{names:?}");
    assert_eq!(
        (&plan["limits"]["upload_timeout_seconds"], &plan["store"]["epochs"]),
        (&json!(60.0), &json!(3))
    );
}

#[test]
fn the_plan_file_of_a_preset_gives_the_same_plan() {
    let line = "--preset walrus-performance:latency --sizes-up-to 1MiB";
    let toml = plan(&format!("{line} --format toml")).stdout;
    assert!(toml.contains("blobs-of = \"upload-1KiB\""), "{toml}");
    let again = Run::bare()
        .file("plan.toml", &toml)
        .command("plan")
        .line("--plan plan.toml --format json")
        .go()
        .exits(0);
    let again: Value = serde_json::from_str(&again.stdout).expect("JSON");
    assert_eq!(again["plan"], json_plan(line));
}

#[test]
fn a_preset_runs_from_its_uploads_to_its_downloads() {
    let bottle = Bottle::start();
    let line = "--preset walrus-performance:localhost --sizes-up-to 1KiB -n 1";
    let ran = Run::new(&bottle).line(line).go().exits(0);
    let report = ran.report();
    let done = ["upload", "first", "cached"].map(|step| report.total(step, "done"));
    assert_eq!(done, [2, 1, 1]);
    assert!(ran.stdout.contains("unsupported"), "{}", ran.stdout);
}

#[test]
fn a_phase_reads_what_an_earlier_one_has_stored() {
    let bottle = Bottle::start();
    let text = r#"
        [[phase]]
        name = "small"
        steps = ["upload"]
        size = "1KiB"
        blobs = 4
        [[phase]]
        name = "large"
        steps = ["upload"]
        size = "20KiB"
        blobs = 2
        [[phase]]
        name = "small-reads"
        blobs-of = "small"
        steps = ["first"]
        [[phase]]
        name = "rounds"
        blobs-of = "small"
        steps = ["cached"]
        blobs = 11
        [[phase]]
        name = "all"
        blobs-of = "large"
        reads = 3
    "#;
    let ran = Run::new(&bottle).file("plan.toml", text).line("--plan plan.toml --export -q").go().exits(0);
    let report = ran.report();
    let of = |phase: &str, step: &str| {
        let steps = report.0["steps"].as_array().expect("steps");
        let found = steps.iter().find(|one| one["phase"] == phase && one["step"] == step);
        found.map(|one| (one["done"].clone(), one["bytes_received"].clone())).expect("the step")
    };
    assert_eq!(of("small-reads", "first"), (json!(4), json!(4 * 1_024)));
    assert_eq!(of("rounds", "cached"), (json!(11), json!(11 * 1_024)));
    for step in ["first", "cached", "read3"] {
        assert_eq!(of("all", step), (json!(2), json!(2 * 20_480)), "{step}");
    }
    assert_eq!(bottle.publisher_stats().route(PUT_BLOB).status(200), 6);
    assert_eq!(bottle.aggregator_stats().route(GET_BLOB).status(200), 4 + 11 + 6);
}

#[test]
fn what_is_no_preset_or_no_phase_is_refused() {
    for (line, words) in [
        (
            &["--preset", "walrus-performance:moon"][..],
            &["--preset", "localhost, testnet, baseline, latency"][..],
        ),
        (&["--preset", "k6"], &["--preset", "walrus-performance:"]),
        (&["--preset", "walrus-performance:testnet", "--plan", "plan.toml"], &["--plan", "--preset"]),
        (&["--sizes-up-to", "1MiB"], &["--preset"]),
        (
            &["--preset", "walrus-performance:testnet", "--sizes-up-to", "1B"],
            &["--sizes-up-to", "leaves no blob"],
        ),
    ] {
        refuses(line, words);
    }
    let refused = |of: &str, more: &str| {
        let text = format!(
            "[[phase]]\nname = \"a\"\nsteps = [\"upload\"]\nblobs = 1\n[[phase]]\nname = \"b\"\nblobs-of = \"{of}\"\n{more}\n"
        );
        let run = Run::between("http://127.0.0.1", "http://127.0.0.1").file("plan.toml", &text);
        run.line("--plan plan.toml --no-check").go().exits(2).stderr
    };
    assert!(refused("c", "").contains("`c` is no phase before this one"));
    assert!(refused("b", "").contains("`b` is no phase before this one"));
    assert!(refused("a", "steps = [\"upload\"]").contains("cannot upload the blobs of an earlier phase"));
    assert!(refused("a", "warm-up = 1").contains("cannot be read by a warm-up"));
}
