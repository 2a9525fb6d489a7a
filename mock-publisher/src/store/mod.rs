//! Blobs in a directory, shared by any number of processes: a blob exists once its record does.
//!
//! ```text
//! DIR/blobs/ab/ab…           the bytes of a blob, renamed into place
//! DIR/blobs/ab/ab….json      its record, renamed into place after the bytes: this commits the store
//! DIR/objects/ab/0xab….json  which blob an object stands for; written before the record names the object
//! DIR/tmp/                   files being written; removed by a publisher that finds no other one alive
//! DIR/records.lock           held by a server while it changes a record or an object
//! DIR/writers.lock           held by every publisher, shared, as long as it lives
//! ```
//!
//! A process that is killed leaves at most bytes without a record, which no reader sees.

mod contents;
mod directory;
mod lock;
mod object_ids;
mod quota;
mod record;
mod small_blobs;
mod spool;
mod writer;

pub use contents::{Blob, Contents, byte_stream};
pub use directory::{Attributes, BadStore, ObjectEntry, Store};
pub use record::{Certification, Object, OwnedObjects, Record, StoreOp, StoreRequest};
pub use spool::Spool;
pub use writer::{Stored, Writer};
