//! Names of phases, the error for a name that an enum does not have, and characters that hide in text.

use strum::VariantNames;

/// The most characters of a phase's name.
const MAX_NAME: usize = 30;

/// That `text` names no variant of `E`, with the names that there are.
pub(crate) fn none_of<E: VariantNames>(text: &str) -> String {
    format!("`{text}` is none of {}", E::VARIANTS.join(", "))
}

/// Whether this can be the name of a phase, which thresholds contain and summaries show.
pub(crate) fn is_phase_name(name: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    !name.is_empty() && name.chars().count() <= MAX_NAME && name.chars().all(fits)
}

/// Control characters, and characters of formatting that are invisible, or reorder or hide the text around them.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}
