//! The flags that say whether a failed step is tried again, and when.

use std::time::Duration;

use clap::Args as ClapArgs;

use crate::{
    plan::{
        ConfigError,
        retry::{Backoff, Retries},
    },
    units::{parse_duration, parse_whole},
};

#[derive(Debug, ClapArgs)]
pub(super) struct RetryArgs {
    /// Try an upload or a download up to this many more times when it fails in a way that may pass: no connection, a broken
    /// one, a timeout, a full server, 5xx, a gateway's page
    #[arg(long, value_name = "N", env = "WALRUS_STRESS_RETRIES", hide_env = true, allow_hyphen_values = true,
          value_parser = parse_whole::<u32>, default_value_t = 0)]
    pub(super) retries: u32,
    /// How long to wait before: the same time each time (`500ms`), or one that doubles (`100ms..10s`) and of which chance
    /// takes up to half away. What a server asks for in Retry-After is waited for [default: 100ms..10s]
    #[arg(long, value_name = "D|D..D", env = "WALRUS_STRESS_BACKOFF", hide_env = true, allow_hyphen_values = true,
          value_parser = parse_backoff)]
    pub(super) backoff: Option<Backoff>,
}

impl RetryArgs {
    /// The retries that the flags mean.
    pub(super) fn retries(&self) -> Result<Retries, ConfigError> {
        if self.retries == 0 && self.backoff.is_some() {
            return Err(ConfigError::new("--backoff", "needs --retries: without it nothing is tried again"));
        }
        Ok(Retries { most: self.retries, backoff: self.backoff.unwrap_or_default() })
    }
}

/// A time, or the first and the longest of those that double.
fn parse_backoff(text: &str) -> Result<Backoff, String> {
    let Some((from, to)) = text.split_once("..") else {
        return parse_duration(text).map(|wait| Backoff::Constant { wait });
    };
    let (from, to) = (parse_duration(from)?, parse_duration(to)?);
    match from {
        Duration::ZERO => Err(format!("`{text}` starts with no time, which doubled is none either")),
        from if from > to => Err(format!("`{text}` ends before it starts")),
        from => Ok(Backoff::Exponential { from, to }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backoff_is_constant_or_doubles() {
        let millis = Duration::from_millis;
        assert_eq!(parse_backoff("500ms"), Ok(Backoff::Constant { wait: millis(500) }));
        assert_eq!(parse_backoff("0s"), Ok(Backoff::Constant { wait: millis(0) }));
        let both = Backoff::Exponential { from: millis(100), to: millis(10_000) };
        assert_eq!((parse_backoff("100ms..10s"), Backoff::default()), (Ok(both), both));
        for wrong in ["", "5", "..", "1s..", "..1s", "0s..1s", "2s..1s", "-1s", "1s...2s"] {
            assert!(parse_backoff(wrong).is_err(), "{wrong}");
        }
    }
}
