//! Parsers of ranges of sizes, headers and tokens as they are typed.

use std::str::FromStr;

use crate::{
    plan::{
        sizes::Sizes,
        target::{Header, Secret},
    },
    units::parse_size,
};

/// One size, or a range of sizes: `100KiB` or `90KiB..100KiB`.
pub(super) fn parse_sizes(text: &str) -> Result<Sizes, String> {
    let (min, max) = text.split_once("..").unwrap_or((text, text));
    let sizes = Sizes { min: parse_size(min)?, max: parse_size(max)? };
    if sizes.min > sizes.max {
        return Err(format!("`{text}` ends below its start"));
    }
    Ok(sizes)
}

/// A header: `Name: value`. The value is never repeated in an error: it may be a key.
pub(super) fn parse_header(text: &str) -> Result<Header, String> {
    let (name, value) = text.split_once(':').ok_or("a header is written `Name: value`, with a colon")?;
    let name = name.trim();
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(token) {
        return Err("the part before the colon is not a header name".to_owned());
    }
    let value = value.trim();
    if value.chars().any(char::is_control) {
        return Err(format!("the value of `{name}` has control characters in it"));
    }
    if OURS.contains(&name.to_ascii_lowercase().as_str()) {
        return Err(format!("`{name}` is set by the exchange itself"));
    }
    Ok(Header { name: name.to_owned(), value: Secret::new(value) })
}

/// Headers that would change how requests are framed, where they go, or what part of a blob is answered.
const OURS: [&str; 9] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "range",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// A bearer token, given as it is or in a file.
#[derive(Debug, Clone)]
pub(super) struct Bearer(Secret);

impl Bearer {
    /// The header that carries the token.
    pub(super) fn header(&self) -> Header {
        let value = Secret::new(format!("Bearer {}", self.0.reveal()));
        Header { name: "Authorization".to_owned(), value }
    }
}

impl FromStr for Bearer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let token = match text.strip_prefix('@') {
            Some(path) => {
                std::fs::read_to_string(path).map_err(|error| format!("cannot read {path}: {error}"))?
            }
            None => text.to_owned(),
        };
        let token = token.trim();
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("a token is one word of visible ASCII characters".to_owned());
        }
        Ok(Self(Secret::new(token)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_sizes_has_two_ends() {
        assert_eq!(parse_sizes("1KiB"), Ok(Sizes { min: 1024, max: 1024 }));
        assert_eq!(parse_sizes("17B .. 1MiB"), Ok(Sizes { min: 17, max: 1 << 20 }));
        for wrong in ["", "..", "1KiB..", "..1KiB", "2KiB..1KiB", "1KiB..2KiB..3KiB", "1KiB-2KiB"] {
            assert!(parse_sizes(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn headers_keep_their_value_to_themselves() {
        let header = parse_header("X-Api-Key:  s3cret:with:colons ").unwrap();
        assert_eq!((header.name.as_str(), header.value.reveal()), ("X-Api-Key", "s3cret:with:colons"));
        for wrong in ["no colon", ": v", "a b: v", "X: a\nb", "Host: x", "content-length: 1"] {
            assert!(parse_header(wrong).is_err(), "{wrong}");
        }
        assert!(
            !parse_header("X: s3cret\n").unwrap_or_else(|_| unreachable!()).value.reveal().contains('\n')
        );
        assert!(!parse_header("s3cret").unwrap_err().contains("s3cret"));
    }

    #[test]
    fn bearer_tokens_are_one_word() {
        assert_eq!("abc.def".parse::<Bearer>().unwrap().header().value.reveal(), "Bearer abc.def");
        for wrong in ["", "two words", "@/no/such/file"] {
            assert!(wrong.parse::<Bearer>().is_err(), "{wrong}");
        }
    }
}
