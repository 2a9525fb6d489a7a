//! Network namespaces of a test's own: the test starts itself again within one.

#![cfg(target_os = "linux")]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "both processes speak to one another, and a skip is said"
)]

use std::{env, process::Command};

const ROLE: &str = "TEST_ROLE";
/// What a test says within its namespace when it has come to its end.
const DONE: &str = "done in its namespace";

/// The part that this process has in the test: `None` in the one that was started by hand.
pub(crate) fn role() -> Option<String> {
    env::var(ROLE).ok()
}

/// To be called at the end of the test within its namespace.
pub(crate) fn done() {
    println!("{DONE}");
}

/// Runs `script` in a new network namespace; there `$0 --exact $1` is this test, with its part in `TEST_ROLE`. Where the system
/// allows no namespaces, or lacks a tool, it says that the test was skipped.
pub(crate) fn enter(test: &str, script: &str) {
    let works = |program: &str, args: &[&str]| {
        Command::new(program).args(args).output().is_ok_and(|output| output.status.success())
    };
    if !(works("unshare", &["--net", "true"]) && works("ip", &["-V"]) && works("tc", &["-V"])) {
        eprintln!("SKIPPED {test}: this system allows no network namespace, or has no iproute2");
        return;
    }
    let this = env::current_exe().unwrap();
    let output =
        Command::new("unshare").args(["--net", "sh", "-c", script]).arg(this).arg(test).output().unwrap();
    let [out, error] = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(output.status.success() && out.contains(DONE), "{out}{error}");
}
