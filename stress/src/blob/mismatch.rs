//! How a download differs from the expected blob.

use crate::sample::{Failure, FailureClass};

/// How a download differs from the expected blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mismatch {
    /// It ended early.
    Truncated {
        /// The blob's size in bytes.
        expected: u64,
        /// The bytes received.
        received: u64,
    },
    /// It went on after the blob's end.
    TooLong {
        /// The blob's size in bytes.
        expected: u64,
    },
    /// A byte is not the uploaded one.
    Corrupt {
        /// The first wrong byte's position, from 0.
        at: u64,
    },
    /// The bytes are not those of the blob's first read in this run.
    Differs,
}

impl Mismatch {
    /// Two sizes in bytes that should be equal.
    pub(super) fn of_sizes(expected: u64, received: u64) -> Self {
        if received < expected {
            Mismatch::Truncated { expected, received }
        } else {
            Mismatch::TooLong { expected }
        }
    }
}

impl From<Mismatch> for Failure {
    fn from(mismatch: Mismatch) -> Failure {
        match mismatch {
            Mismatch::Truncated { expected, received } => Failure::new(
                FailureClass::Truncated,
                format!("the download ended after {received} of {expected} bytes"),
            ),
            Mismatch::TooLong { expected } => Failure::new(
                FailureClass::TooLong,
                format!("the download went on after the blob's {expected} bytes"),
            ),
            Mismatch::Corrupt { at } => {
                Failure::new(FailureClass::Corrupt, format!("byte {at} is not what was uploaded"))
            }
            Mismatch::Differs => {
                let message = "the bytes are not those of this blob's first download in this run";
                Failure::new(FailureClass::Corrupt, message)
            }
        }
    }
}
