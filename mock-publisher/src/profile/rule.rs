//! The rules of a profile: which requests get a fault, and when nothing is answered.

use super::share::Share;
use crate::fault::{Fault, Role, RouteKind};
use crate::units::{DurationText, ParseError, Size};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_with::{serde_as, skip_serializing_none};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A kind of fault and its share of the requests that match: a table in a document, `500=5%,route=store,from=10s,for=5s`
/// on the command line.
#[skip_serializing_none]
#[serde_as]
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// The kind.
    pub kind: Fault,
    /// Which of the matching requests get it.
    #[serde(rename = "ratio")]
    pub share: Share,
    /// Only requests of this route.
    pub route: Option<RouteKind>,
    /// Only requests for blobs of these sizes; one whose size is not known does not match.
    pub size: Option<SizeRange>,
    /// Only requests that arrive this long after the profile was set, or later.
    #[serde(default, skip_serializing_if = "Duration::is_zero")]
    #[serde_as(as = "DurationText")]
    pub from: Duration,
    /// For how long from then on; without end if absent.
    #[serde(rename = "for")]
    #[serde_as(as = "Option<DurationText>")]
    pub length: Option<Duration>,
    /// How long the fault's own answer takes; as long as the profile says if absent.
    #[serde_as(as = "Option<DurationText>")]
    pub after: Option<Duration>,
}

/// A period in which nothing is answered: requests wait for its end. `from=10s,for=5s` on the command line.
#[serde_as]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stall {
    /// When it begins, from when the profile was set.
    #[serde(default)]
    #[serde_as(as = "DurationText")]
    pub from: Duration,
    /// How long it lasts.
    #[serde(rename = "for")]
    #[serde_as(as = "DurationText")]
    pub length: Duration,
}

/// What is known of a request when its fault is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestContext {
    /// Its route.
    pub route_kind: RouteKind,
    /// Bytes of its blob, if they are known.
    pub size: Option<u64>,
    /// When it arrived, from when the profile was set.
    pub at: Duration,
}

/// Whether a moment lies in a period; its end does not.
fn in_period(at: Duration, from: Duration, length: Option<Duration>) -> bool {
    at >= from && length.is_none_or(|length| at < from.saturating_add(length))
}

impl FaultRule {
    /// Whether a request can get this fault.
    #[must_use]
    pub fn matches(&self, request: &RequestContext) -> bool {
        self.kind.applies_to(request.route_kind.role())
            && self.route.is_none_or(|route| route == request.route_kind)
            && self.size.is_none_or(|range| request.size.is_some_and(|size| range.contains(size)))
            && in_period(request.at, self.from, self.length)
    }

    /// Whether another rule is for the same kind and the same requests.
    #[must_use]
    pub fn duplicates(&self, other: &Self) -> bool {
        *self == Self { share: self.share, after: self.after, ..*other }
    }

    /// Its probability for a request that matches; 0 for a rule that counts its requests.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        match self.share {
            Share::Ratio(ratio) => ratio,
            Share::First(_) => 0.0,
        }
    }

    /// Why no request of this server can ever get it.
    #[must_use]
    pub fn never_matches(&self, role: Role) -> Option<String> {
        let other = |route: &RouteKind| role != Role::Daemon && route.role() != role;
        match (self.route.filter(other), self.share) {
            (Some(route), _) => Some(format!("a mock {role} does not have the route `{route}`")),
            (None, Share::Ratio(0.0) | Share::First(0)) => Some("its share of the requests is 0".to_owned()),
            (None, _) if self.length.is_some_and(|length| length.is_zero()) => {
                Some("its period is empty".to_owned())
            }
            (None, _) => None,
        }
    }
}

impl Stall {
    /// When it is over, if it is under way at this moment.
    #[must_use]
    pub fn end(&self, at: Duration) -> Option<Duration> {
        in_period(at, self.from, Some(self.length)).then(|| self.from.saturating_add(self.length))
    }
}

impl FromStr for FaultRule {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        const USAGE: &str = "KIND=RATIO, for instance reset=1%, 500=0.05 or 503=first:2, and after it what limits it: \
            ,route=store ,size=1MiB.. ,from=10s ,for=5s ,after=17s";
        let bad = |why| ParseError::new(text, "a fault", USAGE).because(why);
        let (first, rest) = text.split_once(',').unwrap_or((text, ""));
        let (kind, ratio) = first.split_once(['=', ':']).ok_or_else(|| bad("no `=`".into()))?;
        from_pairs([("kind", kind), ("ratio", ratio)], rest).map_err(bad)
    }
}

impl FromStr for Stall {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        const USAGE: &str = "from=10s,for=5s, or for=5s for one that begins at once";
        from_pairs([], text).map_err(|why| ParseError::new(text, "a stall", USAGE).because(why))
    }
}

/// Reads `key=value,key=value` in the form that the same table has in a document.
fn from_pairs<'a, T: DeserializeOwned>(
    first: impl IntoIterator<Item = (&'a str, &'a str)>,
    rest: &'a str,
) -> Result<T, String> {
    let pairs = rest.split(',').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').ok_or_else(|| format!("no `=` in `{pair}`")));
    let mut table = serde_json::Map::new();
    for pair in first.into_iter().map(Ok).chain(pairs) {
        let (key, value) = pair?;
        if table.insert(key.trim().to_owned(), value.trim().into()).is_some() {
            return Err(format!("`{}` is given twice", key.trim()));
        }
    }
    serde_json::from_value(table.into()).map_err(|error| error.to_string())
}

/// A range of sizes in bytes; the end is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde_with::SerializeDisplay, serde_with::DeserializeFromStr)]
pub struct SizeRange {
    /// The smallest.
    pub from: u64,
    /// The first that is too large; no limit if absent.
    pub to: Option<u64>,
}

impl SizeRange {
    /// Whether a size lies in it.
    #[must_use]
    pub fn contains(&self, size: u64) -> bool {
        size >= self.from && self.to.is_none_or(|to| size < to)
    }
}

impl FromStr for SizeRange {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let bad =
            || ParseError::new(text, "a range of sizes", "1MiB.., ..100KiB or 100KiB..1MiB, without its end");
        let bound = |text: &str| match text.trim() {
            "" => Ok(None),
            size => size.parse::<Size>().map(|size| Some(size.0)).map_err(|error| bad().because(error)),
        };
        let (from, to) = text.split_once("..").ok_or_else(bad)?;
        let (from, to) = (bound(from)?, bound(to)?);
        if (from, to) == (None, None) || to.is_some_and(|to| to <= from.unwrap_or(0)) {
            return Err(bad().because("it holds no size, or all of them"));
        }
        Ok(Self { from: from.unwrap_or(0), to })
    }
}

impl fmt::Display for SizeRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..", Size(self.from))?;
        self.to.map_or(Ok(()), |to| write!(f, "{}", Size(to)))
    }
}

#[cfg(test)]
#[path = "rule_tests.rs"]
mod tests;
