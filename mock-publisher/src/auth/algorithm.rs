//! The algorithms that sign tokens.

use strum::{Display, EnumString, VariantNames};

/// An algorithm that signs tokens, by its name in a JWT header.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, EnumString, Display, VariantNames)]
#[strum(parse_err_ty = BadAlgorithm, parse_err_fn = bad_algorithm)]
#[expect(missing_docs, reason = "the names are those of RFC 7518 and RFC 8037")]
pub enum Algorithm {
    #[default]
    HS256,
    HS384,
    HS512,
    ES256,
    ES384,
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    EdDSA,
}

/// Text that names no algorithm.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no algorithm: use {all}", all = Algorithm::VARIANTS.join(", "))]
pub struct BadAlgorithm(String);

fn bad_algorithm(text: &str) -> BadAlgorithm {
    BadAlgorithm(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_rfcs_and_unknown_ones_listed() {
        for name in Algorithm::VARIANTS {
            assert_eq!(name.parse::<Algorithm>().unwrap().to_string(), *name);
        }
        assert!("none".parse::<Algorithm>().unwrap_err().to_string().contains("HS256, HS384"));
    }
}
