//! An iteration: one journey under way, over its blob and, in an order control, over the control blob.

use std::sync::Arc;

use super::{
    blob_registry::{CarriedBlob, ReadMarks},
    phase::{BlobOrigin, PhaseRuntime, WorkItem},
    tokens::UploadAttempt,
};
use crate::{
    blob::{BlobSpec, Expect},
    metrics::{
        Recording,
        pairs::{Pair, ReadFact},
    },
    plan::{
        draw::{self, Draw},
        journey::{JourneyKind, Step},
        repeats,
        source::BlobSource,
    },
    sample::{ExchangeRecord, Novelty, Outcome, Sample},
};

/// One journey under way.
#[derive(Debug)]
pub(super) struct Iteration {
    pub(super) index: u64,
    pub(super) steps: Vec<Step>,
    pub(super) publisher: usize,
    pub(super) aggregator: usize,
    blob: BlobState,
    /// That of the control blob, which differs from the other in its bytes alone.
    control: Option<BlobState>,
}

/// What an iteration knows about a blob.
#[derive(Debug)]
pub(super) struct BlobState {
    pub(super) id: Option<Arc<str>>,
    /// What its downloads must contain.
    pub(super) expect: Expect,
    /// In bytes; 0 while it is not known.
    size: u64,
    pub(super) marks: ReadMarks,
    /// The successful ones of its first three downloads.
    reads: [Option<ReadFact>; 3],
}

impl Iteration {
    pub(super) fn new(phase: &PhaseRuntime, item: WorkItem) -> Self {
        let WorkItem { index, origin } = item;
        let plan = &phase.run.plan;
        let planned = &plan.phases[phase.origin()];
        let draw = Draw::of(plan.seed, index, planned);
        let kind = match origin {
            BlobOrigin::Made => draw::journey_kind(plan.seed, index, planned, &phase.repeatable),
            BlobOrigin::Listed(_) | BlobOrigin::Earlier(_) => JourneyKind::Plain,
        };
        let (expect, novelty) = contents(phase, index, draw, &origin);
        let new = ReadMarks { novelty, all_ok: true, comparable: true };
        let control = (kind == JourneyKind::OrderControl).then(|| {
            let Draw { size, content, .. } = draw;
            let spec = BlobSpec { seed: draw::control_seed(plan.seed), index, size, content };
            BlobState::new(None, Expect::Spec(spec), new)
        });
        let blob = match origin {
            BlobOrigin::Made => BlobState::new(None, expect, new),
            BlobOrigin::Listed(listed) => BlobState::new(Some(listed.id), expect, new),
            BlobOrigin::Earlier(blob) => BlobState::new(blob.id(), expect, blob.marks),
        };
        let pick = |number: u32, count: usize| usize::try_from(number).unwrap_or(0) % count.max(1);
        Self {
            index,
            steps: phase.planned().journey.steps_of(kind),
            publisher: pick(draw.publisher, plan.publishers.len()),
            aggregator: pick(draw.aggregator, plan.aggregators.len()),
            blob,
            control,
        }
    }

    /// The blob that `step` is done to.
    pub(super) fn blob(&self, step: Step) -> &BlobState {
        self.control.as_ref().filter(|_| step.is_of_control()).unwrap_or(&self.blob)
    }

    /// An attempt at the upload of these bytes.
    pub(super) fn upload(&self, blob: BlobSpec, attempt: u32) -> UploadAttempt {
        UploadAttempt { index: self.index, blob, attempt, publisher: self.publisher }
    }

    /// A sample with everything that is known before the step.
    pub(super) fn draft(&self, phase: &PhaseRuntime, step: Step) -> Sample {
        let blob = self.blob(step);
        Sample {
            phase: phase.position,
            index: self.index,
            step,
            attempt: 1,
            delay: None,
            novelty: blob.marks.novelty,
            target: if step.stores() { self.publisher } else { self.aggregator },
            blob_id: blob.id.clone(),
            size: blob.size,
            exchange: ExchangeRecord::default(),
            outcome: Outcome::Unfinished,
        }
    }

    /// Notes how a step ended, for the later ones.
    pub(super) fn end_step(&mut self, phase: &PhaseRuntime, sample: &Sample) {
        match &mut self.control {
            Some(control) if sample.step.is_of_control() => control.end_step(sample),
            _ => self.blob.end_step(sample),
        }
        let is_new = sample.step == Step::Upload && sample.novelty == Novelty::Fresh;
        if is_new && sample.outcome.is_success() && phase.run.plan.is_repeated(phase.position) {
            phase.run.registry.insert_stored(self.index);
        }
    }

    /// Enters the reads that can be compared, and carries the blob over to later phases.
    pub(super) fn end(&self, phase: &PhaseRuntime, recording: &mut Recording) {
        let plan = &phase.run.plan;
        let carries_over = plan.carries_over(phase.position);
        // What one read of a blob by name of its phase shows is no matter of the others.
        let is_named = matches!(phase.planned().source, BlobSource::Phase { .. });
        if carries_over && !is_named {
            let blob = CarriedBlob::new(self.blob.id.as_ref(), self.blob.marks);
            phase.run.registry.carry_over(phase.origin()).insert(self.index, blob);
        }
        let BlobState { marks, reads, .. } = &self.blob;
        // The first read of a repeat may find a warm cache.
        if marks.novelty == Novelty::Repeat || !marks.comparable {
            return;
        }
        match (&self.control, reads) {
            // Here the cached read does not follow the first one immediately, so that the two are no pair.
            (Some(control), [Some(first), ..]) => {
                let second = control.reads[0].as_ref().filter(|_| control.marks.comparable);
                let pair = second.and_then(|second| Pair::of(first, second, None));
                pair.into_iter().for_each(|pair| recording.record_control(pair));
            }
            (None, [Some(first), Some(cached), third]) => {
                let pair = Pair::of(first, cached, third.as_ref());
                pair.into_iter().for_each(|pair| recording.record_pair(pair));
            }
            (None, [Some(first), None, _]) if carries_over && !is_named => recording.record_first(*first),
            (None, [None, Some(cached), _]) if phase.continues() => recording.record_cached(*cached),
            _ => {}
        }
    }
}

impl BlobState {
    fn new(id: Option<Arc<str>>, expect: Expect, marks: ReadMarks) -> Self {
        Self { id, size: expect.size().unwrap_or(0), expect, marks, reads: [None; 3] }
    }

    fn end_step(&mut self, sample: &Sample) {
        // A blob that was not found yet is read again.
        let is_not_yet_there = matches!(sample.outcome, Outcome::NotFound(_));
        self.marks.all_ok &= sample.outcome.is_success() || is_not_yet_there;
        match sample.step.ordinal() {
            None => self.id.clone_from(&sample.blob_id),
            Some(ordinal) => {
                if sample.outcome == Outcome::Read {
                    self.size = sample.size;
                }
                let warm = ordinal == 1 && sample.exchange.cache.cache_status.from_cache();
                self.marks.comparable &= !warm && sample.attempt == 1;
                if let Some(read) = self.reads.get_mut(usize::from(ordinal) - 1) {
                    *read = ReadFact::of(sample);
                }
            }
        }
    }
}

/// What the downloads of blob `index` must contain, and whether its bytes are new to the run.
fn contents(phase: &PhaseRuntime, index: u64, draw: Draw, origin: &BlobOrigin) -> (Expect, Novelty) {
    let (plan, registry) = (&phase.run.plan, &phase.run.registry);
    let (seed, planned) = (plan.seed, &plan.phases[phase.origin()]);
    let spec = |index, Draw { size, content, .. }| Expect::Spec(BlobSpec { seed, index, size, content });
    let source = repeats::source(seed, index, planned, &phase.repeatable);
    let repeat = |source| (spec(source, Draw::of(seed, source, planned)), Novelty::Repeat);
    match origin {
        BlobOrigin::Made => {
            // A repeat whose source is not stored yet is uploaded as a new blob.
            let source = source.filter(|source| registry.is_stored(*source));
            source.map_or_else(|| (spec(index, draw), Novelty::Fresh), repeat)
        }
        BlobOrigin::Listed(listed) => {
            let (blob, is_known) = registry.first_reads.register(&listed.id, listed.size);
            // A blob that the list has twice has no second first download; cached ones are all alike.
            let repeats = is_known && phase.planned().journey.steps.contains(&Step::FIRST);
            (Expect::FirstRead(blob), if repeats { Novelty::Repeat } else { Novelty::Fresh })
        }
        BlobOrigin::Earlier(blob) => {
            let novelty = blob.marks.novelty;
            let expect = match (&planned.source, blob.id()) {
                (BlobSource::List { .. }, Some(id)) => {
                    Expect::FirstRead(registry.first_reads.register(&id, None).0)
                }
                _ => match source.filter(|_| novelty == Novelty::Repeat) {
                    Some(source) => repeat(source).0,
                    None => spec(index, draw),
                },
            };
            (expect, novelty)
        }
    }
}
