//! A blob on its journey: which bytes it has, where it goes, and what has become of it.

use std::sync::Arc;

use super::{
    carry_over::{CarriedBlob, ReadMarks},
    list::Listed,
    phase_runtime::{BlobOrigin, PhaseRuntime, WorkItem},
};
use crate::{
    blob::{BlobSpec, Expect},
    metrics::{
        Recording,
        pairs::{Pair, ReadFact},
    },
    plan::{
        draw::{self, Draw},
        journey::Step,
        repeats,
        source::BlobSource,
    },
    sample::{ExchangeRecord, Novelty, Outcome, Sample},
};

/// A blob on its journey.
#[derive(Debug)]
pub(super) struct Iteration {
    index: u64,
    /// What the journey does, the steps of an order control among them.
    pub(super) steps: Vec<Step>,
    /// The blob that an order control reads right behind this one's first read.
    other: Option<Box<Iteration>>,
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
}

impl Iteration {
    pub(super) fn new(runtime_of_phase: &PhaseRuntime, item: WorkItem) -> Self {
        let WorkItem { index, known } = item;
        let draw = Draw::of(runtime_of_phase.plan.seed, index, runtime_of_phase.origin());
        let controls = matches!(known, BlobOrigin::Made)
            && draw::controls(
                runtime_of_phase.plan.seed,
                index,
                runtime_of_phase.origin(),
                &runtime_of_phase.past(),
            );
        let smooth = if let BlobOrigin::Earlier(kept) = &known { kept.marks.smooth } else { true };
        let (blob_id, (expect, novelty)) = match known {
            BlobOrigin::Made => (None, made(runtime_of_phase, index, draw)),
            BlobOrigin::Listed(listed) => (Some(listed.id.clone()), told(runtime_of_phase, &listed)),
            BlobOrigin::Earlier(kept) => (kept.id.clone(), left(runtime_of_phase, index, draw, &kept)),
        };
        let pick = |number: u32, count: usize| usize::try_from(number).unwrap_or(0) % count.max(1);
        let journey = &runtime_of_phase.phase().journey;
        let blob = Self {
            index,
            steps: if controls { journey.with_control() } else { journey.steps.clone() },
            other: None,
            size: expect.size().unwrap_or(0),
            expect,
            novelty,
            publisher: pick(draw.publisher, runtime_of_phase.plan.publishers.len()),
            aggregator: pick(draw.aggregator, runtime_of_phase.plan.aggregators.len()),
            blob_id,
            smooth,
            stranded: false,
        };
        if controls { blob.controlled(runtime_of_phase.plan.seed, draw) } else { blob }
    }

    /// The same with another blob beside it, which differs in its bytes alone.
    fn controlled(self, seed: u64, draw: Draw) -> Self {
        let Draw { size, content, .. } = draw;
        let spec = BlobSpec { seed: draw::control_seed(seed), index: self.index, size, content };
        let other =
            Self { expect: Expect::Spec(spec), steps: Vec::new(), other: None, blob_id: None, ..self };
        Self { other: Some(Box::new(other)), ..self }
    }

    /// The blob that `step` is done to.
    pub(super) fn of(&self, step: Step) -> &Self {
        match &self.other {
            Some(other) if step.is_of_control() => other,
            _ => self,
        }
    }

    /// A sample with everything known before the step.
    pub(super) fn draft(&self, runtime_of_phase: &PhaseRuntime, step: Step) -> Sample {
        let blob = self.of(step);
        Sample {
            phase: runtime_of_phase.phase,
            index: blob.index,
            step,
            attempt: 1,
            novelty: blob.novelty,
            target: if step.stores() { blob.publisher } else { blob.aggregator },
            blob_id: blob.blob_id.clone(),
            size: blob.size,
            exchange: ExchangeRecord::default(),
            outcome: Outcome::Unfinished,
        }
    }

    /// What the next steps need to know of this one.
    pub(super) fn learn(&mut self, runtime_of_phase: &PhaseRuntime, sample: &Sample) {
        match &mut self.other {
            Some(other) if sample.step.is_of_control() => other.note(runtime_of_phase, sample),
            _ => self.note(runtime_of_phase, sample),
        }
    }

    fn note(&mut self, runtime_of_phase: &PhaseRuntime, sample: &Sample) {
        let first = matches!(sample.step, Step::FIRST | Step::Control);
        let warm = first && sample.exchange.cache.cache_status.from_cache();
        self.smooth &= !warm && (sample.attempt == 1 || sample.step.stores());
        match &sample.outcome {
            Outcome::Stored(_) => {
                self.blob_id.clone_from(&sample.blob_id);
                let own = sample.step == Step::Upload && self.novelty == Novelty::Fresh;
                if own && runtime_of_phase.is_drawn_on {
                    runtime_of_phase.registry.note(self.index);
                }
            }
            Outcome::Read => self.size = sample.size,
            Outcome::Failed(_) | Outcome::Retried(_) | Outcome::Unfinished | Outcome::Skipped => {
                self.stranded = true;
            }
        }
    }

    /// Leaves behind what later phases need to know, at the end of the journey or where it was given up.
    pub(super) fn leave(&self, runtime_of_phase: &PhaseRuntime) {
        let marks = ReadMarks { novelty: self.novelty, sound: !self.stranded, smooth: self.smooth };
        runtime_of_phase.keep(self.index, CarriedBlob { id: self.blob_id.clone(), marks });
    }
}

/// A blob that is made: its bytes, and whether they are new to the run.
fn made(runtime_of_phase: &PhaseRuntime, index: u64, draw: Draw) -> (Expect, Novelty) {
    // A repeat whose source is not stored yet counts as new.
    let source = source(runtime_of_phase, index).filter(|&source| runtime_of_phase.registry.holds(source));
    let novelty = if source.is_some() { Novelty::Repeat } else { Novelty::Fresh };
    let expect =
        source.map_or_else(|| spec(runtime_of_phase, index, draw), |source| bytes(runtime_of_phase, source));
    (expect, novelty)
}

/// The blob that the one of this index shall repeat.
fn source(runtime_of_phase: &PhaseRuntime, index: u64) -> Option<u64> {
    repeats::source(runtime_of_phase.plan.seed, index, runtime_of_phase.origin(), &runtime_of_phase.past())
}

/// The bytes that are made for the blob of this index.
fn bytes(runtime_of_phase: &PhaseRuntime, index: u64) -> Expect {
    spec(runtime_of_phase, index, Draw::of(runtime_of_phase.plan.seed, index, runtime_of_phase.origin()))
}

/// The bytes of the blob of this index, which was drawn so.
fn spec(runtime_of_phase: &PhaseRuntime, index: u64, Draw { size, content, .. }: Draw) -> Expect {
    Expect::Spec(BlobSpec { seed: runtime_of_phase.plan.seed, index, size, content })
}

/// A blob that an earlier phase has left: it is what it was then.
fn left(runtime_of_phase: &PhaseRuntime, index: u64, draw: Draw, kept: &CarriedBlob) -> (Expect, Novelty) {
    let novelty = kept.marks.novelty;
    let expect = match (&runtime_of_phase.origin().source, &kept.id) {
        (BlobSource::List { .. }, Some(id)) => {
            Expect::FirstRead(runtime_of_phase.registry.first_reads.register(id, None).0)
        }
        _ if novelty == Novelty::Repeat => {
            bytes(runtime_of_phase, source(runtime_of_phase, index).unwrap_or(index))
        }
        _ => spec(runtime_of_phase, index, draw),
    };
    (expect, novelty)
}

/// A blob that a list tells of. Of one that was read before, a first download is none; a cached one is as good as any.
fn told(runtime_of_phase: &PhaseRuntime, listed: &Listed) -> (Expect, Novelty) {
    let (blob, met_before) = runtime_of_phase.registry.first_reads.register(&listed.id, listed.size);
    let repeats = met_before && runtime_of_phase.phase().journey.steps.contains(&Step::FIRST);
    (Expect::FirstRead(blob), if repeats { Novelty::Repeat } else { Novelty::Fresh })
}

/// The successful reads of one blob, as far as they are compared.
#[derive(Debug, Default)]
pub(super) struct Reads {
    /// The first, the cached and the third.
    facts: [Option<ReadFact>; 3],
    /// The first of the other blob.
    control: Option<ReadFact>,
}

impl Reads {
    pub(super) fn learn(&mut self, sample: &Sample) {
        if sample.step == Step::Control {
            self.control = ReadFact::of(sample);
        }
        let Step::Read { ordinal } = sample.step else { return };
        if let Some(slot) = self.facts.get_mut(usize::from(ordinal) - 1) {
            *slot = ReadFact::of(sample);
        }
    }

    /// Enters what can be compared, of a blob whose bytes were new to the run and whose reads succeeded at once: a repeat's
    /// first read may find a warm cache, and so may a second attempt.
    pub(super) fn enter(&self, blob: &Iteration, runtime_of_phase: &PhaseRuntime, recording: &mut Recording) {
        if blob.novelty == Novelty::Repeat || !blob.smooth {
            return;
        }
        if let Some(other) = &blob.other {
            // Here the cached read does not follow the first one, so that the two are no pair.
            if let ([Some(first), ..], Some(control), true) = (&self.facts, &self.control, other.smooth) {
                Pair::of(first, control, None).into_iter().for_each(|pair| recording.enter_control(pair));
            }
            return;
        }
        match &self.facts {
            [Some(first), Some(cached), third] => {
                let pair = Pair::of(first, cached, third.as_ref());
                pair.into_iter().for_each(|pair| recording.enter_pair(pair));
            }
            [Some(first), None, _] if runtime_of_phase.goes_on => recording.enter_first(*first),
            [None, Some(cached), _] if runtime_of_phase.continues() => recording.enter_cached(*cached),
            _ => {}
        }
    }
}
