//! A plan in a plan file's words: every value as it would be typed, exactly.

use super::file::{Entry, Layer, PlanFile, Value};
use crate::cli::{intent, pace::DEFAULT_MAX_IN_FLIGHT};
use crate::plan::{
    Phase, Plan,
    limits::Limits,
    load::Load,
    retry::{Backoff, Retries},
    schedule::Arrivals,
    sizes::Sizes,
    source::BlobSource,
    stages::{Stage, Stages},
    store::Persistence,
};
use crate::units::{exact_duration, exact_size};

/// The plan file that means `plan`; headers and passwords are left out.
pub(super) fn describe(name: &str, plan: &Plan) -> Result<PlanFile, String> {
    let mut shared = Layer::new();
    let addresses =
        |targets: &[crate::plan::target::Target]| targets.iter().map(ToString::to_string).collect();
    many(&mut shared, "publisher", addresses(&plan.publishers));
    many(&mut shared, "aggregator", addresses(&plan.aggregators));
    one(&mut shared, "seed", plan.seed.to_string());
    one(&mut shared, "verify", label(&plan.verify));
    plan.shard.into_iter().for_each(|shard| one(&mut shared, "shard", shard.to_string()));
    store(&mut shared, plan);
    limits(&mut shared, &plan.limits);
    retries(&mut shared, plan.retries);
    let mut phases = described_phases(plan, &mut shared)?;
    many(&mut shared, "threshold", plan.thresholds.iter().map(ToString::to_string).collect());
    if phases.len() == 1 && phases[0].0 == intent::MAIN {
        let (_, only) = phases.remove(0);
        shared.extend(only);
    }
    Ok(PlanFile { name: name.to_owned(), shared, phases })
}

fn described_phases(plan: &Plan, shared: &mut Layer) -> Result<Vec<(String, Layer)>, String> {
    let (mut phases, mut warm_up) = (Vec::<(String, Layer)>::new(), None);
    for phase in &plan.phases {
        if phase.warm_up {
            let Some(stop) =
                phase.stop.blobs.map(|n| n.to_string()).or(phase.stop.duration.map(exact_duration))
            else {
                return Err(format!("the warm-up `{}` of its plan has no end", phase.name));
            };
            warm_up = Some(stop);
            continue;
        }
        if phase.source == BlobSource::Earlier {
            phased(&mut phases, phase);
            continue;
        }
        let mut layer = describe_phase(phase);
        if let Some(stop) = warm_up.take() {
            one(&mut layer, "warm-up", stop);
        }
        if let BlobSource::List { name, listing, .. } = &phase.source {
            // What came from stdin must be named again.
            if name != "-" {
                one(shared, listing.key(), name.clone());
            }
        }
        phases.push((phase.name.clone(), layer));
    }
    Ok(phases)
}

/// A phase that goes on with the blobs of the one before is a part of that: one run, step by step.
fn phased(phases: &mut [(String, Layer)], phase: &Phase) {
    let Some((name, layer)) = phases.last_mut() else { return };
    intent::MAIN.clone_into(name);
    one(layer, "order", "phased");
    if let Some(Value::Words(words)) = layer.get_mut("steps").map(|entry| &mut entry.value) {
        let steps = words.iter().cloned().chain(phase.journey.steps.iter().map(ToString::to_string));
        *words = vec![steps.collect::<Vec<_>>().join(",")];
    }
}

fn describe_phase(phase: &Phase) -> Layer {
    let mut layer = Layer::new();
    let steps: Vec<_> = phase.journey.steps.iter().map(ToString::to_string).collect();
    one(&mut layer, "steps", steps.join(","));
    if phase.source == BlobSource::Made {
        one(&mut layer, "size", sizes(phase.sizes));
        one(&mut layer, "content", label(&phase.content));
        one(&mut layer, "duplicates", format!("{}", phase.duplicates));
        if phase.order_control > 0.0 {
            one(&mut layer, "order-control", format!("{}", phase.order_control));
        }
    }
    match &phase.load {
        Load::Closed { workers } => levels(&mut layer, ["concurrency", "concurrency-stages"], workers, ""),
        Load::Open { rate, arrivals, max_in_flight } => {
            levels(&mut layer, ["rate", "stages"], rate, "/s");
            let kind = if *arrivals == Arrivals::Poisson { "poisson" } else { "uniform" };
            one(&mut layer, "arrivals", kind);
            // What nobody chose is not insisted on: a smaller machine has fewer places.
            if *max_in_flight != DEFAULT_MAX_IN_FLIGHT {
                one(&mut layer, "max-in-flight", max_in_flight.to_string());
            }
        }
    }
    phase.stop.blobs.into_iter().for_each(|blobs| one(&mut layer, "blobs", blobs.to_string()));
    phase.stop.duration.into_iter().for_each(|length| one(&mut layer, "duration", exact_duration(length)));
    one(&mut layer, "grace", exact_duration(phase.grace));
    layer
}

fn store(layer: &mut Layer, plan: &Plan) {
    let store = &plan.store;
    store.epochs.into_iter().for_each(|epochs| one(layer, "epochs", epochs.to_string()));
    switch(layer, "permanent", store.persistence == Some(Persistence::Permanent));
    switch(layer, "deletable", store.persistence == Some(Persistence::Deletable));
    switch(layer, "force", store.force);
    if let Some(address) = &store.send_object_to {
        one(layer, "send-object-to", address.as_str());
    }
}

fn limits(layer: &mut Layer, limits: &Limits) {
    one(layer, "upload-timeout", exact_duration(limits.upload_timeout));
    one(layer, "download-timeout", exact_duration(limits.download_timeout));
    one(layer, "connect-timeout", exact_duration(limits.connect_timeout));
    switch(layer, "expect-continue", limits.expect_continue);
    switch(layer, "insecure", limits.insecure);
    if let Some(path) = &limits.ca_certificates {
        one(layer, "cacert", path.display().to_string());
    }
    one(layer, "user-agent", limits.user_agent.as_str());
}

fn retries(layer: &mut Layer, retries: Retries) {
    if retries.most > 0 {
        one(layer, "retries", retries.most.to_string());
        let backoff = match retries.backoff {
            Backoff::Constant { wait } => exact_duration(wait),
            Backoff::Exponential { from, to } => format!("{}..{}", exact_duration(from), exact_duration(to)),
        };
        one(layer, "backoff", backoff);
    }
}

fn levels(layer: &mut Layer, [constant, changing]: [&str; 2], stages: &Stages, unit: &str) {
    let stage = |stage: &Stage| {
        let to = if stage.from == stage.to { String::new() } else { format!("..{}{unit}", stage.to) };
        let length = stage.duration.map(|length| format!(":{}", exact_duration(length))).unwrap_or_default();
        format!("{}{unit}{to}{length}", stage.from)
    };
    let text = stages.0.iter().map(stage).collect::<Vec<_>>().join(",");
    one(layer, if stages.length().is_none() { constant } else { changing }, text);
}

/// `90KiB..100KiB`, exactly.
fn sizes(sizes: Sizes) -> String {
    if sizes.min == sizes.max {
        exact_size(sizes.min)
    } else {
        format!("{}..{}", exact_size(sizes.min), exact_size(sizes.max))
    }
}

/// The one word that a document has for `value`.
fn label(value: &impl serde::Serialize) -> String {
    let document = serde_json::to_value(value).unwrap_or_default();
    document.as_str().unwrap_or_default().to_owned()
}

fn one(layer: &mut Layer, key: &str, word: impl Into<String>) {
    many(layer, key, vec![word.into()]);
}

pub(super) fn many(layer: &mut Layer, key: &str, words: Vec<String>) {
    if !words.is_empty() {
        layer.insert(key.to_owned(), Entry { line: None, value: Value::Words(words) });
    }
}

fn switch(layer: &mut Layer, key: &str, on: bool) {
    if on {
        layer.insert(key.to_owned(), Entry { line: None, value: Value::Switch(true) });
    }
}
