//! Weather as a document: a TOML file, or TOML or JSON that is sent to a server; and the same as a server tells it.

use super::text::{Share, Text};
use super::{
    BadFaults, Faults, Latency, Preset, Profile, RouteKind, Rule, Scope, ServiceTime, Sizes, Span, Stall,
    Window,
};
use crate::fault::{Fault, Role};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A document that describes no weather.
#[derive(Debug, thiserror::Error)]
pub enum BadDocument {
    /// It is no TOML, or not about weather.
    #[error("line {line}: {why}")]
    Toml {
        /// Where, from 1.
        line: usize,
        /// Why, for people.
        why: String,
    },
    /// It is no JSON, or not about weather; the text of the error says where.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// Its faults cannot be had.
    #[error(transparent)]
    Faults(#[from] BadFaults),
}

/// What can be said about the weather; whatever is not said is as the preset has it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(skip_serializing_if = "Option::is_none")]
    preset: Option<Text<Preset>>,
    seed: Option<u64>,
    visible_after: Option<Text<Latency>>,
    not_found: Option<Text<Latency>>,
    unavailable: Option<Text<Latency>>,
    drip_for: Option<Text<Span>>,
    not_yet_for: Option<Text<Span>>,
    #[serde(default)]
    store: PaceSaid,
    #[serde(default)]
    first_read: PaceSaid,
    #[serde(default)]
    cached_read: PaceSaid,
    #[serde(default)]
    fault: Vec<RuleSaid>,
    #[serde(default)]
    stall: Vec<StallSaid>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PaceSaid {
    latency: Option<Text<Latency>>,
    per_mib: Option<Text<Span>>,
    body_per_mib: Option<Text<Span>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleSaid {
    kind: Text<Fault>,
    ratio: Share,
    #[serde(skip_serializing_if = "Option::is_none")]
    route: Option<Text<RouteKind>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<Text<Sizes>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Text<Span>>,
    #[serde(skip_serializing_if = "Option::is_none", rename = "for")]
    length: Option<Text<Span>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<Text<Span>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StallSaid {
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Text<Span>>,
    #[serde(rename = "for")]
    length: Text<Span>,
}

impl Profile {
    /// The weather that a document describes for a server: JSON if it begins with a brace, else TOML.
    ///
    /// # Errors
    /// Text that is neither, unknown words, values that are none, faults that this server cannot have.
    pub fn parse(text: &str, role: Role) -> Result<Self, BadDocument> {
        let document: Document = match text.trim_start().starts_with('{') {
            true => serde_json::from_str(text)?,
            false => toml::from_str(text).map_err(|error| bad_toml(text, &error))?,
        };
        Ok(document.profile(role)?)
    }

    /// The document that describes this weather, every word of it said.
    #[must_use]
    pub fn document(&self) -> impl Serialize + use<> {
        let pace = |pace: &ServiceTime| PaceSaid {
            latency: Some(Text(pace.latency)),
            per_mib: Some(Text(Span(pace.per_mib))),
            body_per_mib: Some(Text(Span(pace.body_per_mib))),
        };
        let stall = |stall: &Stall| StallSaid { from: Some(span(stall.from)), length: span(stall.length) };
        Document {
            preset: None,
            seed: Some(self.seed),
            visible_after: Some(Text(self.visible_after)),
            not_found: Some(Text(self.not_found)),
            unavailable: Some(Text(self.unavailable)),
            drip_for: Some(span(self.drip_for)),
            not_yet_for: Some(span(self.not_yet_for)),
            store: pace(&self.store),
            first_read: pace(&self.first_read),
            cached_read: pace(&self.cached_read),
            fault: self.faults.rules().iter().map(RuleSaid::of).collect(),
            stall: self.stalls.iter().map(stall).collect(),
        }
    }
}

fn span(time: Duration) -> Text<Span> {
    Text(Span(time))
}

fn bad_toml(text: &str, error: &toml::de::Error) -> BadDocument {
    let start = error.span().map_or(0, |span| span.start).min(text.len());
    let line = 1 + text.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count();
    BadDocument::Toml { line, why: error.message().to_owned() }
}

impl Document {
    fn profile(self, role: Role) -> Result<Profile, BadFaults> {
        let base = self.preset.map_or(Preset::default(), |preset| preset.0).profile();
        let latency = |said: Option<Text<Latency>>, base| said.map_or(base, |said| said.0);
        let time = |said: Option<Text<Span>>, base| said.map_or(base, |said| said.0.0);
        let stall =
            |said: &StallSaid| Stall { from: time(said.from, Duration::ZERO), length: said.length.0.0 };
        Ok(Profile {
            seed: self.seed.unwrap_or(base.seed),
            visible_after: latency(self.visible_after, base.visible_after),
            not_found: latency(self.not_found, base.not_found),
            unavailable: latency(self.unavailable, base.unavailable),
            drip_for: time(self.drip_for, base.drip_for),
            not_yet_for: time(self.not_yet_for, base.not_yet_for),
            store: self.store.over(base.store),
            first_read: self.first_read.over(base.first_read),
            cached_read: self.cached_read.over(base.cached_read),
            faults: Faults::new(role, self.fault.iter().map(RuleSaid::rule).collect())?,
            stalls: self.stall.iter().map(stall).collect(),
        })
    }
}

impl PaceSaid {
    fn over(self, base: ServiceTime) -> ServiceTime {
        ServiceTime {
            latency: self.latency.map_or(base.latency, |said| said.0),
            per_mib: self.per_mib.map_or(base.per_mib, |said| said.0.0),
            body_per_mib: self.body_per_mib.map_or(base.body_per_mib, |said| said.0.0),
        }
    }
}

impl RuleSaid {
    fn of(rule: &Rule) -> Self {
        let Scope { route, sizes, window } = rule.scope;
        Self {
            kind: Text(rule.fault),
            ratio: Share(rule.ratio),
            route: route.map(Text),
            size: sizes.map(Text),
            from: (!window.from.is_zero()).then(|| span(window.from)),
            length: window.length.map(span),
            after: rule.after.map(span),
        }
    }

    fn rule(&self) -> Rule {
        let time = |said: Option<Text<Span>>| said.map(|said| said.0.0);
        let window = Window { from: time(self.from).unwrap_or_default(), length: time(self.length) };
        Rule {
            fault: self.kind.0,
            ratio: self.ratio.0,
            scope: Scope {
                route: self.route.map(|said| said.0),
                sizes: self.size.map(|said| said.0),
                window,
            },
            after: time(self.after),
        }
    }
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
