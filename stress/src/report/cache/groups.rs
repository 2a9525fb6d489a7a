//! The cache effect by size and by aggregator, where a run has several of them with enough pairs each.

use std::collections::BTreeMap;

use super::{Ratio, ratio};
use crate::{metrics::pairs::Pair, report::Report};

/// Pairs that have something in common, and their effect.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// What they have in common.
    pub key: GroupKey,
    /// First ÷ cached service time; its interval exists.
    pub response: Ratio,
}

/// What the pairs of a group have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupKey {
    /// Sizes in bytes, from the first on and below the second, which is four times as large.
    Sizes(u64, u64),
    /// The aggregator of this address.
    Aggregator(String),
}

/// The groups whose effect can be told, unless there is but one of a kind.
pub(super) fn of(report: &Report, pairs: &[&Pair], controls: &[&Pair]) -> Vec<Group> {
    let several = |groups: Vec<Group>| if groups.len() > 1 { groups } else { Vec::new() };
    let sizes = effects(pairs, controls, |pair| class(pair.size));
    let sizes =
        sizes.into_iter().map(|((from, to), response)| Group { key: GroupKey::Sizes(from, to), response });
    let aggregators = effects(pairs, controls, |pair| pair.target);
    let aggregators = aggregators.into_iter().map(|(target, response)| {
        let address = report.plan.aggregators.get(target).map(ToString::to_string);
        Group { key: GroupKey::Aggregator(address.unwrap_or_else(|| target.to_string())), response }
    });
    [several(sizes.collect()), several(aggregators.collect())].concat()
}

/// Sizes within a factor of four, at powers of it: 64 KiB, 256 KiB, 1 MiB and so on.
fn class(size: u64) -> (u64, u64) {
    let from = 1_u64 << (size.max(1).ilog2() / 2 * 2);
    (if size == 0 { 0 } else { from }, from.saturating_mul(4))
}

/// The effect of each group, less that of its own control pairs, or where those are too few, of all of them.
fn effects<K: Ord>(pairs: &[&Pair], controls: &[&Pair], key: fn(&Pair) -> K) -> BTreeMap<K, Ratio> {
    let times = |pair: &Pair| Some((pair.first, pair.cached));
    let all = ratio(controls, times);
    let own = grouped(controls, key);
    let effect = |(key, pairs): (K, Vec<&Pair>)| {
        let of = |pairs: &[&Pair]| ratio(pairs, times);
        let control = own.get(&key).and_then(|controls| of(controls)).filter(|one| one.interval.is_some());
        Some((key, of(&pairs)?.without(control.or(all))))
    };
    let effects = grouped(pairs, key).into_iter().filter_map(effect);
    effects.filter(|(_, ratio)| ratio.interval.is_some()).collect()
}

fn grouped<'a, K: Ord>(pairs: &[&'a Pair], key: fn(&Pair) -> K) -> BTreeMap<K, Vec<&'a Pair>> {
    let mut groups: BTreeMap<K, Vec<&Pair>> = BTreeMap::new();
    pairs.iter().for_each(|pair| groups.entry(key(pair)).or_default().push(pair));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_powers_of_four() {
        for (size, expected) in [
            (0, (0, 4)),
            (1, (1, 4)),
            (4, (4, 16)),
            (65_535, (16_384, 65_536)),
            (65_536, (65_536, 262_144)),
            (100 * 1024, (65_536, 262_144)),
            (1 << 20, (1 << 20, 4 << 20)),
            (u64::MAX, (1 << 62, u64::MAX)),
        ] {
            assert_eq!(class(size), expected, "{size}");
        }
    }
}
