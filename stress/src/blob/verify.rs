//! Compares what arrives with what was uploaded, chunk by chunk, without making the blob a second time.

use super::{
    BlobSpec,
    first_reads::ByFirstRead,
    pool::{self, KEY, Keys, PAGE, Pool},
};
use crate::{
    plan::Verify,
    sample::{Failure, FailureClass},
};

/// A judge of one download.
#[derive(Debug)]
pub struct Verifier<'a> {
    mode: Verify,
    judge: Judge<'a>,
}

/// What a download is held against.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "the large one is the usual one: it shall cost no allocation")]
pub(super) enum Judge<'a> {
    /// Bytes that can be made again.
    BySpec(BySpec),
    /// The first read of the same blob.
    ByFirstRead(ByFirstRead<'a>),
}

/// A judge by bytes that can be made again.
#[derive(Debug)]
pub(super) struct BySpec {
    size: u64,
    tail_start: u64,
    received: u64,
    pool: &'static Pool,
    keys: Keys,
    key: [u8; KEY],
}

/// How a download differs from what was uploaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mismatch {
    /// It ended early.
    Truncated {
        /// The blob's size in bytes.
        expected: u64,
        /// What arrived, in bytes.
        received: u64,
    },
    /// It went on behind the blob's end.
    TooLong {
        /// The blob's size in bytes.
        expected: u64,
    },
    /// A byte was not what was uploaded.
    Corrupt {
        /// The first wrong byte's position, from 0.
        at: u64,
    },
    /// The bytes are not those of the blob's first read in this run.
    Differs,
}

impl Mismatch {
    /// Two sizes in bytes that should be one.
    pub(super) fn of_sizes(expected: u64, received: u64) -> Self {
        if received < expected {
            Mismatch::Truncated { expected, received }
        } else {
            Mismatch::TooLong { expected }
        }
    }
}

impl<'a> Verifier<'a> {
    pub(super) fn new(judge: Judge<'a>, mode: Verify) -> Self {
        Self { mode, judge }
    }

    /// The blob's size in bytes, where that is known.
    pub fn expected(&self) -> Option<u64> {
        match &self.judge {
            Judge::BySpec(spec) => Some(spec.size),
            Judge::ByFirstRead(first) => first.expected(),
        }
    }

    /// Judges the next bytes.
    ///
    /// # Errors
    /// The first difference; further calls are then meaningless.
    pub fn feed(&mut self, chunk: &[u8]) -> Result<(), Mismatch> {
        match (self.mode, &mut self.judge) {
            (Verify::Off, _) => Ok(()),
            (Verify::Full, Judge::BySpec(spec)) => spec.within_size(chunk).and_then(|()| spec.compare(chunk)),
            (Verify::Size, Judge::BySpec(spec)) => spec.within_size(chunk).map(|()| spec.count(chunk)),
            (_, Judge::ByFirstRead(first)) => first.feed(chunk),
        }
    }

    /// Judges the end of the download.
    ///
    /// # Errors
    /// [`Mismatch::Truncated`] when bytes are missing; what could only be seen in the whole.
    pub fn finish(&mut self) -> Result<(), Mismatch> {
        match (self.mode, &mut self.judge) {
            (Verify::Off, _) => Ok(()),
            (_, Judge::BySpec(spec)) => spec.finish(),
            (_, Judge::ByFirstRead(first)) => first.finish(),
        }
    }
}

impl BySpec {
    pub(super) fn new(spec: BlobSpec) -> Self {
        Self {
            size: spec.size,
            tail_start: spec.tail_start(),
            received: 0,
            pool: Pool::of(spec.content),
            keys: Keys::new(spec.seed, spec.index),
            key: [0; KEY],
        }
    }

    fn within_size(&self, chunk: &[u8]) -> Result<(), Mismatch> {
        let fits = chunk.len() as u64 <= self.size - self.received;
        if fits { Ok(()) } else { Err(Mismatch::TooLong { expected: self.size }) }
    }

    fn count(&mut self, chunk: &[u8]) {
        self.received += chunk.len() as u64;
    }

    fn finish(&self) -> Result<(), Mismatch> {
        if self.received < self.size {
            return Err(Mismatch::Truncated { expected: self.size, received: self.received });
        }
        Ok(())
    }

    fn compare(&mut self, mut chunk: &[u8]) -> Result<(), Mismatch> {
        while !chunk.is_empty() {
            let offset = offset_in_page(self.received);
            if offset == 0 {
                self.key = self.keys.next_key();
            }
            let until_tail = self.tail_start.saturating_sub(self.received);
            let (now, later) = if until_tail == 0 {
                let (now, later) = chunk.split_at(chunk.len().min(PAGE - offset));
                self.same_tail(now, offset).map(|()| (now, later))
            } else {
                let length = chunk.len().min(PAGE - offset);
                let length = usize::try_from(until_tail).map_or(length, |until| until.min(length));
                let (now, later) = chunk.split_at(length);
                self.same(now, offset).map(|()| (now, later))
            }?;
            self.received += now.len() as u64;
            chunk = later;
        }
        Ok(())
    }

    /// Compares bytes that lie within one page, from `offset` on.
    fn same(&self, bytes: &[u8], offset: usize) -> Result<(), Mismatch> {
        match self.pool.first_difference(bytes, offset, &self.key) {
            None => Ok(()),
            Some(at) => Err(Mismatch::Corrupt { at: self.received + at as u64 }),
        }
    }

    /// Compares bytes of a text's last, incomplete cell.
    fn same_tail(&self, bytes: &[u8], offset: usize) -> Result<(), Mismatch> {
        for (at, byte) in bytes.iter().enumerate() {
            let position = offset + at;
            let raw = self.pool.bytes[position] ^ (self.key[position % KEY] & self.pool.mask[position]);
            if *byte != pool::ascii(raw) {
                return Err(Mismatch::Corrupt { at: self.received + at as u64 });
            }
        }
        Ok(())
    }
}

fn offset_in_page(position: u64) -> usize {
    usize::try_from(position % PAGE as u64).expect("less than a page")
}

impl From<Mismatch> for Failure {
    fn from(mismatch: Mismatch) -> Failure {
        match mismatch {
            Mismatch::Truncated { expected, received } => Failure::new(
                FailureClass::Truncated,
                format!("the download ended after {received} of {expected} bytes"),
            ),
            Mismatch::TooLong { expected } => Failure::new(
                FailureClass::TooLong,
                format!("the download went on behind the blob's {expected} bytes"),
            ),
            Mismatch::Corrupt { at } => {
                Failure::new(FailureClass::Corrupt, format!("byte {at} is not what was uploaded"))
            }
            Mismatch::Differs => {
                let message = "the bytes are not those of this blob's first download in this run";
                Failure::new(FailureClass::Corrupt, message)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::plan::sizes::Content;

    fn judge(spec: BlobSpec, mode: Verify, bytes: &[u8], cut: usize) -> Result<(), Mismatch> {
        let mut verifier = spec.verifier(mode);
        for chunk in bytes.chunks(cut) {
            verifier.feed(chunk)?;
        }
        verifier.finish()
    }

    fn bytes(spec: BlobSpec) -> Vec<u8> {
        let mut source = spec.source();
        std::iter::from_fn(|| source.next_chunk()).flatten().collect()
    }

    fn specs() -> impl Strategy<Value = BlobSpec> {
        let content = prop_oneof![Just(Content::Binary), Just(Content::Text)];
        (any::<u64>(), any::<u64>(), 1_u64..200_000, content)
            .prop_map(|(seed, index, size, content)| BlobSpec { seed, index, size, content })
    }

    proptest! {
        #[test]
        fn what_was_uploaded_passes_however_it_is_cut(spec in specs(), cut in 1_usize..100_000) {
            prop_assert_eq!(judge(spec, Verify::Full, &bytes(spec), cut), Ok(()));
        }

        #[test]
        fn one_changed_bit_is_found_where_it_is(
            spec in specs(), cut in 1_usize..100_000, at: prop::sample::Index, bit in 0_u8..8,
        ) {
            let mut blob = bytes(spec);
            let at = at.index(blob.len());
            blob[at] ^= 1 << bit;
            prop_assert_eq!(judge(spec, Verify::Full, &blob, cut), Err(Mismatch::Corrupt { at: at as u64 }));
            prop_assert_eq!(judge(spec, Verify::Size, &blob, cut), Ok(()));
        }

        #[test]
        fn missing_and_surplus_bytes_are_found(spec in specs(), cut in 1_usize..100_000, at: prop::sample::Index) {
            let mut blob = bytes(spec);
            let received = at.index(blob.len());
            let truncated = Err(Mismatch::Truncated { expected: spec.size, received: received as u64 });
            prop_assert_eq!(judge(spec, Verify::Full, &blob[..received], cut), truncated);
            prop_assert_eq!(judge(spec, Verify::Size, &blob[..received], cut), truncated);
            blob.push(0);
            let too_long = Err(Mismatch::TooLong { expected: spec.size });
            prop_assert_eq!(judge(spec, Verify::Full, &blob, cut), too_long);
            prop_assert_eq!(judge(spec, Verify::Size, &blob, cut), too_long);
            prop_assert_eq!(judge(spec, Verify::Off, &blob, cut), Ok(()));
        }
    }

    #[test]
    fn another_blob_of_the_same_size_does_not_pass() {
        let spec = BlobSpec { seed: 1, index: 1, size: 1000, content: Content::Binary };
        let other = bytes(BlobSpec { index: 2, ..spec });
        assert!(matches!(judge(spec, Verify::Full, &other, 1000), Err(Mismatch::Corrupt { at: 0..5 })));
    }
}
