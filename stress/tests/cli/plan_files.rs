//! Plan files and `walrus-stress plan`: who wins, what is shown, and that a report repeats its run.

use serde_json::json;
use tests::Bottle;

use crate::{
    common::Run,
    server::{Request, Server},
};

fn file(server: &Server, more: &str) -> Run {
    let text =
        format!("publisher = \"{0}\"\naggregator = \"{0}\"\nreport = \"report.json\"\n{more}", server.url());
    Run::bare().file("plan.toml", &text).line("--plan plan.toml")
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file_and_that_over_defaults() {
    let epochs =
        |run: Run| run.line("-n 1 --size 1KiB").go().exits(0).report().0["plan"]["store"]["epochs"].clone();
    let server = Server::start();
    for (flag, variable, inside, expected) in [
        (Some("2"), Some("3"), Some("4"), json!(2)),
        (None, Some("3"), Some("4"), json!(3)),
        (None, None, Some("4"), json!(4)),
        (Some("2"), None, Some("4"), json!(2)),
        (Some("2"), Some("3"), None, json!(2)),
        (None, None, None, json!(null)),
    ] {
        let inside = inside.map(|epochs| format!("epochs = {epochs}")).unwrap_or_default();
        let mut run = file(&server, &inside);
        if let Some(epochs) = variable {
            run = run.variable("WALRUS_STRESS_EPOCHS", epochs);
        }
        if let Some(epochs) = flag {
            run = run.args(["--epochs", epochs]);
        }
        assert_eq!(epochs(run), expected);
    }
}

#[test]
fn headers_come_from_the_environment_or_a_file_and_are_shown_nowhere() {
    let server = Server::start();
    let more = "bearer = \"@token.txt\"\nheader = [\"X-Key: $THE_KEY\"]\nblobs = 1\nverbose = true";
    let run = file(&server, more).file("token.txt", "t0ken\n").variable("THE_KEY", "s3cret");
    let ran = run.go().exits(0);
    let (store, read) = (&server.stores()[0], &server.reads()[0]);
    assert_eq!((store.header("x-key"), read.header("x-key")), (Some("s3cret"), Some("s3cret")));
    assert_eq!((store.header("authorization"), read.header("authorization")), (Some("Bearer t0ken"), None));
    let report = ran.report().0.to_string();
    for shown in [&ran.stdout, &ran.stderr, &report] {
        assert!(!shown.contains("s3cret") && !shown.contains("t0ken"), "{shown}");
    }
    // The environment's own headers stand above the file's.
    let run = file(&server, more).file("token.txt", "t0ken\n").variable("WALRUS_STRESS_HEADER", "X-Key: env");
    run.go().exits(0);
    assert_eq!(server.stores()[1].header("x-key"), Some("env"));
}

#[test]
fn a_phase_of_other_sizes_repeats_only_what_was_stored_in_it() {
    let bottle = Bottle::start();
    let text = "concurrency = 1\nblobs = 30\nsteps = \"upload\"\nduplicates = \"50%\"\n\
                [[phase]]\nname = \"small\"\nsize = \"1KiB\"\n[[phase]]\nname = \"large\"\nsize = \"2KiB\"";
    let ran = Run::new(&bottle).file("plan.toml", text).line("--plan plan.toml --seed 3").go().exits(0);
    let document = ran.report();
    let repeats =
        document.0["steps"].as_array().expect("a list").iter().filter(|step| step["repeats"] == true);
    let repeats: Vec<_> = repeats.map(|step| (&step["done"], &step["stored"]["existing"])).collect();
    // The publisher, which goes by the bytes, says the same.
    assert!(repeats.len() == 2 && repeats.iter().all(|(done, existing)| done == existing), "{repeats:?}");
}

#[test]
fn several_phases_follow_one_another_in_one_run() {
    let server = Server::start();
    let more = "size = \"1KiB\"\nconcurrency = 1\n[[phase]]\nname = \"write\"\nsteps = \"upload\"\nblobs = 3\n\
                [[phase]]\nname = \"both\"\nsteps = [\"upload\", \"first\"]\nblobs = 2\nsize = \"2KiB\"\nthreshold = \"upload.count==2\"";
    let ran = file(&server, more).go().exits(0);
    let sizes: Vec<_> = server.stores().iter().map(|store| store.body.len()).collect();
    assert_eq!((sizes, server.reads().len()), (vec![1024, 1024, 1024, 2048, 2048], 2));
    assert!(ran.stdout.contains("both:upload.count==2: 2 of 2"), "{}", ran.stdout);
    // A flag that would make them the same names itself and the phase.
    let ran = file(&server, more).line("--steps upload").go().exits(2);
    assert!(
        ran.stderr.contains("--steps would apply to every phase of plan.toml, but its phase `write`"),
        "{}",
        ran.stderr
    );
}

#[test]
fn an_invalid_plan_file_is_refused_before_any_request() {
    let server = Server::start();
    let ran = file(&server, "min_size = 3").go().exits(2);
    assert_eq!(ran.stderr, "error: plan.toml, line 4, min_size: unknown key; did you mean `min-size`?\n");
    let ran = Run::bare().line("--plan nowhere.toml").go().exits(2);
    assert!(ran.stderr.starts_with("error: --plan: cannot read nowhere.toml: "), "{}", ran.stderr);
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn a_plan_is_printed_and_nothing_is_started() {
    let server = Server::start();
    let run = || {
        file(&server, "size = \"1KiB\"\nblobs = 40\nconcurrency = 4\nseed = 5\nexport = true").command("plan")
    };
    let ran = run().go().exits(0);
    for line in [
        "main         40 blobs of 1.00 KiB, 4 at a time",
        "  uploads    40, 40.0 KiB",
        "  downloads  80, 80.0 KiB",
        "  takes      at most 70.0 min",
        "seed         5",
    ] {
        assert!(ran.stdout.lines().any(|shown| shown == line), "{line}: {}", ran.stdout);
    }
    assert!(ran.stdout.starts_with("A forecast, if nothing fails; no request was sent.\n"), "{}", ran.stdout);
    let shown: serde_json::Value =
        serde_json::from_str(&run().line("--format json").go().exits(0).stdout).expect("JSON");
    assert_eq!(shown["schema"], "walrus-stress/plan/1");
    assert_eq!(shown["forecast"][0]["bytes_up"], json!({ "least": 40960, "most": 40960 }));
    // As a file it gives the same plan again, where to export included.
    let text = run().line("--format toml").go().exits(0).stdout;
    let again = Run::bare().file("again.toml", &text).line("--plan again.toml").command("plan");
    let ran = again.line("--format json").go().exits(0);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&ran.stdout).expect("JSON"), shown);
    assert!(
        text.contains("export = \"stress_test_summary.json\"\n") && text.contains("seed = 5\n"),
        "{text}"
    );
    assert_eq!((server.requests().len(), ran.files()), (0, vec!["again.toml".to_owned()]));
}

#[test]
fn secrets_of_a_printed_plan_are_names_of_variables() {
    let server = Server::start();
    let url = server.url().replace("http://", "http://me:s3cret@");
    let run = Run::between(&url, &server.url()).args([
        "--bearer",
        "s3cret",
        "--header",
        "X-Key: s3cret",
        "-n",
        "1",
    ]);
    let refused = run.command("plan").go().exits(2);
    assert!(refused.stderr.contains("--bearer cannot be used with"), "{}", refused.stderr);
    let run =
        Run::between(&url, &server.url()).args(["--header", "X-Key: s3cret", "-n", "1", "--size", "1KiB"]);
    let text = run.command("plan").line("--format toml").go().exits(0).stdout;
    assert!(!text.contains("s3cret"), "{text}");
    let again = Run::bare().file("again.toml", &text).line("--plan again.toml");
    let ran = again.go().exits(2);
    assert!(ran.stderr.contains("the environment has no "), "{}", ran.stderr);
    let again = Run::bare().file("again.toml", &text).line("--plan again.toml");
    let variables =
        [("PUBLISHER_X_KEY", "one"), ("AGGREGATOR_X_KEY", "two"), ("PUBLISHER_LOGIN", "me:s3cret")];
    variables.into_iter().fold(again, |run, (name, value)| run.variable(name, value)).go().exits(0);
    let (store, read) = (&server.stores()[0], &server.reads()[0]);
    assert_eq!((store.header("x-key"), read.header("x-key")), (Some("one"), Some("two")));
    assert_eq!(store.header("authorization"), Some("Basic bWU6czNjcmV0"));
}

/// What was asked, in order, bodies and all; where blobs are stored is the server's business.
fn asked(server: &Server) -> Vec<(String, Vec<u8>)> {
    let shown = |request: Request| (format!("{} {}", request.method, request.target), request.body);
    server.requests().into_iter().map(shown).collect()
}

#[test]
fn a_report_repeats_its_run_byte_for_byte() {
    let server = Server::start();
    let ran = Run::between(&server.url(), &server.url())
        .line("-n 6 -c 1 --min-size 1KiB --max-size 9KiB")
        .go()
        .exits(0);
    let report = ran.json("report.json").to_string();
    let repeat = |server: &Server, line: &str| {
        let url = server.url();
        let run = Run::bare().file("old.json", &report).line("--plan old.json --report report.json");
        run.args(["--publisher", &url, "--aggregator", &url]).line(line).go().exits(0)
    };
    let other = Server::start();
    assert_eq!(repeat(&other, "").report().0["plan"]["seed"], ran.report().0["plan"]["seed"]);
    assert_eq!(asked(&other), asked(&server));
    // Flags win over the report as well.
    let third = Server::start();
    repeat(&third, "-n 2");
    assert_eq!(third.stores().len(), 2);
}

#[test]
fn a_report_asks_for_its_secrets_by_name() {
    let server = Server::start();
    let line = ["--publisher-header", "X-Key: s3cret", "-n", "1", "--size", "1KiB"];
    let ran = Run::between(&server.url(), &server.url()).args(line).go().exits(0);
    let report = ran.json("report.json").to_string();
    assert!(!report.contains("s3cret"));
    let ran = Run::bare().file("old.json", &report).line("--plan old.json").go().exits(2);
    let shown = "old.json: a report holds no secrets, and this run needs the header X-Key for publishers \
                (--publisher-header 'X-Key: …')";
    assert!(ran.stderr.contains(shown), "{}", ran.stderr);
    let run = Run::bare().file("old.json", &report).line("--plan old.json");
    run.variable("WALRUS_STRESS_PUBLISHER_HEADER", "X-Key: again").go().exits(0);
    assert_eq!(server.stores()[1].header("x-key"), Some("again"));
}

/// The same seed and the same server give the same requests in the same order, and the same bytes.
#[test]
fn the_same_seed_asks_for_the_same_things_byte_by_byte() {
    let requests = |line: &str| {
        let server = Server::start();
        Run::between(&server.url(), &server.url())
            .line("-n 12 --min-size 1B --max-size 40KiB")
            .line(line)
            .go()
            .exits(0);
        asked(&server)
    };
    let once = requests("-c 1 --seed 30");
    assert_eq!(once.len(), 1 + 12 * 3);
    assert_eq!(requests("-c 1 --seed 30"), once);
    assert_ne!(requests("-c 1 --seed 31"), once);
    // With more under way at a time the order is chance's, and the bytes are not.
    let bodies = |requests: &[(String, Vec<u8>)]| {
        let mut bodies: Vec<_> = requests.iter().map(|(_, body)| body.clone()).collect();
        bodies.sort_unstable();
        bodies
    };
    assert_eq!(bodies(&requests("-c 5 --seed 30")), bodies(&once));
    assert_eq!(bodies(&requests("--rate 200/s --seed 30")), bodies(&once));
    // The bottle names blobs by their bytes: the same IDs, in the same order.
    let ids = || {
        let bottle = Bottle::start();
        let ran = Run::new(&bottle)
            .line("--export -n 12 -c 1 --min-size 1B --max-size 40KiB --seed 30")
            .go()
            .exits(0);
        ran.rows().iter().map(|row| row["blob_id"].to_string()).collect::<Vec<_>>()
    };
    assert_eq!(ids(), ids());
}

/// A threshold on nothing fails, and one that names nothing is refused.
#[test]
fn a_threshold_on_no_sample_at_all_fails() {
    let bottle = Bottle::builder().publisher_faults(&["503=100%"]).start();
    let line = "-n 6 --size 1KiB -q --threshold *.failures<=100% --threshold first.p50<1h --threshold first.count>=0";
    let ran = Run::new(&bottle).line(line).go().exits(1);
    let judged = ran.report().0["thresholds"].as_array().expect("thresholds").clone();
    let of = |text: &str| judged.iter().find(|one| one["threshold"] == text).expect("the threshold").clone();
    assert_eq!((&of("first.p50<1h")["holds"], &of("first.p50<1h")["samples"]), (&json!(false), &json!(0)));
    assert_eq!(of("upload.failures<=100%")["holds"], true);
    assert_eq!(of("first.failures<=100%")["holds"], false);
    assert!(ran.stdout.contains("first.p50<1h: not enough data: 0 samples, 6 needed"), "{}", ran.stdout);
}
