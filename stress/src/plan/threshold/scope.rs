//! Which steps of which phases a threshold is about, written and read as `main:upload` or `*`.

use std::fmt;

use crate::plan::journey::Step;

/// Which steps a threshold is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The phase; `None` means all of them together.
    pub phase: Option<String>,
    /// The step; `None` means each of them.
    pub step: Option<Step>,
}

impl Scope {
    /// Whether this step of this phase is in it.
    pub fn covers(&self, phase: &str, step: Step) -> bool {
        self.phase.as_deref().is_none_or(|name| name == phase) && self.step.is_none_or(|one| one == step)
    }

    /// Reads `PHASE:STEP.NAME`; gives the scope and the name. `form` is the error when the text has another form.
    pub(super) fn parse<'a>(text: &'a str, form: &str) -> Result<(Self, &'a str), String> {
        let (phase, text) = match text.rsplit_once(':') {
            Some((phase, text)) => (Some(phase.trim().to_owned()), text),
            None => (None, text),
        };
        let (label, name) = text.trim().split_once('.').ok_or(form)?;
        let step = match label {
            "*" => None,
            label => Some(Step::from_label(label).ok_or_else(|| {
                format!("`{label}` is not a step: use upload, first, cached, read3 and so on, or * for each")
            })?),
        };
        Ok((Self { phase, step }, name))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(phase) = &self.phase {
            write!(f, "{phase}:")?;
        }
        match self.step {
            Some(step) => write!(f, "{step}"),
            None => f.write_str("*"),
        }
    }
}
