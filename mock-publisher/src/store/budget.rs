//! How many bytes of blobs a store may hold, and how many it does.

use crate::units::Size;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number of bytes to be spent on blobs.
#[derive(Debug)]
pub(super) struct Budget {
    limit: Option<u64>,
    used: AtomicU64,
}

/// Bytes spent, given back unless kept.
#[derive(Debug)]
pub(super) struct Spent<'a> {
    budget: &'a Budget,
    bytes: u64,
}

impl Budget {
    /// A budget of which the files in these folders have used their part; nothing is counted without a limit.
    pub(super) fn of(folders: &Path, limit: Option<u64>) -> io::Result<Self> {
        let used = if limit.is_some() { bytes_in(folders)? } else { 0 };
        Ok(Self { limit, used: AtomicU64::new(used) })
    }

    /// Spends so many bytes, if they are there.
    pub(super) fn spend(&self, bytes: u64) -> io::Result<Spent<'_>> {
        let Some(limit) = self.limit else { return Ok(Spent { budget: self, bytes: 0 }) };
        let more = |used: u64| used.checked_add(bytes).filter(|sum| *sum <= limit);
        match self.used.fetch_update(Ordering::AcqRel, Ordering::Acquire, more) {
            Ok(_) => Ok(Spent { budget: self, bytes }),
            Err(used) => {
                let (limit, used, bytes) = (Size(limit), Size(used), Size(bytes));
                let why = format!("{used} of --store-limit {limit} are used, and the blob has {bytes}");
                Err(io::Error::new(io::ErrorKind::StorageFull, why))
            }
        }
    }
}

impl Spent<'_> {
    /// They are gone for good.
    pub(super) fn keep(mut self) {
        self.bytes = 0;
    }
}

impl Drop for Spent<'_> {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

/// Bytes of the blobs in all folders of a folder; their records are not counted.
fn bytes_in(folders: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for folder in fs::read_dir(folders)? {
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
    fn what_is_not_kept_is_given_back() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("ab")).unwrap();
        fs::write(dir.path().join("ab/abc"), [0; 40]).unwrap();
        fs::write(dir.path().join("ab/abc.json"), [0; 400]).unwrap();
        let budget = Budget::of(dir.path(), Some(100)).unwrap();
        drop(budget.spend(60).unwrap());
        budget.spend(50).unwrap().keep();
        let error = budget.spend(11).unwrap_err();
        assert_eq!(error.to_string(), "90B of --store-limit 100B are used, and the blob has 11B");
        budget.spend(10).unwrap().keep();
        assert!(budget.spend(0).is_ok() && budget.spend(1).is_err());
        assert!(Budget::of(dir.path(), None).unwrap().spend(u64::MAX).is_ok());
    }
}
