//! How two plans differ, by the paths of their document.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::plan::Plan;

/// A difference between two plans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The path through the plan's document.
    pub what: String,
    /// The value before; `None` when there was none.
    pub before: Option<String>,
    /// The value after; `None` when there is none.
    pub after: Option<String>,
}

/// The differences of two plans, except their seeds: those differ between any two runs.
pub(super) fn differences(before: &Plan, after: &Plan) -> Vec<Difference> {
    let (before, after) = (leaves(before), leaves(after));
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    let difference = |what: &String| {
        let (before, after) = (before.get(what).cloned(), after.get(what).cloned());
        (before != after).then(|| Difference { what: what.clone(), before, after })
    };
    names.into_iter().filter_map(difference).collect()
}

/// Every single value of a plan by its path.
fn leaves(plan: &Plan) -> BTreeMap<String, String> {
    let mut leaves = BTreeMap::new();
    let document = serde_json::to_value(plan).expect("a plan is a document");
    walk(String::new(), &document, &mut leaves);
    leaves.remove("seed");
    leaves
}

fn walk(path: String, value: &Value, leaves: &mut BTreeMap<String, String>) {
    let join = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, field)| walk(join(name), field, leaves)),
        // Phases have names; other lists, as of steps or targets, are read as a whole.
        Value::Array(items) if path == "phases" => {
            for item in items {
                walk(text(&item["name"]), item, leaves);
            }
        }
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(text).collect();
            leaves.insert(path, if items.is_empty() { "none".to_owned() } else { items.join(", ") });
        }
        Value::Null => {}
        single => {
            leaves.insert(path, text(single));
        }
    }
}

fn text(value: &Value) -> String {
    // A target is known by its address.
    let value = value.get("url").unwrap_or(value);
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{fixtures, plan::load::Load};

    #[test]
    fn only_differences_are_listed_and_never_the_seed() {
        let before = fixtures::plan(100);
        let mut after = before.clone();
        after.seed = 1;
        assert_eq!(differences(&before, &after), []);
        after.phases[0].load = Load::closed(16);
        after.phases[0].stop.duration = Some(Duration::from_secs(60));
        after.aggregators.push("http://second.test".parse().unwrap());
        after.thresholds.push("upload.p99<20s".parse().unwrap());
        let found = differences(&before, &after);
        let found: Vec<_> = found
            .iter()
            .map(|one| {
                (one.what.as_str(), one.before.as_deref().unwrap_or("–"), one.after.as_deref().unwrap_or("–"))
            })
            .collect();
        assert_eq!(
            found,
            [
                (
                    "aggregators",
                    "http://aggregator.test:31416/",
                    "http://aggregator.test:31416/, http://second.test/"
                ),
                ("main.load.workers", "8", "16"),
                ("main.stop.duration_seconds", "–", "60.0"),
                ("thresholds", "none", "upload.p99<20s"),
            ]
        );
    }
}
