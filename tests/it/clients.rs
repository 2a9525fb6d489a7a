//! Clients of other authors, unmodified (contract §7): fetched on request, and otherwise skipped with a notice.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tests::Bottle;

/// The releases that the contract was derived from.
const PYTHON: &str = "walrus-python==0.1.0";
const RUST: &str = "walrus_rs = \"=0.1.4\"";
/// The variable that allows these tests to ask a package registry.
const ASKED: &str = "TEST_THIRD_PARTY_CLIENTS";
/// How long a step may take, unless it compiles.
const TIMEOUT: Duration = Duration::from_secs(60);
/// How long compiling a client with its dependencies may take.
const BUILD: Duration = Duration::from_secs(900);

/// Runs a program that may take this long; `None` if it takes longer, or is not there.
fn run(command: &mut Command, timeout: Duration) -> Option<Output> {
    let start = Instant::now();
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().ok()?;
    while start.elapsed() < timeout {
        if child.try_wait().ok()?.is_some() {
            return child.wait_with_output().ok();
        }
        thread::sleep(Duration::from_millis(20)); // sleep: between two checks of a process
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

fn succeeds(command: &mut Command, timeout: Duration) -> Result<(), String> {
    match run(command, timeout) {
        Some(output) if output.status.success() => Ok(()),
        Some(output) => {
            Err(String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_owned())
        }
        None => Err(format!("{} did not end or is not there", command.get_program().to_string_lossy())),
    }
}

/// A Python environment with the package, created once in cargo's target directory.
fn python() -> Result<PathBuf, String> {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("walrus-python-0.1.0");
    let python = home.join("bin/python");
    let has_package = || succeeds(Command::new(&python).args(["-c", "import walrus"]), TIMEOUT);
    if has_package().is_ok() {
        return Ok(python);
    }
    succeeds(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&home), TIMEOUT)?;
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
    succeeds(Command::new(&python).args(install).arg(PYTHON), TIMEOUT)?;
    has_package().map(|()| python.clone())
}

/// A program that uses the Rust client, in a project of its own in cargo's target directory.
fn rust() -> Result<PathBuf, String> {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("walrus_rs-0.1.4");
    let manifest = format!(
        "[package]\nname = \"client\"\nedition = \"2024\"\n\n[dependencies]\n{RUST}\n\n\
         # Not a member of the workspace around it.\n[workspace]\n"
    );
    let write = || {
        fs::create_dir_all(home.join("src"))?;
        fs::write(home.join("Cargo.toml"), manifest)?;
        fs::write(home.join("src/main.rs"), include_str!("clients.walrus_rs.rs"))
    };
    write().map_err(|error| format!("{}: {error}", home.display()))?;
    let target = home.join("target");
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet"]).current_dir(&home).env("CARGO_TARGET_DIR", &target);
    succeeds(&mut build, BUILD)?;
    Ok(target.join("debug").join(format!("client{}", std::env::consts::EXE_SUFFIX)))
}

/// The client, if `ASKED` is set and it can be fetched: tests do not use the network unless asked to.
fn fetched(package: &str, fetch: impl FnOnce() -> Result<PathBuf, String>) -> Option<PathBuf> {
    let asked = std::env::var_os(ASKED).ok_or_else(|| format!("{ASKED} is not set"));
    // To stderr directly: the test harness captures the output of tests that pass.
    let skip = |why| drop(writeln!(io::stderr(), "\n*** SKIPPED: {package} was not tried: {why}\n"));
    asked.and_then(|_| fetch()).map_err(skip).ok()
}

/// Runs a client against both servers; it prints `done` if all its assertions hold.
fn assert_done(command: &mut Command, bottle: &Bottle) {
    command.args([bottle.publisher_url(), bottle.aggregator_url()]).env("NO_PROXY", "127.0.0.1");
    let output = run(command, TIMEOUT).expect("the client did not end");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!(text(&output.stdout).replace('\r', ""), "done\n", "{}", text(&output.stderr));
}

#[test]
fn walrus_python_works_with_both_mocks() {
    let Some(python) = fetched(PYTHON, python) else { return };
    let bottle = Bottle::start();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/it/clients.py");
    assert_done(Command::new(python).arg(script), &bottle);
    assert_eq!(bottle.publisher_stats().stores.newly_created, 2);
}

#[test]
fn walrus_rs_works_with_both_mocks() {
    let Some(program) = fetched(RUST, rust) else { return };
    let bottle = Bottle::start();
    assert_done(&mut Command::new(program), &bottle);
    let stores = bottle.publisher_stats().stores;
    assert_eq!((stores.newly_created, stores.already_certified), (3, 1));
}
