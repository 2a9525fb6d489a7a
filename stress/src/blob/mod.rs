//! The bytes of blobs: generated from a spec while they are sent, verified while they are received; no blob is ever held whole.

mod first_reads;
mod mismatch;
mod pool;
mod source;
mod spec_verifier;

use crate::plan::Verify;
use first_reads::FirstReadVerifier;
pub use first_reads::{FirstReadReference, FirstReads};
pub use mismatch::Mismatch;
pub use source::{BlobSpec, Source};
use spec_verifier::SpecVerifier;

/// What the downloads of a blob are compared with.
#[derive(Debug, Clone)]
pub enum Expect {
    /// Bytes that can be generated again.
    Spec(BlobSpec),
    /// The first read of the same blob.
    FirstRead(FirstReadReference),
}

impl Expect {
    /// A verifier of one download of this blob.
    pub fn verifier(&self, mode: Verify) -> Verifier<'_> {
        match self {
            Expect::Spec(spec) => spec.verifier(mode),
            Expect::FirstRead(first) => {
                Verifier { mode, reference: Reference::FirstRead(first.verifier(mode)) }
            }
        }
    }

    /// The blob's size in bytes, where it is known before the first read.
    pub fn size(&self) -> Option<u64> {
        match self {
            Expect::Spec(spec) => Some(spec.size),
            Expect::FirstRead(first) => first.size(),
        }
    }
}

impl BlobSpec {
    /// A verifier of one download of this blob.
    pub fn verifier(self, mode: Verify) -> Verifier<'static> {
        Verifier { mode, reference: Reference::Spec(SpecVerifier::new(self)) }
    }
}

/// Verifies one download while it arrives.
#[derive(Debug)]
pub struct Verifier<'a> {
    mode: Verify,
    reference: Reference<'a>,
}

#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "the large one is the usual one, which shall cost no allocation"
)]
enum Reference<'a> {
    Spec(SpecVerifier),
    FirstRead(FirstReadVerifier<'a>),
}

impl Verifier<'_> {
    /// The blob's size in bytes, where it is known.
    pub fn expected(&self) -> Option<u64> {
        match &self.reference {
            Reference::Spec(spec) => Some(spec.spec.size),
            Reference::FirstRead(first) => first.expected(),
        }
    }

    /// Whether each byte is compared with the one that was uploaded.
    pub fn knows_bytes(&self) -> bool {
        matches!((self.mode, &self.reference), (Verify::Full, Reference::Spec(_)))
    }

    /// Whether most of `start` are the bytes with which the blob begins; `None` where those are not known.
    pub fn resembles(&self, start: &[u8]) -> Option<bool> {
        match &self.reference {
            Reference::Spec(spec) => Some(spec.resembles(start)),
            Reference::FirstRead(_) => None,
        }
    }

    /// Verifies the next bytes.
    ///
    /// # Errors
    /// The first difference; further calls are then meaningless.
    pub fn feed(&mut self, chunk: &[u8]) -> Result<(), Mismatch> {
        match (self.mode, &mut self.reference) {
            (Verify::Off, _) => Ok(()),
            (mode, Reference::Spec(spec)) => spec.feed(chunk, mode == Verify::Full),
            (_, Reference::FirstRead(first)) => first.feed(chunk),
        }
    }

    /// Verifies that the download may end here.
    ///
    /// # Errors
    /// [`Mismatch::Truncated`] when bytes are missing, or a difference that only shows in the whole.
    pub fn finish(&mut self) -> Result<(), Mismatch> {
        match (self.mode, &mut self.reference) {
            (Verify::Off, _) => Ok(()),
            (_, Reference::Spec(spec)) => spec.finish(),
            (_, Reference::FirstRead(first)) => first.finish(),
        }
    }
}
