//! Describes a plan as the layers of options that give it again, and as the text of a plan file.

use std::collections::BTreeSet;

use super::{
    layer::{self, Entry, LISTS, Layer, is_of_a_phase},
    resolve::{DEFAULT_MAX_IN_FLIGHT, MAIN},
    secrets,
    values::toml_value,
};
use crate::{
    plan::{
        Phase, Plan,
        journey::Step,
        limits::Limits,
        load::Load,
        percentile::UnsupportedPercentiles,
        retry::{Backoff, Retries},
        sizes::Sizes,
        source::BlobSource,
        stages::{Stage, Stages},
        store::Persistence,
        target::{Header, Target},
        tokens::{DEFAULT_CACHE_SIZE, SigningKey, Tokens},
    },
    units::{exact_duration, exact_size},
};

/// The options that give `plan`, of the whole run and of each phase; secrets are left out.
pub(super) fn layers(name: &str, plan: &Plan) -> Result<(Layer, Vec<(String, Layer)>), String> {
    let mut shared = Builder::new(name);
    shared.list("publisher", plan.publishers.iter().map(ToString::to_string));
    shared.list("aggregator", plan.aggregators.iter().map(ToString::to_string));
    shared.text("seed", plan.seed.to_string());
    shared.text("verify", plan.verify.to_string());
    shared.maybe("shard", plan.number());
    shared.maybe("vantage", plan.vantage.as_ref().map(|vantage| &vantage.name));
    store(&mut shared, plan);
    limits(&mut shared, &plan.limits);
    retries(&mut shared, &plan.retries);
    let mut phases = phases(name, plan, &mut shared)?;
    if plan.unsupported_percentiles != UnsupportedPercentiles::default() {
        shared.text("unsupported-percentiles", plan.unsupported_percentiles.to_string());
    }
    shared.list("threshold", plan.thresholds.iter().map(ToString::to_string));
    if let [(only, _)] = &phases[..]
        && only == MAIN
    {
        let (_, only) = phases.remove(0);
        shared.layer.extend(only);
    }
    Ok((shared.layer, phases))
}

/// A layer in the making.
struct Builder<'a> {
    place: &'a str,
    layer: Layer,
}

impl<'a> Builder<'a> {
    fn new(place: &'a str) -> Self {
        Self { place, layer: Layer::new() }
    }

    fn set(&mut self, key: &str, value: impl Into<toml::Value>) {
        let place = format!("{}, {key}", self.place);
        self.layer.insert(key.to_owned(), Entry { value: value.into(), place });
    }

    fn text(&mut self, key: &str, text: impl AsRef<str>) {
        self.set(key, toml_value(text.as_ref()));
    }

    fn maybe(&mut self, key: &str, value: Option<impl ToString>) {
        value.into_iter().for_each(|value| self.text(key, value.to_string()));
    }

    fn list(&mut self, key: &str, texts: impl Iterator<Item = String>) {
        let texts: Vec<_> = texts.collect();
        if !texts.is_empty() {
            self.set(key, texts);
        }
    }

    fn switch(&mut self, key: &str, on: bool) {
        if on {
            self.set(key, true);
        }
    }
}

fn phases(name: &str, plan: &Plan, shared: &mut Builder<'_>) -> Result<Vec<(String, Layer)>, String> {
    let (mut phases, mut warm_up) = (Vec::<(String, Layer)>::new(), None);
    for phase in &plan.phases {
        if phase.warm_up {
            let stop = phase.stop.blobs.map(|n| n.to_string()).or(phase.stop.duration.map(exact_duration));
            warm_up =
                Some(stop.ok_or_else(|| format!("the warm-up `{}` of its plan has no end", phase.name))?);
            continue;
        }
        if phase.source == BlobSource::Earlier {
            // One run, step by step: the phase belongs to the one before.
            let Some((name, layer)) = phases.last_mut() else { continue };
            MAIN.clone_into(name);
            layer.insert("order".to_owned(), Entry { value: "phased".into(), place: name.clone() });
            let steps = layer.get_mut("steps").and_then(|entry| entry.value.as_array_mut());
            steps.into_iter().for_each(|steps| {
                steps.extend(phase.journey.steps.iter().map(|step| step.to_string().into()))
            });
            continue;
        }
        let mut described = describe_phase(name, phase);
        if let BlobSource::Phase { name, .. } = &phase.source {
            described.text("blobs-of", name);
        }
        described.maybe("warm-up", warm_up.take());
        if let BlobSource::List { name, listing, .. } = &phase.source
            && name != "-"
        {
            shared.text(listing.key(), name);
        }
        phases.push((phase.name.clone(), described.layer));
    }
    Ok(phases)
}

fn describe_phase<'a>(name: &'a str, phase: &Phase) -> Builder<'a> {
    let mut layer = Builder::new(name);
    let delays = phase.delays.as_ref();
    let typed = |step: &Step| match (step, delays) {
        (Step::After, Some(delays)) => Some(format!("after:{}", delays.after)),
        (Step::Again, _) => None,
        (step, _) => Some(step.to_string()),
    };
    layer.list("steps", phase.journey.steps.iter().filter_map(typed));
    if let Some(delays) = delays.filter(|delays| !delays.again.is_empty()) {
        layer.list("again", delays.again.iter().map(|after| exact_duration(after.0)));
    }
    if phase.source == BlobSource::Made {
        layer.text("size", sizes(phase.sizes));
        layer.text("content", phase.content.to_string());
        layer.text("duplicates", phase.duplicates.to_string());
        layer.maybe("order-control", (phase.order_control > 0.0).then_some(phase.order_control));
    }
    match &phase.load {
        Load::Closed { workers } => levels(&mut layer, ["concurrency", "concurrency-stages"], workers, ""),
        Load::Open { rate, arrivals, max_in_flight } => {
            levels(&mut layer, ["rate", "stages"], rate, "/s");
            layer.text("arrivals", arrivals.to_string());
            // The default adapts to the machine, so it is not written.
            layer.maybe("max-in-flight", Some(max_in_flight).filter(|most| **most != DEFAULT_MAX_IN_FLIGHT));
        }
    }
    layer.maybe("blobs", phase.stop.blobs);
    layer.maybe("duration", phase.stop.duration.map(exact_duration));
    layer.text("grace", exact_duration(phase.grace));
    layer
}

fn store(layer: &mut Builder<'_>, plan: &Plan) {
    let store = &plan.store;
    layer.maybe("epochs", store.epochs);
    layer.switch("permanent", store.persistence == Some(Persistence::Permanent));
    layer.switch("deletable", store.persistence == Some(Persistence::Deletable));
    layer.switch("force", store.force);
    layer.maybe("send-object-to", store.send_object_to.as_ref().map(|address| address.as_str()));
    layer.switch("reuse-resources", store.reuse_resources);
    layer.switch("share", store.share);
    layer.maybe("price", store.price);
    layer.maybe("max-cost", store.max_cost);
    match &store.tokens {
        Some(Tokens::Minted(minting)) => {
            layer.text("jwt-alg", minting.algorithm.to_string());
            layer.text("jwt-ttl", format!("{}s", minting.ttl));
            layer.list("jwt-claims", minting.claims.iter().map(ToString::to_string));
            layer
                .maybe("jwt-cache-size", Some(minting.cache_size).filter(|size| *size != DEFAULT_CACHE_SIZE));
        }
        Some(Tokens::Listed { name }) => layer.text("tokens", name),
        None => {}
    }
}

fn limits(layer: &mut Builder<'_>, limits: &Limits) {
    layer.text("upload-timeout", exact_duration(limits.upload_timeout));
    layer.text("download-timeout", exact_duration(limits.download_timeout));
    layer.text("connect-timeout", exact_duration(limits.connect_timeout));
    layer.switch("expect-continue", limits.expect_continue);
    layer.switch("insecure", limits.insecure);
    layer.maybe("cacert", limits.ca_certificates.as_ref().map(|path| path.display()));
    layer.text("user-agent", &limits.user_agent);
    layer.list("cache-header", limits.cache_headers.iter().map(ToString::to_string));
}

fn retries(layer: &mut Builder<'_>, retries: &Retries) {
    if retries.most > 0 {
        layer.text("retries", retries.most.to_string());
        layer.list("retry-on", retries.retry_on.iter().map(ToString::to_string));
        let backoff = match retries.backoff {
            Backoff::Constant { wait } => exact_duration(wait),
            Backoff::Exponential { from, to } => format!("{}..{}", exact_duration(from), exact_duration(to)),
        };
        layer.text("backoff", backoff);
    }
}

fn levels(layer: &mut Builder<'_>, [constant, changing]: [&str; 2], stages: &Stages, unit: &str) {
    let stage = |stage: &Stage| {
        let to = if stage.from == stage.to { String::new() } else { format!("..{}{unit}", stage.to) };
        let length = stage.duration.map(|length| format!(":{}", exact_duration(length))).unwrap_or_default();
        format!("{}{unit}{to}{length}", stage.from)
    };
    match &stages.0[..] {
        [only] if only.duration.is_none() => layer.text(constant, stage(only)),
        several => layer.list(changing, several.iter().map(stage)),
    }
}

fn sizes(sizes: Sizes) -> String {
    let (min, max) = (exact_size(sizes.min), exact_size(sizes.max));
    if min == max { min } else { format!("{min}..{max}") }
}

/// The text of the plan file that gives `plan` again, with the options of the run in `effective` that are no part of a
/// plan (output and the like). Secrets are written as the names of environment variables.
pub(super) fn toml(plan: &Plan, effective: &Layer) -> Result<String, String> {
    let stdin = |phase: &Phase| matches!(&phase.source, BlobSource::List { name, .. } if name == "-");
    if plan.phases.iter().any(stdin) {
        return Err("a plan file cannot name stdin: put the list of blobs into a file".to_owned());
    }
    let (mut shared, phases) = layers("plan", plan)?;
    let variables = name_secrets(plan, &mut shared);
    let planned: BTreeSet<_> =
        phases.iter().flat_map(|(_, layer)| layer.keys()).chain(shared.keys()).cloned().collect();
    let is_of_plan = |key: &String| {
        planned.contains(key)
            || is_of_a_phase(key)
            || secrets::is_secret(key)
            || LISTS.contains(&key.as_str())
    };
    let others = effective.iter().filter(|(key, _)| !is_of_plan(key));
    shared.extend(others.map(|(key, entry)| (key.clone(), entry.clone())));
    let mut text =
        String::from("# A plan of walrus-stress: start it with `walrus-stress run --plan FILE`.\n");
    if !variables.is_empty() {
        text.push_str("# Secrets are not written here; these variables must hold them: ");
        text.push_str(&variables.join(", "));
        text.push('\n');
    }
    text.push_str(&lines(&shared));
    for (name, layer) in &phases {
        text.push_str(&format!("\n[[phase]]\nname = {}\n", toml::Value::from(name.as_str())));
        text.push_str(&lines(layer));
    }
    Ok(text)
}

/// A line for each key, in the order of the flags.
fn lines(layer: &Layer) -> String {
    let schema = layer::schema();
    let keys = schema.get_arguments().filter_map(|flag| flag.get_long());
    keys.filter_map(|key| Some(format!("{key} = {}\n", layer.get(key)?.value))).collect()
}

/// Puts references to secrets into the layer; gives the names of their variables.
fn name_secrets(plan: &Plan, layer: &mut Layer) -> Vec<String> {
    let mut variables = Vec::new();
    let mut set = |key: String, texts: Vec<String>| {
        if !texts.is_empty() {
            layer.insert(key, Entry { value: texts.into(), place: String::new() });
        }
    };
    for (role, headers) in
        [("publisher", &plan.limits.publisher_headers), ("aggregator", &plan.limits.aggregator_headers)]
    {
        let text = |Header { name, .. }: &Header| {
            format!("{name}: ${}", fresh(&mut variables, &format!("{role}_{name}")))
        };
        set(format!("{role}-header"), headers.iter().map(text).collect());
    }
    for (role, targets) in [("publisher", &plan.publishers), ("aggregator", &plan.aggregators)] {
        set(role.to_owned(), targets.iter().map(|target| address(role, target, &mut variables)).collect());
    }
    if let Some(minting) = plan.store.tokens.as_ref().and_then(Tokens::minting) {
        let key = match minting.key {
            SigningKey::Secret(_) => "jwt-secret",
            SigningKey::Private(_) => "jwt-key",
        };
        let value = format!("${}", fresh(&mut variables, key)).into();
        layer.insert(key.to_owned(), Entry { value, place: String::new() });
    }
    variables
}

fn address(role: &str, target: &Target, variables: &mut Vec<String>) -> String {
    let text = target.to_string();
    match (&target.credentials, text.split_once("://")) {
        (Some(_), Some((scheme, rest))) => {
            format!("{scheme}://${}@{rest}", fresh(variables, &format!("{role}_login")))
        }
        _ => text,
    }
}

/// A variable's name that is not taken yet.
fn fresh(taken: &mut Vec<String>, text: &str) -> String {
    let name: String =
        text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
    let numbered = (1..).map(|n| if n == 1 { name.clone() } else { format!("{name}_{n}") });
    let free = numbered.into_iter().find(|name| !taken.contains(name)).unwrap_or(name);
    taken.push(free.clone());
    free
}
