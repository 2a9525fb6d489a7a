//! How uploads ask a publisher to store, checked here because servers ignore some mistakes silently.

use serde::{Deserialize, Serialize};

use super::{
    ConfigError,
    price::{Frost, Price},
    range::Range,
    tokens::Tokens,
};

/// The most epochs ahead that the network allows.
const MAX_EPOCHS: u32 = 53;

/// The epochs that a publisher stores for when a request does not say.
const DEFAULT_EPOCHS: u32 = 1;

/// The query parameters of `PUT /v1/blobs`, and the tokens that authorize it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreOptions {
    /// For how many epochs ahead; the publisher's own default (1) when absent.
    pub epochs: Option<u32>,
    /// Whether the blob can be deleted again; the publisher's own default when absent.
    pub persistence: Option<Persistence>,
    /// The Sui address that will own the blob object.
    pub send_object_to: Option<SuiAddress>,
    /// Whether to store anew what is already stored.
    pub force: bool,
    /// Whether the publisher may use registrations and storage that its wallet has already.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reuse_resources: bool,
    /// Whether the blob becomes a shared object, whose lifetime anyone can extend.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub share: bool,
    /// The price that is known before the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// What all uploads together may cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_cost: Option<Frost>,
    /// Where the tokens of uploads come from; `None` when uploads carry none of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Tokens>,
}

/// Whether a stored blob can be deleted again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Persistence {
    /// It stays until its last epoch.
    Permanent,
    /// Its owner may delete it.
    Deletable,
}

impl StoreOptions {
    /// For how many epochs ahead blobs are stored.
    pub fn epochs(&self) -> u32 {
        self.epochs.unwrap_or(DEFAULT_EPOCHS)
    }

    /// Checks that the network allows them.
    ///
    /// # Errors
    /// Names the option to change.
    pub fn check(&self) -> Result<(), ConfigError> {
        match self.epochs {
            Some(0) => Err(ConfigError::new("--epochs", "must be at least 1")),
            Some(epochs) if epochs > MAX_EPOCHS => Err(ConfigError::new(
                "--epochs",
                format!("is {epochs}, but Walrus stores for at most {MAX_EPOCHS}"),
            )),
            _ => Ok(()),
        }?;
        if self.share && self.send_object_to.is_some() {
            let reason = "cannot be used with --send-object-to: a shared object has no owner, and publishers refuse both";
            return Err(ConfigError::new("--share", reason));
        }
        if let Some(Price::Charged { epochs, .. }) = self.price
            && epochs != self.epochs()
        {
            let reason = format!(
                "is that of blobs stored for {epochs} epochs, and this run stores for {}: give storage=FROST,write=FROST",
                self.epochs()
            );
            return Err(ConfigError::new("--price", reason));
        }
        Ok(())
    }

    /// What a unit costs that is stored anew, in FROST, if it is known before the run.
    pub fn unit_price(&self) -> Option<Range<u64>> {
        self.price.and_then(|price| price.per_unit(self.epochs()))
    }

    /// Repeats only meet the existing-blob path when every blob is stored permanent and unforced.
    pub(super) fn check_duplicates(&self) -> Result<(), ConfigError> {
        let reason = "cannot go with --duplicates: a publisher answers a repeat with the existing blob \
                      only if that was stored permanent and the repeat is not forced";
        if self.persistence == Some(Persistence::Deletable) {
            return Err(ConfigError::new("--deletable", reason));
        }
        if self.force {
            return Err(ConfigError::new("--force", reason));
        }
        Ok(())
    }
}

/// A Sui address: 32 bytes, written as `0x` and 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SuiAddress(String);

impl SuiAddress {
    /// The address as sent: `0x` and 64 lower-case hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for SuiAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix("0x").unwrap_or(text);
        if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(format!(
                "not a Sui address: 64 hexadecimal digits are needed after an optional 0x, here are {}; \
                 a publisher would ignore it silently and keep the blob",
                digits.len()
            ));
        }
        Ok(Self(format!("0x{}", digits.to_ascii_lowercase())))
    }
}

impl TryFrom<String> for SuiAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<SuiAddress> for String {
    fn from(address: SuiAddress) -> String {
        address.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_a_publisher_would_drop_silently_are_refused() {
        let digits = "ab".repeat(32);
        assert_eq!(format!("0x{digits}").parse::<SuiAddress>().unwrap().as_str(), format!("0x{digits}"));
        assert_eq!(digits.to_uppercase().parse::<SuiAddress>().unwrap().as_str(), format!("0x{digits}"));
        for wrong in ["", "0x", "0x1", "0xzz", &format!("0x{digits}00")] {
            assert!(wrong.parse::<SuiAddress>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn repeats_exclude_deletable_and_forced_blobs() {
        let permanent = StoreOptions { persistence: Some(Persistence::Permanent), ..StoreOptions::default() };
        let deletable = StoreOptions { persistence: Some(Persistence::Deletable), ..StoreOptions::default() };
        let forced = StoreOptions { force: true, ..StoreOptions::default() };
        assert_eq!(permanent.check_duplicates(), Ok(()));
        assert_eq!(deletable.check_duplicates().unwrap_err().flag, "--deletable");
        assert_eq!(forced.check_duplicates().unwrap_err().flag, "--force");
    }
}
