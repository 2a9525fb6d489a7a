//! The cap on what uploads may cost: each is admitted before it starts, at the price that the last answers charged.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{
    plan::price::storage_units,
    sample::{ExchangeRecord, Outcome, Stored, StoredKind},
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
    per_unit: u64,
    /// Whether an upload was refused.
    spent: bool,
}

impl Budget {
    /// A budget of this many FROST, of which some are `charged` already; `per_unit` is what a unit costs that is stored anew.
    pub fn new(cap: u64, per_unit: u64, charged: u64) -> Self {
        Self { cap, account: Mutex::new(Account { per_unit, charged, ..Account::default() }) }
    }

    /// Admits an upload of this many bytes, unless it could take the sum over the cap; once one was refused, none is admitted.
    pub(super) fn admit(&self, size: u64) -> bool {
        let mut account = self.lock();
        let units = storage_units(size);
        let under_way = account.units_under_way.saturating_add(units).saturating_mul(account.per_unit);
        account.spent |= account.charged.saturating_add(under_way) > self.cap;
        if !account.spent {
            account.units_under_way += units;
        }
        !account.spent
    }

    /// Takes back an upload that was admitted and not started.
    pub(super) fn withdraw(&self, size: u64) {
        self.lock().units_under_way -= storage_units(size);
    }

    /// Settles an upload that was admitted: what its answer charged, or its forecast where it may have been charged.
    pub(super) fn settle(&self, size: u64, record: &ExchangeRecord, outcome: &Outcome) {
        let mut account = self.lock();
        let units = storage_units(size);
        account.units_under_way -= units;
        let charged = match outcome {
            Outcome::Stored(Stored { cost: Some(cost), kind, .. }) => {
                if *kind == StoredKind::New {
                    account.per_unit = cost.div_ceil(units);
                }
                *cost
            }
            Outcome::Stored(Stored { kind: StoredKind::Existing, .. }) => 0,
            // An answer without a price.
            Outcome::Stored(_) => units.saturating_mul(account.per_unit),
            outcome if outcome.may_have_charged(record, size) => units.saturating_mul(account.per_unit),
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

    /// Whether an upload was refused.
    pub fn is_spent(&self) -> bool {
        self.lock().spent
    }

    fn lock(&self) -> MutexGuard<'_, Account> {
        // A panic elsewhere cannot leave half of an update.
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        fixtures,
        sample::{Failure, FailureClass, Timing},
    };

    fn sent() -> ExchangeRecord {
        ExchangeRecord {
            timing: Timing { sent: Some(Duration::from_millis(1)), ..Timing::default() },
            ..ExchangeRecord::default()
        }
    }

    fn stored(kind: StoredKind, cost: Option<u64>) -> Outcome {
        Outcome::Stored(Stored { blob_id: fixtures::id(0), kind, cost })
    }

    #[test]
    fn what_is_under_way_counts_at_its_forecast() {
        let budget = Budget::new(3 * 63 * 10, 10, 0);
        assert!(budget.admit(17) && budget.admit(17));
        budget.settle(17, &sent(), &stored(StoredKind::New, Some(630)));
        assert!(budget.admit(17), "one charged, two under way");
        assert!(!budget.admit(17) && budget.is_spent());
        budget.withdraw(17);
        assert!(!budget.admit(17), "once refused, always refused");
        assert_eq!((budget.charged(), budget.cap()), (630, 1_890));
    }

    #[test]
    fn the_price_is_that_of_the_last_answer() {
        let budget = Budget::new(10_000, 10, 0);
        assert!(budget.admit(17));
        budget.settle(17, &sent(), &stored(StoredKind::New, Some(63 * 100)));
        assert!(!budget.admit(17), "6,300 are charged, and another would take 6,300 more");
        let reused = Budget::new(10_000, 10, 0);
        assert!(reused.admit(17));
        reused.settle(17, &sent(), &stored(StoredKind::ReuseStorage, Some(63)));
        assert_eq!(
            (reused.charged(), reused.lock().per_unit),
            (63, 10),
            "reused storage says nothing of the price"
        );
    }

    #[test]
    fn an_upload_that_may_have_been_charged_counts_and_a_refused_one_does_not() {
        let failed = |class| Outcome::Failed(Failure::new(class, "no"));
        for (outcome, charged) in [
            (failed(FailureClass::Timeout), 630),
            (failed(FailureClass::Encoded), 630),
            (failed(FailureClass::Tls), 630),
            (Outcome::Unfinished, 630),
            (failed(FailureClass::Shed), 0),
            (stored(StoredKind::Existing, None), 0),
            (stored(StoredKind::New, None), 630),
        ] {
            let budget = Budget::new(10_000, 10, 0);
            assert!(budget.admit(17));
            budget.settle(17, &sent(), &outcome);
            assert_eq!(budget.charged(), charged, "{outcome:?}");
        }
    }
}
