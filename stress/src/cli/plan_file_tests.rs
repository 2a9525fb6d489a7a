//! Plan files, sound and unsound: an error names its line and its key, and gives a hint.

use toml::Value;

use super::*;
use crate::fixtures::damaged;

#[test]
fn keys_are_flags_and_values_are_as_they_are_typed() {
    let text = r#"
        publisher = ["http://a", "http://b"]
        blobs = 100
        size = "100KiB..1MiB"
        duplicates = 0.25
        permanent = true
        force = false
        export = true
        steps = ["upload", "first"]
        threshold = "upload.p99<20s"
        bearer = "$TOKEN"

        [[phase]]
        rate = "10/s"
        duration = "30s"

        [[phase]]
        name = "burst"
        stages = "10/s..50/s:1m,50/s:1m"
    "#;
    let file = read("plan.toml", text).unwrap();
    let list = |texts: &[&str]| Value::from(texts.to_vec());
    for (key, expected) in [
        ("publisher", list(&["http://a", "http://b"])),
        ("blobs", 100.into()),
        ("size", "100KiB..1MiB".into()),
        ("duplicates", 0.25.into()),
        ("permanent", true.into()),
        ("export", "stress_test_summary.json".into()),
        ("steps", list(&["upload", "first"])),
        ("threshold", list(&["upload.p99<20s"])),
        ("bearer", "$TOKEN".into()),
    ] {
        assert_eq!(file.shared[key].value, expected, "{key}");
    }
    assert!(!file.shared.contains_key("force"));
    let names: Vec<_> = file.phases.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["phase1", "burst"]);
    assert_eq!(file.phases[0].1["rate"].value, "10/s".into());
    let stages = &file.phases[1].1["stages"];
    assert_eq!(stages.value, list(&["10/s..50/s:1m", "50/s:1m"]));
    assert_eq!(
        (file.shared["blobs"].place.as_str(), stages.place.as_str()),
        ("plan.toml, line 3, blobs", "plan.toml, line 19, stages")
    );
}

#[test]
fn an_error_names_its_line_and_its_key() {
    for (text, expected) in [
        ("\nblobs = ", "plan.toml, line 2: "),
        ("blobs = 1\nblobs = 2", "plan.toml, line 2: duplicate key"),
        ("\n\nmin_size = 3", "plan.toml, line 3, min_size: unknown key; did you mean `min-size`?"),
        ("concurency = 3", "plan.toml, line 1, concurency: unknown key; did you mean `concurrency`?"),
        ("zzz = 3", "plan.toml, line 1, zzz: unknown key; the keys are the flags of `walrus-stress run"),
        ("plan = \"x\"", "plan.toml, line 1, plan: unknown key"),
        ("help = true", "plan.toml, line 1, help: unknown key"),
        ("size = \"9XB\"", "plan.toml, line 1, size: the unit `XB` is unknown"),
        ("size = \"2KiB..1KiB\"", "plan.toml, line 1, size: `2KiB..1KiB` ends below its start"),
        ("rate = 10", "plan.toml, line 1, rate: `10` is not a rate"),
        ("duration = 30", "plan.toml, line 1, duration: `30` needs a unit, as in 30s"),
        ("content = \"blue\"", "plan.toml, line 1, content: `blue` is none of binary, text, mixed"),
        ("threshold = \"upload.p98<1s\"", "plan.toml, line 1, threshold: `p98` is not a metric"),
        ("publisher = \"localhost\"", "plan.toml, line 1, publisher: is not a whole address"),
        ("blobs = true", "plan.toml, line 1, blobs: must be text in quotes or a number, not boolean"),
        ("force = \"yes\"", "plan.toml, line 1, force: must be true or false"),
        ("blobs = [1, 2]", "plan.toml, line 1, blobs: must be text in quotes or a number, not array"),
        ("blobs = 1979-05-27", "plan.toml, line 1, blobs: not a whole number"),
        ("blobs = { a = 1 }", "plan.toml, line 1, blobs: must be text in quotes or a number, not table"),
        ("bearer = \"s3cret\"", "plan.toml, line 1, bearer: a plan file holds no token"),
        ("header = [\"X-Key: s3cret\"]", "plan.toml, line 1, header: a plan file holds no header's value"),
        ("publisher = \"http://a:s3cret@b\"", "plan.toml, line 1, publisher: holds a user or a password"),
        (
            "size = \"1KiB\"\nmin-size = 1",
            "plan.toml, line 1, size: --size cannot be used with --min-size: --size sets both",
        ),
        ("phase = 3", "plan.toml, line 1, phase: a phase is written as a table, [[phase]]"),
        (
            "[[phase]]\nseed = 3",
            "plan.toml, line 2, seed: is for the whole run: put it above the first [[phase]]",
        ),
        ("[[phase]]\nsteeps = 3", "plan.toml, line 2, steeps: unknown key; did you mean `steps`?"),
        ("[[phase]]\nname = \"a b\"", "plan.toml, line 2, name: is up to 30 letters"),
        ("[[phase]]\nname = \"a\"\n[[phase]]\nname = \"a\"", "there are two phases with the name `a`"),
    ] {
        let error = read("plan.toml", text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
        assert!(!error.contains("s3cret") && error.lines().count() == 1, "{error}");
    }
}

#[test]
fn damaged_plan_files_are_refused_or_read_and_never_end_the_program() {
    let text = "publisher = [\"http://a\"]\nsize = \"1KiB..1MiB\"\nduplicates = 0.25\nsteps = [\"upload\", \"after:1s..2s\"]\n\
                again = [\"5s\"]\n[[phase]]\nname = \"a\"\nrate = \"10/s\"\nduration = \"30s\"\nthreshold = \"upload.p99<20s\"\n";
    damaged(text, |text| {
        if let Err(error) = read("plan.toml", &text) {
            assert!(error.to_string().contains("plan.toml"), "{error}\n{text}");
        }
    });
}
