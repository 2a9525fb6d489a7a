//! A blob on its journey: which bytes it has, where it goes, and what has become of it.

use std::sync::Arc;

use super::{
    job::{Job, Ticket},
    list::Listed,
};
use crate::{
    blob::{BlobSpec, Expect},
    plan::{draw::Draw, journey::Step},
    record::pairs::{Pair, ReadFact},
    sample::{Novelty, Outcome, Sample, Timing, cache::CacheEvidence},
};

/// A blob on its journey.
#[derive(Debug)]
pub(super) struct Traveller {
    index: u64,
    /// What its downloads shall be.
    pub(super) expect: Expect,
    /// In bytes; 0 as long as nobody knows.
    size: u64,
    novelty: Novelty,
    pub(super) publisher: usize,
    pub(super) aggregator: usize,
    pub(super) blob_id: Option<Arc<str>>,
    /// Set by the first step that did not succeed: the ones behind it are skipped.
    pub(super) stranded: bool,
    /// How many of the journey's steps have come to an end.
    pub(super) steps_done: usize,
}

impl Traveller {
    pub(super) fn new(job: &Job, ticket: Ticket) -> Self {
        let Ticket { index, listed } = ticket;
        let draw = Draw::of(job.plan.seed, index, job.phase());
        let blob_id = listed.as_ref().map(|listed| listed.id.clone());
        let (expect, novelty) = match listed {
            None => made(job, index, draw),
            Some(listed) => told(job, &listed),
        };
        let pick = |number: u32, count: usize| usize::try_from(number).unwrap_or(0) % count.max(1);
        Self {
            index,
            size: expect.size().unwrap_or(0),
            expect,
            novelty,
            publisher: pick(draw.publisher, job.plan.publishers.len()),
            aggregator: pick(draw.aggregator, job.plan.aggregators.len()),
            blob_id,
            stranded: false,
            steps_done: 0,
        }
    }

    /// A sample with everything known before the step.
    pub(super) fn draft(&self, job: &Job, step: Step) -> Sample {
        Sample {
            phase: job.phase,
            index: self.index,
            step,
            novelty: self.novelty,
            target: if step == Step::Upload { self.publisher } else { self.aggregator },
            blob_id: self.blob_id.clone(),
            size: self.size,
            bytes_sent: 0,
            bytes_received: 0,
            timing: Timing::default(),
            link: None,
            cache: CacheEvidence::default(),
            outcome: Outcome::Unfinished,
        }
    }

    /// What the next steps need to know of this one.
    pub(super) fn learn(&mut self, job: &Job, sample: &Sample) {
        self.steps_done += 1;
        match &sample.outcome {
            Outcome::Stored(_) => {
                self.blob_id.clone_from(&sample.blob_id);
                if self.novelty == Novelty::Fresh && job.phase().duplicates > 0.0 {
                    job.catalog.note(self.index);
                }
            }
            Outcome::Read => self.size = sample.size,
            Outcome::Failed(_) | Outcome::Unfinished | Outcome::Skipped => self.stranded = true,
        }
    }
}

/// A blob that is made: its bytes, and whether they are new to the run.
fn made(job: &Job, index: u64, draw: Draw) -> (Expect, Novelty) {
    let seed = job.plan.seed;
    // A repeat whose source is not stored yet counts as new.
    let source = draw.repeats.filter(|&source| job.catalog.holds(source));
    let (bytes, novelty) = match source {
        Some(source) => (Draw::of(seed, source, job.phase()), Novelty::Repeat),
        None => (draw, Novelty::Fresh),
    };
    let index = source.unwrap_or(index);
    (Expect::Spec(BlobSpec { seed, index, size: bytes.size, content: bytes.content }), novelty)
}

/// A blob that a list tells of. Of one that was read before, a first download is none; a cached one is as good as any.
fn told(job: &Job, listed: &Listed) -> (Expect, Novelty) {
    let (blob, met_before) = job.catalog.first_reads.meet(&listed.id, listed.size);
    let repeats = met_before && job.phase().journey.steps.contains(&Step::FIRST);
    (Expect::FirstRead(blob), if repeats { Novelty::Repeat } else { Novelty::Fresh })
}

/// The successful reads of one blob, as far as they are compared.
#[derive(Debug, Default)]
pub(super) struct Reads {
    /// The first, the cached and the third.
    facts: [Option<ReadFact>; 3],
}

impl Reads {
    pub(super) fn learn(&mut self, sample: &Sample) {
        let Step::Read { ordinal } = sample.step else { return };
        if let Some(slot) = self.facts.get_mut(usize::from(ordinal) - 1) {
            *slot = ReadFact::of(sample);
        }
    }

    /// Both reads, of a blob whose bytes were new to the run: a repeat's first read may find a warm cache.
    pub(super) fn pair(&self, blob: &Traveller) -> Option<Pair> {
        let [Some(first), Some(cached), third] = &self.facts else { return None };
        if blob.novelty == Novelty::Fresh { Pair::of(first, cached, third.as_ref()) } else { None }
    }
}
