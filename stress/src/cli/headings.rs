//! The headings of the help of `run`, under which its flags stand.

pub(super) const TARGETS: &str = "Targets";
pub(super) const BLOBS: &str = "Blobs";
pub(super) const STEPS: &str = "Steps";
pub(super) const LOAD: &str = "Load";
pub(super) const MACHINES: &str = "Many machines";
pub(super) const STORAGE: &str = "Storage";
pub(super) const COSTS: &str = "Costs";
pub(super) const REQUESTS: &str = "Requests";
pub(super) const TOKENS: &str = "Tokens";
pub(super) const RETRIES: &str = "Retries";
pub(super) const PASS_OR_FAIL: &str = "Pass or fail";
pub(super) const OUTPUT: &str = "Output";
