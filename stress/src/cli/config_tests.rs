//! Configurations of flags and files: which value wins, and that a described plan is read back as the same plan.

use std::fs;

use clap::FromArgMatches;
use tempfile::TempDir;

use super::*;
use crate::{
    cli::{
        args::{Args, Command},
        describe, plan_file, usage,
        values::WriteTo,
    },
    fixtures,
    plan::{load::Load, retry::Retries, sizes::Sizes},
    report::Report,
};

/// The configuration of this line of `walrus-stress run`.
fn config(line: &[&str]) -> Result<Config, Error> {
    let words = ["walrus-stress", "run"].iter().chain(line);
    let matches = usage::command().try_get_matches_from(words).unwrap();
    let Command::Run(run) = Args::from_arg_matches(&matches).unwrap().command else { unreachable!() };
    Config::load(&run, Overrides::default())
}

fn plan(line: &[&str]) -> Plan {
    config(line).and_then(|config| config.plan(None)).unwrap()
}

/// The plan of the line with this plan file; `--plan` comes first.
fn with_file(text: &str, line: &[&str]) -> Result<Plan, Error> {
    let dir = tempfile::tempdir().unwrap();
    let path = saved(&dir, "plan.toml", text);
    let line: Vec<_> = ["--plan", &path].into_iter().chain(line.iter().copied()).collect();
    config(&line)?.plan(None)
}

fn saved(dir: &TempDir, name: &str, text: &str) -> String {
    let path = dir.path().join(name);
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

const TARGETS: &str = "publisher = \"http://p.test\"\naggregator = \"http://a.test\"\n";

#[test]
fn flags_override_the_file_and_what_they_exclude() {
    let text = format!(
        "{TARGETS}rate = \"10/s\"\narrivals = \"poisson\"\nduration = \"30s\"\nmin-size = \"1KiB\"\nmax-size = \"2KiB\"\n\
         seed = 7\nuser-agent = \"file\""
    );
    let file = with_file(&text, &[]).unwrap();
    assert!(matches!(&file.phases[0].load, Load::Open { rate, .. } if rate.peak() == 10.0), "{file:?}");
    assert_eq!((file.seed, file.limits.user_agent.as_str()), (7, "file"));
    let flags = with_file(&text, &["-c", "3", "--size", "9B", "--seed", "8"]).unwrap();
    let phase = &flags.phases[0];
    assert_eq!((&phase.load, phase.sizes), (&Load::closed(3), Sizes { min: 9, max: 9 }));
    assert_eq!((flags.seed, flags.limits.user_agent.as_str()), (8, "file"));
    assert_eq!(phase.stop.duration.map(|time| time.as_secs()), Some(30));
    // A default overrides nothing; a flag with the default's value does.
    let text = format!("{TARGETS}grace = \"7s\"");
    assert_eq!(with_file(&text, &[]).unwrap().phases[0].grace.as_secs(), 7);
    assert_eq!(with_file(&text, &["--grace", "30s"]).unwrap().phases[0].grace.as_secs(), 30);
}

#[test]
fn retries_that_a_flag_switches_off_need_no_wait() {
    let text = format!("{TARGETS}retries = 3\nbackoff = \"250ms\"");
    assert_eq!(with_file(&text, &["--retries", "0"]).unwrap().retries, Retries::default());
    assert_eq!(
        with_file(&format!("{TARGETS}backoff = \"250ms\""), &["--retries", "1"]).unwrap().retries.most,
        1
    );
    let error = with_file(&format!("{TARGETS}backoff = \"250ms\""), &[]).unwrap_err().to_string();
    assert!(error.contains("--backoff needs --retries"), "{error}");
}

#[test]
fn a_phase_that_goes_round_a_list_leaves_all_of_it_to_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let ids: Vec<_> = (0..10).map(fixtures::id).collect();
    let list = saved(&dir, "ids.txt", &ids.join("\n"));
    let text = format!(
        "aggregator = \"http://a.test\"\nblob-ids = {list:?}\n\
         [[phase]]\nname = \"warm\"\nsteps = \"cached\"\nblobs = 25\n\
         [[phase]]\nname = \"some\"\nsteps = \"first\"\nblobs = 4\n\
         [[phase]]\nname = \"rest\"\nsteps = [\"first\", \"cached\"]\n"
    );
    let path = saved(&dir, "plan.toml", &text);
    let config = config(&["--plan", &path]).unwrap();
    let plan = config.plan(config.list().unwrap().as_ref()).unwrap();
    let blobs: Vec<_> = plan.phases.iter().map(|phase| phase.stop.blobs).collect();
    assert_eq!(blobs, [Some(25), Some(4), Some(6)]);
}

#[test]
fn a_rate_above_a_million_a_second_is_refused_wherever_it_comes_from() {
    let targets = ["--publisher", "http://p.test", "--aggregator", "http://a.test"];
    for (flag, value) in [
        ("--rate", "1000001/s"),
        ("--rate", "100000000/s"),
        ("--rate", "60000060/m"),
        ("--stages", "1/s..1000001/s:10s"),
    ] {
        let line = [&targets[..], &[flag, value, "--duration", "1s"]].concat();
        let error = config(&line).and_then(|config| config.plan(None)).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{flag} must be at most 1,000,000/s")), "{value}: {error}");
        let text = format!("{TARGETS}duration = \"1s\"\n{} = {value:?}\n", &flag[2..]);
        let error = with_file(&text, &[]).unwrap_err().to_string();
        assert!(error.contains("plan.toml, line 4") && error.contains("at most 1,000,000/s"), "{error}");
    }
    plan(&[&targets[..], &["--rate", "1000000/s", "--duration", "1s"]].concat());
}

const PHASES: &str = "size = \"1KiB\"\nthreshold = \"*.failures<1%\"\nconcurrency = 2\n\
    [[phase]]\nname = \"calm\"\nblobs = 10\nwarm-up = 3\n\
    [[phase]]\nname = \"storm\"\nrate = \"50/s\"\nduration = \"10s\"\nsize = \"2KiB\"\nthreshold = \"upload.p50<1s\"\n";

#[test]
fn phases_set_what_differs_and_share_the_rest() {
    let plan = with_file(&format!("{TARGETS}{PHASES}"), &[]).unwrap();
    let phases: Vec<_> =
        plan.phases.iter().map(|p| (p.name.as_str(), p.sizes.max, p.stop.blobs, p.warm_up)).collect();
    let expected = [
        ("calm warm-up", 1024, Some(3), true),
        ("calm", 1024, Some(10), false),
        ("storm", 2048, None, false),
    ];
    assert_eq!(phases, expected);
    assert_eq!(plan.phases[1].load, Load::closed(2));
    assert!(matches!(plan.phases[2].load, Load::Open { .. }));
    let thresholds: Vec<_> = plan.thresholds.iter().map(ToString::to_string).collect();
    assert_eq!(thresholds, ["*.failures<1%", "storm:upload.p50<1s"]);
}

#[test]
fn a_flag_may_change_all_phases_but_not_make_them_the_same() {
    let text = format!("{TARGETS}{PHASES}");
    let plan = with_file(&text, &["--size", "5B", "-n", "4"]).unwrap();
    assert!(plan.phases.iter().all(|phase| phase.sizes.max == 5));
    assert_eq!((plan.phases[1].stop.blobs, plan.phases[2].stop.blobs), (Some(4), Some(4)));
    for (flag, value, phase) in [("--rate", "1/s", "storm"), ("-c", "9", "storm"), ("--warm-up", "9", "calm")]
    {
        let error = with_file(&text, &[flag, value]).unwrap_err().to_string();
        let long = if flag == "-c" { "--concurrency" } else { flag };
        assert!(
            error.starts_with(long) && error.contains(&format!("phase `{phase}` sets another value")),
            "{error}"
        );
    }
    // No phase sets steps.
    assert_eq!(with_file(&text, &["--steps", "upload"]).unwrap().phases[2].journey.steps.len(), 1);
}

#[test]
fn the_only_phase_of_a_file_is_the_run() {
    let text = format!(
        "{TARGETS}rate = \"3/s\"\nthreshold = \"*.failures<1%\"\n\
         [[phase]]\nname = \"only\"\nconcurrency = 2\nthreshold = \"upload.p50<1s\""
    );
    let plan = with_file(&text, &[]).unwrap();
    assert_eq!((plan.phases.len(), plan.phases[0].name.as_str()), (1, "only"));
    assert_eq!(plan.phases[0].load, Load::closed(2));
    let thresholds: Vec<_> = plan.thresholds.iter().map(ToString::to_string).collect();
    assert_eq!(thresholds, ["*.failures<1%", "upload.p50<1s"]);
    // With one phase, no flag makes phases alike.
    assert!(matches!(with_file(&text, &["--rate", "1/s"]).unwrap().phases[0].load, Load::Open { .. }));
    let text = describe::toml(&plan, &config(&[]).unwrap().effective).unwrap();
    assert_eq!(with_file(&text, &[]).unwrap(), plan, "{text}");
}

#[test]
fn errors_of_a_file_name_their_place() {
    for (text, expected) in [
        ("steps = \"first,first\"", "plan.toml, line 3, steps: --steps names first twice"),
        ("epochs = 99", "plan.toml, line 3, epochs: --epochs is 99"),
        ("[[phase]]\nrate = \"0/s\"", "plan.toml, line 4, rate: --rate must be more than 0"),
        (
            "threshold = \"read3.p50<1s\"",
            "plan.toml, line 3, threshold: --threshold `read3.p50<1s` is about read3",
        ),
        ("bearer = \"$NO_SUCH_VARIABLE_HERE\"", "plan.toml, line 3, bearer: the environment has no NO_SUCH"),
        ("blob-ids = \"a\"\nfrom-export = \"b\"", "cannot be used with --from-export"),
    ] {
        let error = with_file(&format!("{TARGETS}{text}"), &[]).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
    let error = with_file(&format!("{TARGETS}epochs = 9"), &["--epochs", "99"]).unwrap_err().to_string();
    assert!(error.starts_with("--epochs is 99"), "{error}");
}

/// Lines that together set everything that a plan has.
const LINES: [&str; 10] = [
    "",
    "--order phased -n 9 --warm-up 2 --retries 3 --retry-on not-found,legal --backoff 500ms --cache-header X-Edge-Result --threshold cached.failures<1%",
    "--retries 2 --backoff 10ms..1s --write csv=a.csv --write markdown=b.md --log x.log --metrics-listen 127.0.0.1:0",
    "-n 12 -c 3 --size 1KiB --seed 3 --shard 1/2 --order-control 20%",
    "--rate 1.5/s --arrivals poisson --max-in-flight 77 --duration 90s --warm-up 5 --grace 1500ms",
    "--stages 10/s:30s,10/s..50/s:1m --reads 4 --min-size 17B --max-size 3MiB --content text",
    "--concurrency-stages 8:30s,8..64:1m30s --warm-up 10s --duplicates 25% --verify size",
    "--epochs 3 --deletable --force --upload-timeout 1s --download-timeout 2m --connect-timeout 300ms",
    "--permanent --send-object-to 1111111111111111111111111111111111111111111111111111111111111111 --insecure",
    "--steps upload,first --user-agent me --expect-continue --threshold *.failures<1% --threshold upload.p99<20s --strict \
     --unsupported-percentiles judge",
];

#[test]
fn a_plan_written_as_a_file_is_the_same_plan_when_it_is_read() {
    let targets =
        ["--publisher", "http://p.test/x", "--publisher", "https://q.test", "--aggregator", "http://a.test"];
    let dir = tempfile::tempdir().unwrap();
    for line in LINES {
        let line: Vec<_> = targets.into_iter().chain(line.split_whitespace()).collect();
        let meant = config(&line).unwrap();
        let plan = meant.plan(None).unwrap();
        // A random seed is written, too.
        let text = describe::toml(&plan, &meant.effective).unwrap();
        let path = saved(&dir, "written.toml", &text);
        let again = config(&["--plan", &path]).unwrap();
        let plan_again = again.plan(None).unwrap();
        assert_eq!(plan_again, plan, "{text}");
        let output = |config: &Config| {
            let RunOptions { strict, write, log, metrics_listen, .. } = &config.run;
            let write: Vec<_> = write.iter().map(|to| WriteTo::clone(to)).collect();
            (*strict, write, log.as_deref().cloned(), metrics_listen.as_deref().copied())
        };
        assert_eq!(output(&again), output(&meant));
        assert_eq!(describe::toml(&plan_again, &again.effective).unwrap(), text);
    }
    let path = saved(&dir, "phases.toml", &format!("{TARGETS}{PHASES}"));
    let meant = config(&["--plan", &path]).unwrap();
    let plan = meant.plan(None).unwrap();
    let text = describe::toml(&plan, &meant.effective).unwrap();
    assert_eq!(with_file(&text, &[]).unwrap(), plan, "{text}");
}

#[test]
fn every_flag_has_its_key() {
    for arg in layer::schema().get_arguments() {
        let key = arg.get_long().unwrap();
        let value = if matches!(arg.get_action(), clap::ArgAction::SetTrue) { "3" } else { "true" };
        let error =
            plan_file::read("plan.toml", &format!("{key} = {value}")).err().map(|error| error.to_string());
        assert!(error.is_none_or(|error| !error.contains("unknown key")), "{key}");
    }
}

#[test]
fn a_report_is_repeated_and_asks_for_its_secrets_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let run = |secrets: bool| {
        let (publisher, mut line) = match secrets {
            true => (
                "https://me:s3cret@p.test",
                vec!["--header", "X-Key: s3cret", "--publisher-header", "Authorization: s3cret"],
            ),
            false => ("https://p.test", vec![]),
        };
        line.extend(["--publisher", publisher, "--aggregator", "http://a.test", "-n", "7", "--warm-up", "2"]);
        plan(&line)
    };
    for (secrets, name) in [(false, "plain.json"), (true, "secret.json")] {
        let report = Report { plan: run(secrets), ..fixtures::report(1, &[]) };
        let mut document = Vec::new();
        report.save(&mut document).unwrap();
        let path = saved(&dir, name, &String::from_utf8(document).unwrap());
        let repeated = config(&["--plan", &path]).unwrap().plan(None);
        if !secrets {
            assert_eq!(repeated.unwrap(), report.plan);
            assert_eq!(plan(&["--plan", &path, "--seed", "5"]).seed, 5);
            continue;
        }
        let error = repeated.unwrap_err().to_string();
        for asked in [
            "the header X-Key for publishers (--publisher-header 'X-Key: …')",
            "the header Authorization for publishers (--publisher-header 'Authorization: …' or --bearer)",
            "the header X-Key for aggregators (--aggregator-header 'X-Key: …')",
            "user and password of https://p.test (--publisher https://USER:PASSWORD@p.test)",
        ] {
            assert!(error.contains(asked), "{asked}: {error}");
        }
        assert!(!error.contains("http://a.test") && !error.contains("s3cret"), "{error}");
        let given = [
            "--plan",
            &path,
            "--publisher-header",
            "Authorization: s3cret",
            "--header",
            "x-key: s3cret",
            "--publisher",
            "https://me:s3cret@p.test",
        ];
        assert_eq!(plan(&given).phases, report.plan.phases);
    }
}

#[test]
fn a_file_without_a_plan_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    for (text, expected) in [
        ("{\"schema\": \"other/1\"}", "its schema is `other/1`"),
        ("{\"schema\": \"walrus-stress/report/1\"}", "missing field `plan`"),
        ("{", "not a report with a plan in it"),
    ] {
        let path = saved(&dir, "x.json", text);
        let error = config(&["--plan", &path]).unwrap_err().to_string();
        assert!(error.starts_with("--plan: ") && error.contains(expected), "{error}");
    }
    let error = config(&["--plan", "/no/such/file"]).unwrap_err().to_string();
    assert!(error.starts_with("--plan: cannot read /no/such/file"), "{error}");
}
