//! A comparison of aggregators on the same blobs: who is asked, and which of them reads which blob in which slot.

use std::time::Duration;

use rand::seq::SliceRandom;
use serde::Serialize;

use super::{
    Plan, Verify, limits::Limits, random::stream, retry::Retries, sizes::Content, store::StoreOptions,
    target::Target, vantage::VantageName,
};
use crate::units::Seconds;

/// What a comparison of operators does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OperatorsPlan {
    /// The place from which they are compared, where it has a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vantage: Option<VantageName>,
    /// Decides the bytes of new blobs and the order of the reads.
    pub seed: u64,
    /// The aggregators that are compared.
    pub operators: Vec<Operator>,
    /// Where new blobs are stored; `None` when listed ones are read.
    pub publisher: Option<Target>,
    /// What is read.
    pub blobs: Blobs,
    /// The pause after each request to an operator.
    #[serde(rename = "pause_seconds", with = "Seconds")]
    pub pause: Duration,
    /// The pause between the last upload and the first read, in which the blobs become readable everywhere.
    #[serde(rename = "settle_seconds", with = "Seconds")]
    pub settle: Duration,
    /// How uploads ask the publisher to store.
    pub store: StoreOptions,
    /// Time limits, TLS and headers.
    pub limits: Limits,
}

/// An aggregator and who runs it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Operator {
    /// The name in the list, or the host.
    pub name: String,
    /// The aggregator.
    #[serde(flatten)]
    pub target: Target,
}

/// The blobs that every operator reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Blobs {
    /// New ones, uploaded first.
    Made {
        /// How many.
        count: usize,
        /// The size of each in bytes.
        size_bytes: u64,
    },
    /// Stored ones of unknown content.
    Listed {
        /// Their IDs.
        ids: Vec<String>,
    },
}

impl Blobs {
    /// How many there are.
    pub fn count(&self) -> usize {
        match self {
            Blobs::Made { count, .. } => *count,
            Blobs::Listed { ids } => ids.len(),
        }
    }
}

impl OperatorsPlan {
    /// The content of new blobs: incompressible, so that a proxy that compresses changes no time.
    pub const CONTENT: Content = Content::Binary;

    /// The targets, limits and retries of uploads, as a run's plan without phases.
    pub fn base(&self) -> Plan {
        Plan {
            seed: self.seed,
            publishers: self.publisher.iter().cloned().collect(),
            aggregators: self.operators.iter().map(|operator| operator.target.clone()).collect(),
            phases: Vec::new(),
            store: self.store.clone(),
            limits: self.limits.clone(),
            verify: Verify::Full,
            retries: Retries { most: 2, ..Retries::default() },
            thresholds: Vec::new(),
            unsupported_percentiles: Default::default(),
            vantage: None,
            shard: None,
        }
    }

    /// The order of the reads, when this many blobs are there.
    pub fn read_order(&self, blobs: usize) -> ReadOrder {
        ReadOrder::new(self.seed, self.operators.len(), blobs)
    }
}

/// Which blob each operator reads in which slot: Latin squares, one below the other.
///
/// The first reader of a blob makes the storage nodes warm for the others. In each square of as many blobs as there are
/// operators, every operator is the first reader of one blob, the second of another, and so on, and in every slot all
/// operators read different blobs. Each square has another row for each operator, so that no operator always follows
/// the same other one.
#[derive(Debug, Clone)]
pub struct ReadOrder {
    blobs: usize,
    /// For each square, the row of each operator.
    rows: Vec<Vec<usize>>,
}

impl ReadOrder {
    fn new(seed: u64, operators: usize, blobs: usize) -> Self {
        let squares = if operators == 0 { 0 } else { blobs.div_ceil(operators) };
        let rows = |square: usize| {
            let mut rows: Vec<usize> = (0..operators).collect();
            rows.shuffle(&mut stream(seed, square as u64));
            rows
        };
        Self { blobs, rows: (0..squares).map(rows).collect() }
    }

    /// How many slots there are.
    pub fn slots(&self) -> usize {
        self.rows.iter().map(Vec::len).sum()
    }

    /// The blob that an operator reads in a slot; `None` where the last square has fewer blobs than operators.
    pub fn blob(&self, operator: usize, slot: usize) -> Option<usize> {
        let size = self.rows.first()?.len();
        let (square, turn) = (slot / size, slot % size);
        let blob = square * size + (self.rows.get(square)?.get(operator)? + turn) % size;
        (blob < self.blobs).then_some(blob)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_operator_reads_every_blob_once_and_no_two_read_one_at_a_time() {
        for (operators, blobs) in [(1, 1), (2, 20), (3, 20), (5, 5), (7, 40), (60, 60), (4, 3)] {
            let order = ReadOrder::new(9, operators, blobs);
            for operator in 0..operators {
                let read: Vec<_> = (0..order.slots()).filter_map(|slot| order.blob(operator, slot)).collect();
                assert_eq!(read.len(), blobs);
                assert_eq!(read.iter().collect::<BTreeSet<_>>().len(), blobs);
            }
            for slot in 0..order.slots() {
                let read: Vec<_> = (0..operators).filter_map(|one| order.blob(one, slot)).collect();
                assert_eq!(read.iter().collect::<BTreeSet<_>>().len(), read.len());
            }
        }
    }

    #[test]
    fn every_operator_is_first_equally_often_and_follows_no_fixed_one() {
        let (operators, blobs) = (4, 40);
        let order = ReadOrder::new(3, operators, blobs);
        let mut first = vec![0; operators];
        let mut second = BTreeSet::new();
        for blob in 0..blobs {
            let mut readers: Vec<_> = (0..operators)
                .map(|one| ((0..order.slots()).find(|&slot| order.blob(one, slot) == Some(blob)), one))
                .collect();
            readers.sort_unstable();
            first[readers[0].1] += 1;
            second.insert((readers[0].1, readers[1].1));
        }
        assert_eq!(first, [10; 4]);
        assert!(second.len() > operators, "{second:?}");
    }

    #[test]
    fn the_seed_decides_the_order() {
        let order = |seed| {
            let order = ReadOrder::new(seed, 5, 25);
            (0..25).map(|slot| order.blob(0, slot)).collect::<Vec<_>>()
        };
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
    }
}
