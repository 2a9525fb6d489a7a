//! A comparison in words and numbers, one file for each form.

pub mod json;
pub mod markdown;
pub mod terminal;
pub(super) mod words;
