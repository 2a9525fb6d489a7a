//! True names, held against those that others computed.

use super::*;
use crate::quilt::{File, Quilt, Tags};
use bytes::Bytes;
use std::io::Cursor;

fn named(bytes: &[u8], shards: usize) -> String {
    name(&mut Cursor::new(bytes), bytes.len() as u64, shards).unwrap().to_string()
}

fn pattern(length: u64) -> Vec<u8> {
    (0..length).map(|i| u8::try_from((7 * i + 13) % 256).unwrap()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn s4_4_the_code_is_the_one_of_the_network() {
    let rows = [
        (4, 6, 2, "6494", "34d1"),
        (7, 3, 2, "1dda", "8bd5"),
        (334, 666, 2, "d189", "2c59"),
        (667, 333, 2, "9ebd", "6f38"),
        (3, 2, 66, "368443da3d8b4037", "49c206b62689a1df"),
    ];
    for (originals, recoveries, symbol, first, last) in rows {
        let bytes = pattern((originals * symbol) as u64);
        let mut encoder = ReedSolomonEncoder::new(originals, recoveries, symbol).unwrap();
        bytes.chunks_exact(symbol).for_each(|shard| encoder.add_original_shard(shard).unwrap());
        let encoded = encoder.encode().unwrap();
        let all: Vec<_> = encoded.recovery_iter().map(hex).collect();
        assert!(
            all[0].starts_with(first) && all[recoveries - 1].starts_with(last),
            "{originals} {recoveries}"
        );
    }
}

#[test]
fn s4_4_ten_shards() {
    let text = b"walrus blob id v1 regression test";
    assert_eq!(named(text, 10), "RcU82Mwf-CFkv1LaI_2qcpANwpGUuG3TMwnVzZxD2kY");
}

#[test]
fn s4_4_a_thousand_shards() {
    let rows = [
        (0, "3GPQL3HZNnFhN_F7l5Aa-X1VOtAKwIsg9zuWk8R81v4"),
        (1_048_576, "AOGLGy-xkgThw5z9o3as-P9c5YezAywHJRUEQCUu9AY"),
    ];
    for (length, id) in rows {
        assert_eq!(named(&pattern(length), 1000), id, "{length}");
    }
}

#[test]
fn s5_4_quilts() {
    let file = |n: u64| File {
        identifier: format!("f{n}"),
        tags: Tags::new(),
        bytes: (0..100).map(|j| u8::try_from((3 * j + n) % 256).unwrap()).collect(),
    };
    let only = File { identifier: "only".into(), tags: Tags::new(), bytes: Bytes::new() };
    let rows = [
        (vec![only], 445_556, "PrCB-vafGKaTDgSVauk5SehEXZX0gac_HnlLVtqGBa4"),
        ((0..666).map(file).collect(), 3_564_448, "CkQGw0HXyzi0fML7CsWSAujLfVCSJJ13mfNOX4yOP4U"),
    ];
    for (files, size, id) in rows {
        let quilt = Quilt::of(files).unwrap();
        let bytes = quilt.to_bytes();
        assert_eq!(bytes.len(), size);
        assert_eq!(named(&bytes, 1000), id);
        assert_eq!(quilt.index.0[0].start, 1);
        let last = quilt.index.named("f99").or(quilt.index.named("only")).unwrap();
        assert_eq!(usize::from(last.end), quilt.index.0.len() + 1);
    }
}
