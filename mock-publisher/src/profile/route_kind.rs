//! What a request is for: the routes by the names that rules about the weather call them.

use crate::fault::Role;
use std::fmt;
use std::str::FromStr;

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RouteKind {
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
pub(super) const ROUTE_KINDS: [(&str, RouteKind); 10] = [
    ("store", RouteKind::Store),
    ("store-quilt", RouteKind::StoreQuilt),
    ("read", RouteKind::Read),
    ("read-object", RouteKind::ReadObject),
    ("read-range", RouteKind::ReadRange),
    ("read-patch", RouteKind::ReadPatch),
    ("read-file", RouteKind::ReadFile),
    ("list-patches", RouteKind::ListPatches),
    ("stream", RouteKind::Stream),
    ("concat", RouteKind::Concat),
];

/// Text that names no route.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no route called `{0}`; they are {all}", all = ROUTE_KINDS.map(|row| row.0).join(", "))]
pub struct BadTask(String);

impl RouteKind {
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
        ROUTE_KINDS.iter().map(|row| row.1).filter(move |route_kind| route_kind.role() == role)
    }

    /// Its place in the table.
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }
}

impl FromStr for RouteKind {
    type Err = BadTask;

    fn from_str(text: &str) -> Result<Self, BadTask> {
        ROUTE_KINDS.iter().find(|row| row.0 == text).map(|row| row.1).ok_or_else(|| BadTask(text.to_owned()))
    }
}

impl fmt::Display for RouteKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(ROUTE_KINDS[self.index()].0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_has_its_name_its_place_and_its_server() {
        for (at, (name, route_kind)) in ROUTE_KINDS.into_iter().enumerate() {
            assert_eq!(
                (name.parse(), route_kind.to_string().as_str(), route_kind.index()),
                (Ok(route_kind), name, at)
            );
        }
        let names = |role| RouteKind::of(role).map(|route_kind| route_kind.to_string()).collect::<Vec<_>>();
        assert_eq!(names(Role::Publisher), ["store", "store-quilt"]);
        assert_eq!(names(Role::Aggregator).len(), 8);
        let error = "upload".parse::<RouteKind>().unwrap_err().to_string();
        assert!(
            error.starts_with("there is no route called `upload`; they are store, store-quilt,"),
            "{error}"
        );
    }
}
