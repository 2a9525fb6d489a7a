//! A blob on its journey: which bytes it has, where it goes, and what has become of it.

use std::sync::Arc;

use super::{
    job::{Job, Known, Ticket},
    list::Listed,
    shelf::{Kept, Marks},
};
use crate::{
    blob::{BlobSpec, Expect},
    plan::{draw::Draw, journey::Step, supply::Supply},
    record::{
        Recording,
        pairs::{Pair, ReadFact},
    },
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
    /// Whether every download so far succeeded at its first attempt, and the first of them came from no cache, as far as
    /// its headers tell.
    smooth: bool,
    /// Set by the first step that did not succeed: the ones behind it are skipped.
    pub(super) stranded: bool,
    /// How many of the journey's steps have come to an end.
    pub(super) steps_done: usize,
}

impl Traveller {
    pub(super) fn new(job: &Job, ticket: Ticket) -> Self {
        let Ticket { index, known } = ticket;
        let draw = Draw::of(job.plan.seed, index, job.origin());
        let smooth = if let Known::Earlier(kept) = &known { kept.marks.smooth } else { true };
        let (blob_id, (expect, novelty)) = match known {
            Known::Made => (None, made(job, index, draw)),
            Known::Listed(listed) => (Some(listed.id.clone()), told(job, &listed)),
            Known::Earlier(kept) => (kept.id.clone(), left(job, index, draw, &kept)),
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
            smooth,
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
            attempt: 1,
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
        let warm = sample.step == Step::FIRST && sample.cache.claim.from_cache();
        self.smooth &= !warm && (sample.attempt == 1 || sample.step == Step::Upload);
        match &sample.outcome {
            Outcome::Stored(_) => {
                self.blob_id.clone_from(&sample.blob_id);
                if self.novelty == Novelty::Fresh && job.phase().duplicates > 0.0 {
                    job.catalog.note(self.index);
                }
            }
            Outcome::Read => self.size = sample.size,
            Outcome::Failed(_) | Outcome::Retried(_) | Outcome::Unfinished | Outcome::Skipped => {
                self.stranded = true;
            }
        }
    }

    /// Leaves behind what later phases need to know, at the end of the journey or where it was given up.
    pub(super) fn leave(&self, job: &Job) {
        let sound = !self.stranded && self.steps_done == job.phase().journey.steps.len();
        let marks = Marks { novelty: self.novelty, sound, smooth: self.smooth };
        job.keep(self.index, Kept { id: self.blob_id.clone(), marks });
    }
}

/// A blob that is made: its bytes, and whether they are new to the run.
fn made(job: &Job, index: u64, draw: Draw) -> (Expect, Novelty) {
    // A repeat whose source is not stored yet counts as new.
    let source = draw.repeats.filter(|&source| job.catalog.holds(source));
    let novelty = if source.is_some() { Novelty::Repeat } else { Novelty::Fresh };
    (bytes(job, source.unwrap_or(index)), novelty)
}

/// The bytes that are made for the blob of this index.
fn bytes(job: &Job, index: u64) -> Expect {
    let Draw { size, content, .. } = Draw::of(job.plan.seed, index, job.origin());
    Expect::Spec(BlobSpec { seed: job.plan.seed, index, size, content })
}

/// A blob that an earlier phase has left: it is what it was then.
fn left(job: &Job, index: u64, draw: Draw, kept: &Kept) -> (Expect, Novelty) {
    let novelty = kept.marks.novelty;
    let expect = match (&job.origin().supply, &kept.id) {
        (Supply::List { .. }, Some(id)) => Expect::FirstRead(job.catalog.first_reads.meet(id, None).0),
        _ => bytes(job, draw.repeats.filter(|_| novelty == Novelty::Repeat).unwrap_or(index)),
    };
    (expect, novelty)
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

    /// Enters what can be compared, of a blob whose bytes were new to the run and whose reads succeeded at once: a repeat's
    /// first read may find a warm cache, and so may a second attempt.
    pub(super) fn enter(&self, blob: &Traveller, job: &Job, recording: &mut Recording) {
        if blob.novelty == Novelty::Repeat || !blob.smooth {
            return;
        }
        match &self.facts {
            [Some(first), Some(cached), third] => {
                let pair = Pair::of(first, cached, third.as_ref());
                pair.into_iter().for_each(|pair| recording.enter_pair(pair));
            }
            [Some(first), None, _] if job.goes_on => recording.enter_first(*first),
            [None, Some(cached), _] if job.continues() => recording.enter_cached(*cached),
            _ => {}
        }
    }
}
