//! What a file in a quilt may be called.

/// The longest name and the longest tags of a file, in bytes as they are written.
pub const LONGEST: usize = 65_535;

/// Why a name is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadIdentifier {
    /// Nothing at all.
    #[error("an identifier must not be empty")]
    Empty,
    /// More than fits.
    #[error("an identifier must not be longer than {LONGEST} bytes with its framing")]
    TooLong,
    /// A blank at its end, where nobody sees it.
    #[error("an identifier must not end with whitespace: {0:?}")]
    Trailing(String),
    /// A character that moves cursors and rings bells.
    #[error("an identifier must not have control characters: {0:?}")]
    Control(String),
}

/// Holds a name against the rules; everything that is not forbidden is allowed.
///
/// # Errors
/// The rule that it breaks.
pub fn check(name: &str) -> Result<(), BadIdentifier> {
    let framing = if name.len() < 0x80 {
        1
    } else if name.len() < 0x4000 {
        2
    } else {
        3
    };
    if name.is_empty() {
        return Err(BadIdentifier::Empty);
    }
    if name.len() + framing > LONGEST {
        return Err(BadIdentifier::TooLong);
    }
    if name.chars().any(char::is_control) {
        return Err(BadIdentifier::Control(name.to_owned()));
    }
    if name.ends_with(char::is_whitespace) {
        return Err(BadIdentifier::Trailing(name.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s5_2_little_is_forbidden() {
        for good in ["a", "_a", " a", "a/b", "ä€😀", "a b", &"x".repeat(65_532)] {
            assert_eq!(check(good), Ok(()), "{good:?}");
        }
        for bad in ["", "a ", "a\t", "a\u{a0}", "a\nb", "a\u{7f}", "a\u{85}b", &"x".repeat(65_533)] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
    }
}
