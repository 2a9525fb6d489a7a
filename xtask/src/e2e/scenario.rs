//! A scenario: what it shows, how it runs, and how long it may take.

use std::time::Duration;

use super::{harness::Harness, job::Job};
use crate::failure::Result;

/// A scenario.
pub(crate) struct Scenario {
    pub(crate) name: String,
    /// What is checked, in a line.
    pub(crate) about: String,
    /// After this time it has failed.
    pub(crate) limit: Duration,
    pub(crate) action: Action,
}

/// How a scenario runs.
pub(crate) enum Action {
    /// One run between two servers.
    Job(Job),
    /// Every command of the document at this path.
    Document(&'static str),
    /// Anything else.
    Custom(fn(&Harness<'_>) -> Result<String>),
}

impl Scenario {
    pub(super) fn job(name: &str, about: &str, job: Job) -> Self {
        Self {
            name: name.to_owned(),
            about: about.to_owned(),
            limit: Duration::from_secs(60),
            action: Action::Job(job),
        }
    }

    pub(super) fn custom(name: &str, about: &str, custom: fn(&Harness<'_>) -> Result<String>) -> Self {
        Self {
            name: name.to_owned(),
            about: about.to_owned(),
            limit: Duration::from_secs(60),
            action: Action::Custom(custom),
        }
    }

    pub(super) fn document(name: &str, path: &'static str) -> Self {
        Self {
            name: format!("document-{name}"),
            about: format!("every command of {path} works as written"),
            limit: Duration::from_secs(180),
            action: Action::Document(path),
        }
    }

    pub(super) fn within(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }
}
