//! A worker: performs journeys, one at a time, on connections of its own.

use std::{cell::RefCell, rc::Rc, sync::Arc, time::Duration};

use tokio::sync::mpsc;

use super::{clock::Clock, job::Job};
use crate::{
    blob::BlobSpec,
    plan::{draw::Draw, journey::Step},
    record::{Recording, pairs::Pair},
    sample::{Novelty, Outcome, Sample, Timing},
    walrus::{Client, Exchange},
};

/// What the workers of one thread share.
#[derive(Debug)]
pub(super) struct Shard {
    pub(super) job: Arc<Job>,
    pub(super) recording: RefCell<Recording>,
}

/// Performs journeys, one at a time.
#[derive(Debug)]
pub(super) struct Worker {
    shard: Rc<Shard>,
    client: Client,
    under_way: Option<UnderWay>,
}

/// A step that has started and not ended.
#[derive(Debug)]
struct UnderWay {
    draft: Sample,
    /// Its position in the journey.
    position: usize,
    permit: Option<Permit>,
}

/// A place for one sample in the channel.
type Permit = mpsc::OwnedPermit<Sample>;

/// A blob on its journey.
#[derive(Debug)]
struct Traveller {
    index: u64,
    spec: BlobSpec,
    novelty: Novelty,
    publisher: usize,
    aggregator: usize,
    blob_id: Option<Arc<str>>,
    /// Set by the first step that did not succeed: the ones behind it are skipped.
    stranded: bool,
}

impl Worker {
    pub(super) fn new(shard: Rc<Shard>) -> Self {
        let client = Client::new(shard.job.network.clone());
        Self { shard, client, under_way: None }
    }

    /// Performs journeys until the phase ends; when it is given up, the step under way is entered as unfinished.
    pub(super) async fn run(mut self) {
        let abort = self.shard.job.wires.abort.clone();
        let given_up = tokio::select! {
            biased;
            () = self.perform_all() => false,
            () = abort.cancelled() => true,
        };
        if given_up && let Some(step) = self.under_way.take() {
            self.give_up(step).await;
        }
    }

    async fn perform_all(&mut self) {
        while let Some(index) = self.shard.job.claim() {
            self.perform(index).await;
        }
    }

    /// One journey over one blob.
    async fn perform(&mut self, index: u64) {
        let job = self.shard.job.clone();
        let steps = &job.phase().journey.steps;
        let mut blob = Traveller::new(&job, index);
        let mut reads = Reads::default();
        for (position, &step) in steps.iter().enumerate() {
            if blob.stranded {
                self.shard.enter_skipped(blob.draft(&job, step)).await;
                continue;
            }
            let (sample, permit) = self.attempt(&blob, step, position).await;
            blob.learn(&job, &sample);
            reads.learn(&sample);
            self.shard.enter(sample, permit);
        }
        if let Some(pair) = reads.pair(&blob) {
            self.shard.recording.borrow_mut().enter_pair(pair);
        }
    }

    /// One step. The place in the sample channel is taken before it starts, so that telling never waits.
    async fn attempt(&mut self, blob: &Traveller, step: Step, position: usize) -> (Sample, Option<Permit>) {
        let job = self.shard.job.clone();
        let permit = job.permit().await;
        self.under_way = Some(UnderWay { draft: blob.draft(&job, step), position, permit });
        let complete = match (step, &blob.blob_id) {
            (Step::Read { .. }, Some(id)) => {
                let verifier = blob.spec.verifier(job.plan.verify);
                let exchange = self.client.read(blob.aggregator, id, verifier).await;
                fill(blob.draft(&job, step), exchange, |()| Outcome::Read, job.clock)
            }
            _ => {
                let exchange = self.client.upload(blob.publisher, blob.spec.source()).await;
                fill(blob.draft(&job, step), exchange, Outcome::Stored, job.clock)
            }
        };
        (complete, self.under_way.take().and_then(|step| step.permit))
    }

    /// Enters the step under way as unfinished, with the time it has waited, and the ones behind it as skipped.
    async fn give_up(&mut self, step: UnderWay) {
        let UnderWay { draft, position, permit } = step;
        // Nothing was abandoned when the step was only about to start.
        let Some(exchange) = self.client.take_abandoned() else { return };
        let sample = Sample {
            outcome: Outcome::Unfinished,
            ..fill(draft, exchange, |()| Outcome::Unfinished, self.shard.job.clock)
        };
        let job = self.shard.job.clone();
        let behind = &job.phase().journey.steps[position + 1..];
        let skipped: Vec<_> = behind.iter().map(|&step| Sample { step, ..sample.clone() }).collect();
        self.shard.enter(sample, permit);
        for sample in skipped {
            self.shard.enter_skipped(sample).await;
        }
    }
}

/// The draft with what the exchange came to. In a closed loop a step is due when it starts.
fn fill<T>(draft: Sample, exchange: Exchange<T>, outcome: impl FnOnce(T) -> Outcome, clock: Clock) -> Sample {
    let at = |instant| clock.at(instant);
    let timing = Timing {
        due: at(exchange.started),
        started: at(exchange.started),
        sent: exchange.sent.map(at),
        first_byte: exchange.first_byte.map(at),
        finished: at(exchange.finished),
    };
    let outcome = exchange.result.map_or_else(Outcome::Failed, outcome);
    let blob_id = match &outcome {
        Outcome::Stored(stored) => Some(Arc::from(stored.blob_id.as_str())),
        _ => draft.blob_id,
    };
    let Exchange { bytes_sent, bytes_received, link, .. } = exchange;
    Sample { timing, blob_id, bytes_sent, bytes_received, link, outcome, ..draft }
}

impl Job {
    /// A place for one sample in the channel, if anyone listens.
    async fn permit(&self) -> Option<Permit> {
        // A listener that is gone has said so itself; the run goes on.
        self.wires.samples.clone()?.reserve_owned().await.ok()
    }
}

impl Shard {
    fn enter(&self, sample: Sample, permit: Option<Permit>) {
        self.recording.borrow_mut().enter(&sample);
        if let Some(permit) = permit {
            permit.send(sample);
        }
    }

    async fn enter_skipped(&self, mut sample: Sample) {
        sample.outcome = Outcome::Skipped;
        let permit = self.job.permit().await;
        self.enter(sample, permit);
    }
}

impl Traveller {
    fn new(job: &Job, index: u64) -> Self {
        let (seed, phase) = (job.plan.seed, job.phase());
        let draw = Draw::of(seed, index, phase);
        // A repeat whose source is not stored yet counts as new.
        let source = draw.repeats.filter(|&source| job.catalog.holds(source));
        let (bytes, novelty) = match source {
            Some(source) => (Draw::of(seed, source, phase), Novelty::Repeat),
            None => (draw, Novelty::Fresh),
        };
        let pick = |number: u32, count: usize| usize::try_from(number).unwrap_or(0) % count.max(1);
        Self {
            index,
            spec: BlobSpec { seed, index: source.unwrap_or(index), size: bytes.size, content: bytes.content },
            novelty,
            publisher: pick(draw.publisher, job.plan.publishers.len()),
            aggregator: pick(draw.aggregator, job.plan.aggregators.len()),
            blob_id: None,
            stranded: false,
        }
    }

    /// A sample with everything known before the step.
    fn draft(&self, job: &Job, step: Step) -> Sample {
        Sample {
            phase: job.phase,
            index: self.index,
            step,
            novelty: self.novelty,
            target: if step == Step::Upload { self.publisher } else { self.aggregator },
            blob_id: self.blob_id.clone(),
            size: self.spec.size,
            bytes_sent: 0,
            bytes_received: 0,
            timing: Timing::default(),
            link: None,
            outcome: Outcome::Unfinished,
        }
    }

    /// What the next steps need to know of this one.
    fn learn(&mut self, job: &Job, sample: &Sample) {
        match &sample.outcome {
            Outcome::Stored(_) => {
                self.blob_id.clone_from(&sample.blob_id);
                if self.novelty == Novelty::Fresh && job.phase().duplicates > 0.0 {
                    job.catalog.note(self.index);
                }
            }
            Outcome::Read => {}
            Outcome::Failed(_) | Outcome::Unfinished | Outcome::Skipped => self.stranded = true,
        }
    }
}

/// The successful reads of one blob, as far as they are compared.
#[derive(Debug, Default)]
struct Reads {
    first: Option<Duration>,
    cached: Option<Duration>,
}

impl Reads {
    fn learn(&mut self, sample: &Sample) {
        let slot = match sample.step {
            Step::FIRST => &mut self.first,
            Step::CACHED => &mut self.cached,
            _ => return,
        };
        *slot = (sample.outcome == Outcome::Read).then(|| sample.timing.response());
    }

    /// Both reads, of a blob whose bytes were new to the run: a repeat's first read may find a warm cache.
    fn pair(&self, blob: &Traveller) -> Option<Pair> {
        let (first, cached) = self.first.zip(self.cached)?;
        let (index, size, target) = (blob.index, blob.spec.size, blob.aggregator);
        (blob.novelty == Novelty::Fresh).then_some(Pair { index, size, target, first, cached })
    }
}
