//! The query of a store, parsed as strictly as by the real publisher.

use serde::{Deserialize, Deserializer};

/// The query of a store. An unknown or repeated field is refused.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PutQuery {
    #[serde(default, rename = "encoding_type")]
    _encoding_type: Encoding,
    /// Epochs to live.
    #[serde(default = "one")]
    pub epochs: u32,
    /// Requests the default explicitly.
    #[serde(default)]
    pub deletable: bool,
    /// Whether the blob must not be deletable.
    #[serde(default)]
    pub permanent: bool,
    /// Whether to register a new object whatever exists.
    #[serde(default)]
    pub force: bool,
    /// Whether to reuse objects and storage of the publisher's own wallet.
    #[serde(default)]
    pub reuse_resources: bool,
    #[serde(default, rename = "quilt_version")]
    _quilt_version: Option<String>,
    /// Who gets the object. An invalid value is ignored, as by the real publisher.
    #[serde(flatten, default)]
    pub owner: Option<Owner>,
}

/// Who gets a new object instead of the publisher itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// The owner of this address.
    SendObjectTo(Address),
    /// A shared object, if true.
    #[serde(deserialize_with = "flag")]
    Share(bool),
}

/// A Sui address: 64 hex digits, with or without `0x`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address([u8; 32]);

/// The only supported encoding, RS2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Encoding;

impl PutQuery {
    /// Whether the new object becomes a shared one.
    #[must_use]
    pub fn share(&self) -> bool {
        self.owner == Some(Owner::Share(true))
    }
}

fn one() -> u32 {
    1
}

fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

impl<'de> Deserialize<'de> for Encoding {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let unknown = || serde::de::Error::unknown_variant(&text, &["RedStuffRaptorQ", "RS2"]);
        if text == "RS2" { Ok(Self) } else { Err(unknown()) }
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = text.strip_prefix("0x").unwrap_or(&text);
        // BLAKE3 hashes have 32 bytes as well, and a parser of hex.
        let address = blake3::Hash::from_hex(digits).map_err(serde::de::Error::custom)?;
        Ok(Self(*address.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::extract::Query;
    use axum::response::IntoResponse;

    const ADDRESS: &str = "0x2222222222222222222222222222222222222222222222222222222222222222";

    fn parse(query: &str) -> Result<PutQuery, String> {
        let uri = format!("http://h/v1/blobs?{query}").parse().unwrap();
        Query::<PutQuery>::try_from_uri(&uri).map(|query| query.0).map_err(|refusal| refusal.body_text())
    }

    #[test]
    fn errors_have_the_text_of_the_real_publisher() {
        let rows = [
            ("foo=1", "unknown field `foo`"),
            ("epochs=1&epochs=2", "duplicate field `epochs`"),
            ("force=1", "force: provided string was not `true` or `false`"),
            ("permanent=", "permanent: provided string was not `true` or `false`"),
            ("permanent", "permanent: provided string was not `true` or `false`"),
            ("deletable=yes", "deletable: provided string was not `true` or `false`"),
            ("epochs=x", "epochs: invalid digit found in string"),
            ("epochs=-1", "epochs: invalid digit found in string"),
            ("epochs=4294967296", "epochs: number too large to fit in target type"),
            ("epochs=", "epochs: cannot parse integer from empty string"),
            (
                "encoding_type=rs2",
                "encoding_type: unknown variant `rs2`, expected `RedStuffRaptorQ` or `RS2`",
            ),
        ];
        for (query, text) in rows {
            assert_eq!(parse(query), Err(format!("Failed to deserialize query string: {text}")), "{query}");
        }
        let both =
            [format!("send_object_to={ADDRESS}&share=true"), format!("share=true&send_object_to={ADDRESS}")];
        for (query, second) in both.iter().zip(["share", "send_object_to"]) {
            let text = format!("Failed to deserialize query string: unknown field `{second}`");
            assert_eq!(parse(query), Err(text), "{query}");
        }
    }

    #[test]
    fn an_invalid_owner_is_ignored() {
        let rows = [
            (String::new(), None),
            ("send_object_to=0x1".into(), None),
            ("share=1".into(), None),
            ("share=true".into(), Some(Owner::Share(true))),
            (format!("send_object_to={ADDRESS}"), Some(Owner::SendObjectTo(Address([0x22; 32])))),
            (format!("send_object_to={}", &ADDRESS[2..]), Some(Owner::SendObjectTo(Address([0x22; 32])))),
        ];
        for (query, owner) in rows {
            assert_eq!(parse(&query).unwrap().owner, owner, "{query}");
        }
    }

    #[test]
    fn absent_fields_have_their_defaults() {
        let empty = parse("").unwrap();
        assert_eq!((empty.epochs, empty.permanent, empty.force, empty.share()), (1, false, false, false));
        let all = parse(
            "encoding_type=RS2&epochs=5&permanent=true&force=true&reuse_resources=true&quilt_version=X",
        );
        assert_eq!(all.map(|query| (query.epochs, query.permanent, query.force)), Ok((5, true, true)));
        assert_eq!(
            Query::<PutQuery>::try_from_uri(&"/?x=1".parse().unwrap()).unwrap_err().into_response().status(),
            400
        );
    }
}
