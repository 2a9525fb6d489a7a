//! The cache in front of the aggregator: the personas it can show, what it keeps and how long, the headers it writes.

mod conditions;
mod headers;
mod keep;
mod layer;
mod lru;
mod persona;

pub(crate) use headers::CacheOutcome;
pub(crate) use layer::serve_from_cache;
pub(crate) use lru::Lru;
pub use persona::{BadPersona, CacheConfig, Persona};
