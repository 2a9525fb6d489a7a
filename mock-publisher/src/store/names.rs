//! Names on a chain that does not exist: made from the blob and a count, so that the same history gives the same names.

use crate::blob_id::BlobId;

fn hash(id: &BlobId, ordinal: u64, what: &str) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(id.as_bytes()).update(&ordinal.to_le_bytes()).update(what.as_bytes());
    *hasher.finalize().as_bytes()
}

/// The address of an object: `0x` and 64 hex digits.
pub(super) fn object(id: &BlobId, ordinal: u64, what: &str) -> String {
    format!("0x{}", blake3::Hash::from_bytes(hash(id, ordinal, what)).to_hex())
}

/// What an object is wrapped in when it is shared: the same address but for its last bit, so that one leads to the other.
pub(super) fn shared(object: &str) -> String {
    let (head, last) = object.split_at(object.len().saturating_sub(1));
    let digit = u32::from_str_radix(last, 16).unwrap_or(0) ^ 1;
    format!("{head}{digit:x}")
}

/// The digest of the transaction that certified an object: base58 of 32 bytes.
pub(super) fn digest(id: &BlobId, ordinal: u64) -> String {
    base58(&hash(id, ordinal, "transaction"))
}

/// Base58 in the Bitcoin alphabet; a leading zero byte is a leading `1`.
fn base58(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut digits: Vec<u32> = Vec::new();
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += *digit << 8;
            *digit = carry % 58;
            carry /= 58;
        }
        while carry > 0 {
            digits.push(carry % 58);
            carry /= 58;
        }
    }
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let letters = digits.iter().rev().map(|digit| char::from(ALPHABET[*digit as usize % 58]));
    std::iter::repeat_n('1', zeros).chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base58_is_the_usual_one() {
        let rows: [(&[u8], &str); 5] = [
            (b"", ""),
            (b"Hello World!", "2NEpo7TZRRrLZSi2U"),
            (&[0, 0, 0x28, 0x7f, 0xb4, 0xcd], "11233QC4"),
            (&[0; 32], "11111111111111111111111111111111"),
            (&[255; 32], "JEKNVnkbo3jma5nREBBJCDoXFVeKkD56V3xKrvRmWxFG"),
        ];
        for (bytes, text) in rows {
            assert_eq!(base58(bytes), text);
        }
    }

    #[test]
    fn names_repeat_for_the_same_history_and_differ_otherwise() {
        let id = BlobId::ZERO;
        assert_eq!(object(&id, 0, "object"), object(&id, 0, "object"));
        assert_ne!(object(&id, 0, "object"), object(&id, 1, "object"));
        assert_ne!(object(&id, 0, "object"), object(&id, 0, "storage"));
        assert_eq!(object(&id, 0, "object").len(), 66);
        let name = object(&id, 0, "object");
        assert!(shared(&name) != name && shared(&shared(&name)) == name);
        assert_eq!(digest(&id, 0), "5DfzQW67sgYFZ3x7vLeQbfQ3AoEepw1CyeLZLPCAHdPx");
    }
}
