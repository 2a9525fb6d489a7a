//! Why a plan is refused: the option to change, and what to do.

/// An option that cannot be used as it is, or not together with another one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{flag} {reason}")]
pub struct ConfigError {
    /// The flag to change.
    pub flag: &'static str,
    /// What is wrong with it and what to do, continuing a sentence that starts with the flag.
    pub reason: String,
}

impl ConfigError {
    /// An error of `flag`; `reason` continues a sentence that starts with the flag.
    pub fn new(flag: &'static str, reason: impl Into<String>) -> Self {
        Self { flag, reason: reason.into() }
    }
}
