//! The bytes of a file as a stream: one piece in memory, whatever the size.

use bytes::Bytes;
use futures_util::stream::{self, Stream};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// Bytes read at once.
const PIECE: u64 = 256 * 1024;

/// `length` bytes of a file from `start` on; a file that ends earlier is an error.
pub fn pieces(file: File, start: u64, length: u64) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    stream::try_unfold((file, start, length), move |(mut file, at, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let size = left.min(PIECE);
        let read = move || read_at(&mut file, at, size).map(|piece| (file, piece));
        let (file, piece) = tokio::task::spawn_blocking(read).await.map_err(io::Error::other)??;
        Ok(Some((piece, (file, at + size, left - size))))
    })
}

fn read_at(file: &mut File, at: u64, size: u64) -> io::Result<Bytes> {
    let mut piece = vec![0; usize::try_from(size).map_err(io::Error::other)?];
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut piece)?;
    Ok(piece.into())
}
