//! Lists of operators as Walrus publishes them (`operators.json`): read, selected from, and written back as measured.

use std::{collections::BTreeMap, fs, io::Read as _, path::Path};

use serde::Deserialize;
use serde_json::value::RawValue;
use strum::{EnumString, IntoStaticStr, VariantNames};

use crate::{
    client,
    error::Error,
    plan::{ConfigError, limits::Limits, names::none_of, operators::Operator, target::Target},
    report::operators::{OperatorRow, OperatorsReport},
};

/// The largest list in bytes.
const LARGEST: u64 = 4 * 1024 * 1024;

/// A network of Walrus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "kebab-case", parse_err_ty = String, parse_err_fn = none_of::<Network>)]
pub(super) enum Network {
    Mainnet,
    Testnet,
}

/// Where a list is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Listing<'a> {
    File(&'a str),
    Url(&'a str),
}

impl<'a> Listing<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        if text.starts_with("http://") || text.starts_with("https://") {
            Self::Url(text)
        } else {
            Self::File(text)
        }
    }

    /// What messages call it.
    pub(super) fn name(self) -> String {
        match self {
            Listing::File(path) => path.to_owned(),
            Listing::Url(url) => client::without_login(url),
        }
    }

    /// The text of the list.
    pub(super) async fn fetch(self, limits: &Limits) -> Result<String, Error> {
        match self {
            Listing::File(path) => read(Path::new(path)),
            Listing::Url(url) => client::fetch(url, limits, LARGEST).await,
        }
    }
}

fn read(path: &Path) -> Result<String, Error> {
    let cannot = |reason: String| Error::Read { path: path.display().to_string(), reason };
    let file = fs::File::open(path).map_err(|error| cannot(error.to_string()))?;
    let mut text = String::new();
    file.take(LARGEST + 1).read_to_string(&mut text).map_err(|error| cannot(error.to_string()))?;
    if text.len() as u64 > LARGEST {
        return Err(cannot(format!("it is longer than {LARGEST} bytes, which no list of operators is")));
    }
    Ok(text)
}

/// A list, and where each operator's entry stands in its text.
#[derive(Debug)]
pub(super) struct OperatorList {
    text: String,
    entries: Vec<ListedOperator>,
}

#[derive(Debug)]
struct ListedOperator {
    operator: Operator,
    /// The bytes of its object.
    span: std::ops::Range<usize>,
}

/// What is known of an entry; other members are kept as they are.
#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    operator: Option<String>,
}

/// The part of a network that is read; publishers and whatever else there is are kept as they are.
#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow)]
    aggregators: Option<Pairs<'a>>,
}

/// The members of an object in their order, also those that it has twice.
struct Pairs<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> serde::de::Visitor<'de> for Members {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object of operators by URL")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Members).map(Pairs)
    }
}

impl OperatorList {
    /// The list of `text`; `name` is for errors.
    ///
    /// # Errors
    /// When it is no such list, has no such network, or an address that cannot be used or stands there twice.
    pub(super) fn parse(name: &str, text: String, network: Network) -> Result<Self, Error> {
        let entries =
            entries(&text, network).map_err(|reason| Error::Input { path: name.to_owned(), reason })?;
        Ok(Self { text, entries })
    }

    pub(super) fn operators(&self) -> Vec<Operator> {
        self.entries.iter().map(|entry| entry.operator.clone()).collect()
    }

    /// The list with what `report` measured of its operators; everything else is as it was.
    pub(super) fn updated(&self, report: &OperatorsReport) -> String {
        let mut text = self.text.clone();
        // From the end, so that the places of earlier entries stay right.
        for entry in self.entries.iter().rev() {
            let url = entry.operator.target.to_string();
            if let Some(row) = report.operators.iter().find(|row| row.url == url && row.asked > 0) {
                let object = Object { text: &text[entry.span.clone()] };
                let updated = object.with(&changes(row, report));
                text.replace_range(entry.span.clone(), &updated);
            }
        }
        text
    }
}

fn entries(text: &str, network: Network) -> Result<Vec<ListedOperator>, String> {
    let not_a_list = |error: serde_json::Error| format!("is no list of operators: {error}");
    let networks: BTreeMap<String, &RawValue> = serde_json::from_str(text).map_err(not_a_list)?;
    let name: &str = network.into();
    let part = networks.get(name).ok_or_else(|| {
        let names: Vec<_> = networks.keys().map(String::as_str).collect();
        format!("has no network `{name}`; it has: {}", names.join(", "))
    })?;
    let Part { aggregators } = serde_json::from_str(part.get()).map_err(not_a_list)?;
    let Pairs(members) = aggregators.ok_or_else(|| format!("names no aggregators of {name}"))?;
    let mut entries: Vec<ListedOperator> = Vec::new();
    for (url, object) in members {
        let wrong = |reason: String| format!("{name}, {}: {reason}", url.escape_debug());
        let target: Target = url.parse().map_err(wrong)?;
        let entry: Entry = serde_json::from_str(object.get()).map_err(|error| wrong(error.to_string()))?;
        if entries.iter().any(|one| one.operator.target.url == target.url) {
            return Err(wrong("stands there twice".to_owned()));
        }
        let start = object.get().as_ptr() as usize - text.as_ptr() as usize;
        let host = target.url.host_str().unwrap_or_default().to_owned();
        let operator =
            Operator { name: entry.operator.filter(|name| !name.trim().is_empty()).unwrap_or(host), target };
        entries.push(ListedOperator { operator, span: start..start + object.get().len() });
    }
    Ok(entries)
}

/// A member of an entry, and its new value; `None` takes it away.
type Change = (&'static str, Option<serde_json::Value>);

/// What a measurement changes in an entry: `functional` stands there only when it is false, `cache` stays as it was where
/// the times do not decide, and the evidence is one key of our own.
fn changes(row: &OperatorRow, report: &OperatorsReport) -> Vec<Change> {
    let functional = (row.delivered == 0).then(|| false.into());
    // Microseconds are finer than any difference between two such measurements.
    let rounded = |value: f64| (value * 1e6).round() / 1e6;
    let evidence = serde_json::json!({
        "checked": report.started_at,
        "readsDelivered": row.delivered,
        "readsMade": row.asked,
        "firstMedianSeconds": row.first.map(|times| rounded(times.median)),
        "cachedMedianSeconds": row.cached.map(|times| rounded(times.median)),
        "firstToCached": row.cache_effect.map(|effect| rounded(effect.median)),
    });
    let cache = row.has_cache().map(|cached| ("cache", Some(cached.into())));
    let functional = [("functional", functional)];
    functional.into_iter().chain(cache).chain([("walrusStress", Some(evidence))]).collect()
}

/// The text of a JSON object, edited in place.
struct Object<'a> {
    text: &'a str,
}

impl Object<'_> {
    fn with(&self, changes: &[Change]) -> String {
        let mut text = self.text.to_owned();
        for (key, value) in changes {
            text = match value {
                Some(value) => Object { text: &text }.set(key, &value.to_string()),
                None => Object { text: &text }.without(key),
            };
        }
        text
    }

    /// Where each member's key begins and its value ends.
    fn members(&self) -> Vec<(String, std::ops::Range<usize>, std::ops::Range<usize>)> {
        let Ok(Pairs(members)) = serde_json::from_str::<Pairs<'_>>(self.text) else { return Vec::new() };
        let mut from = 0;
        let mut found = Vec::new();
        for (key, value) in members {
            let start = value.get().as_ptr() as usize - self.text.as_ptr() as usize;
            let end = start + value.get().len();
            // Between the last member and this value there is only this key.
            let key_start = from + self.text[from..start].find('"').unwrap_or(0);
            found.push((key, key_start..start, start..end));
            from = end;
        }
        found
    }

    /// The object with this value of `key`, at its place or else last and set apart as the other members are.
    fn set(&self, key: &str, value: &str) -> String {
        let members = self.members();
        let mut text = self.text.to_owned();
        if let Some((_, _, place)) = members.iter().find(|(name, ..)| name == key) {
            text.replace_range(place.clone(), value);
            return text;
        }
        let (Some((_, first, _)), Some((_, _, last))) = (members.first(), members.last()) else {
            return format!("{{ {key:?}: {value} }}");
        };
        let (before, key_and_colon) = (&self.text[1..first.start], &self.text[first.clone()]);
        let colon = &key_and_colon[key_and_colon.rfind(':').unwrap_or(0)..];
        text.insert_str(last.end, &format!(",{before}{key:?}{colon}{value}"));
        text
    }

    /// The object without `key` and the comma beside it.
    fn without(&self, key: &str) -> String {
        let members = self.members();
        let mut text = self.text.to_owned();
        let Some(at) = members.iter().position(|(name, ..)| name == key) else { return text };
        let (_, name, value) = &members[at];
        let place = match (at.checked_sub(1), members.get(at + 1)) {
            (Some(before), _) => members[before].2.end..value.end,
            (None, Some((_, next, _))) => name.start..next.start,
            (None, None) => name.start..value.end,
        };
        text.replace_range(place, "");
        text
    }
}

/// Which operators of all are compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Selection<'a> {
    pub(super) only: &'a [String],
    pub(super) skip: &'a [String],
}

impl Selection<'_> {
    /// Those that are selected.
    ///
    /// # Errors
    /// When a name matches no operator.
    pub(super) fn of(self, all: Vec<Operator>) -> Result<Vec<Operator>, ConfigError> {
        for (flag, names) in [("--only", self.only), ("--skip", self.skip)] {
            if let Some(unknown) = names.iter().find(|name| !all.iter().any(|one| is_called(one, name))) {
                let known: Vec<_> = all.iter().map(|one| one.name.as_str()).take(20).collect();
                let reason =
                    format!("`{}` is no operator; there are: {}", unknown.escape_debug(), known.join(", "));
                return Err(ConfigError::new(flag, reason));
            }
        }
        let wanted = |one: &Operator| {
            let called = |names: &[String]| names.iter().any(|name| is_called(one, name));
            (self.only.is_empty() || called(self.only)) && !called(self.skip)
        };
        Ok(all.into_iter().filter(wanted).collect())
    }
}

fn is_called(operator: &Operator, name: &str) -> bool {
    let same_url = name.parse::<Target>().is_ok_and(|target| target.url == operator.target.url);
    same_url || operator.name.eq_ignore_ascii_case(name.trim())
}

#[cfg(test)]
#[path = "list_tests.rs"]
mod tests;
