//! Sizes and times of single successes, from which a step's fixed cost is told from its cost per byte.

use std::{fmt, str::FromStr, time::Duration};

use super::bottom_k::{BottomK, Row};
use crate::sample::Sample;

/// A sample of a step's successes. The number of lines between two of them grows with its square.
pub type Costs = BottomK<Cost, 256>;

/// What one success took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// The blob's index.
    pub index: u64,
    /// The blob's size in bytes.
    pub size: u64,
    /// From started to finished, less what opening a connection took.
    pub service: Duration,
    /// From started to the last byte of the request, less what opening a connection took.
    pub send: Duration,
    /// From the last byte of the request to the answer's head.
    pub wait: Duration,
}

impl Cost {
    /// Enters what a success took, if its parts were seen.
    pub(super) fn enter(sample: &Sample, costs: &mut Costs) {
        let timing = &sample.exchange.timing;
        let Some((sent, first)) = timing.sent.zip(timing.first_byte) else { return };
        costs.enter_with(sample.index, || {
            let opening = sample.exchange.link.map(|link| link.opening()).unwrap_or_default();
            Self {
                index: sample.index,
                size: sample.size,
                service: timing.service().saturating_sub(opening),
                send: sent.saturating_sub(timing.started).saturating_sub(opening),
                wait: first.saturating_sub(sent),
            }
        });
    }
}

impl Row for Cost {
    const COLUMNS: &'static str = "index size_bytes service_nanoseconds send_nanoseconds wait_nanoseconds";

    fn index(&self) -> u64 {
        self.index
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { index, size, service, send, wait } = self;
        write!(f, "{index} {size} {} {} {}", service.as_nanos(), send.as_nanos(), wait.as_nanos())
    }
}

impl FromStr for Cost {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers: Result<Vec<u64>, _> = text.split(' ').map(str::parse).collect();
        let wrong = || format!("not a cost ({}): {text:?}", Self::COLUMNS);
        let [index, size, service, send, wait] = numbers.map_err(|_| wrong())?[..] else {
            return Err(wrong());
        };
        let [service, send, wait] = [service, send, wait].map(Duration::from_nanos);
        Ok(Self { index, size, service, send, wait })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_back_and_others_are_refused() {
        let line = "7 1024 30 20 10";
        assert_eq!(line.parse::<Cost>().unwrap().to_string(), line);
        for wrong in ["", "1 2 3 4", "1 2 3 4 5 6", "1 2 3 4 x", "-1 2 3 4 5"] {
            assert!(
                wrong.parse::<Cost>().unwrap_err().starts_with("not a cost (index size_bytes"),
                "{wrong}"
            );
        }
    }
}
