//! Load models and clocks, against servers whose behaviour is known.

mod caches;
mod closed;
mod common;
mod lists;
mod open;
mod order;
mod phases;
mod retries;
