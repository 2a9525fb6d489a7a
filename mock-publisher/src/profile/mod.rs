//! The fault profile of a server: how long steps take and what goes wrong, by which seed. Users call it the weather.
//!
//! ```text
//! preset ─▶ file (TOML) ─▶ flags ─▶ Profile ─▶ ProfileHandle ─▶ every request looks it up once
//!                                                  ▲
//!                                POST /mock/weather (TOML, JSON)
//! ```

pub mod args;
mod faults;
mod handle;
mod latency;
mod rule;
mod settings;
mod share;

pub use faults::{ChosenFault, Faults, FaultsError};
pub use handle::{ActiveProfile, ProfileHandle};
pub use latency::{Latency, ServiceTime};
pub use rule::{FaultRule, RequestContext, SizeRange, Stall};
pub use settings::{Preset, Profile, ProfileError};
pub use share::Share;

#[cfg(test)]
mod determinism_tests;
