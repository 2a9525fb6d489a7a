//! The IDs of blobs: their written form, and the two schemes by which they are computed.

mod id;
mod matrix;
mod merkle;
mod red_stuff;
mod scheme;

pub use id::{BadBlobId, BlobId};
pub(crate) use scheme::BlobIdGenerator;
pub use scheme::{BadBlobIdScheme, BlobIdScheme};
