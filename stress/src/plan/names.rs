//! The error for a name that an enum does not have.

use strum::VariantNames;

/// That `text` names no variant of `E`, with the names that there are.
pub(crate) fn none_of<E: VariantNames>(text: &str) -> String {
    format!("`{text}` is none of {}", E::VARIANTS.join(", "))
}
