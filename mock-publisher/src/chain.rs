//! What the Sui contract decides for the real servers: which epoch it is, what a registration does, what it costs.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The most epochs that can be paid ahead.
pub const MAX_EPOCHS: u32 = 53;
/// Storage is paid by the MiB begun.
const PRICE_UNIT: u64 = 1 << 20;

/// Which epoch it is: a fixed one, or one that changes with time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Epochs {
    /// The epoch in which the server starts.
    pub first: u32,
    /// How long an epoch lasts; `None` or zero if it never ends.
    pub duration: Option<Duration>,
}

impl Epochs {
    /// How long after the server's start an epoch begins; `None` if it never does.
    #[must_use]
    pub fn begins(&self, epoch: u32) -> Option<Duration> {
        let duration = self.duration.filter(|duration| !duration.is_zero())?;
        duration.checked_mul(epoch.saturating_sub(self.first))
    }

    /// The epoch at this time after the server's start.
    #[must_use]
    pub fn at(&self, elapsed: Duration) -> u32 {
        let Some(duration) = self.duration.filter(|duration| !duration.is_zero()) else { return self.first };
        let passed = elapsed.as_nanos() / duration.as_nanos();
        self.first.saturating_add(u32::try_from(passed).unwrap_or(u32::MAX))
    }
}

/// How an object came to be registered, as a publisher reports it. Lengths are in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of the real publisher's JSON")]
pub enum RegisterOp {
    /// Storage and registration were bought.
    RegisterFromScratch { encoded_length: u64, epochs_ahead: u32 },
    /// The wallet had unused storage; only the registration was bought.
    ReuseStorage { encoded_length: u64 },
    /// The wallet had registered the blob before, without certifying it; nothing was bought.
    ReuseRegistration { encoded_length: u64 },
    /// The wallet had the blob certified; the missing epochs were bought.
    ReuseAndExtend { encoded_length: u64, epochs_extended: u32 },
    /// The wallet had registered the blob, without certifying it; the missing epochs were bought.
    ReuseAndExtendNonCertified { encoded_length: u64, epochs_extended: u32 },
}

/// What storage costs, in FROST (10⁹ FROST are one WAL).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// FROST per MiB of encoded length and epoch.
    pub storage: u64,
    /// FROST per MiB of encoded length written.
    pub write: u64,
}

impl Default for Prices {
    fn default() -> Self {
        Self { storage: 100_000, write: 20_000 }
    }
}

impl Prices {
    /// What an operation costs, in FROST.
    #[must_use]
    pub fn cost(&self, operation: RegisterOp) -> u64 {
        let (length, epochs, write) = match operation {
            RegisterOp::RegisterFromScratch { encoded_length, epochs_ahead } => {
                (encoded_length, epochs_ahead, self.write)
            }
            RegisterOp::ReuseStorage { encoded_length } => (encoded_length, 0, self.write),
            RegisterOp::ReuseRegistration { .. } => return 0,
            RegisterOp::ReuseAndExtend { encoded_length, epochs_extended }
            | RegisterOp::ReuseAndExtendNonCertified { encoded_length, epochs_extended } => {
                (encoded_length, epochs_extended, 0)
            }
        };
        let per_mib = self.storage.saturating_mul(u64::from(epochs)).saturating_add(write);
        length.div_ceil(PRICE_UNIT).saturating_mul(per_mib)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::encoded_length;

    #[test]
    fn an_epoch_begins_when_those_before_it_are_over() {
        let epochs = Epochs { first: 10, duration: Some(Duration::from_secs(3)) };
        let begins = |epoch| epochs.begins(epoch).map(|at| at.as_secs());
        assert_eq!([5, 10, 11, 15].map(begins), [Some(0), Some(0), Some(3), Some(15)]);
        assert_eq!(Epochs { duration: None, ..epochs }.begins(11), None);
        assert_eq!(Epochs { duration: Some(Duration::MAX), ..epochs }.begins(12), None);
    }

    #[test]
    fn an_epoch_ends_after_its_duration() {
        let ms = Duration::from_millis;
        let rows = [
            (None, ms(1_000_000), 412),
            (Some(ms(0)), ms(1_000_000), 412),
            (Some(ms(100)), ms(99), 412),
            (Some(ms(100)), ms(100), 413),
            (Some(ms(100)), ms(1_050), 422),
            (Some(Duration::from_nanos(1)), Duration::MAX, u32::MAX),
        ];
        for (duration, elapsed, epoch) in rows {
            assert_eq!(Epochs { first: 412, duration }.at(elapsed), epoch, "{duration:?} {elapsed:?}");
        }
    }

    #[test]
    fn cost_is_storage_and_write_for_every_mib_begun() {
        let scratch = |size, epochs_ahead| RegisterOp::RegisterFromScratch {
            encoded_length: encoded_length(size).unwrap(),
            epochs_ahead,
        };
        let rows = [
            (scratch(17, 5), 32_760_000),
            (scratch(445_556, 1), 63 * 120_000),
            (scratch(445_557, 1), 65 * 120_000),
            (scratch(10_485_760, 1), 107 * 120_000),
            (scratch(104_857_600, 1), 512 * 120_000),
            (scratch(14_599_533_452, 1), 62_622 * 120_000),
            (RegisterOp::ReuseStorage { encoded_length: 66_034_000 }, 63 * 20_000),
            (RegisterOp::ReuseRegistration { encoded_length: 66_034_000 }, 0),
            (RegisterOp::ReuseAndExtend { encoded_length: 66_034_000, epochs_extended: 3 }, 63 * 300_000),
            (
                RegisterOp::ReuseAndExtendNonCertified { encoded_length: 66_034_000, epochs_extended: 3 },
                63 * 300_000,
            ),
        ];
        for (operation, frost) in rows {
            assert_eq!(Prices::default().cost(operation), frost, "{operation:?}");
        }
        assert_eq!(Prices { storage: 100, write: 2_000 }.cost(scratch(17, 1)), 132_300);
    }
}
