//! The two stores: of one blob, and of many files in one.

mod blob;
mod finish;
mod multipart;
mod quilt;
mod refusal;

pub(crate) use blob::put_blob;
pub(crate) use quilt::put_quilt;
