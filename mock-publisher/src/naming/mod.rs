//! How blobs get their names: a cheap hash in the right form, or the true name that the network would give them.

mod encode;
mod shape;
mod tree;

use crate::blob_id::BlobId;
use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

/// Shards of the network.
const SHARDS: usize = 1000;
/// True names remembered; then all are forgotten.
const REMEMBERED: usize = 100_000;

/// Which names blobs get.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Naming {
    /// A hash of the content: the right form at a fraction of the cost.
    #[default]
    Cheap,
    /// The name that the network would give, at a second or more of computing for every new content.
    Real,
}

/// A word that is none of the two.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there are no blob IDs called `{0}`: use cheap or real")]
pub struct BadNaming(String);

impl FromStr for Naming {
    type Err = BadNaming;

    fn from_str(text: &str) -> Result<Self, BadNaming> {
        match text {
            "cheap" => Ok(Self::Cheap),
            "real" => Ok(Self::Real),
            other => Err(BadNaming(other.to_owned())),
        }
    }
}

impl fmt::Display for Naming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::Cheap { "cheap" } else { "real" })
    }
}

/// Names blobs, and remembers the names that were dear.
#[derive(Debug, Clone, Default)]
pub(crate) struct Namer {
    naming: Naming,
    remembered: Arc<Mutex<HashMap<BlobId, BlobId>>>,
}

impl Namer {
    pub(crate) fn new(naming: Naming) -> Self {
        Self { naming, remembered: Arc::default() }
    }

    /// The name of a file of so many bytes that has this cheap name. Blocks on the disk and computes for long.
    pub(crate) fn name(&self, cheap: BlobId, file: &mut File, size: u64) -> io::Result<BlobId> {
        if self.naming == Naming::Cheap {
            return Ok(cheap);
        }
        let lock = || self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(&cheap) {
            return Ok(*known);
        }
        let real = encode::name(file, size, SHARDS)?;
        let mut remembered = lock();
        if remembered.len() >= REMEMBERED {
            remembered.clear();
        }
        remembered.insert(cheap, real);
        Ok(real)
    }
}
