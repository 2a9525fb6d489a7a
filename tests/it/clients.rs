//! Clients that nobody here wrote, unmodified (contract §7): fetched when their registry can be reached, and otherwise
//! skipped, loudly.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tests::Bottle;

/// The packages and the releases that the contract was read from.
const PYTHON: &str = "walrus-python==0.1.0";
const RUST: &str = "walrus_rs = \"=0.1.4\"";
/// The variable that allows these tests to ask a package registry.
const ASKED: &str = "TEST_THIRD_PARTY_CLIENTS";
/// How long a step may take; a slow registry is no reason to wait.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a client and all that it uses may take to be compiled.
const BUILD: Duration = Duration::from_secs(900);

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

fn works(command: &mut Command, patience: Duration) -> Result<(), String> {
    match run(command, patience) {
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
    let knows = || works(Command::new(&python).args(["-c", "import walrus"]), PATIENCE);
    if knows().is_ok() {
        return Ok(python);
    }
    works(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&home), PATIENCE)?;
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
    works(Command::new(&python).args(install).arg(PYTHON), PATIENCE)?;
    knows().map(|()| python.clone())
}

/// A program around the Rust client, in a project of its own beside what cargo builds.
fn rust() -> Result<PathBuf, String> {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("walrus_rs-0.1.4");
    let manifest = format!(
        "[package]\nname = \"stranger\"\nedition = \"2024\"\n\n[dependencies]\n{RUST}\n\n\
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
    works(&mut build, BUILD)?;
    Ok(target.join("debug").join(format!("stranger{}", std::env::consts::EXE_SUFFIX)))
}

/// The client, if these tests may fetch it and it can be had. Fetching a package is more network than a test may use
/// unasked.
fn fetched(package: &str, fetch: impl FnOnce() -> Result<PathBuf, String>) -> Option<PathBuf> {
    let asked = std::env::var_os(ASKED).ok_or_else(|| format!("{ASKED} is not set"));
    // Past the harness, which would keep it to itself.
    let skip = |why| drop(writeln!(io::stderr(), "\n*** SKIPPED: {package} was not tried: {why}\n"));
    asked.and_then(|_| fetch()).map_err(skip).ok()
}

/// Lets a client talk to both servers; it says that it is done, or why it is not.
fn gets_along(command: &mut Command, bottle: &Bottle) {
    command.args([bottle.publisher_url(), bottle.aggregator_url()]).env("NO_PROXY", "127.0.0.1");
    let output = run(command, PATIENCE).expect("the client did not end");
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!(said(&output.stdout).replace('\r', ""), "done\n", "{}", said(&output.stderr));
}

#[test]
fn s7_walrus_python_gets_along_with_both_mocks() {
    let Some(python) = fetched(PYTHON, python) else { return };
    let bottle = Bottle::start();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/it/clients.py");
    gets_along(Command::new(python).arg(script), &bottle);
    assert_eq!(bottle.publisher_stats().stores.newly_created, 2);
}

#[test]
fn s7_walrus_rs_gets_along_with_both_mocks_but_for_what_it_cannot() {
    let Some(program) = fetched(RUST, rust) else { return };
    let bottle = Bottle::start();
    gets_along(&mut Command::new(program), &bottle);
    let stores = bottle.publisher_stats().stores;
    assert_eq!((stores.newly_created, stores.already_certified), (3, 1));
}
