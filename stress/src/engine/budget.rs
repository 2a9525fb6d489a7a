//! The cap on what uploads may cost: each is admitted before it starts, at the price that the last answers charged.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{
    plan::price::{may_have_charged, storage_units},
    sample::{ExchangePhase, ExchangeRecord, Outcome, Stored, StoredKind},
};

/// What uploads may cost together, and what they have cost.
#[derive(Debug)]
pub struct Budget {
    /// In FROST.
    cap: u64,
    account: Mutex<Account>,
}

/// Amounts in FROST.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Account {
    /// What was charged, and what uploads without an answer may have cost.
    charged: u64,
    /// Units of the uploads under way.
    units_under_way: u64,
    /// For a unit, as the last answer charged it.
    per_unit: Option<u64>,
    /// Whether an upload was refused.
    spent: bool,
}

impl Budget {
    /// A budget of this many FROST; the price is that of a unit, as far as it is known.
    pub fn new(cap: u64, per_unit: Option<u64>) -> Self {
        Self { cap, account: Mutex::new(Account { per_unit, ..Account::default() }) }
    }

    /// Admits an upload of this many bytes, unless it could take the sum over the cap; once one was refused, none is admitted.
    /// While the price is not known, one is admitted at a time.
    pub(super) fn admit(&self, size: u64) -> bool {
        let mut account = self.lock();
        let units = storage_units(size);
        let fits = match account.per_unit {
            Some(per_unit) => {
                let under_way = account.units_under_way.saturating_add(units).saturating_mul(per_unit);
                account.charged.saturating_add(under_way) <= self.cap
            }
            None => account.units_under_way == 0,
        };
        if !fits || account.spent {
            account.spent = true;
            return false;
        }
        account.units_under_way += units;
        true
    }

    /// Settles an upload that was admitted: what its answer charged, or its forecast where it may have been charged.
    pub(super) fn settle(&self, size: u64, record: &ExchangeRecord, outcome: &Outcome) {
        let mut account = self.lock();
        let units = storage_units(size);
        account.units_under_way -= units;
        let charged = match outcome {
            Outcome::Stored(Stored { cost, kind, .. }) => {
                if let (StoredKind::New, Some(cost)) = (kind, cost) {
                    account.per_unit = Some(cost.div_ceil(units));
                }
                cost.unwrap_or(0)
            }
            outcome if is_uncertain(record, outcome) => units.saturating_mul(account.per_unit.unwrap_or(0)),
            _ => 0,
        };
        account.charged = account.charged.saturating_add(charged);
    }

    /// The cap, in FROST.
    pub fn cap(&self) -> u64 {
        self.cap
    }

    /// What was charged or may have been, in FROST.
    pub fn charged(&self) -> u64 {
        self.lock().charged
    }

    /// The price of a unit in FROST, if one is known.
    pub fn per_unit(&self) -> Option<u64> {
        self.lock().per_unit
    }

    /// Whether an upload was refused.
    pub fn is_spent(&self) -> bool {
        self.lock().spent
    }

    fn lock(&self) -> MutexGuard<'_, Account> {
        // A panic elsewhere cannot leave half of an update.
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a publisher may have charged for this attempt without saying so: it has the whole blob, and did not refuse it.
fn is_uncertain(record: &ExchangeRecord, outcome: &Outcome) -> bool {
    record.timing.sent.is_some()
        && match outcome {
            Outcome::Unfinished => true,
            outcome => outcome.failure().is_some_and(|failure| may_have_charged(failure.class)),
        }
}
