//! The handlers of the two store routes.

mod blob;
mod quilt;
mod quilt_parts;
mod upload;

pub(crate) use blob::put_blob;
pub(crate) use quilt::put_quilt;
