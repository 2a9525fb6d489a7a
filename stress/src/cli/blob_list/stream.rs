//! Streams a list to the run, entry by entry, as long as the file stays the one that was checked.

use std::{
    io::{BufReader, Seek},
    sync::{Arc, OnceLock},
    thread,
};

use tokio::sync::mpsc;

use super::{BlobList, each};
use crate::{
    engine::{List, Listed},
    error::Error,
    plan::{Plan, shard::Shard},
};

/// Entries in a batch.
const BATCH: usize = 256;
/// Batches that may wait for the run.
const WAITING: usize = 4;

/// A list that is streamed to a run.
#[derive(Debug, Clone)]
pub(in crate::cli) struct ListStream {
    pub(in crate::cli) entries: Arc<List>,
    flag: String,
    error: Arc<OnceLock<String>>,
}

impl ListStream {
    /// Why it ended early, if it did and the run wanted more entries.
    pub(in crate::cli) fn error(&self) -> Option<Error> {
        let reason = self.error.get().filter(|_| self.entries.ended_early())?;
        Some(Error::Flag { flag: self.flag.clone(), reason: reason.clone() })
    }
}

impl BlobList {
    /// The entries in the order of the plan's vantage point, if it is one; again from the start after the end if the plan goes
    /// round the list.
    pub(in crate::cli) fn stream(mut self, plan: &Plan) -> Result<ListStream, Error> {
        let round = plan.goes_round();
        let number = plan.vantage.as_ref().map_or(Shard::WHOLE, |vantage| vantage.number);
        if plan.vantage.is_some() {
            // All vantage points end with the same blobs, not each where its order leads.
            let wanted = plan.phases.iter().filter_map(|phase| phase.stop.blobs).min();
            self.count = wanted.map_or(self.count, |wanted| wanted.min(self.count));
        }
        let (sender, receiver) = mpsc::channel(WAITING);
        let error = Arc::new(OnceLock::new());
        let (stored, flag) = (error.clone(), format!("--{}", self.listing.key()));
        let body = move || {
            let mut batch = Vec::with_capacity(BATCH);
            let mut send = |listed| {
                batch.push(listed);
                batch.len() < BATCH || sender.blocking_send(std::mem::take(&mut batch)).is_ok()
            };
            loop {
                match self.read_once(&mut send) {
                    Ok(true) if round => {}
                    Ok(_) => break,
                    Err(reason) => {
                        // Only this thread sets it, once. The run ends as at the end of the list.
                        let _ = stored.set(reason);
                        break;
                    }
                }
            }
            // The last batch may not be full; it fails to send only when the run has ended.
            let _ = sender.blocking_send(batch);
        };
        let thread = thread::Builder::new().name("blob-ids".to_owned()).spawn(body);
        thread.map_err(|source| Error::System { what: "cannot start a thread".to_owned(), source })?;
        Ok(ListStream { entries: Arc::new(List::new(receiver, number)), flag, error })
    }

    /// Every entry, for what reads each of them several times.
    pub(in crate::cli) fn entries(mut self) -> Result<Vec<Listed>, Error> {
        let mut entries = Vec::new();
        let read = self.read_once(&mut |listed| {
            entries.push(listed);
            true
        });
        let flag = format!("--{}", self.listing.key());
        read.map(|_| entries).map_err(|reason| Error::Flag { flag, reason })
    }

    /// Gives every entry to `take` until that returns false; returns whether all were given. An error says how the list has
    /// changed since it was checked; entries that were appended since are not read.
    fn read_once(&mut self, take: &mut dyn FnMut(Listed) -> bool) -> Result<bool, String> {
        let changed = |how: String| {
            format!(
                "{} has changed while the run read it: {how}; run again with a copy that does not change",
                self.name
            )
        };
        self.file.rewind().map_err(|error| format!("cannot read {} again: {error}", self.name))?;
        let (mut taken, mut refused) = (0, false);
        let whole = each(BufReader::new(&mut self.file), self.listing, &mut |listed| {
            taken += 1;
            refused = !take(listed);
            !refused && taken < self.count
        });
        match whole {
            _ if refused => Ok(false),
            _ if taken == self.count => Ok(true),
            Ok(_) => Err(changed(format!("it names {taken} blobs, and named {}", self.count))),
            Err(reason) => Err(changed(reason)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;
    use crate::plan::source::Listing;

    /// What is read of a file of three IDs after it was replaced by `text`.
    fn after(text: &str) -> (Result<bool, String>, usize) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ids");
        let ids = ["a", "b", "c"].map(|letter| letter.repeat(43)).join("\n");
        fs::write(&path, &ids).unwrap();
        let mut list = BlobList::open(&path, Listing::BlobIds).unwrap();
        fs::write(&path, text.replace("IDS", &ids)).unwrap();
        list.name = "ids".to_owned();
        let mut taken = 0;
        let whole = list.read_once(&mut |_| {
            taken += 1;
            true
        });
        (whole, taken)
    }

    #[test]
    fn a_list_that_has_changed_is_an_error() {
        let start = "ids has changed while the run read it: ";
        for (text, taken, how) in [
            ("", 0, "it names 0 blobs, and named 3"),
            ("# gone\n", 0, "it names 0 blobs, and named 3"),
            (&"a".repeat(43), 1, "it names 1 blobs, and named 3"),
            ("what", 0, "line 1: `what` is not a blob ID"),
        ] {
            let (whole, given) = after(text);
            let reason = whole.unwrap_err();
            assert!(reason.starts_with(&format!("{start}{how}")), "{text}: {reason}");
            assert!(reason.ends_with("run again with a copy that does not change"), "{reason}");
            assert_eq!(given, taken, "{text}");
        }
        // Entries that were appended were not checked, and are not read.
        for text in ["IDS", "IDS\nnonsense\n", "# more\nIDS\n\n"] {
            assert_eq!(after(text), (Ok(true), 3), "{text}");
        }
    }

    #[test]
    fn a_list_ends_when_no_more_is_wanted() {
        let text = "a".repeat(43);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ids");
        fs::write(&path, text).unwrap();
        let mut list = BlobList::open(Path::new(&path), Listing::BlobIds).unwrap();
        assert_eq!(list.read_once(&mut |_| false), Ok(false));
    }
}
