//! TEXT: a report in words and numbers, one file for each form; nothing here prints, it writes where it is told.

pub mod blobs;
pub mod events;
pub mod file;
mod grid;
pub mod log;
pub mod palette;
pub mod rows;
pub mod terminal;
pub mod units;
