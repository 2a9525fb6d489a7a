//! Why a plan is refused: the option to change, and what to do.

/// An option that cannot be used as it is, or not together with another one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{flag} {reason}")]
pub struct ConfigError {
    /// The flag to change.
    pub flag: String,
    /// What is wrong with it and what to do, continuing a sentence that starts with the flag.
    pub reason: String,
    /// The phase whose option it is, where only one is concerned.
    pub phase: Option<String>,
}

impl ConfigError {
    /// An error of `flag`; `reason` continues a sentence that starts with the flag.
    pub fn new(flag: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { flag: flag.into(), reason: reason.into(), phase: None }
    }
}
