//! A run of the program, built step by step, and its result.

use std::{collections::BTreeMap, fs, net::TcpListener, path::Path, time::Duration};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;
use tests::Bottle;

/// No run of these tests takes longer: one that would is a hang.
pub(crate) const HARD_LIMIT: Duration = Duration::from_secs(45);

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_walrus-stress");

/// The export's default path.
pub(crate) const EXPORT: &str = "stress_test_summary.json";

/// A run in the making: its own empty directory, an empty environment.
pub(crate) struct Run {
    pub(crate) args: Vec<String>,
    pub(crate) variables: Vec<(String, String)>,
    pub(crate) dir: TempDir,
    pub(crate) input: String,
}

impl Run {
    /// A run against a bottle, with a report.
    pub(crate) fn new(bottle: &Bottle) -> Run {
        Run::between(bottle.publisher_url(), bottle.aggregator_url())
    }

    /// A run against any two addresses, with a report.
    pub(crate) fn between(publisher: &str, aggregator: &str) -> Run {
        Run::bare().args(["--publisher", publisher, "--aggregator", aggregator, "--report", "report.json"])
    }

    /// `walrus-stress run` and nothing else.
    pub(crate) fn bare() -> Run {
        let dir = tempfile::tempdir().expect("a temporary directory");
        Run { args: vec!["run".to_owned()], variables: Vec::new(), dir, input: String::new() }
    }

    /// Another command than `run`, with the same words behind it.
    pub(crate) fn command(mut self, command: &str) -> Run {
        self.args[0] = command.to_owned();
        self
    }

    /// Adds words to the command line.
    pub(crate) fn args<S: AsRef<str>>(mut self, args: impl IntoIterator<Item = S>) -> Run {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Adds the words of a line, split at blanks.
    pub(crate) fn line(self, line: &str) -> Run {
        self.args(line.split_whitespace())
    }

    /// Sets an environment variable.
    pub(crate) fn variable(mut self, name: &str, value: &str) -> Run {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Puts a file into the run's directory.
    pub(crate) fn file(self, name: &str, content: &str) -> Run {
        fs::write(self.dir.path().join(name), content).expect("a file in a temporary directory");
        self
    }

    /// Gives the program something to read on stdin.
    pub(crate) fn input(mut self, input: &str) -> Run {
        self.input.push_str(input);
        self
    }

    /// Runs the program to its end.
    pub(crate) fn go(self) -> Ran {
        let output = Command::new(PROGRAM)
            .args(&self.args)
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.dir.path())
            .write_stdin(self.input)
            .timeout(HARD_LIMIT)
            .output()
            .expect("a program that starts");
        let text = |bytes| String::from_utf8(bytes).expect("the program writes UTF-8");
        let ran = Ran {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
            dir: self.dir,
        };
        assert!(ran.code.is_some(), "hung or crashed: {ran:?}");
        assert!(!ran.stderr.contains("panicked"), "{ran:?}");
        ran
    }
}

/// The result of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) dir: TempDir,
}

impl Ran {
    /// The run ended with this exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Ran {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// The report.
    pub(crate) fn report(&self) -> Report {
        Report(self.json("report.json"))
    }

    /// The rows of the export at its default path, by blob number.
    pub(crate) fn rows(&self) -> Vec<Value> {
        let Value::Array(mut rows) = self.json(EXPORT) else { panic!("the export is no array") };
        rows.sort_by_key(|row| row["blob_number"].as_u64());
        rows
    }

    /// One column of the export, by blob number; `null` is `NaN`.
    pub(crate) fn column(&self, name: &str) -> Vec<f64> {
        self.rows().iter().map(|row| row[name].as_f64().unwrap_or(f64::NAN)).collect()
    }

    /// The names of the files that the run left behind, in order.
    pub(crate) fn files(&self) -> Vec<String> {
        names(self.dir.path())
    }

    /// Lines of stdout and stderr together that contain `text`.
    pub(crate) fn lines_with(&self, text: &str) -> Vec<&str> {
        self.stderr.lines().chain(self.stdout.lines()).filter(|line| line.contains(text)).collect()
    }

    /// A file of the run's directory as JSON.
    pub(crate) fn json(&self, name: &str) -> Value {
        let path = self.dir.path().join(name);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}; {self:?}"));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}: {text}"))
    }
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).expect("the run's directory");
    let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    let mut names: Vec<_> = entries.map(|entry| name(entry.expect("an entry"))).collect();
    names.sort();
    names
}

/// A report's document.
#[derive(Debug)]
pub(crate) struct Report(pub(crate) Value);

impl Report {
    /// The number `name` of a step, its new and its repeated blobs together.
    pub(crate) fn total(&self, step: &str, name: &str) -> u64 {
        self.steps(step).map(|step| step[name].as_u64().expect("a number")).sum()
    }

    /// The number `name` of a step's new blobs, or of its repeats.
    pub(crate) fn of(&self, step: &str, repeats: bool, name: &str) -> u64 {
        let mut steps = self.steps(step).filter(|step| step["repeats"] == repeats);
        steps.next().and_then(|step| step[name].as_u64()).unwrap_or(0)
    }

    /// How many uploads were answered as `kind`.
    pub(crate) fn stored(&self, kind: &str) -> u64 {
        self.steps("upload").map(|step| step["stored"][kind].as_u64().expect("a number")).sum()
    }

    /// The failures of a step by class.
    pub(crate) fn failures(&self, step: &str) -> BTreeMap<String, u64> {
        let mut failures = BTreeMap::new();
        for failure in self.steps(step).flat_map(|step| step["failures"].as_array().expect("a list")) {
            let class = failure["class"].as_str().expect("a class").to_owned();
            *failures.entry(class).or_default() += failure["count"].as_u64().expect("a count");
        }
        failures
    }

    fn steps<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Value> {
        let steps = self.0["steps"].as_array().expect("steps");
        steps.iter().filter(move |step| step["step"] == name)
    }
}

/// Failures of one class.
pub(crate) fn only(class: &str, count: u64) -> BTreeMap<String, u64> {
    BTreeMap::from([(class.to_owned(), count)])
}

/// An address without a server: the port was free a moment ago.
pub(crate) fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    format!("http://{}", listener.local_addr().expect("an address"))
}
