//! The lock under which records and objects are changed, by one thread of one process at a time.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// The lock of a store; clones are the same lock.
#[derive(Debug, Clone)]
pub(super) struct RecordsLock {
    path: Arc<Path>,
    /// Threads queue here, processes at the file; it is opened at the first use, so that a reader needs no right to write.
    file: Arc<Mutex<Option<File>>>,
}

impl RecordsLock {
    /// The lock of the store in this directory.
    pub(super) fn of(root: &Path) -> Self {
        Self { path: root.join("records.lock").into(), file: Arc::default() }
    }

    /// Does work while no other thread or process does any under this lock.
    ///
    /// # Errors
    /// The file cannot be created or locked; the work failed.
    pub(super) fn hold<T>(&self, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let file = match &mut *file {
            Some(file) => file,
            none => none.insert(File::create(&self.path)?),
        };
        file.lock()?;
        let done = work();
        file.unlock()?;
        done
    }
}
