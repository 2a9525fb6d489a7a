//! Takes answers in: short ones whole, blobs judged as they come.

use super::{
    classify::{self, Answer},
    evidence,
    http1::{Break, Head, Progress, Taker, Wanted},
};
use crate::{
    blob::{Mismatch, Verifier},
    sample::{Failure, Stored, cache::CacheEvidence},
};

/// The most bytes of an error that are read.
const MAX_ERROR: usize = 64 * 1024;
/// The most bytes of a publisher's answer that are read.
const MAX_ANSWER: usize = 1024 * 1024;
/// The most bytes of memory that wait for the next answer: thousands of workers may have met long pages.
const KEPT: usize = 2 * 1024;

/// What an answer said, but for the bytes of a blob. Its memory is used again by the next one.
#[derive(Debug, Default)]
pub(super) struct Said {
    status: u16,
    /// Empty when it is not told.
    content_type: String,
    /// Empty when it is not told.
    location: String,
    body: Vec<u8>,
}

impl Said {
    fn begin(&mut self, head: &Head<'_>) {
        self.status = head.status;
        for (kept, name) in [(&mut self.content_type, "content-type"), (&mut self.location, "location")] {
            kept.clear();
            kept.push_str(head.text(name).unwrap_or_default());
        }
        self.body.clear();
    }

    /// Gives back the memory of a long answer.
    pub(super) fn forget(&mut self) {
        self.body.clear();
        self.body.shrink_to(KEPT);
        self.content_type.clear();
        self.content_type.shrink_to(KEPT);
        self.location.clear();
        self.location.shrink_to(KEPT);
    }

    /// Keeps up to `limit` bytes.
    fn add(&mut self, bytes: &[u8], limit: usize) -> Wanted {
        self.body.extend_from_slice(&bytes[..bytes.len().min(limit - self.body.len())]);
        if self.body.len() == limit { Wanted::Nothing } else { Wanted::More }
    }

    fn answer(&self) -> Answer<'_> {
        let told = |text| Some(text).filter(|text: &&str| !text.is_empty());
        Answer {
            status: self.status,
            content_type: told(&self.content_type),
            location: told(&self.location),
            body: &self.body,
        }
    }

    fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// What became of a whole answer, and whether its connection is fit for another exchange.
pub(super) type Verdict<T> = (Result<T, Failure>, bool);

/// The answer to a store.
#[derive(Debug)]
pub(super) struct Receipt<'a> {
    said: &'a mut Said,
}

impl<'a> Receipt<'a> {
    /// Takes an answer in, into `said`.
    pub(super) fn new(said: &'a mut Said) -> Self {
        Self { said }
    }

    /// What the answer came to whose head was there, after so many bytes of body.
    pub(super) fn verdict(self, end: Result<Progress, Break>, received: u64) -> Verdict<Stored> {
        let success = self.said.is_success();
        // A refusal may have been given with the blob unread: then the server closes, whatever it has announced, and the
        // next request would be lost on its way.
        let fit = success && matches!(end, Ok(Progress::Whole { reusable: true }));
        match end {
            // A refusal is what it is even if its explanation is cut off; a success is not.
            Err(error) if success => (Err(classify::cut(self.said.status, &error, received, None)), fit),
            _ => (classify::store(&self.said.answer()), fit),
        }
    }
}

impl Taker for Receipt<'_> {
    fn head(&mut self, head: &Head<'_>, _: Option<u64>) -> Wanted {
        self.said.begin(head);
        Wanted::More
    }

    fn body(&mut self, bytes: &[u8]) -> Wanted {
        self.said.add(bytes, MAX_ANSWER)
    }
}

/// The answer to a read.
#[derive(Debug)]
pub(super) struct Download<'a, 'v> {
    said: &'a mut Said,
    verifier: &'a mut Verifier<'v>,
    /// Whether an announced length that is not the blob's ends the reading.
    lengths_matter: bool,
    fault: Option<Fault>,
    /// What the headers say of caches.
    pub(super) cache: CacheEvidence,
}

/// Why a blob was not read to its end.
#[derive(Debug)]
enum Fault {
    /// The length that was announced, in bytes, and the blob's.
    Length { expected: u64, announced: u64 },
    /// What came.
    Bytes(Mismatch),
}

impl<'a, 'v> Download<'a, 'v> {
    /// Takes an answer in that `verifier` judges, or into `said` if it is no blob.
    pub(super) fn new(said: &'a mut Said, verifier: &'a mut Verifier<'v>, lengths_matter: bool) -> Self {
        Self { said, verifier, lengths_matter, fault: None, cache: CacheEvidence::default() }
    }

    fn is_blob(&self) -> bool {
        matches!(self.said.status, 200 | 203)
    }

    /// What the answer came to whose head was there, after so many bytes of body.
    pub(super) fn verdict(self, end: Result<Progress, Break>, received: u64) -> Verdict<()> {
        let fit = matches!(end, Ok(Progress::Whole { reusable: true }));
        let answer = self.said.answer();
        if !self.is_blob() {
            return (Err(classify::refused(&answer)), fit);
        }
        let result = match (end, self.fault) {
            (_, Some(Fault::Length { expected, announced })) => {
                Err(classify::wrong_length(&answer, expected, announced))
            }
            (_, Some(Fault::Bytes(mismatch))) => Err(classify::mismatch(&answer, mismatch)),
            (Err(error), None) => {
                Err(classify::cut(answer.status, &error, received, self.verifier.expected()))
            }
            (Ok(_), None) => self.verifier.finish().map_err(|mismatch| classify::mismatch(&answer, mismatch)),
        };
        let fit = fit && result.is_ok();
        (result, fit)
    }
}

impl Taker for Download<'_, '_> {
    fn head(&mut self, head: &Head<'_>, length: Option<u64>) -> Wanted {
        self.said.begin(head);
        if !self.is_blob() {
            return Wanted::More;
        }
        self.cache = evidence::evidence(head);
        let lengths = self.verifier.expected().zip(length).filter(|_| self.lengths_matter);
        match lengths {
            Some((expected, announced)) if announced != expected => {
                self.fault = Some(Fault::Length { expected, announced });
                Wanted::Nothing
            }
            _ => Wanted::More,
        }
    }

    fn body(&mut self, bytes: &[u8]) -> Wanted {
        if !self.is_blob() {
            return self.said.add(bytes, MAX_ERROR);
        }
        match self.verifier.feed(bytes) {
            Ok(()) => Wanted::More,
            Err(mismatch) => {
                self.fault = Some(Fault::Bytes(mismatch));
                Wanted::Nothing
            }
        }
    }
}
