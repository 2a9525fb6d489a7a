//! The handlers of the read routes.

pub(crate) mod blob;
pub(crate) mod concat;
pub(crate) mod quilt;
