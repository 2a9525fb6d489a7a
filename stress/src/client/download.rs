//! Verifies a blob while it arrives, and decides whether a page stands in its place.

use super::{cache_headers, classify, http1::Head, response::Response};
use crate::{
    blob::Verifier,
    sample::{ExchangeRecord, Failure, cache::StatusHeader},
};

/// The download of a blob whose status says that the body is the blob.
#[derive(Debug)]
pub(super) struct Download<'a, 'v> {
    /// What the bytes are compared with.
    pub(super) verifier: &'a mut Verifier<'v>,
    /// The ID that was requested.
    pub(super) blob_id: &'a str,
    /// Headers in which a cache describes itself, besides the known ones.
    pub(super) cache_headers: &'a [StatusHeader],
    /// Whether anything is compared.
    pub(super) compares: bool,
    /// The length that the response announces, in bytes.
    pub(super) announced: Option<u64>,
}

impl Download<'_, '_> {
    /// Takes the head of the response, with the body's length in bytes where it is announced.
    ///
    /// # Errors
    /// When the bytes could not be compared.
    pub(super) fn head(
        &mut self,
        response: &Response,
        head: &Head<'_>,
        length: Option<u64>,
        record: &mut ExchangeRecord,
    ) -> Result<(), Failure> {
        record.cache = cache_headers::evidence(head, self.cache_headers);
        self.announced = length;
        // Bytes that can be compared prove that they are the blob's, whatever the header says.
        if response.is_coded() && !self.verifier.knows_bytes() {
            return Err(classify::encoded(response));
        }
        Ok(())
    }

    /// Takes the next bytes of the body.
    ///
    /// # Errors
    /// The first difference from the blob.
    pub(super) fn body(&mut self, response: &mut Response, bytes: &[u8]) -> Result<(), Failure> {
        response.keep_start(bytes);
        match self.wrong_length() {
            // The beginning shows whether it is the blob at all.
            Some((_, announced)) if response.has_start(announced) => self.end(response),
            Some(_) => Ok(()),
            None => self.verifier.feed(bytes).map_err(|mismatch| self.failure(response, mismatch.into())),
        }
    }

    /// Whether the response may end here.
    ///
    /// # Errors
    /// Why it is not the blob.
    pub(super) fn end(&mut self, response: &Response) -> Result<(), Failure> {
        if let Some((expected, announced)) = self.wrong_length() {
            return Err(self.failure(response, classify::wrong_length(expected, announced)));
        }
        if self.compares && self.verifier.expected().is_none() && self.is_page(response) {
            return Err(classify::page(response));
        }
        self.verifier.finish().map_err(|mismatch| self.failure(response, mismatch.into()))
    }

    /// The blob's length and another one that is announced.
    fn wrong_length(&self) -> Option<(u64, u64)> {
        let lengths = self.verifier.expected().zip(self.announced).filter(|_| self.compares);
        lengths.filter(|(expected, announced)| expected != announced)
    }

    /// The failure of a response that differs from the blob by this `finding`.
    fn failure(&self, response: &Response, finding: Failure) -> Failure {
        if response.is_coded() {
            classify::encoded(response)
        } else if self.is_page(response) {
            classify::page(response)
        } else {
            Failure { status: Some(response.status), ..finding }
        }
    }

    /// Whether a page stands in the blob's place. A blob can be a page itself: that is one which has the blob's ID as its
    /// `ETag` or announces the blob's length, and of a known blob, one that begins like it.
    fn is_page(&self, response: &Response) -> bool {
        if !response.is_html() {
            return false;
        }
        let has_the_length = self.announced.is_some() && self.announced == self.verifier.expected();
        let begins_otherwise = match self.verifier.resembles(&response.body) {
            Some(resembles) => !resembles && !response.body.is_empty(),
            None => true,
        };
        !has_the_length && !response.has_etag(self.blob_id) && begins_otherwise
    }
}
