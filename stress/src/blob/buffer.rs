//! Chunks whose memory is used again: fresh pages from the system cost more than the bytes written into them.

use std::{
    cell::RefCell,
    ops::{Deref, DerefMut},
};

use bytes::Bytes;

use super::CHUNK;

/// The most free chunks that a thread keeps: what its workers hold at a time, within reason.
const KEPT: usize = 32;

thread_local! {
    static FREE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// The memory of one chunk; when the last use of it ends, the thread where it ends may use it again.
#[derive(Debug)]
pub(super) struct Buffer {
    /// Always of full size: `length` of it is in use.
    memory: Vec<u8>,
    length: usize,
}

impl Buffer {
    /// A buffer of `length`, at most that of a chunk, with anything in it.
    pub(super) fn take(length: usize) -> Self {
        let memory = FREE.with_borrow_mut(Vec::pop).unwrap_or_else(|| vec![0; CHUNK]);
        Self { memory, length }
    }

    /// The bytes, to be sent.
    pub(super) fn into_bytes(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let memory = std::mem::take(&mut self.memory);
        // A thread that is ending keeps nothing.
        let _ = FREE.try_with(|free| {
            let mut free = free.borrow_mut();
            if free.len() < KEPT {
                free.push(memory);
            }
        });
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.memory[..self.length]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.memory[..self.length]
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again_once_nobody_reads_it() {
        let mut buffer = Buffer::take(3);
        buffer.copy_from_slice(b"abc");
        let address = buffer.as_ptr();
        let (bytes, other) = (buffer.into_bytes(), Buffer::take(CHUNK));
        assert_ne!(other.as_ptr(), address, "it is still being read");
        assert_eq!(&bytes[..], b"abc");
        drop(bytes);
        assert_eq!(Buffer::take(1).as_ptr(), address);
    }
}
