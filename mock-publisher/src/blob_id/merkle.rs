//! Merkle trees over 32-byte BLAKE2b hashes; the hashes of one level are computed many at a time.

use blake2b_simd::Params;
use blake2b_simd::many::{HashManyJob, hash_many};

/// 32 bytes of BLAKE2b.
pub(super) type Hash = [u8; 32];

/// The first byte of what is hashed to a leaf.
pub(super) const LEAF: u8 = 0;
/// The first byte of what is hashed to an inner node.
const INNER: u8 = 1;

fn params() -> Params {
    let mut params = Params::new();
    params.hash_length(32);
    params
}

/// The hash of some bytes.
pub(super) fn hash(bytes: &[u8]) -> Hash {
    first_32(&params().hash(bytes))
}

/// The hashes of messages of one length that lie one after another.
pub(super) fn hashes(messages: &[u8], length: usize) -> Vec<Hash> {
    let params = params();
    let mut jobs: Vec<_> =
        messages.chunks_exact(length).map(|message| HashManyJob::new(&params, message)).collect();
    hash_many(jobs.iter_mut());
    jobs.iter().map(|job| first_32(&job.to_hash())).collect()
}

fn first_32(hash: &blake2b_simd::Hash) -> Hash {
    hash.as_bytes().first_chunk().copied().unwrap_or([0; 32])
}

/// The root over leaves that are hashes already. A node without a sibling is paired with zeros.
pub(super) fn root(leaves: &[Hash]) -> Hash {
    let mut nodes = leaves.to_vec();
    while nodes.len() > 1 {
        if !nodes.len().is_multiple_of(2) {
            nodes.push([0; 32]);
        }
        let mut messages = Vec::with_capacity(nodes.len() / 2 * 65);
        for pair in nodes.as_flattened().chunks_exact(64) {
            messages.push(INNER);
            messages.extend_from_slice(pair);
        }
        nodes = hashes(&messages, 65);
    }
    nodes.first().copied().unwrap_or([0; 32])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_without_a_sibling_is_paired_with_zeros() {
        let (a, b, c) = ([1; 32], [2; 32], [3; 32]);
        let join = |l: Hash, r: Hash| hash(&[&[INNER], &l[..], &r[..]].concat());
        assert_eq!(root(&[a]), a);
        assert_eq!(root(&[a, b]), join(a, b));
        assert_eq!(root(&[a, b, c]), join(join(a, b), join(c, [0; 32])));
    }
}
