//! The plan of a report: what a run was meant to do, without its secrets.

use serde::Deserialize;

use crate::{export::json, plan::Plan, report};

/// What is read of a report; the rest is for others.
#[derive(Deserialize)]
struct Repeated {
    plan: Plan,
}

/// Only the kind of the document, which decides how the rest is to be read.
#[derive(Deserialize)]
struct Named {
    schema: String,
}

/// The plan in this document: a report, or what `walrus-stress plan --format json` writes.
pub(super) fn read(text: &str) -> Result<Plan, String> {
    let Named { schema } =
        serde_json::from_str(text).map_err(|error| format!("not a report with a plan in it: {error}"))?;
    if schema != json::PLAN_SCHEMA && schema != report::SCHEMA {
        return Err(format!("its schema is `{schema}`, a plan is in {}", report::SCHEMA));
    }
    let document = serde_json::from_str::<Repeated>(text);
    document.map(|document| document.plan).map_err(|error| format!("not a report with a plan in it: {error}"))
}
