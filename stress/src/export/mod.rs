//! TEXT: a report in words and numbers, one file for each form; nothing here prints, it writes where it is told.

pub mod blobs;
pub mod compare;
pub mod csv;
pub mod events;
pub mod file;
pub mod forecast;
pub mod format;
mod grid;
pub mod html;
pub mod junit;
pub mod log;
pub mod markdown;
pub mod palette;
pub mod prometheus;
pub mod rows;
pub mod search;
pub mod terminal;
pub mod timeline_csv;
pub use crate::units;
pub mod words;
