//! Why a command could not do its job; a failed upload or download is a sample, never one of these.

use crate::plan::ConfigError;

/// Why a command could not do its job.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Two flags exclude each other, or a needed one is missing.
    #[error(transparent)]
    ConfigError(#[from] ConfigError),
    /// A flag's value cannot be used.
    #[error("{flag}: {reason}")]
    Flag {
        /// The flag.
        flag: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A target did not pass the preflight.
    #[error("{role} {target}: {reason} (--no-check skips this check)")]
    Preflight {
        /// `publisher` or `aggregator`.
        role: &'static str,
        /// The target's address.
        target: String,
        /// What it did and what to do.
        reason: String,
    },
    /// A file could not be read.
    #[error("cannot read {path}: {reason}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// A file could not be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// An input file cannot be used.
    #[error("{path}: {reason}")]
    Input {
        /// The file.
        path: String,
        /// Why, and what to do.
        reason: String,
    },
    /// A worker thread panicked, which is a bug of this program.
    #[error(
        "a worker thread panicked: {reason}; its samples are lost, so that there is no report; rows and lines that were \
         written stay valid. This is a bug of walrus-stress: please report it with the lines above"
    )]
    Broken {
        /// The panic message.
        reason: String,
    },
    /// The operating system refused something that the run needs.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: std::io::Error,
    },
}
