//! The Kubernetes manifest: valid by the published schemas, and right where these say nothing.

use std::{fs, process::Command};

use super::nodes::{Cluster, contains};
use crate::{
    failure::{Context, Failure, Result},
    workspace,
};

/// The versions of Kubernetes whose schemas it must fit.
const VERSIONS: [&str; 3] = ["1.29", "1.32", "1.34"];

/// Validates the manifest.
pub(super) fn check(_: &Cluster) -> Result<String> {
    let path = workspace::root().join("stress/docs/many-machines/kubernetes/job.yaml");
    for version in VERSIONS {
        let mut command = Command::new("kubernetes-validate");
        let output = command.args(["--strict", "-k", version]).arg(&path).output();
        let output = output.context("cannot run kubernetes-validate")?;
        let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        output.status.success().then_some(()).context(format!("not valid for {version}: {text}"))?;
    }
    complete(&fs::read_to_string(&path).context("cannot read the manifest")?)?;
    Ok(VERSIONS.join(", "))
}

/// What is valid by the schemas and would still go wrong: other numbers of parts in other places, or parts that are started
/// again.
fn complete(manifest: &str) -> Result<()> {
    contains(manifest, &["completionMode: Indexed", "restartPolicy: Never", "backoffLimitPerIndex: 0"])?;
    let after = |key: &str| manifest.split(key).nth(1).and_then(|rest| rest.split_whitespace().next());
    let parts = after("completions:").context("the manifest has no completions")?;
    let shards =
        after("name: WALRUS_STRESS_SHARDS\n              value:").map(|value| value.trim_matches('"'));
    for (key, value) in [("parallelism", after("parallelism:")), ("WALRUS_STRESS_SHARDS", shards)] {
        if value != Some(parts) {
            return Err(Failure::new(format!("{key} is {value:?}, but completions is {parts}")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_whose_numbers_differ_or_that_starts_parts_again_is_refused() {
        let path = workspace::root().join("stress/docs/many-machines/kubernetes/job.yaml");
        let manifest = fs::read_to_string(path).unwrap();
        complete(&manifest).unwrap();
        for (from, to) in [
            ("completions: 3", "completions: 4"),
            ("parallelism: 3", "parallelism: 2"),
            ("value: \"3\"", "value: \"2\""),
            ("completionMode: Indexed", "completionMode: NonIndexed"),
            ("restartPolicy: Never", "restartPolicy: OnFailure"),
            ("backoffLimitPerIndex: 0", "backoffLimitPerIndex: 1"),
        ] {
            assert!(complete(&manifest.replacen(from, to, 1)).is_err(), "{to}");
        }
    }
}
