//! A list on its way to the run, entry by entry, as long as it stays the one that was looked at.

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
};

/// How many entries come at a time.
const BATCH: usize = 256;
/// How many batches may wait for the run.
const WAITING: usize = 4;

/// A list under way to a run.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Streamed {
    pub(in crate::cli) list: Arc<List>,
    flag: &'static str,
    fault: Arc<OnceLock<String>>,
}

impl Streamed {
    /// Why it ended before its time, if it did and the run wanted more of it.
    pub(in crate::cli) fn fault(&self) -> Option<Error> {
        let flag = self.flag.to_owned();
        self.fault
            .get()
            .filter(|_| self.list.ended_early())
            .map(|reason| Error::Flag { flag, reason: reason.clone() })
    }
}

impl BlobList {
    /// The entries in their order, again from the start at the end if they go `round`.
    pub(in crate::cli) fn stream(mut self, round: bool) -> Result<Streamed, Error> {
        let (sender, receiver) = mpsc::channel(WAITING);
        let fault = Arc::new(OnceLock::new());
        let (told, flag) = (fault.clone(), self.format.flag());
        let body = move || {
            let mut batch = Vec::with_capacity(BATCH);
            let mut send = |listed| {
                batch.push(listed);
                batch.len() < BATCH || sender.blocking_send(std::mem::take(&mut batch)).is_ok()
            };
            loop {
                match self.once_through(&mut send) {
                    Ok(true) if round => {}
                    Ok(_) => break,
                    Err(reason) => {
                        // Nobody else tells, and this thread once. The run ends like one whose list has ended.
                        let _ = told.set(reason);
                        break;
                    }
                }
            }
            // The last ones may not fill a batch; whether anyone still wants them does not matter.
            let _ = sender.blocking_send(batch);
        };
        let thread = thread::Builder::new().name("blob-ids".to_owned()).spawn(body);
        thread.map_err(|source| Error::System { what: "cannot start a thread".to_owned(), source })?;
        Ok(Streamed { list: Arc::new(List::new(receiver)), flag, fault })
    }

    /// Gives every entry to `take` until that answers false; tells whether all were given, or how the list is no longer
    /// the one that was looked at. What was written behind its end since is no part of it.
    fn once_through(&mut self, take: &mut dyn FnMut(Listed) -> bool) -> Result<bool, String> {
        let changed = |how: String| {
            format!(
                "{} has changed while the run read it: {how}; run again with a copy that nobody writes to",
                self.name
            )
        };
        self.file.rewind().map_err(|error| format!("cannot read {} again: {error}", self.name))?;
        let (mut taken, mut refused) = (0, false);
        let whole = each(BufReader::new(&mut self.file), self.format, &mut |listed| {
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

    use super::{super::Format, *};

    /// What a file of three IDs gives once it holds `text`.
    fn after(text: &str) -> (Result<bool, String>, usize) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ids");
        let ids = ["a", "b", "c"].map(|letter| letter.repeat(43)).join("\n");
        fs::write(&path, &ids).unwrap();
        let mut list = BlobList::open(&path, Format::Lines).unwrap();
        fs::write(&path, text.replace("IDS", &ids)).unwrap();
        list.name = "ids".to_owned();
        let mut taken = 0;
        let whole = list.once_through(&mut |_| {
            taken += 1;
            true
        });
        (whole, taken)
    }

    #[test]
    fn a_list_that_is_no_longer_what_it_was_is_told() {
        let told = "ids has changed while the run read it: ";
        for (text, taken, how) in [
            ("", 0, "it names 0 blobs, and named 3"),
            ("# gone\n", 0, "it names 0 blobs, and named 3"),
            (&"a".repeat(43), 1, "it names 1 blobs, and named 3"),
            ("what", 0, "line 1: `what` is not a blob ID"),
        ] {
            let (whole, given) = after(text);
            let reason = whole.unwrap_err();
            assert!(reason.starts_with(&format!("{told}{how}")), "{text}: {reason}");
            assert!(reason.ends_with("run again with a copy that nobody writes to"), "{reason}");
            assert_eq!(given, taken, "{text}");
        }
        // What was written behind it was not looked at, and is not asked for.
        for text in ["IDS", "IDS\nnonsense\n", "# more\nIDS\n\n"] {
            assert_eq!(after(text), (Ok(true), 3), "{text}");
        }
    }

    #[test]
    fn who_has_enough_ends_the_list() {
        let text = "a".repeat(43);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ids");
        fs::write(&path, text).unwrap();
        let mut list = BlobList::open(Path::new(&path), Format::Lines).unwrap();
        assert_eq!(list.once_through(&mut |_| false), Ok(false));
    }
}
