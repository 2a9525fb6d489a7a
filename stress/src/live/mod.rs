//! WINDOWS: what a person sees while a run goes on; they look in and never touch.

pub mod goal;
pub mod plain;
pub mod progress;
pub mod scrape;
mod speed;
