//! Object IDs and transaction digests of a chain that does not exist: hashes of the blob and a count, so that the same
//! history gives the same ones.

use crate::blob_id::BlobId;

fn hash(id: &BlobId, ordinal: u64, purpose: &str) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(id.as_bytes()).update(&ordinal.to_le_bytes()).update(purpose.as_bytes());
    *hasher.finalize().as_bytes()
}

/// An object ID: `0x` and 64 hex digits.
pub(super) fn object(id: &BlobId, ordinal: u64, purpose: &str) -> String {
    format!("0x{}", blake3::Hash::from_bytes(hash(id, ordinal, purpose)).to_hex())
}

/// The ID of the shared object around an object: the same but for its last bit, so that each can be computed from the
/// other.
pub(super) fn shared(object: &str) -> String {
    let (head, last) = object.split_at(object.len().saturating_sub(1));
    let digit = u32::from_str_radix(last, 16).unwrap_or(0) ^ 1;
    format!("{head}{digit:x}")
}

/// The digest of the transaction that certified an object: base58 of 32 bytes.
pub(super) fn tx_digest(id: &BlobId, ordinal: u64) -> String {
    bs58::encode(hash(id, ordinal, "transaction")).into_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_repeat_for_the_same_history_and_differ_otherwise() {
        let id = BlobId::ZERO;
        assert_eq!(object(&id, 0, "object"), object(&id, 0, "object"));
        assert_ne!(object(&id, 0, "object"), object(&id, 1, "object"));
        assert_ne!(object(&id, 0, "object"), object(&id, 0, "storage"));
        assert_eq!(object(&id, 0, "object").len(), 66);
        let object = object(&id, 0, "object");
        assert!(shared(&object) != object && shared(&shared(&object)) == object);
        assert_eq!(tx_digest(&id, 0), "5DfzQW67sgYFZ3x7vLeQbfQ3AoEepw1CyeLZLPCAHdPx");
    }
}
