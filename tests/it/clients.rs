//! Clients that nobody here wrote, unmodified (contract §7): fetched when their registry can be reached, and otherwise
//! skipped, loudly.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tests::Bottle;

/// The package and the release that the contract was read from.
const PACKAGE: &str = "walrus-python==0.1.0";
/// The variable that allows this test to ask a package registry.
const ASKED: &str = "TEST_THIRD_PARTY_CLIENTS";
/// How long fetching may take in all; a slow registry is no reason to wait.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a program that may take this long; `None` if it takes longer, or is not there.
fn run(command: &mut Command, patience: Duration) -> Option<Output> {
    let start = Instant::now();
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().ok()?;
    while start.elapsed() < patience {
        if child.try_wait().ok()?.is_some() {
            return child.wait_with_output().ok();
        }
        thread::sleep(Duration::from_millis(20)); // sleep: between two looks at a process
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

fn works(command: &mut Command) -> Result<(), String> {
    match run(command, PATIENCE) {
        Some(output) if output.status.success() => Ok(()),
        Some(output) => {
            Err(String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_owned())
        }
        None => Err(format!("{} did not end or is not there", command.get_program().to_string_lossy())),
    }
}

/// A Python that knows the package, made once and kept beside what cargo builds.
fn python() -> Result<PathBuf, String> {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("walrus-python-0.1.0");
    let python = home.join("bin/python");
    let knows = || works(Command::new(&python).args(["-c", "import walrus"]));
    if knows().is_ok() {
        return Ok(python);
    }
    works(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&home))?;
    let install = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--timeout",
        "5",
        "--retries",
        "0",
    ];
    works(Command::new(&python).args(install).arg(PACKAGE))?;
    knows().map(|()| python.clone())
}

#[test]
fn s7_walrus_python_gets_along_with_both_mocks() {
    // Fetching a package is more network than a test may use unasked.
    let python =
        match std::env::var_os(ASKED).ok_or_else(|| format!("{ASKED} is not set")).and_then(|_| python()) {
            Ok(python) => python,
            Err(why) => {
                // Past the harness, which would keep it to itself.
                let _ = writeln!(io::stderr(), "\n*** SKIPPED: {PACKAGE} was not tried: {why}\n");
                return;
            }
        };
    let bottle = Bottle::start();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/it/clients.py");
    let mut command = Command::new(python);
    command.arg(script).args([bottle.publisher_url(), bottle.aggregator_url()]).env("NO_PROXY", "127.0.0.1");
    let output = run(&mut command, PATIENCE).expect("the client did not end");
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!(said(&output.stdout), "done\n", "{}", said(&output.stderr));
    assert_eq!(bottle.publisher_stats().stores.newly_created, 2);
}
