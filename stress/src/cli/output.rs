//! The forms of a report as they are typed: a name, or a name and a file.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use strum::VariantNames;

use crate::export::Format;

/// A form and the file that it goes to, typed as `FORMAT=PATH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Output {
    pub(super) format: Format,
    pub(super) path: PathBuf,
}

/// The names of all forms.
pub(super) fn formats() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::VARIANTS)
        .map(|label| label.parse().expect("clap lets no other name through"))
}

/// Reads `FORMAT=PATH`.
pub(super) fn parse_output(text: &str) -> Result<Output, String> {
    let wrong = || {
        let names = Format::VARIANTS.join(", ");
        format!("must be FORMAT=PATH, as in markdown=summary.md; formats are {names}")
    };
    let (label, path) = text.split_once('=').filter(|(_, path)| !path.is_empty()).ok_or_else(wrong)?;
    let format = label.trim().parse().map_err(|_| wrong())?;
    Ok(Output { format, path: PathBuf::from(path) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_and_its_file_are_told_apart_at_the_first_equals_sign() {
        let output = parse_output("markdown=a=b.md").unwrap();
        assert_eq!(output, Output { format: Format::Markdown, path: "a=b.md".into() });
        for name in Format::VARIANTS {
            assert_eq!(parse_output(&format!("{name}=x")).map(|output| output.format.into()), Ok(*name));
        }
        for wrong in ["summary.md", "markdown=", "=x", "pdf=x", ""] {
            let reason = parse_output(wrong).unwrap_err();
            assert!(reason.starts_with("must be FORMAT=PATH") && reason.contains("junit"), "{reason}");
        }
    }
}
