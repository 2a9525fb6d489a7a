//! What a request is for: the routes by the names that rules about the weather call them.

use crate::fault::Role;
use std::fmt;
use std::str::FromStr;

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Task {
    /// `PUT /v1/blobs`.
    Store,
    /// `PUT /v1/quilts`.
    StoreQuilt,
    /// `GET /v1/blobs/{blob_id}`.
    Read,
    /// `GET /v1/blobs/by-object-id/{blob_object_id}`.
    ReadObject,
    /// `GET /v1/blobs/{blob_id}/byte-range`.
    ReadRange,
    /// `GET /v1/blobs/by-quilt-patch-id/{quilt_patch_id}`.
    ReadPatch,
    /// `GET /v1/blobs/by-quilt-id/{quilt_id}/{identifier}`.
    ReadFile,
    /// `GET /v1/quilts/{quilt_id}/patches`.
    ListPatches,
    /// `GET /v1alpha/blobs/{blob_id}/stream`.
    Stream,
    /// `GET` and `POST /v1alpha/blobs/concat`.
    Concat,
}

/// Every task by its name.
pub(super) const TASKS: [(&str, Task); 10] = [
    ("store", Task::Store),
    ("store-quilt", Task::StoreQuilt),
    ("read", Task::Read),
    ("read-object", Task::ReadObject),
    ("read-range", Task::ReadRange),
    ("read-patch", Task::ReadPatch),
    ("read-file", Task::ReadFile),
    ("list-patches", Task::ListPatches),
    ("stream", Task::Stream),
    ("concat", Task::Concat),
];

/// Text that names no route.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no route called `{0}`; they are {all}", all = TASKS.map(|row| row.0).join(", "))]
pub struct BadTask(String);

impl Task {
    /// The server that does it.
    #[must_use]
    pub fn role(self) -> Role {
        match self {
            Self::Store | Self::StoreQuilt => Role::Publisher,
            _ => Role::Aggregator,
        }
    }

    /// All that a server does.
    pub fn of(role: Role) -> impl Iterator<Item = Self> {
        TASKS.iter().map(|row| row.1).filter(move |task| task.role() == role)
    }

    /// Its place in the table.
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }
}

impl FromStr for Task {
    type Err = BadTask;

    fn from_str(text: &str) -> Result<Self, BadTask> {
        TASKS.iter().find(|row| row.0 == text).map(|row| row.1).ok_or_else(|| BadTask(text.to_owned()))
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(TASKS[self.index()].0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_has_its_name_its_place_and_its_server() {
        for (at, (name, task)) in TASKS.into_iter().enumerate() {
            assert_eq!((name.parse(), task.to_string().as_str(), task.index()), (Ok(task), name, at));
        }
        let names = |role| Task::of(role).map(|task| task.to_string()).collect::<Vec<_>>();
        assert_eq!(names(Role::Publisher), ["store", "store-quilt"]);
        assert_eq!(names(Role::Aggregator).len(), 8);
        let error = "upload".parse::<Task>().unwrap_err().to_string();
        assert!(
            error.starts_with("there is no route called `upload`; they are store, store-quilt,"),
            "{error}"
        );
    }
}
