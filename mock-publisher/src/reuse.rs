//! What stores with `reuse_resources` find in the publisher's wallet, drawn by configured shares.

use crate::chain::RegisterOp;
use crate::draw::{self, Purpose};
use crate::units::{ParseError, ratio};
use std::fmt;
use std::str::FromStr;
use strum::{Display, EnumString};

/// What the wallet is made out to hold for a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, Display)]
#[strum(serialize_all = "kebab-case")]
pub enum Resource {
    /// Unused storage.
    Storage,
    /// The blob, registered for as long as asked but never certified.
    Registration,
    /// The blob, certified, until the end of this epoch.
    Extend,
    /// The blob, registered until the end of this epoch but never certified.
    ExtendUncertified,
}

impl Resource {
    /// How a store for this many epochs uses it; `None` if the blob is certified and lives long enough as it is.
    #[must_use]
    pub fn operation(self, encoded_length: u64, epochs: u32) -> Option<RegisterOp> {
        // An object that ends with this epoch has one of the epochs already.
        let epochs_extended = epochs.saturating_sub(1);
        match self {
            Self::Storage => Some(RegisterOp::ReuseStorage { encoded_length }),
            Self::Extend if epochs_extended == 0 => None,
            Self::Extend => Some(RegisterOp::ReuseAndExtend { encoded_length, epochs_extended }),
            Self::ExtendUncertified if epochs_extended > 0 => {
                Some(RegisterOp::ReuseAndExtendNonCertified { encoded_length, epochs_extended })
            }
            Self::Registration | Self::ExtendUncertified => {
                Some(RegisterOp::ReuseRegistration { encoded_length })
            }
        }
    }
}

/// One `WHAT=RATIO` of the command line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ResourceShare {
    resource: Resource,
    /// From 0 to 1.
    ratio: f64,
}

/// Shares that cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BadReuse {
    /// Not of the form `WHAT=RATIO`, or an unknown resource.
    #[error(
        "`{0}` cannot be found in a wallet: write storage=RATIO, registration=RATIO, extend=RATIO or extend-uncertified=RATIO"
    )]
    Form(String),
    /// Not a ratio.
    #[error(transparent)]
    Ratio(#[from] ParseError),
    /// The ratios add up to more than one.
    #[error("--reuse: the ratios add up to {:.1}%: a store finds one thing, so at most 100%", .0 * 100.0)]
    TooMany(f64),
}

impl FromStr for ResourceShare {
    type Err = BadReuse;

    fn from_str(text: &str) -> Result<Self, BadReuse> {
        let bad = || BadReuse::Form(text.to_owned());
        let (resource, share) = text.split_once('=').ok_or_else(bad)?;
        Ok(Self { resource: resource.parse().map_err(|_| bad())?, ratio: ratio(share)? })
    }
}

impl fmt::Display for ResourceShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}%", self.resource, self.ratio * 100.0)
    }
}

/// The resources in the publisher's wallet, by the share of stores that find each.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ObjectPool(Vec<ResourceShare>);

impl ObjectPool {
    /// A pool with these shares.
    ///
    /// # Errors
    /// The shares add up to more than one.
    pub fn new(shares: Vec<ResourceShare>) -> Result<Self, BadReuse> {
        let sum: f64 = shares.iter().map(|share| share.ratio).sum();
        if sum > 1.0 + 1e-9 { Err(BadReuse::TooMany(sum)) } else { Ok(Self(shares)) }
    }

    /// What store number `n` finds, if anything: a function of the seed and the number.
    #[must_use]
    pub fn lookup(&self, seed: u64, n: u64) -> Option<Resource> {
        let mut draw = draw::unit(draw::bits(seed, Purpose::Wallet, n));
        self.0.iter().find_map(|share| {
            draw -= share.ratio;
            (draw < 0.0).then_some(share.resource)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(texts: &[&str]) -> Result<ObjectPool, String> {
        let shares = texts.iter().map(|text| text.parse()).collect::<Result<_, BadReuse>>();
        shares.and_then(ObjectPool::new).map_err(|error| error.to_string())
    }

    #[test]
    fn resources_are_found_by_their_shares() {
        let pool = pool(&["storage=10%", "registration=0.2", "extend=30%"]).unwrap();
        let count = |resource| (0..10_000).filter(|n| pool.lookup(7, *n) == resource).count();
        let rows = [
            (Some(Resource::Storage), 1000),
            (Some(Resource::Registration), 2000),
            (Some(Resource::Extend), 3000),
            (Some(Resource::ExtendUncertified), 0),
            (None, 4000),
        ];
        for (resource, expected) in rows {
            assert!(count(resource).abs_diff(expected) < 200, "{resource:?}: {}", count(resource));
        }
        assert_eq!(ObjectPool::default().lookup(7, 0), None);
    }

    #[test]
    fn shares_that_cannot_be_parsed_name_the_reason() {
        for bad in ["storage", "gold=1%", "=1", ""] {
            assert!(pool(&[bad]).unwrap_err().contains("cannot be found in a wallet"), "{bad}");
        }
        assert!(pool(&["storage=x"]).unwrap_err().contains("`x` is not a ratio"));
        assert!(pool(&["storage=60%", "extend=60%"]).unwrap_err().contains("add up to 120.0%"));
        assert_eq!(
            "extend-uncertified=0.25".parse::<ResourceShare>().unwrap().to_string(),
            "extend-uncertified=25%"
        );
    }

    #[test]
    fn an_object_that_lives_long_enough_is_not_extended() {
        let encoded_length = 9;
        let rows = [
            (Resource::Storage, 1, Some(RegisterOp::ReuseStorage { encoded_length })),
            (Resource::Registration, 5, Some(RegisterOp::ReuseRegistration { encoded_length })),
            (Resource::Extend, 1, None),
            (Resource::Extend, 5, Some(RegisterOp::ReuseAndExtend { encoded_length, epochs_extended: 4 })),
            (Resource::ExtendUncertified, 1, Some(RegisterOp::ReuseRegistration { encoded_length })),
            (
                Resource::ExtendUncertified,
                5,
                Some(RegisterOp::ReuseAndExtendNonCertified { encoded_length, epochs_extended: 4 }),
            ),
        ];
        for (resource, epochs, operation) in rows {
            assert_eq!(resource.operation(encoded_length, epochs), operation, "{resource:?} {epochs}");
        }
    }
}
