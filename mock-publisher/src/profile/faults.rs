//! Chooses the fault, if any, of a request: a pure function of the rules, the seed, and the number of the request.

use super::rule::{FaultRule, RequestContext};
use super::share::Share;
use crate::blob_id::BlobId;
use crate::draw::{self, Purpose};
use crate::fault::{Fault, Role, RouteKind};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use strum::IntoEnumIterator;

/// The rules of a profile, in the order in which they share the draw of a request. `Faults::new` checks them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Faults(Vec<FaultRule>);

/// Rules that a server cannot have, each alone or together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FaultsError(String);

/// The fault of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChosenFault {
    /// Its kind.
    pub fault: Fault,
    /// How long its answer takes, if its rule says so.
    pub after: Option<Duration>,
    /// Whether its rule counts the requests that it has had.
    pub is_counted: bool,
}

impl ChosenFault {
    fn of(rule: &FaultRule) -> Self {
        let is_counted = matches!(rule.share, Share::First(_));
        Self { fault: rule.kind, after: rule.after, is_counted }
    }
}

impl Faults {
    /// Checks that a server can have these faults and that no request needs two of them.
    ///
    /// A rule with a route is for the server of that route, so that one document can be for two servers.
    ///
    /// # Errors
    /// A kind of the other server, a delay or a size for a kind that has none, the same rule twice, ratios above 1 in sum.
    pub fn new(role: Role, mut rules: Vec<FaultRule>) -> Result<Self, FaultsError> {
        rules.sort_by_key(|rule| rule.kind);
        rules.iter().try_for_each(|rule| check(role, rule)).map_err(FaultsError)?;
        let is_repeated =
            |(n, rule): &(usize, &FaultRule)| rules[..*n].iter().any(|other| rule.duplicates(other));
        if let Some((_, rule)) = rules.iter().enumerate().find(is_repeated) {
            return Err(FaultsError(format!(
                "the fault `{}` is given twice for the same requests",
                rule.kind
            )));
        }
        let sum = largest_sum(&rules);
        if sum > 1.0 + 1e-9 {
            let percent = sum * 100.0;
            return Err(FaultsError(format!(
                "the ratios of the faults add up to {percent:.1}%: a request gets at most one, so lower them to 100%"
            )));
        }
        Ok(Self(rules))
    }

    /// The faults of a publisher and of an aggregator in one process: each rule is confined to the routes of its server.
    #[must_use]
    pub fn and(self, reads: Self) -> Self {
        if self == reads {
            return self;
        }
        let stores = self.0.into_iter().flat_map(|rule| confined(rule, Role::Publisher));
        let reads = reads.0.into_iter().flat_map(|rule| confined(rule, Role::Aggregator));
        let mut rules: Vec<_> = stores.chain(reads).collect();
        rules.sort_by_key(|rule| rule.kind);
        Self(rules)
    }

    /// The rules in their order.
    #[must_use]
    pub fn rules(&self) -> &[FaultRule] {
        &self.0
    }

    /// Whether a choice can depend on the size of the blob, which a read has to look up.
    #[must_use]
    pub fn depends_on_size(&self) -> bool {
        self.0.iter().any(|rule| rule.size.is_some())
    }

    /// The rules that match a request and count their requests: their place among all rules, how many requests they are
    /// for, and their fault. They go before all others.
    pub fn counted(&self, request: &RequestContext) -> impl Iterator<Item = (usize, u64, ChosenFault)> {
        let matching = self.0.iter().enumerate().filter(|(_, rule)| rule.matches(request));
        matching.filter_map(|(place, rule)| match rule.share {
            Share::First(number) => Some((place, number, ChosenFault::of(rule))),
            Share::Ratio(_) => None,
        })
    }

    /// The fault of request `n` by the rules with a ratio. `not-yet` is none: it belongs to a blob.
    #[must_use]
    pub fn choose(&self, seed: u64, n: u64, request: &RequestContext) -> Option<ChosenFault> {
        let mut left = draw::unit(draw::bits(seed, Purpose::Fault, n));
        self.0.iter().filter(|rule| rule.kind != Fault::NotYet && rule.matches(request)).find_map(|rule| {
            let hit = left < rule.ratio();
            left -= rule.ratio();
            hit.then(|| ChosenFault::of(rule))
        })
    }

    /// Whether a blob is one of those that cannot be read for some time after their store.
    #[must_use]
    pub fn is_not_yet_readable(&self, seed: u64, id: &BlobId, request: &RequestContext) -> bool {
        let rules = self.0.iter().filter(|rule| rule.kind == Fault::NotYet && rule.matches(request));
        let ratio: f64 = rules.map(FaultRule::ratio).sum();
        ratio > 0.0 && draw::unit(draw::bits(seed, Purpose::NotYet, draw::key(id.as_bytes()))) < ratio
    }
}

/// A rule for each route of a server that it is for.
fn confined(rule: FaultRule, role: Role) -> impl Iterator<Item = FaultRule> {
    let routes = RouteKind::iter().filter(move |route| route.role() == role);
    routes
        .filter(move |route| rule.route.is_none_or(|own| own == *route))
        .map(move |route| FaultRule { route: Some(route), ..rule })
}

/// Whether a server can have a rule at all.
fn check(role: Role, rule: &FaultRule) -> Result<(), String> {
    let role = rule.route.map_or(role, RouteKind::role);
    let kind = rule.kind;
    if !kind.applies_to(role) {
        let own: Vec<_> = Fault::of(role).map(Fault::label).collect();
        return Err(format!("a mock {role} cannot have the fault `{kind}`; it has {}", own.join(", ")));
    }
    if rule.after.is_some() && !kind.replaces_answer() {
        return Err(format!(
            "the fault `{kind}` has no answer of its own that `after` could delay: leave `after` out"
        ));
    }
    if kind == Fault::NotYet && matches!(rule.share, Share::First(_)) {
        return Err("the fault `not-yet` belongs to blobs, which are not counted: give it a ratio".to_owned());
    }
    let why = match (kind, role, rule.route) {
        (Fault::Shed, Role::Aggregator, _) => "a full aggregator answers before it looks at the blob",
        (_, _, Some(RouteKind::Concat)) => "a concat has no size before it is sent",
        _ => return Ok(()),
    };
    match rule.size {
        None => Ok(()),
        Some(_) => Err(format!("the fault `{kind}` cannot depend on a size here: {why}")),
    }
}

/// The largest sum of ratios that a request can match: sums change only where a size or a period of a rule begins.
fn largest_sum(rules: &[FaultRule]) -> f64 {
    let sizes: Vec<_> =
        rules.iter().filter_map(|rule| rule.size).map(|size| Some(size.from)).chain([None]).collect();
    let mut largest = 0.0_f64;
    for route_kind in RouteKind::iter() {
        for size in &sizes {
            for at in rules.iter().map(|rule| rule.from) {
                let request = RequestContext { route_kind, size: *size, at };
                let matching = rules.iter().filter(|rule| rule.matches(&request));
                largest = largest.max(matching.map(FaultRule::ratio).sum());
            }
        }
    }
    largest
}

#[cfg(test)]
#[path = "faults_tests.rs"]
mod tests;
