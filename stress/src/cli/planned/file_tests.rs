//! Plan files, sound and unsound: what is wrong is told with its line, its key and a hint.

use super::*;

fn wrong_with(text: &str) -> String {
    read("plan.toml", text).unwrap_err().to_string()
}

fn words_of<'a>(layer: &'a Layer, key: &str) -> &'a Value {
    &layer[key].value
}

fn typed(words: &[&str]) -> Value {
    Value::Words(words.iter().map(|&word| word.to_owned()).collect())
}

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
        threshold = ["upload.p99<20s"]
        bearer = "$TOKEN"

        [[phase]]
        rate = "10/s"
        duration = "30s"

        [[phase]]
        name = "burst"
        stages = "10/s..50/s:1m"
    "#;
    let file = read("plan.toml", text).unwrap();
    for (key, expected) in [
        ("publisher", typed(&["http://a", "http://b"])),
        ("blobs", typed(&["100"])),
        ("size", typed(&["100KiB..1MiB"])),
        ("duplicates", typed(&["0.25"])),
        ("permanent", Value::Switch(true)),
        ("force", Value::Switch(false)),
        ("export", Value::Switch(true)),
        ("steps", typed(&["upload,first"])),
        ("threshold", typed(&["upload.p99<20s"])),
        ("bearer", typed(&["$TOKEN"])),
    ] {
        assert_eq!(words_of(&file.shared, key), &expected, "{key}");
    }
    let names: Vec<_> = file.phases.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["phase1", "burst"]);
    assert_eq!(words_of(&file.phases[0].1, "rate"), &typed(&["10/s"]));
    assert_eq!((file.shared["blobs"].line, file.phases[1].1["stages"].line), (Some(3), Some(19)));
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_its_key() {
    for (text, told) in [
        ("\nblobs = ", "plan.toml, line 2: "),
        ("blobs = 1\nblobs = 2", "plan.toml, line 2: duplicate key"),
        ("\n\nmin_size = 3", "plan.toml, line 3, min_size: there is no such key; is `min-size` meant?"),
        ("concurency = 3", "plan.toml, line 1, concurency: there is no such key; is `concurrency` meant?"),
        (
            "zzz = 3",
            "plan.toml, line 1, zzz: there is no such key; the keys are the flags of `walrus-stress run",
        ),
        ("plan = \"x\"", "plan.toml, line 1, plan: there is no such key"),
        ("help = true", "plan.toml, line 1, help: there is no such key"),
        ("size = \"9XB\"", "plan.toml, line 1, size: the unit `XB` is unknown"),
        ("size = \"2KiB..1KiB\"", "plan.toml, line 1, size: `2KiB..1KiB` ends below its start"),
        ("rate = 10", "plan.toml, line 1, rate: `10` is not a rate"),
        ("duration = 30", "plan.toml, line 1, duration: `30` needs a unit, as in 30s"),
        ("content = \"blue\"", "plan.toml, line 1, content: `blue` is none of binary, text, mixed"),
        ("threshold = \"upload.p98<1s\"", "plan.toml, line 1, threshold: `p98` is no metric"),
        ("publisher = \"localhost\"", "plan.toml, line 1, publisher: is not a whole address"),
        ("blobs = true", "plan.toml, line 1, blobs: takes a value, not true or false"),
        ("force = \"yes\"", "plan.toml, line 1, force: is true or false"),
        ("blobs = [1, 2]", "plan.toml, line 1, blobs: takes one value, not a list"),
        ("blobs = 1979-05-27", "plan.toml, line 1, blobs: is text in quotes or a number, not datetime"),
        ("bearer = \"s3cret\"", "plan.toml, line 1, bearer: a plan file holds no token"),
        ("header = [\"X-Key: s3cret\"]", "plan.toml, line 1, header: a plan file holds no header's value"),
        ("publisher = \"http://a:s3cret@b\"", "plan.toml, line 1, publisher: holds a user or a password"),
        ("phase = 3", "plan.toml, line 1, phase: a phase is written as a table, [[phase]]"),
        (
            "[[phase]]\nseed = 3",
            "plan.toml, line 2, seed: is for the whole run: put it above the first [[phase]]",
        ),
        ("[[phase]]\nsteeps = 3", "plan.toml, line 2, steeps: there is no such key; is `steps` meant?"),
        ("[[phase]]\nname = \"a b\"", "plan.toml, line 2, name: is up to 30 letters"),
        ("[[phase]]\nname = \"a\"\n[[phase]]\nname = \"a\"", "there are two phases with the name `a`"),
    ] {
        let error = wrong_with(text);
        assert!(error.contains(told), "{text}: {error}");
        assert!(!error.contains("s3cret") && error.lines().count() == 1, "{error}");
    }
}
