//! A fault profile: how long steps take and what goes wrong, by which seed; read from TOML, JSON, presets and flags.

use super::faults::{Faults, FaultsError};
use super::latency::{Latency, ServiceTime};
use super::rule::Stall;
use crate::draw::{self, Purpose};
use crate::fault::Role;
use crate::throttle::MAX_DELAY;
use crate::units::{DurationText, ParseError};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_with::serde_as;
use std::time::Duration;
use strum::VariantNames;

/// How long steps take on a server, what goes wrong, and by which seed. What a document leaves out is as in its preset.
#[serde_as]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Profile {
    /// The key of a document that names its preset, which `Profile::parse` reads by itself.
    #[serde(skip_serializing)]
    pub preset: IgnoredAny,
    /// Makes every choice repeatable.
    pub seed: u64,
    /// How long after its store a blob can be read; every blob draws its own time.
    pub visible_after: Latency,
    /// How long a 404 takes.
    pub not_found: Latency,
    /// How long a 503 of an aggregator takes.
    pub unavailable: Latency,
    /// How long the body of a `drip` takes.
    #[serde_as(as = "DurationText")]
    pub drip_for: Duration,
    /// How long a blob with the fault `not-yet` cannot be read.
    #[serde_as(as = "DurationText")]
    pub not_yet_for: Duration,
    /// A store, from the end of its body.
    pub store: ServiceTime,
    /// A read that is not in the cache; its latency counts twice for a file of a quilt by name.
    pub first_read: ServiceTime,
    /// A read that is served from the cache.
    pub cached_read: ServiceTime,
    /// What goes wrong.
    #[serde(rename = "fault")]
    pub faults: Faults,
    /// The periods in which nothing is answered.
    #[serde(rename = "stall")]
    pub stalls: Vec<Stall>,
}

/// A profile that comes with the servers, by the name that `--weather` and the key `preset` know.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    strum::Display,
    strum::EnumIter,
    strum::EnumString,
    VariantNames,
    serde_with::DeserializeFromStr,
)]
#[strum(serialize_all = "kebab-case", parse_err_ty = ParseError, parse_err_fn = unknown_preset)]
pub enum Preset {
    /// No latency at all.
    #[default]
    Instant,
    /// A server on the same network.
    Lan,
    /// A public server of the test network.
    Testnet,
    /// A public server of the main network.
    Mainnet,
}

fn unknown_preset(text: &str) -> ParseError {
    ParseError::unknown_name(text, "a preset", Preset::VARIANTS)
}

/// Why there is no such profile.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// Text that is no TOML, or a key or value that no profile has.
    #[error("line {line}: {why}")]
    Toml {
        /// Where, from 1.
        line: usize,
        /// Why, for people.
        why: String,
    },
    /// Text that is no JSON, or a key or value that no profile has; the error says where.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// Rules that this server cannot have.
    #[error(transparent)]
    Faults(#[from] FaultsError),
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            preset: IgnoredAny,
            seed: 0,
            visible_after: Latency::default(),
            not_found: Latency::default(),
            unavailable: Latency::default(),
            drip_for: Duration::from_secs(2),
            not_yet_for: Duration::from_secs(1),
            store: ServiceTime::default(),
            first_read: ServiceTime::default(),
            cached_read: ServiceTime::default(),
            faults: Faults::default(),
            stalls: Vec::new(),
        }
    }
}

impl From<Preset> for Profile {
    fn from(preset: Preset) -> Self {
        let document = match preset {
            Preset::Instant => return Self::default(),
            Preset::Lan => include_str!("presets/lan.toml"),
            Preset::Testnet => include_str!("presets/testnet.toml"),
            Preset::Mainnet => include_str!("presets/mainnet.toml"),
        };
        toml::from_str(document).expect("a test reads every preset")
    }
}

impl Profile {
    /// The profile that a document describes for a server: JSON if it begins with a brace, else TOML.
    ///
    /// # Errors
    /// Text that is neither, unknown keys, bad values, faults that this server cannot have.
    pub fn parse(text: &str, role: Role) -> Result<Self, ProfileError> {
        #[derive(Deserialize)]
        struct Base {
            #[serde(default)]
            preset: Preset,
        }
        let base: Base = read(text)?;
        // Read once by its types only for errors that name the line; the merged document no longer knows it.
        read::<Self>(text)?;
        Self::from(base.preset).overlay(&read::<Value>(text)?)?.checked(role)
    }

    /// This profile with the values that another document has, as in a JSON Merge Patch (RFC 7396), except that faults and
    /// stalls are added to those that there are and that a null changes nothing.
    ///
    /// # Errors
    /// A key or value that no profile has.
    pub fn overlay(&self, changes: &impl Serialize) -> Result<Self, ProfileError> {
        let mut merged = serde_json::to_value(self)?;
        merge(&mut merged, serde_json::to_value(changes)?);
        Ok(serde_json::from_value(merged)?)
    }

    /// This profile with its faults checked and in order.
    ///
    /// # Errors
    /// Faults that this server cannot have.
    pub fn checked(mut self, role: Role) -> Result<Self, ProfileError> {
        self.faults = Faults::new(role, self.faults.rules().to_vec())?;
        Ok(self)
    }

    /// The profile of a publisher and an aggregator in one process: stores are as here, reads and what both share as there.
    #[must_use]
    pub fn and(self, reads: Self) -> Self {
        let stalls = match self.stalls == reads.stalls {
            true => reads.stalls,
            false => [self.stalls, reads.stalls].concat(),
        };
        Self { store: self.store, faults: self.faults.and(reads.faults), stalls, ..reads }
    }

    /// The latency that request `n` draws from a distribution, at most a day.
    #[must_use]
    pub fn latency(&self, of: &Latency, n: u64) -> Duration {
        of.at(draw::bits(self.seed, Purpose::Latency, n)).min(MAX_DELAY)
    }

    /// The place in a body of `length` bytes where request `n` is damaged.
    #[must_use]
    pub fn damage_offset(&self, n: u64, length: u64) -> u64 {
        draw::below(draw::bits(self.seed, Purpose::Spot, n), length)
    }

    /// When the last stall that is under way at this moment ends, if one is; all from when the profile was set.
    #[must_use]
    pub fn stall_end(&self, at: Duration) -> Option<Duration> {
        self.stalls.iter().filter_map(|stall| stall.end(at)).max()
    }
}

/// Reads TOML or JSON.
fn read<T: DeserializeOwned>(text: &str) -> Result<T, ProfileError> {
    if text.trim_start().starts_with('{') {
        return Ok(serde_json::from_str(text)?);
    }
    toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start).min(text.len());
        let line = 1 + text.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count();
        ProfileError::Toml { line, why: error.message().to_owned() }
    })
}

/// Puts the values of `changes` over those of `base`.
fn merge(base: &mut Value, changes: Value) {
    match (base, changes) {
        (_, Value::Null) => {}
        (Value::Object(base), Value::Object(changes)) => {
            changes.into_iter().for_each(|(key, value)| merge(base.entry(key).or_insert(Value::Null), value));
        }
        (Value::Array(base), Value::Array(changes)) => base.extend(changes),
        (base, changes) => *base = changes,
    }
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
