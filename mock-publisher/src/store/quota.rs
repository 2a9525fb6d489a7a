//! Limits how many bytes of blobs a store may hold.

use crate::units::Size;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes that blobs may use, and those that they do; nothing is counted without a limit.
#[derive(Debug)]
pub(super) struct Quota {
    limit: Option<u64>,
    used: AtomicU64,
}

/// Reserved bytes, released when dropped unless committed.
#[derive(Debug)]
pub(super) struct Reservation<'a> {
    quota: &'a Quota,
    bytes: u64,
}

impl Quota {
    /// A quota of which the blobs in the sub-folders of `blobs` have used their part.
    pub(super) fn of(blobs: &Path, limit: Option<u64>) -> io::Result<Self> {
        let used = if limit.is_some() { bytes_in(blobs)? } else { 0 };
        Ok(Self { limit, used: AtomicU64::new(used) })
    }

    /// Reserves bytes, or fails with `StorageFull`.
    pub(super) fn reserve(&self, bytes: u64) -> io::Result<Reservation<'_>> {
        let Some(limit) = self.limit else { return Ok(Reservation { quota: self, bytes: 0 }) };
        let more = |used: u64| used.checked_add(bytes).filter(|sum| *sum <= limit);
        match self.used.fetch_update(Ordering::AcqRel, Ordering::Acquire, more) {
            Ok(_) => Ok(Reservation { quota: self, bytes }),
            Err(used) => {
                let (limit, used, bytes) = (Size(limit), Size(used), Size(bytes));
                let why = format!("{used} of --store-limit {limit} are used, and the blob has {bytes}");
                Err(io::Error::new(io::ErrorKind::StorageFull, why))
            }
        }
    }
}

impl Reservation<'_> {
    /// The bytes stay used.
    pub(super) fn commit(mut self) {
        self.bytes = 0;
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        self.quota.used.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

/// Bytes of all blobs, without their records.
fn bytes_in(blobs: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for folder in fs::read_dir(blobs)? {
        for file in fs::read_dir(folder?.path())? {
            let file = file?;
            if file.path().extension().is_none() {
                bytes += file.metadata()?.len();
            }
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reservation_that_is_not_committed_is_released() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("ab")).unwrap();
        fs::write(dir.path().join("ab/abc"), [0; 40]).unwrap();
        fs::write(dir.path().join("ab/abc.json"), [0; 400]).unwrap();
        let quota = Quota::of(dir.path(), Some(100)).unwrap();
        drop(quota.reserve(60).unwrap());
        quota.reserve(50).unwrap().commit();
        let error = quota.reserve(11).unwrap_err();
        assert_eq!(error.to_string(), "90B of --store-limit 100B are used, and the blob has 11B");
        quota.reserve(10).unwrap().commit();
        assert!(quota.reserve(0).is_ok() && quota.reserve(1).is_err());
        assert!(Quota::of(dir.path(), None).unwrap().reserve(u64::MAX).is_ok());
    }
}
