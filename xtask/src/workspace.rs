//! Where the workspace is, and how its programs are built and found.

use std::{
    collections::BTreeMap,
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::failure::{Context, Failure, Result};

/// The workspace's root.
pub(crate) fn root() -> PathBuf {
    // Set by cargo at run time; without cargo, the folder of compilation is used.
    let here =
        env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    here.parent().map_or_else(|| here.clone(), Path::to_path_buf)
}

/// The cargo that runs this task, started at the workspace's root.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    // Build scripts that read these variables would run again, and with them everything that depends on them.
    for (key, _) in env::vars_os() {
        let name = key.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&key);
        }
    }
    command
}

/// The built programs by name.
pub(crate) type Programs = BTreeMap<String, PathBuf>;

/// Builds the workspace's programs and returns their paths.
///
/// All of them and not only those needed: with fewer packages cargo would choose other features for what they share,
/// and build that once more.
pub(crate) fn build(release: bool) -> Result<Programs> {
    let mut command = cargo();
    command.args(["build", "--workspace", "--bins", "--message-format=json-render-diagnostics"]);
    if release {
        command.arg("--release");
    }
    let output = command.stderr(Stdio::inherit()).output().context("cannot run cargo build")?;
    if !output.status.success() {
        return Err(Failure::new(format!("cargo build failed ({})", output.status)));
    }
    Ok(programs(&String::from_utf8_lossy(&output.stdout)))
}

/// The programs named in cargo's messages.
fn programs(messages: &str) -> Programs {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    messages
        .filter(|message| message["reason"] == "compiler-artifact")
        .filter_map(|message| {
            let name = message["target"]["name"].as_str()?.to_owned();
            Some((name, message["executable"].as_str()?.into()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_where_cargo_says() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"stress","kind":["lib"]},"executable":null}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"walrus-stress","kind":["bin"]},"executable":"/t/walrus-stress"}"#,
            "\nnot json\n",
            r#"{"reason":"build-finished","success":true}"#,
        );
        let found = programs(messages);
        assert_eq!(
            found.into_iter().collect::<Vec<_>>(),
            [("walrus-stress".to_owned(), "/t/walrus-stress".into())]
        );
    }

    #[test]
    fn the_root_holds_the_workspace() {
        assert!(root().join("xtask/src/main.rs").is_file());
        assert!(root().join("Cargo.lock").is_file());
    }
}
