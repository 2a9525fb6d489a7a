//! Blob IDs compared with those that other implementations computed.

use super::*;
use crate::quilt::{Quilt, QuiltFile, Tags};
use bytes::Bytes;
use std::io::Cursor;

fn id_of(bytes: &[u8], shards: u64) -> String {
    blob_id(&mut Cursor::new(bytes), bytes.len() as u64, shards).unwrap().to_string()
}

fn pattern(length: u64) -> Vec<u8> {
    (0..length).map(|i| u8::try_from((7 * i + 13) % 256).unwrap()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_erasure_code_is_that_of_the_network() {
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
fn an_id_for_ten_shards() {
    let text = b"walrus blob id v1 regression test";
    assert_eq!(id_of(text, 10), "RcU82Mwf-CFkv1LaI_2qcpANwpGUuG3TMwnVzZxD2kY");
}

/// Rows extended, columns extended, leaves, roots.
#[test]
fn every_step_to_an_id_for_ten_shards() {
    let (rows, columns, symbol) = (4, 7, 2);
    let mut bytes = b"walrus blob id v1 regression test".to_vec();
    bytes.resize(rows * columns * symbol, 0);
    let extend = |symbols: Vec<Vec<u8>>| {
        let mut encoder = ReedSolomonEncoder::new(symbols.len(), 10 - symbols.len(), symbol).unwrap();
        symbols.iter().for_each(|shard| encoder.add_original_shard(shard).unwrap());
        let encoded = encoder.encode().unwrap();
        let more: Vec<Vec<u8>> = encoded.recovery_iter().map(<[u8]>::to_vec).collect();
        [symbols, more].concat()
    };
    let split = |row: &[u8]| row.chunks_exact(symbol).map(<[u8]>::to_vec).collect::<Vec<_>>();
    let extended: Vec<_> = bytes.chunks_exact(columns * symbol).map(|row| extend(split(row))).collect();
    let all: Vec<_> =
        (0..10).map(|column| extend(extended.iter().map(|row| row[column].clone()).collect())).collect();
    let row = |n: usize| all.iter().map(|column| column[n].clone()).collect::<Vec<_>>();
    assert_eq!(hex(&row(0).concat()), "77616c72757320626c6f6220696405f61a1ec2f8");
    assert_eq!(hex(&row(9).concat()), "f5922d0de94cd01282141b50fbb80f23874d9d6d");
    let leaf = |symbol: &Vec<u8>| hash(&[&[LEAF], symbol.as_slice()].concat());
    let root_of = |symbols: &[Vec<u8>]| root(&symbols.iter().map(leaf).collect::<Vec<_>>());
    assert_eq!(hex(&leaf(&row(0)[0])), "1a559a5ef65211237a89e0cd450b126be075e5394611716f790658352d211c29");
    assert_eq!(hex(&root_of(&row(0))), "e72fef473a7821fd33d556b2c2cee51481e6198fbccc8904232ae517c25b507f");
    assert_eq!(hex(&root_of(&all[9])), "3e97b1aacf9199e3d46a777da0c6026de6aede8aeb509e53a5df0b01a5beacd2");
    let pair = |n: usize| hash(&[&[LEAF], &root_of(&row(n))[..], &root_of(&all[9 - n])[..]].concat());
    let tree = root(&(0..10).map(pair).collect::<Vec<_>>());
    assert_eq!(hex(&tree), "dc3457c94140737f55ccfba619f79c96928f3845da745142c7c8e23396eedf88");
}

/// A second of computing for each, so one for each way through the code: no bytes at all, one whose value is that of the
/// padding, symbols of 2 bytes, of 4, and of more than the 64 that the erasure code takes at once, and a matrix that does
/// not fit into memory. Which size has which symbols is a test of `encoding`.
#[test]
fn ids_for_a_thousand_shards() {
    let rows: [(Vec<u8>, &str); 6] = [
        (pattern(0), "3GPQL3HZNnFhN_F7l5Aa-X1VOtAKwIsg9zuWk8R81v4"),
        (vec![0], "ikLkoKbOGH6P7kZyA78_GOJnoOjkbI1lOYH5I77Qi7Y"),
        (b"some other string".to_vec(), "M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_4BUk"),
        (pattern(445_557), "rSo-y_RhNzySiHKeOLUIN-vyO4km_wCA3JUOGw4CTdU"),
        (pattern(15_728_640), "0vP2a2xq456fxPG7uzGzKP-GYZ5lRdZR4twuH8iNOto"),
        (pattern(104_857_600), "t4iy9baTVGtcFmZ39zhhplVifE_5MuwjuHs0_8lPzvk"),
    ];
    let spilled = Matrix::for_blob(104_857_600, 1000).unwrap();
    assert!(spilled.rows * (1000 - spilled.columns) * spilled.symbol > MAX_IN_MEMORY);
    for (bytes, id) in rows {
        assert_eq!(id_of(&bytes, 1000), id, "{} bytes", bytes.len());
    }
}

#[test]
fn ids_of_quilts() {
    let file = |n: u64| QuiltFile {
        identifier: format!("f{n}"),
        tags: Tags::new(),
        bytes: (0..100).map(|j| u8::try_from((3 * j + n) % 256).unwrap()).collect(),
    };
    let only = QuiltFile { identifier: "only".into(), tags: Tags::new(), bytes: Bytes::new() };
    let rows = [
        (vec![only], 445_556, "PrCB-vafGKaTDgSVauk5SehEXZX0gac_HnlLVtqGBa4"),
        ((0..666).map(file).collect(), 3_564_448, "CkQGw0HXyzi0fML7CsWSAujLfVCSJJ13mfNOX4yOP4U"),
    ];
    for (files, size, id) in rows {
        let quilt = Quilt::of(files).unwrap();
        let bytes = quilt.to_bytes();
        assert_eq!(bytes.len(), size);
        assert_eq!(id_of(&bytes, 1000), id);
        assert_eq!(quilt.index.0[0].start, 1);
        let last = quilt.index.named("f99").or(quilt.index.named("only")).unwrap();
        assert_eq!(usize::from(last.end), quilt.index.0.len() + 1);
    }
}
