//! Collects failed checks, so that one run of a scenario shows all of them.

use std::fmt::Debug;

use crate::failure::{Failure, Result};

/// What has been checked so far.
#[derive(Default)]
pub(crate) struct Checks {
    wrong: Vec<String>,
    notes: Vec<String>,
}

impl Checks {
    /// Requires a value to be the expected one.
    pub(crate) fn equal<T: PartialEq + Debug>(&mut self, what: &str, found: T, wanted: T) {
        if found != wanted {
            self.wrong.push(format!("{what}: {found:?}, should be {wanted:?}"));
        }
    }

    /// Requires a condition; `found` is printed if it is false.
    pub(crate) fn holds(&mut self, what: &str, true_: bool, found: impl Debug) {
        if !true_ {
            self.wrong.push(format!("{what}: found {found:?}"));
        }
    }

    /// A number worth showing beside what was checked.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// The notes, or all that is wrong.
    pub(crate) fn verdict(self) -> Result<String> {
        if self.wrong.is_empty() {
            Ok(self.notes.join(", "))
        } else {
            Err(Failure::new(self.wrong.join("\n")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failed_check_is_reported() {
        let mut checks = Checks::default();
        checks.equal("uploads", 4, 5);
        checks.equal("same", 1, 1);
        checks.holds("faster", false, 0.5);
        checks.note("never shown");
        let message = checks.verdict().unwrap_err().to_string();
        assert_eq!(message, "uploads: 4, should be 5\nfaster: found 0.5");
    }

    #[test]
    fn notes_are_shown_when_all_is_well() {
        let mut checks = Checks::default();
        checks.holds("true", true, ());
        checks.note("a");
        checks.note("b");
        assert_eq!(checks.verdict().unwrap(), "a, b");
    }
}
