//! Which IDs blobs get: a cheap hash in the right form, or the ID that the network would compute.

use super::BlobId;
use super::red_stuff;
use crate::encoding::SHARDS;
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use strum::{Display, EnumString};

/// Most real IDs kept in memory; when there would be more, all are dropped.
const MAX_REMEMBERED: usize = 100_000;

/// Which IDs blobs get.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, EnumString, Display)]
#[strum(serialize_all = "lowercase", parse_err_ty = BadBlobIdScheme, parse_err_fn = bad_scheme)]
pub enum BlobIdScheme {
    /// BLAKE3 of the content: the right form at a fraction of the cost.
    #[default]
    Cheap,
    /// The network's ID, which takes a second or more of computing for content not seen before.
    Real,
}

/// Text that names no scheme.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no blob ID scheme: use cheap or real")]
pub struct BadBlobIdScheme(String);

fn bad_scheme(text: &str) -> BadBlobIdScheme {
    BadBlobIdScheme(text.to_owned())
}

/// Computes blob IDs, and remembers the real ones. Clones share the memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct BlobIdGenerator {
    scheme: BlobIdScheme,
    /// Real IDs by cheap ones.
    remembered: Arc<Mutex<HashMap<BlobId, BlobId>>>,
}

impl BlobIdGenerator {
    pub(crate) fn new(scheme: BlobIdScheme) -> Self {
        Self { scheme, remembered: Arc::default() }
    }

    /// The ID of a file of `size` bytes whose cheap ID is known. Blocks on the disk, and on the processor for a second
    /// or more if the scheme is real.
    pub(crate) fn id(&self, cheap: BlobId, file: &mut File, size: u64) -> io::Result<BlobId> {
        if self.scheme == BlobIdScheme::Cheap {
            return Ok(cheap);
        }
        let lock = || self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(&cheap) {
            return Ok(*known);
        }
        let real = red_stuff::blob_id(file, size, SHARDS)?;
        let mut remembered = lock();
        if remembered.len() >= MAX_REMEMBERED {
            remembered.clear();
        }
        remembered.insert(cheap, real);
        Ok(real)
    }
}
