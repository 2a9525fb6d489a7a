//! What a store saves when it uses again what the publisher's own wallet has, and the dice that say what it has.

use crate::draw::{self, Purpose};
use crate::units::{ParseError, ratio};
use std::fmt;
use std::str::FromStr;

/// How a new object came about, which decides its price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Storage and registration were bought.
    Scratch,
    /// The wallet had storage; only the registration was bought.
    Storage,
    /// The wallet had registered the blob before, without certifying it; nothing was bought.
    Registration,
    /// The wallet had the blob certified, for so many epochs less than asked.
    Extend(u32),
    /// The wallet had registered the blob before, for so many epochs less than asked.
    ExtendUncertified(u32),
}

/// What the wallet is made out to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Find {
    /// Storage that nothing uses.
    Storage,
    /// The blob, registered for as long as asked but never certified.
    Registration,
    /// The blob, certified, until the end of this epoch.
    Extend,
    /// The blob, registered until the end of this epoch but never certified.
    ExtendUncertified,
}

/// Every find by its name.
const FINDS: [(&str, Find); 4] = [
    ("storage", Find::Storage),
    ("registration", Find::Registration),
    ("extend", Find::Extend),
    ("extend-uncertified", Find::ExtendUncertified),
];

impl Find {
    /// What a store for so many epochs makes of it; `None` if the blob is certified and lives long enough as it is.
    #[must_use]
    pub fn operation(self, epochs: u32) -> Option<Operation> {
        // What lives until the end of this epoch lacks all epochs but one.
        let lacking = epochs.saturating_sub(1);
        match self {
            Self::Storage => Some(Operation::Storage),
            Self::Extend if lacking == 0 => None,
            Self::Extend => Some(Operation::Extend(lacking)),
            Self::ExtendUncertified if lacking > 0 => Some(Operation::ExtendUncertified(lacking)),
            Self::Registration | Self::ExtendUncertified => Some(Operation::Registration),
        }
    }
}

/// One `WHAT=RATIO` of the command line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReuseSpec {
    find: Find,
    ratio: f64,
}

/// Shares that make no sense.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BadReuse {
    /// Not of the form `WHAT=RATIO`, or no such thing.
    #[error(
        "`{0}` cannot be found in a wallet: write storage=RATIO, registration=RATIO, extend=RATIO or extend-uncertified=RATIO"
    )]
    Form(String),
    /// Not a share.
    #[error(transparent)]
    Ratio(#[from] ParseError),
    /// More finds than stores.
    #[error("--reuse: the ratios add up to {:.1}%: a store finds one thing, so at most 100%", .0 * 100.0)]
    TooMany(f64),
}

impl FromStr for ReuseSpec {
    type Err = BadReuse;

    fn from_str(text: &str) -> Result<Self, BadReuse> {
        let bad = || BadReuse::Form(text.to_owned());
        let (name, share) = text.split_once('=').ok_or_else(bad)?;
        let find = FINDS.iter().find(|row| row.0 == name).ok_or_else(bad)?.1;
        Ok(Self { find, ratio: ratio(share)? })
    }
}

impl fmt::Display for ReuseSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = FINDS.iter().find(|row| row.1 == self.find).map_or("", |row| row.0);
        write!(f, "{name}={}%", self.ratio * 100.0)
    }
}

/// What stores find in the wallet, by their shares.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wallet(Vec<ReuseSpec>);

impl Wallet {
    /// A wallet in which stores find these things.
    ///
    /// # Errors
    /// The shares add up to more than one.
    pub fn new(specs: Vec<ReuseSpec>) -> Result<Self, BadReuse> {
        let sum: f64 = specs.iter().map(|spec| spec.ratio).sum();
        if sum > 1.0 + 1e-9 { Err(BadReuse::TooMany(sum)) } else { Ok(Self(specs)) }
    }

    /// What store number `n` finds, if anything.
    #[must_use]
    pub fn find(&self, seed: u64, n: u64) -> Option<Find> {
        let mut dice = draw::unit(draw::bits(seed, Purpose::Wallet, n));
        self.0.iter().find_map(|spec| {
            dice -= spec.ratio;
            (dice < 0.0).then_some(spec.find)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wallet(texts: &[&str]) -> Result<Wallet, String> {
        let specs = texts.iter().map(|text| text.parse()).collect::<Result<_, BadReuse>>();
        specs.and_then(Wallet::new).map_err(|error| error.to_string())
    }

    #[test]
    fn shares_are_kept_and_repeat_with_the_seed() {
        let wallet = wallet(&["storage=10%", "registration=0.2", "extend=30%"]).unwrap();
        let count = |find| (0..10_000).filter(|n| wallet.find(7, *n) == find).count();
        let rows = [
            (Some(Find::Storage), 1000),
            (Some(Find::Registration), 2000),
            (Some(Find::Extend), 3000),
            (Some(Find::ExtendUncertified), 0),
            (None, 4000),
        ];
        for (find, expected) in rows {
            assert!(count(find).abs_diff(expected) < 200, "{find:?}: {}", count(find));
        }
        assert_eq!(Wallet::default().find(7, 0), None);
    }

    #[test]
    fn what_is_no_share_is_told() {
        for bad in ["storage", "gold=1%", "=1", ""] {
            assert!(wallet(&[bad]).unwrap_err().contains("cannot be found in a wallet"), "{bad}");
        }
        assert!(wallet(&["storage=x"]).unwrap_err().contains("`x` is not a ratio"));
        assert!(wallet(&["storage=60%", "extend=60%"]).unwrap_err().contains("add up to 120.0%"));
        assert_eq!(
            "extend-uncertified=0.25".parse::<ReuseSpec>().unwrap().to_string(),
            "extend-uncertified=25%"
        );
    }

    #[test]
    fn s2_2_what_lives_long_enough_is_not_extended() {
        let rows = [
            (Find::Storage, 1, Some(Operation::Storage)),
            (Find::Registration, 5, Some(Operation::Registration)),
            (Find::Extend, 1, None),
            (Find::Extend, 5, Some(Operation::Extend(4))),
            (Find::ExtendUncertified, 1, Some(Operation::Registration)),
            (Find::ExtendUncertified, 5, Some(Operation::ExtendUncertified(4))),
        ];
        for (find, epochs, operation) in rows {
            assert_eq!(find.operation(epochs), operation, "{find:?} {epochs}");
        }
    }
}
