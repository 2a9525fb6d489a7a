//! Checks the texts of a document that others may have written, before anything of it is shown.

use std::{borrow::Cow, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::types::{Report, Tool};
use crate::plan::{
    Plan,
    names::{is_hidden, is_phase_name},
};

/// The most bytes of a text; longer ones are encoded data.
const MAX_TEXT: usize = 16 * 1024;
/// The most characters of a program's name or version.
const MAX_TOOL: usize = 64;
/// The most characters of a wrong text that an error shows.
const SHOWN: usize = 40;

/// Checks every text of the JSON document that `text` begins with: it has no control characters and none that are invisible,
/// and is of limited length unless it is base64.
///
/// # Errors
/// The first text that is wrong, with its line.
pub fn check_texts(text: &[u8]) -> serde_json::Result<()> {
    Texts.deserialize(&mut serde_json::Deserializer::from_slice(text))
}

/// Checks the names of `plan`'s phases by the rule of plan files.
///
/// # Errors
/// Why a name is none.
pub fn check_names(plan: &Plan) -> serde_json::Result<()> {
    match plan.phases.iter().find(|phase| !is_phase_name(&phase.name)) {
        None => Ok(()),
        Some(phase) => {
            let name = shown(&phase.name);
            Err(wrong(format!("`{name}` is no name of a phase: that is up to 30 letters, digits, - and _")))
        }
    }
}

/// Checks what a report says of itself.
pub(super) fn check(report: &Report) -> serde_json::Result<()> {
    let Tool { name, version } = &report.tool;
    let is_word = |text: &str| text.len() <= MAX_TOOL && text.bytes().all(|byte| byte.is_ascii_graphic());
    if let Some(text) = [name, version].into_iter().find(|text| !is_word(text)) {
        return Err(wrong(format!("`{}` is no name or version of a program", shown(text))));
    }
    if humantime::parse_rfc3339(&report.started_at).is_err() {
        return Err(wrong(format!("`{}` is no time as in 2026-01-31T12:00:00Z", shown(&report.started_at))));
    }
    check_names(&report.plan)
}

fn wrong(reason: String) -> serde_json::Error {
    serde_json::Error::custom(reason)
}

/// The beginning of `text` with escapes for what would not be seen.
fn shown(text: &str) -> String {
    text.chars().take(SHOWN).flat_map(char::escape_debug).collect()
}

/// Why `text` must not be in a document.
fn fault(text: &str) -> Option<String> {
    if text.len() > MAX_TEXT {
        let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte);
        let reason = || format!("the text `{}…` is longer than {MAX_TEXT} bytes", shown(text));
        return (!text.bytes().all(is_base64)).then(reason);
    }
    let reason = || format!("the text `{}` has control or invisible characters", shown(text));
    text.chars().any(is_hidden).then(reason)
}

/// Visits every text of a document and keeps nothing.
struct Texts;

impl<'de> DeserializeSeed<'de> for Texts {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, document: D) -> Result<(), D::Error> {
        document.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Texts {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON document")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        fault(text).map_or(Ok(()), |fault| Err(E::custom(fault)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while elements.next_element_seed(Texts)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(key) = entries.next_key::<Cow<'_, str>>()? {
            Texts.visit_str::<A::Error>(&key)?;
            entries.next_value_seed(Texts)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixtures, report::LoadError};

    /// The error of loading a report in which `old` is `new`.
    fn refused(old: &str, new: &str) -> String {
        let mut text = Vec::new();
        fixtures::report(4, &[]).save(&mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains(old), "{old}");
        let error = Report::load(text.replacen(old, new, 1).as_bytes()).unwrap_err();
        assert!(matches!(error, LoadError::Document(_)), "{error}");
        let error = error.to_string();
        assert!(!error.chars().any(is_hidden), "{error}");
        error
    }

    #[test]
    fn a_report_of_others_has_no_texts_that_a_run_would_not_write() {
        for (old, new, reason) in [
            ("\"walrus-stress\"", r#""\u001b[2Jx""#, r"`\u{1b}[2Jx` has control"),
            ("\"walrus-stress\"", r#""a b""#, "no name or version"),
            ("\"name\": \"main\"", r#""name": "a b""#, "`a b` is no name of a phase"),
            ("\"name\": \"main\"", r#""name": "=cmd()""#, "no name of a phase"),
            ("\"started_at\": \"", "\"started_at\": \"x", "no time"),
            ("\"notices\": []", r#""notices": ["\u202egnp.exe"]"#, r"`\u{202e}gnp.exe` has"),
            ("\"notices\": []", r#""notices": [], "\u0007": 1"#, r"`\u{7}` has"),
            ("\"notices\": []", &format!(r#""notices": ["{}"]"#, "x ".repeat(MAX_TEXT)), "is longer than"),
        ] {
            let error = refused(old, new);
            assert!(error.contains(reason), "{new}: {error}");
        }
    }

    #[test]
    fn long_data_is_allowed_and_deep_nesting_has_an_end() {
        let data = format!("{{\"a\": [1, -1, 0.5, true, null, \"{}\"]}}", "A".repeat(10 * MAX_TEXT));
        check_texts(data.as_bytes()).unwrap();
        assert!(check_texts("[".repeat(100_000).as_bytes()).is_err());
    }
}
