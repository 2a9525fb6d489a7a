//! TEXT: a report in words and numbers, one file for each form; nothing here prints, it writes where it is told.

pub mod blobs;
pub mod csv;
pub mod events;
pub mod file;
pub mod format;
mod grid;
pub mod junit;
pub mod log;
pub mod markdown;
pub mod palette;
pub mod prometheus;
pub mod rows;
pub mod terminal;
pub mod units;
pub mod words;
