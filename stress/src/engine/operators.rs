//! Runs a comparison of operators: uploads, then reads slot by slot, all operators side by side and each politely.

use std::{
    cell::Cell,
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use futures_util::future::join_all;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::{
    blob::{BlobSpec, Expect, FirstReadReference, FirstReads},
    client::{Client, Network, probe},
    error::Error,
    plan::{
        Plan, Verify,
        journey::Step,
        operators::{Blobs, OperatorsPlan, ReadOrder},
        retry::Attempt,
    },
    sample::{Clock, ExchangeRecord, Failure, FailureClass, Novelty, Outcome, Sample, probe::Probe},
};

/// Uploads under way at a time.
const UPLOADS_AT_A_TIME: usize = 4;
/// After this many reads in a row without any response, an operator is not asked again.
const MOST_UNANSWERED: u32 = 3;
/// The longest `Retry-After` that is waited for; a read that would have to wait longer is left out.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// What a comparison of operators measured.
#[derive(Debug)]
pub struct OperatorsRun {
    /// The uploads, without those that were retried.
    pub uploads: Vec<Sample>,
    /// The first and cached reads; `target` is the operator's position and `index` the blob's. A read that was never made
    /// is skipped.
    pub reads: Vec<Sample>,
    /// What each operator offers; `None` for one that delivered nothing.
    pub probes: Vec<Option<Probe>>,
    /// How many blobs were there to be read.
    pub blobs: usize,
    /// IDs of blobs of unknown content of which operators delivered different bytes without a majority.
    pub disputed: Vec<String>,
}

/// How far a comparison is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperatorsProgress {
    /// So many blobs are uploaded.
    Uploaded(usize),
    /// So many slots are over, of how many.
    Read(usize, usize),
}

/// A blob that can be read.
struct Stored {
    index: u64,
    id: Arc<str>,
    /// `None` for one of unknown content.
    spec: Option<BlobSpec>,
}

/// Runs the comparison to its end, or until `abort`.
///
/// # Errors
/// When the limits have certificates or headers that cannot be used.
pub async fn run(
    plan: &OperatorsPlan,
    network: &Arc<Network>,
    progress: &dyn Fn(OperatorsProgress),
    abort: &CancellationToken,
) -> Result<OperatorsRun, Error> {
    let (base, clock) = (plan.base(), Clock::start());
    let (uploads, stored) = match &plan.blobs {
        Blobs::Made { count, size_bytes } => {
            let uploader = Uploader { plan: &base, network, clock, progress, abort, size: *size_bytes };
            uploader.all(*count).await
        }
        Blobs::Listed { ids } => {
            let listed = |(index, id): (usize, &String)| Stored {
                index: index as u64,
                id: id.as_str().into(),
                spec: None,
            };
            (Vec::new(), ids.iter().enumerate().map(listed).collect())
        }
    };
    if !uploads.is_empty() {
        pause(plan.settle, abort).await;
    }
    let order = plan.read_order(stored.len());
    let first_reads: Arc<FirstReads> = Arc::default();
    let mut readers: Vec<Reader<'_>> = (0..plan.operators.len())
        .map(|operator| Reader::new(operator, plan, Client::new(network.clone(), clock), &first_reads, abort))
        .collect();
    for slot in 0..order.slots() {
        join_all(readers.iter_mut().map(|reader| reader.slot(slot, &order, &stored))).await;
        progress(OperatorsProgress::Read(slot + 1, order.slots()));
    }
    let not_before: Vec<Instant> = readers.iter().map(|reader| reader.not_before).collect();
    let contents = readers.iter_mut().flat_map(|reader| std::mem::take(&mut reader.contents)).collect();
    let mut reads: Vec<Sample> = readers.into_iter().flat_map(|reader| reader.samples).collect();
    let disputed = mark_minorities(&mut reads, contents);
    let probes = probe_all(plan, &reads, &not_before, abort).await?;
    Ok(OperatorsRun { uploads, reads, probes, blobs: stored.len(), disputed })
}

/// Waits, unless `abort` is cancelled.
async fn pause(time: Duration, abort: &CancellationToken) {
    abort.run_until_cancelled(sleep(time)).await;
}

struct Uploader<'a> {
    plan: &'a Plan,
    network: &'a Arc<Network>,
    clock: Clock,
    progress: &'a dyn Fn(OperatorsProgress),
    abort: &'a CancellationToken,
    /// The size of each blob in bytes.
    size: u64,
}

impl Uploader<'_> {
    /// Uploads `count` blobs, a few at a time.
    async fn all(&self, count: usize) -> (Vec<Sample>, Vec<Stored>) {
        let (next, done) = (Cell::new(0), Cell::new(0));
        let worker = async || {
            let mut client = Client::new(self.network.clone(), self.clock);
            let mut samples = Vec::new();
            while next.get() < count && !self.abort.is_cancelled() {
                let index = next.replace(next.get() + 1) as u64;
                samples.push(self.one(&mut client, index).await);
                done.set(done.get() + 1);
                (self.progress)(OperatorsProgress::Uploaded(done.get()));
            }
            samples
        };
        let workers = (0..UPLOADS_AT_A_TIME).map(|_| worker());
        let mut samples: Vec<Sample> = join_all(workers).await.into_iter().flatten().collect();
        samples.sort_by_key(|sample| sample.index);
        let stored = samples.iter().filter_map(|sample| {
            let spec = Some(self.spec(sample.index));
            Some(Stored { index: sample.index, id: sample.blob_id.clone()?, spec })
        });
        let stored = stored.collect();
        (samples, stored)
    }

    fn spec(&self, index: u64) -> BlobSpec {
        BlobSpec { seed: self.plan.seed, index, size: self.size, content: OperatorsPlan::CONTENT }
    }

    /// Uploads one blob, with the retries of the plan.
    async fn one(&self, client: &mut Client, index: u64) -> Sample {
        let plan = self.plan;
        let mut number = 1;
        loop {
            let exchange = client.upload(0, self.spec(index).source(), None, self.abort).await;
            let blob_id = match &exchange.outcome {
                Outcome::Stored(stored) => Some(stored.blob_id.as_str().into()),
                _ => None,
            };
            let record = exchange.record;
            let draft = draft(Step::Upload, 0, index, record, exchange.outcome);
            let sample = Sample { attempt: number, size: self.size, blob_id, ..draft };
            let attempt = Attempt { seed: plan.seed, index, step: Step::Upload, number };
            let wait = sample.outcome.failure().and_then(|failure| {
                plan.retries.wait(attempt, failure.class, record.retry_after, plan.limits.upload_timeout)
            });
            // What may have been paid is not stored once more.
            let wait = wait.filter(|_| !sample.outcome.may_have_charged(&record, self.size));
            let Some(wait) = wait else { return sample };
            pause(wait, self.abort).await;
            if self.abort.is_cancelled() {
                return sample;
            }
            number += 1;
        }
    }
}

fn draft(step: Step, target: usize, index: u64, exchange: ExchangeRecord, outcome: Outcome) -> Sample {
    Sample {
        phase: 0,
        index,
        step,
        attempt: 1,
        delay: None,
        novelty: Novelty::Fresh,
        target,
        blob_id: None,
        size: exchange.bytes_received,
        exchange,
        outcome,
    }
}

/// Reads one operator's blobs: one connection, one request at a time.
struct Reader<'a> {
    operator: usize,
    plan: &'a OperatorsPlan,
    client: Client,
    first_reads: &'a Arc<FirstReads>,
    abort: &'a CancellationToken,
    /// No request before this, as the operator asked.
    not_before: Instant,
    /// Reads in a row without any response.
    unanswered: u32,
    samples: Vec<Sample>,
    /// Of blobs of unknown content: blob and first read.
    contents: Vec<(u64, usize, FirstReadReference)>,
}

impl<'a> Reader<'a> {
    fn new(
        operator: usize,
        plan: &'a OperatorsPlan,
        client: Client,
        first_reads: &'a Arc<FirstReads>,
        abort: &'a CancellationToken,
    ) -> Self {
        let not_before = Instant::now();
        let (samples, contents) = (Vec::new(), Vec::new());
        Self { operator, plan, client, first_reads, abort, not_before, unanswered: 0, samples, contents }
    }

    /// Both reads of the blob that is the operator's in this slot.
    async fn slot(&mut self, slot: usize, order: &ReadOrder, stored: &[Stored]) {
        let Some(blob) = order.blob(self.operator, slot).and_then(|blob| stored.get(blob)) else { return };
        let expect = match blob.spec {
            Some(spec) => Expect::Spec(spec),
            // Each operator is compared with itself here, and with the others at the end.
            None => {
                let name = format!("{} {}", self.operator, blob.id);
                let (reference, _) = self.first_reads.register(&name, None);
                self.contents.push((blob.index, self.operator, reference.clone()));
                Expect::FirstRead(reference)
            }
        };
        for step in [Step::FIRST, Step::CACHED] {
            let sample = self.read(step, blob, &expect).await;
            let delivered = sample.outcome == Outcome::Read;
            self.samples.push(sample);
            if !delivered {
                break;
            }
        }
    }

    async fn read(&mut self, step: Step, blob: &Stored, expect: &Expect) -> Sample {
        let draft = |exchange, outcome| Sample {
            blob_id: Some(blob.id.clone()),
            ..draft(step, self.operator, blob.index, exchange, outcome)
        };
        let wait = self.not_before.saturating_duration_since(Instant::now());
        if self.unanswered >= MOST_UNANSWERED
            || wait > LONGEST_WAIT.max(self.plan.pause)
            || self.abort.is_cancelled()
        {
            return draft(ExchangeRecord::default(), Outcome::Skipped);
        }
        if self.abort.run_until_cancelled(sleep_until(self.not_before)).await.is_none() {
            return draft(ExchangeRecord::default(), Outcome::Skipped);
        }
        let mut verifier = expect.verifier(Verify::Full);
        let exchange = self.client.read(self.operator, &blob.id, &mut verifier, self.abort).await;
        let record = exchange.record;
        let pause = record.retry_after.unwrap_or_default().max(self.plan.pause);
        // An `Instant` cannot hold every time that a server may ask for.
        self.not_before = Instant::now() + pause.min(Duration::from_secs(86_400));
        self.unanswered = if record.status.is_some() { 0 } else { self.unanswered + 1 };
        draft(record, exchange.outcome)
    }
}

/// Of blobs of unknown content, a read that differs from what most operators delivered is corrupt. Without a majority
/// those reads stay as they are; the IDs of such blobs are given back.
fn mark_minorities(reads: &mut [Sample], contents: Vec<(u64, usize, FirstReadReference)>) -> Vec<String> {
    let mut blobs: HashMap<u64, Vec<(usize, _)>> = HashMap::new();
    for (blob, operator, reference) in contents {
        if let Some(digest) = reference.digest() {
            blobs.entry(blob).or_default().push((operator, digest));
        }
    }
    let mut disputed = BTreeSet::new();
    for sample in reads.iter_mut().filter(|sample| sample.outcome == Outcome::Read) {
        let Some(digests) = blobs.get(&sample.index) else { continue };
        let alike = |one| digests.iter().filter(|(_, digest)| digest == one).count();
        let Some((_, own)) = digests.iter().find(|(operator, _)| *operator == sample.target) else {
            continue;
        };
        let (own, all) = (alike(own), digests.len());
        let most = digests.iter().map(|(_, digest)| alike(digest)).max().unwrap_or(0);
        if 2 * most <= all {
            disputed.extend(sample.blob_id.as_deref().filter(|_| own < all).map(str::to_owned));
        } else if own < most {
            let reason = format!("{most} of {all} operators delivered other bytes for this blob");
            sample.outcome = Outcome::Failed(Failure::new(FailureClass::Corrupt, reason));
        }
    }
    disputed.into_iter().collect()
}

/// Asks every operator that delivered a blob what else it offers.
async fn probe_all(
    plan: &OperatorsPlan,
    reads: &[Sample],
    not_before: &[Instant],
    abort: &CancellationToken,
) -> Result<Vec<Option<Probe>>, Error> {
    let probes = plan.operators.iter().enumerate().map(async |(position, operator)| {
        let delivered = |sample: &&Sample| sample.target == position && sample.outcome == Outcome::Read;
        let Some(id) = reads.iter().find(delivered).and_then(|sample| sample.blob_id.clone()) else {
            return Ok(None);
        };
        let at = not_before[position];
        if at.saturating_duration_since(Instant::now()) > LONGEST_WAIT.max(plan.pause) {
            return Ok(None);
        }
        let probe = async {
            sleep_until(at).await;
            probe(&operator.target, &plan.limits, &id).await
        };
        abort.run_until_cancelled(probe).await.transpose()
    });
    join_all(probes).await.into_iter().collect()
}
