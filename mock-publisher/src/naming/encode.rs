//! The true name of a blob: encoded for every shard of the network, hashed symbol by symbol, joined in trees.

use super::shape::{Rows, Shape};
use super::tree::{Hash, LEAF, hash, hashes, root};
use crate::blob_id::BlobId;
use reed_solomon_simd::ReedSolomonEncoder;
use std::io::{self, Read, Seek, Write};
use tempfile::SpooledTempFile;

/// Bytes of recovery symbols held in memory; more go to a file.
const HOLD: usize = 32 << 20;
/// The number of the one encoding there is.
const RS2: u8 = 1;

/// The name of a blob of so many bytes on a network of so many shards. Takes about a second for 1,000 shards however
/// small the blob, and about 32 MiB, 64 KiB for every row, and a row.
pub(super) fn name<F: Read + Seek>(file: &mut F, size: u64, shards: usize) -> io::Result<BlobId> {
    let shape = Shape::of(size, shards)?;
    let mut rows = Rows { file, length: size, stride: shape.columns * shape.symbol };
    let recovery = shape.columns..shape.shards;
    let mut extended = extend(shape, &mut rows)?;
    let length = (shape.rows * recovery.len() * shape.symbol) as u64;
    let mut more = Rows { file: &mut extended, length, stride: recovery.len() * shape.symbol };
    let mut all = Columns::new(shape)?;
    all.take(&mut rows, shape.columns)?;
    all.take(&mut more, recovery.len())?;
    Ok(all.name(size))
}

/// The recovery symbols of every row.
fn extend<F: Read + Seek>(shape: Shape, rows: &mut Rows<'_, F>) -> io::Result<SpooledTempFile> {
    let mut extended = SpooledTempFile::new(HOLD);
    let recovery = shape.shards - shape.columns;
    let mut encoder =
        ReedSolomonEncoder::new(shape.columns, recovery, shape.symbol).map_err(io::Error::other)?;
    for row in 0..shape.rows {
        let bytes = rows.read(row, 0..rows.stride)?;
        for symbol in bytes.chunks_exact(shape.symbol) {
            encoder.add_original_shard(symbol).map_err(io::Error::other)?;
        }
        let encoded = encoder.encode().map_err(io::Error::other)?;
        for symbol in encoded.recovery_iter() {
            extended.write_all(symbol)?;
        }
    }
    Ok(extended)
}

/// Columns encoded and hashed one after another.
struct Columns {
    shape: Shape,
    encoder: ReedSolomonEncoder,
    /// The hash of every symbol, row by row.
    leaves: Vec<Hash>,
    roots: Vec<Hash>,
}

impl Columns {
    fn new(shape: Shape) -> io::Result<Self> {
        let encoder = ReedSolomonEncoder::new(shape.rows, shape.shards - shape.rows, shape.symbol);
        let leaves = vec![[0; 32]; shape.shards * shape.shards];
        Ok(Self { shape, encoder: encoder.map_err(io::Error::other)?, leaves, roots: Vec::new() })
    }

    /// Takes the next columns from rows that have so many.
    fn take<F: Read + Seek>(&mut self, rows: &mut Rows<'_, F>, columns: usize) -> io::Result<()> {
        let (shape, symbol) = (self.shape, self.shape.symbol);
        for stretch in shape.stretches(columns) {
            let bytes = stretch.start * symbol..stretch.end * symbol;
            let block: Vec<_> =
                (0..shape.rows).map(|row| rows.read(row, bytes.clone())).collect::<io::Result<_>>()?;
            for column in 0..stretch.len() {
                let place = column * symbol..(column + 1) * symbol;
                let symbols: Vec<&[u8]> = block.iter().map(|row| &row[place.clone()]).collect();
                self.column(&symbols)?;
            }
        }
        Ok(())
    }

    /// Encodes and hashes one column.
    fn column(&mut self, symbols: &[&[u8]]) -> io::Result<()> {
        for symbol in symbols {
            self.encoder.add_original_shard(symbol).map_err(io::Error::other)?;
        }
        let encoded = self.encoder.encode().map_err(io::Error::other)?;
        let mut messages = Vec::with_capacity(self.shape.shards * (self.shape.symbol + 1));
        for symbol in symbols.iter().copied().chain(encoded.recovery_iter()) {
            messages.push(LEAF);
            messages.extend_from_slice(symbol);
        }
        let leaves = hashes(&messages, self.shape.symbol + 1);
        let (shards, column) = (self.shape.shards, self.roots.len());
        for (row, leaf) in leaves.iter().enumerate() {
            self.leaves[row * shards + column] = *leaf;
        }
        self.roots.push(root(&leaves));
        Ok(())
    }

    /// The name, once all columns were taken. Row `i` goes with the column that is as far from the end.
    fn name(&self, size: u64) -> BlobId {
        let primary = self.leaves.chunks_exact(self.shape.shards).map(root);
        let pairs: Vec<Hash> = primary
            .zip(self.roots.iter().rev())
            .map(|(row, column)| hash(&[&[LEAF], &row[..], &column[..]].concat()))
            .collect();
        let root = root(&pairs);
        BlobId::from_bytes(hash(&[&[RS2], size.to_le_bytes().as_slice(), &root[..]].concat()))
    }
}

#[cfg(test)]
#[path = "encode_tests.rs"]
mod tests;
