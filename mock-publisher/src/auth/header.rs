//! The header of a token. As in the library of the real publisher (jsonwebtoken), each member that RFC 7515 names has its
//! type, and any other must be text: a token with a member of another type is no token.

use super::algorithm::Algorithm;
use serde::{Deserialize, Deserializer};
use std::collections::HashMap;

/// The header of a token.
#[derive(Deserialize)]
pub(super) struct Header {
    /// How it is signed.
    #[serde(deserialize_with = "by_name")]
    pub(super) alg: Algorithm,
    #[serde(rename = "typ")]
    _typ: Option<String>,
    #[serde(rename = "cty")]
    _cty: Option<String>,
    #[serde(rename = "jku")]
    _jku: Option<String>,
    #[serde(rename = "jwk")]
    _jwk: Option<Jwk>,
    #[serde(rename = "crit")]
    _crit: Option<Vec<String>>,
    #[serde(rename = "enc")]
    _enc: Option<String>,
    #[serde(rename = "zip")]
    _zip: Option<String>,
    #[serde(rename = "url")]
    _url: Option<String>,
    #[serde(rename = "nonce")]
    _nonce: Option<String>,
    #[serde(rename = "kid")]
    _kid: Option<String>,
    #[serde(rename = "x5u")]
    _x5u: Option<String>,
    #[serde(rename = "x5c")]
    _x5c: Option<Vec<String>>,
    #[serde(rename = "x5t")]
    _x5t: Option<String>,
    #[serde(rename = "x5t#S256")]
    _x5t_s256: Option<String>,
    #[serde(flatten)]
    _others: HashMap<String, String>,
}

/// A key in a header (RFC 7517), which is parsed and not used.
#[derive(Deserialize)]
struct Jwk {
    #[serde(rename = "use")]
    _use: Option<String>,
    #[serde(rename = "key_ops")]
    _key_ops: Option<Vec<String>>,
    #[serde(rename = "kid")]
    _kid: Option<String>,
    #[serde(rename = "x5u")]
    _x5u: Option<String>,
    #[serde(rename = "x5c")]
    _x5c: Option<Vec<String>>,
    #[serde(flatten)]
    _key: Key,
}

#[derive(Deserialize)]
#[serde(tag = "kty")]
#[expect(dead_code, reason = "only the types matter")]
enum Key {
    #[serde(rename = "EC")]
    EllipticCurve { crv: String, x: String, y: String },
    #[serde(rename = "RSA")]
    Rsa { n: String, e: String },
    #[serde(rename = "oct")]
    Octets { k: String },
    #[serde(rename = "OKP")]
    OctetPair { crv: String, x: String },
}

fn by_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Algorithm, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checked against jsonwebtoken 10.4.0.
    #[test]
    fn members_of_another_type_are_refused() {
        let rows = [
            (r#""typ":1"#, false),
            (r#""typ":null"#, true),
            (r#""typ":"x""#, true),
            (r#""typ":"a","typ":"b""#, false),
            (r#""kid":7"#, false),
            (r#""x":7"#, false),
            (r#""x":null"#, false),
            (r#""x":"y""#, true),
            (r#""x":"a","x":"b""#, true),
            (r#""x5c":"a""#, false),
            (r#""x5c":["a"]"#, true),
            (r#""x5t#S256":1"#, false),
            (r#""crit":1"#, false),
            (r#""crit":["exp"]"#, true),
            (r#""enc":"q""#, true),
            (r#""enc":1"#, false),
            (r#""zip":"DEF""#, true),
            (r#""url":1"#, false),
            (r#""nonce":{}"#, false),
            (r#""jwk":1"#, false),
            (r#""jwk":{}"#, false),
            (r#""jwk":null"#, true),
            (r#""jwk":{"kty":"oct","k":"AA"}"#, true),
            (r#""jwk":{"kty":"oct"}"#, false),
            (r#""jwk":{"kty":"EC","crv":"P-256","x":"a","y":"b"}"#, true),
            (r#""alg":"HS256""#, false),
        ];
        for (member, is_header) in rows {
            let text = format!(r#"{{"alg":"HS256",{member}}}"#);
            assert_eq!(serde_json::from_str::<Header>(&text).is_ok(), is_header, "{member}");
        }
        for bad in [
            r#"{"typ":"JWT"}"#,
            r#"{"alg":"none"}"#,
            r#"{"alg":"hs256"}"#,
            r#"["HS256"]"#,
            r#"{"alg":"HS256"}x"#,
        ] {
            assert!(serde_json::from_str::<Header>(bad).is_err(), "{bad}");
        }
        assert!(serde_json::from_str::<Header>(" {\"alg\":\"HS256\"} ").is_ok());
    }
}
