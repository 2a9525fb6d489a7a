//! Receives a response: keeps a short one, verifies a blob while it arrives, and decides the outcome at its end.

use std::ops::ControlFlow::{self, Break, Continue};

use super::{
    classify,
    download::Download,
    http1::{Head, ResponseError},
    response::Response,
};
use crate::sample::{ExchangeRecord, Failure, Outcome};

/// The most bytes of a response that are kept, but for the bytes of a blob. A publisher's answer has less than 2 KiB.
const MAX_KEPT: usize = 64 * 1024;

/// Handles the response to one upload or one download.
#[derive(Debug)]
pub(super) struct ResponseHandler<'a, 'v> {
    response: &'a mut Response,
    /// The most bytes of a body that are kept; the rest is not read.
    limit: usize,
    /// Verifies the blob that a download responds with.
    download: Option<Download<'a, 'v>>,
    /// Why the response was not read to its end.
    failure: Option<Failure>,
}

impl<'a, 'v> ResponseHandler<'a, 'v> {
    /// Handles the response to an upload.
    pub(super) fn upload(response: &'a mut Response) -> Self {
        Self::keeping(response, MAX_KEPT)
    }

    /// Handles the response to a download.
    pub(super) fn download(response: &'a mut Response, download: Download<'a, 'v>) -> Self {
        Self { download: Some(download), ..Self::keeping(response, MAX_KEPT) }
    }

    /// Keeps the first `limit` bytes of the body.
    pub(super) fn keeping(response: &'a mut Response, limit: usize) -> Self {
        Self { response, limit, download: None, failure: None }
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
        let taken = match &mut self.download {
            Some(download) if is_blob(head.status) => download.head(self.response, head, length, record),
            None if length.is_some_and(|length| length > self.limit as u64) => self.too_long(),
            _ => Ok(()),
        };
        self.go_on(taken)
    }

    /// Takes the next bytes of the body, never none. A break means that nothing more of it is wanted.
    pub(super) fn body(&mut self, bytes: &[u8]) -> ControlFlow<()> {
        let taken = match &mut self.download {
            Some(download) if is_blob(self.response.status) => download.body(self.response, bytes),
            _ if self.response.keep(bytes, self.limit) => Ok(()),
            Some(_) => return Break(()),
            None if !self.response.is_success() => return Break(()),
            None => self.too_long(),
        };
        self.go_on(taken)
    }

    /// Whether the request can be sent once more without a risk: a read changes nothing, an upload may be paid for twice.
    pub(super) fn is_repeatable(&self) -> bool {
        self.download.is_some()
    }

    /// The failure of a success that is longer than is kept. A refusal is valid without the end of its explanation.
    fn too_long(&self) -> Result<(), Failure> {
        if self.response.is_success() {
            Err(classify::too_long_an_answer(self.response, self.limit))
        } else {
            Ok(())
        }
    }

    fn go_on(&mut self, taken: Result<(), Failure>) -> ControlFlow<()> {
        self.failure = taken.err();
        if self.failure.is_some() { Break(()) } else { Continue(()) }
    }

    /// The outcome of an exchange whose response had a head and `end`ed so, and whether its connection can be reused. `end`
    /// is whether the connection allows that.
    pub(super) fn outcome(self, end: Result<bool, ResponseError>, received: u64) -> (Outcome, bool) {
        let (response, reusable) = (self.response, matches!(end, Ok(true)));
        let Some(mut download) = self.download else {
            let result = match (self.failure, end) {
                (Some(failure), _) => Err(failure),
                // A refusal is valid even if its explanation is cut off; a success is not.
                (None, Err(error)) if response.is_success() => {
                    Err(classify::cut(response.status, &error, received, None))
                }
                (None, _) => classify::store(response),
            };
            return (result.map_or_else(Outcome::Failed, Outcome::Stored), reusable);
        };
        if !is_blob(response.status) {
            return (Outcome::Failed(classify::refused(response)), reusable);
        }
        let result = match (self.failure, end) {
            (Some(failure), _) => Err(failure),
            (None, Err(error)) => {
                Err(classify::cut(response.status, &error, received, download.verifier.expected()))
            }
            (None, Ok(_)) => download.end(response),
        };
        (result.map_or_else(Outcome::Failed, |()| Outcome::Read), reusable)
    }
}

/// Whether the body of a download with this status is a blob.
fn is_blob(status: u16) -> bool {
    matches!(status, 200 | 203)
}
