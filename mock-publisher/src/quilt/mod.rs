//! Many small files in one blob: how they are laid out, found again and read back.
//!
//! A quilt is a grid of symbols, filled column by column: first the index, then every file from the top of a column
//! of its own. Read row by row, the grid is a blob like any other.

mod bcs;
mod build;
pub mod identifier;
pub mod index;
pub mod layout;
mod patch;
mod patch_id;
mod read;

pub use build::{BadQuilt, File, MAX_FILES, Quilt};
pub use index::{Entry, Index, Tags};
pub use layout::Grid;
pub use patch::Patch;
pub use patch_id::{BadPatchId, PatchId};
pub use read::{NotRead, Reader};

/// The one version of quilts there is: the first byte of an index, a file's header and the tail of a patch ID.
pub const VERSION: u8 = 1;
