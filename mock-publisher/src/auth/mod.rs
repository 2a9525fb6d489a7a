//! Checks the tokens (JWT) that a publisher may require for stores, in the order of the real one.
//!
//! JWT is implemented here on `ring`, which TLS needs anyway: `jsonwebtoken` would add a second cryptography library,
//! and would not reproduce the real publisher's order of checks and its reasons of refusal.

mod algorithm;
mod args;
mod bearer;
mod claims;
mod error;
mod header;
mod key;
mod verifier;

pub use algorithm::{Algorithm, BadAlgorithm};
pub use args::{BadSecret, JwtFlags};
pub(crate) use bearer::{Bearer, require_token};
pub use verifier::Config;
pub(crate) use verifier::Verifier;
