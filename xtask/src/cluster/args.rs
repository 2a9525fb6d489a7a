//! The arguments of `cargo xtask cluster`.

use std::path::PathBuf;

/// The flags.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only these checks
    pub(super) names: Vec<String>,
    /// Show what there is instead of doing it
    #[arg(long)]
    pub(super) list: bool,
    /// Install what is missing, as root on Debian
    #[arg(long)]
    pub(super) install: bool,
    /// Within the namespaces already: the cluster's folder
    #[arg(long, hide = true, value_name = "FOLDER")]
    pub(super) inside: Option<PathBuf>,
}
