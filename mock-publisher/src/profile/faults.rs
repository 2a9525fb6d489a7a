//! Which fault, if any, a request meets: rules in, one decision per request number out.

use super::route_kind::RouteKind;
use super::rule::{RequestContext, Rule, Scope};
use crate::blob_id::BlobId;
use crate::draw::{self, Purpose};
use crate::fault::{Fault, Role, labels};
use std::time::Duration;

/// A set of faults that cannot be had.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BadFaults {
    /// A kind that belongs to the other server.
    #[error("a mock {1} cannot have the fault `{label}`; it has {all}", label = .0.label(), all = labels(Fault::of(*.1)))]
    Elsewhere(Fault, Role),
    /// A time for an answer that is not the fault's own.
    #[error("the fault `{}` has no answer of its own that could come `after` a while", .0.label())]
    After(Fault),
    /// A size where none is known.
    #[error("`{0}` cannot depend on a size: {1}")]
    NoSize(Box<Rule>, &'static str),
    /// The same kind twice for the same requests.
    #[error("the fault `{}` is given twice", .0.label())]
    Twice(Fault),
    /// More faults than requests.
    #[error("the ratios of the faults add up to {:.1}%: one request meets one fault, so at most 100%", .0 * 100.0)]
    TooMany(f64),
}

/// A checked set of faults for one server.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Faults(Vec<Rule>);

/// A fault that a request meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChosenFault {
    /// Its kind.
    pub fault: Fault,
    /// How long its answer takes, if its rule says so.
    pub after: Option<Duration>,
}

impl Faults {
    /// Checks that the server can have these faults and that one request never needs two of them.
    ///
    /// A rule with a route is about the server of that route: one set can be for two servers, and each takes its own.
    ///
    /// # Errors
    /// A kind of the other server, a time or a size for a kind that has none, the same twice, ratios above 1 in sum.
    pub fn new(role: Role, mut rules: Vec<Rule>) -> Result<Self, BadFaults> {
        rules.sort_by_key(|rule| rule.fault);
        for rule in &rules {
            check(role, rule)?;
        }
        let is_again = |(n, rule): &(usize, &Rule)| {
            rules[..*n].iter().any(|other| other.fault == rule.fault && other.scope == rule.scope)
        };
        if let Some((_, rule)) = rules.iter().enumerate().find(is_again) {
            return Err(BadFaults::Twice(rule.fault));
        }
        let sum = worst(&rules);
        if sum > 1.0 + 1e-9 {
            return Err(BadFaults::TooMany(sum));
        }
        Ok(Self(rules))
    }

    /// The faults of two servers in one: these over stores, the others over reads.
    #[must_use]
    pub fn and(self, reads: Self) -> Self {
        if self == reads {
            return self;
        }
        let stores = self.0.into_iter().flat_map(|rule| confined(rule, Role::Publisher));
        let reads = reads.0.into_iter().flat_map(|rule| confined(rule, Role::Aggregator));
        let mut rules: Vec<_> = stores.chain(reads).collect();
        rules.sort_by_key(|rule| rule.fault);
        Self(rules)
    }

    /// The rules, in the order in which they share the dice.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.0
    }

    /// Whether there is nothing to decide.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the size of a blob has a say in anything.
    #[must_use]
    pub fn depends_on_size(&self) -> bool {
        self.0.iter().any(|rule| rule.scope.sizes.is_some())
    }

    /// Whether the time has a say in anything.
    #[must_use]
    pub fn ask_time(&self) -> bool {
        self.0.iter().any(|rule| !rule.scope.window.is_always())
    }

    /// The fault of request `n`, whatever blob it is about.
    #[must_use]
    pub fn which(&self, seed: u64, n: u64, on: &RequestContext) -> Option<ChosenFault> {
        let mut left = draw::unit(draw::bits(seed, Purpose::Fault, n));
        self.0.iter().filter(|rule| rule.fault != Fault::NotYet && rule.holds(on)).find_map(|rule| {
            let hit = left < rule.ratio;
            left -= rule.ratio;
            hit.then_some(ChosenFault { fault: rule.fault, after: rule.after })
        })
    }

    /// Whether this blob is one of those that are not readable at once.
    #[must_use]
    pub fn is_late(&self, seed: u64, id: &BlobId, on: &RequestContext) -> bool {
        let rules = || self.0.iter().filter(|rule| rule.fault == Fault::NotYet && rule.holds(on));
        let ratio: f64 = rules().map(|rule| rule.ratio).sum();
        let n = id.as_bytes().iter().take(8).fold(0, |n, byte| n << 8 | u64::from(*byte));
        ratio > 0.0 && draw::unit(draw::bits(seed, Purpose::NotYet, n)) < ratio
    }
}

/// A rule for one of two servers: one for each of its routes, unless it names its own.
fn confined(rule: Rule, role: Role) -> impl Iterator<Item = Rule> {
    let routes = RouteKind::of(role)
        .filter(move |route_kind| rule.scope.route.is_none_or(|route| route == *route_kind));
    routes.map(move |route| Rule { scope: Scope { route: Some(route), ..rule.scope }, ..rule })
}

/// Whether a server can have a rule at all.
fn check(role: Role, rule: &Rule) -> Result<(), BadFaults> {
    let role = rule.scope.route.map_or(role, RouteKind::role);
    if !rule.fault.is_had_by(role) {
        return Err(BadFaults::Elsewhere(rule.fault, role));
    }
    if rule.after.is_some() && !rule.fault.stands_in() {
        return Err(BadFaults::After(rule.fault));
    }
    let why = match (rule.fault, role, rule.scope.route) {
        (Fault::Shed, Role::Aggregator, _) => "a full aggregator does not look at the blob",
        (_, _, Some(RouteKind::Concat)) => "a concat has no size before it is over",
        _ => return Ok(()),
    };
    rule.scope.sizes.map_or(Ok(()), |_| Err(BadFaults::NoSize(Box::new(*rule), why)))
}

/// The largest sum of ratios that any request can meet: sums change only where the scope of some rule begins.
fn worst(rules: &[Rule]) -> f64 {
    let sizes: Vec<_> =
        rules.iter().filter_map(|rule| rule.scope.sizes).map(|sizes| Some(sizes.from)).collect();
    let sizes = [&sizes[..], &[None]].concat();
    let times: Vec<_> = rules.iter().map(|rule| rule.scope.window.from).collect();
    let mut worst = 0.0_f64;
    for (_, route_kind) in super::route_kind::ROUTE_KINDS {
        for size in &sizes {
            for at in &times {
                let on = RequestContext { route_kind, size: *size, at: *at };
                worst = worst.max(rules.iter().filter(|rule| rule.holds(&on)).map(|rule| rule.ratio).sum());
            }
        }
    }
    worst
}

#[cfg(test)]
#[path = "faults_tests.rs"]
mod tests;
