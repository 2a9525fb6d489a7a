//! Receives a response: keeps a short one, verifies a blob while it arrives, and decides the outcome at its end.

use std::ops::ControlFlow::{self, Break, Continue};

use super::{
    cache_headers, classify,
    http1::{Head, ResponseError},
    response::Response,
};
use crate::{
    blob::Verifier,
    sample::{ExchangeRecord, Failure, Outcome},
};

/// The most bytes of an error response to a download that are read.
const MAX_ERROR: usize = 64 * 1024;
/// The most bytes of a publisher's response that are read.
const MAX_RECEIPT: usize = 1024 * 1024;

/// Handles the response to one upload or one download.
#[derive(Debug)]
pub(super) struct ResponseHandler<'a, 'v> {
    response: &'a mut Response,
    /// The most bytes of a body that are kept; the rest is not read.
    limit: usize,
    /// Verifies the blob that a download responds with.
    verifier: Option<&'a mut Verifier<'v>>,
    /// Whether a `Content-Length` that is not the blob's ends the download.
    checks_length: bool,
    /// Why the blob was not read to its end.
    failure: Option<Failure>,
}

impl<'a, 'v> ResponseHandler<'a, 'v> {
    /// Handles the response to an upload.
    pub(super) fn upload(response: &'a mut Response) -> Self {
        Self::keeping(response, MAX_RECEIPT)
    }

    /// Handles the response to a download, whose bytes `verifier` checks.
    pub(super) fn download(
        response: &'a mut Response,
        verifier: &'a mut Verifier<'v>,
        checks_length: bool,
    ) -> Self {
        Self { verifier: Some(verifier), checks_length, ..Self::keeping(response, MAX_ERROR) }
    }

    /// Keeps the first `limit` bytes of the body.
    pub(super) fn keeping(response: &'a mut Response, limit: usize) -> Self {
        Self { response, limit, verifier: None, checks_length: false, failure: None }
    }

    /// Takes the head of the response, with the body's length in bytes where it is announced. A break means that nothing more
    /// of it is wanted.
    pub(super) fn head(
        &mut self,
        head: &Head<'_>,
        length: Option<u64>,
        record: &mut ExchangeRecord,
    ) -> ControlFlow<()> {
        self.response.begin(head);
        let Some(verifier) = self.verifier.as_deref().filter(|_| is_blob(head.status)) else {
            return Continue(());
        };
        record.cache = cache_headers::evidence(head);
        // Bytes that can be compared prove that they are the blob's, whatever the header says.
        if self.response.is_coded() && !verifier.knows_bytes() {
            return self.fail(classify::encoded(self.response));
        }
        match verifier.expected().zip(length) {
            Some((expected, announced)) if self.checks_length && announced != expected => {
                self.fail(classify::wrong_length(self.response, expected, announced))
            }
            _ => Continue(()),
        }
    }

    /// Takes the next bytes of the body, never none. A break means that nothing more of it is wanted.
    pub(super) fn body(&mut self, bytes: &[u8]) -> ControlFlow<()> {
        if let Some(verifier) = self.verifier.as_deref_mut().filter(|_| is_blob(self.response.status)) {
            return match verifier.feed(bytes) {
                Ok(()) => Continue(()),
                Err(mismatch) => self.fail(classify::mismatch(self.response, mismatch)),
            };
        }
        let body = &mut self.response.body;
        body.extend_from_slice(&bytes[..bytes.len().min(self.limit - body.len())]);
        if body.len() == self.limit { Break(()) } else { Continue(()) }
    }

    /// Whether the request can be sent once more without a risk: a read changes nothing, an upload may be paid for twice.
    pub(super) fn is_repeatable(&self) -> bool {
        self.verifier.is_some()
    }

    fn fail(&mut self, failure: Failure) -> ControlFlow<()> {
        self.failure = Some(failure);
        Break(())
    }

    /// The outcome of an exchange whose response had a head and `end`ed so, and whether its connection can be reused. `end`
    /// is whether the connection allows that.
    pub(super) fn outcome(self, end: Result<bool, ResponseError>, received: u64) -> (Outcome, bool) {
        let (response, reusable) = (self.response, matches!(end, Ok(true)));
        let Some(verifier) = self.verifier else {
            let result = match end {
                // A refusal is valid even if its explanation is cut off; a success is not.
                Err(error) if response.is_success() => {
                    Err(classify::cut(response.status, &error, received, None))
                }
                _ => classify::store(response),
            };
            return (result.map_or_else(Outcome::Failed, Outcome::Stored), reusable);
        };
        if !is_blob(response.status) {
            return (Outcome::Failed(classify::refused(response)), reusable);
        }
        let result = match (self.failure, end) {
            (Some(failure), _) => Err(failure),
            (None, Err(error)) => Err(classify::cut(response.status, &error, received, verifier.expected())),
            (None, Ok(_)) => verifier.finish().map_err(|mismatch| classify::mismatch(response, mismatch)),
        };
        (result.map_or_else(Outcome::Failed, |()| Outcome::Read), reusable)
    }
}

/// Whether the body of a download with this status is a blob.
fn is_blob(status: u16) -> bool {
    matches!(status, 200 | 203)
}
