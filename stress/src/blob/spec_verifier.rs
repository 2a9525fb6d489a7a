//! Verifies a download against the bytes of its spec, chunk by chunk, without generating the blob a second time.

use super::{
    mismatch::Mismatch,
    pool::{self, KEY, Keys, PAGE, Pool},
    source::BlobSpec,
};

/// Verifies a download against the bytes of its spec.
#[derive(Debug)]
pub(super) struct SpecVerifier {
    pub(super) spec: BlobSpec,
    tail_start: u64,
    received: u64,
    pool: &'static Pool,
    keys: Keys,
    key: [u8; KEY],
}

impl SpecVerifier {
    pub(super) fn new(spec: BlobSpec) -> Self {
        Self {
            spec,
            tail_start: spec.tail_start(),
            received: 0,
            pool: Pool::of(spec.content),
            keys: Keys::new(spec.seed, spec.index),
            key: [0; KEY],
        }
    }

    /// Checks that the next bytes do not exceed the blob's size and, if `full`, that they are the expected ones.
    pub(super) fn feed(&mut self, chunk: &[u8], full: bool) -> Result<(), Mismatch> {
        if chunk.len() as u64 > self.spec.size - self.received {
            return Err(Mismatch::TooLong { expected: self.spec.size });
        }
        if full {
            return self.compare(chunk);
        }
        self.received += chunk.len() as u64;
        Ok(())
    }

    pub(super) fn finish(&self) -> Result<(), Mismatch> {
        if self.received < self.spec.size {
            return Err(Mismatch::Truncated { expected: self.spec.size, received: self.received });
        }
        Ok(())
    }

    pub(super) fn resembles(&self, start: &[u8]) -> bool {
        let blob = self.spec.source().next_chunk().unwrap_or_default();
        let compared = start.len().min(blob.len());
        let same = start.iter().zip(&*blob).filter(|(one, other)| one == other).count();
        2 * same > compared
    }

    fn compare(&mut self, mut chunk: &[u8]) -> Result<(), Mismatch> {
        while !chunk.is_empty() {
            let offset = offset_in_page(self.received);
            if offset == 0 {
                self.key = self.keys.next_key();
            }
            let until_tail = self.tail_start.saturating_sub(self.received);
            let until_tail = usize::try_from(until_tail).unwrap_or(usize::MAX);
            let until = if until_tail == 0 { usize::MAX } else { until_tail };
            let (now, later) = chunk.split_at(chunk.len().min(PAGE - offset).min(until));
            if until_tail == 0 {
                self.compare_tail(now, offset)?
            } else {
                self.compare_in_page(now, offset)?
            }
            self.received += now.len() as u64;
            chunk = later;
        }
        Ok(())
    }

    /// Compares bytes that lie within one page, from `offset` on.
    fn compare_in_page(&self, bytes: &[u8], offset: usize) -> Result<(), Mismatch> {
        match self.pool.first_difference(bytes, offset, &self.key) {
            None => Ok(()),
            Some(at) => Err(Mismatch::Corrupt { at: self.received + at as u64 }),
        }
    }

    /// Compares bytes of a text's last, incomplete cell.
    fn compare_tail(&self, bytes: &[u8], offset: usize) -> Result<(), Mismatch> {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::plan::{Verify, sizes::Content};

    fn verify(spec: BlobSpec, mode: Verify, bytes: &[u8], cut: usize) -> Result<(), Mismatch> {
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
        fn the_uploaded_bytes_pass_however_they_are_cut(spec in specs(), cut in 1_usize..100_000) {
            prop_assert_eq!(verify(spec, Verify::Full, &bytes(spec), cut), Ok(()));
        }

        #[test]
        fn a_changed_bit_is_found_at_its_position(
            spec in specs(), cut in 1_usize..100_000, at: prop::sample::Index, bit in 0_u8..8,
        ) {
            let mut blob = bytes(spec);
            let at = at.index(blob.len());
            blob[at] ^= 1 << bit;
            prop_assert_eq!(verify(spec, Verify::Full, &blob, cut), Err(Mismatch::Corrupt { at: at as u64 }));
            prop_assert_eq!(verify(spec, Verify::Size, &blob, cut), Ok(()));
        }

        #[test]
        fn missing_and_surplus_bytes_are_found(spec in specs(), cut in 1_usize..100_000, at: prop::sample::Index) {
            let mut blob = bytes(spec);
            let received = at.index(blob.len());
            let truncated = Err(Mismatch::Truncated { expected: spec.size, received: received as u64 });
            prop_assert_eq!(verify(spec, Verify::Full, &blob[..received], cut), truncated);
            prop_assert_eq!(verify(spec, Verify::Size, &blob[..received], cut), truncated);
            blob.push(0);
            let too_long = Err(Mismatch::TooLong { expected: spec.size });
            prop_assert_eq!(verify(spec, Verify::Full, &blob, cut), too_long);
            prop_assert_eq!(verify(spec, Verify::Size, &blob, cut), too_long);
            prop_assert_eq!(verify(spec, Verify::Off, &blob, cut), Ok(()));
        }
    }

    #[test]
    fn a_spoiled_blob_resembles_the_blob_and_a_page_does_not() {
        for content in [Content::Binary, Content::Text] {
            let spec = BlobSpec { seed: 1, index: 1, size: 1000, content };
            let verifier = SpecVerifier::new(spec);
            let mut spoiled = bytes(spec);
            for at in [0, 1, 2, 500] {
                spoiled[at] ^= 1;
            }
            assert!(verifier.resembles(&spoiled) && verifier.resembles(&spoiled[..10]));
            assert!(verifier.resembles(&[&spoiled[..], b"and more"].concat()));
            let page = "<!doctype html><title>Sign in</title>".repeat(40);
            assert!(!verifier.resembles(page.as_bytes()) && !verifier.resembles(&page.as_bytes()[..30]));
            assert!(!verifier.resembles(b""));
        }
    }

    #[test]
    fn another_blob_of_the_same_size_does_not_pass() {
        let spec = BlobSpec { seed: 1, index: 1, size: 1000, content: Content::Binary };
        let other = bytes(BlobSpec { index: 2, ..spec });
        assert!(matches!(verify(spec, Verify::Full, &other, 1000), Err(Mismatch::Corrupt { at: 0..5 })));
    }
}
