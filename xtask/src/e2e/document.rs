//! Runs the commands of a document: its `sh` blocks as one bash script, its `toml` plans as previews.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    net::TcpListener,
    path::PathBuf,
    process::{Command, Stdio},
};

use super::harness::Harness;
use crate::{
    failure::{Context, Failure, Result},
    workspace,
};

/// Commands of cargo in the documents; they run in `cargo xtask ci` or take too long for a scenario.
const CARGO: &[&str] = &[
    "cargo build --release",
    "cargo build --release -p mock-publisher -p mock-aggregator",
    "cargo install --path stress",
    "cargo install --path mock-publisher",
    "cargo install --path mock-aggregator",
    "cargo xtask e2e",
    "cargo xtask bench",
    "cargo test --workspace",
    "cargo bench -p stress",
    "TEST_THIRD_PARTY_CLIENTS=1 cargo test -p tests",
];

/// Commands whose exit code 1 is a verdict and no error.
const VERDICTS: &[&str] = &["walrus-stress compare", "walrus-stress search"];

/// A folder in which the documents' examples keep their files.
const FOLDER: &str = "/tmp/walrus";

/// Runs every command of the document at `path` below the workspace's root; gives how many there were.
pub(super) fn run(harness: &Harness<'_>, path: &str) -> Result<String> {
    let text = fs::read_to_string(workspace::root().join(path)).context(format!("cannot read {path}"))?;
    let servers = harness.servers(&[], &[])?;
    let folder = harness.path("");
    let replace = |text: &str| -> Result<String> {
        let text = text.replace("https://publisher.example.org", &servers.publisher.url);
        let text = text.replace("https://aggregator.example.org", &servers.aggregator.url);
        free_ports(&text.replace(FOLDER, &format!("{}data", folder.display())))
    };
    let script = replace(&script(&text)?)?;
    for name in ["LICENSE", "README.md"] {
        fs::copy(workspace::root().join(name), harness.path(name)).context(format!("cannot copy {name}"))?;
    }
    let mut bash = harness.command_in("bash", &servers)?;
    bash.arg("-c").arg(&script);
    let mut bash = harness.start("bash", bash)?;
    let status = bash.wait(harness.deadline)?;
    if !status.success() {
        return Err(Failure::new(format!("a command of {path} ended with {status}")));
    }
    // The TOML of the mocks is weather; their own tests read it.
    let plans = if path.starts_with("mock-") { Vec::new() } else { blocks(&text, "toml") };
    for (number, plan) in plans.iter().enumerate() {
        check_plan(harness, &replace(plan)?, number)?;
    }
    servers.stop()?;
    Ok(format!("{} commands", script.lines().filter(|line| line.starts_with("echo '+ ")).count()))
}

/// A plan file of a document must be one that `walrus-stress plan` accepts.
fn check_plan(harness: &Harness<'_>, text: &str, number: usize) -> Result<()> {
    let path: PathBuf = harness.path(&format!("plan-{number}.toml"));
    fs::write(&path, text).context("cannot write a plan")?;
    let mut command: Command = harness.command("walrus-stress")?;
    command.args(["plan", "--plan"]).arg(&path).stdin(Stdio::null());
    command.env("WALRUS_TOKEN", "token").env("API_KEY", "key");
    let output = command.output().context("cannot start walrus-stress")?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    output.status.success().then_some(()).context(format!("a plan of the document is refused: {stderr}"))
}

/// The `sh` blocks of a document as one script that stops at the first failure and prints each command.
fn script(document: &str) -> Result<String> {
    let mut script = String::from("set -eu\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n");
    // A machine without curl skips the examples that need it.
    script.push_str("command -v curl >/dev/null || curl() { :; }\n");
    for command in blocks(document, "sh").iter().flat_map(|block| commands(block)) {
        let bare = command.split(" #").next().unwrap_or_default().trim();
        if bare.contains("cargo ") {
            CARGO.contains(&bare).then_some(()).context(format!("no table lists `{bare}`"))?;
            continue;
        }
        let shown = command.lines().next().unwrap_or_default().replace('\'', "");
        let allowed = VERDICTS.iter().any(|verdict| bare.starts_with(verdict));
        let tail = if allowed { " || [ $? -eq 1 -o $? -eq 4 ]" } else { "" };
        let bare = bare.replace("target/release/", "").replace("--step 30s", "--step 500ms");
        let _ = writeln!(script, "echo '+ {shown}'\n{bare}{tail}");
        // Who types the next command does so after the server has started.
        for port in bare.ends_with('&').then(|| ports(&bare)).into_iter().flatten() {
            let probe = format!("(exec 3<>/dev/tcp/127.0.0.1/{port}) 2>/dev/null");
            let _ = writeln!(script, "for _ in {{1..200}}; do {probe} && break; sleep 0.05; done");
        }
    }
    Ok(script)
}

/// The contents of the fenced blocks in this language.
fn blocks(document: &str, language: &str) -> Vec<String> {
    let (mut found, mut open) = (Vec::new(), None);
    for line in document.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => open = Some((info == language, String::new())),
            (Some(_), Some(_)) => {
                found.extend(open.take().filter(|(wanted, _)| *wanted).map(|(_, text)| text))
            }
            (Some((_, text)), None) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    found
}

/// The commands of a block, each with its continued lines.
fn commands(block: &str) -> Vec<String> {
    let (mut found, mut current) = (Vec::new(), String::new());
    for line in block.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        current.push_str(line);
        if line.ends_with('\\') {
            current.push('\n');
        } else {
            found.push(std::mem::take(&mut current));
        }
    }
    found
}

/// The ports of local addresses in a text.
fn ports(text: &str) -> Vec<u16> {
    let after = text.split("127.0.0.1:").skip(1);
    after.filter_map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()).collect()
}

/// The text with each fixed port of the documents replaced by one that is free now.
fn free_ports(text: &str) -> Result<String> {
    let mut text = text.to_owned();
    let mut chosen: BTreeMap<u16, TcpListener> = BTreeMap::new();
    for port in ports(&text).into_iter().filter(|port| (31_410..31_450).contains(port)) {
        if let std::collections::btree_map::Entry::Vacant(entry) = chosen.entry(port) {
            entry.insert(TcpListener::bind(("127.0.0.1", 0)).context("cannot find a free port")?);
        }
    }
    for (port, listener) in chosen {
        let free = listener.local_addr().context("cannot find a free port")?.port();
        text = text.replace(&port.to_string(), &free.to_string());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    // port: text of a document, nothing binds it
    const DOCUMENT: &str = "# T\n```sh\n# comment\na \\\n  b # what\n\nserve --listen 127.0.0.1:31415 &\n```\ntext\n```text\nno\n```\n\
                            ```sh\nwalrus-stress compare x y\ncargo xtask e2e   # all\n```\n";

    #[test]
    fn every_command_is_run_in_order() {
        let script = script(DOCUMENT).unwrap();
        let lines: Vec<_> = script.lines().skip(3).collect();
        let expected = [
            "echo '+ a \\'",
            "a \\",
            "  b",
            "echo '+ serve --listen 127.0.0.1:31415 &'", // port: a text
            "serve --listen 127.0.0.1:31415 &",          // port: a text
            "for _ in {1..200}; do (exec 3<>/dev/tcp/127.0.0.1/31415) 2>/dev/null && break; sleep 0.05; done",
            "echo '+ walrus-stress compare x y'",
            "walrus-stress compare x y || [ $? -eq 1 -o $? -eq 4 ]",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_command_of_cargo_must_be_listed() {
        let refused = script("```sh\ncargo publish\n```\n").unwrap_err().to_string();
        assert_eq!(refused, "no table lists `cargo publish`");
    }

    #[test]
    fn the_ports_of_the_documents_become_free_ones() {
        let addresses = "127.0.0.1:31415 and 127.0.0.1:31416 and 127.0.0.1:31415 and 127.0.0.1:80"; // port: a text
        let text = free_ports(addresses).unwrap();
        let found = ports(&text);
        assert!(found[0] == found[2] && found[0] != found[1] && found[3] == 80, "{text}");
        assert!(!text.contains("31415"), "{text}");
    }
}
