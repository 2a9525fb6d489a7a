//! The arguments of `cargo xtask soak`.

/// The flags.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only this one; repeatable
    #[arg(long, value_name = "NAME")]
    pub(super) only: Vec<String>,
    /// Show what there is instead of doing it
    #[arg(long)]
    pub(super) list: bool,
    /// No run longer than this, however long it should be: 0.5 for a quick look
    #[arg(long, value_name = "N", value_parser = minutes)]
    pub(super) minutes: Option<f64>,
}

fn minutes(text: &str) -> Result<f64, String> {
    let minutes = text.parse().map_err(|_| "not a number")?;
    (0.1..=1440.0).contains(&minutes).then_some(minutes).ok_or_else(|| "choose 0.1 to 1440".to_owned())
}
