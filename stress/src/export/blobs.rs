//! Each blob's journey as one record, assembled from samples that arrive in any interleaving.

use std::{collections::HashMap, sync::Arc, time::Duration};

use crate::{
    plan::{Plan, journey::Step, source::BlobSource},
    sample::{Failure, Outcome, Sample, StoredKind},
};

/// The outcome of one blob's journey.
#[derive(Debug, Clone, PartialEq)]
pub struct BlobRecord {
    /// The blob's index.
    pub index: u64,
    /// The blob's ID, once it is known.
    pub blob_id: Option<Arc<str>>,
    /// The blob's size in bytes.
    pub size: u64,
    /// The outcome of each step, in the journey's order.
    pub steps: Vec<(Step, StepRecord)>,
}

/// The outcome of one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepRecord {
    /// Uploaded.
    Stored {
        /// The response time.
        time: Duration,
        /// What the publisher made of it.
        kind: StoredKind,
    },
    /// Downloaded.
    Read {
        /// The response time.
        time: Duration,
    },
    /// A delayed read found no blob.
    NotFound,
    /// It failed.
    Failed(Failure),
    /// It was still under way when the grace period ended.
    Unfinished,
    /// It was never tried.
    Skipped,
}

impl BlobRecord {
    /// The outcome of `step`; `None` when the journey has no such step.
    pub fn step(&self, step: Step) -> Option<&StepRecord> {
        self.steps.iter().find(|(done, _)| *done == step).map(|(_, record)| record)
    }

    /// The response time of `step`; `None` unless it succeeded.
    pub fn time(&self, step: Step) -> Option<Duration> {
        match self.step(step)? {
            StepRecord::Stored { time, .. } | StepRecord::Read { time } => Some(*time),
            StepRecord::NotFound | StepRecord::Failed(_) | StepRecord::Unfinished | StepRecord::Skipped => {
                None
            }
        }
    }
}

impl StepRecord {
    /// `None` as long as the step goes on.
    fn of(sample: &Sample) -> Option<Self> {
        let time = sample.exchange.timing.response();
        Some(match &sample.outcome {
            Outcome::Retried(_) => return None,
            Outcome::Stored(stored) => StepRecord::Stored { time, kind: stored.kind },
            Outcome::Read => StepRecord::Read { time },
            Outcome::NotFound(_) => StepRecord::NotFound,
            Outcome::Failed(failure) => StepRecord::Failed(failure.clone()),
            Outcome::Unfinished => StepRecord::Unfinished,
            Outcome::Skipped => StepRecord::Skipped,
        })
    }
}

/// Assembles samples; it holds only the journeys under way. Where the steps lie in several phases that is every blob, until
/// its last step has ended.
#[derive(Debug, Default)]
pub struct BlobAssembler {
    /// For each phase, the one that its blobs come from, and the steps of all phases that share them.
    journeys: Vec<(usize, usize)>,
    under_way: HashMap<(usize, u64), BlobRecord>,
}

impl BlobAssembler {
    /// For the journeys of `plan`.
    pub fn new(plan: &Plan) -> Self {
        let origins: Vec<_> = plan
            .phases
            .iter()
            .enumerate()
            // Reads of another phase's blobs, any number of times, are rows of their own.
            .map(|(position, phase)| match phase.source {
                BlobSource::Phase { .. } => position,
                _ => plan.origin(position),
            })
            .collect();
        let steps = |origin: usize| {
            let phases = plan.phases.iter().zip(&origins).filter(|(_, other)| **other == origin);
            phases.map(|(phase, _)| phase.journey.steps.len()).sum()
        };
        let journeys = origins.iter().map(|&origin| (origin, steps(origin))).collect();
        Self { journeys, under_way: HashMap::new() }
    }

    /// Adds one sample; when it was its blob's last one, returns the whole record. Attempts that are retried are left out.
    pub fn enter(&mut self, sample: &Sample) -> Option<BlobRecord> {
        // The other blob of an order control does not belong to the journey.
        let record = StepRecord::of(sample).filter(|_| !sample.step.is_of_control())?;
        let (origin, expected) = self.journeys.get(sample.phase).copied().unwrap_or((sample.phase, 0));
        let key = (origin, sample.index);
        let blob = self.under_way.entry(key).or_insert_with(|| BlobRecord {
            index: sample.index,
            blob_id: None,
            size: sample.size,
            steps: Vec::new(),
        });
        let blob_id = match &sample.outcome {
            Outcome::Stored(stored) => Some(Arc::from(stored.blob_id.as_str())),
            _ => sample.blob_id.clone(),
        };
        blob.blob_id = blob_id.or(blob.blob_id.take());
        blob.steps.push((sample.step, record));
        if blob.steps.len() < expected {
            return None;
        }
        self.under_way.remove(&key)
    }

    /// The journeys that never ended, in the order of their blobs.
    pub fn into_unended(self) -> Vec<BlobRecord> {
        let mut records: Vec<_> = self.under_way.into_values().collect();
        records.sort_by_key(|record| record.index);
        records
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    #[test]
    fn journeys_are_complete_in_any_interleaving() {
        let (a, b) = (fixtures::journey(0), fixtures::troubled(1));
        let order = [&b[0], &a[0], &a[1], &b[1], &a[2], &b[2]];
        let mut assembler = BlobAssembler::new(&fixtures::plan(2));
        let records: Vec<_> = order.iter().filter_map(|sample| assembler.enter(sample)).collect();
        assert_eq!(records.iter().map(|record| record.index).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(records[0].time(Step::CACHED), Some(Duration::from_millis(18)));
        assert_eq!(
            records[1].step(Step::Upload),
            Some(&StepRecord::Stored { time: Duration::from_millis(1_100), kind: StoredKind::Existing })
        );
        assert_eq!(
            (records[1].time(Step::CACHED), records[1].blob_id.as_deref()),
            (None, Some(&*fixtures::id(1)))
        );
        assert_eq!(assembler.into_unended(), []);
    }

    #[test]
    fn the_other_blob_of_an_order_control_does_not_belong_to_the_journey() {
        let mut samples = fixtures::journey(0);
        let control = |at: usize, step| Sample { step, blob_id: None, ..samples[at].clone() };
        let (upload, read) = (control(0, Step::ControlUpload), control(1, Step::Control));
        samples.insert(0, upload);
        samples.insert(3, read);
        let mut assembler = BlobAssembler::new(&fixtures::plan(1));
        let records: Vec<_> = samples.iter().filter_map(|sample| assembler.enter(sample)).collect();
        let steps: Vec<_> = records[0].steps.iter().map(|(step, _)| *step).collect();
        assert_eq!((records.len(), steps), (1, vec![Step::Upload, Step::FIRST, Step::CACHED]));
        assert_eq!(assembler.into_unended(), []);
    }

    #[test]
    fn unfinished_journeys_are_not_lost() {
        let mut assembler = BlobAssembler::new(&fixtures::plan(2));
        assert_eq!(assembler.enter(&fixtures::journey(1)[0]), None);
        assert_eq!(assembler.enter(&fixtures::journey(0)[0]), None);
        let unended = assembler.into_unended();
        assert_eq!(
            unended.iter().map(|record| (record.index, record.steps.len())).collect::<Vec<_>>(),
            [(0, 1), (1, 1)]
        );
    }
}
