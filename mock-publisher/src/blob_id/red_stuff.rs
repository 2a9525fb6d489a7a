//! The network's blob ID: the blob encoded with Red Stuff for every shard, its symbols hashed into Merkle trees.

use super::BlobId;
use super::matrix::{Matrix, SymbolRows};
use super::merkle::{Hash, LEAF, hash, hashes, root};
use reed_solomon_simd::ReedSolomonEncoder;
use std::io::{self, Read, Seek, Write};
use tempfile::SpooledTempFile;

/// Bytes of recovery symbols held in memory; more go to a temporary file.
const MAX_IN_MEMORY: usize = 32 << 20;
/// The number of the encoding, as it is hashed into the ID.
const RS2: u8 = 1;

/// The ID of a blob of `size` bytes on a network of this many shards. Takes about a second for 1,000 shards even for an
/// empty blob, and 32 MiB of memory, 64 KiB more for every row, and a row.
pub(super) fn blob_id<F: Read + Seek>(file: &mut F, size: u64, shards: u64) -> io::Result<BlobId> {
    let matrix = Matrix::for_blob(size, shards)?;
    let mut rows = SymbolRows { file, length: size, stride: matrix.columns * matrix.symbol };
    let recovery = matrix.shards - matrix.columns;
    let mut extended = recovery_columns(matrix, &mut rows)?;
    let length = (matrix.rows * recovery * matrix.symbol) as u64;
    let mut recovery_rows = SymbolRows { file: &mut extended, length, stride: recovery * matrix.symbol };
    let mut columns = ColumnHasher::new(matrix)?;
    columns.add(&mut rows, matrix.columns)?;
    columns.add(&mut recovery_rows, recovery)?;
    Ok(columns.blob_id(size))
}

/// The recovery symbols of every row.
fn recovery_columns<F: Read + Seek>(
    matrix: Matrix,
    rows: &mut SymbolRows<'_, F>,
) -> io::Result<SpooledTempFile> {
    let mut extended = SpooledTempFile::new(MAX_IN_MEMORY);
    let recovery = matrix.shards - matrix.columns;
    let mut encoder =
        ReedSolomonEncoder::new(matrix.columns, recovery, matrix.symbol).map_err(io::Error::other)?;
    for row in 0..matrix.rows {
        let bytes = rows.read(row, 0..rows.stride)?;
        for symbol in bytes.chunks_exact(matrix.symbol) {
            encoder.add_original_shard(symbol).map_err(io::Error::other)?;
        }
        let encoded = encoder.encode().map_err(io::Error::other)?;
        for symbol in encoded.recovery_iter() {
            extended.write_all(symbol)?;
        }
    }
    Ok(extended)
}

/// Encodes and hashes one column after another.
struct ColumnHasher {
    matrix: Matrix,
    encoder: ReedSolomonEncoder,
    /// The hash of every symbol, row by row.
    leaves: Vec<Hash>,
    /// The root of every column so far.
    roots: Vec<Hash>,
}

impl ColumnHasher {
    fn new(matrix: Matrix) -> io::Result<Self> {
        let encoder = ReedSolomonEncoder::new(matrix.rows, matrix.shards - matrix.rows, matrix.symbol);
        let leaves = vec![[0; 32]; matrix.shards * matrix.shards];
        Ok(Self { matrix, encoder: encoder.map_err(io::Error::other)?, leaves, roots: Vec::new() })
    }

    /// Adds the next columns, from rows that have this many.
    fn add<F: Read + Seek>(&mut self, rows: &mut SymbolRows<'_, F>, columns: usize) -> io::Result<()> {
        let (matrix, symbol) = (self.matrix, self.matrix.symbol);
        for block in matrix.column_blocks(columns) {
            let bytes = block.start * symbol..block.end * symbol;
            let parts: Vec<_> =
                (0..matrix.rows).map(|row| rows.read(row, bytes.clone())).collect::<io::Result<_>>()?;
            for column in 0..block.len() {
                let place = column * symbol..(column + 1) * symbol;
                let symbols: Vec<&[u8]> = parts.iter().map(|row| &row[place.clone()]).collect();
                self.add_column(&symbols)?;
            }
        }
        Ok(())
    }

    fn add_column(&mut self, symbols: &[&[u8]]) -> io::Result<()> {
        for symbol in symbols {
            self.encoder.add_original_shard(symbol).map_err(io::Error::other)?;
        }
        let encoded = self.encoder.encode().map_err(io::Error::other)?;
        let mut messages = Vec::with_capacity(self.matrix.shards * (self.matrix.symbol + 1));
        for symbol in symbols.iter().copied().chain(encoded.recovery_iter()) {
            messages.push(LEAF);
            messages.extend_from_slice(symbol);
        }
        let leaves = hashes(&messages, self.matrix.symbol + 1);
        let (shards, column) = (self.matrix.shards, self.roots.len());
        for (row, leaf) in leaves.iter().enumerate() {
            self.leaves[row * shards + column] = *leaf;
        }
        self.roots.push(root(&leaves));
        Ok(())
    }

    /// The ID, once all columns were added. Row `i` is paired with column `i` from the end.
    fn blob_id(&self, size: u64) -> BlobId {
        let row_roots = self.leaves.chunks_exact(self.matrix.shards).map(root);
        let pairs: Vec<Hash> = row_roots
            .zip(self.roots.iter().rev())
            .map(|(row, column)| hash(&[&[LEAF], &row[..], &column[..]].concat()))
            .collect();
        let root = root(&pairs);
        BlobId::from_bytes(hash(&[&[RS2], size.to_le_bytes().as_slice(), &root[..]].concat()))
    }
}

#[cfg(test)]
#[path = "red_stuff_tests.rs"]
mod tests;
