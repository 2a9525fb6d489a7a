//! Quilts: many small files in one blob, how they are laid out and read back.
//!
//! A quilt is a grid of symbols, filled column by column: first the index, then every file from the top of a column
//! of its own. Read row by row, the grid is a blob like any other.

mod build;
mod format;
mod grid;
mod patch_id;
mod read;

pub use build::{BadQuilt, MAX_FILES, Quilt, QuiltFile};
pub use format::{Entry, Index, Patch, Tags};
pub use patch_id::{BadPatchId, PatchId};
pub use read::{QuiltError, QuiltReader};
